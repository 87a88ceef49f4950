"""Removing a person from an archive, and what that takes.

A deleted row lives on: in the files of older versions, in files that a killed writer left
behind, in the log of transactions, and as a mention in somebody else's row. All of them go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.archive.table import ArchiveTable, having

#: What stands in the place of a forgotten address in somebody else's words.
FORGOTTEN = "[forgotten]"

# Another address in these is somebody else's, even if it ends like this one.
_WHO = ("email", "people_id")


def forget(
    tables: Mapping[str, ArchiveTable], email: str | None, session_id: str | None
) -> dict[str, int]:
    """Remove a person from every table; say in how many rows of each they were."""
    ids = [session_id] if session_id else _sessions_of(tables["conversations"], email or "")
    counts = {}
    for name, kept in tables.items():
        if kept.delta() is None:
            continue
        count = _drop_conversations(kept, ids) if kept.threaded else 0
        if email is not None:
            count += (_redact_conversations if kept.threaded else _drop_profiles)(kept, email)
        kept.scour()
        counts[name] = count
    return counts


def _sessions_of(conversations: ArchiveTable, email: str) -> list[str]:
    """Find the conversations of a person by e-mail, whatever its case."""
    rows = conversations.read(["session_id", "email", "people_id"])
    theirs = pc.or_kleene(_equal(rows["email"], email), _equal(rows["people_id"], email))
    return [str(one) for one in rows.filter(theirs)["session_id"].to_pylist()]


def _drop_conversations(kept: ArchiveTable, session_ids: list[str]) -> int:
    rows = kept.read(["session_id"], having(session_ids))
    if rows.num_rows:
        kept.put(kept.schema.empty_table(), session_ids)
    return int(rows.num_rows)


def _redact_conversations(kept: ArchiveTable, email: str) -> int:
    """Take an address out of the rows of others; say how many it stood in."""
    rows = kept.read().cast(kept.schema)
    found = rows.filter(_mentions(rows, email))
    if found.num_rows:
        ids = pc.unique(found["session_id"])
        kept.put(_without(rows.filter(pc.is_in(rows["session_id"], ids)), email), ids.to_pylist())
    return int(found.num_rows)


def _drop_profiles(kept: ArchiveTable, email: str) -> int:
    """Delete a person's own rows from a small table, and the address from the others."""
    rows = kept.read().cast(kept.schema)
    found = _mentions(rows, email)
    theirs = pa.array([False] * len(rows), pa.bool_())
    for column in ("email", "people_id"):
        if column in kept.schema.names:
            theirs = pc.or_(theirs, pc.fill_null(_equal(rows[column], email), False))
    if pc.any(found).as_py():
        kept.replace(_without(rows.filter(pc.invert(theirs)), email))
    return int(pc.sum(found).as_py() or 0)


def _mentions(rows: pa.Table, email: str) -> pa.Array:
    """Tell which rows hold the address in any text or list of texts."""
    found = pa.array([False] * len(rows), pa.bool_())
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        texts = _joined(column) if _is_list(column.type) else column
        if _is_text(texts.type):
            within = pc.match_substring(texts, email, ignore_case=True)
            hits = _equal(texts, email) if name in _WHO else within
            found = pc.or_(found, pc.fill_null(hits, False))
    return found


def _without(rows: pa.Table, email: str) -> pa.Table:
    """Replace the address wherever it stands."""
    pattern = re.compile(re.escape(email), re.IGNORECASE)

    def clean(cell: Any) -> Any:
        if isinstance(cell, list):
            return [clean(text) for text in cell]
        return pattern.sub(FORGOTTEN, cell) if isinstance(cell, str) else cell

    for place, field in enumerate(rows.schema):
        if field.name not in _WHO and (_is_list(field.type) or _is_text(field.type)):
            cells = [clean(cell) for cell in rows[field.name].to_pylist()]
            rows = rows.set_column(place, field, pa.array(cells, field.type))
    return rows


def _joined(lists: pa.ChunkedArray) -> pa.Array:
    return pa.array(["\n".join(one or ()) for one in lists.to_pylist()], pa.large_string())


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _equal(column: pa.ChunkedArray, email: str) -> pa.ChunkedArray:
    return pc.equal(pc.utf8_lower(column), email.lower())
