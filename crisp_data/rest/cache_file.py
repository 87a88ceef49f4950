"""The file of cached answers: how it is opened, read and written.

Nothing opens it but through SQLite: closing it any other way would drop SQLite's locks on it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from requests_cache.backends.sqlite import SQLiteDict
from requests_cache.serializers.pipeline import SerializerPipeline

from crisp_data.errors import FileTrouble
from crisp_data.local.connection_pool import Pool
from crisp_data.local.file_identity import remove_logs_alone
from crisp_data.local.lock_file import LockFile, lock_file
from crisp_data.local.private import private_file
from crisp_data.rest import cache_format, cache_trouble, single_flight
from crisp_data.rest.cache_access import CacheAccess, Span
from crisp_data.rest.cache_format import Stored, StoredList

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
        remove_logs_alone(path)
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
    """

    def __init__(self, path: Path) -> None:
        self.path, self.locks = path, locks(path)
        # One that is deleted has lost nothing but copies; waits are CacheAccess's.
        self.pool = Pool(path, SETUP, 0.0, replaced=lambda old, new: None)
        self.responses = _Table(self.pool, "responses", cache_format.ANSWERS)
        self.lists = _Table(self.pool, "lists", cache_format.LISTS)
        self._access = CacheAccess(path, self._delete)

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
        found: Stored | None = self._access.read(lambda: self.responses.get(key))
        return found

    def get_list(self, key: str) -> StoredList | None:
        """Look up how a list was read; as :meth:`get`."""
        found: StoredList | None = self._access.read(lambda: self.lists.get(key))
        return found

    def get_all(self, keys: Sequence[str]) -> list[Stored] | None:
        """Look answers up at one moment; None unless all are there."""

        def find() -> list[Stored | None]:
            with self.responses.connection() as db:
                db.execute("BEGIN")  # one state of the file, whatever others write meanwhile
                try:
                    return [self.responses.get(key) for key in keys]
                finally:
                    db.execute("COMMIT")

        found = self._access.read(find) or []
        whole = [one for one in found if one is not None]
        return whole if len(whole) == len(keys) else None

    def put(self, key: str, stored: Stored | StoredList, unchanged: Callable[[], bool]) -> None:
        """Store it; where that cannot be, all goes on: the answer was paid for.

        Parameters
        ----------
        key : str
            Its key.
        stored : Stored or StoredList
            What is stored.
        unchanged : callable
            Whether it still holds. It is asked once nobody else can write into the file: who
            writes at Crisp, or purges, says so first and deletes then.
        """
        table = self.responses if isinstance(stored, Stored) else self.lists

        def store() -> None:
            with table.connection(commit=True):
                if unchanged():
                    table[key] = stored

        # A list's pages are there, and it is noted as their reader may be closing.
        tell = table is self.responses
        try:
            self._access.write(store, tell=tell)
        except (sqlite3.Error, OSError, FileTrouble):
            if tell:
                self._access.tell(cache_trouble.NOT_STORED)

    def delete_between(self, spans: Iterable[Span]) -> None:
        """Delete what has keys between two, all or none; what cannot be is noted.

        No error where that cannot be, for it would stand for what is done.
        """
        deleted = False
        try:
            deleted = self._access.delete(list(spans))
        finally:  # also after Ctrl-C
            if not deleted:
                single_flight.mark_undeleted(self.locks)

    def delete_expired(self) -> None:
        """Delete what nobody is given any more."""

        def delete() -> None:
            with self.responses.connection(commit=True) as db:
                for table in ("responses", "lists"):
                    db.execute(f"DELETE FROM {table} WHERE expires <= ?", (round(time.time()),))

        try:
            self._access.write(delete)
        except sqlite3.Error as error:
            raise cache_trouble.file_trouble(error, self.path) from error

    def fresh(self) -> int:
        """Count the answers that are fresh, without unpacking them.

        Raises
        ------
        FileTrouble
            The file is held, damaged, or cannot be read.
        """
        query = "SELECT value FROM responses WHERE (expires IS NULL OR expires > ?)"
        now = datetime.now(UTC)

        def count() -> int:
            with self.responses.connection() as db:
                rows = db.execute(query, (now.timestamp(),))
                return sum(cache_format.created(row[0]) <= now for row in rows)

        found: int | None = self._access.read(count, tell=False)
        if found is None:
            raise cache_trouble.held()
        return found

    def _delete(self, spans: Sequence[Span]) -> None:
        with self.responses.connection(commit=True) as db:
            for table in ("responses", "lists"):
                db.executemany(f"DELETE FROM {table} WHERE key BETWEEN ? AND ?", spans)
