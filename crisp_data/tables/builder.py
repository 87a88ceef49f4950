"""Frames built from the bytes of answers, page by page."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.api.json_repair import compacted, json_texts, repaired, written
from crisp_data.dates import check_tz
from crisp_data.errors import BadParameter
from crisp_data.tables.decode import Path, Plan, Record, Unfolded, path_of, split
from crisp_data.tables.dedupe import positions, sorting
from crisp_data.tables.frames import find_table, to_frame
from crisp_data.tables.kinds import EXTRA, POOL, TEXT, Column, in_zone, to_arrow, unknown

# Records are held as objects only until there are this many of them: few enough that a processor's
# cache holds them, and so many that a call for each column is cheap.
_BATCH = 500
# Unknown fields that get a place of their own in the decoder; more of them (a free-form object
# that Crisp does not document) go to ``extra``, one record at a time.
_MOST_EXTRA_PATHS = 64
# The column that says of which conversation an answer is: who asked knows better than a record.
_ASKED = "session_id"


class Builder:
    """Collect the records of one table from answers, then give them as one frame.

    Records become Arrow columns every few hundred rows, so memory holds the data once and no
    Python object per row. A record that does not fit the declared schema has its row like any
    other: what has no column, or not its column's type, is in ``extra``.

    Parameters
    ----------
    table : str
        Name of the table, one of :data:`crisp_data.tables.TABLES`.
    tz : str
        Zone of the times.

    Examples
    --------
    >>> from crisp_data import tables
    >>> builder = tables.Builder("files")
    >>> builder.add(b'{"error":false,"data":[{"name":"bill.pdf","size":7}]}', session_id="s1")
    >>> builder.frame()[["session_id", "name", "extra"]]
      session_id      name       extra
    0         s1  bill.pdf  {"size":7}
    """

    def __init__(self, table: str, tz: str = "UTC") -> None:
        self.table = find_table(table)
        self.schema = self.table.schema_in(check_tz(tz))
        self._kinds = {c.name: in_zone(c.kind, tz) for c in self.table.columns}
        self._fillable = {
            c.name for c in self.table.declared if c.kind is TEXT and c.sources == (c.name,)
        }
        self._plan = Plan(self.table)
        self._rows: list[Record] = []
        self._constants: list[tuple[slice, dict[str, str]]] = []
        self._unmapped: dict[int, dict[Path, str]] = {}
        self._chunks: dict[str, list[pa.Array]] = {
            c.name: [to_arrow(c, self._kinds[c.name], [])] for c in self.table.columns
        }
        self._flushed = 0

    def __len__(self) -> int:
        """Rows added so far, duplicates included."""
        return self._flushed + len(self._rows)

    def add(self, body: bytes, **constants: str) -> None:
        """Add the records of one answer.

        Parameters
        ----------
        body : bytes
            The whole answer; its ``data`` is a list of records or a single one.
        **constants : str
            Values for top-level columns that a record lacks, such as ``website_id``. A
            ``session_id`` names the conversation that was asked for, so it counts against
            another in a record too, which is then in ``extra``.

        Raises
        ------
        BadAnswer
            The body is not Crisp's envelope, or reports an error.
        """
        self._check(constants)
        body = compacted(body)
        try:
            records: list[Record] | None = self._plan.page(body)
        except msgspec.ValidationError:  # Some record does not fit.
            records = None
        except (ValueError, RecursionError):  # Nearly always a text cut inside an emoji.
            body = compacted(repaired(body))
            records = self._at_once(body)
        if records is None:
            self._add_one_by_one(body, constants)
        else:
            self._extend(records, constants)
        if len(self._rows) >= _BATCH:
            self._flush()

    def arrow(self) -> pa.Table:
        """Give all rows, without duplicates and in the table's order, as an Arrow table.

        The builder shares its memory with what it gives, and more answers may be added after.

        Returns
        -------
        pyarrow.Table
            The rows, in the types of the table's schema.
        """
        self._flush()
        rows = positions(self.table, {name: self._whole(name) for name in sorting(self.table)})
        if rows is not None:
            # The search for doubles has left memory in the default pool, as much as columns need.
            pa.default_memory_pool().release_unused()
            # One column at a time, so that no more than one is ever held twice.
            for name in self.schema.names:
                self._chunks[name] = pc.take(self._whole(name), rows, memory_pool=POOL).chunks
        return pa.table([self._whole(name) for name in self.schema.names], self.schema)

    def frame(self) -> pd.DataFrame:
        """Give all rows, without duplicates and in the table's order, as a frame.

        Returns
        -------
        pandas.DataFrame
            The rows, with row numbers as the index.
        """
        return to_frame(self.arrow())

    def _check(self, constants: dict[str, str]) -> None:
        if not self._fillable.issuperset(constants):
            raise BadParameter(
                f"Not every one of {', '.join(constants)} can be filled in {self.table.name}.",
                "Name text columns that stand at the top of a record, such as website_id.",
            )

    def _extend(self, records: Sequence[Record], constants: dict[str, str]) -> None:
        start = len(self._rows)
        self._rows.extend(records)
        if constants:
            self._constants.append((slice(start, len(self._rows)), constants))

    def _at_once(self, body: bytes) -> list[Record] | None:
        """Decode a whole answer; None where some record does not fit, or it is no answer."""
        try:
            return self._plan.page(body)
        except (ValueError, RecursionError):
            return None

    def _add_one_by_one(self, body: bytes, constants: dict[str, str]) -> None:
        unknown, wide = set[Path](), set[Path]()
        for raw in split(body):
            record, misfits = self._plan.record(raw)
            unknown |= misfits.unknown
            wide |= misfits.wide
            if misfits:
                texts = (text or "null" for text in json_texts([*misfits.values()]))
                self._unmapped[len(self._rows)] = dict(zip(misfits, texts, strict=True))
            self._extend([record], constants)
        self._add_extra_paths(unknown, wide)

    def _add_extra_paths(self, unknown: set[Path], wide: set[Path]) -> None:
        """Make room for what did not fit, so that it slows this page and not every one."""
        plan = self._plan
        all_wide = plan.wide | wide
        room = _MOST_EXTRA_PATHS - len(plan.extra_paths)
        extra_paths = plan.extra_paths | set(sorted(unknown)[:room])
        if (extra_paths, all_wide) != (plan.extra_paths, plan.wide):
            self._flush()  # Records of two plans cannot share a batch.
            self._plan = Plan(self.table, extra_paths, all_wide)

    def _flush(self) -> None:
        """Turn the records held as objects into Arrow columns."""
        if not self._rows:
            return
        batch = Unfolded()
        self._plan.root.unfold(self._rows, batch)
        for rows, constants in self._constants:
            for name, value in constants.items():
                cells = batch.values[(name,)]
                if name == _ASKED:
                    _set_others_aside(batch, rows, value)
                cells[rows] = [value if cell is None else cell for cell in cells[rows]]
        for path in self._plan.extra_paths:
            raws = {row: raw for row, raw in enumerate(batch.values[path]) if raw is not None}
            for row, text in zip(raws, json_texts([*raws.values()]), strict=True):
                if text is not None:
                    batch.unmapped[row][path] = text
        for column in self.table.declared:
            self._chunks[column.name].append(self._column(column, batch))
        for row, unmapped in self._unmapped.items():
            batch.unmapped[row].update(unmapped)
        extra: list[str | None] = [None] * len(self._rows)
        for row, unmapped in batch.unmapped.items():
            extra[row] = _object(unmapped)
        self._chunks[EXTRA.name].append(pa.array(extra, EXTRA.kind.arrow, memory_pool=POOL))
        self._flushed += len(self._rows)
        self._rows, self._constants, self._unmapped = [], [], {}

    def _column(self, column: Column, batch: Unfolded) -> pa.Array:
        path, *others = map(path_of, column.sources)
        cells = batch.values[path]
        for other in others:
            more = batch.values[other]
            cells = [a if a is not None else b for a, b in zip(cells, more, strict=True)]
        array = to_arrow(column, self._kinds[column.name], cells)
        if column.kind.categories:
            for row, value in unknown(array, cells).items():
                batch.unmapped[row][path] = written(value)
        return array

    def _whole(self, name: str) -> pa.ChunkedArray:
        return pa.chunked_array(self._chunks[name])


def _set_others_aside(batch: Unfolded, rows: slice, session_id: str) -> None:
    """Move to ``extra`` what records say of another conversation than the one asked for."""
    cells = batch.values[(_ASKED,)]
    for row, cell in enumerate(cells[rows], rows.start):
        if cell is not None and cell != session_id:
            batch.unmapped[row][(_ASKED,)] = written(cell)
            cells[row] = None


def _object(misfits: dict[Path, str]) -> str:
    """Write what a record holds beyond its columns as one JSON object, keys sorted."""
    parts = sorted((".".join(path), text) for path, text in misfits.items())
    return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{v}" for k, v in parts) + "}"
