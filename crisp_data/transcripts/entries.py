"""Messages as entries of a transcript: who, when, what, whatever their type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pandas as pd

from crisp_data import dates
from crisp_data.arguments import check_once
from crisp_data.errors import BadParameter
from crisp_data.tables.message_text import objects

_NEEDED = ("session_id", "timestamp", "type", "from", "content")
_ALSO = ("fingerprint", "content_json", "nickname", "automated")
_UNNAMED = {"customer": "Customer", "operator": "Operator", "bot": "Bot"}
# A terminal would obey some of these and a page cannot hold others.
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAK = re.compile("\r\n|[\n\r\v\f\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a message; ``url`` where it names a file or a link."""

    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message; ``position`` counts from 1 in its whole thread, notes included."""

    position: int
    at: pd.Timestamp
    who: str
    role: str
    kind: str
    lines: tuple[Line, ...]

    @property
    def when(self) -> str:
        """The moment, to the minute."""
        return "" if pd.isna(self.at) else f"{self.at:%Y-%m-%d %H:%M}"

    @property
    def marks(self) -> str:
        """What a reader must know about it."""
        return f"{self.role}, internal note" if self.kind == "note" else self.role


@dataclass(frozen=True, slots=True)
class Transcript:
    """One conversation: its title, facts and entries."""

    session_id: str
    title: str
    facts: tuple[tuple[str, str], ...]
    entries: tuple[Entry, ...]


def threads(
    messages: pd.DataFrame, conversations: pd.DataFrame | None, *, notes: bool, tz: str | None
) -> Iterator[Transcript]:
    """Yield each conversation of the messages, in their order, oldest message first.

    Parameters
    ----------
    messages : pandas.DataFrame
        Frame of the ``messages`` table.
    conversations : pandas.DataFrame or None
        Gives subject or topic, state and segments.
    notes : bool
        Whether to include internal notes.
    tz : str or None
        The zone of all times; that of the frame by default.

    Yields
    ------
    Transcript
        The conversation's head and entries.
    """
    _check(messages)
    times = _times(messages["timestamp"])
    times = times.dt.tz_convert(tz) if tz else times
    columns = {name: messages[name].tolist() for name in _NEEDED + _ALSO if name in messages}
    columns |= {name: [None] * len(messages) for name in _ALSO if name not in messages}
    columns["timestamp"] = times.tolist()
    known = _known(conversations)
    named = dates.in_named_zone(times)
    zone = str((times if named is None else named).dt.tz)
    for session_id, rows in _rows(columns).items():
        entries = [_entry(n, row, columns) for n, row in enumerate(rows, start=1)]
        shown = tuple(entry for entry in entries if notes or entry.kind != "note")
        facts = known.get(session_id, {})
        yield Transcript(session_id, _title(facts, entries), _facts(session_id, facts, zone), shown)


def lines(content: object, content_json: object) -> Iterator[Line]:
    """Put a message into lines: by the keys of its JSON, or as the text that it is."""
    data = None
    if isinstance(content_json, str):
        try:
            data = msgspec.json.decode(content_json)
        except (msgspec.DecodeError, RecursionError):
            data = None
    if not isinstance(data, dict):
        yield from _plain(content)
    elif isinstance(data.get("url"), str):
        yield _attachment(data)
    else:
        yield from _plain(data.get("text") or data.get("namespace"))
        yield from _answers(data)
        for card in objects(data, "targets"):
            yield from _plain(": ".join(_texts(card, "title", "description")))
            for action in objects(card, "actions"):
                yield Line(clean(action.get("label") or "Link"), clean(action.get("url")))


def clean(value: object) -> str:
    """Return the text of a cell, harmless to show; nothing for what is missing."""
    return _CONTROL.sub("\ufffd", value) if isinstance(value, str) else ""


def _check(messages: object) -> None:
    missing = [name for name in _NEEDED if name not in getattr(messages, "columns", ())]
    if not isinstance(messages, pd.DataFrame) or missing:
        raise BadParameter(
            f"This is not a frame of messages: it lacks {', '.join(missing)}.",
            "Pass what ws.messages() returned.",
        )
    check_once(messages, *_NEEDED, *_ALSO)
    if not isinstance(_times(messages["timestamp"]).dtype, pd.DatetimeTZDtype):
        raise BadParameter(
            "The column timestamp has no time zone.",
            "Set one: messages['timestamp'].dt.tz_localize('UTC').",
        )


def _times(column: pd.Series[Any]) -> pd.Series[Any]:
    """Give times of Arrow, as from ``dtype_backend="pyarrow"``, as pandas' own."""
    if isinstance(column.dtype, pd.ArrowDtype) and column.dtype.kind == "M":
        return pd.Series(pd.DatetimeIndex(column))
    return column


def _rows(columns: dict[str, list[Any]]) -> dict[str, list[int]]:
    """Group row numbers by conversation, each group in the order of time."""
    grouped: dict[str, list[int]] = {}
    for row, session_id in enumerate(columns["session_id"]):
        grouped.setdefault(clean(session_id), []).append(row)
    at, then = columns["timestamp"], columns["fingerprint"]

    def key(row: int) -> tuple[bool, Any, int]:
        missing = at[row] is pd.NaT
        fingerprint = then[row] if isinstance(then[row], int) else 0
        return missing, 0 if missing else at[row], fingerprint

    return {session_id: sorted(rows, key=key) for session_id, rows in grouped.items()}


def _entry(position: int, row: int, columns: dict[str, list[Any]]) -> Entry:
    automated = columns["automated"][row] is True
    role = "bot" if automated else "customer" if columns["from"][row] == "user" else "operator"
    return Entry(
        position,
        columns["timestamp"][row],
        " ".join(clean(columns["nickname"][row]).split()) or _UNNAMED[role],
        role,
        clean(columns["type"][row]) or "text",
        tuple(lines(columns["content"][row], columns["content_json"][row])) or (Line(""),),
    )


def _known(conversations: pd.DataFrame | None) -> dict[str, dict[str, Any]]:
    if conversations is None:
        return {}
    if "session_id" not in conversations:
        raise BadParameter(
            "This is not a frame of conversations: it has no session_id.",
            "Pass what ws.conversations() returned.",
        )
    wanted = ("session_id", "subject", "topic", "state", "segments")
    check_once(conversations, *wanted)
    names = [name for name in wanted if name in conversations]
    rows = zip(*(conversations[name].tolist() for name in names), strict=True)
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


def _title(facts: dict[str, Any], entries: list[Entry]) -> str:
    written = [clean(facts.get(name)) for name in ("subject", "topic")]
    customer = next((entry.who for entry in entries if entry.role == "customer"), "")
    named = f"Conversation with {customer}" if customer else "Conversation"
    return " ".join(next((text for text in written if text.strip()), named).split())


def _facts(session_id: str, facts: dict[str, Any], zone: str) -> tuple[tuple[str, str], ...]:
    segments: Any = facts.get("segments")
    rows = (
        ("conversation", session_id),
        ("state", clean(facts.get("state"))),
        ("segments", clean(", ".join(segments)) if pd.api.types.is_list_like(segments) else ""),
        ("times", zone),
    )
    return tuple((name, " ".join(value.split())) for name, value in rows if value.strip())


def _plain(text: object) -> Iterator[Line]:
    if written := clean(text):
        for line in _BREAK.split(written):
            yield Line(line)


def _attachment(data: dict[str, Any]) -> Line:
    kind = clean(data.get("type"))
    word = {"audio": "Audio", "image": "Animation"}.get(kind.partition("/")[0], "File")
    name = " ".join(clean(data.get("name")).split())
    if name:
        return Line(f"File: {name}" + (f" ({kind})" if kind else ""), clean(data["url"]))
    seconds = data.get("duration")
    length = f", {seconds:g} s" if isinstance(seconds, (int, float)) else ""
    return Line(f"{word}{length}" + (f" ({kind})" if kind else ""), clean(data["url"]))


def _answers(data: dict[str, Any]) -> Iterator[Line]:
    """Give what a picker offers and a field asks, with what was chosen or filled in."""
    for choice in objects(data, "choices"):
        mark = "[x]" if choice.get("selected") is True else "[ ]"
        yield Line(" ".join([mark, *_texts(choice, "label", "value")[:1]]))
    if isinstance(data.get("explain"), str):
        yield from _plain(data["explain"])
        value = data.get("value")
        answer = "" if value is None else clean(str(value))
        yield from _plain(f"Answer: {answer}" if answer else "Not answered")


def _texts(part: dict[str, Any], *keys: str) -> list[str]:
    return [clean(part[key]) for key in keys if isinstance(part.get(key), str) and part[key]]
