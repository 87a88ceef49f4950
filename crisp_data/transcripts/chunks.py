"""Threads as pieces that a language model can hold: JSON lines of bounded length."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pandas as pd

from crisp_data.transcripts.entries import Entry, Transcript
from crisp_data.transcripts.plain import written

_LONGEST_NAME = 60


def render(thread: Transcript, characters: int) -> str:
    """Write one thread as JSON lines; ``text`` has at most so many characters.

    A message stands whole in one piece unless it is longer than that; then it goes on in the
    next, with who and when repeated.
    """
    rows = [
        {
            "session_id": thread.session_id,
            "title": thread.title,
            "chunk": number,
            "first": part[0][0].position,
            "last": part[-1][0].position,
            "from": _iso(part[0][0].at),
            "until": _iso(part[-1][0].at),
            "who": list(dict.fromkeys(entry.who for entry, _ in part)),
            "text": "\n".join(text for _, text in part),
        }
        for number, part in enumerate(_chunks(thread, characters), start=1)
    ]
    return msgspec.json.Encoder().encode_lines(rows).decode()


def _chunks(thread: Transcript, characters: int) -> Iterator[list[tuple[Entry, str]]]:
    part: list[tuple[Entry, str]] = []
    length = 0
    for entry in thread.entries:
        for text in _pieces(entry, characters):
            if part and length + 1 + len(text) > characters:
                yield part
                part, length = [], 0
            length += len(text) + bool(part)
            part.append((entry, text))
    if part:
        yield part


def _pieces(entry: Entry, characters: int) -> Iterator[str]:
    head = f"[{entry.when}] {entry.who[:_LONGEST_NAME]} ({entry.marks}): "
    # Indented, so that no line of theirs looks like the next message.
    text = "\n    ".join(map(written, entry.lines))
    room = characters - len(head)
    while len(text) > room:
        # Between words where one ends in the second half of the piece.
        cut = max(text.rfind(" ", room // 2, room), text.rfind("\n", room // 2, room)) + 1 or room
        yield head + text[:cut]
        text = text[cut:]
    yield head + text


def _iso(at: pd.Timestamp) -> str | None:
    return None if pd.isna(at) else at.isoformat(timespec="milliseconds")
