"""Threads as one HTML page that needs nothing else and runs nothing.

Everything people wrote is escaped, and the page's own policy forbids scripts and every request,
should a browser find a way around that. Only what Crisp names as a file is a link, and only
where it is a web address; nothing is loaded before a reader follows one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files

from crisp_data import html_page
from crisp_data.transcripts.entries import Entry, Line, Transcript


def page(threads: Iterable[str]) -> Iterator[str]:
    """Put rendered threads into a page."""
    style = files("crisp_data.transcripts").joinpath("page.css").read_text("utf-8")
    yield html_page.head("Transcripts", style)
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


def entry(message: Entry) -> str:
    """Write one message as a list item; forms show their threads with it too."""
    kind = message.kind if message.kind in ("note", "event") else ""
    moment = (
        f'<time datetime="{message.at.isoformat()}">{message.when}</time>' if message.when else ""
    )
    head = f"<b>{_isolated(message.who)}</b> <span>{message.marks}</span> {moment}"
    lines = "\n".join(map(_line, message.lines))
    return (
        f'<li class="{message.role} {kind}"><div class="head">{head}</div>\n'
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
    """Prevent text that runs from right to left from reordering what stands beside it."""
    return f"<bdi>{escape(text)}</bdi>"
