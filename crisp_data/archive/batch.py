"""One page of the listing, with what its threads have gained, committed.

A row of the listing carries the fingerprint of its last message: where the archive has it,
the thread costs nothing. A thread that has grown is read from its newest batch back to the
first one that holds something archived.

Messages are written before their conversations, so a conversation that the archive knows
has its thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crisp_data import tables, threads
from crisp_data.archive.table import DELETED, MONTH, SYNCED, ArchiveTable, having
from crisp_data.client import Client
from crisp_data.errors import CrispError
from crisp_data.protocol.answers import Page

_UNDATED = "0000-00"  # the month of a conversation without a moment of creation

Fingerprints = Mapping[str, frozenset[int]]


@dataclass
class Synced:
    """What a sync did.

    Attributes
    ----------
    conversations, messages : int
        Rows written: new, changed or, in a deep sync, read again.
    threads : int
        Conversations whose messages were read.
    gone : int
        Conversations that Crisp does not have any more, marked now.
    requests : int
        What it cost.
    """

    conversations: int = 0
    messages: int = 0
    threads: int = 0
    gone: int = 0
    requests: int = 0
    #: Threads that may lack messages; a warning tells of them.
    doubtful: int = field(default=0, repr=False)


@dataclass(frozen=True)
class Listed:
    """What decides about one row of the listing; times in milliseconds."""

    session_id: str
    month: str
    updated_at: int | None
    preview: int | None
    deleted: bool = False
    synced_at: int = 0

    def differs(self, known: Listed | None) -> bool:
        """Whether the row is another than the one that is kept."""
        return known is None or known.deleted or known.updated_at != self.updated_at

    def spoke(self, known: Listed | None) -> bool:
        """Whether the last message may be a new one; without one nobody knows."""
        if known is None or known.deleted or self.preview is None:
            return True
        return self.preview != known.preview


class Batch:
    """Takes pages of one website's listing into the tables.

    ``since`` is the moment (ms) at which a deep sync began: what was read before it is read
    again, and whole. None where the sync is not deep. ``still`` raises where another writer
    has taken over; it is asked before anything is written.
    """

    def __init__(
        self,
        client: Client,
        website_id: str,
        conversations: ArchiveTable,
        messages: ArchiveTable,
        since: int | None,
        still: Callable[[], None],
    ) -> None:
        self._client, self._website_id, self._since = client, website_id, since
        self._still = still
        self._conversations, self._messages = conversations, messages
        self.done = Synced()

    def now(self) -> int:
        """The client's time, in milliseconds."""
        return max(round(self._client.now() * 1000), self._since or 0)

    def read(self, page: Page) -> tuple[pa.Table, list[Listed]]:
        """Decode a page of the listing."""
        builder = tables.Builder("conversations")
        builder.add(page.body, website_id=self._website_id)
        rows = builder.arrow()
        rows = rows.filter(pc.is_valid(rows["session_id"]))
        return rows, _listed(rows)

    def take(self, rows: pa.Table, listed: list[Listed]) -> None:
        """Commit a page; an error on the way comes after what could be kept."""
        known = {row.session_id: row for row in self._kept(listed)}
        deep = {row.session_id for row in listed if self._is_due(known.get(row.session_id))}
        changed = [
            row
            for row in listed
            if row.session_id in deep or row.differs(known.get(row.session_id))
        ]
        grown = [
            row for row in changed if row.session_id in deep or row.spoke(known.get(row.session_id))
        ]
        archived = self._archived(grown)
        wanted = [
            row.session_id
            for row in grown
            if row.session_id in deep or row.preview not in archived.get(row.session_id, ())
        ]
        read, gone, failure = self._threads(wanted, archived)
        self._still()
        months = {row.session_id: row.month for row in changed}
        self._write_messages(read, months, archived)
        self.mark_gone(gone)
        for session_id in set(wanted) - read.keys():
            del months[session_id]
        self._write_conversations(rows, months, known)
        if failure is not None:
            raise failure

    def mark_gone(self, session_ids: list[str]) -> None:
        """Mark conversations that Crisp does not have any more, and their messages."""
        if session_ids:
            self._still()
            for kept in (self._messages, self._conversations):
                kept.mark(having(session_ids), self.now())
            self.done.gone += len(session_ids)

    def _is_due(self, known: Listed | None) -> bool:
        """Whether a deep sync has not yet read this conversation."""
        return self._since is not None and (known is None or known.synced_at < self._since)

    def _kept(self, listed: list[Listed]) -> list[Listed]:
        columns = ["session_id", "created_at", "updated_at", "preview_fingerprint", DELETED, SYNCED]
        return _listed(self._conversations.read(columns, _of(listed))) if listed else []

    def _archived(self, rows: list[Listed]) -> Fingerprints:
        """Look up which messages of these conversations are kept, and not marked as gone."""
        if not rows:
            return {}
        found: dict[str, set[int]] = {}
        kept = self._messages.read(["session_id", "fingerprint", DELETED], _of(rows))
        for session_id, mark, gone in zip(*_lists(kept, *kept.column_names), strict=True):
            marks = found.setdefault(session_id, set())
            if mark is not None and gone is None:
                marks.add(mark)
        return {session_id: frozenset(marks) for session_id, marks in found.items()}

    def _threads(
        self, wanted: list[str], archived: Fingerprints
    ) -> tuple[dict[str, list[bytes]], list[str], CrispError | None]:
        """Read threads: those that came, those that are gone, and what ended it."""
        failure: CrispError | None = None
        read: dict[str, list[bytes]] = {}
        gone: list[str] = []
        known = archived if self._since is None else {}
        pulled = threads.read(self._client, self._website_id, wanted, keep=False, known=known)
        with closing(pulled):  # an interrupted sync leaves no worker waiting
            for thread in pulled:
                if thread.error is not None:
                    failure = thread.error
                elif thread.found:
                    read[thread.session_id] = thread.bodies
                    self.done.doubtful += bool(thread.doubt)
                else:
                    gone.append(thread.session_id)
        self.done.threads += len(read)
        return read, gone, failure

    def _write_messages(
        self, read: Mapping[str, list[bytes]], months: Mapping[str, str], archived: Fingerprints
    ) -> None:
        builder = tables.Builder("messages")
        for session_id, bodies in read.items():
            for body in bodies:
                builder.add(body, website_id=self._website_id, session_id=session_id)
        rows = self._own(self._messages, builder.arrow(), months)
        old = _in(rows, archived)
        self._messages.append(rows.filter(pc.invert(old)))
        self._renew([one for one in read if one in archived], rows.filter(old))
        self.done.messages += rows.num_rows

    def _renew(self, session_ids: list[str], rows: pa.Table) -> None:
        """Put what was read in the place of what was kept of it.

        What was not read stays: it is older. Where the whole thread was read it is gone.
        """
        if not session_ids:
            return
        kept = self._messages.read(None, having(session_ids))
        kept = kept.cast(rows.schema)
        read = set(_identities(rows))
        old = [one not in read for one in _identities(kept)]
        rest = kept.filter(pa.array(old, pa.bool_()))
        if self._since is not None:
            place, now = rest.schema.get_field_index(DELETED), self.now() * 1000
            gone = pc.fill_null(rest[DELETED], pa.scalar(now, rest.schema.field(DELETED).type))
            rest = rest.set_column(place, DELETED, gone)
        self._messages.put(pa.concat_tables([rest, rows]), session_ids)

    def _write_conversations(
        self, rows: pa.Table, months: Mapping[str, str], known: Mapping[str, Listed]
    ) -> None:
        rows = self._own(self._conversations, rows.filter(_in(rows, months)), months)
        old = _in(rows, known)
        self._conversations.append(rows.filter(pc.invert(old)))
        self._conversations.put(rows.filter(old), [one for one in months if one in known])
        self.done.conversations += rows.num_rows

    def _own(self, kept: ArchiveTable, rows: pa.Table, months: Mapping[str, str]) -> pa.Table:
        of = rows["session_id"].to_pylist()
        return kept.owned(rows, self.now(), [months[session_id] for session_id in of])


def _of(rows: list[Listed]) -> pc.Expression:
    """Choose the rows of these conversations, and the files that can hold them."""
    months = sorted({row.month for row in rows})
    ids = [row.session_id for row in rows]
    return pc.field(MONTH).isin(months) & having(ids)


def _in(rows: pa.Table, session_ids: Mapping[str, Any]) -> pa.Array:
    return pa.array([one in session_ids for one in rows["session_id"].to_pylist()], pa.bool_())


def _identities(rows: pa.Table) -> list[tuple[Any, ...]]:
    """Tell messages apart; by its moment one that has no fingerprint."""
    three = _lists(rows, "session_id", "fingerprint", "timestamp")
    return [(a, b, at if b is None else None) for a, b, at in zip(*three, strict=True)]


def _lists(rows: pa.Table, *names: str) -> list[list[Any]]:
    return [rows[name].to_pylist() for name in names]


def _listed(rows: pa.Table) -> list[Listed]:
    names = rows.schema.names
    plain: dict[str, list[Any]] = {
        "session_id": rows["session_id"].to_pylist(),
        "month": [_month(at) for at in _milliseconds(rows["created_at"])],
        "updated_at": _milliseconds(rows["updated_at"]),
        "preview": rows["preview_fingerprint"].to_pylist(),
    }
    if DELETED in names:
        plain["deleted"] = pc.is_valid(rows[DELETED]).to_pylist()
        plain["synced_at"] = _milliseconds(rows[SYNCED])
    return [Listed(*values) for values in zip(*plain.values(), strict=True)]


def _milliseconds(times: pa.ChunkedArray) -> list[int | None]:
    moments: list[int | None] = times.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_pylist()
    return moments


def _month(milliseconds: int | None) -> str:
    if milliseconds is None:
        return _UNDATED
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m}"
