"""A table as a frame: full, empty, described."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from crisp_data.dates import check_tz
from crisp_data.errors import BadParameter
from crisp_data.tables.kinds import TEXTS, Column, Table, in_zone, to_arrow
from crisp_data.tables.list_columns import is_plain_list, tuples
from crisp_data.tables.schemas import TABLES


def find_table(table: str) -> Table:
    """Find a table by its name."""
    hint = f"Use one of: {', '.join(TABLES)}."
    if not isinstance(table, str):  # a frame, say, which is no word
        raise BadParameter(f"A table is named by one word, not by a {type(table).__name__}.", hint)
    if table not in TABLES:
        raise BadParameter(f"There is no table {table!r}.", hint)
    return TABLES[table]


def to_frame(data: pa.Table) -> pd.DataFrame:
    """Give an Arrow table as a frame; times and categories keep their Arrow types.

    Lists of text, numbers or flags are tuples.

    Parameters
    ----------
    data : pyarrow.Table
        Rows in a table's Arrow types.

    Returns
    -------
    pandas.DataFrame
        The same columns and rows.
    """
    lists = {
        place: data.column(place)
        for place, field in enumerate(data.schema)
        if is_plain_list(field.type)
    }
    for place in lists:  # keeps the place of the column
        data = data.set_column(place, data.column_names[place], pa.nulls(len(data)))
    frame: pd.DataFrame = data.to_pandas(types_mapper=dtype_of, ignore_metadata=True)
    for place, column in lists.items():
        # As a Series: of an array of objects pandas would guess the dtype.
        values = pd.Series(tuples(column), index=frame.index, dtype=object)
        frame.isetitem(place, values)  # type: ignore[arg-type]  # the stubs know no Series
    return frame


def empty(table: str, tz: str = "UTC") -> pd.DataFrame:
    """Give a table without rows, its columns and dtypes those of a full one.

    Parameters
    ----------
    table : str
        The table's name, such as "messages".
    tz : str, default "UTC"
        The zone of the times.

    Returns
    -------
    pandas.DataFrame
        No rows.

    Examples
    --------
    >>> from crisp_data import tables
    >>> tables.empty("pages").columns.tolist()
    ['session_id', 'timestamp', 'page_title', 'page_url', 'page_referrer', 'website_id', 'extra']
    """
    found = find_table(table)
    arrays = [to_arrow(column, in_zone(column.kind, tz), []) for column in found.columns]
    return to_frame(pa.table(arrays, found.schema_in(tz)))


def schema(table: str, tz: str = "UTC") -> pd.DataFrame:
    """Print a table's columns: what each holds and where in Crisp's JSON it comes from.

    Parameters
    ----------
    table : str
        The table's name, such as "messages".
    tz : str, default "UTC"
        The zone of the times.

    Returns
    -------
    pandas.DataFrame
        One row for each column of the table; columns ``column``, ``dtype``, ``meaning`` and
        ``source``, the dotted path in a record.

    Raises
    ------
    BadParameter
        There is no such table, or no such zone.

    Examples
    --------
    >>> from crisp_data import tables
    >>> tables.schema("messages").query("column == 'user_id'").source.item()
    'user.user_id'
    """
    declared, tz = find_table(table), check_tz(tz)
    rows = [(c.name, _meaning(c), " or ".join(c.sources)) for c in declared.columns]
    frame = pd.DataFrame(rows, columns=["column", "meaning", "source"], dtype="str")
    frame.insert(1, "dtype", [str(dtype) for dtype in empty(table, tz).dtypes])
    return frame.astype("str")


def _meaning(column: Column) -> str:
    """Say what an ``object`` is, which no dtype says."""
    return f"{column.meaning}: a tuple of texts" if column.kind is TEXTS else column.meaning


def dtype_of(kind: pa.DataType) -> Any:
    """Choose the dtype that tables use for an Arrow type; None leaves it to pandas."""
    types = pa.types
    if types.is_timestamp(kind) and kind.tz:
        return pd.DatetimeTZDtype(kind.unit, kind.tz)  # its zone as pandas names it
    # Python's own times know no nanoseconds.
    if (types.is_nested(kind) and not types.is_dictionary(kind)) or kind == pa.time64("ns"):
        return pd.ArrowDtype(kind)
    if types.is_integer(kind):
        return pd.Int64Dtype() if types.is_signed_integer(kind) else pd.UInt64Dtype()
    if types.is_floating(kind):
        return pd.Float64Dtype()
    return pd.BooleanDtype() if types.is_boolean(kind) else None
