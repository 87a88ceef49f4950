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

from crisp_data.archive.kept import Kept

#: What stands in the place of a forgotten address in somebody else's words.
FORGOTTEN = "[forgotten]"


def forget(tables: Mapping[str, Kept], email: str | None, session_id: str | None) -> dict[str, int]:
    """Remove a person from every table; say in how many rows of each they were."""
    ids = [session_id] if session_id else _sessions_of(tables["conversations"], email or "")
    counts = {}
    for name, kept in tables.items():
        if kept.delta() is None:
            continue
        count = kept.drop("session_id", ids) if kept.threaded else 0
        if email is not None:
            count += _drop_profiles(kept, email) + _redact(kept, email)
        kept.scour()
        counts[name] = count
    return counts


def _sessions_of(conversations: Kept, email: str) -> list[str]:
    """Find the conversations of a person by e-mail, whatever its case."""
    rows = conversations.read(["session_id", "email", "people_id"])
    theirs = pc.or_kleene(_equal(rows["email"], email), _equal(rows["people_id"], email))
    return [str(one) for one in rows.filter(theirs)["session_id"].to_pylist()]


def _drop_profiles(kept: Kept, email: str) -> int:
    """Delete a person's own rows from a table without conversations."""
    count = 0
    for column in ("email", "people_id"):
        if not kept.threaded and column in kept.schema.names:
            values = kept.read([column])[column]
            count += kept.drop(column, pc.unique(values.filter(_equal(values, email))).to_pylist())
    return count


def _redact(kept: Kept, email: str) -> int:
    """Take an address out of the rows of others; say how many it stood in."""
    rows = kept.read()
    found = _mentions(rows, email)
    touched = rows.filter(found)
    if not touched.num_rows:
        return 0
    for place, name in enumerate(touched.column_names):
        touched = touched.set_column(place, name, _without(touched[name], email))
    if kept.threaded:
        kept.upsert(touched.cast(kept.schema))
    else:
        others = rows.filter(pc.invert(found))
        kept.replace(pa.concat_tables([others, touched]).cast(kept.schema))
    return int(touched.num_rows)


def _mentions(rows: pa.Table, email: str) -> pa.Array:
    """Tell which rows hold the address in any text or list of texts."""
    found = pa.array([False] * len(rows), pa.bool_())
    for column in rows.columns:
        texts = _joined(column) if _is_list(column.type) else column
        if _is_text(texts.type):
            hits = pc.match_substring(texts, email, ignore_case=True)
            found = pc.or_(found, pc.fill_null(hits, False))
    return found


def _without(column: pa.ChunkedArray, email: str) -> pa.ChunkedArray | pa.Array:
    pattern = re.compile(re.escape(email), re.IGNORECASE)

    def clean(cell: Any) -> Any:
        if isinstance(cell, list):
            return [clean(text) for text in cell]
        return pattern.sub(FORGOTTEN, cell) if isinstance(cell, str) else cell

    if _is_list(column.type) or _is_text(column.type):
        return pa.array([clean(cell) for cell in column.to_pylist()], column.type)
    return column


def _joined(lists: pa.ChunkedArray) -> pa.Array:
    return pa.array(["\n".join(one or ()) for one in lists.to_pylist()], pa.large_string())


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _equal(column: pa.ChunkedArray, email: str) -> pa.ChunkedArray:
    return pc.equal(pc.utf8_lower(column), email.lower())
