"""Threads as one HTML page that needs nothing else and runs nothing.

Everything people wrote is escaped, and the page's own policy forbids scripts and every request,
should a browser find a way around that. Only what Crisp names as a file is a link, and only
where it is a web address; nothing is loaded before a reader follows one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from crisp_data import html_page
from crisp_data.transcripts.entries import Entry, Line, Transcript

_STYLE = """
:root { --customer: #eef2f7; --operator: #e3f0ff; --bot: #f1ecfb; --note: #fff4d1; }
@media screen and (prefers-color-scheme: dark) { :root { --customer: #222a34; --operator: #16324f;
  --bot: #2c2542; --note: #44380f; } }
body { max-width: 46rem; }
article + article { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1.5rem; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .25rem; }
.facts { color: var(--soft); font-size: .875rem; margin: 0 0 1.25rem; }
.facts span { margin-right: 1rem; display: inline-block; }
ol { list-style: none; margin: 0; padding: 0; }
li { margin: .75rem 0; padding: .6rem .9rem; border-radius: .75rem; width: fit-content;
  max-width: 85%; min-width: 12rem; background: var(--customer); }
li.operator { background: var(--operator); margin-left: auto; }
li.bot { background: var(--bot); margin-left: auto; }
li.note { background: var(--note); margin-left: auto; }
li.event { background: none; margin: 1rem auto; padding: 0; max-width: 100%; text-align: center;
  color: var(--soft); font-size: .875rem; }
.head { display: flex; flex-wrap: wrap; gap: 0 .6rem; font-size: .8125rem; color: var(--soft); }
.event .head { justify-content: center; }
.head b { color: var(--ink); }
.event b { font-weight: 500; }
.text { white-space: pre-wrap; margin: .15rem 0 0; }
@media print { li { break-inside: avoid; } }
"""


def page(threads: Iterable[str]) -> Iterator[str]:
    """Put rendered threads into a page."""
    yield html_page.head("Transcripts", _STYLE)
    yield from threads
    yield html_page.FOOT


def render(thread: Transcript) -> str:
    """Write one thread as an article."""
    facts = "".join(f"<span>{name}: {_isolated(value)}</span>" for name, value in thread.facts)
    entries = "\n".join(map(entry, thread.entries))
    return (
        f'<article>\n<h2 dir="auto">{escape(thread.title)}</h2>\n<p class="facts">{facts}</p>\n'
        f"<ol>\n{entries}\n</ol>\n</article>\n"
    )


def entry(said: Entry) -> str:
    """Write one message as a list item; forms show their threads with it too."""
    kind = said.kind if said.kind in ("note", "event") else ""
    moment = f'<time datetime="{said.at.isoformat()}">{said.when}</time>' if said.when else ""
    head = f"<b>{_isolated(said.who)}</b> <span>{said.marks}</span> {moment}"
    lines = "\n".join(map(_line, said.lines))
    return (
        f'<li class="{said.role} {kind}"><div class="head">{head}</div>\n'
        f'<p class="text" dir="auto">{lines}</p></li>'
    )


def _line(line: Line) -> str:
    if not line.url:
        return escape(line.text)
    if line.url.lower().startswith(("https://", "http://")):
        rel = "noopener noreferrer nofollow"
        return f'<a href="{escape(line.url)}" target="_blank" rel="{rel}">{escape(line.text)}</a>'
    return f"{escape(line.text)} {escape(line.url)}"


def _isolated(text: str) -> str:
    """Keep text that runs from right to left from reordering what stands beside it."""
    return f"<bdi>{escape(text)}</bdi>"
