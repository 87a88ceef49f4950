"""What an archive knows about itself: whose it is, how far it is complete, and who writes.

One row of JSON in a Delta table of its own, written anew with every batch of work. Delta
refuses a commit where another came between, on a disk and in an object store alike, so the
same row is the lock: who writes it holds the archive, and nobody can do so unnoticed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from crisp_data.archive.coverage import Coverage
from crisp_data.archive.storage import Storage
from crisp_data.errors import ArchiveBusy, BadParameter, CrispError
from crisp_data.writer import LEASE, Writer

# Former versions of the one row go after so many writes: nobody reads the past of it.
_TIDY = 32

_SCHEMA = pa.schema([("state", pa.string())])


class Deep(msgspec.Struct, frozen=True):
    """A deep sync that is under way: when it began (milliseconds) and what it has read."""

    began: int
    covered: Coverage = Coverage()


class State(msgspec.Struct, frozen=True):
    """Everything that one sync leaves to the next.

    ``since`` is the earliest update time (milliseconds) that was ever asked for: 0 where it
    was everything, None where nothing was asked for yet.
    """

    website_id: str
    since: int | None = None
    covered: Coverage = Coverage()
    synced_at: int | None = None
    deep: Deep | None = None
    writer: Writer | None = None


class StateTable:
    """The one row, and the right to write it.

    >>> from crisp_data.archive.storage import Storage
    >>> state_table = StateTable(Storage(str(folder / "shelf")))
    >>> with state_table.held("website"):
    ...     StateTable(Storage(str(folder / "shelf"))).load().writer is not None
    True
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._table: DeltaTable | None = None
        self.state: State | None = None

    def load(self) -> State | None:
        """Read what the archive knows; None where nothing was ever written."""
        with self._storage.reading():
            self._table = self._storage.open("sync")
            rows = self._table.to_pyarrow_table()["state"].to_pylist() if self._table else []
        self.state = msgspec.json.decode(rows[0], type=State) if rows else None
        return self.state

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
        state = self.load() or State(website_id)
        if state.website_id != website_id:
            raise BadParameter(
                "The archive holds another website.", "Give each website a folder of its own."
            )
        if state.writer is not None and state.writer.at_work(now):
            raise ArchiveBusy(state.writer)
        writer = Writer.begin(now)
        try:
            self._write(msgspec.structs.replace(state, writer=writer))
            yield
        finally:
            writer.end()
            if self.state is not None:
                self._write(msgspec.structs.replace(self.state, writer=None))

    def still(self) -> None:
        """Make sure, after a long silence, that nobody took over; before anything is written.

        A machine that slept, or a wait for the day's reset, outlasts the lease. What another
        has written since would be written twice.

        Raises
        ------
        ArchiveBusy, CrispError
            Another took over.
        """
        writer = self.state.writer if self.state else None
        if self.state and writer and time.time() > writer.until - LEASE * 2 / 3:
            self.save(self.state)

    def save(self, state: State) -> None:
        """Write what has changed, as a sign of life.

        Raises
        ------
        ArchiveBusy
            This writer was silent for so long that another took over.
        """
        assert state.writer is not None
        alive = msgspec.structs.replace(state.writer, until=time.time() + LEASE)
        self._write(msgspec.structs.replace(state, writer=alive))
        if self._table is not None and self._table.version() % _TIDY == 0:
            self._table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)

    def _write(self, state: State) -> None:
        """Commit on top of what was loaded, or not at all."""
        row = pa.table({"state": [msgspec.json.encode(state).decode()]}, _SCHEMA)
        before = self._version()
        with self._storage.writing():
            try:
                if self._table is None:
                    self._table = self._storage.create("sync", _SCHEMA)
                once = CommitProperties(max_commit_retries=0)
                write_deltalake(self._table, row, mode="overwrite", commit_properties=once)
            except (CommitFailedError, DeltaError):
                kept, other = self.state, self.load()
                if self._version() <= before:
                    self.state = kept  # nobody came between: it is the disk, say
                    raise
                self.state = None  # it is not ours to write any more
                if other is not None and other.writer is not None:
                    raise ArchiveBusy(other.writer) from None
                raise CrispError(
                    "Another process took the archive over while this one was silent.",
                    "Nothing was lost: the same line goes on from where that one has come to.",
                ) from None
        self.state = state

    def _version(self) -> int:
        return -1 if self._table is None else self._table.version()
