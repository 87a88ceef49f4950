"""Between plain Arrow columns and the text that files hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

# Rows turned into a file at a time: memory stays bounded whatever the frame's length.
SLICE = 32_768

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def slices(frame: pd.DataFrame, schema: pa.Schema, rows: int = SLICE) -> Iterator[pa.Table]:
    """Yield the frame as Arrow tables of at most ``rows`` rows; one, empty, for no rows.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame.
    schema : pyarrow.Schema
        The Arrow schema of its columns.
    rows : int, default SLICE
        The most rows of one table.

    Yields
    ------
    pyarrow.Table
        The frame's rows in their order.
    """
    for start in range(0, max(len(frame), 1), rows):
        part = frame.iloc[start : start + rows]
        yield pa.Table.from_pandas(part, schema=schema, preserve_index=False, nthreads=1)


def as_series(data: pa.Array | pa.ChunkedArray, index: pd.Index[Any]) -> pd.Series[Any]:
    """Give an Arrow column as a pandas one."""
    return pd.Series(pd.arrays.ArrowExtensionArray(data), index=index, copy=False)


def is_text(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type holds text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_nested(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type holds values within values."""
    return bool(pa.types.is_nested(kind) and not pa.types.is_dictionary(kind))


def exceeds(numbers: pa.ChunkedArray, limit: int) -> bool:
    """Tell whether a whole number is further from zero than a limit."""
    found = pc.min_max(numbers).as_py()
    return found["min"] is not None and max(-found["min"], found["max"]) > limit


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Unpack categories."""
    kind = column.type
    return column.cast(kind.value_type) if pa.types.is_dictionary(kind) else column


def json_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write every list as the JSON text of it."""
    texts = [
        None if value is None else msgspec.json.encode(value).decode()
        for value in column.to_pylist()
    ]
    return pa.chunked_array([pa.array(texts, pa.string())])


def in_words(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write lists as JSON and times as ISO 8601; unpack categories; any other column stays."""
    column = plain(column)
    if is_nested(column.type):
        return json_text(column)
    return iso8601(column) if pa.types.is_timestamp(column.type) else column


def from_json_text(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Undo :func:`json_text`."""
    values = [None if text is None else msgspec.json.decode(text) for text in column.to_pylist()]
    return pa.chunked_array([pa.array(values, kind)])


def local(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Give times as the clock of their zone shows them.

    pandas converts them, as it does for the frame: ``pyarrow.compute.local_timestamp`` reads the
    system's time zone database, which a slim container or Windows lacks, and which may be of
    another year than the one that pandas reads.
    """
    kind = times.type
    if not kind.tz:
        return times
    instants = pd.DatetimeIndex(times.cast(pa.timestamp(kind.unit)).to_numpy(), tz="UTC")
    clock = instants.tz_convert(kind.tz).tz_localize(None)
    return pa.chunked_array([pa.array(clock, pa.timestamp(kind.unit))])


def iso8601(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write times as ``2026-10-25T02:30:00.000+02:00``, in their zone; naive ones without offset.

    ``pyarrow.compute.strftime`` does the same ten times slower, and without the colon.
    """
    clock = local(times)
    text = pc.binary_replace_slice(clock.cast(pa.string()), 10, 11, "T")
    if not times.type.tz:
        return text
    return pc.binary_join_element_wise(text, offsets(times, clock), "")


def from_iso8601(texts: pa.ChunkedArray, kind: pa.TimestampType) -> pa.ChunkedArray:
    """Undo :func:`iso8601`; Arrow's own cast reads no offset with seconds, as before 1900."""
    if not kind.tz:
        return _clock(texts, kind.unit)
    parts = pc.struct_field
    found = pc.extract_regex(
        texts, r"^(?P<clock>.{19,29})(?P<sign>[+-])(?P<h>\d\d):(?P<m>\d\d)(?::(?P<s>\d\d))?$"
    )
    hours, minutes, seconds = (
        pc.cast(pc.if_else(pc.equal(part, ""), "0", part), pa.int64())
        for part in (parts(found, name) for name in "hms")
    )
    distance = pc.add(pc.add(pc.multiply(hours, 3600), pc.multiply(minutes, 60)), seconds)
    ahead = pc.if_else(pc.equal(parts(found, "sign"), "-"), pc.negate(distance), distance)
    clock = _clock(parts(found, "clock"), kind.unit).cast(pa.int64())
    ticks = pc.subtract(clock, pc.multiply(ahead, PER_SECOND[kind.unit]))
    return ticks.cast(kind)


def _clock(texts: pa.ChunkedArray, unit: str) -> pa.ChunkedArray:
    try:
        return texts.cast(pa.timestamp(unit))
    except pa.ArrowInvalid:  # Arrow does not read the first second of the nanoseconds, in 1677
        values = np.array(texts.to_pylist(), f"datetime64[{unit}]")
        return pa.chunked_array([pa.array(values)])


def offsets(times: pa.ChunkedArray, clock: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return each time's distance from UTC, such as ``+02:00``, given what the clock shows."""
    ticks = pc.subtract(clock.cast(pa.int64()), times.cast(pa.int64()))
    distance = ticks.combine_chunks().dictionary_encode()
    names = [
        _offset(ticks // PER_SECOND[times.type.unit]) for ticks in distance.dictionary.to_pylist()
    ]
    return pa.chunked_array([pa.array(names, pa.string()).take(distance.indices)])


def _offset(seconds: int) -> str:
    hours, rest = divmod(abs(seconds), 3600)
    text = f"{'-' if seconds < 0 else '+'}{hours:02}:{rest // 60:02}"
    return f"{text}:{rest % 60:02}" if rest % 60 else text
