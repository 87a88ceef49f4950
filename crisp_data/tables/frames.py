"""A table as a frame: full, empty, described."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from crisp_data.errors import BadParameter
from crisp_data.tables import arrow as columns
from crisp_data.tables.kinds import Table, in_zone
from crisp_data.tables.schemas import TABLES

_DTYPES = {
    pa.large_string(): pd.StringDtype(na_value=np.nan),
    pa.string(): pd.StringDtype(na_value=np.nan),
    pa.int64(): pd.Int64Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
}


def find_table(table: str) -> Table:
    """Find a table by its name."""
    try:
        return TABLES[table]
    except KeyError:
        raise BadParameter(
            f"There is no table {table!r}.", f"Use one of: {', '.join(TABLES)}."
        ) from None


def to_frame(data: pa.Table) -> pd.DataFrame:
    """Give an Arrow table as a frame; times and categories keep their Arrow types.

    Parameters
    ----------
    data : pyarrow.Table
        Rows in a table's Arrow types.

    Returns
    -------
    pandas.DataFrame
        The same columns and rows.
    """
    frame: pd.DataFrame = data.to_pandas(types_mapper=_dtype, ignore_metadata=True)
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
    return to_frame(_empty(find_table(table), tz))


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

    Examples
    --------
    >>> from crisp_data import tables
    >>> tables.schema("messages").query("column == 'user_id'").source.item()
    'user.user_id'
    """
    declared = find_table(table)
    rows = [(c.name, c.meaning, " or ".join(c.sources)) for c in declared.columns]
    frame = pd.DataFrame(rows, columns=["column", "meaning", "source"], dtype="str")
    frame.insert(1, "dtype", [str(dtype) for dtype in empty(table, tz).dtypes])
    return frame.astype("str")


def _empty(table: Table, tz: str) -> pa.Table:
    arrays = [columns.without_rows(in_zone(c.kind, tz)) for c in table.columns]
    return pa.table(arrays, table.schema_in(tz))


def _dtype(arrow: pa.DataType) -> Any:
    if pa.types.is_timestamp(arrow) and arrow.tz:
        return pd.DatetimeTZDtype(arrow.unit, arrow.tz)  # its zone as pandas names it
    return pd.ArrowDtype(arrow) if pa.types.is_list(arrow) else _DTYPES.get(arrow)
