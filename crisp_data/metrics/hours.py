"""Business hours: how much of a time was open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from crisp_data.dates import check_tz
from crisp_data.errors import BadParameter
from crisp_data.metrics.frame_checks import Flags, Ints, times
from crisp_data.plurals import count

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)\s*-\s*([01]\d|2[0-4]):([0-5]\d)", re.ASCII)
_HINT = "Write them like {'mon-fri': '09:00-12:30, 14:00-18:00', 'sat': '10:00-24:00'}."
_MINUTE, _QUARTER, _DAY = 60_000, 900_000, 86_400_000


class BusinessHours:
    """Weekly opening hours in a time zone, with holidays.

    An instant is open where the clock on the wall of ``tz`` then shows a time within the
    opening hours of that day, and the day is no holiday. So the hour that autumn repeats is
    open twice, or not at all, and the one that spring skips is not there.

    pandas' ``CustomBusinessHour`` steps from one opening to the next for each single value,
    and counts an hour of the clock as an hour even where clocks change: hence this table.

    Parameters
    ----------
    week : mapping
        From a day (``"mon"``) or days (``"mon-fri"``) to one or several spans; a closing time
        is not open any more. ``"24:00"`` is the end of a day; what goes on past midnight is
        written as two days.
    tz : str
        The zone that the hours are in, such as ``"Europe/Paris"``.
    holidays : iterable of date or str, optional
        Days on which nothing is open: dates, ``"2026-12-25"``, or an object of the package
        ``holidays`` that was made with ``years=``.

    Raises
    ------
    BadParameter
        A day, span, zone or holiday that cannot be read, or spans that overlap. Where times are
        measured, also a year that an object of the package ``holidays`` was not made for.

    Examples
    --------
    A question of Friday evening is answered on Monday morning, after half an open hour:

    >>> from crisp_data import metrics
    >>> hours = metrics.BusinessHours({"mon-fri": "09:00-18:00"}, tz="Europe/Paris")
    >>> five = metrics.thread(
    ...     "2026-10-02 17:00 customer",
    ...     "2026-10-02 17:05 Ana note",
    ...     "2026-10-02 17:45 Ana",
    ...     "2026-10-02 17:50 customer",
    ...     "2026-10-05 09:20 Ben",
    ...     tz="Europe/Paris",
    ... )
    >>> metrics.responses(five, hours=hours)["duration"]
    0   0 days 00:45:00
    1   0 days 00:30:00
    Name: duration, dtype: timedelta64[ms]
    >>> hours
    BusinessHours(mon-fri 09:00-18:00, Europe/Paris)
    """

    def __init__(
        self, week: Mapping[str, str], *, tz: str, holidays: Iterable[date | str] = ()
    ) -> None:
        self.tz = check_tz(tz)
        self.week = _read_week(week)
        self.holidays = _read_holidays(holidays)
        # An object of the package holidays has its years, and no day of any other.
        self._years = frozenset(getattr(holidays, "years", None) or ())
        self._description = ", ".join(f"{days} {spans}" for days, spans in week.items())

    def __repr__(self) -> str:
        closed = f", {count(len(self.holidays), 'holiday')}" if len(self.holidays) else ""
        return f"BusinessHours({self._description}, {self.tz}{closed})"

    def between(self, start: Ints, end: Ints) -> Ints:
        """Give the open milliseconds between instants (milliseconds since 1970).

        Parameters
        ----------
        start : numpy.ndarray of int64
            Milliseconds since 1970.
        end : numpy.ndarray of int64
            Milliseconds since 1970, one for each start.

        Returns
        -------
        numpy.ndarray of int64
            Milliseconds.
        """
        if not len(start):
            return np.zeros(0, np.int64)
        first, last = int(start.min()), int(end.max())
        self._check_years(first, last)
        edges = self._edges(first, last)
        opened = self._is_open(edges)
        lengths = np.diff(edges, append=edges[-1:])
        sums = np.cumsum(np.where(opened, lengths, 0)) - np.where(opened, lengths, 0)

        def since_the_first(at: Ints) -> Ints:
            last = np.searchsorted(edges, at, side="right") - 1
            passed: Ints = sums[last] + opened[last] * (at - edges[last])
            return passed

        return since_the_first(end) - since_the_first(start)

    def _check_years(self, first: int, last: int) -> None:
        if not self._years:
            return
        begins, ends = times(np.array([first, last], np.int64), self.tz).year
        if missing := sorted({*range(begins, ends + 1)} - self._years):
            raise BadParameter(
                f"The holidays have no day of {missing[0]}, and times of that year are measured.",
                f"Create them with years=range({begins}, {ends + 1}).",
            )

    def _edges(self, first: int, last: int) -> Ints:
        """Find all instants of a span at which open may turn into closed, or the reverse.

        These are the wall clock's opening and closing times, and the moments at which the
        clock is changed. A time of the wall is an instant by one of the span's few offsets
        from UTC; by the others it is an edge that changes nothing.
        """
        days = np.arange(first // _DAY - 2, last // _DAY + 3) * _DAY
        offsets = self._wall(days) - days
        changing = days[:-1][offsets[1:] != offsets[:-1]]
        # Clocks change on a quarter of an hour (of UTC).
        quarters = (changing[:, None] + np.arange(0, _DAY + 1, _QUARTER)).ravel()
        minutes = np.unique([minute for spans in self.week for span in spans for minute in span])
        walls = (days[:, None] + minutes * _MINUTE).ravel()
        shifted = (walls[:, None] - np.unique(offsets)).ravel()
        return np.unique(np.concatenate([days, quarters, shifted]))

    def _wall(self, at: Ints) -> Ints:
        """Give what the wall clock shows, as milliseconds since its own 1970."""
        return times(at, self.tz).tz_localize(None).asi8

    def _is_open(self, at: Ints) -> Flags:
        wall = self._wall(at)
        day, past = np.divmod(wall, _DAY)
        opened = np.zeros(len(at), bool)
        for weekday, spans in enumerate(self.week):
            today = (day + 3) % 7 == weekday  # 1970 began on a Thursday
            for start, end in spans:
                opened |= today & (start * _MINUTE <= past) & (past < end * _MINUTE)
        return opened & ~np.isin(day, self.holidays)


def between(start: Ints, end: Ints, hours: BusinessHours | None) -> Ints:
    """Give the milliseconds between instants: all of them, or the open ones.

    Parameters
    ----------
    start : numpy.ndarray of int64
        Milliseconds since 1970.
    end : numpy.ndarray of int64
        Milliseconds since 1970, one for each start.
    hours : BusinessHours or None
        Count open time only.

    Returns
    -------
    numpy.ndarray of int64
        Milliseconds.

    Raises
    ------
    BadParameter
        ``hours`` is no BusinessHours.
    """
    check_hours(hours)
    return end - start if hours is None else hours.between(start, end)


def check_hours(hours: Any) -> None:
    """Refuse what is neither opening hours nor None."""
    if hours is not None and not isinstance(hours, BusinessHours):
        raise BadParameter(
            "hours must be a BusinessHours.", "Create one: metrics.BusinessHours(...)."
        )


def _read_week(week: Mapping[str, str]) -> list[list[tuple[int, int]]]:
    """Read the spans of each weekday as minutes of the day."""
    if not isinstance(week, Mapping) or not week:
        raise BadParameter("Opening hours must be a mapping from days to spans.", _HINT)
    spans: list[list[tuple[int, int]]] = [[] for _ in _DAYS]
    for days, text in week.items():
        for day in _read_days(days):
            spans[day] += _read_spans(text)
    for one in spans:
        one.sort()
        if any(later[0] < earlier[1] for earlier, later in pairwise(one)):
            raise BadParameter("Two spans of one day overlap.", _HINT)
    return spans


def _read_days(text: Any) -> range:
    first, _, last = str(text).strip().lower().partition("-")
    if first not in _DAYS or (last or first) not in _DAYS:
        raise BadParameter(
            f"{text!r} is not a day or a range of days.", f"Use {', '.join(_DAYS)}, or 'mon-fri'."
        )
    start, end = _DAYS.index(first), _DAYS.index(last or first)
    if end < start:
        raise BadParameter(f"{text!r} ends before it begins.", "The week begins with 'mon'.")
    return range(start, end + 1)


def _read_spans(text: Any) -> list[tuple[int, int]]:
    spans = []
    for part in str(text).split(","):
        found = _SPAN.fullmatch(part.strip())
        if not found:
            raise BadParameter(f"{part.strip()!r} is not a span of time.", _HINT)
        a, b, c, d = map(int, found.groups())
        start, end = 60 * a + b, 60 * c + d
        if not start < end <= 24 * 60:
            raise BadParameter(
                f"{part.strip()!r} does not end after it begins.",
                "Split spans past midnight over two days: {'fri': '22:00-24:00', 'sat': "
                "'00:00-06:00'}.",
            )
        spans.append((start, end))
    return spans


def _read_holidays(holidays: Iterable[date | str]) -> Ints:
    """Read days as numbers since 1970."""
    if isinstance(holidays, str):
        raise BadParameter("holidays must be a list of dates.", "Pass a list: ['2026-12-25'].")
    if hasattr(holidays, "years") and not [*holidays]:
        # Those of the package holidays are empty until somebody asks them for a day.
        raise BadParameter(
            "The holidays are empty: no day would be closed.",
            "Create them with the years that are measured: country_holidays('FR', years=[2026]).",
        )
    try:
        days = np.array([pd.Timestamp(day).date() for day in holidays], "M8[D]")
        return np.unique(days.view(np.int64))
    except (ValueError, TypeError):
        raise BadParameter(
            "A holiday is not a date.", "Write dates such as '2026-12-25', or pass date objects."
        ) from None
