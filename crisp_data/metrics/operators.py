"""What each operator does, and when."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from crisp_data.metrics import message_arrays
from crisp_data.metrics.frame_checks import Ints, beginning, milliseconds, names
from crisp_data.metrics.hours import BusinessHours
from crisp_data.metrics.message_arrays import MessageArrays
from crisp_data.metrics.responses import responses
from crisp_data.metrics.volume import volume


def by_operator(
    messages: pd.DataFrame,
    *,
    per: str = "ticket",
    bots: str | Iterable[str] = (),
    bots_answer: bool = False,
    hours: BusinessHours | None = None,
    since: Any = None,
    now: Any = None,
) -> pd.DataFrame:
    """Tell what each operator wrote, answered and resolved, and how long answers took.

    Parameters
    ----------
    messages : pandas.DataFrame
        As in :func:`responses`.
    per : str, default "ticket"
        As in :func:`responses`.
    bots : str or Iterable[str], optional
        As in :func:`responses`.
    bots_answer : bool
        Whether bots answer, and have rows.
    hours : BusinessHours, optional
        As in :func:`responses`.
    since : str, datetime or Timestamp, optional
        Count only what they wrote, answered and resolved from this moment on. An answer to a
        question that was asked before took its whole time.
    now : object, optional
        As in :func:`responses`.

    Returns
    -------
    pandas.DataFrame
        One row for each ``user_id`` that wrote a message or resolved a ticket, those with most
        messages first. Whoever has no ``user_id`` is identified by ``nickname``; those who
        have neither share a row.

        - ``user_id`` str, ``nickname`` str (the latest)
        - ``messages`` Int64, notes not counted; ``tickets`` Int64 in which they wrote them
        - ``replies`` Int64: questions answered; ``resolutions`` Int64: tickets resolved
        - ``median_response`` and ``p90_response`` timedelta64[ms]: what half and nine tenths
          of their replies took at most, between two of them in proportion. Nothing is
          censored here: a question that nobody answered is nobody's.

    Raises
    ------
    BadParameter
        As in :func:`responses`.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer", "09:10 Ana", "09:20 customer", "09:50 Ana", "10:00 Ben resolved"
    ... )
    >>> found = metrics.by_operator(five)
    >>> found[["nickname", "messages", "replies", "resolutions", "median_response"]]
      nickname  messages  replies  resolutions median_response
    0      Ana         2        2            0 0 days 00:20:00
    1      Ben         0        0            1             NaT
    >>> found = metrics.by_operator(five, since="2026-10-05 09:30")
    >>> found[["nickname", "messages", "replies", "median_response"]]
      nickname  messages  replies median_response
    0      Ana         1        1 0 days 00:30:00
    1      Ben         0        0             NaT
    """
    arrays = message_arrays.read(messages, bots=bots, now=now)
    cuts = arrays.cut(per)
    wrote = np.flatnonzero(arrays.answering(bots_answer))
    resolved = cuts.resolved[cuts.resolved >= 0]
    asked = responses(messages, per=per, bots=bots, bots_answer=bots_answer, hours=hours, now=now)
    answered = asked[~asked["censored"]].rename(columns={"answered_at": "at"})
    actions = pd.concat(
        [
            _actions(arrays, wrote).assign(messages=1, group=cuts.of[wrote]),
            _actions(arrays, resolved).assign(resolutions=1),
            answered[["user_id", "nickname", "at", "duration"]].assign(replies=1),
        ],
        ignore_index=True,
    )
    actions = actions[milliseconds(actions, "at")[0] >= beginning(since, arrays.tz)]
    people = _people(actions).groupby("person")
    took = people["duration"]
    found = pd.DataFrame(
        {
            "user_id": people["user_id"].first(),
            "nickname": people["nickname"].last(),
            "messages": people["messages"].sum().astype("Int64"),
            "tickets": people["group"].nunique().astype("Int64"),
            "replies": people["replies"].sum().astype("Int64"),
            "resolutions": people["resolutions"].sum().astype("Int64"),
            "median_response": took.quantile(0.5).astype("m8[ms]"),
            "p90_response": took.quantile(0.9).astype("m8[ms]"),
        }
    )
    by = {"messages": False, "user_id": True, "nickname": True}
    return found.sort_values(list(by), ascending=list(by.values()), ignore_index=True)


def load(
    messages: pd.DataFrame,
    *,
    by: str | Iterable[str] = "hour",
    tz: str | None = None,
    bots: str | Iterable[str] = (),
    bots_answer: bool = False,
    now: Any = None,
) -> pd.DataFrame:
    """Count what each operator writes by the hour of the day, or another period.

    Parameters
    ----------
    messages : pandas.DataFrame
        As in :func:`responses`.
    by : str or Iterable[str], default "hour"
        As in :func:`volume`.
    tz : str, optional
        As in :func:`volume`.
    bots : str or Iterable[str], optional
        As in :func:`responses`.
    bots_answer : bool
        Whether bots have rows.
    now : object, optional
        As in :func:`responses`.

    Returns
    -------
    pandas.DataFrame
        ``user_id`` and ``nickname`` str as in :func:`by_operator`, the column or columns of
        ``by``, and ``messages`` Int64: every hour of every operator, those without a message
        too.

    Raises
    ------
    BadParameter
        As in :func:`volume`.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer", "09:10 Ana", "09:20 Ana", "09:50 Ben", "10:00 Ben"
    ... )
    >>> metrics.load(five).query("messages > 0")
       user_id nickname  hour  messages
    9      ana      Ana     9         2
    33     ben      Ben     9         1
    34     ben      Ben    10         1
    """
    arrays = message_arrays.read(messages, bots=bots, now=now)
    people = _people(_actions(arrays, np.flatnonzero(arrays.answering(bots_answer))))
    counts = volume(people, by=["person", *names(by)], at="at", tz=tz)
    who = people.groupby("person")[["user_id", "nickname"]].last()
    found = who.join(counts.set_index("person"), how="right").reset_index(drop=True)
    return found.rename(columns={"count": "messages"})


def _actions(arrays: MessageArrays, rows: Ints) -> pd.DataFrame:
    return pd.DataFrame({**arrays.who(rows), "at": arrays.when(rows)})


def _people(actions: pd.DataFrame) -> pd.DataFrame:
    """Number whoever acts, and sort their actions by time."""
    alias = actions["nickname"].where(actions["user_id"].isna())
    person = actions.groupby([actions["user_id"], alias], dropna=False).ngroup()
    return actions.assign(person=person).sort_values("at", kind="stable")
