"""What one row of the listing says, held against what the archive has of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.archive.table import DELETED, MONTH, SYNCED, milliseconds

_UNDATED = "0000-00"  # the month of a conversation without a moment of creation


@dataclass(frozen=True)
class Listed:
    """What decides about one row of the listing; times in milliseconds.

    ``month`` is where its files are: the month of its creation until the archive has it.
    """

    session_id: str
    month: str
    updated_at: int | None
    preview: int | None
    deleted: bool = False
    synced_at: int = 0

    def differs(self, known: Listed | None) -> bool:
        """Whether the row is another than the one that is archived."""
        return known is None or known.deleted or known.updated_at != self.updated_at

    def has_new_message(self, known: Listed | None) -> bool:
        """Whether the last message may be a new one; without one nobody knows."""
        if known is None or known.deleted or self.preview is None:
            return True
        return self.preview != known.preview


def from_rows(rows: pa.Table) -> list[Listed]:
    """Read it off rows of ``conversations``, as Crisp lists them or as they are archived."""
    names = rows.schema.names
    columns: dict[str, list[Any]] = {
        "session_id": rows["session_id"].to_pylist(),
        "month": rows[MONTH].to_pylist()
        if MONTH in names
        else [_month(at) for at in milliseconds(rows["created_at"]).to_pylist()],
        "updated_at": milliseconds(rows["updated_at"]).to_pylist(),
        "preview": rows["preview_fingerprint"].to_pylist(),
    }
    if DELETED in names:
        columns["deleted"] = pc.is_valid(rows[DELETED]).to_pylist()
        columns["synced_at"] = milliseconds(rows[SYNCED]).to_pylist()
    return [Listed(*values) for values in zip(*columns.values(), strict=True)]


def _month(milliseconds: int | None) -> str:
    if milliseconds is None:
        return _UNDATED
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m}"  # (fromtimestamp refuses moments before 1970 on Windows)
