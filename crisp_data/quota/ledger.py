"""The day's ledger of requests, shared by every process that uses the token.

Crisp tells nobody how much of a day's quota is left (*documented by absence*), so every
request is counted here before it reaches a socket. Libraries for rate limits were tried: with
four processes of eight threads they let the limit pass, or made each refusal wait. One SQLite
table and ``BEGIN IMMEDIATE`` held it exactly, in ten microseconds a request.
A process that is killed has reserved what it sent: the count errs on the safe side.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crisp_data.errors import BadParameter, QuotaExceeded
from crisp_data.quota import exceeded, usage
from crisp_data.quota.budget import Budget, Budgets
from crisp_data.quota.ledger_file import LedgerFile
from crisp_data.quota.quota_day import QuotaDays


@dataclass(frozen=True)
class Reservation:
    """One request that was counted: in which days, and at the cost of which budgets."""

    operation: str
    days: list[str]
    paid: list[Budget]


class Ledger:
    """How many requests a token has spent today, and may still spend.

    Where Crisp itself says that the day is spent, it is closed here for every process: nothing
    is left of it, whatever was counted, until it resets or :meth:`reopen` is called.

    Parameters
    ----------
    path : Path
        The SQLite file; one for all tokens of a user.
    account : str
        Which token, as :attr:`crisp_data.config.Settings.account`.
    limit : int
        Requests a day.
    reserve_for_writes : float, default 0.02
        The share of the day that reads cannot spend: no export stops an operator's answers.
    reset_hour : int, default 0
        The hour, UTC, at which the day begins anew (*assumed*: Crisp says "daily").
    now : callable
        The clock, in seconds since 1970.

    Attributes
    ----------
    days : QuotaDays
    reserved_for_writes : int
        What ``reserve_for_writes`` comes to.
    budgets : Budgets
        The open budgets of this client, charged with each request.

    Raises
    ------
    BadParameter
        The limit, the share or the hour is out of range.

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
        if not isinstance(reserve_for_writes, int | float) or not 0 <= reserve_for_writes < 1:
            raise BadParameter("reserve_for_writes must be a share: at least 0 and less than 1.")
        self._file = LedgerFile(path, account)
        self.days = QuotaDays(self._file, reset_hour, now)
        self.limit = limit
        self.reserved_for_writes = int(limit * reserve_for_writes)
        self.budgets = Budgets()

    def reserve(self, operation: str, *, write: bool = False) -> Reservation:
        """Count one request before it is sent.

        Parameters
        ----------
        operation : str
            The operation's name, to count by.
        write : bool, default False
            Whether it changes something; it may then spend what is reserved for writes.

        Returns
        -------
        Reservation
            What to release if no byte is sent.

        Raises
        ------
        QuotaExceeded
            The day, or an open budget, has nothing left for it, or Crisp itself refuses.
        """
        paid = self.budgets.take()
        try:
            with self._file.transaction():
                # Within, for the day may end while this waits for its turn.
                days = self.days.charged()
                free = {day: self._free(day, write) for day in days}
                spent = next((day for day in days if free[day] < 1), None)
                if spent is None:
                    self._file.add(days, operation, 1)
            if spent is not None:
                raise self._refusal(spent, free[spent])
        except BaseException:
            self.budgets.give_back(paid)
            raise
        return Reservation(operation, days, paid)

    def release(self, reservation: Reservation) -> None:
        """Give a reservation back: only where no byte of the request was sent.

        Parameters
        ----------
        reservation : Reservation
            From :meth:`reserve`.
        """
        with self._file.transaction():
            self._file.add(reservation.days, reservation.operation, -1)
        self.budgets.give_back(reservation.paid)

    def check_affordable(self, needed: int, *, today: bool = True, write: bool = False) -> None:
        """Refuse what is known beforehand to cost more than what is left.

        Parameters
        ----------
        needed : int
            Requests that will be needed at least.
        today : bool, default True
            Whether today must suffice; False where its reset may be waited for.
        write : bool, default False
            Whether they may spend what is reserved for writes.

        Raises
        ------
        QuotaExceeded
            With the ways on; nothing was spent.
        """
        self.budgets.check_affordable(needed)
        free = self.left if write else self.left_for_reads
        if today and needed > free:
            raise exceeded.too_much(needed, free, self.limit, self.resets_at, write=write)

    def close(self, day: str, refusal: str) -> QuotaExceeded:
        """Mark a day as spent by Crisp's own word; returns the error that says so.

        Parameters
        ----------
        day : str
            The day, as "2026-11-02".
        refusal : str
            Crisp's reason.

        Returns
        -------
        QuotaExceeded
            The error to raise.
        """
        self._file.close(day, refusal)
        return self._refusal(day, 0)

    def reopen(self) -> None:
        """Take the mark away that Crisp refused today, where that was over sooner."""
        for day in self.days.current():
            self._file.reopen(day)

    @property
    def used(self) -> int:
        """Requests spent today, by every process of this user."""
        return self._file.used(self.days.today)

    @property
    def left(self) -> int:
        """Requests left today, those reserved for writes included."""
        return self._free(self.days.today, write=True)

    @property
    def left_for_reads(self) -> int:
        """Requests left today without those reserved for writes."""
        return self._free(self.days.today, write=False)

    @property
    def refusal(self) -> str:
        """How Crisp itself said that today is spent, such as "429 rate_limited"; else empty."""
        return self._file.closed(self.days.today)

    @property
    def resets_at(self) -> datetime:
        """When the day begins anew, in UTC."""
        return self.days.end(self.days.today)

    def opens_in(self) -> float:
        """Seconds until reads may go on, charged to the new day alone; 0 where they may now.

        Returns
        -------
        float
            Seconds.
        """
        spent = [day for day in self.days.current() if self._free(day, write=False) < 1]
        return self.days.seconds_until_after(spent[-1]) if spent else 0.0

    def close_file(self) -> None:
        """Close the ledger's file; the next use opens it again."""
        self._file.disconnect()

    def by_operation(self) -> dict[str, int]:
        """What used today's requests, most first.

        Returns
        -------
        dict[str, int]
            Requests by the operation's name.
        """
        return self._file.by_operation(self.days.today)

    def __repr__(self) -> str:
        return usage.as_text(self)

    def _repr_html_(self) -> str:
        return usage.as_html(self)

    def _free(self, day: str, write: bool) -> int:
        used, closed = self._file.state(day)
        if closed:
            return 0
        reserved = 0 if write else self.reserved_for_writes
        return max(0, self.limit - reserved - used)

    def _refusal(self, day: str, free: int) -> QuotaExceeded:
        end, closed = self.days.end(day), self._file.closed(day)
        return exceeded.day_spent(free, self.limit, end, closed)
