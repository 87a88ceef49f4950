"""Budgets: how many requests a block may spend, whoever of its threads sends them.

A budget holds in one process. A fork copies it, and each copy would be spent in full.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from crisp_data.errors import BadParameter, ForkedProcess, QuotaExceeded
from crisp_data.local.forks import PerProcess
from crisp_data.plurals import count


class Budget:
    """What an open block may spend; made by :meth:`crisp_data.Workspace.budget`.

    Parameters
    ----------
    limit : int
        Requests allowed; ``sys.maxsize`` counts them and bounds nothing.

    Attributes
    ----------
    limit, used : int
        Requests allowed and spent, by this process. ``used`` stays to be read after the block.

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
        self.pid = os.getpid()

    @property
    def bounded(self) -> bool:
        """Whether it refuses anything; else it only counts."""
        return self.limit < sys.maxsize

    @property
    def left(self) -> int:
        """Requests that the block may still spend."""
        return self.limit - self.used

    def __repr__(self) -> str:
        return f"<Budget {self.used:,} of {count(self.limit, 'request')} used, {self.left:,} left>"


class Budgets:
    """The open budgets of one client. All of them must allow a request; each is charged.

    They belong to the client and not to a thread: the threads that read side by side for a
    block spend its budget together. A forked child has copies of its parent's: they count for
    nothing there, and a bounded one refuses each request until the child opens its own.
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
        ForkedProcess
            A bounded one was opened by the parent of this process, and none here.
        """
        with self._lock.get():
            self._check(1)
            for budget in self._own():
                budget.used += 1
            return self._own()

    def give_back(self, paid: list[Budget]) -> None:
        """Take a charge back: the request was not sent."""
        with self._lock.get():
            for budget in paid:
                budget.used -= 1

    def check_affordable(self, needed: int) -> None:
        """Refuse what is known to cost more than an open budget has left; spends nothing."""
        with self._lock.get():
            self._check(needed)

    def check_unbounded(self) -> None:
        """Refuse to hand work to another process, which would not be bounded.

        Raises
        ------
        ForkedProcess
            A bounded budget is open.
        """
        with self._lock.get():
            for budget in self._open:
                if budget.bounded:
                    raise _of_one_process(budget)

    @property
    def left(self) -> int | None:
        """What the tightest open budget has left; None where none is open."""
        with self._lock.get():
            return min((budget.left for budget in self._own()), default=None)

    def _own(self) -> list[Budget]:
        """List those that this process opened, without the copies of its parent's."""
        return [budget for budget in self._open if budget.pid == os.getpid()]

    def _check(self, needed: int) -> None:
        own = self._own()
        if not any(budget.bounded for budget in own):
            for budget in self._open:
                if budget.bounded:
                    raise _of_one_process(budget)
        for budget in own:
            if budget.left < needed:
                why = f"The budget of {count(budget.limit, 'request')} is too small"
                raise QuotaExceeded(needed, budget.left, budget.limit, None, why=why)


def _of_one_process(budget: Budget) -> ForkedProcess:
    return ForkedProcess(
        f"A budget of {count(budget.limit, 'request')} is open, and it bounds and counts only "
        "what the process spends that opened it. Each worker process would spend as much again.",
        "Nothing was sent. Open the budget in the function that the worker runs (with "
        "ws.budget(...)), not around the pool. Or read in one process, side by side, within one "
        "budget: connect(workers=8).",
    )
