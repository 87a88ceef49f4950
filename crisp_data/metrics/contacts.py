"""Who writes: the people behind conversations and profiles."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crisp_data.metrics.frame_checks import milliseconds, needs
from crisp_data.metrics.grouping import languages, lists

_PEOPLE = "ws.conversations() or ws.people()"


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
        The frame lacks a column, or its times have no zone.

    Examples
    --------
    >>> from crisp_data import metrics
    >>> known = metrics.contacts(ws.conversations())
    >>> known["email"].dropna().is_unique
    True
    """
    columns = ["email", "phone", "nickname", "country"]
    needs(frame, *columns, "locales", "segments", "created_at", "updated_at", of=_PEOPLE)
    milliseconds(frame, "created_at")  # refuses what has no zone
    tz = milliseconds(frame, "updated_at")[1]
    segments = lists(frame, "segments")
    rows = frame[columns].astype("str")
    rows = rows.where(rows != "")
    rows["language"] = languages(frame)
    rows["segments"] = segments
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
