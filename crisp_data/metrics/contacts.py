"""Who writes, and what conversations are about: what figures are grouped by."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from crisp_data.errors import BadParameter
from crisp_data.metrics.frame_checks import milliseconds, names, needs

_CONVERSATIONS = "ws.conversations()"
_PEOPLE = "ws.conversations() or ws.people()"
# Python's own, for Arrow's regular expressions know ASCII letters only.
_MASKED = re.compile(r"[x\W]+")
_TEXTS = ("text", "note")


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
    _lists(conversations, "segments")
    rows = conversations[["session_id", "segments"]].explode("segments", ignore_index=True)
    rows = rows.rename(columns={"segments": "segment"}).dropna(subset="segment")
    return rows.astype({"segment": "str"}).reset_index(drop=True)


def domains(frame: pd.DataFrame, *, column: str = "email") -> pd.Series[Any]:
    """Take the domain out of each e-mail address.

    Parameters
    ----------
    frame : pandas.DataFrame
        Conversations, people or operators.
    column : str
        The column of addresses.

    Returns
    -------
    Series
        ``domain`` str, index as in ``frame``: what follows the last ``@``, in small letters;
        missing where there is no address.

    Raises
    ------
    BadParameter
        The frame lacks the column.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> metrics.domains(pd.DataFrame({"email": ["Ana@Shop.Example", None, "nobody"]})).tolist()
    ['shop.example', nan, nan]
    """
    needs(frame, column, of=_PEOPLE)
    found = frame[column].astype("str").str.extract(r"@([^@\s]+)\s*$", expand=False)
    return found.str.lower().astype("str").rename("domain")


def contacts(frame: pd.DataFrame) -> pd.DataFrame:
    """List the people behind conversations or profiles, one row each, for a spreadsheet.

    A person is an e-mail address in whatever case, or else a phone number; who left neither
    cannot be reached and has no row. What several rows tell of one person is what the latest
    of them tells, column by column.

    Parameters
    ----------
    frame : pandas.DataFrame
        Frame of the ``conversations`` or the ``people`` table.

    Returns
    -------
    pandas.DataFrame
        ``email``, ``phone``, ``nickname``, ``domain`` (of the e-mail), ``country``,
        ``language``, ``segments`` (all, as ``"trial, vip"``), all str; ``rows`` Int64, how many
        conversations or profiles; ``first_at`` and ``last_at``, the earliest ``created_at`` and
        the latest ``updated_at``. The latest first.

    Raises
    ------
    BadParameter
        The frame lacks a column.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> known = metrics.contacts(ws.conversations())
    >>> known["email"].dropna().is_unique
    True
    """
    columns = ["email", "phone", "nickname", "country"]
    needs(frame, *columns, "locales", "segments", "created_at", "updated_at", of=_PEOPLE)
    tz = milliseconds(frame, "updated_at")[1]
    _lists(frame, "segments", "locales")
    rows = frame[columns].astype("str")
    rows = rows.where(rows != "")
    rows["language"] = _languages(frame)
    rows["segments"] = frame["segments"]
    rows["created_at"], rows["updated_at"] = frame["created_at"], frame["updated_at"]
    rows["key"] = rows["email"].str.strip().str.lower().fillna(rows["phone"])
    rows = rows[rows["key"].notna()].sort_values("updated_at", na_position="first", kind="stable")
    people = rows.groupby("key")
    found = people[[*columns, "language"]].last()
    found.insert(3, "domain", domains(found))
    tags = rows[["key", "segments"]].explode("segments").dropna().drop_duplicates()
    tags = tags.astype("str").sort_values("segments")
    joined = tags.groupby("key")["segments"].agg(", ".join)
    found["segments"] = joined.reindex(found.index).astype("str")
    found["rows"] = people.size().astype("Int64")
    found["first_at"] = people["created_at"].min().dt.as_unit("ms").dt.tz_convert(tz)
    found["last_at"] = people["updated_at"].max().dt.as_unit("ms").dt.tz_convert(tz)
    return found.sort_values(
        ["last_at", "email", "phone"], ascending=[False, True, True], ignore_index=True
    )


def masked(messages: pd.DataFrame) -> pd.Series[Any]:
    r"""Tell which texts Crisp has masked, as it does with old ones of free workspaces.

    A masked text reads ``xxxx xx`` (*observed*): nothing but x, white space and punctuation,
    and more than one x. Times and writers stay right; what is measured by words is not.

    Parameters
    ----------
    messages : pandas.DataFrame
        Frame of the ``messages`` table.

    Returns
    -------
    Series
        ``masked`` boolean, index as in ``messages``; missing for what is no text or note. The
        mean is the share.

    Raises
    ------
    BadParameter
        The frame lacks a column.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> texts = pd.DataFrame({"type": "text", "content": ["xxxx xx, xxx!", "Xavier", "x"]})
    >>> metrics.masked(texts).mean()
    np.float64(0.3333333333333333)
    """
    needs(messages, "type", "content")
    found = messages["content"].map(_is_masked, na_action="ignore")
    is_text = messages["type"].isin(_TEXTS) & messages["content"].notna()
    return found.astype("boolean").where(is_text).rename("masked")


def _is_masked(text: Any) -> bool:
    return isinstance(text, str) and bool(_MASKED.fullmatch(text)) and text.count("x") > 1


def _lists(frame: pd.DataFrame, *columns: str) -> None:
    """Refuse texts in the place of lists: a plain reader of CSV makes them, and none is a name."""
    for name in columns:
        there = frame[name].dropna()
        if len(there) and isinstance(there.iloc[0], str):
            raise BadParameter(
                f"The column {name!r} holds texts, not lists.",
                "Read a file as a table: crisp.read(path, 'conversations').",
            )


def _languages(frame: pd.DataFrame) -> pd.Series[Any]:
    """Take the first of the locales of each row, without its region."""
    numbered = frame["locales"].reset_index(drop=True).explode()
    first = numbered[~numbered.index.duplicated()].astype("str")
    language = first.str.extract(r"^([^-_]+)", expand=False).str.lower()
    return language.astype("str").set_axis(frame.index)


def _plain(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda conversations: conversations[["session_id", column]].astype("str")


def _with_language(conversations: pd.DataFrame) -> pd.DataFrame:
    _lists(conversations, "locales")
    found = conversations[["session_id"]].assign(locales=_languages(conversations))
    return found.astype("str")


_ATTRIBUTES: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "segment": ("segments", segments),
    "topic": ("topic", _plain("topic")),
    "country": ("country", _plain("country")),
    "language": ("locales", _with_language),
    "inbox": ("inbox_id", _plain("inbox_id")),
    "origin": ("origin", _plain("origin")),
}
