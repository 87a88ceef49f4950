"""Threads as Markdown in which nobody's text is Markup."""

from __future__ import annotations

import re
from urllib.parse import quote

from crisp_data.transcripts.entries import Entry, Line, Transcript

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>&~|$]")
# What is special at the start of a line only: headings, lists, rules, underlines.
_START = re.compile(r"^(?:([#+=:-])|(\d+)([.)]))")
_INDENT = re.compile(r"^[ \t]+")
_AUTOLINK = re.compile(r"(://)|(?<=www)\.", re.IGNORECASE)
_URL = ":/?#[]@!$&'()*+,;=%-._~"


def render(thread: Transcript) -> str:
    """Write one thread."""
    facts = " · ".join(f"{name}: {escaped(value)}" for name, value in thread.facts)
    head = [f"# {escaped(thread.title)}", facts]
    return "\n\n".join([*head, *map(_entry, thread.entries)]) + "\n"


def escaped(text: str) -> str:
    """Escape what Markdown would read as markup, in one line of text.

    A reader that links bare e-mail addresses (GitHub's does) still does so.
    """
    text = _SPECIAL.sub(lambda found: "\\" + found[0], text)
    text = _AUTOLINK.sub(lambda found: "\\" + found[0], text)
    text = _START.sub(
        lambda found: f"\\{found[1]}" if found[1] else f"{found[2]}\\{found[3]}", text
    )
    # Four blanks would begin a block of code.
    return _INDENT.sub(lambda found: "&nbsp;" * len(found[0].expandtabs(4)), text)


def _entry(entry: Entry) -> str:
    head = f"**{escaped(entry.who)}** ({entry.marks}), {entry.when}"
    quoted = "\\\n".join(f"> {_line(line)}" for line in entry.lines)
    return f"{head}\n\n{quoted}"


def _line(line: Line) -> str:
    # An empty line would end the paragraph, and a break must not be the last of it.
    text = escaped(line.text) or "&nbsp;"
    if not line.url:
        return text
    if line.url.lower().startswith(("https://", "http://")):
        return f"[{text}](<{quote(line.url, safe=_URL)}>)"
    return f"{text} {escaped(line.url)}"
