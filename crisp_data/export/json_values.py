"""Nested values as JSON text: what JSON has no word for is written as columns of it are."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa

from crisp_data.export.columns import PER_SECOND
from crisp_data.export.unwritable import TOO_DEEP, Unwritable


def json_text(values: Iterable[Any]) -> list[str | None]:
    """Write each value as JSON on one line; None stays.

    Raises
    ------
    Unwritable
        A value holds what JSON cannot.
    """
    try:
        return [None if value is None else _dumps(_builtin(value)) for value in values]
    except RecursionError:
        raise TOO_DEEP from None


def month_day_nano_text(interval: Any) -> str:
    """Write an interval of months, days and nanoseconds as ISO 8601 does."""
    seconds, rest = divmod(abs(interval.nanoseconds), 10**9)
    sign = "-" if interval.nanoseconds < 0 else ""
    fraction = f".{rest:09}".rstrip("0") if rest else ""
    return f"P{interval.months}M{interval.days}DT{sign}{seconds}{fraction}S"


def clock_text(clock: time) -> str:
    """Write a time of the day as ISO 8601 does, with its distance from UTC where it has a zone.

    Raises
    ------
    Unwritable
        The distance is not known without a date, as in a zone with summer time.
    """
    if clock.tzinfo is not None and clock.utcoffset() is None:
        raise Unwritable(
            "holds a time of the day in a zone whose distance from UTC depends on the date",
            "Give each its date, or write the zone as a column of its own.",
        )
    return clock.isoformat()


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _builtin(value: Any) -> Any:
    """Give a value as what JSON knows."""
    if isinstance(value, np.generic) and not isinstance(value, (np.datetime64, np.timedelta64)):
        value = value.item()
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise Unwritable(
                "holds a dict whose keys are not all text, which JSON cannot write",
                "Convert them to text first.",
            )
        return {key: _builtin(inner) for key, inner in value.items()}
    if isinstance(value, (set, frozenset)):  # in an order that is the same on every run
        return sorted((_builtin(inner) for inner in value), key=_dumps)
    if isinstance(value, (list, tuple, np.ndarray)) and not isinstance(value, pa.MonthDayNano):
        return [_builtin(inner) for inner in value]
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    for kinds, written in _WRITTEN:
        if isinstance(value, kinds) and not isinstance(value, Enum):
            return written(value)
    raise Unwritable(
        f"holds {type(value).__name__} objects, which no file format supports",
        "Convert them to text or numbers first, such as {column}.map(str).",
    )


def seconds_text(ticks: int, per_second: int) -> str:
    """Write a duration as seconds with all digits of its unit."""
    whole, rest = divmod(abs(ticks), per_second)
    digits = f".{rest:0{len(str(per_second)) - 1}}" if per_second > 1 else ""
    return f"{'-' if ticks < 0 else ''}{whole}{digits}"


def base64_text(value: Any) -> str:
    """Write bytes as Base64."""
    return base64.b64encode(value).decode()


def _seconds(duration: Any) -> float | str | None:
    """Give a duration as seconds: a number, or text where a number would lose digits."""
    if duration is pd.NaT:
        return None
    ticks, per_second = int(duration.asm8.astype(np.int64)), PER_SECOND[duration.unit]
    seconds = ticks / per_second
    exact = Fraction(repr(seconds)) * per_second == ticks
    return seconds if exact else seconds_text(ticks, per_second)


def _finite(number: float) -> float | None:
    if math.isinf(number):
        raise Unwritable(
            "holds a number that is not finite, which JSON cannot write",
            "Replace it with a missing value.",
        )
    return None if math.isnan(number) else number


# In this order: the first kind that fits.
_WRITTEN: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    ((bool, int, str), lambda value: value),
    (float, _finite),
    (pa.MonthDayNano, month_day_nano_text),
    ((datetime, date), lambda value: value.isoformat()),
    (time, clock_text),
    (np.datetime64, lambda value: None if np.isnat(value) else str(value)),
    ((timedelta, np.timedelta64), lambda value: _seconds(pd.Timedelta(value))),
    ((bytes, bytearray, memoryview), base64_text),
    (Decimal, lambda value: None if _finite(float(value)) is None else format(value, "f")),
    ((UUID, PurePath, pd.Period, pd.Interval), str),
)
