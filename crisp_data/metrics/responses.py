"""How long customers wait for an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from crisp_data.metrics import message_arrays, message_roles
from crisp_data.metrics.frame_checks import (
    MISSING,
    counts,
    durations,
    length,
    milliseconds,
    moment,
    needs,
    times,
)
from crisp_data.metrics.hours import BusinessHours, between

OUTCOMES = ("answered", "resolved", "waiting")


def responses(
    messages: pd.DataFrame,
    *,
    per: str = "ticket",
    bots: str | Iterable[str] = (),
    bots_answer: bool = False,
    hours: BusinessHours | None = None,
    now: Any = None,
) -> pd.DataFrame:
    """Measure how long each of the customer's questions waited for an answer.

    A question is the customer's first message that no one has answered, with those that
    follow it until the answer. "Thanks!" is one too, for nothing in the data tells it apart:
    where the ticket is then resolved without a word, the outcome says so.

    Parameters
    ----------
    messages : pandas.DataFrame
        Frame of the ``messages`` table.
    per : {"ticket", "conversation"}
        With ``"conversation"`` a question stays open over a resolution: what the customer
        writes after it belongs to the same question.
    bots : iterable of str
        ``user_id`` or ``nickname`` of bots, besides what is ``automated``.
    bots_answer : bool
        Whether bots answer.
    hours : BusinessHours, optional
        Count open time only.
    now : str, datetime or Timestamp, optional
        The moment at which one looks; the latest time in the frame where none is given.

    Returns
    -------
    pandas.DataFrame
        One row for each question, conversations in the frame's order:

        - ``session_id`` str, ``ticket`` Int64, ``question`` Int64 (from 1 in each ticket)
        - ``asked_at``, ``answered_at`` (missing where nobody answered)
        - ``user_id`` and ``nickname`` str of who answered
        - ``duration`` timedelta64[ms]
        - ``outcome`` category: ``answered``; ``resolved``, where the ticket was resolved and
          nobody answered, with the time until the resolution; ``waiting``, with the time
          until ``now``
        - ``censored`` bool: not answered

    Raises
    ------
    BadParameter
        The frame lacks a column, its times name no zone, or an argument is unknown.

    Examples
    --------
    Ana answers the message of 09:00, ten minutes after it. The bot and the note answer nothing.

    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer", "09:01 bot", "09:04 customer", "09:05 Ben note", "09:10 Ana"
    ... )
    >>> metrics.responses(five)[["question", "user_id", "duration", "outcome"]]
       question user_id        duration   outcome
    0         1     ana 0 days 00:10:00  answered
    >>> metrics.responses(five, bots_answer=True)[["question", "nickname", "duration"]]
       question nickname        duration
    0         1      bot 0 days 00:01:00
    1         2      Ana 0 days 00:06:00
    >>> metrics.responses(five, now="2026-10-05 09:05")[["duration", "outcome", "censored"]]
             duration  outcome  censored
    0 0 days 00:05:00  waiting      True
    """
    arrays = message_arrays.read(messages, bots=bots, now=now)
    cuts = arrays.cut(per)
    rows = np.flatnonzero(arrays.answering(bots_answer) | (arrays.role == message_roles.CUSTOMER))
    asks = arrays.role[rows] == message_roles.CUSTOMER
    # Of each group's turns, the customer's are questions; an answer follows one of the group.
    group = cuts.of[rows]
    new_group = message_arrays.begins(group)
    turns = message_arrays.begins(asks) | new_group
    questions = np.flatnonzero(turns & asks)
    answers = np.flatnonzero(turns & ~asks & ~new_group)
    asked = rows[questions]
    answered = np.full(len(questions), -1, np.int64)
    answered[np.searchsorted(questions, answers) - 1] = rows[answers]

    groups = group[questions]
    resolved = np.where(answered < 0, cuts.resolved[groups], -1)
    end = np.where(answered >= 0, arrays.time(answered), arrays.time(resolved))
    end[end == MISSING] = arrays.now
    outcome = np.where(answered >= 0, 0, np.where(resolved >= 0, 1, 2)).astype(np.int8)
    number = np.arange(len(groups))
    first = np.maximum.accumulate(np.where(message_arrays.begins(groups), number, 0))
    return pd.DataFrame(
        {
            **arrays.name(cuts, groups),
            "question": counts(number - first + 1),
            "asked_at": arrays.when(asked),
            "answered_at": arrays.when(answered),
            **arrays.who(answered),
            "duration": durations(between(arrays.time(asked), end, hours)),
            "outcome": pd.Categorical.from_codes(outcome, pd.Index(OUTCOMES)),
            "censored": answered < 0,
        }
    )


def first_response(
    messages: pd.DataFrame,
    *,
    per: str = "ticket",
    bots: str | Iterable[str] = (),
    bots_answer: bool = False,
    hours: BusinessHours | None = None,
    now: Any = None,
) -> pd.DataFrame:
    """Measure how long the first question of each ticket waited for an answer.

    These are the rows of :func:`responses` whose ``question`` is 1, without that column: one
    for each ticket, or conversation, in which the customer wrote.

    Parameters
    ----------
    messages : pandas.DataFrame
        As in :func:`responses`.
    per : str, default "ticket"
        As in :func:`responses`.
    bots : str or Iterable[str], optional
        As in :func:`responses`.
    bots_answer : bool, default False
        As in :func:`responses`.
    hours : BusinessHours, optional
        As in :func:`responses`.
    now : object, optional
        As in :func:`responses`.

    Returns
    -------
    pandas.DataFrame
        Columns as in :func:`responses`, without ``question``.

    Raises
    ------
    BadParameter
        As in :func:`responses`.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer", "09:10 Ana", "09:11 customer", "09:12 Ana", "09:20 customer"
    ... )
    >>> metrics.first_response(five)[["ticket", "user_id", "duration", "outcome"]]
       ticket user_id        duration   outcome
    0       1     ana 0 days 00:10:00  answered
    """
    found = responses(messages, per=per, bots=bots, bots_answer=bots_answer, hours=hours, now=now)
    return found[found["question"] == 1].drop(columns="question").reset_index(drop=True)


def waiting(
    frame: pd.DataFrame,
    *,
    longer_than: Any = None,
    bots: str | Iterable[str] = (),
    bots_answer: bool = False,
    hours: BusinessHours | None = None,
    now: Any = None,
) -> pd.DataFrame:
    """Tell who waits for an answer now, the longest first.

    Parameters
    ----------
    frame : pandas.DataFrame
        Frame of the ``messages`` table: the questions that nobody answered in tickets that are
        not resolved, as in :func:`responses`. Or of the ``conversations`` table, which costs
        fewer requests: what Crisp itself tells in ``waiting_since``, of conversations that are
        not resolved; ``bots`` and ``bots_answer`` mean nothing there.
    longer_than : str or Timedelta, optional
        Only those who have waited longer, such as "2 days"; in open time with ``hours``.
    bots : str or Iterable[str], optional
        As in :func:`responses`.
    bots_answer : bool, default False
        As in :func:`responses`.
    hours : BusinessHours, optional
        As in :func:`responses`.
    now : str, datetime or Timestamp, optional
        The moment at which one looks; the latest ``timestamp`` or ``updated_at`` in the frame
        where none is given.

    Returns
    -------
    pandas.DataFrame
        ``session_id`` str, ``waiting_since``, ``duration`` timedelta64[ms].

    Raises
    ------
    BadParameter
        As in :func:`responses`, or ``longer_than`` is no duration.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer", "09:10 Ana", "09:30 customer", "09:31 customer", "09:40 Ana note"
    ... )
    >>> metrics.waiting(five, now="2026-10-08", longer_than="2 days")
      session_id             waiting_since        duration
    0  session_1 2026-10-05 09:30:00+00:00 2 days 14:30:00
    >>> conversations = ws.conversations(state="unresolved")
    >>> metrics.waiting(conversations, now="2026-11-02 09:00").columns.tolist()
    ['session_id', 'waiting_since', 'duration']
    """
    least = -1 if longer_than is None else length(longer_than, "longer_than")
    if isinstance(frame, pd.DataFrame) and "waiting_since" in frame:
        found = _waiting_conversations(frame, hours, now)
    else:
        asked = responses(frame, bots=bots, bots_answer=bots_answer, hours=hours, now=now)
        found = asked[asked["outcome"] == "waiting"].rename(columns={"asked_at": "waiting_since"})
    found = found[["session_id", "waiting_since", "duration"]]
    found = found[found["duration"].to_numpy("m8[ms]").view("i8") > least]
    return found.sort_values(["duration", "session_id"], ascending=[False, True], ignore_index=True)


def _waiting_conversations(
    conversations: pd.DataFrame, hours: BusinessHours | None, now: Any
) -> pd.DataFrame:
    """Read from conversations who waits."""
    needs(conversations, "session_id", "state", "updated_at", of="ws.conversations()")
    since, tz = milliseconds(conversations, "waiting_since")
    now_ms = moment(now, milliseconds(conversations, "updated_at")[0], tz)
    resolved = (conversations["state"] == "resolved").to_numpy(bool, na_value=False)
    rows = np.flatnonzero(~resolved & (since != MISSING) & (since <= now_ms))
    start = since[rows]
    return pd.DataFrame(
        {
            "session_id": conversations["session_id"].astype("str").array.take(rows),
            "waiting_since": times(start, tz),
            "duration": durations(between(start, np.full(len(rows), now_ms), hours)),
        }
    )
