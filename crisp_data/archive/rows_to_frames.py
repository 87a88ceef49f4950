"""Archived rows as the frames that a workspace gives."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crisp_data import filters, tables
from crisp_data.archive.table import DELETED, MOMENT, MONTH, ArchiveTable, having
from crisp_data.arguments import check_names
from crisp_data.errors import BadParameter, warn
from crisp_data.plurals import count
from crisp_data.tables.kinds import TIME, encode, in_zone


def columns_of(table: ArchiveTable, columns: Sequence[str] | None) -> list[str]:
    """Give the columns that are asked for; all of the table's where none are named."""
    known = [column.name for column in table.declared.columns]
    asked = known if columns is None else check_names("columns", columns)
    if unknown := [name for name in asked if name not in known]:
        raise BadParameter(
            f"{table.name} has no column {', '.join(map(repr, unknown))}.",
            f"crisp.schema({table.name!r}) lists them.",
        )
    if twice := [name for name in known if asked.count(name) > 1]:
        raise BadParameter(
            f"The column {', '.join(map(repr, twice))} is asked for twice.",
            "Name each column once: columns=list(dict.fromkeys(columns)).",
        )
    return asked


def newest_first(rows: pa.Table) -> pa.Table:
    """Bring conversations into the order of Crisp's listing."""
    return rows.sort_by([("updated_at", "descending"), ("session_id", "ascending")])


def conversations(
    table: ArchiveTable,
    wanted: filters.ConversationFilter,
    columns: Sequence[str] | None,
    tz: str,
    deleted: bool,
) -> pd.DataFrame:
    """Read conversations, most recently updated first.

    Parameters
    ----------
    table : ArchiveTable
        The archive's ``conversations``.
    wanted : filters.ConversationFilter
        The filter that rows must pass.
    columns : Sequence[str] or None
        Names of the columns to read; None for all.
    tz : str
        The zone of the times.
    deleted : bool
        Whether to add rows that are gone at Crisp, and the column ``deleted_at``.

    Returns
    -------
    pandas.DataFrame
        The columns asked for, one row per conversation.
    """
    shown = [*columns_of(table, columns), *([DELETED] if deleted else [])]
    needed = dict.fromkeys([*shown, *wanted.columns, "updated_at", "session_id"])
    period = _between("updated_at", wanted.start, wanted.end)
    rows = newest_first(table.read(list(needed), _all(*period, table.shown(deleted))))
    return wanted.of(_frame(table, rows, tz))[shown]


def messages(
    tables: Mapping[str, ArchiveTable],
    asked: Sequence[str] | None,
    start: pd.Timestamp | None,
    end: pd.Timestamp | None,
    columns: Sequence[str] | None,
    tz: str,
    deleted: bool,
) -> pd.DataFrame:
    """Read the messages of conversations, thread by thread.

    Parameters
    ----------
    tables : Mapping[str, ArchiveTable]
        The archive's tables by name.
    asked : Sequence[str] or None
        The conversations' ``session_id``, in the order wanted; None for all, most recently
        updated first.
    start : pandas.Timestamp or None
        The earliest time of writing; None for no bound.
    end : pandas.Timestamp or None
        The latest time of writing; None for no bound.
    columns : Sequence[str] or None
        Names of the columns to read; None for all.
    tz : str
        The zone of the times.
    deleted : bool
        Whether to add rows that are gone at Crisp, and the column ``deleted_at``.

    Returns
    -------
    pandas.DataFrame
        The columns asked for, one row per message.
    """
    listed, table = tables["conversations"], tables["messages"]
    shown = [*columns_of(table, columns), *([DELETED] if deleted else [])]
    conditions = [*_between("timestamp", start, end), table.shown(deleted)]
    if asked is None:
        rows = newest_first(listed.read(["session_id", "updated_at"], listed.shown(deleted)))
        order = rows["session_id"].combine_chunks()
    else:
        # Not by what the caller's frame says of a creation: it may be merged, or of another zone.
        order = pa.array(asked, pa.large_string())
        there = listed.read(["session_id", MONTH], having(order))
        months = pc.unique(there[MONTH])
        if missing := len(set(asked)) - len(pc.unique(there["session_id"])):
            warn(
                f"The archive does not have {count(missing, 'conversation')} of those asked for, "
                "nor what was said there."
            )
        conditions += [pc.field(MONTH).isin(months), having(order)]
    needed = dict.fromkeys([*shown, "session_id", "timestamp", "fingerprint"])
    rows = table.read(list(needed), _all(*conditions))
    rank = pc.index_in(rows["session_id"], value_set=order)
    keys = pa.table({"rank": rank, "at": rows["timestamp"], "mark": rows["fingerprint"]})
    return _frame(table, _sorted(rows.select(shown), keys), tz)


def _sorted(rows: pa.Table, keys: pa.Table) -> pa.Table:
    """Bring rows into the order of their keys; rows without a place leave."""
    places = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names])
    placed = len(keys) - keys["rank"].null_count
    places = places.to_numpy()[:placed]  # nulls sort last
    if placed == len(keys) and np.array_equal(places, np.arange(placed)):
        return rows
    return rows.take(pa.array(places))


def whole(table: ArchiveTable, tz: str) -> pd.DataFrame:
    """Read all of a table that each sync writes anew."""
    return _frame(table, table.read(columns_of(table, None)), tz)


def _frame(table: ArchiveTable, rows: pa.Table, tz: str) -> pd.DataFrame:
    """Give archived rows the dtypes of their table."""
    declared = {column.name: column for column in table.declared.columns}
    arrays: dict[str, Any] = {}
    for name in rows.column_names:
        kind = in_zone(declared[name].kind if name in declared else TIME, tz)
        column = rows[name]
        if kind.categories:
            # A table of no rows has no chunk that could say which categories there are.
            pieces = column.chunks or [pa.array([], column.type)]
            chunks = [encode(kind, piece) for piece in pieces]
            column = pa.chunked_array(chunks, kind.arrow)
        arrays[name] = column.cast(kind.arrow)
    return tables.to_frame(pa.table(arrays))


def _between(
    name: str, start: pd.Timestamp | None, end: pd.Timestamp | None
) -> tuple[pc.Expression | None, pc.Expression | None]:
    first, last = (
        None if at is None else pa.scalar(at.to_pydatetime(), MOMENT) for at in (start, end)
    )
    field = pc.field(name)
    return None if first is None else field >= first, None if last is None else field <= last


def _all(*conditions: pc.Expression | None) -> pc.Expression | None:
    given = [one for one in conditions if one is not None]
    return functools.reduce(operator.and_, given) if given else None
