"""The ledger's SQLite file: one row a token and day."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from crisp_data.errors import warn
from crisp_data.local.sqlite_file import Database
from crisp_data.terminal_text import printable

_VERSION = 1  # of the file's format; a higher one is refused by those who do not know it
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

_ADD = (
    "INSERT INTO day VALUES (:account, :day, :count) "
    "ON CONFLICT DO UPDATE SET used = used + excluded.used",
    "INSERT INTO operation VALUES (:account, :day, :operation, :count) "
    "ON CONFLICT DO UPDATE SET used = used + excluded.used",
)

_STATE = (
    "SELECT coalesce((SELECT used FROM day WHERE account = :account AND day = :day), 0), "
    "EXISTS (SELECT 1 FROM closed WHERE account = :account AND day = :day)"
)

_AHEAD = (
    "SELECT EXISTS (SELECT 1 FROM day WHERE account = :account AND day > :last) "
    "OR EXISTS (SELECT 1 FROM closed WHERE account = :account AND day > :last)"
)

_BRING_BACK = (
    "INSERT INTO day SELECT :account, :today, sum(used) FROM day "
    "WHERE account = :account AND day > :last GROUP BY account "
    "ON CONFLICT DO UPDATE SET used = used + excluded.used",
    "INSERT INTO operation SELECT :account, :today, operation, sum(used) FROM operation "
    "WHERE account = :account AND day > :last GROUP BY operation "
    "ON CONFLICT DO UPDATE SET used = used + excluded.used",
    "INSERT OR IGNORE INTO closed SELECT :account, :today, refusal FROM closed "
    "WHERE account = :account AND day > :last ORDER BY day LIMIT 1",
    "DELETE FROM day WHERE account = :account AND day > :last",
    "DELETE FROM operation WHERE account = :account AND day > :last",
    "DELETE FROM closed WHERE account = :account AND day > :last",
)


# Not added up: every process that had the deleted file open does this.
_CARRY_OVER = {
    "day": "INSERT INTO day VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET used = excluded.used "
    "WHERE excluded.used > used",
    "operation": "INSERT INTO operation VALUES (?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET used = excluded.used WHERE excluded.used > used",
    "closed": "INSERT OR IGNORE INTO closed VALUES (?, ?, ?)",
}


class LedgerFile(Database):
    """What was counted; it knows nothing of limits or clocks.

    Each method is one transaction of its own, or part of the one that this thread is within.

    Where the file is deleted or replaced under an open one, all processes go on in the file that
    has its name then, and carry over what the deleted one counted: for each day the higher of
    two counts. What a process that began in between had counted by then is not added to it.
    """

    def __init__(self, path: Path, account: str) -> None:
        super().__init__(path, _SCHEMA, _VERSION, _carry_over)
        self._account = account

    def used(self, day: str) -> int:
        """Requests counted for a day."""
        return self.state(day)[0]

    def state(self, day: str) -> tuple[int, bool]:
        """Requests counted for a day, and whether it was closed; one look for both."""
        ((used, closed),) = self._run(_STATE, day=day)
        return used, bool(closed)

    def by_operation(self, day: str) -> dict[str, int]:
        """The same by operation, most used first."""
        query = (
            "SELECT operation, used FROM operation WHERE account = :account AND day = :day "
            "AND used > 0 ORDER BY used DESC, operation"
        )
        return dict(self._run(query, day=day))

    def add(self, days: list[str], operation: str, count: int) -> None:
        """Count requests of an operation for each of the days; within a transaction.

        Parameters
        ----------
        days : list[str]
            Days, as "2026-11-02".
        operation : str
            The operation's name.
        count : int
            How many requests; negative to give some back.
        """
        for day in days:
            for statement in _ADD:
                self._run(statement, day=day, operation=operation, count=count)

    def closed(self, day: str) -> str:
        """By what refusal of Crisp's a day was closed; empty where it was not."""
        query = "SELECT refusal FROM closed WHERE account = :account AND day = :day"
        refusals = self._run(query, day=day)
        return printable(refusals[0][0]) if refusals else ""  # older files hold it as it came

    def close(self, day: str, refusal: str) -> None:
        """Close a day; the first refusal stands."""
        statement = "INSERT OR IGNORE INTO closed VALUES (:account, :day, :refusal)"
        with self.transaction():
            self._run(statement, day=day, refusal=refusal)

    def reopen(self, day: str) -> None:
        """Take that back."""
        with self.transaction():
            self._run("DELETE FROM closed WHERE account = :account AND day = :day", day=day)

    def ahead_of(self, last: str) -> bool:
        """Whether anything is written down for days after the last one that there can be."""
        return bool(self._run(_AHEAD, last=last)[0][0])

    def bring_back(self, last: str, today: str) -> None:
        """Charge what is written down for days after ``last`` to today; within a transaction."""
        for statement in _BRING_BACK:
            self._run(statement, last=last, today=today)

    def _run(self, statement: str, **values: str | int) -> list[Any]:
        """Run a statement about the account; gives its rows."""
        given = {"account": self._account, **values}
        if (within := self.current) is not None:
            return within.execute(statement, given).fetchall()
        with self.connection() as db:
            return db.execute(statement, given).fetchall()


def _carry_over(old: sqlite3.Connection | None, new: sqlite3.Connection) -> None:
    """Write into a new file what a deleted one counted, as far as that can be read."""
    try:
        found = {table: [] if old is None else _rows(old, table) for table in _CARRY_OVER}
    except sqlite3.Error:
        old = None
    before = new.total_changes
    if old is not None:
        new.execute("BEGIN IMMEDIATE")
        try:
            for table, statement in _CARRY_OVER.items():
                new.executemany(statement, found[table])
            new.execute("COMMIT")
        except BaseException:
            new.execute("ROLLBACK")
            raise
    if old is None or new.total_changes > before:
        warn(_REPLACED.format("may be missing in it" if old is None else "was carried over"))


def _rows(db: sqlite3.Connection, table: str) -> list[Any]:
    return db.execute(f"SELECT * FROM {table}").fetchall()


_REPLACED = (
    "The ledger quota.sqlite was deleted or replaced while this process used it. Requests are now "
    "counted in the file that has its name; what was counted before {}. ws.quota shows the count."
)
