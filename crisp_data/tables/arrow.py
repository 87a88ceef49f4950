"""Values of one kind turned into an Arrow array."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.api.json_repair import json_texts
from crisp_data.tables.kinds import Column, Kind


def to_arrow(column: Column, kind: Kind, values: list[Any]) -> pa.Array:
    """Turn what was decoded for a column into its array; see :func:`unknown` for categories.

    Parameters
    ----------
    column : Column
        The column.
    kind : Kind
        Its kind, with its time zone.
    values : list[object]
        What was decoded; None for missing.

    Returns
    -------
    pyarrow.Array
        As long as ``values``.
    """
    if column.read:
        values = column.read(values)
    elif kind.name == "json":
        values = json_texts(values)
    if kind.categories:
        return encode(kind, pa.array(values, pa.large_string()))
    return pa.array(values, kind.arrow)


def without_rows(kind: Kind) -> pa.Array:
    """Give the array of a column that has no rows."""
    return (
        encode(kind, pa.array([], pa.large_string()))
        if kind.categories
        else pa.array([], kind.arrow)
    )


def encode(kind: Kind, texts: pa.Array) -> pa.Array:
    """Encode texts as the fixed categories of a kind; an unknown one becomes null."""
    fixed = pa.array(kind.categories, pa.large_string())
    codes = pc.index_in(texts.cast(pa.large_string()), value_set=fixed)
    return pa.DictionaryArray.from_arrays(codes.cast(pa.int8()), fixed)


def unknown(encoded: pa.Array, values: list[Any]) -> dict[int, str]:
    """Find the values, by row, that a category does not know."""
    if encoded.null_count == values.count(None):
        return {}
    missing = pc.is_null(encoded).to_pylist()
    return {
        row: value
        for row, (value, gone) in enumerate(zip(values, missing, strict=True))
        if gone and value is not None
    }
