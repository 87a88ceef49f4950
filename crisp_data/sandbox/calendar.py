"""When things happen: conversations by hour and weekday, operators in shifts.

All times are milliseconds since 1970 in UTC, as in Crisp's records.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from random import Random

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

#: 2026-11-02T09:00:00Z, a Monday: where the sandbox's clock starts.
CLOCK_START = 1_793_610_000_000
#: The last moment that seeded data may carry.
DATA_END = CLOCK_START - 7 * MINUTE

_WEEKDAYS = (1.3, 1.15, 1.1, 1.05, 1.0, 0.45, 0.35)
_HOURS = (1, 1, 1, 1, 1, 2, 4, 7, 12, 17, 19, 17, 13, 14, 17, 17, 14, 11, 8, 7, 6, 5, 3, 2)
_HOUR_SUMS = list(accumulate(_HOURS))


def weekday(at: int) -> int:
    """Return the day of the week in UTC, Monday 0."""
    return (at // DAY + 3) % 7


@dataclass(frozen=True, slots=True)
class Operator:
    """Someone who answers: when on shift, and how fast."""

    first_name: str
    last_name: str
    role: str
    title: str
    start: int
    hours: int
    days: frozenset[int]
    reply_seconds: float

    def on_shift(self, at: int) -> int:
        """Return the first moment from `at` on when this operator works."""
        day = at - at % DAY
        while True:
            begin = day + self.start * HOUR
            if weekday(day) in self.days and at < begin + self.hours * HOUR:
                return max(at, begin)
            day += DAY


_WORKDAYS = frozenset(range(5))
OPERATORS = (
    Operator("Camille", "Moreau", "owner", "Head of support", 7, 9, _WORKDAYS, 75),
    Operator("Jonas", "Weiß", "admin", "Support engineer", 8, 9, _WORKDAYS, 240),
    Operator("愛子", "田中", "member", "Support, Asia", 0, 8, _WORKDAYS, 130),
    Operator("Lucía", "Ortega", "member", "Support, Americas", 14, 9, frozenset(range(6)), 420),
    Operator("Omar", "Haddad", "member", "Billing", 11, 9, frozenset((2, 3, 4, 5, 6)), 900),
)


def choose_operator(at: int, rng: Random) -> int:
    """Return the index of someone on shift, or of whoever comes to work first."""
    starts = [operator.on_shift(at) for operator in OPERATORS]
    soonest = min(starts)
    return rng.choice([i for i, start in enumerate(starts) if start == soonest])


class Arrivals:
    """Moments at which conversations begin, over whole weeks that end at `DATA_END`.

    Workdays are busier than weekends, mornings than nights, and the business grows by
    about a third over the span.
    """

    def __init__(self, weeks: int) -> None:
        last = DATA_END - DATA_END % DAY
        self._days = [last - n * DAY for n in range(weeks * 7, -1, -1)]
        growth = 0.3 / len(self._days)
        weights = (_WEEKDAYS[weekday(day)] * (1 + growth * n) for n, day in enumerate(self._days))
        self._sums = list(accumulate(weights))

    def draw(self, rng: Random) -> int:
        """Return one moment (ms)."""
        while True:
            day = self._days[bisect(self._sums, rng.random() * self._sums[-1])]
            hour = bisect(_HOUR_SUMS, rng.random() * _HOUR_SUMS[-1])
            at = day + hour * HOUR + int(rng.random() * HOUR)
            if at <= DATA_END:
                return at


@lru_cache(maxsize=8)
def arrivals(weeks: int) -> Arrivals:
    """Return the arrivals of a span of weeks."""
    return Arrivals(weeks)
