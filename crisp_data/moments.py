"""``since`` and ``until``: what an analyst writes, as an exact moment.

A moment without a zone is read in the stated time zone. A day without a time means its
beginning for ``since`` and its end for ``until``, as in pandas' own slicing.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from crisp_data.errors import BadParameter

_AGO = re.compile(r"(\d+)\s*(minute|hour|day|week|month|year)s?\s+ago", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")
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
    whole_day = isinstance(value, date) and not isinstance(value, datetime)
    today = pd.Timestamp(now).tz_convert(tz).normalize()
    if isinstance(value, str):
        text = value.strip().lower()
        whole_day = bool(_DAY.fullmatch(text)) or text in ("today", "yesterday")
        ago = _AGO.fullmatch(text)
        if ago:
            units: dict[str, Any] = {f"{ago[2]}s": int(ago[1])}
            offset = pd.DateOffset(**units)
            return _exact(pd.Timestamp(now).tz_convert(tz) - offset, tz, name)
        if text in ("today", "yesterday"):
            value = today - pd.DateOffset(days=int(text == "yesterday"))
        elif not re.match(r"\d{4}-", text):  # dateutil would read "10" or "monday" as something
            raise BadParameter(f"{name} is not a moment that can be read.", _HINT)
    elif not isinstance(value, (date, datetime, np.datetime64)):
        raise BadParameter(f"{name} is a {type(value).__name__}, not a moment.", _HINT)
    try:
        stamp = _exact(pd.Timestamp(value), tz, name)
    except (ValueError, OverflowError):
        raise BadParameter(f"{name} is not a moment that can be read.", _HINT) from None
    if whole_day and name == "until":
        end = stamp.tz_convert(tz) + pd.DateOffset(days=1)
        return end.tz_convert("UTC") - timedelta(milliseconds=1)
    return stamp


def _exact(stamp: pd.Timestamp, tz: str, name: str) -> pd.Timestamp:
    if pd.isna(stamp):
        raise BadParameter(f"{name} is not a moment that can be read.", _HINT)
    if stamp.tzinfo is None:
        # The hour that a clock change skips or repeats: the later reading for an end,
        # the earlier for a start, so that nothing is left out.
        first = name == "since"
        stamp = stamp.tz_localize(tz, ambiguous=first, nonexistent="shift_forward")
    return stamp.tz_convert("UTC").floor("ms")
