"""The journal of messages: a row for each before the socket sees it.

Before each attempt the journal is written through to the disk: whatever else a crash of the
machine undoes, what may have been sent is known to be so. A row says where its message stands:

- ``queued``: not sent, or Crisp did not have it when it was last asked.
- ``sending``: a process has it, or had it when it was killed.
- ``unknown``: nobody has it, and nobody knows; it is looked up before all else.
- ``sent``, ``failed``: done. Its text is deleted; a digest still tells it from others.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from crisp_data import outgoing
from crisp_data.errors import UnknownOutcome
from crisp_data.local.process_lease import ProcessLease
from crisp_data.local.sqlite_file import Database
from crisp_data.outbox.message_record import STATES, Entry, Row, owner_of, writer_of

_VERSION = 1  # of the file's format; a higher one is refused by those who do not know it

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
CREATE TABLE IF NOT EXISTS numbering (service TEXT PRIMARY KEY, ours INTEGER NOT NULL);
"""
_COLUMNS = ", ".join(Row.__slots__)
_ADD = (
    "INSERT INTO message (fingerprint, service, website_id, account, session_id, body, digest, "
    "batch, key, added_at, state, owner) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
)


class Journal(Database):
    """The messages of one website, in a file that all websites share.

    Where the file is deleted or replaced while it is open, each method raises, until
    :meth:`disconnect`: another file does not know what was sent.

    Parameters
    ----------
    path : Path
        The SQLite file.
    service, account, website_id : str
        Which Crisp, by which token, to which website. A message belongs to the website: the
        token that began a batch may be replaced by another before it is resumed.
    """

    def __init__(self, path: Path, service: str, account: str, website_id: str) -> None:
        super().__init__(path, _SETUP, _VERSION)
        self._place = (service, website_id)
        self._account = account

    def queue(self, batch: str, entries: Iterable[Entry], now: float) -> None:
        """Add a batch's messages, all or none; one that is there already is not added.

        Where that one was surely not sent, it takes over the text. They are as old as each other
        but for microseconds, which hold their order.

        Parameters
        ----------
        batch : str
            The batch's name.
        entries : Iterable[Entry]
            The messages to add.
        now : float
            The present, in seconds since 1970.
        """
        with self.transaction() as db:
            for place, entry in enumerate(entries):
                db.execute(
                    f"{_ADD}ON CONFLICT (service, website_id, batch, key) DO UPDATE SET "
                    "body = excluded.body, digest = excluded.digest, state = 'queued', "
                    "refusal = '' WHERE state IN ('queued', 'failed')",
                    (*self._new(entry), batch, entry.key, now + place / 1e6, "queued", None),
                )

    def take(self, entry: Entry, now: float) -> Row:
        """Hold a single message: the same one that an earlier try left, else a new one.

        So whoever runs the same line again after an error sends one message and not two.

        Raises
        ------
        UnknownOutcome
            Another process holds it just now, or was killed where that cannot be seen.
        """
        same = (
            "AND batch IS NULL AND session_id = ? AND body = ? "
            "AND state IN ('queued', 'sending', 'unknown') ORDER BY added_at"
        )
        for row in self._rows(same, entry.session_id, entry.body):
            if (held := self.claim(row)) is not None:
                return held
            who = f"by {writer_of(row.owner)}" if row.owner else "by another process"
            raise UnknownOutcome(
                f"The same message is being sent to this conversation {who}.",
                "Wait until that attempt has ended, at most a quarter of an hour. The "
                "same line then sends the message only if it was not sent.",
            )
        held = self._hold(
            f"{_ADD}RETURNING {_COLUMNS}", (*self._new(entry), None, None, now, "sending")
        )
        assert held is not None
        return held

    def claim(self, row: Row) -> Row | None:
        """Hold a message that is free; None where another was first."""
        if not row.free:
            return None
        return self._hold(
            "UPDATE message SET owner = ?4, state = 'sending' "
            f"WHERE fingerprint = ?1 AND state = ?2 AND owner IS ?3 RETURNING {_COLUMNS}",
            (row.fingerprint, row.state, row.owner),
        )

    def _hold(self, statement: str, arguments: tuple[Any, ...]) -> Row | None:
        """Run a statement whose last argument is who holds the message from then on."""
        writer = ProcessLease.begin(time.time())
        found: list[Row] = []
        try:
            found = self._rows_of(statement, (*arguments, owner_of(writer)))
        finally:
            if not found:
                writer.end()
        return found[0] if found else None

    def let_go(self, held: Row) -> None:
        """Hold a message no longer, whether or not its state could be written down."""
        if held.owner:
            writer_of(held.owner).end()

    def trying(self, held: Row) -> Row | None:
        """Write down that the message is about to be sent; None where it is not held any more."""
        with self.connection() as db:
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

    def confirm(
        self, held: Row, state: str, refusal: str = "", sent_at: float | None = None
    ) -> None:
        """Let a message go, in the state it came to; nothing where it was let go before.

        What goes back into the queue was last sent when ``held`` says that it was: an attempt
        that never left does not count, and one that Crisp did not have when it was asked does,
        for it may have come since.

        Parameters
        ----------
        held : Row
            The message's row, as this process holds it.
        state : str
            The state to write.
        refusal : str, optional
            Crisp's words for a refusal.
        sent_at : float, optional
            When Crisp took it, in seconds since 1970.
        """
        with self.transaction() as db:
            db.execute(
                "UPDATE message SET state = ?1, owner = NULL, refusal = ?2, sent_at = ?3, "
                "body = CASE WHEN ?1 IN ('sent', 'failed') THEN NULL ELSE body END, "
                "tried_at = CASE WHEN ?1 = 'queued' THEN ?6 ELSE tried_at END "
                "WHERE fingerprint = ?4 AND owner = ?5",
                (state, refusal, sent_at, held.fingerprint, held.owner, held.tried_at),
            )

    def rows(self, batch: str | None = None) -> list[Row]:
        """All messages, or those of a batch, the oldest first."""
        if batch is None:
            return self._rows("ORDER BY added_at")
        return self._rows("AND batch = ? ORDER BY added_at", batch)

    def left(self, batch: str | None = None) -> list[Row]:
        """Those that are to be sent, and that no living process has."""
        found = self._rows("AND state IN ('queued', 'sending', 'unknown') ORDER BY added_at")
        return [row for row in found if row.free and batch in (None, row.batch)]

    def row(self, fingerprint: int) -> Row | None:
        """One message; None where it was cancelled."""
        found = self._rows("AND fingerprint = ?", fingerprint)
        return found[0] if found else None

    def numbering(self) -> bool | None:
        """Whether Crisp takes over our numbers, as was seen last; None where it never was."""
        query = "SELECT ours FROM numbering WHERE service = ?"
        with self.connection() as db:
            found = db.execute(query, self._place[:1]).fetchone()
        return None if found is None else bool(found[0])

    def numbered(self, ours: bool) -> None:
        """Write down, for all processes to come, what was seen; one other number outweighs all."""
        with self.transaction() as db:
            db.execute(
                "INSERT INTO numbering VALUES (?, ?) "
                "ON CONFLICT DO UPDATE SET ours = min(ours, excluded.ours)",
                (self._place[0], ours),
            )

    def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        query = (
            "SELECT state, count(*) FROM message WHERE service = ? AND website_id = ? "
            "GROUP BY state"
        )
        with self.connection() as db:
            found = dict(db.execute(query, self._place))
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
        with self.connection() as db:
            wait = db.wait
            db.set_wait(0.0)
            with suppress(sqlite3.OperationalError):
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            db.set_wait(wait)

    def _new(self, entry: Entry) -> tuple[Any, ...]:
        place = (outgoing.new_fingerprint(), *self._place, self._account)
        return (*place, entry.session_id, entry.body, entry.digest)

    def _rows(self, more: str, *arguments: Any) -> list[Row]:
        query = f"SELECT {_COLUMNS} FROM message WHERE service = ? AND website_id = ? {more}"
        with self.connection() as db:
            found = db.execute(query, (*self._place, *arguments))
            return [Row(*values) for values in found]

    def _rows_of(self, statement: str, arguments: tuple[Any, ...]) -> list[Row]:
        with self.transaction() as db:
            return [Row(*values) for values in db.execute(statement, arguments).fetchall()]


def everything(path: Path) -> pd.DataFrame:
    """Count the messages of all websites in a journal, by batch and state.

    Parameters
    ----------
    path : Path
        The journal's file.

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
    with Database(path, _SETUP, _VERSION).connection() as db:
        return pd.DataFrame(db.execute(query), columns=names)
