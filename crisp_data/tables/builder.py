"""Frames built from the bytes of answers, page by page."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa

from crisp_data.errors import BadParameter
from crisp_data.tables import columns
from crisp_data.tables.decode import Path, Plan, Record, path_of, split
from crisp_data.tables.frames import named, to_frame
from crisp_data.tables.kinds import EXTRA, Column, in_zone
from crisp_data.tables.order import positions, sorting
from crisp_data.tables.text import compacted, json_text

# Records are held as objects only until there are this many of them.
_BATCH = 2_000
# Unknown fields that get a place of their own in the decoder; more of them (a free-form object
# that Crisp does not document) are still kept, one record at a time.
_LEARNED = 64


class Builder:
    """Collect the records of one table from answers, then give them as one frame.

    Records become Arrow columns every few thousand rows, so memory holds the data once and no
    Python object per row. A record that does not fit the declared schema is kept like any
    other: what has no column, or not its column's type, is in ``extra``.

    Parameters
    ----------
    table : str
        Name of the table, one of :data:`crisp_data.tables.TABLES`.
    tz : str
        Zone in which times are told.

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
        self.table = named(table)
        self.schema = self.table.schema_in(_zone(tz))
        self._kinds = {c.name: in_zone(c.kind, tz) for c in self.table.columns}
        self._learned: list[Path] = []
        self._plan = Plan(self.table)
        self._rows: list[Record] = []
        self._strays: defaultdict[int, dict[Path, str]] = defaultdict(dict)
        self._chunks: dict[str, list[pa.Array]] = {name: [] for name in self.schema.names}
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
            Values for top-level columns that a record lacks, such as ``website_id``.

        Raises
        ------
        BadAnswer
            The body is not Crisp's envelope, or tells an error.
        """
        self._check(constants)
        body = compacted(body)
        try:
            records = self._plan.page(body)
        except ValueError:
            self._add_one_by_one(body, constants)
        else:
            self._extend(records, constants)
        if len(self._rows) >= _BATCH:
            self._flush()

    def arrow(self) -> pa.Table:
        """Give all rows, without duplicates and in the table's order, as an Arrow table.

        The builder shares its memory with what it gives, and more answers may be added after.
        """
        self._flush()
        rows = positions(self.table, {name: self._whole(name) for name in sorting(self.table)})
        for name in self.schema.names:
            # One column at a time, so that no more than one is ever held twice.
            whole = self._whole(name)
            self._chunks[name] = [whole if rows is None else whole.take(rows)]
        return pa.table([self._chunks[name][0] for name in self.schema.names], self.schema)

    def frame(self) -> pd.DataFrame:
        """Give all rows, without duplicates and in the table's order, as a frame."""
        return to_frame(self.arrow())

    def _check(self, constants: dict[str, str]) -> None:
        unknown = [name for name in constants if name not in self._plan.root.fields]
        if unknown:
            raise BadParameter(
                f"Nothing in {self.table.name} can be filled from {', '.join(unknown)}.",
                "Name columns that stand at the top of a record, such as website_id.",
            )

    def _extend(self, records: Sequence[Record], constants: dict[str, str]) -> None:
        for name, value in constants.items():
            field = self._plan.root.fields[name]
            for record in records:
                if getattr(record, field) is None:
                    setattr(record, field, value)
        self._rows.extend(records)

    def _add_one_by_one(self, body: bytes, constants: dict[str, str]) -> None:
        for raw in split(body):
            record, misfits = self._plan.record(raw)
            if misfits:
                self._strays[len(self._rows)] = {p: json_text(r) or "" for p, r in misfits.items()}
            self._extend([record], constants)
            if misfits.unknown and len(self._learned) < _LEARNED:
                self._learn(misfits.unknown)

    def _learn(self, paths: Sequence[Path]) -> None:
        """Decode these paths too from now on, so that a new field slows one record, not all."""
        self._flush()  # Records of two plans cannot share a batch.
        self._learned.extend(paths[: _LEARNED - len(self._learned)])
        self._plan = Plan(self.table, self._learned)

    def _flush(self) -> None:
        """Turn the records held as objects into Arrow columns."""
        if not self._rows:
            return
        values: dict[Path, Sequence[Any]] = {}
        self._plan.root.unfold(self._rows, values)
        for column in self.table.declared:
            self._chunks[column.name].append(self._column(column, values))
        for path in self._learned:
            for row, raw in enumerate(values[path]):
                if raw is not None and (text := json_text(raw)) is not None:
                    self._strays[row][path] = text
        extra = [_object(self._strays.get(row)) for row in range(len(self._rows))]
        self._chunks[EXTRA.name].append(pa.array(extra, EXTRA.kind.arrow))
        self._flushed += len(self._rows)
        self._rows = []
        self._strays.clear()

    def _column(self, column: Column, values: dict[Path, Sequence[Any]]) -> pa.Array:
        path, *others = map(path_of, column.sources)
        cells = values[path]
        for other in others:
            cells = [a if a is not None else b for a, b in zip(cells, values[other], strict=True)]
        array = columns.to_arrow(column, self._kinds[column.name], cells)
        if column.kind.categories:
            for row, value in columns.unknown(array, cells).items():
                self._strays[row][path] = json.dumps(value, ensure_ascii=False)
        return array

    def _whole(self, name: str) -> pa.Array:
        chunks = self._chunks[name]
        return pa.concat_arrays(chunks) if chunks else columns.without_rows(self._kinds[name])


def _object(misfits: dict[Path, str] | None) -> str | None:
    """Write what a record holds beyond its columns as one JSON object, keys sorted."""
    if not misfits:
        return None
    parts = sorted((".".join(path), text) for path, text in misfits.items())
    return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{v}" for k, v in parts) + "}"


def _zone(tz: str) -> str:
    try:
        ZoneInfo(tz)
    except (ValueError, OSError):
        raise BadParameter(
            f"There is no time zone {tz!r}.", "Name it as in 'UTC' or 'Europe/Paris'."
        ) from None
    return tz
