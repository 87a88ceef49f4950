"""Times, days and durations that no reader gives back: refused by name before they are written."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.export.columns import PER_SECOND, is_nested, local
from crisp_data.export.unwritable import Unwritable

# Years 0 to 9999, in seconds: what ISO 8601 writes with four digits.
_FIRST, _LAST = -62_167_219_200, 253_402_300_799
_FIRST_DAY, _LAST_DAY = -719_162, 2_932_896  # the same, in days, from year 1
_DAY_MS = 86_400_000
_MISSING = -(2**63)  # the number that means "missing" among pandas' times and durations
_EXACT = 2**53  # seconds: more do not fit Parquet's milliseconds
_OUTSIDE = Unwritable(
    "holds a time outside the years 0 to 9999, which no reader supports",
    "Replace it with a missing value.",
)
_TAKEN_FOR_MISSING = Unwritable(
    "holds the lowest number of its type, which pandas takes for a missing value",
    "Replace it with a missing value.",
)


def check_times(column: pa.ChunkedArray, native: bool) -> None:
    """Refuse times, days and durations that no reader gives back, whatever the format.

    Parquet counts from 1970 and takes any number; pandas and Python do not know all of them.

    Raises
    ------
    Unwritable
        One is beyond what its type is for, or what pandas takes for a missing value.
    """
    kind, types = column.type, pa.types
    if types.is_timestamp(kind):
        _check_instants(column, native)
    elif types.is_date(kind):
        _check_days(column)
    elif types.is_time(kind):
        _check_clock(column)
    elif types.is_duration(kind) and _ends(column)[:1] == [_MISSING]:
        raise _TAKEN_FOR_MISSING
    elif is_nested(kind) or types.is_dictionary(kind):
        for part in column.chunks:
            for inner in _inner_values(part):
                check_times(pa.chunked_array([inner]), native)


def _inner_values(part: pa.Array) -> list[pa.Array]:
    """Give the values within the values of a list, a struct, a map, or an encoding."""
    if isinstance(part, (pa.DictionaryArray, pa.RunEndEncodedArray)):
        return [part.dictionary if isinstance(part, pa.DictionaryArray) else part.values]
    if isinstance(part.type, pa.StructType):
        return list(part.flatten())
    if isinstance(part.type, pa.MapType):
        return [part.keys, part.items]
    return [pc.list_flatten(part)]


def _ends(column: pa.ChunkedArray) -> list[int]:
    """Give the lowest and the highest of a column's numbers; nothing where all are missing."""
    width = pa.int32() if column.type.bit_width == 32 else pa.int64()
    found = pc.min_max(pa.chunked_array([part.view(width) for part in column.chunks], width))
    return [] if found["min"].as_py() is None else list(found.as_py().values())


def _check_instants(times: pa.ChunkedArray, native: bool) -> None:
    kind = times.type
    try:
        if kind.tz:
            pd.DatetimeTZDtype(kind.unit, kind.tz)
    except (KeyError, ValueError, OSError, TypeError):
        raise Unwritable(
            "has a time zone that does not exist",
            "Convert it: {column}.dt.tz_convert('UTC').",
        ) from None
    ends, first, last = _ends(times), _FIRST, _LAST
    if ends[:1] == [_MISSING]:
        raise _TAKEN_FOR_MISSING
    if native:  # seconds become milliseconds
        first, last = -_EXACT, _EXACT
    else:
        try:
            ends = _ends(local(pa.chunked_array([pa.array(ends, pa.int64()).cast(kind)])))
        except pd.errors.OutOfBoundsDatetime:
            raise Unwritable(
                "holds a time that its zone shows beyond what its unit holds",
                "Convert it: {column}.dt.as_unit('us').",
            ) from None
        except (ValueError, OverflowError, NotImplementedError):  # beyond Python's years
            raise _OUTSIDE from None
    if any(not first <= tick // PER_SECOND[kind.unit] <= last for tick in ends):
        raise _OUTSIDE


def _check_days(days: pa.ChunkedArray) -> None:
    per_day = 1 if pa.types.is_date32(days.type) else _DAY_MS
    if any(not _FIRST_DAY <= end // per_day <= _LAST_DAY for end in _ends(days)):
        raise Unwritable(
            "holds a day outside the years 1 to 9999, which no reader supports",
            "Replace it with a missing value.",
        )
    if per_day > 1:
        try:
            days.cast(pa.date32())
        except pa.ArrowInvalid:
            raise Unwritable(
                "holds a day with a time of the day, which a date has not",
                "Convert it to times: {column}.astype('timestamp[ms][pyarrow]').",
            ) from None


def _check_clock(clock: pa.ChunkedArray) -> None:
    day = 86_400 * PER_SECOND[clock.type.unit]
    if any(not 0 <= end < day for end in _ends(clock)):
        raise Unwritable(
            "holds a time of the day outside 00:00 to 24:00, which no reader supports",
            "Replace it with a missing value, or write it as a duration.",
        )
