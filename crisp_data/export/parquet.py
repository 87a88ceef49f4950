"""Parquet: the columns as Arrow has them, readable by anything that reads Parquet.

The schema is plain Arrow without pandas' own notes, for pandas refuses its own notes on
columns of lists. One note of ours names the table, so that reading needs no ``table=``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet

_NOTE = b"crisp_data.table"


def write_parquet(
    file: BinaryIO, schema: pa.Schema, parts: Iterable[pa.Table], table: str | None
) -> None:
    """Write tables of one schema, compressed with zstd, a row group for each.

    Parameters
    ----------
    file : BinaryIO
        Where to write.
    schema : pyarrow.Schema
        The schema of all tables.
    parts : Iterable[pyarrow.Table]
        The tables, in order.
    table : str or None
        The table's name, to be noted in the file; None notes nothing.
    """
    fields = [field.with_type(_readable(field.type)) for field in schema]
    noted = pa.schema(fields, {_NOTE: table.encode()} if table else None)
    with pyarrow.parquet.ParquetWriter(file, noted, compression="zstd") as writer:
        for part in parts:
            writer.write_table(part.cast(noted))


def _readable(kind: pa.DataType) -> pa.DataType:
    """Spell a type so that each pyarrow which the package allows writes it and reads it back.

    A list of fixed size with a gap is not written before pyarrow 25, which writes what it cannot
    read back; short decimals are not written before 22.
    """
    types = pa.types
    if types.is_decimal32(kind) or types.is_decimal64(kind):
        return pa.decimal128(kind.precision, kind.scale)
    if types.is_list(kind) or types.is_fixed_size_list(kind):
        return pa.list_(_readable_field(kind.value_field))
    if types.is_large_list(kind):
        return pa.large_list(_readable_field(kind.value_field))
    if types.is_struct(kind):
        return pa.struct([_readable_field(field) for field in kind])
    if types.is_map(kind):
        fields = _readable_field(kind.key_field), _readable_field(kind.item_field)
        return pa.map_(*fields, keys_sorted=kind.keys_sorted)
    return kind


def _readable_field(field: pa.Field) -> pa.Field:
    return field.with_type(_readable(field.type))


def read_parquet(path: Path) -> tuple[pa.Table, str | None]:
    """Return the columns and the name of the table that the file was written as."""
    # Opened here: a file that pyarrow opens by its path is let go by one of its threads, at times
    # after this returns, and until then Windows neither replaces nor removes it. (Nor is
    # "Notes: October.parquet" taken for an address.)
    with path.open("rb") as file:
        columns = pyarrow.parquet.read_table(file, partitioning=None)
    note = (columns.schema.metadata or {}).get(_NOTE)
    return columns, note.decode() if note else None
