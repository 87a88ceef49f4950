"""What became of messages, as frames; none of them holds a text of the journal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

import pandas as pd

from crisp_data.outbox.message_record import STATES, Row


def journal_frame(rows: Iterable[Row], tz: str) -> pd.DataFrame:
    """Give one row a message, as :meth:`crisp_data.outbox.Outbox.frame` documents it."""
    table = pd.DataFrame([asdict(row) for row in rows], columns=[*Row.__slots__])
    return pd.DataFrame(
        {
            "fingerprint": table["fingerprint"].astype("Int64"),
            "session_id": table["session_id"].astype("str"),
            "batch": table["batch"].astype("str"),
            "state": pd.Categorical(table["state"], categories=list(STATES)),
            "tries": table["tries"].astype("Int64"),
            "reason": table["refusal"].astype("str"),
            "queued_at": moments(table["added_at"], tz),
            "tried_at": moments(table["tried_at"], tz),
            "sent_at": moments(table["sent_at"], tz),
        }
    )


def outcomes(drafted: pd.DataFrame, rows: Sequence[Row | None], tz: str) -> pd.DataFrame:
    """Add to a dry run what became of each of its rows.

    Parameters
    ----------
    drafted : pandas.DataFrame
        The dry run: ``session_id``, ``text`` and ``reason``.
    rows : Sequence[Row or None]
        For each of its rows the message in the journal; None where there is none.
    tz : str
        The zone of the times.

    Returns
    -------
    pandas.DataFrame
        As from :meth:`crisp_data.Workspace.send_many`.
    """
    met = ["cancelled" if row is None else row.refused for row in rows]
    reasons = [before or after for before, after in zip(drafted["reason"], met, strict=True)]
    states = [row.state if row else None for row in rows]
    return drafted.assign(
        reason=pd.Series(reasons, index=drafted.index, dtype="str"),
        fingerprint=pd.array([row.fingerprint if row else None for row in rows], "Int64"),
        state=pd.Categorical(states, categories=list(STATES)),
        sent_at=moments([row.sent_at if row else None for row in rows], tz),
    )


def moments(seconds: Iterable[float | None], tz: str) -> pd.DatetimeIndex:
    """Turn seconds since 1970 into times of a zone, to the millisecond."""
    found = [None if pd.isna(at) else round(at * 1000) for at in seconds]
    times = pd.to_datetime(pd.array(found, dtype="Int64"), unit="ms", utc=True)
    return pd.DatetimeIndex(times).as_unit("ms").tz_convert(tz)
