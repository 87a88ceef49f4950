"""How long tickets take until they are resolved, and which are opened again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from crisp_data.metrics import message_arrays
from crisp_data.metrics.frame_checks import durations
from crisp_data.metrics.hours import BusinessHours, between


def resolution(
    messages: pd.DataFrame,
    *,
    per: str = "ticket",
    bots: str | Iterable[str] = (),
    hours: BusinessHours | None = None,
    now: Any = None,
) -> pd.DataFrame:
    """Measure the time from the customer's first message to the resolution.

    Of a conversation, to the resolution of its last ticket. A ticket in which the customer
    wrote nothing asked for nothing, and has no row.

    Parameters
    ----------
    messages : pandas.DataFrame
        As in :func:`tickets`.
    per : str, default "ticket"
        As in :func:`tickets`.
    bots : str or Iterable[str], optional
        As in :func:`tickets`.
    hours : BusinessHours, optional
        Count open time only.
    now : object, optional
        As in :func:`tickets`.

    Returns
    -------
    pandas.DataFrame
        ``session_id`` str, ``ticket`` Int64, ``asked_at``, ``resolved_at`` (missing while
        open), ``user_id`` and ``nickname`` str of who resolved, ``duration``
        timedelta64[ms] (until ``now`` while open), ``censored`` bool (open).

    Raises
    ------
    BadParameter
        As in :func:`tickets`.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer",
    ...     "09:10 Ana",
    ...     "09:12 Ana resolved",
    ...     "11:00 customer",
    ...     "11:30 Ben",
    ... )
    >>> metrics.resolution(five)[["ticket", "user_id", "duration", "censored"]]
       ticket user_id        duration  censored
    0       1     ana 0 days 00:12:00     False
    1       2     NaN 0 days 00:30:00      True
    """
    arrays = message_arrays.read(messages, bots=bots, now=now)
    cuts = arrays.cut(per)
    asked = arrays.asked(cuts)
    groups = np.flatnonzero(asked >= 0)
    asked, resolved = asked[groups], cuts.resolved[groups]
    end = np.where(resolved < 0, arrays.now, arrays.time(resolved))
    return pd.DataFrame(
        {
            **arrays.name(cuts, groups),
            "asked_at": arrays.when(asked),
            "resolved_at": arrays.when(resolved),
            **arrays.who(resolved),
            "duration": durations(between(arrays.time(asked), end, hours)),
            "censored": resolved < 0,
        }
    )


def reopenings(
    messages: pd.DataFrame, *, hours: BusinessHours | None = None, now: Any = None
) -> pd.DataFrame:
    """Tell each time that a customer wrote again after a resolution.

    Parameters
    ----------
    messages : pandas.DataFrame
        As in :func:`tickets`.
    hours : BusinessHours, optional
        Count open time only.
    now : object, optional
        As in :func:`tickets`.

    Returns
    -------
    pandas.DataFrame
        One row for each ticket after a conversation's first: ``session_id`` str, ``ticket``
        Int64 (the new one), ``resolved_at`` of the ticket before, ``user_id`` and
        ``nickname`` str of who resolved it, ``reopened_at``, ``duration`` timedelta64[ms]
        between the two.

    Raises
    ------
    BadParameter
        As in :func:`tickets`.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer",
    ...     "09:10 Ana",
    ...     "09:12 Ana resolved",
    ...     "09:14 Ana",
    ...     "11:00 customer",
    ... )
    >>> metrics.reopenings(five)[["ticket", "user_id", "duration"]]
       ticket user_id        duration
    0       2     ana 0 days 01:48:00
    """
    arrays = message_arrays.read(messages, now=now)
    cuts = arrays.cut("ticket")
    groups = np.flatnonzero(cuts.ticket > 1)
    before, after = cuts.resolved[groups - 1], cuts.first[groups]
    return pd.DataFrame(
        {
            **arrays.name(cuts, groups),
            "resolved_at": arrays.when(before),
            **arrays.who(before),
            "reopened_at": arrays.when(after),
            "duration": durations(between(arrays.time(before), arrays.time(after), hours)),
        }
    )
