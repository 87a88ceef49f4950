"""``since`` and ``until``: what an analyst writes, as an exact moment.

A moment without a zone is read in the stated time zone. A day without a time means its
beginning for ``since`` and its end for ``until``, as in pandas' own slicing. "Three days ago" is
the time that the clock on the wall showed three days ago, as if it were written out; "three hours
ago" is three hours of 60 minutes.

Calendar arithmetic is done on the time of the wall, which has no zone, and :func:`localize` alone
gives it one. pandas' own on times with a zone (``floor``, ``round``, ``normalize``, ``DateOffset``)
raises in an hour that a clock change repeats, or takes one of its two passes without a word.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, timedelta, tzinfo
from pathlib import PureWindowsPath
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from crisp_data.errors import BadParameter

_AGO = re.compile(r"(\d+)\s*(minute|hour|day|week|month|year)s?\s+ago", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OF_A_CLOCK = ("minute", "hour")  # units of elapsed time; the others are the calendar's
# pandas reads "10", "monday" and "2026-10-01 2026-11-01" as something, and "2026-10" as a day.
_WRITTEN = re.compile(
    r"(?P<day>\d{4}-\d{1,2}-\d{1,2})"
    r"([t ]\d{1,2}(:\d{2}(:\d{2}(\.\d{1,9})?)?)?\s*([ap]m)?\s*(z|utc|[+-]\d{2}(:?\d{2})?)?)?",
    re.ASCII,
)
_HINT = (
    "Write a date or time such as '2026-10-01' or '2026-10-01 09:30', a datetime or pandas "
    "Timestamp, or 'today', 'yesterday', '7 days ago', '3 months ago'."
)


def check_tz(tz: str | tzinfo) -> str:
    """Give the name of a time zone, which may also be one of zoneinfo, datetime or dateutil.

    Parameters
    ----------
    tz : str or tzinfo
        The name, or the zone.

    Returns
    -------
    str
        The name.

    Raises
    ------
    BadParameter
        There is no such zone, or it has no standard name.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> from crisp_data.dates import check_tz
    >>> check_tz(ZoneInfo("Europe/Paris"))
    'Europe/Paris'
    """
    hint = "Use an IANA name such as 'Europe/Paris' or 'UTC'."
    name = _zone_name(tz) if isinstance(tz, tzinfo) else tz
    if not isinstance(name, str):
        raise BadParameter(f"tz must be the name of a zone, not a {type(name).__name__}.", hint)
    if not name:
        empty = "tz must not be empty." if tz == "" else "That time zone has no standard name."
        raise BadParameter(empty, hint)
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise BadParameter(f"There is no time zone {name!r}.", hint) from None
    return name


def _zone_name(zone: tzinfo) -> str:
    """Name a zone of zoneinfo (key), pytz (zone), dateutil (its file) or datetime (UTC alone)."""
    for attribute in ("key", "zone"):
        if isinstance(name := getattr(zone, attribute, None), str):
            return name
    return "UTC" if zone.tzname(None) == "UTC" else _file_name(zone)


def window(
    since: Any, until: Any, *, tz: str, now: datetime
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Read both ends of a period; each is None where it is open.

    Parameters
    ----------
    since : object
        The beginning, in any form that :func:`moment` reads.
    until : object
        The end; a date alone means its last millisecond.
    tz : str
        The zone of moments without one.
    now : datetime
        The present, which relative moments count from.

    Returns
    -------
    tuple[pandas.Timestamp or None, pandas.Timestamp or None]
        Beginning and end in UTC, to the millisecond.

    Raises
    ------
    BadParameter
        Not a moment, or a period that cannot hold anything.
    """
    start = moment(since, "since", tz=tz, now=now)
    end = moment(until, "until", tz=tz, now=now)
    if start is not None and start > now:
        raise BadParameter("since is in the future: nothing can match.", _HINT)
    if start is not None and end is not None and start > end:
        raise BadParameter("since is after until: nothing can match.", "Swap the two.")
    return start, end


def moment(value: Any, name: str, *, tz: str, now: datetime) -> pd.Timestamp | None:
    """Read one moment; the result is in UTC, to the millisecond that Crisp knows.

    Parameters
    ----------
    value : object
        A str, date, datetime or Timestamp; None is not given.
    name : str
        The argument's name, for the error.
    tz : str
        The zone of moments without one.
    now : datetime
        The present, which relative moments count from.

    Returns
    -------
    pandas.Timestamp or None
        The moment in UTC, or None.

    Raises
    ------
    BadParameter
        The value cannot be read as a moment.
    """
    if value is None:
        return None
    try:
        return _read(value, name, tz, pd.Timestamp(now).tz_convert(tz))
    except BadParameter:
        raise
    except (ValueError, OverflowError, NotImplementedError):  # pandas beyond the year 9999
        raise BadParameter(f"{name} is not a date or time that can be read.", _HINT) from None


def _read(value: Any, name: str, tz: str, now: pd.Timestamp) -> pd.Timestamp:
    if isinstance(value, str):
        text = value.strip().lower()
        if ago := _AGO.fullmatch(text):
            units: dict[str, Any] = {f"{ago[2]}s": int(ago[1])}
            start = now if ago[2] in _OF_A_CLOCK else wall_time(now)
            return _exact(start - pd.DateOffset(**units), tz, name == "since")
        if text in ("today", "yesterday"):
            today = wall_time(now).normalize()
            stamp, whole_day = today - pd.Timedelta(days=int(text == "yesterday")), True
        elif written := _WRITTEN.fullmatch(text):
            stamp, whole_day = pd.Timestamp(value.strip()), written["day"] == text
        else:
            raise ValueError
    elif isinstance(value, (date, datetime, np.datetime64)):
        stamp, whole_day = pd.Timestamp(value), _is_day(value)
    else:
        raise BadParameter(f"{name} is a {type(value).__name__}, not a date or time.", _HINT)
    if whole_day and name == "until":
        return _exact(stamp + pd.Timedelta(days=1), tz, True) - pd.Timedelta(milliseconds=1)
    return _exact(stamp, tz, name == "since")


def _is_day(value: Any) -> bool:
    """Tell a day from a moment that happens to be midnight."""
    if isinstance(value, np.datetime64):
        return np.datetime_data(value.dtype)[0] == "D"
    return not isinstance(value, datetime)


def _exact(stamp: pd.Timestamp, tz: str, first: bool) -> pd.Timestamp:
    """Place a moment in UTC: a start in the first pass of a repeated hour, an end in the second."""
    if pd.isna(stamp):
        raise ValueError
    if stamp.tzinfo is None:
        stamp = localize(stamp, tz, first=first)
    stamp = stamp.tz_convert("UTC").floor("ms")
    if not MINYEAR <= stamp.year <= MAXYEAR:  # pandas goes further than ISO 8601
        raise ValueError
    return stamp


def wall_time(moment: pd.Timestamp) -> pd.Timestamp:
    """Give what the clocks of a moment's zone show, without the zone: the base of a calendar."""
    return moment.tz_localize(None)


def localize(wall: pd.Timestamp, tz: str | tzinfo | None, *, first: bool = True) -> pd.Timestamp:
    """Give the moment at which the clocks of a zone show a time; the one rule for all of them.

    The hour that a clock change repeats is read as its first pass, or as its second, so that
    nothing is left out where a start takes the first and an end the second. One that a change
    skips is the moment of the change.

    Parameters
    ----------
    wall : pandas.Timestamp
        A time without a zone, as a clock on the wall shows it.
    tz : str or tzinfo or None
        The zone.
    first : bool, default True
        Whether a repeated hour is read as its first pass.

    Returns
    -------
    pandas.Timestamp
        The moment, in the zone.

    Examples
    --------
    >>> from crisp_data.dates import localize
    >>> localize(pd.Timestamp("2026-10-25 02:30"), "Europe/Paris").isoformat()
    '2026-10-25T02:30:00+02:00'
    >>> localize(pd.Timestamp("2026-10-25 02:30"), "Europe/Paris", first=False).isoformat()
    '2026-10-25T02:30:00+01:00'
    >>> localize(pd.Timestamp("2026-09-06"), "America/Santiago").isoformat()  # has no midnight
    '2026-09-06T01:00:00-03:00'
    """
    moment = wall.tz_localize(tz, ambiguous=first, nonexistent="NaT")
    return _change(wall, tz) if pd.isna(moment) else moment


def localize_index(
    walls: pd.DatetimeIndex, tz: str, *, first: npt.NDArray[np.bool_] | None = None
) -> pd.DatetimeIndex:
    """Do as :func:`localize` for many times, each in the pass that ``first`` says; else the first.

    Parameters
    ----------
    walls : pandas.DatetimeIndex
        Times without a zone.
    tz : str
        The zone.
    first : numpy.ndarray of bool, optional
        For each time, whether a repeated hour is read as its first pass.

    Returns
    -------
    pandas.DatetimeIndex
        The moments, in the zone.

    Examples
    --------
    >>> from crisp_data.dates import localize_index
    >>> days = pd.date_range("2026-09-05", "2026-09-06")
    >>> localize_index(days, "America/Santiago").strftime("%H:%M").tolist()
    ['00:00', '01:00']
    """
    first = np.ones(len(walls), bool) if first is None else first
    found = walls.tz_localize(tz, ambiguous=first, nonexistent="NaT")
    skipped = np.asarray(found.isna()) & np.asarray(walls.notna())
    if not skipped.any():
        return found
    moments = [
        _change(wall, tz) if gone else moment
        for wall, moment, gone in zip(walls, found, skipped, strict=True)
    ]
    return pd.DatetimeIndex(moments, dtype=found.dtype)


def _change(wall: pd.Timestamp, tz: str | tzinfo | None) -> pd.Timestamp:
    """Give the moment of the clock change that skips a time.

    pandas' ``shift_forward`` tries an hour at a time: where more is skipped, as in Troll, it gives
    a moment an hour before the change. Here the change is looked for between the two readings of
    the time that zoneinfo gives, by the offset before it and by the one after. (Reckoned from the
    epoch, for ``datetime.fromtimestamp`` refuses moments before it on Windows.)
    """
    zone = ZoneInfo(str(tz))
    read = wall.to_pydatetime(warn=False).replace(tzinfo=zone)
    before = read.utcoffset()
    seconds = range(int(read.replace(fold=1).timestamp()), int(read.timestamp()) + 1)
    at = bisect_left(
        seconds,
        True,
        key=lambda one: (_EPOCH + timedelta(seconds=one)).astimezone(zone).utcoffset() != before,
    )
    return pd.Timestamp(seconds[at], unit="s", tz="UTC").as_unit(wall.unit).tz_convert(tz)


def in_named_zone(times: pd.Series[Any]) -> pd.Series[Any] | None:
    """Give times in the zone of the database that pandas reads: which others find by its name.

    Parameters
    ----------
    times : pandas.Series
        Times with a zone, of any kind.

    Returns
    -------
    pandas.Series or None
        The same times; None where their zone has no standard name, or not its rules.

    Examples
    --------
    >>> from datetime import timezone
    >>> from crisp_data.dates import in_named_zone
    >>> winter = timezone(timedelta(hours=1), "CET")  # as datetime.now().astimezone() gives it
    >>> times = pd.Series(pd.to_datetime(["2026-07-01 09:00"]).tz_localize(winter))
    >>> str(in_named_zone(times).dt.tz)
    'UTC+01:00'
    """
    zone: Any = times.dt.tz
    if isinstance(zone, ZoneInfo) and zone.key and ZoneInfo(zone.key) is zone:
        return times
    try:
        named = times.dt.tz_convert(_file_name(zone) or pa.array(times.iloc[:0]).type.tz)
    except (pa.ArrowException, ValueError, TypeError, KeyError, OSError):
        return None
    # In seconds: nanoseconds end in 2262, where a zone may show a time that they do not hold.
    walls = [found.dt.as_unit("s").dt.tz_localize(None) for found in (named, times)]
    return named if walls[0].equals(walls[1]) else None


def _file_name(zone: Any) -> str:
    """Name a zone of dateutil by its file; Arrow finds no name in a path of Windows."""
    parts = PureWindowsPath(str(getattr(zone, "_filename", ""))).parts
    return "/".join(parts[parts.index("zoneinfo") + 1 :]) if "zoneinfo" in parts else ""


def begins_day(moment: pd.Timestamp) -> bool:
    """Tell whether a day begins at a moment in its zone: at midnight, or where that is skipped.

    Examples
    --------
    >>> from crisp_data.dates import begins_day
    >>> begins_day(pd.Timestamp("2026-09-06 01:00", tz="America/Santiago"))
    True
    """
    return localize(wall_time(moment).normalize(), moment.tz) == moment


def is_repeated(moment: pd.Timestamp) -> bool:
    """Tell whether the clocks of a moment's zone show its time twice, before and after a change."""
    wall = wall_time(moment)
    return localize(wall, moment.tz) != localize(wall, moment.tz, first=False)
