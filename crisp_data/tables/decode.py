"""Answers decoded straight into typed records, whatever they hold.

A table's paths make a tree; each object in it becomes a msgspec struct that forbids what is
not declared, so a page that fits is decoded at full speed and one that does not is noticed.
Such a page is read record by record, and only a record that does not fit is taken apart:
each part that fits stays, each that does not is set aside as JSON text under its path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw

from crisp_data.errors import BadAnswer
from crisp_data.tables.kinds import Table
from crisp_data.tables.text import mended, strict

Path: TypeAlias = tuple[str, ...]
Record: TypeAlias = msgspec.Struct

_read_object = msgspec.json.Decoder(dict[str, Raw]).decode
_read_list = msgspec.json.Decoder(list[Raw]).decode
_read_float = msgspec.json.Decoder(float).decode
_NULL, _NOTHING = b"null", b"{}"


class Misfits(dict[Path, Raw]):
    """What a record holds that its columns cannot, and which of it has no column at all."""

    def __init__(self) -> None:
        super().__init__()
        self.unknown: list[Path] = []


class Leaf:
    """A path that ends in a value."""

    def __init__(self, path: Path, kind: Any) -> None:
        self.path, self.kind = path, kind
        self.type = Raw if kind is Raw else kind | None
        self._decode = None if kind is Raw else msgspec.json.Decoder(kind).decode

    def fitted(self, raw: Raw, misfits: Misfits) -> Raw | None:
        """Give the value as it is accepted here, or set it aside."""
        if self._decode is None:
            return raw
        for candidate in (raw, _without_point(raw)):
            try:
                self._decode(candidate)
            except ValueError:
                continue
            return candidate
        misfits[self.path] = raw
        return None


class Node:
    """An object whose keys are known: a struct, and the children in the order of its fields."""

    def __init__(self, path: Path, leaves: Mapping[Path, Any]) -> None:
        self.path = path
        depth = len(path)
        heads = dict.fromkeys(leaf[depth] for leaf in leaves if leaf[:depth] == path)
        self.children: dict[str, Leaf | Node] = {}
        for head in heads:
            below = (*path, head)
            self.children[head] = (
                Leaf(below, leaves[below]) if below in leaves else Node(below, leaves)
            )
        # Keys need not be identifiers, so fields are numbered and renamed.
        self.fields = {key: f"f{i}" for i, key in enumerate(self.children)}
        self.struct = msgspec.defstruct(
            "Record",
            [(self.fields[key], child.type, None) for key, child in self.children.items()],
            rename={field: key for key, field in self.fields.items()},
            forbid_unknown_fields=True,
            gc=False,
        )
        self.type = self.struct | None
        self.empty = self.struct()

    def fitted(self, raw: Raw, misfits: Misfits) -> Raw | None:
        """Give the object without the parts that do not fit, which are set aside."""
        try:
            parts = _read_object(raw)
        except msgspec.ValidationError:
            misfits[self.path] = raw
            return None
        kept = {}
        for key, part in parts.items():
            if memoryview(part) == _NULL:
                continue
            child = self.children.get(key)
            if child is None:
                misfits[(*self.path, key)] = part
                misfits.unknown.append((*self.path, key))
            elif (value := child.fitted(part, misfits)) is not None:
                kept[key] = value
        return Raw(msgspec.json.encode(kept))

    def unfold(self, records: Sequence[Any], into: dict[Path, Sequence[Any]]) -> None:
        """Turn records into one sequence of values for each path below."""
        fields = zip(*map(msgspec.structs.astuple, records), strict=True)
        for child, values in zip(self.children.values(), fields, strict=True):
            if isinstance(child, Leaf):
                into[child.path] = values
            else:
                empty = child.empty
                child.unfold([value or empty for value in values], into)


class Plan:
    """How answers of one table are decoded, given the fields that are known so far."""

    def __init__(self, table: Table, learned: Iterable[Path] = ()) -> None:
        leaves = {path_of(s): column.json for column in table.declared for s in column.sources}
        leaves |= dict.fromkeys(map(path_of, table.withheld), Raw)
        leaves |= dict.fromkeys(learned, Raw)
        self.root = Node((), leaves)
        record: Any = self.root.struct
        self._one = msgspec.json.Decoder(record).decode
        self._page = _envelope(list[record] | record | None)

    def page(self, body: bytes) -> list[Record]:
        """Decode a whole answer at once; ``ValueError`` where any of it does not fit."""
        envelope = self._page(body)
        if envelope.error:
            raise ValueError
        if isinstance(envelope.data, list):
            return envelope.data
        return [] if envelope.data in (None, self.root.empty) else [envelope.data]

    def record(self, raw: Raw) -> tuple[Record, Misfits]:
        """Decode one record, setting aside what does not fit."""
        misfits = Misfits()
        try:
            return self._one(raw), misfits
        except ValueError:
            fitted = self.root.fitted(strict(raw), misfits)
        return self._one(fitted or _NOTHING), misfits


def path_of(source: str) -> Path:
    """Split a dotted source into the keys that lead to it."""
    return tuple(source.split("."))


def split(body: bytes) -> list[Raw]:
    """Split an answer into its records, each still JSON.

    Raises
    ------
    BadAnswer
        It is not the documented envelope, or it tells an error.
    """
    try:
        envelope = _split(body)
    except ValueError:
        try:
            envelope = _split(mended(body))
        except ValueError:
            raise BadAnswer("The answer is not the JSON envelope which Crisp documents.") from None
    if envelope.error:
        raise BadAnswer("The answer tells an error where records were expected.")
    data = envelope.data
    kind = bytes(memoryview(data)[:1])
    if kind not in (b"[", b"{", b"n"):
        raise BadAnswer("The answer's data are neither records nor a record.")
    return (
        _read_list(data) if kind == b"[" else [] if memoryview(data) in (b"{}", _NULL) else [data]
    )


def _envelope(data: Any) -> Callable[[bytes], Any]:
    envelope = msgspec.defstruct("Envelope", [("data", data), ("error", bool, False)], gc=False)
    return msgspec.json.Decoder(envelope).decode


_split = _envelope(Raw)


def _without_point(raw: Raw) -> Raw:
    """Write ``1.0`` as ``1``; anything else stays."""
    try:
        number = _read_float(raw)
    except ValueError:
        return raw
    return Raw(str(int(number)).encode()) if number.is_integer() else raw
