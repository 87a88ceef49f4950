"""The ledger's SQLite file: a connection for each thread and process, writes one by one."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crisp_data import config

_SCHEMA = """
CREATE TABLE IF NOT EXISTS day (
    account TEXT, day TEXT, used INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operation (
    account TEXT, day TEXT, operation TEXT, used INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, day, operation)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS closed (
    account TEXT, day TEXT, refusal TEXT NOT NULL,
    PRIMARY KEY (account, day)) WITHOUT ROWID;
"""


class LedgerFile:
    """A private SQLite file that any number of threads and processes share.

    It holds one row a token and day, and knows nothing of limits or clocks.
    """

    def __init__(self, path: Path, account: str) -> None:
        self._path, self._account = path, account
        self._local = threading.local()

    def used(self, day: str) -> int:
        """Requests counted for a day."""
        return int(self._value("SELECT used FROM day WHERE account = ? AND day = ?", day) or 0)

    def by_operation(self, day: str) -> dict[str, int]:
        """The same by operation, most used first."""
        query = (
            "SELECT operation, used FROM operation WHERE account = ? AND day = ? AND used > 0 "
            "ORDER BY used DESC, operation"
        )
        return dict(self.connection().execute(query, (self._account, day)))

    def add(self, days: list[str], operation: str, count: int) -> None:
        """Count requests of an operation for each of the days; within a transaction."""
        db = self.connection()
        for day in days:
            db.execute(
                "INSERT INTO day VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used = used + ?",
                (self._account, day, count, count),
            )
            db.execute(
                "INSERT INTO operation VALUES (?, ?, ?, ?) "
                "ON CONFLICT DO UPDATE SET used = used + ?",
                (self._account, day, operation, count, count),
            )

    def closed(self, day: str) -> str:
        """By what refusal of Crisp's a day was closed; empty where it was not."""
        query = "SELECT refusal FROM closed WHERE account = ? AND day = ?"
        return str(self._value(query, day) or "")

    def close(self, day: str, refusal: str) -> None:
        """Close a day; the first refusal stands."""
        with self.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO closed VALUES (?, ?, ?)", (self._account, day, refusal)
            )

    def reopen(self, day: str) -> None:
        """Take that back."""
        with self.transaction() as db:
            db.execute("DELETE FROM closed WHERE account = ? AND day = ?", (self._account, day))

    def _value(self, query: str, day: str) -> int | str | None:
        row = self.connection().execute(query, (self._account, day)).fetchone()
        return row[0] if row else None

    def connection(self) -> sqlite3.Connection:
        """One connection a thread, opened anew after a fork: SQLite's rule."""
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.db, self._local.pid = _open(self._path), os.getpid()
        connection: sqlite3.Connection = self._local.db
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing, and nobody else writes meanwhile."""
        db = self.connection()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(config.private_file(path), timeout=30, isolation_level=None)
    # Switching to WAL ignores the busy timeout, so it is tried again while others switch.
    for attempt in range(100):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if attempt == 99:
                raise
            time.sleep(0.02)
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(_SCHEMA)
    return db
