"""XLSX written: one sheet of data, and a sheet ``about`` that says what its columns are.

What a spreadsheet cannot hold is either told apart here or refused before writing:

- Text is written as text, never as a formula or link. It is guarded all the same, as in CSV:
  a workbook saved as CSV would otherwise come alive on its next opening.
- A missing value is no cell; an empty text is a blank cell formatted as text.
- A time is a real date in the frame's zone, for spreadsheets know no zones, and its format
  shows the distance from UTC, so the hour that autumn repeats stays two hours. Times that no
  spreadsheet can show (before March 1900, or finer than a millisecond) make the column ISO
  8601 text.
- Spreadsheets keep 15 digits. A column of whole numbers with more is text, and so are
  fingerprints always; real numbers keep 16 digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from crisp_data.errors import BadParameter
from crisp_data.export.columns import is_nested, is_text, iso8601, json_text, offsets, plain
from crisp_data.export.guard import guard, guard_names

ABOUT = "about"
ROWS, COLUMNS, CHARACTERS = 1_048_576, 16_384, 32_767

_MOST_DIGITS = 10**15 - 1
_DAY_MS = 86_400_000
# Days are counted from here; a leap day that 1900 never had makes the first two months odd.
_DAY_ZERO_MS, _FIRST_MS, _LAST_MS = -2_209_161_600_000, -2_203_891_200_000, 253_402_300_799_999

_Put = Callable[[int, int, Any], object]


def check_size(rows: int, schema: pa.Schema) -> None:
    """Refuse what has more rows or columns than a sheet."""
    if rows >= ROWS or len(schema) > COLUMNS:
        raise BadParameter(
            f"{rows:,} rows of {len(schema):,} columns do not fit a spreadsheet, which ends at "
            f"{ROWS - 1:,} rows below the header and {COLUMNS:,} columns.",
            "Write .parquet or .csv, or several .xlsx files, such as one for each month.",
        )


def roles(parts: Iterable[pa.Table]) -> list[str]:
    """Choose for each column whether it is written as text, number, flag or time.

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
    return ["text" if "text" in seen else seen[0] for seen in zip(*slices, strict=True)]


def write_xlsx(
    file: BinaryIO, title: str, schema: pa.Schema, parts: Iterable[pa.Table], roles: list[str]
) -> None:
    """Write tables below one header, row by row, holding one row of the sheet at a time."""
    with TemporaryDirectory(prefix="crisp-data-", ignore_cleanup_errors=True) as folder:
        book = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        names = _write_data(book, title, parts, roles)
        _write_about(book, names, [dtype_name(kind) for kind in schema.types], roles)
        book.close()


class _Sheet(Worksheet):  # type: ignore[misc]
    """Escapes what XML cannot hold as Excel reads it; xlsxwriter leaves some texts ambiguous."""

    @staticmethod
    def _escape_control_characters(data: str | int) -> str:
        return _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", str(data))


_UNWRITABLE = re.compile("_(?=x[0-9A-Fa-f]{4})|[\x00-\x08\x0b-\x1f\ufffe\uffff]")


def _write_data(
    book: xlsxwriter.Workbook, title: str, parts: Iterable[pa.Table], roles: list[str]
) -> list[str]:
    sheet = book.add_worksheet(title, worksheet_class=_Sheet)
    empty_text = book.add_format({"quote_prefix": True})
    missing = book.add_format({"align": "left"})
    puts = [_put(book, sheet, role, empty_text) for role in roles]
    names: list[str] = []
    row = 0
    for part in parts:
        if not names:
            names = guard_names(part.column_names)
            _write_header(book, sheet, names, roles)
        cells = [_cells(column, role) for column, role in zip(part.columns, roles, strict=True)]
        for values in zip(*cells, strict=True):
            row += 1
            for position, value in enumerate(values):
                if value is not None:
                    puts[position](row, position, value)
                elif position == 0:  # so that a row without any value is still a row
                    sheet.write_blank(row, position, None, missing)
    sheet.autofilter(0, 0, row, len(names) - 1)
    sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{row + 1}"})
    return names


def _write_header(
    book: xlsxwriter.Workbook, sheet: Worksheet, names: list[str], roles: list[str]
) -> None:
    bold = book.add_format({"bold": True, "quote_prefix": True})
    sheet.freeze_panes(1, 0)
    for position, (name, role) in enumerate(zip(names, roles, strict=True)):
        sheet.set_column(position, position, 30 if role == "time" else max(12, len(name) + 4))
        if name:
            sheet.write_string(0, position, name, bold)
        else:
            sheet.write_blank(0, position, None, bold)


def _write_about(
    book: xlsxwriter.Workbook, names: list[str], dtypes: list[str], roles: list[str]
) -> None:
    sheet = book.add_worksheet(ABOUT, worksheet_class=_Sheet)
    sheet.set_column(0, 2, 32)
    rows = zip(names, dtypes, roles, strict=True)
    for row, cells in enumerate([("column", "dtype", "written as"), *rows]):
        for position, text in enumerate(cells):
            sheet.write_string(row, position, text)


def _put(book: xlsxwriter.Workbook, sheet: Worksheet, role: str, empty_text: Any) -> _Put:
    """Return what writes one value of a column."""

    @cache
    def dated(offset: str) -> Any:
        return book.add_format({"num_format": f'yyyy-mm-dd hh:mm:ss.000"{offset}"'})

    def put_text(row: int, position: int, text: str) -> None:
        if text:
            sheet.write_string(row, position, text)
        else:
            sheet.write_blank(row, position, None, empty_text)

    def put_time(row: int, position: int, time: tuple[float, str]) -> None:
        sheet.write_number(row, position, time[0], dated(time[1]))

    puts: dict[str, _Put] = {
        "text": put_text,
        "time": put_time,
        "number": sheet.write_number,
        "flag": sheet.write_boolean,
    }
    return puts[role]


def _cells(column: pa.ChunkedArray, role: str) -> Iterator[Any]:
    """Return one value for each row, as its column's ``_put`` wants it."""
    column = plain(column)
    if role == "text":
        return iter(guard(_text(column)).to_pylist())
    if role != "time":
        return iter(column.to_pylist())
    local = pc.local_timestamp(column) if column.type.tz else column
    ticks = local.cast(pa.timestamp("ms")).cast(pa.int64())
    days = pc.divide(pc.subtract(ticks, _DAY_ZERO_MS).cast(pa.float64()), float(_DAY_MS))
    shown = offsets(column).to_pylist() if column.type.tz else [""] * len(column)
    return (
        None if day is None else (day, offset)
        for day, offset in zip(days.to_pylist(), shown, strict=True)
    )


def dtype_name(kind: pa.DataType) -> str:
    """Name the dtype that a column comes back with."""
    if pa.types.is_timestamp(kind):
        return f"datetime64[{kind.unit}, {kind.tz}]" if kind.tz else f"datetime64[{kind.unit}]"
    if kind == pa.list_(pa.string()):
        return "list"
    if pa.types.is_integer(kind):
        return "Int64"
    if pa.types.is_floating(kind) or pa.types.is_duration(kind):
        return "Float64"
    if pa.types.is_boolean(kind):
        return "boolean"
    return "category" if pa.types.is_dictionary(kind) else "str"


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if is_nested(column.type):
        return json_text(column)
    if pa.types.is_timestamp(column.type):
        return iso8601(column)
    return column if is_text(column.type) else column.cast(pa.string())


def _role(name: str, column: pa.ChunkedArray) -> str:
    column = plain(column)
    kind = column.type
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_integer(kind):
        return "text" if name.endswith("fingerprint") or _beyond(column, _MOST_DIGITS) else "number"
    if pa.types.is_floating(kind):
        return "text" if _any(pc.invert(pc.is_finite(column))) else "number"
    if pa.types.is_timestamp(kind) and _showable(column):
        return "time"
    _check_length(name, _text(column))
    return "text"


def _showable(times: pa.ChunkedArray) -> bool:
    local = pc.local_timestamp(times) if times.type.tz else times
    try:
        ticks = local.cast(pa.timestamp("ms")).cast(pa.int64())
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
            f"{too_long:,} cells of column {name!r} hold more than the {CHARACTERS:,} characters "
            "that a spreadsheet's cell can; they would be cut.",
            f"Write .parquet, .jsonl or .csv, or shorten frame[{name!r}] with .str.slice() first.",
        )


def _beyond(numbers: pa.ChunkedArray, limit: int) -> bool:
    return _any(pc.or_(pc.greater(numbers, limit), pc.less(numbers, -limit)))


def _any(flags: pa.ChunkedArray) -> bool:
    return bool(pc.any(flags).as_py())
