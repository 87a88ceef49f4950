"""What state is made of: a clock, conversations, and JSON as Crisp writes it."""

from __future__ import annotations

import json
from typing import Any

from .calendar import CLOCK_START
from .conversations import Facts

Record = dict[str, Any]


def encode(value: Any) -> bytes:
    """Write JSON as Crisp does: UTF-8, and an escape where half an emoji is left alone."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


class Clock:
    """The sandbox's own time (ms): it moves by writes and by command, never by itself."""

    def __init__(self) -> None:
        self.now = CLOCK_START

    def tick(self) -> int:
        """Let one millisecond pass and return the new time."""
        self.now += 1
        return self.now


class Conversation:
    """One conversation: seeded until a write touches it, then held whole."""

    __slots__ = (
        "body", "facts", "held", "number", "row", "session_id", "thread", "versions",
    )  # fmt: skip

    def __init__(self, session_id: str, known: Facts, number: int = -1) -> None:
        self.session_id = session_id
        self.facts = known
        self.number = number
        #: Whether Crisp's automation holds it; no field of the record says so.
        self.held = False
        #: Messages, once a write has touched the thread; before that they follow the plan.
        self.thread: list[Record] | None = None
        #: The record as JSON before each change.
        self.versions: list[bytes] = []
        #: The record, once a write has touched it, and its JSON once it was read.
        self.row: Record | None = None
        self.body: bytes | None = None

    @property
    def key(self) -> tuple[int, str]:
        """Its place in the listing: newest update first."""
        return (-self.facts.updated_at, self.session_id)
