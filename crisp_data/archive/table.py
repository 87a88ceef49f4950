"""One table of an archive: rows in by their key, rows out by what is asked for.

Delta Lake stores it: each write is a transaction, readers see whole ones only. A
table is partitioned by the month in which its conversation was created, as Crisp
reported it when the conversation was first stored. It stays there with its thread, whatever
Crisp reports later. So a write touches only the months of its conversations.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, WriterProperties, write_deltalake

from crisp_data.archive.storage import Storage, purge_history
from crisp_data.errors import FileTrouble
from crisp_data.tables import TABLES, Table

MONTH, SYNCED, DELETED = "month", "synced_at", "deleted_at"
MOMENT = pa.timestamp("us", tz="UTC")  # as Delta stores a time
THREADED = ("conversations", "messages")

#: Small files that may gather in a month before they are made one.
_FILES = 8

_ZSTD = WriterProperties(compression="ZSTD", compression_level=3)


def stored(table: Table) -> pa.Schema:
    """Give the schema in which a table's rows are stored: categories as text, own columns last."""
    fields = [(column.name, _stored_type(column.kind.arrow)) for column in table.columns]
    own = [(SYNCED, MOMENT)]
    if table.name in THREADED:
        own += [(MONTH, pa.string()), (DELETED, MOMENT)]
    return pa.schema([*fields, *own])


def _stored_type(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return MOMENT
    if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind):
        return pa.string()
    return kind


class TableVersion(msgspec.Struct, frozen=True):
    """The identity of a table, which differs from one made in its place, and its version."""

    id: str
    version: int


class ArchiveTable:
    """The rows of one table, on a disk or in an object store.

    >>> from crisp_data.archive.storage import Storage
    >>> ArchiveTable(Storage(str(folder / "acme")), "messages").read(["session_id"]).num_rows
    0
    """

    def __init__(self, storage: Storage, name: str) -> None:
        self.name, self.declared = name, TABLES[name]
        self.threaded = name in THREADED
        self.schema = stored(self.declared)
        self._storage = storage
        self._delta: DeltaTable | None = None

    def delta(self) -> DeltaTable | None:
        """Open the newest version; None where nothing was written yet."""
        with self._storage.reading():
            if self._delta is None:
                self._delta = self._storage.open(self.name)
            else:
                self._delta.update_incremental()
        return self._delta

    def reopen(self) -> DeltaTable | None:
        """Open it as if for the first time: another table may have come in its place."""
        self._delta = None
        return self.delta()

    def check_writable(self) -> None:
        """Refuse what could not be written, before anything is spent on what would go there."""
        self._storage.check_writable(self.name, self.delta())

    @property
    def version(self) -> TableVersion:
        """Which table this is, and which version of it; made where it is missing."""
        delta = self._made()
        return TableVersion(str(delta.metadata().id), delta.version())

    def damaged_files(self) -> str:
        """Say what is wrong with the files of the newest version on the disk; empty for nothing.

        Their sizes are compared with the log's. What is inside is seen by who reads it.
        """
        delta = self.reopen()
        if delta is None or self._storage.remote:
            return ""
        folder = Path(self._storage.root, self.name)
        files = pa.table(delta.get_add_actions())
        for path, size in zip(
            *(files[name].to_pylist() for name in ("path", "size_bytes")), strict=True
        ):
            try:
                found = (folder / path).stat().st_size
            except FileNotFoundError:
                return f"a file of its table {self.name} is missing"
            if found != size:
                return f"a file of its table {self.name} is cut, or not the one that was written"
        return ""

    def read(
        self, columns: Sequence[str] | None = None, where: pc.Expression | None = None
    ) -> pa.Table:
        """Read columns of the rows that fit; what the filter rules out is not even opened."""
        try:
            return self._read(columns, where)
        except FileTrouble:
            # Another process may have taken the files of this version away while it was read, as
            # forget() does: those of the newest are there.
            self._delta = None
            return self._read(columns, where)

    def _read(self, columns: Sequence[str] | None, where: pc.Expression | None) -> pa.Table:
        wanted = self.schema.names if columns is None else list(columns)
        delta = self.delta()
        if delta is None:
            return self.schema.empty_table().select(wanted)
        with self._storage.reading():
            dataset = delta.to_pyarrow_dataset(as_large_types=True)
            known = [name for name in wanted if name in dataset.schema.names]
            rows = dataset.to_table(columns=known, filter=where)
        for name in wanted:
            if name not in known:  # a column that a later release of this package added
                rows = rows.append_column(name, pa.nulls(len(rows), self.schema.field(name).type))
        return rows.select(wanted)

    @property
    def there(self) -> pc.Expression:
        """Choose the rows that are not marked as gone."""
        return pc.field(DELETED).is_null()

    def shown(self, deleted: bool) -> pc.Expression | None:
        """Choose the rows that are shown; None for all of them."""
        return None if deleted else self.there

    def owned(self, rows: pa.Table, now: int, months: list[str] | None = None) -> pa.Table:
        """Bring rows of the table into the types that are stored, with the archive's own columns.

        Parameters
        ----------
        rows : pyarrow.Table
            Rows in the workspace's types.
        now : int
            The moment of the sync, in milliseconds since 1970.
        months : list[str], optional
            The month of each row's conversation, as "2026-10", for tables that have it.

        Returns
        -------
        pyarrow.Table
            The rows, ready to be written.
        """
        rows = rows.append_column(SYNCED, pa.repeat(moment(now), len(rows)))
        if months is not None:
            rows = rows.append_column(MONTH, pa.array(months, pa.string()))
            rows = rows.append_column(DELETED, pa.nulls(len(rows), MOMENT))
        return rows.cast(self.schema)

    def append(self, rows: pa.Table) -> None:
        """Add rows that are known to be new."""
        if rows.num_rows:
            self._write(rows, mode="append", schema_mode="merge")

    def put(self, rows: pa.Table, session_ids: Iterable[str]) -> None:
        """Let these be all the rows of these conversations, in one transaction.

        Delta's MERGE, UPDATE and DELETE would do it row by row, but write text in a form
        (``string_view``) that pyarrow 26 cannot filter when it reads. Replacing what a
        predicate names does not.
        """
        if self.delta() is None:
            return
        for ids in chunks(session_ids):
            mine = rows.filter(pc.is_in(rows["session_id"], pa.array(ids, pa.string())))
            before = self.read([MONTH], having(ids))
            where = among("session_id", ids)
            if months := {*before[MONTH].to_pylist(), *mine[MONTH].to_pylist()}:
                where += f" AND {among(MONTH, sorted(months))}"  # the files that can hold them
            self._write(mine, mode="overwrite", schema_mode="merge", predicate=where)

    def mark(self, where: pc.Expression, at: int) -> None:
        """Mark rows as gone since a moment (ms); those marked before stay as they are."""
        ids = pc.unique(self.read(["session_id"], where & self.there)["session_id"]).to_pylist()
        rows = self.read(None, having(ids)).cast(self.schema)
        marked = pc.fill_null(rows[DELETED], moment(at))
        self.put(with_column(rows, DELETED, marked), ids)

    def replace(self, rows: pa.Table) -> None:
        """Write the table anew."""
        whole = rows.combine_chunks()  # chunks would be written side by side, in any order
        self._write(whole, mode="overwrite", schema_mode="overwrite")

    def _write(self, rows: pa.Table, **how: Any) -> None:
        with self._storage.writing():
            write_deltalake(self._made(), rows, writer_properties=_ZSTD, **how)

    def compact(self) -> None:
        """Make few files of many where they are too many, and let go of what nobody needs."""
        delta = self._delta
        if delta is None:  # what was never opened has not grown
            return
        with self._storage.writing():
            if len(delta.file_uris()) > _FILES * max(1, len(delta.partitions())):
                delta.optimize.compact(writer_properties=_ZSTD)
                delta.vacuum(dry_run=False)

    def purge(self) -> None:
        """Leave nothing but the newest version; see :func:`purge_history`."""
        delta = self.delta()
        if delta is not None:
            with self._storage.writing():
                purge_history(delta)

    def _made(self) -> DeltaTable:
        delta = self.delta()
        if delta is None:
            by = MONTH if self.threaded else None
            with self._storage.writing():
                delta = self._delta = self._storage.create(self.name, self.schema, by)
        return delta


def having(session_ids: Iterable[str]) -> pc.Expression:
    """Choose the rows of these conversations; no row where none is named."""
    # Typed, for an empty list of no type cannot be compared with text.
    return pc.field("session_id").isin(pa.array(session_ids, pa.large_string()))


def with_column(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    """Replace a column by its name.

    Parameters
    ----------
    rows : pyarrow.Table
        The rows.
    name : str
        The column's name.
    values : pyarrow.Array
        Its new values, one for each row.

    Returns
    -------
    pyarrow.Table
        The rows with the new column in the place of the old one.
    """
    return rows.set_column(rows.schema.get_field_index(name), name, values)


def moment(milliseconds: int) -> pa.Scalar:
    """Give milliseconds since 1970 as a time that the tables hold."""
    return pa.scalar(milliseconds * 1000, MOMENT)


def session_months(rows: pa.Table) -> list[tuple[str, str]]:
    """Give the session_id of each row, and the month it is in."""
    return list(zip(rows["session_id"].to_pylist(), rows[MONTH].to_pylist(), strict=True))


def milliseconds(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Turn times into milliseconds since 1970."""
    return times.cast(pa.timestamp("ms", "UTC")).cast(pa.int64())


def identities(rows: pa.Table) -> list[tuple[object, ...]]:
    """Tell rows of conversations apart; by its moment a message that has no fingerprint."""
    if "fingerprint" not in rows.schema.names:
        return [(one,) for one in rows["session_id"].to_pylist()]
    three = [rows[name].to_pylist() for name in ("session_id", "fingerprint", "timestamp")]
    return [(a, b, at if b is None else None) for a, b, at in zip(*three, strict=True)]


def among(column: str, values: Iterable[str]) -> str:
    """Write an SQL condition; a quote in a value is a character like any other."""
    quoted = ", ".join("'" + str(value).replace("'", "''") + "'" for value in values)
    return f"{column} IN ({quoted})"


def chunks(session_ids: Iterable[str]) -> Iterator[list[str]]:
    """Cut a long list into conditions of a bearable length."""
    rest = iter(session_ids)
    while ids := list(itertools.islice(rest, 200)):
        yield ids
