"""How each column stands in a spreadsheet, and what does not fit one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.errors import BadParameter
from crisp_data.export.columns import exceeds, in_words, is_text, local, offsets, plain
from crisp_data.export.formula_guard import guard
from crisp_data.export.prepare import DTYPE_NOTE
from crisp_data.plurals import count
from crisp_data.tables.list_columns import is_plain_list

ROWS, COLUMNS, CHARACTERS = 1_048_576, 16_384, 32_767

_MOST_DIGITS = 10**15 - 1
_DAY_MS = 86_400_000
_DAYS_TO_1970 = 25_569
# Days are counted from here; a leap day that 1900 never had makes the first two months odd.
_DAY_ZERO_MS, _FIRST_MS, _LAST_MS = -2_209_161_600_000, -2_203_891_200_000, 253_402_300_799_999


def check_size(rows: int, columns: int) -> None:
    """Refuse what has more rows or columns than a sheet."""
    if rows >= ROWS or columns > COLUMNS:
        raise BadParameter(
            f"{count(rows, 'row')} and {count(columns, 'column')} do not fit a spreadsheet, which "
            f"holds {ROWS - 1:,} rows below the header and {COLUMNS:,} columns.",
            "Write .parquet or .csv, or several .xlsx files, such as one for each month.",
        )


def roles(parts: Iterable[pa.Table]) -> list[str]:
    """Choose for each column whether it is written as text, number, flag, date or time.

    Raises
    ------
    BadParameter
        Where a cell holds more text than a spreadsheet's cell may.
    """
    slices = [
        [_role(name, column) for name, column in zip(p.column_names, p.columns, strict=True)]
        for p in parts
    ]
    # One slice of a column that needs text makes the whole column text.
    return ["text" if "text" in found else found[0] for found in zip(*slices, strict=True)]


def cells(column: pa.ChunkedArray, role: str) -> Iterator[Any]:
    """Return one value for each row, as the writer of its role wants it."""
    column = plain(column)
    if role == "text":
        return iter(guard(_text(column)).to_pylist())
    if role == "date":
        return iter(pc.add(column.cast(pa.int32()), _DAYS_TO_1970).to_pylist())
    if role == "number" and pa.types.is_decimal(column.type):
        return (None if value is None else float(value) for value in column.to_pylist())
    if role != "time":
        return iter(column.to_pylist())
    clock = local(column)
    ticks = clock.cast(pa.timestamp("ms")).cast(pa.int64())
    days = pc.divide(pc.subtract(ticks, _DAY_ZERO_MS).cast(pa.float64()), float(_DAY_MS))
    shown = offsets(column, clock).to_pylist() if column.type.tz else [""] * len(column)
    return (
        None if day is None else (day, offset)
        for day, offset in zip(days.to_pylist(), shown, strict=True)
    )


def dtype_name(field: pa.Field) -> str:
    """Name the dtype that a column comes back with."""
    kind = field.type
    if noted := (field.metadata or {}).get(DTYPE_NOTE):
        return str(noted.decode())
    if pa.types.is_timestamp(kind):
        return f"datetime64[{kind.unit}, {kind.tz}]" if kind.tz else f"datetime64[{kind.unit}]"
    names: tuple[tuple[bool, str], ...] = (
        (is_plain_list(kind) and is_text(kind.value_type), "list"),
        (kind == pa.uint64(), "UInt64"),
        (pa.types.is_integer(kind), "Int64"),
        (pa.types.is_floating(kind), "Float64"),
        (pa.types.is_boolean(kind), "boolean"),
        (pa.types.is_dictionary(kind), "category"),
        (pa.types.is_date(kind), "date"),
        (pa.types.is_decimal(kind), str(kind)),
    )
    return next((name for fits, name in names if fits), "str")


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_decimal(column.type):
        texts = [None if value is None else f"{value:f}" for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    text = in_words(column)
    return text if is_text(text.type) else text.cast(pa.string())


def _role(name: str, column: pa.ChunkedArray) -> str:
    column = plain(column)
    kind = column.type
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_integer(kind):
        as_text = name.endswith("fingerprint") or exceeds(column, _MOST_DIGITS)
        return "text" if as_text else "number"
    if pa.types.is_floating(kind):
        return "text" if _any(pc.invert(pc.is_finite(column))) else "number"
    if role := _exact_role(column):
        return role
    _check_length(name, _text(column))
    return "text"


def _exact_role(column: pa.ChunkedArray) -> str:
    """Choose for times, days and decimals; empty where a cell would not hold them exactly."""
    kind = column.type
    if pa.types.is_timestamp(kind) and _showable(column):
        return "time"
    if pa.types.is_date(kind) and _showable(column.cast(pa.timestamp("s"))):
        return "date"
    return "number" if pa.types.is_decimal(kind) and not _exceeds_decimal(column) else ""


def _exceeds_decimal(column: pa.ChunkedArray) -> bool:
    found = pc.min_max(column).as_py().values()
    return any(
        abs(end.scaleb(column.type.scale)) > _MOST_DIGITS for end in found if end is not None
    )


def _showable(times: pa.ChunkedArray) -> bool:
    try:
        ticks = local(times).cast(pa.timestamp("ms")).cast(pa.int64())
    except pa.ArrowInvalid:  # finer than a millisecond
        return False
    return not _any(pc.or_(pc.less(ticks, _FIRST_MS), pc.greater(ticks, _LAST_MS)))


def _check_length(name: str, text: pa.ChunkedArray) -> None:
    guarded = guard(text)
    # Spreadsheets count UTF-16 units: two for what lies beyond the first 65,536 characters.
    units = pc.add(
        pc.utf8_length(guarded), pc.count_substring_regex(guarded, r"[\x{10000}-\x{10FFFF}]")
    )
    too_long = pc.sum(pc.greater(units, CHARACTERS)).as_py()
    if too_long:
        raise BadParameter(
            f"Column {name!r} has {count(too_long, 'cell')} with more than {CHARACTERS:,} "
            "characters, the limit of a spreadsheet, which would cut them.",
            f"Write .parquet, .jsonl or .csv, or shorten frame[{name!r}] with .str.slice() first.",
        )


def _any(flags: pa.ChunkedArray) -> bool:
    return bool(pc.any(flags).as_py())
