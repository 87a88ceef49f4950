"""``since`` and ``until``: what an analyst writes, as an exact moment.

A moment without a zone is read in the stated time zone. A day without a time means its
beginning for ``since`` and its end for ``until``, as in pandas' own slicing.
"""

from __future__ import annotations

import re
from datetime import MAXYEAR, MINYEAR, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from crisp_data.errors import BadParameter

_AGO = re.compile(r"(\d+)\s*(minute|hour|day|week|month|year)s?\s+ago", re.ASCII)
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


def check_tz(tz: str) -> str:
    """Check the name of a time zone."""
    try:
        ZoneInfo(tz)
    except (KeyError, ValueError, OSError, TypeError):
        raise BadParameter(
            f"There is no time zone {tz!r}.", "Use an IANA name such as 'Europe/Paris' or 'UTC'."
        ) from None
    return tz


def window(
    since: Any, until: Any, *, tz: str, now: datetime
) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    """Read both ends of a period; each is None where it is open.

    Raises
    ------
    BadParameter
        Not a moment, or a period that cannot hold anything.
    """
    start = moment(since, "since", tz=tz, now=now)
    end = moment(until, "until", tz=tz, now=now)
    if start is not None and start > now:
        raise BadParameter("since lies in the future: nothing can match.", _HINT)
    if start is not None and end is not None and start > end:
        raise BadParameter("since lies after until: nothing can match.", "Swap the two.")
    return start, end


def moment(value: Any, name: str, *, tz: str, now: datetime) -> pd.Timestamp | None:
    """Read one moment; the result is in UTC, to the millisecond that Crisp knows."""
    if value is None:
        return None
    try:
        return _read(value, name, tz, pd.Timestamp(now).tz_convert(tz))
    except BadParameter:
        raise
    except (ValueError, OverflowError, NotImplementedError):  # pandas beyond the year 9999
        raise BadParameter(f"{name} is not a moment that can be read.", _HINT) from None


def _read(value: Any, name: str, tz: str, now: pd.Timestamp) -> pd.Timestamp:
    if isinstance(value, str):
        text = value.strip().lower()
        if ago := _AGO.fullmatch(text):
            units: dict[str, Any] = {f"{ago[2]}s": int(ago[1])}
            return _exact(now - pd.DateOffset(**units), tz, name == "since")
        if text in ("today", "yesterday"):
            # Wall time: some zones change their clocks at midnight and have days without one.
            today = now.tz_localize(None).normalize()
            stamp, whole_day = today - pd.Timedelta(days=int(text == "yesterday")), True
        elif written := _WRITTEN.fullmatch(text):
            stamp, whole_day = pd.Timestamp(value.strip()), written["day"] == text
        else:
            raise ValueError
    elif isinstance(value, (date, datetime, np.datetime64)):
        stamp, whole_day = pd.Timestamp(value), _is_day(value)
    else:
        raise BadParameter(f"{name} is a {type(value).__name__}, not a moment.", _HINT)
    if whole_day and name == "until":
        return _exact(stamp + pd.Timedelta(days=1), tz, True) - pd.Timedelta(milliseconds=1)
    return _exact(stamp, tz, name == "since")


def _is_day(value: Any) -> bool:
    """Tell a day from a moment that happens to be midnight."""
    if isinstance(value, np.datetime64):
        return np.datetime_data(value.dtype)[0] == "D"
    return not isinstance(value, datetime)


def _exact(stamp: pd.Timestamp, tz: str, first: bool) -> pd.Timestamp:
    """Place a moment in UTC.

    The hour that a clock change repeats is read as its first pass for a start and its second
    for an end, so that nothing is left out; one that it skips, as the moment of the change.
    """
    if pd.isna(stamp):
        raise ValueError
    if stamp.tzinfo is None:
        stamp = stamp.tz_localize(tz, ambiguous=first, nonexistent="shift_forward")
    stamp = stamp.tz_convert("UTC").floor("ms")
    if not MINYEAR <= stamp.year <= MAXYEAR:  # pandas goes further than ISO 8601
        raise ValueError
    return stamp
