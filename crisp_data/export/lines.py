"""JSON lines: one record a line, every column on every line.

Columns that hold JSON as text (``data``, ``extra`` ...) stand in the file as the objects they
are, so that any reader can look into them; what is no object or list on one line stays a
string. Both come back as the text they were, byte for byte.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Any, BinaryIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.errors import BadParameter
from crisp_data.export.columns import iso8601, plain

Kinds = Mapping[str, pa.DataType]

_BYTES_AT_A_TIME = 1 << 22
_encoder = msgspec.json.Encoder()
_string = msgspec.json.Decoder(str)
_any_json = msgspec.json.Decoder(msgspec.Raw)


def write_jsonl(file: BinaryIO, parts: Iterable[pa.Table], json: Collection[str]) -> None:
    """Write tables as lines; the columns named by ``json`` hold JSON text."""
    for part in parts:
        names = part.column_names
        columns = [
            [_embed(text) for text in column.to_pylist()] if name in json else _values(name, column)
            for name, column in zip(names, part.columns, strict=True)
        ]
        rows = zip(*columns, strict=True)
        file.write(_encoder.encode_lines([dict(zip(names, row, strict=True)) for row in rows]))


def read_jsonl(file: BinaryIO, kinds: Kinds, json: Collection[str]) -> pa.Table:
    """Read what :func:`write_jsonl` wrote; a column not in ``kinds`` gets the type it shows.

    Raises
    ------
    msgspec.MsgspecError, pyarrow.ArrowInvalid, UnicodeDecodeError
        The lines are not records of these columns and kinds.
    """
    names = list(msgspec.json.decode(file.readline() or b"{}", type=dict[str, msgspec.Raw]))
    file.seek(0)
    gathered: dict[str, list[pa.Array]] = {name: [] for name in names}
    untyped: dict[str, list[Any]] = {name: [] for name in names if name not in kinds}
    for values in _columns(file, names, kinds, json):
        for name, column in zip(names, values, strict=True):
            if name in untyped:
                untyped[name].extend(column)
            else:
                texts = [_text(raw) for raw in column] if name in json else column
                gathered[name].append(_typed(texts, kinds[name]))
    columns = [
        _untyped(untyped[name])
        if name in untyped
        else pa.chunked_array(gathered[name], kinds[name])
        for name in names
    ]
    return pa.table(columns, names)


def _values(name: str, column: pa.ChunkedArray) -> list[Any]:
    column = plain(column)
    if pa.types.is_timestamp(column.type):
        column = iso8601(column)
    elif pa.types.is_floating(column.type) and pc.any(pc.invert(pc.is_finite(column))).as_py():
        raise BadParameter(
            f"Column {name!r} holds a number that is not finite, which JSON cannot write.",
            "Write .parquet or .csv, or put a missing value in its place.",
        )
    return list(column.to_pylist())


def _embed(text: str | None) -> msgspec.Raw | str | None:
    """Return the JSON itself where it is an object or list on one line, else the text."""
    if text is None or text[:1] + text[-1:] not in ("{}", "[]") or "\n" in text or "\r" in text:
        return text
    try:
        _any_json.decode(text)
    except msgspec.DecodeError:
        return text
    return msgspec.Raw(text.encode())


def _text(raw: msgspec.Raw) -> str | None:
    """Undo :func:`_embed`."""
    json = bytes(raw)
    if json in (b"", b"null"):
        return None
    return _string.decode(json) if json.startswith(b'"') else json.decode()


def _columns(
    file: BinaryIO, names: list[str], kinds: Kinds, json: Collection[str]
) -> Iterator[list[list[Any]]]:
    """Decode the lines straight into a record declared for this file, and turn it around."""
    fields = [(f"field_{n}", *_field(name, kinds, json)) for n, name in enumerate(names)]
    record = msgspec.defstruct(
        "Line",
        fields,
        rename={f"field_{n}": name for n, name in enumerate(names)},
        forbid_unknown_fields=True,
        gc=False,
    )
    decoder = msgspec.json.Decoder(record)
    while lines := file.readlines(_BYTES_AT_A_TIME):
        rows = decoder.decode_lines(b"".join(lines))
        yield [list(map(attrgetter(f"field_{n}"), rows)) for n in range(len(names))]


def _field(name: str, kinds: Kinds, json: Collection[str]) -> tuple[Any, Any]:
    """Return the type that a column has in a line, and what a missing value is."""
    if name in json:
        return msgspec.Raw, msgspec.Raw()
    kind = kinds.get(name)
    if kind is None:
        return Any, None
    if pa.types.is_integer(kind):
        return int | None, None
    if pa.types.is_floating(kind):
        return float | None, None
    if pa.types.is_boolean(kind):
        return bool | None, None
    return (list[str | None] if pa.types.is_list(kind) else str) | None, None


def _typed(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(kind):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)


def _untyped(values: list[Any]) -> pa.Array:
    """Let Arrow find the type; an object stays the JSON text that it is."""
    texts = [
        msgspec.json.encode(value).decode() if isinstance(value, dict) else value
        for value in values
    ]
    column = pa.array(texts)
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column
