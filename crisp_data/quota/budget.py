"""Budgets: how many requests a block may spend, whoever of its threads sends them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from crisp_data.counts import count
from crisp_data.errors import BadParameter, QuotaExceeded
from crisp_data.local.forks import PerProcess


class Budget:
    """What an open block may spend; made by :meth:`crisp_data.Workspace.budget`.

    Parameters
    ----------
    limit : int
        Requests allowed.

    Attributes
    ----------
    limit, used : int
        Requests allowed and spent. ``used`` stays to be read after the block.

    Raises
    ------
    BadParameter
        ``limit`` is not a whole number of requests.

    Examples
    --------
    >>> with ws.budget(3) as budget:
    ...     teams = ws.operators(), ws.operators()  # the second is in the cache
    >>> budget
    <Budget 1 of 3 requests used, 2 left>
    """

    def __init__(self, limit: int) -> None:
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
            raise BadParameter(
                "A budget must be a whole number of requests.",
                "0 is allowed: the block then uses only what is in the cache.",
            )
        self.limit, self.used = limit, 0

    @property
    def left(self) -> int:
        """Requests that the block may still spend."""
        return self.limit - self.used

    def __repr__(self) -> str:
        return f"<Budget {self.used:,} of {count(self.limit, 'request')} used, {self.left:,} left>"


class Budgets:
    """The open budgets of one client. All of them must allow a request; each is charged.

    They belong to the client and not to a thread: the threads that read side by side for a
    block spend its budget together.
    """

    def __init__(self) -> None:
        self._open: list[Budget] = []
        self._lock = PerProcess(threading.Lock)

    @contextmanager
    def open(self, limit: int) -> Iterator[Budget]:
        """Open a budget for a ``with`` block."""
        budget = Budget(limit)
        with self._lock.get():
            self._open.append(budget)
        try:
            yield budget
        finally:
            with self._lock.get():
                self._open.remove(budget)

    def take(self) -> list[Budget]:
        """Charge one request; returns the budgets that paid, for :meth:`give_back`.

        Raises
        ------
        QuotaExceeded
            One of them has nothing left; none is charged.
        """
        with self._lock.get():
            self._check(1)
            for budget in self._open:
                budget.used += 1
            return list(self._open)

    def give_back(self, paid: list[Budget]) -> None:
        """Take a charge back: the request was not sent."""
        with self._lock.get():
            for budget in paid:
                budget.used -= 1

    def check_affordable(self, needed: int) -> None:
        """Refuse what is known to cost more than an open budget has left; spends nothing."""
        with self._lock.get():
            self._check(needed)

    @property
    def left(self) -> int | None:
        """What the tightest open budget has left; None where none is open."""
        with self._lock.get():
            return min((budget.left for budget in self._open), default=None)

    def _check(self, needed: int) -> None:
        for budget in self._open:
            if budget.left < needed:
                why = f"The budget of {count(budget.limit, 'request')} is too small"
                raise QuotaExceeded(needed, budget.left, budget.limit, None, why=why)
