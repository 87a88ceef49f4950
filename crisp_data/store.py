"""The file of kept answers: how it is opened, what is written of an answer, how it is emptied.

The file is SQLite's and requests-cache's; nothing here opens it but through SQLite, for
closing it any other way would drop the locks that SQLite holds on it in this process.
"""

from __future__ import annotations

import os
import sqlite3
import time
import warnings
import zlib
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from requests.structures import CaseInsensitiveDict
from requests_cache.backends.sqlite import SQLiteCache
from requests_cache.models.request import CachedRequest
from requests_cache.models.response import CachedResponse
from requests_cache.serializers.pipeline import SerializerPipeline, Stage

from crisp_data import config
from crisp_data.database import trouble
from crisp_data.errors import CrispWarning, FileTrouble
from crisp_data.wire import PULL


def open_file(path: Path) -> Cache:
    """Open the cache's file; several processes switching it to WAL at once are let through.

    What has expired goes: people's words are not kept for longer than they are of use.

    Raises
    ------
    FileTrouble
        The folder or the file cannot be written.
    """
    try:
        config.private_file(path)
        # Asked beforehand: requests-cache would try for ever to begin what cannot be written.
        writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise FileTrouble(
            "The folder of the cache cannot be written; nothing was sent.",
            "Name another one with connect(cache_dir=...) or CRISP_CACHE_DIR.",
        )
    for attempt in range(100):
        try:
            cache = Cache(path, serializer=_serializer(), wal=True, busy_timeout=30_000)
            cache.delete(expired=True, vacuum=False)
            return cache
        except sqlite3.OperationalError as error:
            if attempt == 99:
                raise told(error) from error
            time.sleep(0.02)
        except sqlite3.DatabaseError as error:
            raise told(error) from error
    raise AssertionError("the last attempt either returns or raises")


class Cache(SQLiteCache):
    """The library's, but for an answer from the future, and for one that cannot be kept.

    The first was kept while the clock was ahead. How old it is nobody can tell: it is a miss, and
    the answer that comes instead replaces it. The second is given all the same: it was paid for.
    """

    def get_response(self, key: str, default: Any = None) -> Any:
        """Find a kept answer; the default where there is none, or one from the future."""
        found = super().get_response(key)
        return default if found is None or found.created_at > datetime.now(UTC) else found

    def fresh(self, key: str | None = None) -> int:
        """Count the answers that are fresh, of all keys or of one, without unpacking them."""
        query = "SELECT value FROM responses WHERE (expires IS NULL OR expires > ?)"
        now = datetime.now(UTC)
        arguments: list[Any] = [now.timestamp()]
        if key is not None:
            query, arguments = f"{query} AND key = ?", [*arguments, key]
        with self.responses.connection() as db:
            return sum(_created(row[0]) <= now for row in db.execute(query, arguments))

    def save_response(self, *arguments: Any, **options: Any) -> None:
        """Keep an answer; say so where it could not be, which the library does not."""
        with self.responses.connection() as db:
            before = db.total_changes
            super().save_response(*arguments, **options)
            if db.total_changes == before:
                warnings.warn(_NOT_KEPT, CrispWarning, stacklevel=2)


_NOT_KEPT = (
    "An answer could not be kept, as where the disk is full: asked for again, it costs again. "
    "connect(cache_dir=...) or CRISP_CACHE_DIR names another folder."
)


def told(error: sqlite3.Error) -> FileTrouble:
    """Make the error that says what is wrong with the cache's file, and the way on."""
    if trouble(error) == "damaged":
        return FileTrouble(
            "The file of the cache is damaged.",
            "'crisp-data cache clear' deletes it; only what it kept is asked for again.",
        )
    full = ": the disk is full" if trouble(error) == "full" else ""
    return FileTrouble(
        f"The file of the cache cannot be used{full}.",
        "Name another folder with connect(cache_dir=...) or CRISP_CACHE_DIR, or do without: "
        "connect(cache=False).",
    )


def purge(path: Path, wait: float) -> None:
    """Delete every answer, and what is left of former ones in free pages and in the log.

    VACUUM writes the file anew, without the pages that rows once had. Others may go on using
    the file meanwhile. (``SQLiteCache.clear`` drops the table from under them,
    and unlinks the file where that fails.) A log can be emptied only while nobody reads an
    older state of the file: that is waited for.

    Raises
    ------
    FileTrouble
        Another process was still at it after ``wait`` seconds.
    """
    deadline = time.monotonic() + wait
    with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as db:
        steps = ("DELETE FROM responses", "DELETE FROM redirects", "VACUUM", _EMPTY_THE_LOG)
        for step in steps:
            while not _done(db, step):
                if time.monotonic() >= deadline:
                    raise FileTrouble(
                        f"Another process was still using the cache after {wait:g} s: "
                        "traces of answers may be left in its file.",
                        "Close the other notebook or command and run the same line again.",
                    )
                time.sleep(0.02)


_EMPTY_THE_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"


def _done(db: sqlite3.Connection, step: str) -> bool:
    """Take one step; False where another holds what it needs."""
    try:
        row = db.execute(step).fetchone()
    except sqlite3.OperationalError as error:
        if trouble(error) == "held":
            return False
        raise
    return step != _EMPTY_THE_LOG or row[0] == 0


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
