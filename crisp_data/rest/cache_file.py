"""The file of kept answers: how it is opened, and what is written of an answer.

The file is SQLite's and requests-cache's; nothing here opens it but through SQLite, for
closing it any other way would drop the locks that SQLite holds on it in this process.
"""

from __future__ import annotations

import os
import sqlite3
import time
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from requests.structures import CaseInsensitiveDict
from requests_cache.backends.base import BaseCache
from requests_cache.backends.sqlite import SQLiteCache, SQLiteDict
from requests_cache.models.request import CachedRequest
from requests_cache.models.response import CachedResponse
from requests_cache.serializers.pipeline import SerializerPipeline, Stage

from crisp_data.errors import CrispWarning, FileTrouble
from crisp_data.local.connection_pool import Pool, is_held
from crisp_data.local.private import private_file
from crisp_data.local.sqlite_file import trouble
from crisp_data.rest.transport import PULL

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

    What has expired goes: people's words are not kept for longer than they are of use.

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


class _Table(SQLiteDict):
    """The library's, over few connections that no fork and no thread's end leaves open.

    It would keep one for each thread, and wait for ever for a program that holds the file.
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
            try:
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Do nothing: the pool closes its connections."""


class Cache(SQLiteCache):
    """The library's, for one session; where the file is held it is done without."""

    responses: _Table

    def __init__(self, file: CacheFile) -> None:
        BaseCache.__init__(self, cache_name=str(file.path))  # SQLiteCache's would open the file
        self._file = file
        self.responses = _Table(file.pool, "responses", serializer=_serializer())
        self.redirects = _Table(file.pool, "redirects", serializer=None)

    def get_response(self, key: str, default: Any = None) -> Any:
        """Look an answer up; where the file is held there is none, and that is said.

        Nor is there one that came later than now, kept while the clock was ahead: nobody can
        tell how old it is. The answer that comes instead replaces it.

        Raises
        ------
        FileTrouble
            The file is damaged or cannot be read.
        """
        if self._file.left_alone:
            return default
        try:
            found = super().get_response(key)
        except sqlite3.Error as error:
            self._left_alone(error)
            return default
        return default if found is None or found.created_at > datetime.now(UTC) else found

    def save_response(self, *arguments: Any, **options: Any) -> None:
        """Keep an answer; where that cannot be, it is given all the same: it was paid for."""
        if self._file.left_alone:
            return
        try:
            super().save_response(*arguments, **options)
        except sqlite3.Error as error:
            warnings.warn(_HELD if is_held(error) else _NOT_KEPT, CrispWarning, stacklevel=2)
            self._leave_alone(error)

    def delete(self, *keys: str, **options: Any) -> None:
        """Delete answers; no error where that cannot be, for it would stand for what is done."""
        try:
            super().delete(*keys, **options)
        except sqlite3.Error:
            warnings.warn(STALE, CrispWarning, stacklevel=2)

    def delete_between(self, spans: Iterable[tuple[str, str]]) -> None:
        """Delete the answers whose keys lie between two, all or none; as :meth:`delete`."""
        try:
            with self.responses.connection(commit=True) as db:
                for span in spans:
                    db.execute("DELETE FROM responses WHERE key BETWEEN ? AND ?", span)
        except sqlite3.Error:
            warnings.warn(STALE, CrispWarning, stacklevel=2)

    def delete_expired(self) -> None:
        """Delete what nobody is given any more."""
        try:
            super().delete(expired=True, vacuum=False)
        except sqlite3.Error as error:
            self._left_alone(error)

    def holds(self, key: str) -> bool:
        """Whether a fresh answer is kept, without unpacking it."""
        if self._file.left_alone:
            return False
        try:
            return self._fresh(" AND key = ?", key) > 0
        except sqlite3.Error as error:
            self._left_alone(error)
            return False

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
            raise told(error) from error

    def _fresh(self, condition: str = "", *arguments: str) -> int:
        query = "SELECT value FROM responses WHERE (expires IS NULL OR expires > ?)" + condition
        now = datetime.now(UTC)
        with self.responses.connection() as db:
            rows = db.execute(query, (now.timestamp(), *arguments))
            return sum(_created(row[0]) <= now for row in rows)

    def close(self) -> None:
        """Close what is open and not in use; the next use opens it again."""
        self._file.pool.close()

    def _left_alone(self, error: sqlite3.Error) -> None:
        """Say that a file is held; raise where the trouble is another."""
        if not is_held(error):
            raise told(error) from error
        warnings.warn(_HELD, CrispWarning, stacklevel=3)
        self._leave_alone(error)

    def _leave_alone(self, error: sqlite3.Error) -> None:
        if is_held(error):
            self._file.left_until = time.monotonic() + HELD_PAUSE


_HELD = (
    "The cache file is locked by another program. For a minute nothing is read from it "
    "or written to it, so cached answers are requested again and cost again. Close that "
    "program, or choose another folder with connect(cache_dir=...) or CRISP_CACHE_DIR."
)
STALE = (
    "The cache could not be written: it may still hold answers from before a write. "
    "refresh=True bypasses them, 'crisp-data cache clear' deletes them."
)
_NOT_KEPT = (
    "An answer could not be cached, for example because the disk is full. Requesting it "
    "again costs again. connect(cache_dir=...) or CRISP_CACHE_DIR sets another folder."
)


def told(error: sqlite3.Error) -> FileTrouble:
    """Make the error that says what is wrong with the cache's file, and the way on."""
    if trouble(error) == "damaged":
        return FileTrouble(
            "The cache file is damaged.",
            "'crisp-data cache clear' deletes it; only cached answers are then requested again.",
        )
    if is_held(error):
        return FileTrouble(
            "The cache file is locked by another program.",
            "Close that program and run the same line again, or choose another folder "
            "with connect(cache_dir=...) or CRISP_CACHE_DIR.",
        )
    full = ": the disk is full" if trouble(error) == "full" else ""
    return FileTrouble(
        f"The cache file cannot be used{full}.",
        "Choose another folder with connect(cache_dir=...) or CRISP_CACHE_DIR, or use "
        "no cache: connect(cache=False).",
    )


class _Stored(msgspec.Struct, array_like=True):
    """What is kept of an answer. Nothing of the request but its verb: no header, no secret."""

    method: str
    url: str
    status: int
    created: datetime
    expires: datetime | None
    pull: str
    body: bytes


def _serializer() -> SerializerPipeline:
    """Write answers as compressed MessagePack.

    Own code, because of what the library's serializers do: pickle runs code from a tampered
    file, and all of them write the request's headers, the credential among them.
    """
    return SerializerPipeline([Stage(dumps=_pack, loads=_unpack)], "crisp_data", is_binary=True)


def _pack(response: CachedResponse) -> bytes:
    stored = _Stored(
        str(response.request.method),
        str(response.url),
        response.status_code,
        response.created_at,
        response.expires,
        response.headers.get(PULL, ""),
        zlib.compress(response.content or b"", 1),
    )
    return msgspec.msgpack.encode(stored)


def _created(packed: bytes) -> datetime:
    try:
        return msgspec.msgpack.decode(packed, type=_Stored).created
    except msgspec.MsgspecError:
        return datetime.max.replace(tzinfo=UTC)  # damaged: never fresh


def _unpack(packed: bytes) -> CachedResponse:
    try:
        stored = msgspec.msgpack.decode(packed, type=_Stored)
        body = zlib.decompress(stored.body)
    except (msgspec.MsgspecError, zlib.error):
        raise ValueError("the cached answer is damaged") from None  # a miss, to requests-cache
    return CachedResponse(
        content=body,
        status_code=stored.status,
        url=stored.url,
        created_at=stored.created,
        expires=stored.expires,
        headers=CaseInsensitiveDict({PULL: stored.pull, "Content-Type": "application/json"}),
        request=CachedRequest(method=stored.method, url=stored.url),
    )
