"""One table of an archive: rows in by their key, rows out by what is asked for.

Delta Lake does the keeping: each write is a transaction, readers see whole ones only. A
table is partitioned by the month in which its conversation was created, so a conversation
never moves between files, and a write touches the months that it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, WriterProperties, write_deltalake

from crisp_data.archive.place import Place
from crisp_data.tables import TABLES, Table

MONTH, SYNCED, DELETED = "month", "synced_at", "deleted_at"
_MOMENT = pa.timestamp("us", tz="UTC")  # what Delta keeps of a time
_THREADED = ("conversations", "messages")

#: Small files that may gather in a month before they are made one.
_FILES = 8

_ZSTD = WriterProperties(compression="ZSTD", compression_level=3)


def stored(table: Table) -> pa.Schema:
    """Give the schema in which a table's rows are kept: categories as text, own columns last."""
    fields = [(column.name, _kept(column.kind.arrow)) for column in table.columns]
    own = [(SYNCED, _MOMENT)]
    if table.name in _THREADED:
        own += [(MONTH, pa.string()), (DELETED, _MOMENT)]
    return pa.schema([*fields, *own])


def _kept(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return _MOMENT
    if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind):
        return pa.string()
    return kind


class Kept:
    """The rows of one table, on a disk or in an object store.

    >>> from crisp_data.archive.place import Place
    >>> Kept(Place(str(folder / "shelf")), "messages").read(["session_id"]).num_rows
    0
    """

    def __init__(self, place: Place, name: str) -> None:
        self.table = TABLES[name]
        self.threaded = name in _THREADED
        self.schema = stored(self.table)
        self._place = place
        self._delta: DeltaTable | None = None

    def delta(self) -> DeltaTable | None:
        """Open the newest version; None where nothing was written yet."""
        if self._delta is None:
            self._delta = self._place.open(self.table.name)
        else:
            self._delta.update_incremental()
        return self._delta

    def read(
        self, columns: Sequence[str] | None = None, where: pc.Expression | None = None
    ) -> pa.Table:
        """Read columns of the rows that fit; what the filter rules out is not even opened."""
        wanted = self.schema.names if columns is None else list(columns)
        delta = self.delta()
        if delta is None:
            return self.schema.empty_table().select(wanted)
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

    def owned(self, rows: pa.Table, now: int, months: list[str] | None = None) -> pa.Table:
        """Bring rows of the table into the types that are kept, with the archive's own columns."""
        synced = pa.array([now * 1000] * len(rows), _MOMENT)
        rows = rows.append_column(SYNCED, synced)
        if months is not None:
            rows = rows.append_column(MONTH, pa.array(months, pa.string()))
            rows = rows.append_column(DELETED, pa.nulls(len(rows), _MOMENT))
        return rows.cast(self.schema)

    def append(self, rows: pa.Table) -> None:
        """Add rows that are known to be new."""
        if rows.num_rows:
            write_deltalake(
                self._made(),
                rows,
                mode="append",
                schema_mode="merge",
                writer_properties=_ZSTD,
            )

    def upsert(self, rows: pa.Table) -> None:
        """Put each row in the place of the one with its key, or beside them all."""
        if not rows.num_rows:
            return
        # Months first: they say which files can hold the rows at all.
        same = [f"kept.{MONTH} = new.{MONTH}"]
        same += [f"kept.{name} = new.{name}" for name in self.table.key]
        predicate = f"{among(f'kept.{MONTH}', pc.unique(rows[MONTH]).to_pylist())} AND "
        merge = self._made().merge(
            rows,
            predicate + " AND ".join(same),
            source_alias="new",
            target_alias="kept",
            merge_schema=True,
            writer_properties=_ZSTD,
        )
        merge.when_matched_update_all().when_not_matched_insert_all().execute()

    def replace(self, rows: pa.Table) -> None:
        """Write the table anew."""
        write_deltalake(
            self._made(),
            rows,
            mode="overwrite",
            schema_mode="overwrite",
            writer_properties=_ZSTD,
        )

    def mark(self, where: str, at: int) -> None:
        """Mark rows as gone since a moment (ms); those marked before keep theirs."""
        if (delta := self.delta()) is not None:
            delta.update(
                {DELETED: f"to_timestamp_micros({at * 1000})"},
                predicate=f"{DELETED} IS NULL AND ({where})",
                writer_properties=_ZSTD,
            )

    def drop(self, column: str, values: Iterable[str]) -> int:
        """Delete the rows that hold one of these values; say how many."""
        found = list(values)
        if not found or (delta := self.delta()) is None:
            return 0
        done = delta.delete(among(column, found), writer_properties=_ZSTD)
        return int(done["num_deleted_rows"])

    def tidy(self) -> None:
        """Make few files of many, and let go of what no version needs any more."""
        delta = self.delta()
        if delta is None:
            return
        if len(delta.file_uris()) > _FILES * max(1, len(delta.partitions())):
            delta.optimize.compact(writer_properties=_ZSTD)
            delta.vacuum(dry_run=False)

    def scour(self) -> None:
        """Leave nothing but the newest version: no old file, no orphan of a kill, no old log."""
        delta = self.delta()
        if delta is None:
            return
        delta.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
        delta.create_checkpoint()
        delta.cleanup_metadata()

    def _made(self) -> DeltaTable:
        delta = self.delta()
        if delta is None:
            by = MONTH if self.threaded else None
            delta = self._delta = self._place.create(self.table.name, self.schema, by)
        return delta


def among(column: str, values: Iterable[str]) -> str:
    """Write an SQL condition; a quote in a value is a character like any other."""
    quoted = ", ".join("'" + str(value).replace("'", "''") + "'" for value in values)
    return f"{column} IN ({quoted})"
