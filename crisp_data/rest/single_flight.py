"""One request for equal ones at once: a lock by cache key, shared by threads and processes.

Who holds it asks the service; who waits finds the answer in the cache. The lock is an economy
and no guard: where there can be none (a folder that cannot be written, a file system without
locks) each asks for itself, as if alone.

The locks are files of their own, never the cache's: closing a SQLite file drops the
locks that SQLite itself holds on it in this process.
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from filelock import lock_descriptor, unlock_descriptor

from crisp_data.local.private import private_dir
from crisp_data.rest import waits

#: How many locks there are. Two keys that share one wait for each other without need: with
#: eight requests at once that meets one in a hundred and fifty.
STRIPES = 1024

#: Seconds after which who waits asks for itself. The tries of a read take less, unless Crisp asks
#: for long waits between them; a process that was stopped, or a debugger, may hold a lock for ever.
LONGEST = 300.0

_POLL = 0.01  # seconds between two tries at a lock that another holds

_COARSE = 2.0  # seconds by which a file system may round a file's time up

_BINARY = getattr(os, "O_BINARY", 0)  # else Windows would read and write lines of text

_held: set[int] = set()


@contextmanager
def lock(folder: Path, key: str, asked: float) -> Iterator[bool]:
    """Hold the lock of a hexadecimal key; wait while another holds it, at most `LONGEST` seconds.

    The system takes the lock from a process that dies, however it dies. A wait can be
    interrupted, and lasts as long as the other's request with its tries. (The wait for the
    day's reset holds no lock.)

    Parameters
    ----------
    folder : Path
        Where the locks are.
    key : str
        The key, hexadecimal.
    asked : float
        When the cache was asked, in seconds since 1970.

    Yields
    ------
    bool
        Whether a flight has landed since: then the answer may be in the cache by now. Where
        there is no lock, nobody knows of any.
    """
    lock = _take(folder, key)
    try:
        yield lock is not None and _landed(lock) >= asked
        if lock in _held:
            _note_landing(lock)
    finally:
        if lock in _held:  # else there is none, or this is a child that was forked meanwhile
            # By word, for a process forked meanwhile would hold the lock by its own copy.
            with suppress(OSError):
                unlock_descriptor(lock)
            _held.discard(lock)
            os.close(lock)


# Within the file, and not its time, which some file systems round to two seconds.
_MOMENT = struct.Struct("<d")


def _landed(lock: int) -> float:
    """Read when a flight last landed under a lock; 0 where none did."""
    with suppress(OSError):
        written = os.read(lock, _MOMENT.size)
        if len(written) == _MOMENT.size:
            return float(_MOMENT.unpack(written)[0])
    return 0.0


def _note_landing(lock: int) -> None:
    with suppress(OSError):
        os.lseek(lock, 0, os.SEEK_SET)
        os.write(lock, _MOMENT.pack(time.time()))


def mark_written(folder: Path, starts: Iterable[str]) -> None:
    """Note that what begins with one of these was changed: answers yet to come are old."""
    now = time.time_ns()
    for start in starts:
        with suppress(OSError):
            path = _mark(folder, start)
            os.close(_open(Path(path)))
            os.utime(path, ns=(now, now))


def written_since(folder: Path, starts: Iterable[str], moment: float) -> bool:
    """Whether any of them was marked after a moment, in seconds since 1970.

    A mark from the future was made while the clock was ahead, nobody knows when: it counts as
    made just now, once. Left as it is, nothing would be cached until the clock came there.

    Parameters
    ----------
    folder : Path
        Where the marks are.
    starts : Iterable[str]
        Beginnings of URLs.
    moment : float
        Seconds since 1970.

    Returns
    -------
    bool
        Whether any was marked.
    """
    for start in starts:
        with suppress(OSError):
            marked = os.stat(_mark(folder, start)).st_mtime
            if marked > time.time() + _COARSE:
                mark_written(folder, [start])
            if marked >= moment:
                return True
    return False


@lru_cache
def _mark(folder: Path, start: str) -> str:
    stripe = int(hashlib.blake2b(start.encode(), digest_size=4).hexdigest(), 16) % STRIPES
    return os.path.join(folder, f"{stripe:04d}.written")


def _take(folder: Path, key: str) -> int | None:
    path = folder / f"{int(key[-8:], 16) % STRIPES:04d}.lock"
    try:
        lock = _open(path)
    except OSError:
        return None
    _held.add(lock)
    until = time.monotonic() + LONGEST
    try:
        while not lock_descriptor(lock, blocking=False):
            if time.monotonic() > until:
                raise TimeoutError
            waits.sleep(_POLL)  # which a worker's pull can end
    except BaseException as error:
        _held.discard(lock)
        os.close(lock)
        if isinstance(error, OSError):
            return None
        raise
    return lock


def _open(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | _BINARY
    try:
        return os.open(path, flags, 0o600)
    except FileNotFoundError:
        private_dir(path.parent)
        return os.open(path, flags, 0o600)


def _leave_to_parent() -> None:
    """Close what other threads of the parent hold: a child that outlives it must not."""
    while _held:
        os.close(_held.pop())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
