"""XLSX written: one sheet of data, and a sheet ``about`` that says what its columns are.

What a spreadsheet cannot hold is written in another way or refused before writing:

- Every value goes through the writer of its kind, never through the one that guesses: text
  is no formula and no link. It is guarded all the same, as in CSV: a workbook saved as CSV
  would otherwise come alive on its next opening.
- A missing value is no cell; an empty text is a blank cell formatted as text.
- A time is a real date in the frame's zone, for spreadsheets know no zones, and its format
  shows the distance from UTC, so the hour that autumn repeats stays two hours. Times that no
  spreadsheet can show (before March 1900, or finer than a millisecond) make the column ISO
  8601 text.
- Spreadsheets keep 15 digits. A column of whole numbers or decimals with more is text, and so
  are fingerprints always; real numbers keep 16 digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from io import BytesIO
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import pyarrow as pa
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.worksheet import Worksheet

from crisp_data.export.formula_guard import guard_names
from crisp_data.export.xlsx_columns import cells, dtype_name

ABOUT = "about"

_UNWRITABLE = re.compile("_(?=x[0-9A-Fa-f]{4})|[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_Put = Callable[[int, int, Any], object]


def write_xlsx(
    file: BinaryIO, title: str, schema: pa.Schema, parts: Iterable[pa.Table], roles: list[str]
) -> None:
    """Write tables below one header, row by row, holding one row of the sheet at a time.

    Parameters
    ----------
    file : BinaryIO
        Where to write.
    title : str
        The name of the sheet that holds the rows.
    schema : pyarrow.Schema
        The schema of the frame.
    parts : Iterable[pyarrow.Table]
        The tables, in order.
    roles : list[str]
        How each column is written.

    Raises
    ------
    OSError
        What the system said, such as that a disk is full.
    """
    packed = BytesIO()  # the last step, which xlsxwriter does not undo where a disk is full
    with TemporaryDirectory(prefix="crisp-data-", ignore_cleanup_errors=True) as folder:
        book = xlsxwriter.Workbook(packed, {"constant_memory": True, "tmpdir": folder})
        try:
            names = _write_data(book, title, parts, roles)
            _write_about(book, names, [dtype_name(field) for field in schema], roles)
            book.close()
        except FileCreateError as error:  # it hides what the system said
            raise OSError(*error.args[0].args) from None
        finally:
            for sheet in book.worksheets():
                with suppress(OSError):  # of a full disk, once more
                    sheet.row_data_fh.close()
    file.write(packed.getbuffer())


class _Sheet(Worksheet):  # type: ignore[misc]
    """Escapes what XML cannot hold as Excel reads it; xlsxwriter leaves some texts ambiguous."""

    @staticmethod
    def _escape_control_characters(data: str | int) -> str:
        return _UNWRITABLE.sub(lambda found: f"_x{ord(found[0]):04X}_", str(data))


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
        columns = [cells(column, role) for column, role in zip(part.columns, roles, strict=True)]
        for values in zip(*columns, strict=True):
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
    for row, texts in enumerate([("column", "dtype", "written as"), *rows]):
        for position, text in enumerate(texts):
            sheet.write_string(row, position, text)


def _put(book: xlsxwriter.Workbook, sheet: Worksheet, role: str, empty_text: Any) -> _Put:
    """Return what writes one value of a column."""

    dates = book.add_format({"num_format": "yyyy-mm-dd"})

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

    def put_date(row: int, position: int, day: int) -> None:
        sheet.write_number(row, position, day, dates)

    puts: dict[str, _Put] = {
        "text": put_text,
        "date": put_date,
        "time": put_time,
        "number": sheet.write_number,
        "flag": sheet.write_boolean,
    }
    return puts[role]
