"""Bringing an archive up to date: which part of the listing is read, and what is claimed after.

Work is committed page by page of the listing: first the intent, then the rows, then the claim.
So whatever ends a sync, the next one goes on where it stood and reads again one page at most.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow.compute as pc

from crisp_data.api.envelope import Page
from crisp_data.api.list_pass import LIST_MOVED
from crisp_data.api.paging import NOTHING_NEW
from crisp_data.archive.consistency import merge_months
from crisp_data.archive.coverage import Coverage
from crisp_data.archive.listed_conversation import Listed
from crisp_data.archive.page_writer import PageWriter
from crisp_data.archive.state import FORMAT, Deep, State, StateTable
from crisp_data.archive.table import SYNCED, ArchiveTable, milliseconds, moment
from crisp_data.errors import NotFound, warn
from crisp_data.filters import ALL_INBOXES
from crisp_data.plurals import count
from crisp_data.rest.client import Client
from crisp_data.rest.pull_checks import SyncPass

_EVER = 2**62  # later than any update
_CHANGING = "changed more than once while they were archived. The next sync reads what is new."
_MOST_PASSES = 10  # a list that still moves after so many passes is reported, not followed


class Sync:
    """One run over a website, by the one who holds the archive."""

    def __init__(
        self,
        client: Client,
        state_table: StateTable,
        tables: Mapping[str, ArchiveTable],
        deep: bool,
        before: Callable[[SyncPass], None],
    ) -> None:
        self._before = before  # called when the first page of a pass came, before it goes on
        self._client, self._state_table, self._deep = client, state_table, deep
        self._conversations, self._messages = tables["conversations"], tables["messages"]
        self._website_id = self._state.website_id
        if deep and self._state.deep is None:
            # Later than whatever was read before it, also by a clock that was ahead.
            synced = milliseconds(self._conversations.read([SYNCED])[SYNCED])
            newest = pc.max(synced).as_py() or 0
            state_table.note(deep=Deep(max(round(client.now() * 1000), newest + 1)))
        began = self._state.deep.began if deep and self._state.deep else None
        self._writer = PageWriter(client, state_table, tables, began)
        self.done = self._writer.done  # so far
        self._incomplete = ""  # why the listing may lack rows
        self._top = 0  # where the last pass from the top began
        self._uncovered = False  # whether a pass showed that what was covered is not
        self._start = 0  # how far back it was asked for

    def run(self, since: int | None) -> Generator[int, None, None]:
        """Read what is missing since a moment (ms); yields the conversations of each page.

        From the top down to what is known, then what an interrupted sync left open further
        down; and again from the top until one page shows that nothing moved meanwhile.
        """
        self._begin()
        start = self._start = self._ask(since)
        for _ in range(_MOST_PASSES):
            self._uncovered = False
            low, _ = self._covered.gaps(start, _EVER)[0]
            pages = yield from self._list_pass(max(low, self._top), None)
            _, *holes = self._covered.gaps(start, _EVER)
            for low, high in holes:
                yield from self._list_pass(low, high)
            if self._incomplete or not (pages > 1 or holes or self._uncovered):
                break
        else:
            self._incomplete = LIST_MOVED
        if self._deep and not self._incomplete:
            self._find_gone()
            self._state_table.note(deep=None)
        self._state_table.note(synced_at=self._writer.now())

    def warn(self) -> None:
        """Say what the archive may lack."""
        number = self.done.doubtful
        threads = f"{count(number, 'thread')} may lack messages. {NOTHING_NEW}" if number else ""
        again = len(self._writer.postponed)
        later = f"{count(again, 'conversation')} {_CHANGING}" if again else ""
        for incomplete in filter(None, (self._incomplete, threads, later)):
            warn(incomplete)

    def _begin(self) -> None:
        """Note which tables are spoken of, and complete what was begun and not ended."""
        self._save()  # before anything is mended: a killed sync is not to be taken for whole
        if self._state.page is not None:
            self._writer.complete()
        if self._state.format < FORMAT:
            self._state_table.begin(merge_months(self._conversations, self._messages))
            self._state_table.note(format=FORMAT)
            self._save()

    def _save(self) -> None:
        """Write what is claimed, and of which tables."""
        written = (self._conversations, self._messages)
        self._state_table.change(tables={table.name: table.version for table in written})

    def _ask(self, since: int | None) -> int:
        """Say how far back: as asked, else as far as ever asked before; remember the furthest."""
        before = self._state.since
        start = since if since is not None else before or 0
        self._state_table.note(since=start if before is None else min(before, start))
        return start

    def _list_pass(self, low: int, high: int | None) -> Generator[int, None, int]:
        """Read the listing once, down to ``low``; returns how many pages held rows."""
        count, before, from_top = 0, (self._state.covered, self._state.deep), high is None
        end: dict[str, Any] = {}
        if high is not None:
            end["filter_date_end"] = datetime.fromtimestamp(high / 1000, UTC)
        pages = self._client.pages(
            "list_conversations",
            website_id=self._website_id,
            one_pass=True,
            down_to=low,
            use_cache=False,
            filter_inbox_id=ALL_INBOXES,
            **end,
        )
        for number, page in enumerate(pages):
            if number == 0:
                self._note_inboxes(page)
                before = (self._state.covered, self._state.deep)
            bound = _bound(page)
            if bound is not None and high is not None and not pages.incomplete:
                self._claim(bound, high)  # all above the bound came with the pages before
            rows, listed = self._writer.read(page)
            changes = self._writer.changes(rows, [row for row in listed if self._is_asked(row)])
            if count == 0:
                self._before(self._began(page, low, high, len(changes.wanted)))
            times = [row.updated_at for row in listed if row.updated_at is not None]
            if high is None and times:
                # What shares the newest instant may still arrive, unless this page is full of it.
                high = max(times) + (max(times) == min(times))
            count += bool(listed)
            self._writer.take(changes)
            self._save()
            yield len(listed)
        if pages.incomplete:
            # What a bound said on the way may be wrong as well: the next sync lists all of it
            # again, and so says again what may be missing.
            self._incomplete = pages.incomplete
            self._state_table.note(covered=before[0], deep=before[1])
        elif high is not None:
            self._claim(low, high)
            if from_top:  # (then the next pass is to go further down)
                self._top = 0 if self._uncovered else high
        return count

    def _note_inboxes(self, first: Page) -> None:
        """Note whether the list is that of all inboxes, as its first page says.

        Where it is for the first time, what is covered may lack what a list without that word
        leaves out: it counts as not covered, and is listed once more. Threads are archived.
        """
        listed = first.query.get("filter_inbox_id") == ALL_INBOXES
        if listed and not self._state.all_inboxes:
            covered, deep = self._state.covered, self._state.deep
            self._uncovered = bool(covered.spans or (deep and deep.covered.spans))
            self._state_table.note(covered=Coverage(), deep=deep and Deep(deep.began))
        self._state_table.note(all_inboxes=listed)

    @property
    def _state(self) -> State:
        return self._state_table.written

    @property
    def _covered(self) -> Coverage:
        deep = self._state.deep
        return deep.covered if self._deep and deep else self._state.covered

    def _claim(self, low: int, high: int) -> None:
        """Say that a span is whole, as far as nothing of it is left to the next sync."""
        high = min([high, *self._writer.postponed.values()])
        self._state_table.note(covered=self._state.covered.add(low, high))
        if self._deep and (deep := self._state.deep):
            self._state_table.note(deep=Deep(deep.began, deep.covered.add(low, high)))

    def _is_asked(self, row: Listed) -> bool:
        """Whether a row is read: a page shows older ones too, whose threads nobody asked for.

        What is claimed is read at any age: a conversation that was gone may be there again.
        """
        at = row.updated_at
        if at is None or at >= self._start:
            return True
        return not self._deep and not self._state.covered.gaps(at, at + 1)

    def _began(self, first: Page, low: int, high: int | None, threads: int) -> SyncPass:
        """Say what a pass is about to read, for its plan."""
        delta = self._conversations.delta()
        archived = 0 if delta is None else delta.count()
        return SyncPass(first, low, high, archived, threads, len(self._unread()))

    def _unread(self) -> list[str]:
        """Name the archived conversations that a deep sync has not met yet."""
        deep = self._state.deep
        if not self._deep or deep is None:
            return []
        unread = (pc.field(SYNCED) < moment(deep.began)) & self._conversations.there
        unread &= pc.field("updated_at") >= moment(self._start)
        ids: list[str] = self._conversations.read(["session_id"], unread)["session_id"].to_pylist()
        return ids

    def _find_gone(self) -> None:
        """Ask for every archived conversation that a whole deep listing did not show."""
        ids = self._unread()
        self._writer.mark_gone([session_id for session_id in ids if not self._exists(session_id)])

    def _exists(self, session_id: str) -> bool:
        asked = {"website_id": self._website_id, "session_id": session_id}
        try:
            return bool(self._client.call("check_conversation_exists", refresh=True, **asked))
        except NotFound:
            return False


def _bound(page: Page) -> int | None:
    text = page.query.get("filter_date_end")
    return round(datetime.fromisoformat(text).timestamp() * 1000) if text else None
