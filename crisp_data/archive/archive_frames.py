"""Archived rows as the frames that a workspace gives."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crisp_data import filters, tables
from crisp_data.archive.table import DELETED, MONTH, ArchiveTable
from crisp_data.errors import BadParameter
from crisp_data.tables.kinds import TIME, encode, in_zone


def check_columns(kept: ArchiveTable, columns: Sequence[str] | None) -> list[str]:
    """Give the columns that are asked for; all of the table's where none are named."""
    known = [column.name for column in kept.table.columns]
    if columns is None:
        return known
    asked = [columns] if isinstance(columns, str) else list(columns)
    if unknown := [name for name in asked if name not in known]:
        raise BadParameter(
            f"{kept.table.name} has no column {', '.join(map(repr, unknown))}.",
            f"crisp.schema({kept.table.name!r}) lists them.",
        )
    return asked


@dataclass(frozen=True)
class Order:
    """Whose threads are read, in which order; ``months`` None means all that there are."""

    session_ids: pa.ChunkedArray
    months: pa.Array | None = None

    @property
    def where(self) -> pc.Expression | None:
        """Choose their rows, and the files that can hold them."""
        if self.months is None:
            return None
        ids = self.session_ids.combine_chunks()
        return pc.field(MONTH).isin(self.months) & pc.field("session_id").isin(ids)


def newest_first(rows: pa.Table) -> pa.Table:
    """Bring conversations into the order of Crisp's listing."""
    return rows.sort_by([("updated_at", "descending"), ("session_id", "ascending")])


def conversations(
    kept: ArchiveTable,
    wanted: filters.ConversationFilter,
    columns: list[str],
    tz: str,
    deleted: bool,
) -> pd.DataFrame:
    """Read conversations, most recently updated first.

    Parameters
    ----------
    kept : ArchiveTable
        The archive's ``conversations``.
    wanted : filters.ConversationFilter
        The filter that rows must pass.
    columns : list[str]
        Names of the columns to read.
    tz : str
        The zone of the times.
    deleted : bool
        Whether to add rows that are gone at Crisp, and the column ``deleted_at``.

    Returns
    -------
    pandas.DataFrame
        The columns asked for, one row per conversation.
    """
    where = _all(_between("updated_at", wanted.start, wanted.end), None if deleted else kept.there)
    own = [DELETED] if deleted else []
    needed = [*columns, *wanted.columns, "updated_at", "session_id", *own]
    rows = newest_first(kept.read(list(dict.fromkeys(needed)), where))
    return wanted.of(_frame(kept, rows, tz))[[*columns, *own]]


def messages(
    kept: ArchiveTable,
    order: Order,
    start: pd.Timestamp | None,
    end: pd.Timestamp | None,
    columns: list[str],
    tz: str,
    deleted: bool,
) -> pd.DataFrame:
    """Read the messages of conversations, thread by thread.

    Parameters
    ----------
    kept : ArchiveTable
        The archive's ``messages``.
    order : Order
        Which conversations, in which order.
    start : pandas.Timestamp or None
        The earliest time of writing; None for no bound.
    end : pandas.Timestamp or None
        The latest time of writing; None for no bound.
    columns : list[str]
        Names of the columns to read.
    tz : str
        The zone of the times.
    deleted : bool
        Whether to add rows that are gone at Crisp, and the column ``deleted_at``.

    Returns
    -------
    pandas.DataFrame
        The columns asked for, one row per message.
    """
    where = _all(order.where, _between("timestamp", start, end), None if deleted else kept.there)
    own = [DELETED] if deleted else []
    needed = [*columns, "session_id", "timestamp", "fingerprint", *own]
    rows = kept.read(list(dict.fromkeys(needed)), where)
    rank = pc.index_in(rows["session_id"], value_set=order.session_ids.combine_chunks())
    keys = pa.table({"rank": rank, "at": rows["timestamp"], "mark": rows["fingerprint"]})
    return _frame(kept, _sorted(rows.select([*columns, *own]), keys), tz)


def _sorted(rows: pa.Table, keys: pa.Table) -> pa.Table:
    """Bring rows into the order of their keys; rows without a place leave."""
    places = pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in keys.column_names])
    placed = len(keys) - keys["rank"].null_count
    places = places.to_numpy()[:placed]  # nulls sort last
    if placed == len(keys) and np.array_equal(places, np.arange(placed)):
        return rows
    return rows.take(pa.array(places))


def snapshot(kept: ArchiveTable, columns: list[str], tz: str) -> pd.DataFrame:
    """Read a table that each sync writes anew.

    Parameters
    ----------
    kept : ArchiveTable
        The table.
    columns : list[str]
        Names of the columns to read.
    tz : str
        The zone of the times.

    Returns
    -------
    pandas.DataFrame
        The columns asked for, every row of the last sync.
    """
    return _frame(kept, kept.read(columns), tz)


def _frame(kept: ArchiveTable, rows: pa.Table, tz: str) -> pd.DataFrame:
    """Give kept rows the dtypes of their table."""
    declared = {column.name: column for column in kept.table.columns}
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
) -> pc.Expression | None:
    field = pc.field(name)
    return _all(
        None if start is None else field >= _scalar(start),
        None if end is None else field <= _scalar(end),
    )


def _scalar(moment: pd.Timestamp) -> pa.Scalar:
    return pa.scalar(moment.to_pydatetime(), pa.timestamp("us", tz="UTC"))


def _all(*conditions: pc.Expression | None) -> pc.Expression | None:
    given = [one for one in conditions if one is not None]
    return functools.reduce(operator.and_, given) if given else None
