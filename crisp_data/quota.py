"""The day's ledger of requests, shared by every process that uses the token.

Crisp tells nobody how much of a day's quota is left (*documented by absence*), so every
request is counted here before it reaches a socket. Kept libraries were tried for this:
with four processes of eight threads they let the limit pass, or made each refusal wait.
One SQLite table and ``BEGIN IMMEDIATE`` held it exactly, in ten microseconds a request.

A process that is killed has already reserved what it sent: the count errs on the safe side.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crisp_data import config
from crisp_data.errors import BadParameter, QuotaExceeded

_SCHEMA = """
CREATE TABLE IF NOT EXISTS day (
    account TEXT, day TEXT, used INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operation (
    account TEXT, day TEXT, operation TEXT, used INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account, day, operation)) WITHOUT ROWID;
"""

# Crisp's clock and ours differ a little: near the reset a request may fall on either day.
_RESET_MARGIN = timedelta(seconds=5)


class Ledger:
    """How many requests a token has spent today, and may still spend.

    Parameters
    ----------
    path : Path
        The SQLite file; one for all tokens of a user.
    account : str
        Which token, as :attr:`crisp_data.config.Settings.account`.
    limit : int
        Requests a day.
    reserve_for_writes : float, default 0.02
        The share of the day that reads cannot spend, so that an export never keeps an
        operator from answering.
    reset_hour : int, default 0
        The hour, UTC, at which the day begins anew (*assumed*: Crisp says "daily").
    now : callable
        The clock, in seconds since 1970.

    Examples
    --------
    >>> ws.quota.used + ws.quota.left == ws.quota.limit
    True
    """

    def __init__(
        self,
        path: Path,
        account: str,
        limit: int,
        *,
        reserve_for_writes: float = 0.02,
        reset_hour: int = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise BadParameter("The day's quota must be a whole number, at least 1.")
        if not 0 <= reserve_for_writes < 1:
            raise BadParameter("reserve_for_writes is a share: from 0 up to, not including, 1.")
        if reset_hour not in range(24):
            raise BadParameter("reset_hour is an hour of the day, 0 to 23, in UTC.")
        self._path, self._account, self._now = path, account, now
        self.limit, self.reset_hour = limit, reset_hour
        self.kept_for_writes = int(limit * reserve_for_writes)
        self._local = threading.local()

    def reserve(self, operation: str, *, write: bool = False) -> list[str]:
        """Count one request before it is sent; returns the days it was charged to.

        Raises
        ------
        QuotaExceeded
            The day is spent, or what is left is kept for writes.
        """
        days = self._days()
        free = self.limit - (0 if write else self.kept_for_writes)
        with self._transaction() as db:
            used = max(self._used(db, day) for day in days)
            if used >= free:
                raise QuotaExceeded(1, max(0, free - used), self.limit, self.resets_at)
            self._add(db, days, operation, 1)
        return days

    def release(self, days: list[str], operation: str) -> None:
        """Give a reservation back: only where no byte of the request was sent."""
        with self._transaction() as db:
            self._add(db, days, operation, -1)

    @property
    def used(self) -> int:
        """Requests spent today, by every process of this user."""
        return self._used(self._connection(), self._day(self._moment()))

    @property
    def left(self) -> int:
        """Requests left today, those kept for writes included."""
        return max(0, self.limit - self.used)

    @property
    def resets_at(self) -> datetime:
        """When the day begins anew, in UTC."""
        moment = self._moment()
        start = moment.replace(hour=self.reset_hour, minute=0, second=0, microsecond=0)
        return start if start > moment else start + timedelta(days=1)

    def by_operation(self) -> dict[str, int]:
        """What used today's requests, most first."""
        query = (
            "SELECT operation, used FROM operation WHERE account = ? AND day = ? AND used > 0 "
            "ORDER BY used DESC, operation"
        )
        return dict(self._connection().execute(query, (self._account, self._day(self._moment()))))

    def __repr__(self) -> str:
        lines = [
            f"{self.used:,} of {self.limit:,} requests used today, {self.left:,} left "
            f"({self.kept_for_writes:,} kept for writes)",
            f"resets at {self.resets_at:%Y-%m-%d %H:%M} UTC",
        ]
        lines += [f"  {used:>7,}  {operation}" for operation, used in self.by_operation().items()]
        return "\n".join(lines)

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    def _day(self, moment: datetime) -> str:
        return (moment - timedelta(hours=self.reset_hour)).date().isoformat()

    def _days(self) -> list[str]:
        moment = self._moment()
        return sorted({self._day(moment - _RESET_MARGIN), self._day(moment + _RESET_MARGIN)})

    def _used(self, db: sqlite3.Connection, day: str) -> int:
        query = "SELECT used FROM day WHERE account = ? AND day = ?"
        row = db.execute(query, (self._account, day)).fetchone()
        return int(row[0]) if row else 0

    def _add(self, db: sqlite3.Connection, days: list[str], operation: str, count: int) -> None:
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

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = self._connection()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        """One connection a thread, opened anew after a fork: SQLite's rule."""
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.db, self._local.pid = _open(self._path), os.getpid()
        connection: sqlite3.Connection = self._local.db
        return connection


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
