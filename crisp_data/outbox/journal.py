"""The journal of messages: a row for each before the socket sees it.

Before each attempt the journal is written through to the disk: whatever else a crash of the
machine undoes, what may have been sent is known to be so. A row says where its message stands:

- ``queued``: surely not sent.
- ``sending``: a process has it, or had it when it was killed.
- ``unknown``: nobody has it, and nobody knows; it is looked up before all else.
- ``sent``, ``failed``: done. Its text is not kept any longer, only what tells it from others.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from crisp_data import outgoing
from crisp_data.database import Database
from crisp_data.writer import Writer

STATES = ("queued", "sending", "sent", "failed", "unknown")

# tried_at is this machine's clock, for it is held against a socket; the others the client's.
_SETUP = """
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS message (
    fingerprint INTEGER PRIMARY KEY,
    service TEXT NOT NULL, account TEXT NOT NULL, website_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    batch TEXT, key TEXT,
    body TEXT, digest TEXT NOT NULL,
    state TEXT NOT NULL, owner TEXT, refusal TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    added_at REAL NOT NULL, tried_at REAL, sent_at REAL,
    UNIQUE (service, website_id, batch, key));
CREATE INDEX IF NOT EXISTS by_state ON message (service, website_id, state);
"""
_COLUMNS = (
    "fingerprint, session_id, batch, key, body, digest, state, owner, refusal, tries, "
    "added_at, tried_at, sent_at"
)


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
        """Whether it is to be sent, and no process that lives has it."""
        if self.state == "sending":
            return not (self.owner and _writer(self.owner).alive(time.time()))
        return self.state in ("queued", "unknown")

    def __repr__(self) -> str:
        return f"<Row {self.fingerprint} {self.state}>"


@dataclass(frozen=True, slots=True)
class Entry:
    """A message for the journal: to whom, under which key of its batch, and what.

    The fingerprint is not part of the body here: it is the row's, and the same text is told
    by the same body.
    """

    session_id: str
    key: str
    body: str

    @classmethod
    def of(cls, message: outgoing.Message, session_id: str, key: str = "") -> Entry:
        """Write a message down."""
        body = json.dumps(message.body(), sort_keys=True, ensure_ascii=False)
        return cls(session_id, key or session_id, body)

    @property
    def digest(self) -> str:
        """What tells a text from another without telling it."""
        return hashlib.blake2b(
            self.body.encode(), key=self.session_id.encode()[:64], digest_size=16
        ).hexdigest()


class Journal(Database):
    """The messages of one website, in a file that all websites share.

    Parameters
    ----------
    path : Path
        The SQLite file.
    service, account, website_id : str
        Which Crisp, by which token, to which website. A message belongs to the website: the
        token that began a batch may be replaced by another before it is resumed.
    """

    def __init__(self, path: Path, service: str, account: str, website_id: str) -> None:
        super().__init__(path, _SETUP)
        self._place = (service, website_id)
        self._account = account

    def queue(self, batch: str, entries: Iterable[Entry], now: float) -> None:
        """Add a batch's messages, all or none; one that is there already is not added.

        Where that one was surely not sent, it takes over the text.
        """
        with self.transaction() as db:
            for entry in entries:
                texts = (entry.session_id, entry.body, entry.digest)
                db.execute(
                    "INSERT INTO message (fingerprint, service, website_id, account, session_id, "
                    "body, digest, batch, key, added_at, state) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued') "
                    "ON CONFLICT (service, website_id, batch, key) DO UPDATE SET "
                    "body = excluded.body, digest = excluded.digest, state = 'queued', "
                    "refusal = '' WHERE state IN ('queued', 'failed')",
                    (*self._new(), *texts, batch, entry.key, now),
                )

    def take(self, entry: Entry, now: float) -> Row:
        """Hold a single message: the same one that an earlier try left, else a new one.

        So whoever runs the same line again after an error sends one message and not two.
        """
        same = "AND batch IS NULL AND session_id = ? AND body = ? ORDER BY added_at"
        for row in self._rows(same, entry.session_id, entry.body):
            if row.free and (held := self.claim(row)) is not None:
                return held
        return self._rows_of(
            "INSERT INTO message (fingerprint, service, website_id, account, session_id, "
            "body, digest, state, owner, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, 'sending', ?, ?) "
            f"RETURNING {_COLUMNS}",
            (*self._new(), entry.session_id, entry.body, entry.digest, _me(), now),
        )[0]

    def claim(self, row: Row) -> Row | None:
        """Hold a message that is free; None where another was first."""
        if not row.free:
            return None
        found = self._rows_of(
            "UPDATE message SET state = 'sending', owner = ? "
            f"WHERE fingerprint = ? AND state = ? AND owner IS ? RETURNING {_COLUMNS}",
            (_me(), row.fingerprint, row.state, row.owner),
        )
        return found[0] if found else None

    def trying(self, held: Row) -> Row | None:
        """Write down that the message is about to be sent; None where it is not held any more."""
        db = self.connection()
        db.execute("PRAGMA synchronous = FULL")
        try:
            found = self._rows_of(
                "UPDATE message SET tries = tries + 1, tried_at = ? "
                f"WHERE fingerprint = ? AND owner = ? RETURNING {_COLUMNS}",
                (time.time(), held.fingerprint, held.owner),
            )
        finally:
            db.execute("PRAGMA synchronous = NORMAL")
        return found[0] if found else None

    def settle(
        self, held: Row, state: str, refusal: str = "", sent_at: float | None = None
    ) -> None:
        """Let a message go, in the state it came to; nothing where it was let go before."""
        with self.transaction() as db:
            db.execute(
                "UPDATE message SET state = ?1, owner = NULL, refusal = ?2, sent_at = ?3, "
                "body = CASE WHEN ?1 IN ('sent', 'failed') THEN NULL ELSE body END, "
                "tried_at = CASE WHEN ?1 = 'queued' THEN NULL ELSE tried_at END "
                "WHERE fingerprint = ?4 AND owner = ?5",
                (state, refusal, sent_at, held.fingerprint, held.owner),
            )

    def rows(self, batch: str | None = None) -> list[Row]:
        """All messages, or those of a batch, the oldest first."""
        if batch is None:
            return self._rows("ORDER BY added_at, rowid")
        return self._rows("AND batch = ? ORDER BY added_at, rowid", batch)

    def left(self, batch: str | None = None) -> list[Row]:
        """Those that are to be sent, and that no living process has."""
        found = self._rows("AND state IN ('queued', 'sending', 'unknown') ORDER BY added_at, rowid")
        return [row for row in found if row.free and batch in (None, row.batch)]

    def row(self, fingerprint: int) -> Row:
        """One message."""
        return self._rows("AND fingerprint = ?", fingerprint)[0]

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        query = (
            "SELECT state, count(*) FROM message WHERE service = ? AND website_id = ? "
            "GROUP BY state"
        )
        found = dict(self.connection().execute(query, self._place))
        return {state: found.get(state, 0) for state in STATES}

    def cancel(self, batch: str | None = None) -> int:
        """Delete what is queued; what was or may have been sent stays."""
        where = "service = ? AND website_id = ? AND state = 'queued'"
        arguments: tuple[str, ...] = self._place
        if batch is not None:
            where, arguments = f"{where} AND batch = ?", (*arguments, batch)
        with self.transaction() as db:
            gone = db.execute(f"DELETE FROM message WHERE {where}", arguments).rowcount
        self.forget()
        return gone

    def forget(self) -> None:
        """Leave no trace of texts in the file's log, unless another is at the file just now."""
        db = self.connection()
        db.execute("PRAGMA busy_timeout = 0")
        with suppress(sqlite3.OperationalError):
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        db.execute("PRAGMA busy_timeout = 30000")

    def _new(self) -> tuple[Any, ...]:
        return (outgoing.new_fingerprint(), *self._place, self._account)

    def _rows(self, more: str, *arguments: Any) -> list[Row]:
        query = f"SELECT {_COLUMNS} FROM message WHERE service = ? AND website_id = ? {more}"
        found = self.connection().execute(query, (*self._place, *arguments))
        return [Row(*values) for values in found]

    def _rows_of(self, statement: str, arguments: tuple[Any, ...]) -> list[Row]:
        with self.transaction() as db:
            return [Row(*values) for values in db.execute(statement, arguments).fetchall()]


def everything(path: Path) -> pd.DataFrame:
    """Count the messages of all websites in a journal, by batch and state.

    Returns
    -------
    DataFrame
        ``service``, ``website_id``, ``batch`` (empty for single messages), ``state`` and
        ``messages``.
    """
    names = ["service", "website_id", "batch", "state", "messages"]
    if not path.exists():
        return pd.DataFrame(columns=names)
    query = (
        "SELECT service, website_id, coalesce(batch, ''), state, count(*) FROM message "
        "GROUP BY service, website_id, batch, state ORDER BY min(added_at), state"
    )
    return pd.DataFrame(Database(path, _SETUP).connection().execute(query), columns=names)


def _me() -> str:
    return msgspec.json.encode(Writer.this(time.time())).decode()


def _writer(owner: str) -> Writer:
    return msgspec.json.decode(owner, type=Writer)
