"""Columns from a file become the frame that was written, dtypes included."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from crisp_data import tables
from crisp_data.export.prepare import DTYPE_NOTE
from crisp_data.tables import TABLES, Column


def declared_kinds(table: str | None) -> dict[str, pa.DataType]:
    """Return the Arrow type of each column of a table; categories are text in a file."""
    return {
        column.name: pa.large_string() if column.kind.categories else column.kind.arrow
        for column in _columns(table)
    }


def json_columns(table: str | None) -> frozenset[str]:
    """Return the names of a table's columns that hold JSON as text."""
    return frozenset(column.name for column in _columns(table) if column.kind.name == "json")


def to_frame(data: pa.Table, table: str | None, tz: str | None) -> pd.DataFrame:
    """Give columns the dtypes that tables use, and the categories that their table declares.

    Times are put into ``tz``; without one they stay in the zone that the data name.

    Parameters
    ----------
    data : pyarrow.Table
        What was read from a file.
    table : str or None
        The table's name; None for any other frame.
    tz : str or None
        The zone of the times; None keeps that of the data.

    Returns
    -------
    pandas.DataFrame
        The frame, with row numbers as its index.
    """
    columns = [_in_zone(column, tz) for column in data.columns]
    intervals = {} if len(data) else _intervals(data.schema)
    if intervals:  # of none pandas makes no intervals where they are of times with a zone
        none = pa.array([], pa.string())
        columns = [
            none if name in intervals else column
            for name, column in zip(data.column_names, columns, strict=True)
        ]
    frame = tables.to_frame(pa.table(columns, data.column_names))
    for name, dtype in intervals.items():
        frame[name] = pd.Series(dtype=dtype)
    for field in data.schema:
        noted = (field.metadata or {}).get(DTYPE_NOTE, b"").decode()
        if noted.startswith("period["):
            frame[field.name] = _periods(frame[field.name], noted)
    for column in _columns(table):
        if column.kind.categories and column.name in frame:
            frame[column.name] = _categorical(frame[column.name], column.kind.categories)
    return frame


def _intervals(schema: pa.Schema) -> dict[str, pd.IntervalDtype]:
    """Find the columns of intervals, and pandas' dtype of each."""
    return {
        field.name: field.type.to_pandas_dtype()
        for field in schema
        if isinstance(field.type, pa.ExtensionType)
        and field.type.extension_name == "pandas.interval"
    }


def _columns(table: str | None) -> tuple[Column, ...]:
    return TABLES[table].columns if table else ()


def _in_zone(column: pa.ChunkedArray, tz: str | None) -> pa.ChunkedArray:
    kind = column.type
    zoned = tz and pa.types.is_timestamp(kind) and kind.tz
    return column.cast(pa.timestamp(kind.unit, tz)) if zoned else column


def _periods(texts: Any, dtype: str) -> Any:
    """Make periods of texts again, or leave what somebody else has written there."""
    try:
        return texts.astype(dtype)
    except (ValueError, TypeError):
        return texts


def _categorical(values: pd.Series, declared: tuple[str, ...]) -> pd.Series:
    """Make a category of the declared values, and of any other that the file holds."""
    # Through text: to pandas, the same categories in another order are the same dtype.
    texts = values.astype("str")
    others = [value for value in texts.dropna().unique() if value not in declared]
    return texts.astype(pd.CategoricalDtype([*declared, *others]))
