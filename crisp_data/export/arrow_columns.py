"""Arrow columns of any type as columns of a type that files can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.export.columns import PER_SECOND, exceeds, is_nested, is_text
from crisp_data.export.json_values import (
    base64_text,
    json_text,
    month_day_nano_text,
    seconds_text,
)
from crisp_data.export.time_limits import check_times
from crisp_data.export.unwritable import Unwritable
from crisp_data.tables.list_columns import usual_list

Columns: TypeAlias = pa.ChunkedArray

_TEXT = pa.large_string()
_LISTS = (pa.ListType, pa.LargeListType, pa.FixedSizeListType)
_EXACT = 2**53  # a double holds every whole number up to here
_MOST_DIGITS_128 = 38
_MOST_DIGITS = 76  # of Arrow's widest decimal
_UNSUPPORTED = Unwritable(
    "has a type that no file format supports", "Convert it first, such as {column}.astype('str')."
)


def is_plain(kind: pa.DataType, native: bool) -> bool:
    """Tell whether every writer (Parquet's where ``native``) takes this type as it is."""
    types = pa.types
    if types.is_dictionary(kind):
        return is_text(kind.value_type)
    if is_text(kind) or types.is_timestamp(kind) or types.is_float64(kind):
        return True
    if types.is_integer(kind) or types.is_boolean(kind):
        return True
    if native:
        return _parquet_holds(kind)
    inner = kind.value_type if isinstance(kind, _LISTS) else None
    return inner is not None and bool(
        is_text(inner) or types.is_integer(inner) or types.is_boolean(inner)
    )


def for_sheet(column: Columns) -> Columns | None:
    """Give days and decimals as a spreadsheet's own kinds of cells; None for any other type."""
    kind = column.type
    if pa.types.is_date(kind):
        check_times(column, native=False)
        return column.cast(pa.date32())
    if pa.types.is_decimal(kind) and 0 <= kind.scale <= kind.precision <= _MOST_DIGITS_128:
        return column.cast(pa.decimal128(kind.precision, kind.scale))
    return None


def plain(column: Columns, native: bool) -> tuple[Columns, bool]:
    """Give a column of a plain type with the same values, and whether it is now JSON text.

    Raises
    ------
    Unwritable
        There is no plain type that holds the values.
    """
    kind = column.type
    if is_plain(kind, native):
        return column, False
    for holds, unpack in _UNPACKED:
        if holds(kind):
            try:
                unpacked = unpack(column)
            except pa.ArrowNotImplementedError:  # such as a dictionary of string views
                raise _UNSUPPORTED from None
            return plain(unpacked, native)
    if unsupported := _unsupported(kind):
        raise Unwritable(
            f"holds values of the type {unsupported}, which no file format supports",
            "Convert it first, such as {column}.astype('str').",
        )
    if not pa.types.is_duration(kind):  # which is exact as text
        check_times(column, native)
    if is_nested(kind):
        return _texts(json_text(_values(column))), True
    return _scalars(column), False


def without_null_category(column: Columns) -> Columns:
    """Give a column of categories of text in which none is a gap, which Parquet cannot write."""
    if not any(part.dictionary.null_count for part in column.chunks):
        return column
    return column.cast(column.type.value_type).dictionary_encode()


def _parquet_holds(kind: pa.DataType) -> bool:
    types = pa.types
    if isinstance(kind, (pa.StructType, pa.MapType, *_LISTS)):
        return kind.num_fields > 0 and all(map(_parquet_holds, _inner_types(kind)))
    if types.is_decimal(kind):
        return bool(0 <= kind.scale <= kind.precision)
    if name := _extension(kind):
        return name == "pandas.interval"  # which pandas reads back by its name
    flat = types.is_primitive(kind) and not types.is_float16(kind) and not types.is_interval(kind)
    return bool(flat or is_text(kind) or _is_bytes(kind))


def _extension(kind: pa.DataType) -> str:
    return str(kind.extension_name) if isinstance(kind, pa.BaseExtensionType) else ""


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
    )


def _usual_decimal(kind: pa.DataType) -> pa.DataType | None:
    """Give the decimal that holds one whose scale is none of its digits."""
    if not pa.types.is_decimal(kind) or 0 <= kind.scale <= kind.precision:
        return None
    digits = kind.precision - kind.scale if kind.scale < 0 else kind.scale
    return pa.decimal256(digits, max(kind.scale, 0)) if digits <= _MOST_DIGITS else None


def _without_views(part: pa.Array) -> pa.Array:
    """Make lists of list views; pyarrow's cast leaves the offsets one short."""
    lengths = pc.fill_null(pc.list_value_length(part), 0)
    offsets = pa.array([0, *pc.cumulative_sum(lengths).to_pylist()], pa.int64())
    return pa.LargeListArray.from_arrays(offsets, pc.list_flatten(part), mask=part.is_null())


def _by_chunk(function: Callable[[Any], pa.Array]) -> Callable[[Columns], Columns]:
    def convert(column: Columns) -> Columns:
        parts = [function(part) for part in column.chunks]
        return pa.chunked_array(parts or [function(pa.array([], column.type))])

    return convert


def _unsupported(kind: pa.DataType) -> str:
    """Name the type within a type of which no value can be written, if there is one."""
    types = pa.types
    if types.is_union(kind):
        return "union"
    if name := _extension(kind):
        return "" if name in ("arrow.uuid", "arrow.json", "arrow.bool8") else name
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return _unsupported(kind.value_type)
    # Arrow gives times of the day to Python without their nanoseconds.
    found = (
        str(inner) if inner == pa.time64("ns") else _unsupported(inner)
        for inner in _inner_types(kind)
    )
    return next(filter(None, found), "")


def _inner_types(kind: pa.DataType) -> list[pa.DataType]:
    """List the types within a type; of a map that of its entries."""
    return [kind.field(at).type for at in range(kind.num_fields)]


def _scalars(column: Columns) -> Columns:
    """Write values that only Parquet knows, and some that it does not either."""
    for holds, written in _WRITTEN:
        if holds(column.type):
            return written(column)
    raise _UNSUPPORTED


def _single(column: Columns) -> Columns:
    """Give the shortest number that is the same single: 0.1, not 0.10000000149."""
    return column.cast(pa.string()).cast(pa.float64())


def _each(text: Callable[[Any], str]) -> Callable[[Columns], Columns]:
    return lambda column: _texts(_mapped(_values(column), text))


def _seconds(column: Columns) -> Columns:
    """Write durations as seconds: numbers, or text where a number would lose digits."""
    per_second = PER_SECOND[column.type.unit]
    ticks = column.cast(pa.int64())
    if not exceeds(ticks, _EXACT):
        return pc.divide(ticks.cast(pa.float64()), float(per_second))
    return _texts(_mapped(ticks.to_pylist(), lambda tick: seconds_text(tick, per_second)))


def _values(column: Columns) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (pa.ArrowException, ValueError, OverflowError, KeyError):
        raise Unwritable(
            "holds a value that Python cannot represent, such as a time beyond the year 9999",
            "Replace it with a missing value.",
        ) from None


def _mapped(values: list[Any], text: Callable[[Any], str]) -> list[str | None]:
    return [None if value is None else text(value) for value in values]


def _texts(texts: list[str | None]) -> Columns:
    return pa.chunked_array([pa.array(texts, _TEXT)])


_Steps = tuple[tuple[Callable[[pa.DataType], bool], Callable[[Columns], Columns]], ...]
# Encodings of values, each with what makes of it a common one of the same values.
_UNPACKED: _Steps = (
    (pa.types.is_dictionary, _by_chunk(lambda part: part.dictionary.take(part.indices))),
    (pa.types.is_run_end_encoded, _by_chunk(pc.run_end_decode)),
    (lambda kind: _extension(kind) == "arrow.json", _by_chunk(lambda part: part.storage)),
    (
        lambda kind: _extension(kind) == "arrow.bool8",
        _by_chunk(lambda part: part.storage.cast(pa.bool_())),
    ),
    (pa.types.is_list_view, _by_chunk(_without_views)),
    (pa.types.is_large_list_view, _by_chunk(_without_views)),
    (
        lambda kind: usual_list(kind) is not None,
        lambda column: column.cast(usual_list(column.type)),
    ),
    (pa.types.is_string_view, lambda column: column.cast(_TEXT)),
    (pa.types.is_null, lambda column: column.cast(_TEXT)),
    (pa.types.is_binary_view, lambda column: column.cast(pa.large_binary())),
    (pa.types.is_float16, lambda column: column.cast(pa.float32())),
    (
        lambda kind: _usual_decimal(kind) is not None,
        lambda column: column.cast(_usual_decimal(column.type)),
    ),
)
_WRITTEN: _Steps = (
    (pa.types.is_float32, _single),
    (pa.types.is_date, lambda column: column.cast(pa.date32()).cast(_TEXT)),
    (pa.types.is_time, lambda column: column.cast(pa.string()).cast(_TEXT)),
    (pa.types.is_duration, _seconds),
    (pa.types.is_decimal, _each("{:f}".format)),
    (pa.types.is_interval, _each(month_day_nano_text)),
    (_is_bytes, _each(base64_text)),
    (lambda kind: _extension(kind) == "arrow.uuid", _each(str)),
)
