"""What conversations are about: what figures are grouped by."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from crisp_data.errors import BadParameter
from crisp_data.metrics.frame_checks import names, needs

_CONVERSATIONS = "ws.conversations()"


def join(
    frame: pd.DataFrame, conversations: pd.DataFrame, *, on: str | Iterable[str]
) -> pd.DataFrame:
    """Add to each row what its conversation is about, to group by it.

    Parameters
    ----------
    frame : pandas.DataFrame
        Anything with ``session_id``: messages, or what a function of this room returned.
    conversations : pandas.DataFrame
        Frame of the ``conversations`` table.
    on : str or iterable of str
        ``"segment"``, ``"topic"``, ``"country"``, ``"language"`` (the first that the browser
        asks for, without its region: ``fr``), ``"inbox"`` (its ``inbox_id``; missing is the
        main inbox) or ``"origin"``.

    Returns
    -------
    pandas.DataFrame
        The rows of ``frame`` in their order, newly numbered, with a column of str for each of
        ``on``; missing where the conversation has none or is not in ``conversations``. With
        ``"segment"`` a row is there once for each segment, so sums over segments count twice
        what has two.

    Raises
    ------
    BadParameter
        A column is missing, is there already, or ``on`` is unknown.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> conversations = ws.conversations(limit=50)
    >>> answers = metrics.first_response(ws.messages(conversations))
    >>> answers = metrics.join(answers, conversations, on="country")
    >>> metrics.service_level(answers, within="1 hour", by="country").columns.tolist()[:2]
    ['country', 'within']
    """
    needs(frame, "session_id", of="ws.messages(), or of this room")
    joined = frame.reset_index(drop=True)
    for name in names(on):
        if name not in _ATTRIBUTES:
            raise BadParameter(f"on={name!r} is unknown.", f"Use one of: {', '.join(_ATTRIBUTES)}.")
        if name in joined:
            raise BadParameter(f"The frame has a column {name!r} already.", "Rename or drop it.")
        column, found = _ATTRIBUTES[name]
        needs(conversations, "session_id", column, of=_CONVERSATIONS)
        once = conversations.drop_duplicates("session_id", keep="last")
        values = found(once.reset_index(drop=True)).rename(columns={column: name})
        values = values[values["session_id"].notna()]
        joined = joined.merge(values, how="left", on="session_id")
    return joined


def segments(conversations: pd.DataFrame) -> pd.DataFrame:
    """Give one row for each conversation and segment.

    Parameters
    ----------
    conversations : pandas.DataFrame
        Frame of the ``conversations`` table.

    Returns
    -------
    pandas.DataFrame
        ``session_id`` and ``segment``, both str; conversations without segments have no row.

    Raises
    ------
    BadParameter
        The frame lacks a column.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> metrics.segments(ws.conversations(limit=50)).columns.tolist()
    ['session_id', 'segment']
    """
    needs(conversations, "session_id", "segments", of=_CONVERSATIONS)
    rows = conversations[["session_id"]].assign(segments=lists(conversations, "segments"))
    rows = rows.explode("segments", ignore_index=True)
    rows = rows.rename(columns={"segments": "segment"}).dropna(subset="segment")
    return rows.astype({"segment": "str"}).reset_index(drop=True)


def lists(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Take a column of lists, which may be categories: pandas explodes none of those.

    Texts in their place are refused: a plain reader of CSV makes them, and none is a name.
    """
    found = frame[name]
    if isinstance(found.dtype, pd.CategoricalDtype):
        found = found.astype("object")
    there = found.dropna()
    if len(there) and isinstance(there.iloc[0], str):
        raise BadParameter(
            f"The column {name!r} holds texts, not lists.",
            "Read a file as a table: crisp.read(path, 'conversations').",
        )
    return found


def languages(frame: pd.DataFrame) -> pd.Series[Any]:
    """Take the first of the locales of each row, without its region."""
    numbered = lists(frame, "locales").reset_index(drop=True).explode()
    first = numbered[~numbered.index.duplicated()].astype("str")
    language = first.str.extract(r"^([^-_]+)", expand=False).str.lower()
    return language.astype("str").set_axis(frame.index)


def _plain(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda conversations: conversations[["session_id", column]].astype("str")


def _with_language(conversations: pd.DataFrame) -> pd.DataFrame:
    found = conversations[["session_id"]].assign(locales=languages(conversations))
    return found.astype("str")


_ATTRIBUTES: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "segment": ("segments", segments),
    "topic": ("topic", _plain("topic")),
    "country": ("country", _plain("country")),
    "language": ("locales", _with_language),
    "inbox": ("inbox_id", _plain("inbox_id")),
    "origin": ("origin", _plain("origin")),
}
