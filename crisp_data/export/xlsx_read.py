"""XLSX read back: the columns as the sheet ``about`` names them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from decimal import Decimal, Inexact, localcontext
from pathlib import Path
from typing import Any

import pyarrow as pa

from crisp_data.errors import BadParameter
from crisp_data.export.columns import from_iso8601, from_json_text
from crisp_data.export.formula_guard import unguard, unguard_names
from crisp_data.export.prepare import DTYPE_NOTE
from crisp_data.export.xlsx_write import ABOUT

_KINDS = {
    "str": pa.large_string(),
    "category": pa.dictionary(pa.int32(), pa.large_string()),
    "Int64": pa.int64(),
    "UInt64": pa.uint64(),
    "Float64": pa.float64(),
    "boolean": pa.bool_(),
    "list": pa.list_(pa.string()),
}
_TIME = re.compile(r"datetime64\[(\w+)(?:, (.+))?\]")
_DECIMAL = re.compile(r"decimal128\((\d+), (\d+)\)")
_WIDEST = 38  # digits
_OFFSET = re.compile(r'"([+-])(\d\d):(\d\d)(?::(\d\d))?"')
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_EPOCH = datetime(1970, 1, 1)


def read_xlsx(path: Path) -> tuple[pa.Table, str]:
    """Return the columns of the first sheet, and its title."""
    import openpyxl  # type: ignore[import-untyped]  # slow to import, and only needed here

    # Opened here: where a part is damaged, openpyxl leaves open what it opened itself, and Windows
    # replaces no open file.
    with path.open("rb") as file:
        book = openpyxl.load_workbook(file, read_only=True)
        if ABOUT not in book.sheetnames:
            raise BadParameter(
                f"{path.name} has no sheet {ABOUT!r}: it was not written by this package.",
                "Read it with pandas.read_excel.",
            )
        described = book[ABOUT].iter_rows(min_row=2)
        dtypes = {_text(row[0]) or "": _text(row[1]) or "" for row in described}
        sheet = book.worksheets[0]
        rows = sheet.iter_rows()
        header = [_text(cell) or "" for cell in next(rows)]
        if sheet.title == ABOUT or not set(header) & set(dtypes):
            raise BadParameter(
                f"{path.name} does not begin with the sheet that was written: it was removed, or "
                "another was put before it.",
                "Put it back to the front, or read it with pandas.read_excel.",
            )
        cells = list(zip(*rows, strict=True)) or [()] * len(header)
        columns = [
            _column(column, dtypes.get(name, "str"))
            for name, column in zip(header, cells, strict=True)
        ]
        fields = [
            pa.field(name, column.type, metadata={DTYPE_NOTE: dtypes.get(shown, "")})
            for name, shown, column in zip(unguard_names(header), header, columns, strict=True)
        ]
        return pa.table(columns, pa.schema(fields)), sheet.title


def _column(cells: tuple[Any, ...], dtype: str) -> pa.ChunkedArray:
    if found := _TIME.fullmatch(dtype):
        unit, tz = found.groups()
        return _times(cells, pa.timestamp(unit, tz))
    if dtype == "date":
        days = [cell.value.date() if hasattr(cell.value, "date") else cell.value for cell in cells]
        texts = [day if day is None else str(_unguarded(day)) for day in days]
        return pa.chunked_array([pa.array(texts, pa.string())]).cast(pa.date32())
    if found := _DECIMAL.fullmatch(dtype):
        digits, scale = map(int, found.groups())
        numbers = [None if cell.value is None else _decimal(cell.value, scale) for cell in cells]
        return pa.chunked_array([pa.array(numbers, pa.decimal128(digits, scale))])
    kind = _KINDS.get(dtype, _KINDS["str"])
    if dtype not in ("Int64", "UInt64", "Float64", "boolean"):
        texts = unguard(pa.chunked_array([pa.array(map(_text, cells), pa.large_string())]))
        if dtype == "list":
            return from_json_text(texts, kind)
        return texts.dictionary_encode() if dtype == "category" else texts
    convert = {"Float64": float, "boolean": bool}.get(dtype, int)
    values = [None if cell.value is None else convert(_unguarded(cell.value)) for cell in cells]
    return pa.chunked_array([pa.array(values, kind)])


def _decimal(value: Any, scale: int) -> Decimal:
    """Give back the digits that a cell's number stood for; one with more is refused."""
    with localcontext(prec=_WIDEST) as exact:
        exact.traps[Inexact] = True
        return Decimal(str(_unguarded(value))).quantize(Decimal(1).scaleb(-scale))


def _unguarded(value: Any) -> Any:
    """Take the apostrophe from a number that stands as text: "'-inf"."""
    return value.removeprefix("'") if isinstance(value, str) else value


def _text(cell: Any) -> str | None:
    """Read text: a blank cell formatted as text is empty, any other is missing."""
    if cell.value is None:
        style = getattr(cell, "style_array", None)
        return "" if style is not None and style.quotePrefix else None
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(cell.value))


def _times(cells: tuple[Any, ...], kind: pa.TimestampType) -> pa.ChunkedArray:
    if any(isinstance(cell.value, str) for cell in cells):
        texts = pa.array([cell.value for cell in cells], pa.string())
        return from_iso8601(pa.chunked_array([texts]), kind)
    ticks = [None if cell.value is None else _milliseconds(cell) for cell in cells]
    instants = pa.array(ticks, pa.timestamp("ms", kind.tz))
    return pa.chunked_array([instants.cast(kind)])


def _milliseconds(cell: Any) -> int:
    """Count from 1970 to the instant: the time shown, less the offset that its format shows."""
    since: timedelta = cell.value - _EPOCH
    if found := _OFFSET.search(cell.number_format):
        hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
        offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        since += offset if found[1] == "-" else -offset
    return round(since / timedelta(milliseconds=1))
