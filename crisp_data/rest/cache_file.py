"""The file of cached answers: how it is opened, and what is done without it where it is held.

Nothing opens it but through SQLite: closing it any other way would drop SQLite's locks on it.
"""

from __future__ import annotations

import os
import sqlite3
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from requests_cache.backends.base import BaseCache
from requests_cache.backends.sqlite import SQLiteCache, SQLiteDict

from crisp_data.errors import CrispWarning, FileTrouble
from crisp_data.local.connection_pool import Pool, is_held
from crisp_data.local.private import private_file
from crisp_data.local.sqlite_file import trouble
from crisp_data.rest import cache_format

#: Seconds that one request waits for a program that holds the file.
HELD_WAIT = 5.0

#: Seconds for which such a file is left alone then, so that not every request waits.
HELD_PAUSE = 60.0

# As the library makes them, at the moment when it opens a file; here it may be held then.
SETUP = "".join(
    f"CREATE TABLE IF NOT EXISTS {table} (key TEXT PRIMARY KEY, value BLOB, expires INTEGER);"
    f"CREATE INDEX IF NOT EXISTS expires_idx ON {table}(expires);"
    for table in ("responses", "redirects")
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
    Cache(file).delete_expired()
    return file


class CacheFile:
    """What the sessions of all threads share.

    Attributes
    ----------
    path : Path
    pool : Pool
        Its connections.
    left_until : float
        Until when it is left alone because another program holds it, by the monotonic clock.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.left_until = path, 0.0
        self.pool = Pool(path, SETUP, HELD_WAIT)

    @property
    def left_alone(self) -> bool:
        """Whether it is not to be asked just now."""
        return time.monotonic() < self.left_until

    def leave_alone(self) -> None:
        """Do without it for a while, because another program holds it, and say so."""
        warnings.warn(_HELD, CrispWarning, stacklevel=5)
        self.left_until = time.monotonic() + HELD_PAUSE


class _Table(SQLiteDict):
    """The library's, over few connections that no fork and no thread's end leaves open.

    It would hold one for each thread, and wait for ever for a program that holds the file.
    """

    def __init__(self, pool: Pool, table_name: str, **options: Any) -> None:
        self._pool = pool
        super().__init__(pool.path, table_name, **options)

    def init_db(self) -> None:
        """Do nothing: each connection makes the tables."""

    @contextmanager
    def connection(self, commit: bool = False) -> Iterator[sqlite3.Connection]:
        """Use a connection alone, in a transaction where something is to be written."""
        with self._pool.lease() as db:
            if not commit or db.in_transaction:
                yield db
                return
            with db:  # which commits, or rolls back
                db.execute("BEGIN IMMEDIATE")
                yield db

    def close(self) -> None:
        """Do nothing: the pool closes its connections."""


class Cache(SQLiteCache):
    """The library's, for one session; where the file is held it is done without."""

    responses: _Table

    def __init__(self, file: CacheFile) -> None:
        BaseCache.__init__(self, cache_name=str(file.path))  # SQLiteCache's would open the file
        self._file = file
        self.responses = _Table(file.pool, "responses", serializer=cache_format.SERIALIZER)
        self.redirects = _Table(file.pool, "redirects", serializer=None)

    def get_response(self, key: str, default: Any = None) -> Any:
        """Look an answer up; where the file is held there is none, and that is said.

        Nor is there one that came later than now, cached while the clock was ahead: nobody can
        tell how old it is. The answer that comes instead replaces it.

        Raises
        ------
        FileTrouble
            The file is damaged or cannot be read.
        """
        found = None
        if not self._file.left_alone:
            with self._left_alone_where_held():
                found = super().get_response(key)
        return default if found is None or found.created_at > datetime.now(UTC) else found

    def save_response(self, *arguments: Any, **options: Any) -> None:
        """Store an answer; where that cannot be, it is given all the same: it was paid for."""
        if self._file.left_alone:
            return
        try:
            super().save_response(*arguments, **options)
        except sqlite3.Error as error:
            if is_held(error):
                self._file.leave_alone()
            else:
                warnings.warn(_NOT_STORED, CrispWarning, stacklevel=2)

    def delete(self, *keys: str, **_: Any) -> None:
        """Delete answers; see :meth:`delete_between`."""
        self.delete_between((key, key) for key in keys)

    def delete_between(self, spans: Iterable[tuple[str, str]]) -> None:
        """Delete the answers whose keys lie between two, all or none.

        No error where that cannot be, for it would stand for what is done.
        """
        try:
            with self.responses.connection(commit=True) as db:
                db.executemany("DELETE FROM responses WHERE key BETWEEN ? AND ?", spans)
        except sqlite3.Error:
            warnings.warn(STALE, CrispWarning, stacklevel=2)

    def delete_expired(self) -> None:
        """Delete what nobody is given any more."""
        with self._left_alone_where_held():
            super().delete(expired=True, vacuum=False)

    def holds(self, key: str) -> bool:
        """Whether a fresh answer is cached, without unpacking it."""
        found = 0
        if not self._file.left_alone:
            with self._left_alone_where_held():
                found = self._fresh(" AND key = ?", key)
        return found > 0

    def fresh(self) -> int:
        """Count the answers that are fresh, without unpacking them.

        Raises
        ------
        FileTrouble
            The file is held, damaged, or cannot be read.
        """
        try:
            return self._fresh()
        except sqlite3.Error as error:
            raise file_trouble(error) from error

    def _fresh(self, condition: str = "", *arguments: str) -> int:
        query = "SELECT value FROM responses WHERE (expires IS NULL OR expires > ?)" + condition
        now = datetime.now(UTC)
        with self.responses.connection() as db:
            rows = db.execute(query, (now.timestamp(), *arguments))
            return sum(cache_format.created(row[0]) <= now for row in rows)

    @contextmanager
    def _left_alone_where_held(self) -> Iterator[None]:
        """Go on without a file that another program holds; raise where the trouble is another."""
        try:
            yield
        except sqlite3.Error as error:
            if not is_held(error):
                raise file_trouble(error) from error
            self._file.leave_alone()


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
        return FileTrouble(
            "The cache file is damaged.",
            "'crisp-data cache clear' deletes it; only cached answers are then requested again.",
        )
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
