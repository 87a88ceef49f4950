"""Which time a report is about, and which came before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from crisp_data import moments
from crisp_data.errors import BadParameter
from crisp_data.report import words

_MILLISECOND = pd.Timedelta(milliseconds=1)


@dataclass(frozen=True)
class Period:
    """A span of time in a zone, with its beginning and without its end.

    Examples
    --------
    >>> from crisp_data.report.periods import period
    >>> october = period("2026-10-01", "2026-10-31", tz="Europe/Paris", now=sandbox.now)
    >>> october.name, october.before().name
    ('October 2026', 'September 2026')
    >>> period("2026-10-19", "2026-10-25", tz="Europe/Paris", now=sandbox.now).before().name
    '12 Oct 2026 to 18 Oct 2026'
    """

    start: pd.Timestamp
    end: pd.Timestamp

    @property
    def last(self) -> pd.Timestamp:
        """The last millisecond: the moment from which the period is looked back at."""
        return self.end - _MILLISECOND

    @property
    def tz(self) -> str:
        """The zone whose clocks and calendar count."""
        return str(self.start.tz)

    def holds(self, times: pd.Series[Any]) -> pd.Series[bool]:
        """Tell which times lie in the period; a missing one does not."""
        return (times >= self.start) & (times < self.end)

    def before(self) -> Period:
        """Give the equally long period that ends where this one begins.

        Before whole months come as many whole months. Otherwise the clock on the wall
        measures: before a week comes a week, also where one of its days has 23 hours.
        """
        first, after = _wall(self.start), _wall(self.end)
        months = self._months
        earlier = first - (pd.DateOffset(months=len(months)) if months else after - first)
        return Period(_at(earlier, self.tz), self.start)

    @property
    def name(self) -> str:
        """What readers call it: ``October 2026``, or its first and last day, or both moments."""
        if months := self._months:
            return _joined(*(f"{m.month_name()} {m.year}" for m in (months[0], months[-1])))
        days = all(_at(_wall(edge).normalize(), self.tz) == edge for edge in (self.start, self.end))
        if days:
            return _joined(*(words.moment(day, time=False) for day in (self.start, self.last)))
        return _joined(*(words.moment(edge.round("min")) for edge in (self.start, self.end)))

    @property
    def _months(self) -> list[pd.Timestamp]:
        """The first days of the months that it is made of, where they are whole."""
        first, after = (_wall(edge).normalize() for edge in (self.start, self.end))
        whole = _at(first, self.tz) == self.start and _at(after, self.tz) == self.end
        if not (whole and first.day == after.day == 1):
            return []
        return list(pd.date_range(first, after, freq="MS", inclusive="left"))


def period(since: Any, until: Any, *, tz: str, now: Any) -> Period:
    """Read a period; the last whole month in the zone where none is given.

    Raises
    ------
    BadParameter
        A moment that cannot be read, or an end without a beginning.
    """
    now = pd.Timestamp(now).tz_convert(moments.check_tz(tz)).floor("ms")
    if since is None:
        if until is not None:
            raise BadParameter("A period that ends needs a beginning.", "Give since too.")
        month = _wall(now).normalize().replace(day=1)
        return Period(_at(month - pd.DateOffset(months=1), tz), _at(month, tz))
    start, end = moments.window(since, until, tz=tz, now=now.to_pydatetime())
    assert start is not None
    last = now if end is None else min(end.tz_convert(tz), now)
    return Period(start.tz_convert(tz), last + _MILLISECOND)


def _joined(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _wall(moment: pd.Timestamp) -> pd.Timestamp:
    return moment.tz_localize(None)


def _at(wall: pd.Timestamp, tz: str) -> pd.Timestamp:
    """Give the moment at which clocks show a time: the first of two, or what follows a gap."""
    return wall.tz_localize(tz, ambiguous=True, nonexistent="shift_forward")
