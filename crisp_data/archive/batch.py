"""One page of the listing, with what its threads have gained, committed.

A row of the listing carries the fingerprint of its last message: where the archive has it,
the thread costs nothing. A thread that has grown is read from its newest batch back to the
first one that holds something archived.

Messages are written before their conversations, so a conversation that the archive knows
has its thread. Before both, the state says what is about to be written: where that comes to no
end, the next sync knows in which month the threads are that no conversation names yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crisp_data import tables
from crisp_data.api.envelope import Page
from crisp_data.archive.state import PageWrite, StateTable
from crisp_data.archive.table import (
    DELETED,
    MONTH,
    SYNCED,
    ArchiveTable,
    having,
    identities,
    milliseconds,
    with_column,
)
from crisp_data.errors import CrispError
from crisp_data.rest import message_threads
from crisp_data.rest.client import Client

_UNDATED = "0000-00"  # the month of a conversation without a moment of creation

Fingerprints = Mapping[str, frozenset[int]]


@dataclass
class Synced:
    """What a sync did.

    Attributes
    ----------
    conversations : int
        Rows written: new, changed or, in a deep sync, read again.
    messages : int
        Rows written: new, changed or, in a deep sync, read again.
    threads : int
        Conversations whose messages were read.
    gone : int
        Conversations that Crisp does not have any more, marked now.
    requests : int
        What it cost.
    doubtful : int
        Threads that may lack messages; a warning names their number.
    """

    conversations: int = 0
    messages: int = 0
    threads: int = 0
    gone: int = 0
    requests: int = 0
    #: Threads that may lack messages; a warning names their number.
    doubtful: int = field(default=0, repr=False)


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
        """Whether the row is another than the one that is kept."""
        return known is None or known.deleted or known.updated_at != self.updated_at

    def has_new_message(self, known: Listed | None) -> bool:
        """Whether the last message may be a new one; without one nobody knows."""
        if known is None or known.deleted or self.preview is None:
            return True
        return self.preview != known.preview


class Batch:
    """Takes pages of one website's listing into the tables.

    ``since`` is the moment (ms) at which a deep sync began: what was read before it is read
    again, and whole. None where the sync is not deep. ``state_table`` takes the intent of each
    page before anything of it is written.
    """

    def __init__(
        self,
        client: Client,
        website_id: str,
        conversations: ArchiveTable,
        messages: ArchiveTable,
        since: int | None,
        state_table: StateTable,
    ) -> None:
        self._client, self._website_id, self._since = client, website_id, since
        self._state_table = state_table
        self._months: dict[str, str] | None = None  # of all conversations, once it is needed
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

    def complete(self) -> None:
        """Bring to its end what an interrupted sync had begun to write."""
        page = self._intent
        kept = self._conversations.read(["session_id"], having(page.months))
        self._state_table.done(kept["session_id"].to_pylist())
        self._mark(list(page.gone))

    def take(self, rows: pa.Table, listed: list[Listed]) -> None:
        """Commit a page; an error on the way comes after what could be kept."""
        known = self._known(listed)
        months = self._place(listed, known)
        deep = {row.session_id for row in listed if self._is_due(known.get(row.session_id))}
        changed = [
            row
            for row in listed
            if row.session_id in deep or row.differs(known.get(row.session_id))
        ]
        grown = [
            row
            for row in changed
            if row.session_id in deep or row.has_new_message(known.get(row.session_id))
        ]
        archived = self._archived([row.session_id for row in grown], months)
        wanted = [
            row.session_id
            for row in grown
            if row.session_id in deep or row.preview not in archived.get(row.session_id, ())
        ]
        read, gone, failure = self._threads(wanted, archived)
        ended = {row.session_id for row in changed} - (set(wanted) - read.keys())
        if ended or gone:
            new = {one: months[one] for one in ended if one not in known}
            self._state_table.begin(new, gone)
            self._write_messages(read, months, archived)
            self._mark(gone)
            self._write_conversations(rows, {one: months[one] for one in ended}, known)
            self._state_table.done(new)
        if failure is not None:
            raise failure

    def mark_gone(self, session_ids: list[str]) -> None:
        """Mark conversations that Crisp does not have any more, and their messages."""
        if session_ids:
            self._state_table.begin(gone=session_ids)
            self._mark(session_ids)

    def _mark(self, session_ids: list[str]) -> None:
        if session_ids:
            for kept in (self._messages, self._conversations):
                kept.mark(having(session_ids), self.now())
            self.done.gone += len(session_ids)
            self._state_table.done(session_ids)

    @property
    def _intent(self) -> PageWrite:
        return self._state_table.written.page or PageWrite()

    def _is_due(self, known: Listed | None) -> bool:
        """Whether a deep sync has not yet read this conversation."""
        return self._since is not None and (known is None or known.synced_at < self._since)

    def _known(self, listed: list[Listed]) -> dict[str, Listed]:
        """Look up what is kept of these conversations, also in other months than they name now.

        A month may change with what Crisp says of a creation; only then, and for what is new,
        all months are looked through, once a sync.
        """
        found = self._kept({row.session_id: row.month for row in listed})
        if len(found) < len({row.session_id for row in listed}):
            if self._months is None:
                kept = self._conversations.read(["session_id", MONTH])
                self._months = dict(zip(*_lists(kept, "session_id", MONTH), strict=True))
            missing = {row.session_id for row in listed} - found.keys()
            moved = {one: self._months[one] for one in missing if one in self._months}
            found |= self._kept(moved)
        return found

    def _kept(self, months: Mapping[str, str]) -> dict[str, Listed]:
        if not months:
            return {}
        columns = ["session_id", "created_at", "updated_at", "preview_fingerprint"]
        columns += [MONTH, DELETED, SYNCED]
        rows = _listed(self._conversations.read(columns, _of(months)))
        return {row.session_id: row for row in rows}

    def _place(self, listed: list[Listed], known: Mapping[str, Listed]) -> dict[str, str]:
        """Say in which month each conversation is kept: for good where it was kept first."""
        begun = self._intent.months
        return {
            row.session_id: known[row.session_id].month
            if row.session_id in known
            else begun.get(row.session_id, row.month)
            for row in listed
        }

    def _archived(self, session_ids: list[str], months: Mapping[str, str]) -> Fingerprints:
        """Look up which messages of these conversations are kept, and not marked as gone."""
        if not session_ids:
            return {}
        found: dict[str, set[int]] = {}
        where = _of({one: months[one] for one in session_ids})
        kept = self._messages.read(["session_id", "fingerprint", DELETED], where)
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
        pulled = message_threads.read(
            self._client, self._website_id, wanted, use_cache=False, known=known
        )
        with closing(pulled):  # an interrupted sync leaves no worker waiting
            for thread in pulled:
                if thread.error is not None:
                    failure = thread.error
                elif thread.found:
                    read[thread.session_id] = thread.bodies
                    self.done.doubtful += bool(thread.incomplete)
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
        self._renew({one: months[one] for one in read if one in archived}, rows.filter(old))
        self.done.messages += rows.num_rows

    def _renew(self, months: Mapping[str, str], rows: pa.Table) -> None:
        """Put what was read in the place of what was kept of it.

        What was not read stays: it is older. Where the whole thread was read it is gone.
        """
        if not months:
            return
        kept = self._messages.read(None, _of(months)).cast(rows.schema)
        read = set(identities(rows))
        old = [one not in read for one in identities(kept)]
        rest = kept.filter(pa.array(old, pa.bool_()))
        if self._since is not None:
            now = pa.scalar(self.now() * 1000, rest.schema.field(DELETED).type)
            rest = with_column(rest, DELETED, pc.fill_null(rest[DELETED], now))
        self._messages.put(pa.concat_tables([rest, rows]), months)

    def _write_conversations(
        self, rows: pa.Table, months: Mapping[str, str], known: Mapping[str, Listed]
    ) -> None:
        rows = self._own(self._conversations, rows.filter(_in(rows, months)), months)
        old = _in(rows, known)
        self._conversations.append(rows.filter(pc.invert(old)))
        self._conversations.put(rows.filter(old), [one for one in months if one in known])
        if self._months is not None:
            self._months.update(months)
        self.done.conversations += rows.num_rows

    def _own(self, kept: ArchiveTable, rows: pa.Table, months: Mapping[str, str]) -> pa.Table:
        of = rows["session_id"].to_pylist()
        return kept.owned(rows, self.now(), [months[session_id] for session_id in of])


def _of(months: Mapping[str, str]) -> pc.Expression:
    """Choose the rows of these conversations, and the files that can hold them."""
    return pc.field(MONTH).isin(sorted(set(months.values()))) & having(months)


def _in(rows: pa.Table, session_ids: Mapping[str, Any]) -> pa.Array:
    return pa.array([one in session_ids for one in rows["session_id"].to_pylist()], pa.bool_())


def _lists(rows: pa.Table, *names: str) -> list[list[Any]]:
    return [rows[name].to_pylist() for name in names]


def _listed(rows: pa.Table) -> list[Listed]:
    names = rows.schema.names
    plain: dict[str, list[Any]] = {
        "session_id": rows["session_id"].to_pylist(),
        "month": rows[MONTH].to_pylist()
        if MONTH in names
        else [_month(at) for at in milliseconds(rows["created_at"]).to_pylist()],
        "updated_at": milliseconds(rows["updated_at"]).to_pylist(),
        "preview": rows["preview_fingerprint"].to_pylist(),
    }
    if DELETED in names:
        plain["deleted"] = pc.is_valid(rows[DELETED]).to_pylist()
        plain["synced_at"] = milliseconds(rows[SYNCED]).to_pylist()
    return [Listed(*values) for values in zip(*plain.values(), strict=True)]


def _month(milliseconds: int | None) -> str:
    if milliseconds is None:
        return _UNDATED
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return f"{moment:%Y-%m}"  # (fromtimestamp refuses moments before 1970 on Windows)
