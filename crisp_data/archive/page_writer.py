"""One page of the listing, with what its threads have gained, committed.

A row of the listing carries the fingerprint of its last message: where the archive has it,
the thread costs nothing. A thread that has grown is read from its newest batch back to the
first one that holds something archived.

Messages are written before their conversations, so a conversation that the archive knows
has its thread. Before both, the state says what is about to be written: where that comes to no
end, the next sync knows in which month the threads are that no conversation names yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from crisp_data import tables
from crisp_data.api.envelope import Page
from crisp_data.archive import listed_conversation as listings
from crisp_data.archive.listed_conversation import Listed
from crisp_data.archive.state import PageWrite, StateTable
from crisp_data.archive.table import (
    DELETED,
    MONTH,
    SYNCED,
    ArchiveTable,
    having,
    identities,
    moment,
    session_months,
    with_column,
)
from crisp_data.errors import CrispError
from crisp_data.rest import message_threads
from crisp_data.rest.client import Client

Fingerprints = Mapping[str, frozenset[int]]

# A thread that changes while a sync runs is read once more, so that a pull of some minutes ends
# up to date. One that changes again is left to the next sync: it may change at every look.
_MOST_READS = 2


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
class PageChanges:
    """What a page of the listing changes in the archive, before its threads are read.

    ``known`` is what the archive has of its conversations, ``archived`` the messages it has of
    those that may have grown, ``months`` where each is filed, ``changed`` the rows that differ
    and ``wanted`` the conversations whose threads must be read.
    """

    rows: pa.Table
    known: Mapping[str, Listed]
    months: Mapping[str, str]
    archived: Fingerprints
    changed: list[Listed]
    wanted: list[str]


class PageWriter:
    """Takes pages of one website's listing into the tables.

    ``since`` is the moment (ms) at which a deep sync began: what was read before it is read
    again, and whole. None where the sync is not deep. ``state_table`` takes the intent of each
    page before anything of it is written.

    ``postponed`` holds the conversations that changed too often to be read in this sync, and
    their update times: what is claimed as whole ends below them, so the next sync lists them.
    """

    def __init__(
        self,
        client: Client,
        state_table: StateTable,
        archived: Mapping[str, ArchiveTable],
        since: int | None,
    ) -> None:
        self._client, self._state_table, self._since = client, state_table, since
        self._website_id = state_table.written.website_id
        self._conversations, self._messages = archived["conversations"], archived["messages"]
        self._months: dict[str, str] | None = None  # of all conversations, once it is needed
        self._reads = Counter[str]()  # how often each thread was read
        self.postponed: dict[str, int] = {}
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
        return rows, listings.from_rows(rows)

    def complete(self) -> None:
        """Bring to its end what an interrupted sync had begun to write."""
        page = self._intent
        written = self._conversations.read(["session_id"], having(page.months))
        self._state_table.done(written["session_id"].to_pylist())
        self._mark(list(page.gone))

    def changes(self, rows: pa.Table, listed: list[Listed]) -> PageChanges:
        """Hold a page against the archive; rows that are not in ``listed`` are left out."""
        known = self._known(listed)
        months = {row.session_id: row.month for row in listed}
        # For good where it was written first, or where that was begun.
        months |= {one: at for one, at in self._intent.months.items() if one in months}
        months |= {one: row.month for one, row in known.items()}
        # A deep sync takes what it has not yet read as if it were not known.
        since = self._since or 0
        fresh = {one: row for one, row in known.items() if not since or row.synced_at >= since}
        lacking = self._without_preview(listed, fresh, months)
        fresh = {one: row for one, row in fresh.items() if one not in lacking}
        changed = [row for row in listed if row.differs(fresh.get(row.session_id))]
        grown = [row for row in changed if row.has_new_message(fresh.get(row.session_id))]
        archived = self._archived([row.session_id for row in grown], months)
        wanted = [
            row.session_id
            for row in grown
            if (since and row.session_id not in fresh)
            or row.preview not in archived.get(row.session_id, ())
        ]
        return PageChanges(rows, known, months, archived, changed, wanted)

    def take(self, page: PageChanges) -> None:
        """Commit a page; an error on the way comes after what could be written."""
        known, months, archived = page.known, page.months, page.archived
        due = self._without_postponed(page.wanted, page.changed)
        read, gone, failure = self._threads(due, archived)
        ended = {row.session_id for row in page.changed} - (set(page.wanted) - read.keys())
        if ended or gone:
            new = {one: months[one] for one in ended if one not in known}
            self._state_table.begin(new, gone)
            self._write_messages(read, months, archived)
            self._mark(gone)
            self._write_conversations(page.rows, {one: months[one] for one in ended}, known)
            self._state_table.done(new)
        if failure is not None:
            raise failure

    def _without_preview(
        self, listed: list[Listed], known: Mapping[str, Listed], months: Mapping[str, str]
    ) -> set[str]:
        """Name the conversations whose thread, against the order of writing, is older than they.

        So it is after a copy that ended between two tables. Nothing was claimed of them yet:
        what is covered was held against its threads when it was.
        """
        covered = self._state_table.written.covered
        doubted = [
            row
            for row in listed
            if row.preview is not None
            and row.updated_at is not None
            and row.session_id in known
            and not row.differs(known[row.session_id])
            # (A span ends before its newest row, which is as whole as the others.)
            and covered.gaps(row.updated_at - 1, row.updated_at)
        ]
        archived = self._archived([row.session_id for row in doubted], months)
        return {
            row.session_id for row in doubted if row.preview not in archived.get(row.session_id, ())
        }

    def _without_postponed(self, wanted: list[str], changed: list[Listed]) -> list[str]:
        """Give the threads that this sync still reads; note those that it leaves to the next."""
        due = [one for one in wanted if self._reads[one] < _MOST_READS]
        self._reads.update(due)
        left = set(wanted).difference(due)
        self.postponed |= {
            row.session_id: row.updated_at or 0 for row in changed if row.session_id in left
        }
        return due

    def mark_gone(self, session_ids: list[str]) -> None:
        """Mark conversations that Crisp does not have any more, and their messages."""
        if session_ids:
            self._state_table.begin(gone=session_ids)
            self._mark(session_ids)

    def _mark(self, session_ids: list[str]) -> None:
        if session_ids:
            for table in (self._messages, self._conversations):
                table.mark(having(session_ids), self.now())
            self.done.gone += len(session_ids)
            self._state_table.done(session_ids)

    @property
    def _intent(self) -> PageWrite:
        return self._state_table.written.page or PageWrite()

    def _known(self, listed: list[Listed]) -> dict[str, Listed]:
        """Look up what is archived of these, also in other months than they name now.

        A month may change with what Crisp says of a creation; only then, and for what is new,
        all months are looked through, once a sync.
        """
        found = self._stored({row.session_id: row.month for row in listed})
        if missing := {row.session_id for row in listed} - found.keys():
            if self._months is None:
                rows = self._conversations.read(["session_id", MONTH])
                self._months = dict(session_months(rows))
            found |= self._stored({one: self._months[one] for one in missing & self._months.keys()})
        return found

    def _stored(self, months: Mapping[str, str]) -> dict[str, Listed]:
        if not months:
            return {}
        columns = ["session_id", "created_at", "updated_at", "preview_fingerprint"]
        rows = self._conversations.read([*columns, MONTH, DELETED, SYNCED], _of(months))
        return {row.session_id: row for row in listings.from_rows(rows)}

    def _archived(self, session_ids: list[str], months: Mapping[str, str]) -> Fingerprints:
        """Look up which messages of these conversations are there, and not marked as gone."""
        if not session_ids:
            return {}
        found: dict[str, set[int]] = {}
        where = _of({one: months[one] for one in session_ids})
        rows = self._messages.read(["session_id", "fingerprint", DELETED], where)
        for row in rows.to_pylist():
            marks = found.setdefault(row["session_id"], set())
            if row["fingerprint"] is not None and row[DELETED] is None:
                marks.add(row["fingerprint"])
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
        """Put what was read in the place of what was archived of it.

        What was not read stays: it is older. Where the whole thread was read it is gone.
        """
        if not months:
            return
        before = self._messages.read(None, _of(months)).cast(rows.schema)
        read = set(identities(rows))
        rest = before.filter(pa.array([one not in read for one in identities(before)], pa.bool_()))
        if self._since is not None:
            gone = pc.fill_null(rest[DELETED], moment(self.now()))
            rest = with_column(rest, DELETED, gone)
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

    def _own(self, table: ArchiveTable, rows: pa.Table, months: Mapping[str, str]) -> pa.Table:
        of = rows["session_id"].to_pylist()
        return table.owned(rows, self.now(), [months[session_id] for session_id in of])


def _of(months: Mapping[str, str]) -> pc.Expression:
    """Choose the rows of these conversations, and the files that can hold them."""
    return pc.field(MONTH).isin(sorted(set(months.values()))) & having(months)


def _in(rows: pa.Table, session_ids: Mapping[str, Any]) -> pa.Array:
    return pa.array([one in session_ids for one in rows["session_id"].to_pylist()], pa.bool_())
