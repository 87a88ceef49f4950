"""A column of JSON objects as one column for each key, with every value as it was."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

from crisp_data.api.json_repair import loaded
from crisp_data.arguments import check_frame, check_once
from crisp_data.errors import BadParameter
from crisp_data.tables.frames import to_frame

Path = tuple[str, ...]

_EXACT = 2**53  # a double holds every whole number up to here


def expand(frame: pd.DataFrame, column: str) -> pd.DataFrame:
    """Turn a column of JSON objects into one column for each key.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table's frame.
    column : str
        A column of JSON text, such as ``data`` or ``extra``.

    Returns
    -------
    pandas.DataFrame
        Rows and index as in ``frame``, one column for each key that occurs. Nested keys are
        dotted; a key that itself holds a dot stands in double quotes, as in TOML. The dtypes are
        those of tables: ``str``, ``Int64`` (``UInt64`` beyond it), ``Float64`` and ``boolean``.
        Lists are tuples. Values that none of them holds exactly stay the Python objects they are:
        empty objects, several types in one column, numbers of more than 64 bits.

    Raises
    ------
    BadParameter
        This is no frame, there is no such column, or it holds something other than JSON objects.

    Examples
    --------
    >>> import pandas as pd
    >>> from crisp_data import tables
    >>> frame = pd.DataFrame({"data": ['{"plan":"pro","seats":3}', None]}, index=["a", "b"])
    >>> tables.expand(frame, "data")
      plan  seats
    a  pro      3
    b  NaN   <NA>
    """
    check_frame(frame)
    if not isinstance(column, Hashable) or column not in frame:
        raise BadParameter(f"There is no column {column!r}.", "Use a column of the frame.")
    check_once(frame, column)
    try:
        objects = [_object(value) for value in frame[column].tolist()]
        leaves = [list(_leaves(value)) for value in objects]
    except (ValueError, RecursionError):
        # The cause would quote a cell.
        raise BadParameter(
            f"The column {column!r} does not hold JSON objects.",
            "expand() is for data, content_json, properties, extra and the like.",
        ) from None
    found: dict[Path, list[Any]] = {}
    for row, pairs in enumerate(leaves):
        for path, leaf in pairs:
            found.setdefault(path, [None] * len(objects))[row] = leaf
    columns = {_name(path): _typed(values) for path, values in found.items()}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(objects))).set_axis(frame.index)


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        value = loaded(value)
    if isinstance(value, dict):
        return value
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return {}
    raise ValueError("not an object")


def _leaves(value: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Yield what no object holds any deeper, with its keys, in the order of the text."""
    waiting: list[tuple[Path, Any]] = [((key,), inner) for key, inner in reversed(value.items())]
    while waiting:
        path, leaf = waiting.pop()
        if not isinstance(path[-1], str):
            raise ValueError("a key that is no text")
        if isinstance(leaf, dict) and leaf:
            waiting += [((*path, key), inner) for key, inner in reversed(leaf.items())]
        else:
            yield path, _as_tuple(leaf)


def _as_tuple(value: Any) -> Any:
    """Make tuples of lists, which pandas can compare; objects within them stay what they are."""
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value


def _name(path: Path) -> str:
    """Join keys by dots; quotes keep ``{"a.b": 1}`` apart from ``{"a": {"b": 1}}``."""
    return ".".join(
        json.dumps(key, ensure_ascii=False) if "." in key or key.startswith('"') else key
        for key in path
    )


def _typed(values: list[Any]) -> Any:
    """Give values the dtype of a table that holds each of them exactly, or none."""
    kinds = {type(value) for value in values if value is not None}
    for kind in _candidates(kinds, values):
        try:
            return to_frame(pa.table({"": pa.array(values, kind)}))[""]
        except (OverflowError, UnicodeEncodeError, pa.ArrowInvalid):
            continue
    return pd.Series(values, dtype=object)


def _candidates(kinds: set[type], values: list[Any]) -> tuple[pa.DataType, ...]:
    if kinds == {str}:
        return (pa.large_string(),)
    if kinds == {bool}:
        return (pa.bool_(),)
    if kinds == {int}:
        return pa.int64(), pa.uint64()
    exact = all(abs(value) <= _EXACT for value in values if type(value) is int)
    return (pa.float64(),) if kinds in ({float}, {int, float}) and exact else ()
