"""What durations that are partly not over yet can tell: medians, curves, service levels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from crisp_data.metrics.frame_checks import (
    Flags,
    Ints,
    counts,
    durations,
    length,
    lengths,
    names,
    needs,
)
from crisp_data.metrics.message_arrays import begins

_WHERE = "responses(), first_response() or resolution()"
# What a product of floats may be off by, so that a half is a half.
_EXACT = 1e-12


def median(
    frame: pd.DataFrame, *, by: str | Iterable[str] | None = None, censored: bool = True
) -> Any:
    """Find the duration by which half are over, with what still lasts counted rightly.

    By Kaplan and Meier: a question that has waited an hour so far tells that its answer takes
    more than an hour, and no more than that. Where those that end without an answer are of
    another kind than the rest (say, nobody answers "Thanks!"), leave them out before:
    ``found[found["outcome"] != "resolved"]``.

    Parameters
    ----------
    frame : pandas.DataFrame
        What :func:`responses`, :func:`first_response` or :func:`resolution` returned, with
        further columns if one likes.
    by : str or iterable of str, optional
        Columns to group by; rows in which one is missing are a group too. Rows without a
        duration take no part.
    censored : bool
        False gives the median of what is over, as pandas does. It flatters: what takes longest
        is what is not over.

    Returns
    -------
    Timedelta or Series
        Missing where less than half are over. With ``by``, a Series of timedelta64[ms] whose
        index are the groups.

    Raises
    ------
    BadParameter
        The frame lacks a column.

    Examples
    --------
    Two answers after 10 and 20 minutes, and one question that waits for an hour: half are
    answered after 20 minutes, not after 15.

    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer", "09:10 Ana", "10:00 customer", "10:20 Ana", "11:00 customer"
    ... )
    >>> found = metrics.responses(five, now="2026-10-05 12:00")
    >>> metrics.median(found)
    Timedelta('0 days 00:20:00')
    >>> metrics.median(found, censored=False)
    Timedelta('0 days 00:15:00')
    """
    took, over, codes, groups = _read(frame, names(by))
    if censored:
        steps = _curve(took, over, codes)
        half = steps[steps["share"] >= 0.5 - _EXACT].groupby("group")["duration"].min()
    else:
        ended = pd.Series(durations(took[over]), dtype="m8[ms]")
        half = ended.groupby(codes[over]).median().astype("m8[ms]")
    half = half.reindex(range(len(groups)))
    if by is None:
        return half[0]
    return half.set_axis(groups.set_index(names(by)).index).rename("median")


def curve(frame: pd.DataFrame, *, by: str | Iterable[str] | None = None) -> pd.DataFrame:
    """Tell which share is over within each duration: the curve "answered within".

    By Kaplan and Meier, as in :func:`median`: the share is what one would see if all were
    waited for. Own code, for it is ten lines, and the packages that have it (lifelines,
    scikit-survival) bring scipy and more along.

    Parameters
    ----------
    frame : pandas.DataFrame
        As in :func:`median`.
    by : str or Iterable[str], optional
        As in :func:`median`.

    Returns
    -------
    pandas.DataFrame
        Columns of ``by``, then ``duration`` timedelta64[ms], at each at which something ended,
        ascending; ``at_risk`` Int64, those that had lasted so long; ``ended`` Int64;
        ``share`` Float64, over by then.

    Raises
    ------
    BadParameter
        The frame lacks a column.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer", "09:10 Ana", "10:00 customer", "10:20 Ana", "11:00 customer"
    ... )
    >>> metrics.curve(metrics.responses(five))
             duration  at_risk  ended     share
    0 0 days 00:10:00        2      1       0.5
    1 0 days 00:20:00        1      1       1.0
    """
    took, over, codes, groups = _read(frame, names(by))
    steps = _curve(took, over, codes)
    named = groups.take(steps.pop("group").to_numpy()).reset_index(drop=True)
    return pd.concat([named, steps], axis=1)


def service_level(
    frame: pd.DataFrame, *, within: Any, by: str | Iterable[str] | None = None
) -> pd.DataFrame:
    """Tell which share was answered (or resolved) within a time.

    What is over within the time was in time. What took longer, or has lasted longer so far,
    was late. What has not lasted so long and is not over, because one looks too early or the
    ticket was resolved without an answer, is undecided, and in no share.

    Parameters
    ----------
    frame : pandas.DataFrame
        As in :func:`median`.
    within : str, Timedelta, or several
        Such as "1 hour", or ["10 minutes", "1 hour", "8 hours"]; open time where the durations
        are. Exactly this long is in time.
    by : str or Iterable[str], optional
        As in :func:`median`.

    Returns
    -------
    pandas.DataFrame
        One row for each group and each time: columns of ``by``, ``within`` timedelta64[ms],
        ``total``, ``in_time``, ``late``, ``undecided`` Int64, and ``share`` Float64, in time
        of the decided; missing where nothing is decided.

    Raises
    ------
    BadParameter
        The frame lacks a column, or ``within`` is no duration.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer", "09:10 Ana", "10:00 customer", "10:20 Ana", "11:00 customer"
    ... )
    >>> found = metrics.responses(five, now="2026-10-05 11:12")
    >>> metrics.service_level(found, within=["10 minutes", "15 minutes"])
               within  total  in_time  late  undecided     share
    0 0 days 00:10:00      3        1     2          0  0.333333
    1 0 days 00:15:00      3        1     1          1       0.5
    """
    took, over, codes, groups = _read(frame, names(by))
    several = isinstance(within, Iterable) and not isinstance(within, str)
    limits = [length(limit, "within") for limit in (within if several else [within])]

    def counted(rows: Flags) -> Ints:
        return np.bincount(codes[rows], minlength=len(groups)).astype(np.int64)

    total = counted(np.ones(len(took), bool))
    parts = []
    for limit in limits:
        in_time, late = counted(over & (took <= limit)), counted(took > limit)
        decided = pd.Series(in_time + late, groups.index, "Int64")
        part = {
            "within": durations(np.full(len(groups), limit, np.int64)),
            "total": counts(total),
            "in_time": counts(in_time),
            "late": counts(late),
            "undecided": counts(total - in_time - late),
            "share": in_time / decided.where(decided > 0),
        }
        parts.append(groups.assign(**part))
    found = pd.concat(parts).sort_index(kind="stable")
    return found.reset_index(drop=True)


def _read(frame: pd.DataFrame, keys: list[str]) -> tuple[Ints, Flags, Ints, pd.DataFrame]:
    """Give durations, which of them are over, the group of each, and what groups are named."""
    needs(frame, "duration", "censored", *keys, of=_WHERE)
    frame = frame[frame["duration"].notna()]
    took, over = lengths(frame), ~np.asarray(frame["censored"], bool)
    if not keys:
        return took, over, np.zeros(len(frame), np.int64), pd.DataFrame(index=range(1))
    grouped = frame.groupby(keys, dropna=False, observed=True)
    groups = grouped.size().reset_index()[keys].astype(frame[keys].dtypes.to_dict())
    return took, over, np.asarray(grouped.ngroup(), np.int64), groups


def _curve(took: Ints, over: Flags, codes: Ints) -> pd.DataFrame:
    """Estimate for each group which share is over within each duration that occurs."""
    order = np.lexsort((took, codes))
    took, over, codes = took[order], over[order], codes[order]
    first = np.flatnonzero(begins(codes, took))
    ended = np.diff(np.append(0, np.cumsum(over))[np.append(first, len(over))])
    at_risk = np.searchsorted(codes, codes[first], side="right") - first
    group = codes[first]
    left = pd.Series(1 - ended / at_risk, dtype="float64").groupby(group).cumprod()
    steps = pd.DataFrame(
        {
            "group": group,
            "duration": durations(took[first]),
            "at_risk": counts(at_risk),
            "ended": counts(ended),
            "share": (1 - left).astype("Float64"),
        }
    )
    return steps.iloc[np.flatnonzero(ended)].reset_index(drop=True)
