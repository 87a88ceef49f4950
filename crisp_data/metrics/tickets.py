"""Conversations cut into tickets, and what is in each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from crisp_data.metrics import message_arrays, message_roles
from crisp_data.metrics.frame_checks import Ints, counts
from crisp_data.metrics.message_arrays import MessageArrays, TicketBounds


def tickets(
    messages: pd.DataFrame,
    *,
    per: str = "ticket",
    bots: str | Iterable[str] = (),
    bots_answer: bool = False,
    now: Any = None,
) -> pd.DataFrame:
    """Cut conversations into tickets, or take each as one, and count what is in them.

    Parameters
    ----------
    messages : pandas.DataFrame
        Frame of the ``messages`` table.
    per : {"ticket", "conversation"}
        One row for each ticket, or for each conversation.
    bots : iterable of str
        ``user_id`` or ``nickname`` of bots, besides what is ``automated``.
    bots_answer : bool
        Whether what bots write is a touch too.
    now : str, datetime or Timestamp, optional
        The moment at which one looks; the latest time in the frame where none is given.

    Returns
    -------
    pandas.DataFrame
        Conversations in the frame's order, tickets by number:

        - ``session_id`` str, ``ticket`` Int64
        - ``opened_at``: time of the first row of any kind
        - ``asked_at``: time of the customer's first message; missing where there is none
        - ``resolved_at`` and ``resolved_by`` str: the resolution and the ``user_id`` of who did
          it; missing while open
        - ``last_at``: time of the last row of any kind
        - ``customer_messages``, ``operator_messages`` (people's), ``bot_messages``, ``notes``:
          Int64
        - ``touches`` Int64: how often people wrote; messages without one of the customer's
          between them are one touch
        - ``reopenings`` Int64: how often the customer wrote again after a resolution; of a
          ticket 1 where another follows it, otherwise 0

    Raises
    ------
    BadParameter
        The frame lacks a column, its times name no zone, or ``per`` or ``now`` is unknown.

    Examples
    --------
    The message of 09:14 comes after the resolution and belongs to the first ticket all the
    same; the customer's next one opens the second.

    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer",
    ...     "09:10 Ana",
    ...     "09:12 Ana resolved",
    ...     "09:14 Ana",
    ...     "11:00 customer",
    ... )
    >>> found = metrics.tickets(five)
    >>> found[["ticket", "resolved_by", "operator_messages", "touches", "reopenings"]]
       ticket resolved_by  operator_messages  touches  reopenings
    0       1         ana                  2        1           1
    1       2         NaN                  0        0           0
    >>> metrics.tickets(five, per="conversation")[["ticket", "resolved_by", "reopenings"]]
       ticket resolved_by  reopenings
    0       1         NaN           1
    """
    arrays = message_arrays.read(messages, bots=bots, now=now)
    cuts = arrays.cut(per)
    last = np.append(cuts.first[1:], len(arrays.at))[: len(cuts)] - 1

    def counted(role: int) -> Any:
        return counts(cuts.count(arrays.role == role))

    return pd.DataFrame(
        {
            **arrays.name(cuts),
            "opened_at": arrays.when(cuts.first),
            "asked_at": arrays.when(arrays.asked(cuts)),
            "resolved_at": arrays.when(cuts.resolved),
            "resolved_by": arrays.text("user_id", cuts.resolved),
            "last_at": arrays.when(last),
            "customer_messages": counted(message_roles.CUSTOMER),
            "operator_messages": counted(message_roles.PERSON),
            "bot_messages": counted(message_roles.BOT),
            "notes": counted(message_roles.NOTE),
            "touches": counts(_touches(arrays, cuts, bots_answer)),
            "reopenings": counts(cuts.reopenings),
        }
    )


def one_touch(
    messages: pd.DataFrame,
    *,
    per: str = "ticket",
    bots: str | Iterable[str] = (),
    bots_answer: bool = False,
    now: Any = None,
) -> pd.DataFrame:
    """Tell which tickets one touch was enough for.

    Those that are resolved, in which people wrote once (any number of messages until the
    customer wrote again), and after which the customer did not come back. Open tickets are
    undecided, and missing; the mean of the column is the share of the decided. A ticket in
    which the customer wrote nothing has no row.

    Parameters
    ----------
    messages : pandas.DataFrame
        As in :func:`tickets`.
    per : str, default "ticket"
        As in :func:`tickets`.
    bots : str or Iterable[str], optional
        As in :func:`tickets`.
    bots_answer : bool, default False
        As in :func:`tickets`.
    now : object, optional
        As in :func:`tickets`.

    Returns
    -------
    pandas.DataFrame
        ``session_id`` str, ``ticket`` Int64, ``touches`` Int64, ``one_touch`` boolean.

    Raises
    ------
    BadParameter
        As in :func:`tickets`.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer", "09:10 Ana", "09:11 Ana", "09:15 customer", "09:20 Ana resolved"
    ... )
    >>> metrics.one_touch(five)["one_touch"].mean()
    np.float64(1.0)
    """
    found = tickets(messages, per=per, bots=bots, bots_answer=bots_answer, now=now)
    found = found[found["asked_at"].notna()].reset_index(drop=True)
    enough = (found["touches"] == 1) & (found["reopenings"] == 0)
    decided = enough.astype("boolean").where(found["resolved_at"].notna())
    return found[["session_id", "ticket", "touches"]].assign(one_touch=decided)


def _touches(arrays: MessageArrays, cuts: TicketBounds, bots_answer: bool) -> Ints:
    answers = arrays.answering(bots_answer)
    rows = np.flatnonzero(answers | (arrays.role == message_roles.CUSTOMER))
    turns = message_arrays.begins(cuts.of[rows], answers[rows])
    return cuts.count(rows[turns & answers[rows]])
