"""A message on its way to the journal, and one that is in it."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass

import msgspec

from crisp_data import outgoing
from crisp_data.local.process_lease import ProcessLease

STATES = ("queued", "sending", "sent", "failed", "unknown")


@dataclass(frozen=True, slots=True)
class Row:
    """One message of the journal. Moments are seconds since 1970.

    ``tried_at`` is when it was last sent; None as long as it surely was not.
    """

    fingerprint: int
    session_id: str
    batch: str | None
    key: str | None
    body: str | None
    digest: str
    state: str
    owner: str | None
    refusal: str
    tries: int
    added_at: float
    tried_at: float | None
    sent_at: float | None

    @property
    def free(self) -> bool:
        """Whether it is to be sent, and no process holds it."""
        if self.state == "sending":
            return not (self.owner and writer_of(self.owner).at_work(time.time()))
        return self.state in ("queued", "unknown")

    @property
    def refused(self) -> str:
        """Its state and why, in Crisp's words; empty where it met no refusal."""
        return f"{self.state}: {self.refusal}" if self.refusal else ""

    def __repr__(self) -> str:
        return f"<Row {self.fingerprint} {self.state}>"


@dataclass(frozen=True, slots=True)
class Entry:
    """A message for the journal: to whom, under which key of its batch, and what.

    The fingerprint is not part of the body here: it is the row's, and the same text has the
    same body.
    """

    session_id: str
    key: str
    body: str

    @classmethod
    def of(cls, message: outgoing.Message, session_id: str) -> Entry:
        """Write a message down; its key is that of the conversation's first in a batch."""
        return cls(session_id, session_id, json.dumps(message.body(), sort_keys=True))

    @property
    def digest(self) -> str:
        """What tells a text from another without telling it."""
        return hashlib.blake2b(
            self.body.encode(), key=self.session_id.encode()[:64], digest_size=16
        ).hexdigest()


def owner_of(writer: ProcessLease) -> str:
    """Name a process in a row."""
    return msgspec.json.encode(writer).decode()


def writer_of(owner: str) -> ProcessLease:
    """Read the process from its name in a row."""
    return msgspec.json.decode(owner, type=ProcessLease)
