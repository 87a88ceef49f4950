"""Days, weeks and months of the calendar, as numbers and as the moments at which they begin."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crisp_data.dates import localize_index
from crisp_data.metrics.frame_checks import Ints, times

PERIODS = ("day", "week", "month")
_THURSDAY = 3  # on which 1970 began


def clock(at: Ints, zone: str) -> pd.DatetimeIndex:
    """Give what the clocks of a zone show."""
    return times(at, zone).tz_localize(None)


def numbers_of(wall: pd.DatetimeIndex, by: str) -> Ints:
    """Number the periods since 1970."""
    if by == "month":
        return wall.to_numpy("M8[M]").view(np.int64)
    days = wall.to_numpy("M8[D]").view(np.int64)
    return days if by == "day" else (days + _THURSDAY) // 7


def starts_of(numbers: Ints, by: str, zone: str) -> pd.DatetimeIndex:
    """Give the moments at which periods begin; where clocks skip midnight, what follows it.

    Parameters
    ----------
    numbers : numpy.ndarray of int64
        Periods since 1970, as from `numbers_of`.
    by : str
        "day", "week" or "month".
    zone : str
        The zone.

    Returns
    -------
    pandas.DatetimeIndex
        The moments, in the zone.
    """
    days = numbers * 7 - _THURSDAY if by == "week" else numbers
    walls = pd.DatetimeIndex(days.view("M8[M]" if by == "month" else "M8[D]").astype("M8[ms]"))
    return localize_index(walls, zone)
