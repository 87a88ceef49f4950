"""What frames and arguments must be, and times as the milliseconds that arithmetic wants."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crisp_data import arguments, dates
from crisp_data.errors import BadParameter

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: How numpy tells a missing time as a whole number.
MISSING = np.iinfo(np.int64).min
PER = ("ticket", "conversation")
#: Types of rows that are no messages.
NO_MESSAGES = ("note", "event")


def needs(frame: pd.DataFrame, *columns: str, of: str = "ws.messages()") -> None:
    """Refuse what is no frame, or one that lacks a column.

    Parameters
    ----------
    frame : pandas.DataFrame
        What was given.
    *columns : str
        Names that the frame must have.
    of : str, default "ws.messages()"
        Where such a frame comes from, for the error.

    Raises
    ------
    BadParameter
        It is no frame, or a column is missing or there twice.
    """
    if not isinstance(frame, pd.DataFrame):
        raise BadParameter(
            f"A {type(frame).__name__} is not a DataFrame.", f"Pass a frame of {of}."
        )
    for name in columns:
        if name not in frame:
            raise BadParameter(f"The frame has no column {name!r}.", f"Pass a frame of {of}.")
    arguments.check_once(frame, *columns)


def names(value: str | Iterable[str] | None) -> list[str]:
    """Read one name or several."""
    try:
        return [value] if isinstance(value, str) else list(value or ())
    except TypeError:
        raise BadParameter(
            f"A {type(value).__name__} is not a name or a list of names.",
            "Pass text or a list of texts.",
        ) from None


def check_per(per: str) -> None:
    """Refuse what one cannot measure by."""
    arguments.check_word("per", per, PER)


def milliseconds(frame: pd.DataFrame, column: str) -> tuple[Ints, str]:
    """Give the times of a column as milliseconds since 1970, and their zone."""
    times = frame[column]
    if isinstance(times.dtype, pd.ArrowDtype) and times.dtype.kind == "M":
        times = pd.Series(pd.DatetimeIndex(times))  # read with dtype_backend="pyarrow"
    if not isinstance(times.dtype, pd.DatetimeTZDtype):
        raise BadParameter(
            f"The column {column!r} holds no times with a zone.",
            f"Say which zone they are in: frame[{column!r}].dt.tz_localize('UTC'); or read a file "
            "as a table: crisp.read(path, 'messages').",
        )
    named = dates.in_named_zone(times)
    if named is None:
        raise BadParameter(
            f"The times of the column {column!r} are in a time zone without a standard name.",
            f"Convert them: frame[{column!r}].dt.tz_convert('Europe/Paris').",
        )
    return pd.DatetimeIndex(named).as_unit("ms").asi8, str(named.dt.tz)


def values(frame: pd.DataFrame, column: str, dtype: str, missing: Any) -> npt.NDArray[Any]:
    """Give a column as an array of its declared dtype, whatever dtype a frame has made of it.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame.
    column : str
        The column.
    dtype : str
        Its declared dtype.
    missing : object
        What stands for a missing value; its type is that of the array.

    Returns
    -------
    numpy.ndarray
        The values.

    Raises
    ------
    BadParameter
        The column holds values of another type.
    """
    kind = type(missing)
    try:
        found: Any = frame[column].astype(pd.api.types.pandas_dtype(dtype)).array
        return np.asarray(found.to_numpy(kind, na_value=missing))
    except (TypeError, ValueError):
        raise BadParameter(
            f"The column {column!r} does not hold values of type {dtype}.",
            "Read a file as a table: crisp.read(path, 'messages').",
        ) from None


def times(at: Ints, tz: str) -> pd.DatetimeIndex:
    """Give milliseconds since 1970 as times in a zone."""
    return pd.DatetimeIndex(at.view("M8[ms]")).tz_localize("UTC").tz_convert(tz)


def counts(numbers: Ints) -> Any:
    """Give whole numbers as a column of counts."""
    return pd.array(numbers, dtype="Int64")


def durations(lengths: Ints) -> npt.NDArray[np.timedelta64]:
    """Give milliseconds as durations."""
    return lengths.view("m8[ms]")


def lengths(frame: pd.DataFrame, column: str = "duration") -> Ints:
    """Give a column of durations as milliseconds."""
    if not pd.api.types.is_timedelta64_dtype(frame[column]):
        raise BadParameter(
            f"The column {column!r} holds no durations.",
            "Use what responses(), first_response() or resolution() returned.",
        )
    return pd.TimedeltaIndex(frame[column]).as_unit("ms").asi8


def length(value: Any, name: str) -> int:
    """Read a duration such as "1 hour" as milliseconds."""
    hint = "Write it like '30 minutes', '1 hour' or '2 days', or pass a Timedelta."
    try:
        # A bare number is nanoseconds to pandas, which nobody means.
        if isinstance(value, (int, float)) or (isinstance(value, str) and value.isdecimal()):
            raise ValueError
        read = pd.Timedelta(value)
    except (ValueError, TypeError):
        raise BadParameter(f"{name} is not a duration that can be read.", hint) from None
    if pd.isna(read) or read < pd.Timedelta(0):
        raise BadParameter(f"{name} must be a duration of zero or more.", hint)
    return int(read.asm8.astype("m8[ms]").astype(np.int64))


def moment(now: Any, at: Ints, tz: str) -> int:
    """Read ``now`` as milliseconds; the latest of the times where it is not given.

    Parameters
    ----------
    now : object
        A moment, as the user gave it.
    at : numpy.ndarray of int64
        Times in milliseconds since 1970.
    tz : str
        The zone of a moment without one.

    Returns
    -------
    int
        Milliseconds since 1970, UTC.

    Raises
    ------
    BadParameter
        ``now`` is not a moment.
    """
    if now is None:
        return int(at.max(initial=MISSING))
    read = _instant(now, "now", tz)
    if read == MISSING:
        raise BadParameter("now is not a date or time.")
    return read


def beginning(since: Any, tz: str) -> int:
    """Read ``since`` as milliseconds; before everything where it is not given."""
    return _instant(since, "since", tz)


def _instant(moment: Any, name: str, tz: str) -> int:
    read = dates.moment(moment, name, tz=tz, now=pd.Timestamp.now("UTC").to_pydatetime())
    return int(MISSING) if read is None else int(read.asm8.astype("M8[ms]").astype(np.int64))


def check_tz_or(tz: str | None, own: str) -> str:
    """Check a zone that was asked for; the frame's own where none was."""
    return own if tz is None else dates.check_tz(tz)
