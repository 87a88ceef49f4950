"""Data that left as a file, brought back to a table's exact dtypes."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.errors import BadParameter
from crisp_data.tables import columns
from crisp_data.tables.frames import named, to_frame
from crisp_data.tables.kinds import Column, Kind, in_zone


def conform(data: pd.DataFrame | pa.Table, table: str, tz: str | None = None) -> pd.DataFrame:
    """Bring data from a CSV, JSON lines or Parquet file to a table's columns and dtypes.

    Times may be ISO 8601 text, lists of text JSON text, and empty text is missing wherever a
    column does not hold text.

    Parameters
    ----------
    data : pandas.DataFrame or pyarrow.Table
        The data as they were read. Columns that the table lacks are kept after its own.
    table : str
        Name of the table.
    tz : str, optional
        Zone in which times are told; by default the one that the data name, or UTC.

    Returns
    -------
    pandas.DataFrame
        Dtypes as those of :func:`empty`; a column that the data lack is all missing. The
        index is that of a frame given.

    Raises
    ------
    BadParameter
        A column holds what its declaration cannot hold.
    """
    declared = named(table)
    found = {c.name: _column(data, c.name) for c in declared.columns if c.name in _names(data)}
    zone = tz or next((z for a in found.values() if (z := getattr(a.type, "tz", None))), "UTC")
    arrays = [
        _checked(column, in_zone(column.kind, zone), found.get(column.name, pa.nulls(len(data))))
        for column in declared.columns
    ]
    frame = to_frame(pa.table(arrays, declared.schema_in(zone)))
    others = [name for name in _names(data) if name not in frame]
    rest = data[others] if isinstance(data, pd.DataFrame) else to_frame(data.select(others))
    return pd.concat([frame.set_axis(rest.index), rest], axis=1)


def _names(data: pd.DataFrame | pa.Table) -> list[str]:
    return list(data.columns if isinstance(data, pd.DataFrame) else data.column_names)


def _column(data: pd.DataFrame | pa.Table, name: str) -> pa.Array:
    values = data[name]
    if isinstance(values, pd.Series):
        try:
            values = pa.array(values, from_pandas=True)
        except pa.ArrowException:
            raise BadParameter(
                f"The column {name!r} mixes types.", "Give every cell one type."
            ) from None
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _checked(column: Column, kind: Kind, array: pa.Array) -> pa.Array:
    try:
        return _restored(kind, array)
    except (pa.ArrowException, ValueError):
        raise BadParameter(
            f"The column {column.name!r} holds what is no {kind.name}.",
            "Compare with crisp.schema(): its dtype and meaning.",
        ) from None


def _restored(kind: Kind, array: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_null(array.type):
        array = pa.nulls(len(array), pa.string())
    if _is_text(array) and kind.name != "text":
        array = pc.if_else(pc.equal(array, ""), None, array)
    if kind.categories:
        encoded = columns.encode(kind, array)
        if encoded.null_count != array.null_count:
            raise ValueError
        return encoded
    if kind.name == "time":
        array = _moments(array)
    if kind.name == "texts" and _is_text(array):
        array = pa.array(
            [None if v is None else json.loads(v) for v in array.to_pylist()], kind.arrow
        )
    return array.cast(kind.arrow)


def _moments(array: pa.Array) -> pa.Array:
    """Read texts as moments; those that name no zone are in UTC."""
    if _is_text(array):
        parsed: Any = pd.to_datetime(array.to_pandas(), utc=True, format="ISO8601")
        return pa.array(parsed, from_pandas=True)
    if pa.types.is_timestamp(array.type) and array.type.tz is None:
        return pc.assume_timezone(array, "UTC")
    return array


def _is_text(array: pa.Array) -> bool:
    return bool(pa.types.is_string(array.type) or pa.types.is_large_string(array.type))
