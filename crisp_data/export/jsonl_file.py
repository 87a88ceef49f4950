"""JSON lines: one record a line, every column on every line.

Columns that hold JSON as text (``data``, ``extra`` ...) stand in the file as the objects they
are, so that any reader can look into them; what is no object or list on one line stays a
string. Both come back as the text they were, byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain
from typing import Any, BinaryIO

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.errors import BadParameter
from crisp_data.export.columns import iso8601, plain
from crisp_data.export.json_values import json_text

Kinds = Mapping[str, pa.DataType]

_BYTES_AT_A_TIME = 1 << 22
_TEXT = pa.large_string()
_encoder = msgspec.json.Encoder()
_record = msgspec.json.Decoder(dict[str, msgspec.Raw])
_string = msgspec.json.Decoder(str)
_any_json = msgspec.json.Decoder(msgspec.Raw)
# What a JSON list of values of an Arrow type is read as; of any other they are text.
_READ: tuple[tuple[Callable[[pa.DataType], bool], Any], ...] = (
    (pa.types.is_integer, list[int | None]),
    (pa.types.is_floating, list[float | None]),
    (pa.types.is_boolean, list[bool | None]),
    (pa.types.is_list, list[list[str | None] | None]),
)


def write_jsonl(file: BinaryIO, parts: Iterable[pa.Table], json: Collection[str]) -> None:
    """Write tables as lines; the columns named by ``json`` hold JSON text.

    Each column is encoded as a whole and Arrow puts the lines together, in two thirds of the
    time that one dictionary for each row takes.

    Parameters
    ----------
    file : BinaryIO
        Where to write.
    parts : Iterable[pyarrow.Table]
        The tables, in order.
    json : Collection[str]
        Names of the columns that hold JSON text.
    """
    for part in parts:
        pieces: list[Any] = []
        for name, column in zip(part.column_names, part.columns, strict=True):
            values = list(map(_embed, column.to_pylist())) if name in json else _values(column)
            key = _encoder.encode(name).decode()
            pieces += [_text_of(("," if pieces else "{") + key + ":"), _encoded(values)]
        lines = pc.binary_join_element_wise(*pieces, _text_of("}\n"), _text_of(""))
        file.write("".join(lines.to_pylist()).encode())


def check_finite(frame: pd.DataFrame, schema: pa.Schema) -> None:
    """Refuse numbers that JSON cannot write, before there is a file."""
    for field in schema:
        if not pa.types.is_floating(field.type):
            continue
        numbers = pa.array(frame[field.name], from_pandas=True)
        if pc.any(pc.invert(pc.is_finite(numbers))).as_py():
            raise BadParameter(
                f"Column {field.name!r} holds a number that is not finite, which JSON cannot "
                "write.",
                "Write .parquet or .csv, or replace it with a missing value.",
            )


def read_jsonl(file: BinaryIO, kinds: Kinds, json: Collection[str]) -> pa.Table:
    """Read what :func:`write_jsonl` wrote; a column not in ``kinds`` gets the type it shows.

    Parameters
    ----------
    file : BinaryIO
        Where to read.
    kinds : Kinds
        Arrow types by column, as far as they are known.
    json : Collection[str]
        Names of the columns that are to hold JSON text.

    Returns
    -------
    pyarrow.Table
        The rows, in the order of the lines.

    Raises
    ------
    ValueError
        The lines are not JSON, have different keys or hold values of another kind; msgspec's
        and Arrow's own errors are such, too.
    """
    names = list(_record.decode(file.readline() or b"{}"))
    file.seek(0)
    gathered: dict[str, list[Any]] = {name: [] for name in names}
    while lines := file.readlines(_BYTES_AT_A_TIME):
        records = _record.decode_lines(b"".join(lines))
        if any(record.keys() != gathered.keys() for record in records):
            raise ValueError("lines of different keys")
        for name in names:
            raws = [record[name] for record in records]
            gathered[name].append(_read(raws, kinds.get(name), name in json))
    columns = [
        pa.chunked_array(parts, kinds[name]) if name in kinds else _untyped(list(chain(*parts)))
        for name, parts in gathered.items()
    ]
    return pa.table(columns, names)


def _values(column: pa.ChunkedArray) -> list[Any]:
    column = plain(column)
    return list((iso8601(column) if pa.types.is_timestamp(column.type) else column).to_pylist())


def _encoded(values: list[Any]) -> pa.Array:
    """Return the JSON of each value. Encoded JSON has no line break inside, so it splits."""
    encoded = pa.array([_encoder.encode_lines(values)], pa.large_binary())
    return pc.split_pattern(encoded.cast(_TEXT), "\n").flatten().slice(0, len(values))


def _text_of(text: str) -> pa.Scalar:
    return pa.scalar(text, _TEXT)


def _embed(text: str | None) -> msgspec.Raw | str | None:
    """Return the JSON itself where it is an object or list on one line, else the text."""
    if text is None or text[:1] + text[-1:] not in ("{}", "[]") or "\n" in text or "\r" in text:
        return text
    try:
        _any_json.decode(text)
    except msgspec.DecodeError:
        return text
    return msgspec.Raw(text.encode())


def _unembed(raw: msgspec.Raw) -> str | None:
    """Undo :func:`_embed`."""
    json = bytes(raw)
    if json == b"null":
        return None
    return _string.decode(json) if json.startswith(b'"') else json.decode()


def _read(raws: list[msgspec.Raw], kind: pa.DataType | None, json: bool) -> Any:
    """Decode the values of one column together: a column is a list of one type."""
    if json:
        return pa.array(map(_unembed, raws), kind)
    text = b"[%b]" % b",".join(raws)
    if kind is None:
        return msgspec.json.decode(text)
    read = next((read for fits, read in _READ if fits(kind)), list[str | None])
    values = msgspec.json.decode(text, type=read)
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)


def _untyped(values: list[Any]) -> pa.Array:
    """Let Arrow find the type; objects, and lists of several types, stay JSON text."""
    if any(isinstance(value, dict) for value in values):
        return _as_text(values)
    for kind in (None, pa.uint64()):
        try:
            column = pa.array(values, kind)
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            continue
        # Arrow fits the objects in a list to each other.
        if not pa.types.is_list(column.type) or not pa.types.is_struct(column.type.value_type):
            return column.cast(pa.string()) if pa.types.is_null(column.type) else column
    return _as_text(values)


def _as_text(values: list[Any]) -> pa.Array:
    """Keep text, and write any other value as its JSON."""
    encoded = iter(json_text(value for value in values if not isinstance(value, str)))
    return pa.array([value if isinstance(value, str) else next(encoded) for value in values], _TEXT)
