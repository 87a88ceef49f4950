"""Answers decoded straight into typed records, whatever they hold.

A table's paths make a tree; each object in it becomes a msgspec struct that forbids what is
not declared, so a page that fits is decoded at full speed and one that does not is noticed.
Such a page is read record by record, and only a record that does not fit is taken apart:
each part that fits stays, each that does not is set aside under its path. The next plan makes
room for what was met, so that it slows one page and not every page.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

import msgspec
from msgspec import Raw

from crisp_data.api.envelope import decode
from crisp_data.api.json_repair import strict, written
from crisp_data.errors import BadAnswer
from crisp_data.tables.kinds import Table

Path: TypeAlias = tuple[str, ...]
Record: TypeAlias = msgspec.Struct

_read_object = msgspec.json.Decoder(dict[str, Raw]).decode
_read_list = msgspec.json.Decoder(list[Raw]).decode
_read_float = msgspec.json.Decoder(float).decode
_NULL, _NOTHING = b"null", b"{}"


class Misfits(dict[Path, Raw]):
    """What a record holds that its columns cannot.

    Attributes
    ----------
    unknown : set of paths
        Fields that a plan may add.
    wide : set of paths
        Declared places whose value is of another type.
    """

    def __init__(self) -> None:
        super().__init__()
        self.unknown: set[Path] = set()
        self.wide: set[Path] = set()


@dataclass(frozen=True)
class Unfolded:
    """The values of a batch by path, and by row and path the JSON text of those without place."""

    values: dict[Path, list[Any]] = field(default_factory=dict)
    unmapped: defaultdict[int, dict[Path, str]] = field(default_factory=lambda: defaultdict(dict))


class Leaf:
    """A path that ends in a value: of one kind or, where it is wide, of any."""

    def __init__(self, path: Path, kind: Any, wide: bool) -> None:
        self.path, self.kind, self.wide = path, kind, wide
        self.free = kind in (Raw, Any)
        self.type: Any = kind if self.free else Any if wide else kind | None
        self._decode = msgspec.json.Decoder(kind).decode

    def fitted(self, raw: Raw, misfits: Misfits) -> Raw | None:
        """Give the value as it is accepted here, or set it aside."""
        if self.free:
            return raw
        for candidate in (raw, _without_point(raw)):
            try:
                self._decode(candidate)
            except ValueError:
                continue
            return candidate
        misfits[self.path] = raw
        misfits.wide.add(self.path)
        return None

    def unfold(self, values: list[Any], into: Unfolded) -> None:
        """Store the values; of a wide leaf, only those of its kind."""
        if self.wide:
            for row in _others(values, self.kind):
                value = _converted(values[row], self.kind)
                if value is None:
                    into.unmapped[row][self.path] = written(values[row])
                values[row] = value
        into.values[self.path] = values


class Node:
    """An object whose keys are known: a struct, and the children in the order of its fields.

    Where it is wide, anything may stand in its place.
    """

    def __init__(self, path: Path, leaves: Mapping[Path, Any], wide: Set[Path]) -> None:
        self.path, self.wide = path, path in wide
        depth = len(path)
        heads = dict.fromkeys(leaf[: depth + 1] for leaf in leaves if leaf[:depth] == path)
        self.children = {
            head[depth]: Leaf(head, leaves[head], head in wide)
            if head in leaves
            else Node(head, leaves, wide)
            for head in heads
        }
        # Keys need not be identifiers, so fields are numbered and renamed.
        self.fields = {key: f"f{i}" for i, key in enumerate(self.children)}
        self.struct = msgspec.defstruct(
            "Record",
            [(self.fields[key], child.type, None) for key, child in self.children.items()],
            rename={name: key for key, name in self.fields.items()},
            forbid_unknown_fields=True,
            gc=False,
        )
        anything = (str | int | float | bool | list[Any]) if self.wide else None
        self.type: Any = self.struct | anything | None
        self.empty = self.struct()

    def fitted(self, raw: Raw, misfits: Misfits) -> Raw | None:
        """Give the object without the parts that do not fit, which are set aside."""
        try:
            parts = _read_object(raw)
        except msgspec.ValidationError:
            misfits[self.path] = raw
            misfits.wide.add(self.path)
            return None
        fitting = {}
        for key, part in parts.items():
            if memoryview(part) == _NULL:
                continue
            child = self.children.get(key)
            if child is None:
                misfits[(*self.path, key)] = part
                if written(key) == f'"{key}"':  # Struct fields cannot hold escapes.
                    misfits.unknown.add((*self.path, key))
            elif (value := child.fitted(part, misfits)) is not None:
                fitting[key] = value
        return Raw(msgspec.json.encode(fitting))

    def unfold(self, records: list[Any], into: Unfolded) -> None:
        """Turn records into one list of values for each path below."""
        if self.wide:
            for row in _others(records, self.struct):
                into.unmapped[row][self.path] = written(records[row])
                records[row] = None
        records = [record or self.empty for record in records]
        for key, child in self.children.items():
            child.unfold(_read_field(self.fields[key])(records), into)


class Plan:
    """How answers of one table are decoded, given what was met so far.

    Parameters
    ----------
    table : Table
        Its columns say what stands where.
    extra_paths : set of paths
        Unknown fields that are decoded along, as JSON.
    wide : set of paths
        Places that have held a value of another type than declared.
    """

    def __init__(
        self, table: Table, extra_paths: Set[Path] = frozenset(), wide: Set[Path] = frozenset()
    ) -> None:
        self.extra_paths, self.wide = extra_paths, wide
        leaves = {path_of(s): column.json for column in table.declared for s in column.sources}
        leaves |= dict.fromkeys(map(path_of, table.withheld), Raw)
        leaves |= dict.fromkeys(sorted(extra_paths), Raw)
        self.root = Node((), leaves, wide - {()})
        record: Any = self.root.struct
        self._one = msgspec.json.Decoder(record).decode
        self._page = _envelope(list[record] | record | None).decode

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
        It is not the documented envelope, or it reports an error.
    """
    envelope = decode(_split, body)
    if envelope.error:
        raise BadAnswer("The answer reports an error where records were expected.")
    data = envelope.data
    kind = bytes(memoryview(data)[:1])
    if kind not in (b"[", b"{", b"n"):
        raise BadAnswer("The answer's data are neither records nor a record.")
    if kind == b"[":
        return _read_list(data)
    return [] if memoryview(data) in (_NOTHING, _NULL) else [data]


def _envelope(data: Any) -> msgspec.json.Decoder[Any]:
    """Make the decoder of an answer that holds such data."""
    envelope = msgspec.defstruct("Envelope", [("data", data), ("error", bool, False)], gc=False)
    return msgspec.json.Decoder(envelope)


def _others(values: list[Any], kind: Any) -> list[int]:
    """Find the rows whose value is neither missing nor certainly of this kind."""
    return [i for i, v in enumerate(values) if type(v) is not kind and v is not None]


@cache
def _read_field(name: str) -> Callable[[list[Any]], list[Any]]:
    """Make the function that reads one field of many records.

    With the name in its source it is three times as fast as ``operator.attrgetter``, and unlike
    ``astuple`` it makes no object per record that the garbage collector would follow.
    """
    function: Callable[[list[Any]], list[Any]] = eval(f"lambda rows: [r.{name} for r in rows]")
    return function


_split = _envelope(Raw)


def _without_point(raw: Raw) -> Raw:
    """Write ``1.0`` as ``1``; anything else stays, for a double rounds long whole numbers."""
    if not any(sign in bytes(raw) for sign in b".eE"):
        return raw
    try:
        number = _whole(_read_float(raw))
    except ValueError:
        return raw
    return Raw(str(number).encode())


def _converted(value: Any, kind: Any) -> Any:
    """Give a decoded value as its kind; None where it is of another.

    As it came first, and ``1.0`` as ``1`` only then: a whole double may be larger than the whole
    numbers that its column takes.
    """
    for candidate in (value, _whole(value)):
        try:
            return msgspec.convert(candidate, kind)
        except msgspec.ValidationError:
            continue
    return None


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
