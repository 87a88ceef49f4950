"""Which time a report is about, and which came before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MINYEAR
from typing import Any

import pandas as pd

from crisp_data import dates
from crisp_data.errors import BadParameter
from crisp_data.report import wording

_MILLISECOND, _DAY = pd.Timedelta(milliseconds=1), pd.Timedelta(days=1)


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
        measures: before a week comes a week, also where one of its days has 23 hours. What is
        shorter than a day is measured by the time that passes: in the hour that a clock change
        repeats, the wall shows an end that is no later than the beginning.
        """
        first, after = _calendar(self.start), _calendar(self.end)
        if months := self._months:
            earlier = first - pd.DateOffset(months=len(months))
        elif after - first < _DAY:
            return Period(self.start - (self.end - self.start), self.start)
        else:
            earlier = first - (after - first)
        return Period(dates.localize(earlier, self.tz), self.start)

    @property
    def days(self) -> int:
        """How many whole days of the calendar it is long; one of 23 hours is one, too."""
        return (_calendar(self.end) - _calendar(self.start)).days

    @property
    def name(self) -> str:
        """What readers call it: ``October 2026``, or its first and last day, or both moments."""
        if months := self._months:
            return _joined(*(f"{m.month_name()} {m.year}" for m in (months[0], months[-1])))
        if self._of_days:
            return _joined(*(wording.moment(day, time=False) for day in (self.start, self.last)))
        edges = (edge.tz_convert("UTC").round("min") for edge in (self.start, self.end))
        return _joined(*(wording.moment(edge.tz_convert(self.tz)) for edge in edges))

    @property
    def _of_days(self) -> bool:
        return dates.begins_day(self.start) and dates.begins_day(self.end)

    @property
    def _months(self) -> list[pd.Timestamp]:
        """The first days of the months that it is made of, where they are whole."""
        first, after = _calendar(self.start), _calendar(self.end)
        if not (self._of_days and first.day == after.day == 1):
            return []
        return list(pd.date_range(first, after, freq="MS", inclusive="left"))


def period(since: Any, until: Any, *, tz: str, now: Any) -> Period:
    """Read a period; the last whole month in the zone where none is given.

    Parameters
    ----------
    since : object
        The period's beginning.
    until : object
        The period's end.
    tz : str
        The zone of the page.
    now : object
        The present, or when the frames were read.

    Returns
    -------
    Period
        The period, in the zone.

    Raises
    ------
    BadParameter
        A moment that cannot be read, an end without a beginning, or one that begins so early
        that nothing can come before it.
    """
    now = pd.Timestamp(now).tz_convert("UTC").floor("ms").tz_convert(dates.check_tz(tz))
    if since is None:
        if until is not None:
            raise BadParameter("A period with an end needs a start.", "Pass since as well.")
        month = dates.wall_time(now).normalize().replace(day=1)
        edges = (month - pd.DateOffset(months=1), month)
        return Period(*(dates.localize(edge, tz) for edge in edges))
    start, end = dates.window(since, until, tz=tz, now=now.to_pydatetime())
    assert start is not None
    last = now if end is None else min(end.tz_convert(tz), now)
    found = Period(start.tz_convert(tz), last + _MILLISECOND)
    if found.before().start.tz_convert("UTC").year < MINYEAR:
        raise BadParameter(
            "since is so early that no period as long as this one came before it.",
            "Pass a later since: a report compares its period with the one before.",
        )
    return found


def _joined(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _calendar(edge: pd.Timestamp) -> pd.Timestamp:
    """Give the wall time of an edge; midnight for the beginning of a day, also of one without."""
    wall = dates.wall_time(edge)
    return wall.normalize() if dates.begins_day(edge) else wall
