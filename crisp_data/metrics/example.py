"""Threads written by hand, for examples and tests."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from crisp_data import tables

_DAY = "2026-10-05"  # a Monday


def thread(*lines: str, session_id: str = "session_1", tz: str = "UTC") -> pd.DataFrame:
    """Write a thread down, a line for each message, as a frame of the ``messages`` table.

    Parameters
    ----------
    *lines : str
        The time, on Monday 5 October 2026 unless a date stands before it; who writes:
        ``customer``, ``bot`` or the name of an operator; and, for what is no plain message,
        ``note`` or ``resolved``.
    session_id : str
        The conversation.
    tz : str
        The zone in which the lines and the frame tell times.

    Returns
    -------
    pandas.DataFrame
        Columns and dtypes as in ``crisp.schema("messages")``.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> five = metrics.thread(
    ...     "09:00 customer",
    ...     "09:01 bot",
    ...     "09:10 Ana",
    ...     "09:12 Ana resolved",
    ...     "2026-10-06 11:00 customer",
    ... )
    >>> five[["timestamp", "type", "from", "nickname"]]
                      timestamp   type      from  nickname
    0 2026-10-05 09:00:00+00:00   text      user  customer
    1 2026-10-05 09:01:00+00:00   text  operator       bot
    2 2026-10-05 09:10:00+00:00   text  operator       Ana
    3 2026-10-05 09:12:00+00:00  event  operator       Ana
    4 2026-10-06 11:00:00+00:00   text      user  customer
    """
    builder = tables.Builder("messages", tz=tz)
    records = [_record(number, line, tz) for number, line in enumerate(lines)]
    builder.add(json.dumps({"data": records}).encode(), session_id=session_id)
    return builder.frame()


def _record(number: int, line: str, tz: str) -> dict[str, Any]:
    words = line.split()
    day = words.pop(0) if "-" in words[0] else _DAY
    moment = pd.Timestamp(f"{day} {words.pop(0)}", tz=tz)
    who, kind = words[0], words[1] if len(words) > 1 else "text"
    resolved = {"namespace": "state:resolved", "text": "Conversation was resolved"}
    return {
        "fingerprint": number,
        "timestamp": round(moment.timestamp() * 1000),
        "type": "event" if kind == "resolved" else kind,
        "from": "user" if who == "customer" else "operator",
        "content": resolved if kind == "resolved" else "...",
        "automated": who == "bot",
        "user": {"nickname": who} if who == "bot" else {"nickname": who, "user_id": who.lower()},
    }
