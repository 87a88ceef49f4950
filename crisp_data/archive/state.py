"""What an archive knows about itself: whose it is, how far it is complete, and who writes.

One row of JSON in a Delta table of its own, written anew with every batch of work. Delta
refuses a commit where another came between, on a disk and in an object store alike, so the
same row is the lock: who writes it holds the archive, and nobody can do so unnoticed.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from crisp_data.archive.coverage import Coverage
from crisp_data.archive.storage import STATE, Storage, purge_history
from crisp_data.archive.table import TableVersion
from crisp_data.errors import ArchiveBusy, BadParameter, CrispError, FileTrouble
from crisp_data.local.process_lease import LEASE, ProcessLease

# Former versions of the one row go after so many writes: nobody reads the past of it.
_COMPACT_AFTER = 32

#: The format of what is written. 1, which did not say so: the state alone, of tables in which a
#: conversation could stand twice. 2: with the tables' versions and with intents.
FORMAT = 2

_SCHEMA = pa.schema([("state", pa.string())])


class Deep(msgspec.Struct, frozen=True):
    """A deep sync that is under way: when it began (milliseconds) and what it has read."""

    began: int
    covered: Coverage = Coverage()


class PageWrite(msgspec.Struct, frozen=True):
    """An intent: threads that are about to be written, before their conversations are.

    ``months`` are those of conversations that the archive does not have yet, ``gone`` those
    that are about to be marked.
    """

    months: dict[str, str] = {}
    gone: tuple[str, ...] = ()


class Forgetting(msgspec.Struct, frozen=True):
    """An intent: a person who is about to be removed from every table.

    Their conversations are looked up once, before anything is removed. Nobody is named when
    only the former versions of the state, which name them, are still to go.
    """

    email: str | None = None
    session_id: str | None = None
    session_ids: tuple[str, ...] = ()

    def means(self, email: str | None, session_id: str | None) -> bool:
        """Whether it is about the same person."""
        same = (self.email or "").casefold() == (email or "").casefold()
        return same and self.session_id == session_id


class State(msgspec.Struct, frozen=True):
    """Everything that one sync leaves to the next.

    ``since`` is the earliest update time (milliseconds) that was ever asked for: 0 where it
    was everything, None where nothing was asked for yet. ``tables`` are the tables of which
    the rest speaks. ``page`` and ``forgetting`` say what was begun; whoever holds the archive
    next completes it. ``all_inboxes`` is whether the list of what is covered was asked for with
    the word for every inbox: else it may lack what a list without the word leaves out.
    """

    website_id: str
    format: int = 1
    tables: dict[str, TableVersion] = {}
    page: PageWrite | None = None
    forgetting: Forgetting | None = None
    since: int | None = None
    covered: Coverage = Coverage()
    synced_at: int | None = None
    deep: Deep | None = None
    writer: ProcessLease | None = None
    all_inboxes: bool = False

    def read(self, rows: int) -> Coverage:
        """Say what was read whole, also where a sync found nothing to archive.

        Parameters
        ----------
        rows : int
            How many conversations the archive has.

        Returns
        -------
        Coverage
            The spans.
        """
        if rows or self.covered.spans or self.synced_at is None or self.since is None:
            return self.covered
        return self.covered.add(self.since, max(self.synced_at, self.since + 1))


class _Format(msgspec.Struct):
    """The one thing that every format has."""

    format: int = 1


class StateTable:
    """The one row, and the right to write it.

    >>> from crisp_data.archive.storage import Storage
    >>> state_table = StateTable(Storage(str(folder / "acme")))
    >>> with state_table.held("website"):
    ...     StateTable(Storage(str(folder / "acme"))).load().writer is not None
    True
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._table: DeltaTable | None = None
        self.state: State | None = None

    def load(self) -> State | None:
        """Read what the archive knows; None where nothing was ever written."""
        try:
            rows = self._rows()
        except FileTrouble:  # its former versions go while others read: once more, the newest
            rows = self._rows()
        self.state = self._read(rows[0]) if rows else None
        return self.state

    def _rows(self) -> list[str]:
        with self._storage.reading():
            self._table = self._storage.open(STATE)
            return self._table.to_pyarrow_table()["state"].to_pylist() if self._table else []

    def _read(self, row: str) -> State:
        """Read the row, unless it may mean something that is not known here."""
        try:
            if msgspec.json.decode(row, type=_Format).format <= FORMAT:
                return msgspec.json.decode(row, type=State)
        except msgspec.MsgspecError:
            raise FileTrouble(
                f"The archive at {self._storage.root} cannot be read: its state is damaged.",
                "Restore the whole folder from one copy, or let sync() create a new "
                "archive in a new folder.",
            ) from None
        raise FileTrouble(
            f"The archive at {self._storage.root} was written by a later version of crisp_data.",
            "Update crisp_data here, or let sync() create a new archive in a new folder.",
        )

    @contextmanager
    def held(self, website_id: str) -> Iterator[None]:
        """Hold the archive for writing.

        Raises
        ------
        ArchiveBusy
            Somebody else writes; the error says who.
        BadParameter
            The archive is of another website.
        """
        now = time.time()
        state = self.load() or State(website_id, FORMAT)
        self._storage.check_writable(STATE, self._table)
        if state.website_id != website_id:
            raise BadParameter(
                "The archive holds another website.", "Use a separate folder for each website."
            )
        if state.writer is not None and state.writer.at_work(now):
            raise ArchiveBusy(state.writer)
        writer = ProcessLease.begin(now)
        try:
            self._write(msgspec.structs.replace(state, writer=writer))
            yield
        finally:
            writer.end()
            if self.state is not None:
                self._write(msgspec.structs.replace(self.state, writer=None))

    def begin(self, months: Mapping[str, str] = {}, gone: Iterable[str] = ()) -> None:
        """Write down which threads are about to be written, before any is.

        It is also how one learns, after a long silence, that another took over: a machine that
        slept, or a wait for the day's reset, outlasts the lease. What that one has written
        since would be written twice.

        Raises
        ------
        ArchiveBusy, CrispError
            Another took over.
        """
        before = self.written.page or PageWrite()
        months, gone = {**before.months, **months}, (*before.gone, *gone)
        self.change(page=PageWrite(months, gone) if months or gone else None)

    def done(self, session_ids: Iterable[str]) -> None:
        """Take from the intent what has come to its end; saved with whatever is saved next."""
        before, ended = self.written.page or PageWrite(), set(session_ids)
        months = {one: month for one, month in before.months.items() if one not in ended}
        gone = tuple(one for one in before.gone if one not in ended)
        self.note(page=PageWrite(months, gone) if months or gone else None)

    @property
    def written(self) -> State:
        """The state as it was last read or written by who holds it."""
        assert self.state is not None
        return self.state

    def note(self, **changes: Any) -> None:
        """Change the state; it is written with whatever is written next."""
        self.state = msgspec.structs.replace(self.written, **changes)

    def change(self, **changes: Any) -> None:
        """Write what has changed, and what was only noted before, as a sign of life.

        Raises
        ------
        ArchiveBusy
            This writer was silent for so long that another took over.
        """
        assert self.written.writer is not None
        alive = msgspec.structs.replace(self.written.writer, until=time.time() + LEASE)
        self._write(msgspec.structs.replace(self.written, **changes, writer=alive))
        if self._table is not None and self._table.version() % _COMPACT_AFTER == 0:
            self._table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)

    def purge(self) -> None:
        """Leave nothing of the former versions of the row: they may name who was forgotten."""
        if self._table is not None:
            with self._storage.writing():
                purge_history(self._table)

    def _write(self, state: State) -> None:
        """Commit on top of what was loaded, or not at all."""
        row = pa.table({"state": [msgspec.json.encode(state).decode()]}, _SCHEMA)
        before = self._version()
        with self._storage.writing():
            try:
                if self._table is None:
                    self._table = self._storage.create(STATE, _SCHEMA)
                once = CommitProperties(max_commit_retries=0)
                write_deltalake(self._table, row, mode="overwrite", commit_properties=once)
            except (CommitFailedError, DeltaError):
                ours, other = self.state, self.load()
                if self._version() <= before:
                    self.state = ours  # nobody came between: it is the disk, say
                    raise
                self.state = None  # it is not ours to write any more
                if other is not None and other.writer is not None:
                    raise ArchiveBusy(other.writer) from None
                raise CrispError(
                    "Another process took over the archive while this one did not respond.",
                    "Nothing was lost: the same line continues from where the other process is.",
                ) from None
        self.state = state

    def _version(self) -> int:
        return -1 if self._table is None else self._table.version()
