"""Columns of plain Python objects as columns of one type, which the objects themselves name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import chain
from pathlib import PurePath
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow.types import is_list, is_primitive, is_temporal

from crisp_data.export.columns import as_series, is_text
from crisp_data.export.json_values import clock_text, json_text
from crisp_data.export.unwritable import MIXED, TOO_DEEP, Unwritable

_TEXT = pa.large_string()
_DEEPEST = 64  # lists within lists
_EXACT = 2**53  # a double holds every whole number up to here


def typed(column: pd.Series, declared: pa.DataType | None = None) -> tuple[pd.Series, bool]:
    """Give a column of objects a type of its own, and tell whether it is now JSON text.

    A column of lists without one says nothing of its type, which is what its table declares.

    Raises
    ------
    Unwritable
        The objects are of several kinds, or of one that no file holds.
    """
    try:
        gone = column.isna()
    except ArithmeticError:  # of a decimal "sNaN"
        raise Unwritable(
            "holds a decimal that signals an error", "Replace it with a missing value."
        ) from None
    lists = _tuples_of_text(column.to_numpy(), gone.to_numpy())
    if lists is None and gone.all() and declared is not None and is_list(declared):
        lists = pa.nulls(len(column), declared)
    if lists is not None:
        return as_series(lists, column.index), False
    values = [None if missing else v for v, missing in zip(column, gone, strict=True)]
    present = [value for value in values if value is not None]
    groups = {_group(kind) for kind in {type(value) for value in present}}
    if groups == {"whole", "real"}:
        groups = {"real"}
    if len(groups) > 1:
        raise MIXED
    group = groups.pop() if groups else "text"
    try:
        _, read = _KINDS[group]
        if read is None:
            return _by_pandas(column, values, present), False
        data = read(values)
        return as_series(data, column.index), group == "nested" and is_text(data.type)
    except (pa.ArrowException, ValueError, TypeError, ArithmeticError):
        # The cause would quote a cell.
        raise MIXED from None


def _tuples_of_text(values: npt.NDArray[Any], gone: npt.NDArray[np.bool_]) -> pa.Array | None:
    """Read tuples of text, as tables have them; None for all else.

    A table's equal tuples are one object, so each object is looked at once.
    """
    present = values[~gone]
    if not len(present) or type(present[0]) is not tuple:
        return None
    codes, objects = pd.factorize(np.fromiter(map(id, values), np.uint64, len(values)))
    different = np.empty(len(objects), object)
    different[codes[~gone]] = present
    tuples = different.tolist()
    there = [value for value in tuples if value is not None]
    if any(type(value) is not tuple for value in there):
        return None
    if any(type(item) is not str for item in chain.from_iterable(there)):
        return None
    try:
        return pa.array(tuples, pa.list_(pa.string())).take(pa.array(codes))
    except UnicodeEncodeError:  # half an emoji, which is refused where all kinds are
        return None


def _group(kind: type) -> str:
    for name, (kinds, _) in _KINDS.items():
        if issubclass(kind, kinds):
            return name
    raise Unwritable(
        f"holds {kind.__name__} objects, which no file format supports",
        "Convert them to text or numbers first, such as {column}.map(str).",
    )


def _whole(values: list[Any]) -> pa.Array:
    """Take the narrowest of 64 bits, the same without a sign, and text: all are exact."""
    numbers = [None if value is None else int(value) for value in values]
    for kind in (pa.int64(), pa.uint64()):
        try:
            return pa.array(numbers, kind)
        except (OverflowError, pa.ArrowInvalid):
            continue
    return pa.array([None if number is None else str(number) for number in numbers], _TEXT)


def _real(values: list[Any]) -> pa.Array:
    if any(isinstance(v, (int, np.integer)) and abs(int(v)) > _EXACT for v in values):
        raise Unwritable(
            "mixes fractions with whole numbers too large for a double",
            "Write them as text: {column}.astype('str').",
        )
    return pa.array([None if value is None else float(value) for value in values], pa.float64())


def _clock(values: list[Any]) -> pa.Array:
    """Keep times of the day; those with a zone are text, for Arrow's type of them has none."""
    present = [value for value in values if value is not None]
    if all(value.tzinfo is None for value in present):
        return pa.array(values, pa.time64("us"))
    if any(value.tzinfo is None for value in present):
        raise MIXED
    return _as(clock_text, _TEXT)(values)


def _enum(values: list[Any]) -> pa.Array:
    raise Unwritable(
        "holds members of an enum", "Use their values: {column}.map(lambda m: m.value)."
    )


def _as(convert: Callable[[Any], Any], kind: pa.DataType | None) -> Callable[[list[Any]], pa.Array]:
    return lambda values: pa.array([None if v is None else convert(v) for v in values], kind)


def _by_pandas(column: pd.Series, values: list[Any], present: list[Any]) -> pd.Series:
    """Let pandas find the dtype, which is exact; where there is none, write each as text."""
    zones = {str(getattr(value, "tzinfo", None)) for value in present}
    if len(zones) > 1 and "None" in zones:
        raise MIXED
    if len(zones) == 1:
        found = pd.Series(values, index=column.index, dtype=object).infer_objects()
        if found.dtype != object:
            return found
    return as_series(_as(_shown, _TEXT)(values), column.index)


def _shown(value: Any) -> str:
    if isinstance(value, (timedelta, np.timedelta64)):
        raise Unwritable(
            "holds durations that have no common unit, such as years, or that are too long",
            "Convert them first, such as to a number of seconds or days.",
        )
    return str(value.isoformat() if isinstance(value, datetime) else value)


def _check_depth(value: Any, within: tuple[int, ...]) -> None:
    """Refuse lists that nest deeper than files are read; pyarrow itself knows no bound."""
    if not isinstance(value, (list, tuple)) and getattr(value, "dtype", None) != np.dtype(object):
        return
    if id(value) in within or len(within) > _DEEPEST:
        raise TOO_DEEP
    for inner in value:
        _check_depth(inner, (*within, id(value)))


def _nested(values: list[Any]) -> pa.Array:
    """Keep lists of one plain type; all else is JSON, which changes no row to fit another."""
    for value in values:
        _check_depth(value, ())
    if not any(isinstance(value, (Mapping, set, frozenset)) for value in values):
        try:
            lists = pa.array(values)
        except (pa.ArrowException, ValueError, TypeError, ArithmeticError):
            lists = None
        if lists is not None and is_list(lists.type):
            inner = lists.type.value_type
            if pa.types.is_null(inner):
                return lists.cast(pa.list_(pa.string()))
            if is_text(inner) or (is_primitive(inner) and not is_temporal(inner)):
                return lists
    return pa.array(json_text(values), _TEXT)


_Reader = Callable[[list[Any]], pa.Array]
# The kinds of objects with what reads a column of each; without a reader, see typed(). The first
# that fits counts: a Timestamp is a datetime is a date, a bool is an int.
_KINDS: dict[str, tuple[tuple[type, ...], _Reader | None]] = {
    "text": ((str,), _as(str, _TEXT)),
    "flag": ((bool, np.bool_), _as(bool, pa.bool_())),
    "duration": ((timedelta, np.timedelta64), None),  # which numpy counts among whole numbers
    "whole": ((int, np.integer), _whole),
    "real": ((float, np.floating), _real),
    "enum": ((Enum,), _enum),
    "bytes": ((bytes, bytearray, memoryview), _as(bytes, pa.large_binary())),
    "decimal": ((Decimal,), _as(Decimal, None)),
    "time": ((datetime, np.datetime64), None),
    "day": ((date,), _as(lambda day: day, pa.date32())),
    "clock": ((time,), _clock),
    "period": ((pd.Period,), None),
    # As text: pandas would make real numbers of whole ones beside a gap.
    "interval": ((pd.Interval,), _as(str, _TEXT)),
    "uuid": ((UUID,), _as(str, _TEXT)),
    "path": ((PurePath,), _as(str, _TEXT)),
    "nested": ((Mapping, list, tuple, set, frozenset, np.ndarray), _nested),
}
