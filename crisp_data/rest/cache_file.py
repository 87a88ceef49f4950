"""The file of cached answers: how it is opened, and what is done without it where it is held.

Nothing opens it but through SQLite: closing it any other way would drop SQLite's locks on it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from requests_cache.backends.sqlite import SQLiteDict
from requests_cache.serializers.pipeline import SerializerPipeline

from crisp_data.errors import FileTrouble, warn
from crisp_data.local.connection_pool import Pool, is_held
from crisp_data.local.lock_file import LockFile, lock_file
from crisp_data.local.private import private_file
from crisp_data.local.sqlite_file import trouble
from crisp_data.rest import cache_format
from crisp_data.rest.cache_format import Stored, StoredList

#: Seconds that one request waits for a program that holds the file.
HELD_WAIT = 5.0

#: Seconds for which such a file is left alone then, so that not every request waits.
HELD_PAUSE = 60.0

# As the library makes them, at the moment when it opens a file; here it may be held then.
SETUP = "".join(
    f"CREATE TABLE IF NOT EXISTS {table} (key TEXT PRIMARY KEY, value BLOB, expires INTEGER);"
    f"CREATE INDEX IF NOT EXISTS {index} ON {table}(expires);"
    for table, index in (("responses", "expires_idx"), ("lists", "lists_expires_idx"))
)


def open_file(path: Path) -> CacheFile:
    """Open the cache's file, for all threads of this process.

    What has expired goes: people's words do not stay for longer than they are of use.

    Raises
    ------
    FileTrouble
        The folder or the file cannot be written, or the file is damaged.
    """
    try:
        private_file(path)
        # Asked beforehand: a file that can be read only would be found out after a request.
        writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise FileTrouble(
            "The cache folder cannot be written; nothing was sent.",
            "Choose another folder with connect(cache_dir=...) or CRISP_CACHE_DIR.",
        )
    file = CacheFile(path)
    file.delete_expired()
    return file


def locks(path: Path) -> LockFile:
    """Give the locks of single flights, beside the cache's file."""
    return lock_file(path.with_suffix(".locks"))


class _Table(SQLiteDict):
    """The library's, over few connections that no fork and no thread's end leaves open.

    It would hold one for each thread, and wait for ever for a program that holds the file.
    """

    def __init__(self, pool: Pool, table_name: str, serializer: SerializerPipeline) -> None:
        self._pool = pool
        super().__init__(pool.path, table_name, serializer=serializer)

    def init_db(self) -> None:
        """Do nothing: each connection makes the tables."""

    @contextmanager
    def connection(self, commit: bool = False) -> Iterator[sqlite3.Connection]:
        """Use a connection alone, in a transaction where something is to be written."""
        with self._pool.writing() if commit else self._pool.lease() as db:
            if not commit or db.in_transaction:
                yield db
                return
            with db:  # which commits, or rolls back
                db.execute("BEGIN IMMEDIATE")
                yield db

    def close(self) -> None:
        """Do nothing: the pool closes its connections."""


class CacheFile:
    """One file of answers and of lists, for all threads; where it is held it is done without.

    Attributes
    ----------
    path : Path
    locks : LockFile
        The locks of single flights.
    pool : Pool
        Its connections.
    responses, lists : SQLiteDict
        What is stored, by key.
    left_until : float
        Until when it is left alone because another program holds it, by the monotonic clock.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.left_until = path, 0.0
        self.locks = locks(path)
        self.pool = Pool(path, SETUP, HELD_WAIT)
        self.responses = _Table(self.pool, "responses", cache_format.ANSWERS)
        self.lists = _Table(self.pool, "lists", cache_format.LISTS)

    def close(self) -> None:
        """Close what is open and not in use; the next use opens it again."""
        self.pool.close()
        self.locks.close()

    def get(self, key: str) -> Stored | None:
        """Look an answer up; None where there is none, or the file is held, and that is said.

        Raises
        ------
        FileTrouble
            The file is damaged or cannot be read.
        """
        found: Stored | None = self._get(self.responses, key)
        return found

    def get_list(self, key: str) -> StoredList | None:
        """Look up how a list was read; as :meth:`get`."""
        found: StoredList | None = self._get(self.lists, key)
        return found

    def get_all(self, keys: Sequence[str]) -> list[Stored] | None:
        """Look answers up at one moment; None unless all are there."""
        with self._left_alone_where_held(), self.responses.connection() as db:
            db.execute("BEGIN")  # one state of the file, whatever others write meanwhile
            try:
                found = [self.responses.get(key) for key in keys]
            finally:
                db.execute("COMMIT")
            whole = [one for one in found if one is not None]
            return whole if len(whole) == len(keys) else None
        return None

    def put(self, key: str, stored: Stored | StoredList) -> None:
        """Store it; where that cannot be, all goes on: the answer was paid for."""
        if self.left_alone:
            return
        table = self.responses if isinstance(stored, Stored) else self.lists
        try:
            table[key] = stored
        except sqlite3.Error as error:
            if isinstance(stored, StoredList):
                return  # its pages are there, and it is noted as their reader may be closing
            if is_held(error):
                self._leave_alone()
            else:
                warn(_NOT_STORED)

    def delete_between(self, spans: Iterable[tuple[str, str]]) -> None:
        """Delete what has keys between two, all or none.

        No error where that cannot be, for it would stand for what is done.
        """
        spans = list(spans)
        try:
            with self.responses.connection(commit=True) as db:
                for table in ("responses", "lists"):
                    db.executemany(f"DELETE FROM {table} WHERE key BETWEEN ? AND ?", spans)
        except sqlite3.Error:
            warn(STALE)

    def delete_expired(self) -> None:
        """Delete what nobody is given any more."""
        with self._left_alone_where_held(), self.responses.connection(commit=True) as db:
            for table in ("responses", "lists"):
                db.execute(f"DELETE FROM {table} WHERE expires <= ?", (round(time.time()),))

    def fresh(self) -> int:
        """Count the answers that are fresh, without unpacking them.

        Raises
        ------
        FileTrouble
            The file is held, damaged, or cannot be read.
        """
        query = "SELECT value FROM responses WHERE (expires IS NULL OR expires > ?)"
        now = datetime.now(UTC)
        try:
            with self.responses.connection() as db:
                rows = db.execute(query, (now.timestamp(),))
                return sum(cache_format.created(row[0]) <= now for row in rows)
        except sqlite3.Error as error:
            raise file_trouble(error) from error

    @property
    def left_alone(self) -> bool:
        """Whether it is not to be asked just now."""
        return time.monotonic() < self.left_until

    def _get(self, table: _Table, key: str) -> Any:
        if not self.left_alone:
            with self._left_alone_where_held():
                return table.get(key)
        return None

    def _leave_alone(self) -> None:
        """Do without it for a while, because another program holds it, and say so."""
        warn(_HELD)
        self.left_until = time.monotonic() + HELD_PAUSE

    @contextmanager
    def _left_alone_where_held(self) -> Iterator[None]:
        """Go on without a file that another program holds; raise where the trouble is another."""
        try:
            yield
        except sqlite3.Error as error:
            if not is_held(error):
                raise file_trouble(error) from error
            self._leave_alone()


_OTHER_FOLDER = "choose another folder with connect(cache_dir=...) or CRISP_CACHE_DIR"
_HELD = (
    "The cache file is locked by another program. For a minute nothing is read from it "
    "or written to it, so cached answers are requested again and cost again. Close that "
    f"program, or {_OTHER_FOLDER}."
)
STALE = (
    "The cache could not be written: it may still hold answers from before a write. "
    "refresh=True bypasses them, 'crisp-data cache clear' deletes them."
)
_NOT_STORED = (
    "An answer could not be cached, for example because the disk is full. Requesting it "
    "again costs again. connect(cache_dir=...) or CRISP_CACHE_DIR sets another folder."
)


def file_trouble(error: sqlite3.Error) -> FileTrouble:
    """Make the error that says what is wrong with the cache's file, and the way on."""
    what = trouble(error)
    if what == "damaged":
        return damaged()
    if what == "held":
        return FileTrouble(
            "The cache file is locked by another program.",
            f"Close that program and run the same line again, or {_OTHER_FOLDER}.",
        )
    full = ": the disk is full" if what == "full" else ""
    return FileTrouble(
        f"The cache file cannot be used{full}.",
        f"Use no cache: connect(cache=False), or {_OTHER_FOLDER}.",
    )


def damaged() -> FileTrouble:
    """Make the error for a file that is damaged."""
    return FileTrouble(
        "The cache file is damaged.",
        "'crisp-data cache clear' deletes it; only cached answers are then requested again.",
    )
