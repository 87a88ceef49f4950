"""The day's ledger of requests, shared by every process that uses the token.

Crisp tells nobody how much of a day's quota is left (*documented by absence*), so every
request is counted here before it reaches a socket. Kept libraries were tried for this:
with four processes of eight threads they let the limit pass, or made each refusal wait.
One SQLite table and ``BEGIN IMMEDIATE`` held it exactly, in ten microseconds a request.

A process that is killed has already reserved what it sent: the count errs on the safe side.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crisp_data.errors import BadParameter, QuotaExceeded
from crisp_data.plurals import count
from crisp_data.quota import meter
from crisp_data.quota.budget import Budget, Budgets
from crisp_data.quota.ledger_file import LedgerFile

# Crisp's clock and ours differ a little: near the reset a request may fall on either day.
_RESET_MARGIN = timedelta(seconds=5)


@dataclass(frozen=True)
class Reservation:
    """One request that was counted: in which days, and at the cost of which budgets."""

    operation: str
    days: list[str]
    paid: list[Budget]


class Ledger:
    """How many requests a token has spent today, and may still spend.

    Where Crisp itself says that the day is spent
    (:class:`crisp_data.rest.transport.Transport` tells that from a short pause), the
    day is closed here for every process: nothing is left of it, whatever was counted, until it
    resets or :meth:`reopen` is called.

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

    Attributes
    ----------
    kept_for_writes : int
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
        if not 0 <= reserve_for_writes < 1:
            raise BadParameter("reserve_for_writes must be a share: at least 0 and less than 1.")
        if reset_hour not in range(24):
            raise BadParameter("reset_hour must be an hour of the day, 0 to 23, in UTC.")
        self._file, self._now = LedgerFile(path, account), now
        self.limit, self.reset_hour = limit, reset_hour
        self.kept_for_writes = int(limit * reserve_for_writes)
        self.budgets = Budgets()

    def reserve(self, operation: str, *, write: bool = False) -> Reservation:
        """Count one request before it is sent.

        Parameters
        ----------
        operation : str
            The operation's name, to count by.
        write : bool, default False
            Whether it changes something; it may then spend what is kept for writes.

        Returns
        -------
        Reservation
            What to release if no byte is sent.

        Raises
        ------
        QuotaExceeded
            The day is spent, what is left is kept for writes, Crisp itself refuses, or an
            open budget has nothing left.
        """
        self._checked()
        paid = self.budgets.take()
        try:
            with self._file.transaction():
                # Within, for the day may end while this waits for its turn.
                days = self._days_of(self._moment())
                for day in days:
                    if (free := self._free(day, write)) < 1:
                        raise self._refusal(day, free)
                self._file.add(days, operation, 1)
        except BaseException:
            self.budgets.give_back(paid)
            raise
        return Reservation(operation, days, paid)

    def release(self, reservation: Reservation) -> None:
        """Give a reservation back: only where no byte of the request was sent.

        Parameters
        ----------
        reservation : Reservation
            What :meth:`reserve` returned.
        """
        with self._file.transaction():
            self._file.add(reservation.days, reservation.operation, -1)
        self.budgets.give_back(reservation.paid)

    def check_affordable(self, needed: int, *, today: bool = True, write: bool = False) -> None:
        """Refuse what is known beforehand to cost more than what is left.

        ``today=False`` looks at open budgets only: the day itself may be waited for. Writes
        may spend what is kept for them.

        Parameters
        ----------
        needed : int
            Requests that will be needed at least.
        today : bool, default True
            Whether today's requests must suffice; False looks at open budgets only.
        write : bool, default False
            Whether they may spend what is kept for writes.

        Raises
        ------
        QuotaExceeded
            With the ways on; nothing was spent.
        """
        self.budgets.check_affordable(needed)
        free = self.left if write else self.left_for_reads
        if today and needed > free:
            raise QuotaExceeded(
                needed,
                free,
                self.limit,
                self.resets_at,
                why="Today's quota is too small, so nothing was started",
                hint=(_FEWER_MESSAGES if write else _FEWER_ROWS).format(self.resets_at),
            )

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
        """Take the mark away that Crisp refused today, where that was over sooner.

        Examples
        --------
        >>> ws.quota.reopen()
        """
        for day in self._days():
            self._file.reopen(day)

    @property
    def used(self) -> int:
        """Requests spent today, by every process of this user."""
        return self._file.used(self._today)

    @property
    def left(self) -> int:
        """Requests left today, those kept for writes included."""
        return self._free(self._today, write=True)

    @property
    def left_for_reads(self) -> int:
        """Requests left today without those kept for writes."""
        return self._free(self._today, write=False)

    @property
    def refusal(self) -> str:
        """How Crisp itself said that today is spent, such as "429 rate_limited"; else empty."""
        return self._file.closed(self._today)

    @property
    def resets_at(self) -> datetime:
        """When the day begins anew, in UTC."""
        return self._end(self._today)

    def opens_in(self) -> float:
        """Seconds until reads may go on; 0 where they may now.

        A few seconds longer than to the reset, until a request falls on the new day alone.

        Returns
        -------
        float
            Seconds.
        """
        spent = [day for day in self._days() if self._free(day, write=False) < 1]
        if not spent:
            return 0.0
        return (self._end(spent[-1]) + _RESET_MARGIN - self._moment()).total_seconds()

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
        return self._file.by_operation(self._today)

    def __repr__(self) -> str:
        used = [f"  {used:>7,}  {operation}" for operation, used in self.by_operation().items()]
        return "\n".join([*self._facts(), *used])

    def _repr_html_(self) -> str:
        parts = {"used": self.used, "left": self.left_for_reads, "kept": self.kept_for_writes}
        return meter.block(meter.bar(parts, self.limit), self._facts(), self.by_operation())

    def _facts(self) -> list[str]:
        """What both representations say before they come to the operations."""
        facts = [
            f"{self.used:,} of {count(self.limit, 'request')} used today, {self.left:,} "
            f"left ({self.kept_for_writes:,} reserved for writes)",
            f"resets at {self.resets_at:%Y-%m-%d %H:%M} UTC",
        ]
        if self.refusal:
            facts.append(
                f"Crisp itself refused further requests today ({self.refusal}); reopen() "
                "tries again"
            )
        return facts

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)

    def _checked(self) -> datetime:
        """Give the moment, with no day of the future in the file.

        Such a day was charged while the clock was ahead. Its requests were spent by now, nobody
        knows when: they count today, so that no quota is given twice and no day to come is begun
        as a spent one. The last day that there can be is UTC's own, for any hour of reset.
        """
        moment = self._moment()
        if self._file.ahead_of(_last_day(moment)):
            with self._file.transaction():
                moment = self._moment()  # again: that day may have begun meanwhile
                self._file.bring_back(_last_day(moment), self._day(moment))
        return moment

    def _day(self, moment: datetime) -> str:
        return (moment - timedelta(hours=self.reset_hour)).date().isoformat()

    def _end(self, day: str) -> datetime:
        start = datetime.fromisoformat(day).replace(hour=self.reset_hour, tzinfo=UTC)
        return start + timedelta(days=1)

    @property
    def _today(self) -> str:
        return self._day(self._checked())

    def _days(self) -> list[str]:
        return self._days_of(self._checked())

    def _days_of(self, moment: datetime) -> list[str]:
        return sorted({self._day(moment - _RESET_MARGIN), self._day(moment + _RESET_MARGIN)})

    def _free(self, day: str, write: bool) -> int:
        if self._file.closed(day):
            return 0
        return max(0, self.limit - (0 if write else self.kept_for_writes) - self._file.used(day))

    def _refusal(self, day: str, free: int) -> QuotaExceeded:
        end, closed = self._end(day), self._file.closed(day)
        why = f"Crisp itself refused further requests today ({closed})" if closed else ""
        hint = _CLOSED.format(end) if closed else ""
        return QuotaExceeded(1, free, self.limit, end, why=why, hint=hint)


def _last_day(moment: datetime) -> str:
    """Name the last day that there can be just now, for any hour of reset."""
    return (moment + _RESET_MARGIN).date().isoformat()


_FEWER_ROWS = (
    "It resets at {:%Y-%m-%d %H:%M} UTC. Request fewer conversations; or let the pull "
    "wait for the reset and continue, with connect(on_quota='wait'); or store them with "
    "ws.archive(...).sync(), which continues tomorrow where it stopped."
)
_FEWER_MESSAGES = (
    "It resets at {:%Y-%m-%d %H:%M} UTC. Send to fewer people today: with the same "
    "batch name the next call sends to the rest, and to nobody twice."
)
_CLOSED = (
    "The quota is marked as used up until {:%Y-%m-%d %H:%M} UTC, and further requests "
    "are refused here at no cost. If Crisp accepts requests sooner: ws.quota.reopen(), "
    "or 'crisp-data quota --reopen'. This error's partial holds what was already pulled."
)
