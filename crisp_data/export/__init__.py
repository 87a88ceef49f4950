"""Frames to files and back, whole, exact and safe to open.

>>> import pandas as pd
>>> from crisp_data import export
>>> path = export.write("phones.csv", pd.DataFrame({"phone": ["+33 6 12 34 56 78", "=1+1"]}))
>>> print(path.read_text())
"phone"
"+33 6 12 34 56 78"
"'=1+1"
<BLANKLINE>
>>> export.read(path)["phone"].tolist()
['+33 6 12 34 56 78', '=1+1']

==========================  ==================================================================
ending                      what it keeps
==========================  ==================================================================
``.parquet``                everything, dtypes, time zone and the table's name included; UUIDs,
                            and what Parquet has no type for, as text
``.jsonl``, ``.jsonl.gz``   every value; :func:`read` restores the dtypes, given the table
``.csv``, ``.csv.gz``       every value; likewise. UTF-8; an empty text is ``""``, a missing
                            value nothing at all
``.xlsx``                   every value, dtypes and time zone, in the limits of a spreadsheet
==========================  ==================================================================

In CSV and XLSX a text that a spreadsheet would run gets an apostrophe in front
(:mod:`crisp_data.export.formula_guard`); :func:`read` takes it away again. Times are ISO 8601 with
their distance from UTC, durations are seconds, lists are JSON. Any other dtype is written as a
person reads it, or refused by name (:mod:`crisp_data.export.prepare`).
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pandas.api.types import is_integer_dtype

from crisp_data.arguments import check_frame
from crisp_data.dates import check_tz
from crisp_data.errors import BadParameter, CrispError, FileTrouble
from crisp_data.export import (
    columns,
    csv_file,
    jsonl_file,
    parquet,
    prepare,
    restore,
    xlsx_columns,
    xlsx_read,
    xlsx_write,
)
from crisp_data.local.atomic_file import as_path, check_place, whole_file
from crisp_data.tables import TABLES, empty
from crisp_data.tables.frames import find_table

__all__ = ["ENDINGS", "check", "read", "write"]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__


ENDINGS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet", ".xlsx")

# Formats whose files name their table.
_SELF_DESCRIBING = {".parquet": parquet.read_parquet, ".xlsx": xlsx_read.read_xlsx}
_ROW_GROUP = 1 << 17
_LONE = re.compile("[\ud800-\udfff]")


def write(
    path: str | Path, frame: pd.DataFrame, table: str | None = None, *, bom: bool = False
) -> Path:
    """Write a frame to a file, in the format that the file's ending names.

    The file appears whole or not at all: whatever goes wrong, an older file of that name is
    still the old one. The frame is turned into the file slice by slice.

    Parameters
    ----------
    path : str or Path
        Ends in ``.csv``, ``.csv.gz``, ``.jsonl``, ``.jsonl.gz``, ``.parquet`` or ``.xlsx``. An
        existing file is replaced and keeps its permissions.
    frame : pandas.DataFrame
        A table's frame or any other. Its index is not written, so it must be row numbers.
    table : str, optional
        The table it belongs to, such as ``"messages"``; a frame with exactly the columns of a
        table is recognised. Parquet and XLSX keep the name; JSON
        lines then hold the table's JSON columns as objects instead of as text.
    bom : bool, default False
        Begin a CSV file with the byte order mark by which Excel knows UTF-8. Without it a double
        click on the file shows accents as two wrong characters, in many of Excel's languages.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    BadParameter
        The ending or table is unknown, the folder is missing, ``bom`` was asked for what is no
        CSV file, or a column, named with its dtype, does not fit the format. No file was written.
    FileTrouble
        The file may not be replaced, as on Windows while another program has it open; or the
        disk is full.

    Examples
    --------
    >>> import crisp_data as crisp
    >>> crisp.write("conversations.parquet", ws.conversations(), "conversations").name
    'conversations.parquet'
    """
    path = check(path)
    ending = _ending(path)
    if table is not None:
        find_table(table)
    if bom and not ending.startswith(".csv"):
        raise BadParameter(f"A {ending} file has no byte order mark.", "Leave out bom=True.")
    check_frame(frame)
    _check_labels(frame)
    table = table or _recognise(frame)
    if ending == ".xlsx":
        xlsx_columns.check_size(*frame.shape)
    native, sheet, declared = ending == ".parquet", ending == ".xlsx", restore.declared_kinds(table)
    plain = prepare.normalise(frame, native=native, sheet=sheet, declared=declared)
    frame, schema = plain.frame, plain.schema
    if ending == ".xlsx":
        roles = xlsx_columns.roles(columns.slices(frame, schema))
    if ending.startswith(".jsonl"):
        jsonl_file.check_finite(frame, schema)
    parts = columns.slices(frame, schema, _ROW_GROUP if ending == ".parquet" else columns.SLICE)
    with ExitStack() as stack:
        file: Any = stack.enter_context(whole_file(path))
        if ending.endswith(".gz"):
            # No name and no date inside: the same frame gives the same bytes.
            file = stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
        if ending == ".parquet":
            parquet.write_parquet(file, schema, parts, table)
        elif ending == ".xlsx":
            xlsx_write.write_xlsx(file, table or "data", schema, parts, roles)
        elif ending.startswith(".csv"):
            csv_file.write_csv(file, schema, parts, bom=bom)
        else:
            jsonl_file.write_jsonl(file, parts, restore.json_columns(table) | plain.json)
    return path


def check(path: str | Path) -> Path:
    """Refuse a path that cannot be written, before anything is spent on what goes there.

    Parameters
    ----------
    path : str or Path
        The file to be written.

    Returns
    -------
    Path
        The path, with a leading ``~`` expanded.

    Raises
    ------
    BadParameter
        The ending is unknown, or the folder is missing.
    """
    path = as_path(path)
    _ending(path)
    check_place(path)
    return path


def read(
    path: str | Path, table: str | None = None, tz: str | tzinfo | None = None
) -> pd.DataFrame:
    """Read a file that :func:`write` wrote into the frame that it was.

    Parameters
    ----------
    path : str or Path
        The file.
    table : str, optional
        The table whose dtypes the frame gets. Parquet and XLSX name it themselves. Without
        one, every column of a CSV file is text and a JSON line's are what they look like.
    tz : str or tzinfo, optional
        Time zone of all times that have one. Parquet and XLSX know the frame's own; CSV and
        JSON lines know instants only, which are given in UTC where nothing else is said.

    Returns
    -------
    pandas.DataFrame
        The columns that the file has, in its order; rows numbered from 0.

    Raises
    ------
    BadParameter
        The ending or table is unknown, there is no such file, or it is damaged or holds
        something else.
    FileTrouble
        The system does not let the file be read.

    Examples
    --------
    >>> import crisp_data as crisp
    >>> operators = ws.operators()
    >>> path = crisp.write("operators.csv", operators, "operators")
    >>> crisp.read(path, "operators").equals(operators)
    True
    """
    path = as_path(path)
    ending = _ending(path)
    if table is not None:
        find_table(table)
    zone = None if tz is None else check_tz(tz)
    with _explained(path, ending, table):
        if not path.is_file():
            raise BadParameter(f"There is no file {path}.", "Check the name and the folder.")
        data, named = _read(path, ending, table)
        _check_names(data.column_names)
        if not data.column_names and table:
            return empty(table, zone or "UTC")
        return restore.to_frame(data, table or named, zone)


@contextmanager
def _explained(path: Path, ending: str, table: str | None) -> Iterator[None]:
    """Make an error that says what to do of whatever a damaged file makes the libraries raise.

    Each has errors of its own. Their words would quote a cell, so only their names are told.
    """
    try:
        yield
    except CrispError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise FileTrouble(f"{path} cannot be read: {error.strerror}.") from error
        raise BadParameter(
            f"{path.name} does not hold {ending} rows of {table or 'any table'}: it is damaged, or "
            f"its columns or types of values differ ({type(error).__name__}).",
            "Write it again, or correct its ending. Text files are read as they are without "
            "table=; pandas' own readers guess more.",
        ) from None


def _read(path: Path, ending: str, table: str | None) -> tuple[pa.Table, str | None]:
    """Return the columns of a file and, where it knows, the table that they belong to."""
    if ending in _SELF_DESCRIBING:
        data, named = _SELF_DESCRIBING[ending](path)
        return data, named if named in TABLES else None
    if ending.endswith(".gz") and not path.stat().st_size:
        raise EOFError  # gzip itself takes no bytes at all for the end of none
    opened: Any = gzip.open if ending.endswith(".gz") else open
    with opened(path, "rb") as file:
        kinds = restore.declared_kinds(table)
        if ending.startswith(".csv"):
            return csv_file.read_csv(file, kinds), None
        return jsonl_file.read_jsonl(file, kinds, restore.json_columns(table)), None


def _ending(path: Path) -> str:
    found = [ending for ending in ENDINGS if path.name.lower().endswith(ending)]
    if not found:
        raise BadParameter(
            f"The ending of {path.name!r} names no format.", f"Use one of: {', '.join(ENDINGS)}."
        )
    return found[0]


def _recognise(frame: pd.DataFrame) -> str | None:
    """Name the table that has exactly the frame's columns."""
    names = list(frame.columns)
    return next((name for name in TABLES if [c.name for c in TABLES[name].columns] == names), None)


def _check_labels(frame: pd.DataFrame) -> None:
    """Refuse names of columns, and an index, that files cannot hold."""
    names = list(frame.columns)
    if isinstance(frame.columns, pd.MultiIndex):
        raise BadParameter(
            "The column names have several levels, but files have one.",
            "Join them first: frame.columns = frame.columns.map('.'.join).",
        )
    if not names or not all(isinstance(name, str) for name in names):
        raise BadParameter(
            "Every column of a file needs a name, and the name must be text.",
            "Name them first, such as frame.rename(columns=str).",
        )
    if any(_LONE.search(name) for name in names):
        raise BadParameter("A column name is not valid Unicode.", "Rename it first.")
    _check_names(names)
    index = frame.index
    if index.nlevels > 1 or index.name is not None or not is_integer_dtype(index.dtype):
        raise BadParameter(
            "The frame's index holds data, but files have no index.",
            "Make it a column first: frame.reset_index().",
        )


def _check_names(names: list[str]) -> None:
    if len(set(names)) < len(names):
        raise BadParameter("Two columns have the same name.", "Rename one of them first.")
