"""Any frame as columns that files can hold, or a refusal by name before a file is touched.

This step stands in front of every writer. It turns what pandas and pyarrow can hold into a few
kinds that a person reads in a file: text, whole and real numbers, flags, times, lists, and JSON
for what is nested. ``native`` says that the file is Parquet, which knows more kinds than text
files do: bytes, decimals, dates, times of the day, durations, intervals, structs and maps.

What becomes text: periods as pandas shows them, intervals as ``(0, 1]``, bytes as Base64, UUIDs,
decimals with all their digits, dates and times as ISO 8601. Durations are seconds. In a workbook
dates are dates, and decimals of up to 15 digits numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from crisp_data import dates
from crisp_data.errors import BadParameter
from crisp_data.export import arrow_columns, object_columns, time_limits
from crisp_data.export.columns import as_series
from crisp_data.export.unwritable import Unwritable

#: Metadata of an Arrow field: the pandas dtype that its text comes back as.
DTYPE_NOTE = b"crisp_data.dtype"


@dataclass(frozen=True)
class Plain:
    """A frame that every writer can take.

    Attributes
    ----------
    frame : pandas.DataFrame
        Its columns have Arrow types that the writers know.
    schema : pyarrow.Schema
        Those types; a field's metadata names the dtype that its text was.
    json : frozenset of str
        The columns whose text is JSON.
    """

    frame: pd.DataFrame
    schema: pa.Schema
    json: frozenset[str]


def normalise(
    frame: pd.DataFrame,
    *,
    native: bool,
    sheet: bool = False,
    declared: Mapping[str, pa.DataType] | None = None,
) -> Plain:
    """Give the frame with every column of a kind that files can hold.

    Columns that already are stay the objects they were.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame.
    native : bool
        Whether the file is Parquet.
    sheet : bool, default False
        Whether the file is a workbook, which knows days and decimals.
    declared : mapping of str to pyarrow.DataType, optional
        The types of the table's columns.

    Returns
    -------
    Plain
        The frame with its schema.

    Raises
    ------
    BadParameter
        A column cannot be written; its name, its dtype and what to do are in the message.
    """
    columns: dict[str, pd.Series] = {}
    fields, json = [], set()
    for label, column in frame.items():
        name = str(label)
        try:
            kind = (declared or {}).get(name)
            columns[name], field, is_json = _normalised(name, column, native, sheet, kind)
        except Unwritable as found:
            raise BadParameter(
                f"Column {name!r} {found.reason} (its dtype is {_shown(column.dtype)}).",
                found.hint.format(column=f"frame[{name!r}]"),
            ) from None
        fields.append(field)
        if is_json:
            json.add(name)
    plain = pd.DataFrame(columns, index=frame.index, copy=False)
    return Plain(plain, pa.schema(fields), frozenset(json))


def _normalised(
    name: str, column: pd.Series, native: bool, sheet: bool, declared: pa.DataType | None
) -> tuple[pd.Series, pa.Field, bool]:
    json, note = False, {}
    if column.dtype == object:
        column, json = object_columns.typed(column, declared)
    if isinstance(column.dtype, pd.PeriodDtype):
        note = {DTYPE_NOTE: str(column.dtype).encode()}
    column = _without_pandas_kinds(column, native)
    kind = _arrow_type(column)
    if kind is None:
        raise Unwritable(
            "has a type that no file format supports",
            "Convert it first, such as {column}.astype('str').",
        )
    cells = arrow_columns.for_sheet(_chunked(column)) if sheet else None
    if cells is not None:
        column, kind = as_series(cells, column.index), cells.type
    elif not arrow_columns.is_plain(kind, native):
        data, json = arrow_columns.plain(_chunked(column), native)
        column = as_series(data, column.index)
        kind = data.type
    elif isinstance(column.dtype, pd.ArrowDtype) and pa.types.is_dictionary(kind):
        data = arrow_columns.without_null_category(_chunked(column))
        column, kind = as_series(data, column.index), data.type
    if native or pa.types.is_timestamp(kind):
        time_limits.check_times(_chunked(column), native)
    return column, pa.field(name, kind, metadata=note or None), json


def _without_pandas_kinds(column: Any, native: bool) -> Any:
    """Replace what only pandas knows: sparse columns, categories, periods, intervals, zones."""
    dtype: Any = column.dtype
    if isinstance(dtype, pd.SparseDtype):
        return _without_pandas_kinds(pd.Series(np.asarray(column), index=column.index), native)
    if isinstance(dtype, pd.CategoricalDtype):
        return _categories(column, native)
    if isinstance(dtype, pd.PeriodDtype):
        return column.astype("str")
    if isinstance(dtype, pd.IntervalDtype) and not (native and _arrow_type(column) is not None):
        return column.astype("str")  # so are intervals of times with a zone, before pandas 3.1
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _in_a_named_zone(column)
    if dtype.kind == "c":
        raise Unwritable(
            "holds complex numbers, which no file format supports",
            "Write its parts as two columns: {column}.to_numpy().real and .imag.",
        )
    return column


def _categories(column: Any, native: bool) -> Any:
    """Keep categories of text, make text of periods and intervals, unpack all others."""
    kinds = column.cat.categories
    if isinstance(kinds.dtype, (pd.PeriodDtype, pd.IntervalDtype)):
        return column.cat.rename_categories(kinds.astype("str"))
    if isinstance(kinds.dtype, pd.StringDtype):
        return column
    if kinds.dtype == object:
        values, _ = object_columns.typed(pd.Series(kinds))
        if isinstance(values.dtype, pd.StringDtype):
            return column.cat.rename_categories(pd.Index(values))
    else:
        values = pd.Series(kinds)
    # Through Arrow, which keeps whole numbers whole where some are missing.
    values = _without_pandas_kinds(values, native)
    codes = pa.array(column.cat.codes.to_numpy(), mask=column.isna().to_numpy())
    return as_series(_chunked(values).combine_chunks().take(codes), column.index)


def _in_a_named_zone(column: Any) -> Any:
    """Give times in a zone that files can name."""
    named = dates.in_named_zone(column)
    if named is None:
        raise Unwritable(
            "has a time zone without a standard name",
            "Convert it: {column}.dt.tz_convert('Europe/Paris').",
        )
    return named


def _arrow_type(column: pd.Series) -> pa.DataType | None:
    """Find the type that Arrow gives a column, if there is one."""
    try:
        return pa.array(column.iloc[:0], from_pandas=True).type
    except (pa.ArrowException, ValueError, TypeError):
        return None


def _chunked(column: pd.Series) -> pa.ChunkedArray:
    data = pa.array(column, from_pandas=True)
    return data if isinstance(data, pa.ChunkedArray) else pa.chunked_array([data])


def _shown(dtype: Any) -> str:
    text = str(dtype)
    return text if len(text) <= 80 else f"{text[:79]}…"
