"""Threads as plain text; what people wrote is indented, so that no line of it looks like ours."""

from __future__ import annotations

from crisp_data.transcripts.entries import Entry, Line, Transcript


def render(thread: Transcript) -> str:
    """Write one thread."""
    facts = "\n".join(f"{name}: {value}" for name, value in thread.facts)
    head = f"{thread.title}\n{'=' * min(len(thread.title), 72)}\n{facts}"
    return "\n\n".join([head, *map(_entry, thread.entries)]) + "\n"


def written(line: Line) -> str:
    """Return a line with its address."""
    return f"{line.text} {line.url}".strip() if line.url else line.text


def _entry(entry: Entry) -> str:
    head = f"{entry.when}  {entry.who} ({entry.marks})"
    return "\n".join([head, *(f"    {written(line)}".rstrip() for line in entry.lines)])
