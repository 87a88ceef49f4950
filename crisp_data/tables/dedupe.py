"""Which rows stay, and in which order."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.tables.frames import to_frame
from crisp_data.tables.kinds import Table


def sorting(table: Table) -> tuple[str, ...]:
    """Name the columns that decide which rows stay and where."""
    return tuple(dict.fromkeys((*table.key, *(name for name, _ in table.order))))


def positions(table: Table, columns: Mapping[str, pa.ChunkedArray]) -> pa.Array | None:
    """Find the rows to keep, in order; None where all stay where they are.

    Of rows with the same key the one added last stays. Nulls sort last, and what ties stays
    in the order in which it came.
    """
    last = _last(table, columns)
    by = {
        name: columns[name].combine_chunks().dictionary_encode().indices
        if how == "arrival"
        else columns[name]
        for name, how in table.order
    }
    directions = [
        (name, "descending" if how == "descending" else "ascending") for name, how in table.order
    ]
    rows = np.arange(len(last))
    if directions:
        rows = pc.sort_indices(pa.table(by), sort_keys=directions).to_numpy()
    rows = rows[last[rows]]
    return None if np.array_equal(rows, np.arange(len(last))) else pa.array(rows)


def _last(table: Table, columns: Mapping[str, pa.ChunkedArray]) -> npt.NDArray[np.bool_]:
    """Tell which rows are the last of their key; most keys differ in their last column already."""
    name = table.key[-1]
    ends = to_frame(pa.table({name: columns[name]}))[name]
    last = np.ones(len(ends), bool)
    rows = np.flatnonzero(ends.duplicated(keep=False) & ends.notna())
    if len(rows):
        keys = to_frame(pa.table({key: columns[key].take(rows) for key in table.key}))
        last[rows] = ~keys.duplicated(keep="last").to_numpy()
    return last
