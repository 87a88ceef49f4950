"""How much there is, and when: counts by the clock and the calendar, and what stays open."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from crisp_data.errors import BadParameter
from crisp_data.metrics import message_arrays
from crisp_data.metrics.calendar_periods import PERIODS, clock, numbers_of, starts_of
from crisp_data.metrics.frame_checks import (
    MISSING,
    Ints,
    beginning,
    check_tz_or,
    counts,
    lengths,
    milliseconds,
    names,
    needs,
)
from crisp_data.metrics.responses import responses

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TIMES = ("timestamp", "asked_at", "created_at")


def volume(
    frame: pd.DataFrame,
    *,
    by: str | Iterable[str] = "day",
    at: str | None = None,
    tz: str | None = None,
) -> pd.DataFrame:
    """Count rows by the hour, the weekday, the day, the week, the month, or a column.

    Parameters
    ----------
    frame : pandas.DataFrame
        Messages, conversations, or what :func:`responses` or :func:`join` returned.
    by : str or iterable of str
        ``"hour"`` of the day, ``"weekday"``, ``"day"``, ``"week"`` (from Monday), ``"month"``,
        or a column of the frame; or several, such as ``["weekday", "hour"]``.
    at : str, optional
        The column of times: ``timestamp``, ``asked_at`` or ``created_at``, whichever comes
        first in this order, where none is given. Rows without a time are not counted.
    tz : str, optional
        The zone to count in; the frame's own where none is given.

    Returns
    -------
    pandas.DataFrame
        A column for each of ``by``, and ``count`` Int64. ``hour`` is Int64, 0 to 23;
        ``weekday`` an ordered category, Mon to Sun; ``day``, ``week`` and ``month`` are
        ``datetime64[ms, tz]``, the moment at which each began. Hours, weekdays and periods in
        which nothing happened are there with 0, from the first period to the last, for every
        value of the columns.

    Raises
    ------
    BadParameter
        A column is missing, its times name no zone, or there is no zone ``tz``.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer",
    ...     "09:10 Ana",
    ...     "09:30 customer",
    ...     "2026-10-07 09:00 Ana",
    ...     "2026-10-07 10:00 customer",
    ... )
    >>> metrics.volume(five, by="day")
                            day  count
    0 2026-10-05 00:00:00+00:00      3
    1 2026-10-06 00:00:00+00:00      0
    2 2026-10-07 00:00:00+00:00      2
    >>> metrics.volume(five, by=["from", "day"], tz="Asia/Tokyo").tail(2)
           from                       day  count
    4  operator 2026-10-06 00:00:00+09:00      0
    5  operator 2026-10-07 00:00:00+09:00      1
    """
    needs(frame, of="messages or conversations")
    column = at or next((name for name in _TIMES if name in frame), _TIMES[0])
    needs(frame, column, of="messages or conversations")
    moments_, zone = milliseconds(frame, column)
    zone = check_tz_or(tz, zone)
    there = np.flatnonzero(moments_ != MISSING)
    wall = clock(moments_[there], zone)
    keys = names(by)
    if not keys or "count" in keys or len(set(keys)) < len(keys):
        raise BadParameter(
            "by must list what to count by, each once.", "For example ['weekday', 'hour']."
        )
    axes = [_axis(key, wall, frame, there, zone) for key in keys]
    sizes = [len(values) for _, values in axes]
    cell = np.zeros(len(there), np.int64)
    for (codes, _), size in zip(axes, sizes, strict=True):
        cell = cell * size + codes
    places = np.indices(sizes).reshape(len(sizes), -1)
    columns = {
        key: values.take(place) for key, (_, values), place in zip(keys, axes, places, strict=True)
    }
    found = np.bincount(cell, minlength=places.shape[1])
    return pd.DataFrame({**columns, "count": counts(found)})


def backlog(
    messages: pd.DataFrame,
    *,
    by: str = "day",
    tz: str | None = None,
    bots: str | Iterable[str] = (),
    bots_answer: bool = False,
    since: Any = None,
    now: Any = None,
) -> pd.DataFrame:
    """Count how many tickets are open, and how many questions wait, as time goes on.

    Tickets in which the customer wrote nothing do not count. A ticket is open from the
    customer's first message until it is resolved; a question waits until it is answered, or
    its ticket is resolved without an answer.

    Parameters
    ----------
    messages : pandas.DataFrame
        As in :func:`responses`.
    by : {"day", "week", "month"}
        Calendar periods; weeks begin on Monday.
    tz : str, optional
        The zone to count in; the frame's own where none is given.
    bots : str or Iterable[str], optional
        As in :func:`responses`.
    bots_answer : bool, default False
        As in :func:`responses`.
    since : str, datetime or Timestamp, optional
        Leave out the periods that ended before; what they left open is counted on.
    now : object, optional
        As in :func:`responses`.

    Returns
    -------
    pandas.DataFrame
        One row for each period, from that of the first question to that of ``now``, none left
        out: ``start`` datetime64[ms, tz], the moment at which it began; Int64 ``opened`` and
        ``resolved``, tickets in this period; ``open`` tickets and ``waiting`` questions at its
        end, of the last one at ``now``.

    Raises
    ------
    BadParameter
        As in :func:`responses`, or ``by`` or ``tz`` is unknown.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "2026-10-05 09:00 customer",
    ...     "2026-10-05 09:10 Ana",
    ...     "2026-10-07 09:12 Ana resolved",
    ...     "2026-10-07 11:00 customer",
    ...     "2026-10-07 11:10 Ana note",
    ... )
    >>> metrics.backlog(five)
                          start  opened  resolved  open  waiting
    0 2026-10-05 00:00:00+00:00       1         0     1        0
    1 2026-10-06 00:00:00+00:00       0         0     1        0
    2 2026-10-07 00:00:00+00:00       1         1     1        1
    >>> metrics.backlog(five, since="2026-10-07")["open"].tolist()
    [1]
    """
    if by not in PERIODS:
        raise BadParameter(f"by={by!r} is not a period.", f"Use one of: {', '.join(PERIODS)}.")
    arrays = message_arrays.read(messages, bots=bots, now=now)
    zone = check_tz_or(tz, arrays.tz)
    cuts = arrays.cut("ticket")
    asked = arrays.asked(cuts)
    starts, ends = arrays.at[asked[asked >= 0]], arrays.time(cuts.resolved[asked >= 0])
    found = responses(messages, bots=bots, bots_answer=bots_answer, now=now)
    questions = milliseconds(found, "asked_at")[0]
    answers = questions + lengths(found)
    answers[(found["outcome"] == "waiting").to_numpy()] = MISSING
    numbers = numbers_of(clock(np.array([starts.min(initial=arrays.now), arrays.now]), zone), by)
    first, size = numbers[0], numbers[1] - numbers[0] + 1 if len(starts) else 0

    def counted(at: Ints) -> Ints:
        there = numbers_of(clock(at[at != MISSING], zone), by)
        return np.bincount(there - first, minlength=size).astype(np.int64)

    opened, closed = counted(starts), counted(ends)
    waits = np.cumsum(counted(questions) - counted(answers))
    begin = beginning(since, zone)
    shown = 0 if begin == MISSING else numbers_of(clock(np.array([begin]), zone), by)[0] - first
    rows = pd.DataFrame(
        {
            "start": starts_of(first + np.arange(size), by, zone),
            "opened": counts(opened),
            "resolved": counts(closed),
            "open": counts(np.cumsum(opened - closed)),
            "waiting": counts(waits),
        }
    )
    return rows.iloc[max(0, shown) :].reset_index(drop=True)


def _axis(
    key: str, wall: pd.DatetimeIndex, frame: pd.DataFrame, there: Ints, zone: str
) -> tuple[Ints, Any]:
    """Give the code of each row along one axis, and the value of each code."""
    if key == "hour":
        return wall.hour.to_numpy().astype(np.int64), counts(np.arange(24))
    if key == "weekday":
        days = pd.Categorical(WEEKDAYS, categories=WEEKDAYS, ordered=True)
        return wall.day_of_week.to_numpy().astype(np.int64), days
    if key in PERIODS:
        numbers = numbers_of(wall, key)
        first = int(numbers.min()) if len(numbers) else 0
        size = int(numbers.max()) - first + 1 if len(numbers) else 0
        return numbers - first, starts_of(first + np.arange(size), key, zone)
    needs(frame, key, of="messages or conversations, or count by hour, weekday, day, week or month")
    try:
        codes, values = pd.factorize(frame[key].iloc[there], sort=True, use_na_sentinel=True)
        if any(map(pd.api.types.is_list_like, values)):
            raise TypeError("lists")
    except (TypeError, NotImplementedError):
        raise BadParameter(
            f"The column {key!r} holds values that cannot be counted by, such as lists.",
            "Make a row of each: metrics.join(frame, conversations, on='segment').",
        ) from None
    dtype = frame[key].dtype
    if (codes < 0).any():  # the missing come last
        codes = np.where(codes < 0, len(values), codes)
        values = values.append(pd.Index([None], dtype=dtype))
    return codes.astype(np.int64), pd.Series(values).astype(dtype).array
