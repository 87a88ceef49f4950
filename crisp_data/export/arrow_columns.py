"""Arrow columns of any type as columns of a type that files can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.export.columns import PER_SECOND, is_nested, is_text, local
from crisp_data.export.json_values import base64_text, json_text, month_day_nano_text
from crisp_data.export.unwritable import Unwritable

Columns: TypeAlias = pa.ChunkedArray

_TEXT = pa.large_string()
_EXACT = 2**53  # a double holds every whole number up to here
# Years 0 to 9999, in seconds: what ISO 8601 writes with four digits.
_FIRST, _LAST = -62_167_219_200, 253_402_300_799
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # the same, in days, from year 1
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
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        inner = kind.value_type
        return bool(is_text(inner) or types.is_integer(inner) or types.is_boolean(inner))
    return False


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
    if unpack := _unpacking(kind):
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
    if is_nested(kind):
        return _texts(json_text(_values(column))), True
    return _scalars(column), False


def check_times(times: Columns, native: bool) -> None:
    """Refuse a zone that nobody knows, and times that ISO 8601 cannot write.

    Parquet counts from 1970 and takes any time; only seconds become milliseconds there.
    """
    kind = times.type
    try:
        if kind.tz:
            pd.DatetimeTZDtype(kind.unit, kind.tz)
    except (KeyError, ValueError, OSError, TypeError):
        raise Unwritable(
            "has a time zone that does not exist",
            "Convert it: {column}.dt.tz_convert('UTC').",
        ) from None
    found = pc.min_max(times)
    ends = [found[name].value for name in ("min", "max") if found[name].is_valid]
    try:
        clock = local(pa.chunked_array([pa.array(ends, pa.int64()).cast(kind)]))
        ticks = [tick // PER_SECOND[kind.unit] for tick in clock.cast(pa.int64()).to_pylist()]
    except (ValueError, OverflowError):
        ticks = [_LAST + 1]
    limits = (-(2**53), 2**53) if native else (_FIRST, _LAST)
    if any(not limits[0] <= tick <= limits[1] for tick in ticks):
        raise Unwritable(
            "holds a time outside the years 0 to 9999, which no reader supports",
            "Replace it with a missing value.",
        )


def check_days(days: Columns) -> None:
    """Refuse days that Python's own dates, which every reader gives, do not know."""
    found = pc.min_max(days.cast(pa.date32()).cast(pa.int32())).as_py()
    if found["min"] is not None and not (found["min"] >= _FIRST_DAY and found["max"] <= _LAST_DAY):
        raise Unwritable(
            "holds a day outside the years 1 to 9999, which no reader supports",
            "Replace it with a missing value.",
        )


def _parquet_holds(kind: pa.DataType) -> bool:
    types = pa.types
    if types.is_struct(kind):
        return kind.num_fields > 0 and all(_parquet_holds(field.type) for field in kind)
    if types.is_map(kind):
        return _parquet_holds(kind.key_type) and _parquet_holds(kind.item_type)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _parquet_holds(kind.value_type)
    if types.is_decimal(kind):
        return bool(0 <= kind.scale <= kind.precision)
    if name := _extension(kind):
        return name == "pandas.interval"  # which pandas reads back by its name
    flat = types.is_primitive(kind) and not types.is_float16(kind) and not types.is_interval(kind)
    return bool(flat or is_text(kind) or _is_bytes(kind))


def _unpacking(kind: pa.DataType) -> Callable[[Columns], Columns] | None:
    """Return what turns one encoding of values into a common one of the same values."""
    types, extension = pa.types, _extension(kind)
    if types.is_dictionary(kind):
        return _by_chunk(lambda part: part.dictionary.take(part.indices))
    if types.is_run_end_encoded(kind):
        return _by_chunk(pc.run_end_decode)
    if extension == "arrow.json":
        return _by_chunk(lambda part: part.storage)
    if extension == "arrow.bool8":
        return _by_chunk(lambda part: part.storage.cast(pa.bool_()))
    if types.is_list_view(kind) or types.is_large_list_view(kind):
        return _by_chunk(_without_views)
    equivalent = _equivalent(kind)
    return None if equivalent is None else lambda column: column.cast(equivalent)


def _extension(kind: pa.DataType) -> str:
    return str(kind.extension_name) if isinstance(kind, pa.BaseExtensionType) else ""


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind)
    )


def _equivalent(kind: pa.DataType) -> pa.DataType | None:
    types = pa.types
    if types.is_string_view(kind) or types.is_null(kind):
        return _TEXT
    if types.is_binary_view(kind):
        return pa.large_binary()
    if types.is_float16(kind):
        return pa.float32()
    if types.is_decimal(kind) and not 0 <= kind.scale <= kind.precision:
        digits = kind.precision - kind.scale if kind.scale < 0 else kind.scale
        scale = max(kind.scale, 0)
        return pa.decimal256(digits, scale) if digits <= _MOST_DIGITS else None
    return None


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
    if types.is_map(kind):
        return _unsupported_inner(kind.key_type) or _unsupported_inner(kind.item_type)
    if types.is_struct(kind):
        return next(filter(None, (_unsupported_inner(field.type) for field in kind)), "")
    return _unsupported_inner(kind.value_type) if is_nested(kind) else ""


def _unsupported_inner(kind: pa.DataType) -> str:
    # Arrow gives these to Python without their nanoseconds.
    return str(kind) if kind == pa.time64("ns") else _unsupported(kind)


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
    found = pc.min_max(ticks).as_py()
    if found["min"] is None or max(-found["min"], found["max"]) <= _EXACT:
        return pc.divide(ticks.cast(pa.float64()), float(per_second))

    def exact(tick: int) -> str:
        whole, rest = divmod(abs(tick), per_second)
        digits = f".{rest:0{len(str(per_second)) - 1}}" if per_second > 1 else ""
        return f"{'-' if tick < 0 else ''}{whole}{digits}"

    return _texts(_mapped(ticks.to_pylist(), exact))


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


_WRITTEN: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Columns], Columns]], ...] = (
    (pa.types.is_float32, _single),
    (pa.types.is_date, lambda column: column.cast(pa.date32()).cast(_TEXT)),
    (pa.types.is_time, lambda column: column.cast(pa.string()).cast(_TEXT)),
    (pa.types.is_duration, _seconds),
    (pa.types.is_decimal, _each("{:f}".format)),
    (pa.types.is_interval, _each(month_day_nano_text)),
    (_is_bytes, _each(base64_text)),
    (lambda kind: _extension(kind) == "arrow.uuid", _each(str)),
)
