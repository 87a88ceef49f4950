"""The kinds of column, what a column and a table declare, and values as Arrow arrays.

A kind ties together what JSON may hold, what Arrow stores and, through
:func:`crisp_data.tables.frames.to_frame`, which pandas dtype an analyst sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Meta, Raw

from crisp_data.api.json_repair import json_texts

# Arrow's default pool asks for pages anew and keeps those that small arrays leave: a third more
# time and memory for a table.
POOL = pa.system_memory_pool()
# Years 1 to 9999: what datetime and pandas' own printing can show.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999


@dataclass(frozen=True)
class Kind:
    """What a column may hold.

    Attributes
    ----------
    name : str
        One word for it.
    json : type
        What msgspec accepts in its place; anything else goes to ``extra``.
    arrow : pyarrow.DataType
        How it is stored; times are in UTC unless a builder sets another zone.
    categories : tuple of str
        The fixed values of a category, otherwise empty.
    """

    name: str
    json: Any
    arrow: pa.DataType
    categories: tuple[str, ...] = ()

    @cached_property
    def codes(self) -> dict[str, int]:
        """The number that stands for each category."""
        return {value: code for code, value in enumerate(self.categories)}

    @cached_property
    def dictionary(self) -> pa.Array:
        """The categories, as an array keeps them beside its numbers."""
        return pa.array(self.categories, self.arrow.value_type)


TEXT = Kind("text", str, pa.large_string())
INTEGER = Kind("integer", Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)], pa.int64())
# A double holds every whole number up to here; what it would round goes to ``extra``.
_EXACT = 2**53
REAL = Kind("real", Annotated[int, Meta(ge=-_EXACT, le=_EXACT)] | float, pa.float64())
FLAG = Kind("flag", bool, pa.bool_())
TIME = Kind("time", Annotated[int, Meta(ge=_FIRST_MS, le=_LAST_MS)], pa.timestamp("ms", tz="UTC"))
# Tuples, because the garbage collector lets go of those that hold text, and follows every list.
TEXTS = Kind("texts", tuple[str, ...], pa.list_(pa.string()))
JSON = Kind("json", Raw, pa.large_string())


def category(*values: str) -> Kind:
    """Make a kind whose only values are these; an unknown one goes to ``extra``."""
    return Kind("category", str, pa.dictionary(pa.int8(), pa.large_string()), values)


@dataclass(frozen=True)
class Column:
    """One column: the only place where its name, kind, meaning and source are written.

    Attributes
    ----------
    name : str
        Its name in the frame.
    kind : Kind
        What it holds.
    meaning : str
        One phrase for the reader of the schema.
    source : str
        Dotted path in the JSON record; the name itself where none is given.
    also : tuple of str
        Further paths, read in this order where the record has nothing at ``source``.
    read : callable or None
        Makes the texts of a batch from whatever JSON stands there.
    """

    name: str
    kind: Kind
    meaning: str
    source: str = ""
    also: tuple[str, ...] = ()
    read: Callable[[list[Any]], list[str | None]] | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Every path that may fill the column, the preferred one first."""
        return (self.source or self.name, *self.also)

    @property
    def json(self) -> Any:
        """What msgspec decodes at the column's paths."""
        return Any if self.read else self.kind.json


EXTRA = Column(
    "extra",
    JSON,
    "everything without a column: unknown fields, values of the wrong type, unknown categories",
    "every other path",
)


@dataclass(frozen=True)
class Table:
    """One table: its columns, what identifies a row and how rows are ordered.

    Attributes
    ----------
    name : str
        Its name, such as ``messages``.
    meaning : str
        What one row is.
    declared : tuple of Column
        The columns that JSON fills; :attr:`columns` adds ``extra``.
    key : tuple of str
        Columns that identify a row; of rows that share it the last one added stays. A row
        without the last of them cannot be identified and always stays.
    order : tuple of (str, direction)
        How rows are sorted; ``arrival`` keeps the order in which values were first seen.
        Empty: rows stay as they came.
    withheld : tuple of str
        Paths of secrets, which never enter a frame.
    """

    name: str
    meaning: str
    declared: tuple[Column, ...] = field(repr=False)
    key: tuple[str, ...]
    order: tuple[tuple[str, Literal["ascending", "descending", "arrival"]], ...] = ()
    withheld: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns, ``extra`` last."""
        return (*self.declared, EXTRA)

    def schema_in(self, tz: str) -> pa.Schema:
        """Give the Arrow schema with times in the zone ``tz``.

        Parameters
        ----------
        tz : str
            The zone of the times.

        Returns
        -------
        pyarrow.Schema
            The schema.
        """
        return pa.schema([(c.name, in_zone(c.kind, tz).arrow) for c in self.columns])


def in_zone(kind: Kind, tz: str) -> Kind:
    """Give the kind with its times, if any, in the zone ``tz``."""
    return replace(kind, arrow=pa.timestamp("ms", tz=tz)) if kind is TIME else kind


def to_arrow(column: Column, kind: Kind, values: list[Any]) -> pa.Array:
    """Turn what was decoded for a column into its array; see :func:`unknown` for categories.

    Parameters
    ----------
    column : Column
        The column.
    kind : Kind
        Its kind, with its time zone.
    values : list[object]
        What was decoded; None for missing.

    Returns
    -------
    pyarrow.Array
        As long as ``values``.
    """
    if kind.categories:
        numbers = [kind.codes.get(value) for value in values]
        codes = pa.array(numbers, kind.arrow.index_type, memory_pool=POOL)
        return pa.DictionaryArray.from_arrays(codes, kind.dictionary)
    if values == [None] * len(values):
        return pa.nulls(len(values), kind.arrow, POOL)
    if column.read:
        values = column.read(values)
    elif kind.name == "json":
        values = json_texts(values)
    elif kind.name == "time":  # Whole numbers are stored alike, and read in half the time.
        return pa.array(values, pa.int64(), memory_pool=POOL).view(kind.arrow)
    return pa.array(values, kind.arrow, memory_pool=POOL)


def encode(kind: Kind, texts: pa.Array) -> pa.Array:
    """Encode texts as the fixed categories of a kind; an unknown one becomes null."""
    codes = pc.index_in(texts.cast(pa.large_string()), value_set=kind.dictionary)
    return pa.DictionaryArray.from_arrays(codes.cast(kind.arrow.index_type), kind.dictionary)


def unknown(encoded: pa.Array, values: list[Any]) -> dict[int, str]:
    """Find the values, by row, that a category does not know."""
    if not encoded.null_count:
        return {}
    missing = pc.is_null(encoded).to_pylist()
    return {
        row: value
        for row, (value, gone) in enumerate(zip(values, missing, strict=True))
        if gone and value is not None
    }
