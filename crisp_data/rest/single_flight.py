"""One request for equal ones at once: a lock by cache key, shared by threads and processes.

Who holds it asks the service; who waits finds the answer in the cache. The lock is an economy
and no guard: where there can be none (a folder that cannot be written, a file system without
locks) each asks for itself, as if alone.

The locks are in a file of their own, never the cache's: closing a SQLite file drops the
locks that SQLite itself holds on it in this process.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b

from crisp_data.local.lock_file import LOCKS, LockFile
from crisp_data.rest import waits

#: Seconds after which who waits asks for itself. All tries of a read together take longer only
#: where each of them hangs; a process that was stopped, or a debugger, may hold a lock for ever.
LONGEST = 300.0

_UNDELETED = 2 * LOCKS  # the place of a mark: behind those of locks, and of writes
_POLL = 0.01  # seconds between two tries at a lock that another holds


@contextmanager
def lock(file: LockFile, key: str, asked: float) -> Iterator[bool]:
    """Hold the lock of a hexadecimal key; wait while another holds it, at most `LONGEST` seconds.

    A wait can be interrupted, and lasts as long as the other's request with its tries. (The wait
    for the day's reset holds no lock.) Two keys may share a lock, and then wait for each other
    without need: with eight requests at once that meets one in a hundred and fifty.

    Parameters
    ----------
    file : LockFile
        The locks.
    key : str
        The key, hexadecimal.
    asked : float
        When the cache was asked, in seconds since 1970.

    Yields
    ------
    bool
        Whether a request has been answered since: then the answer may be in the cache by now.
        Where there is no lock, nobody knows of any.
    """
    number = int(key[-8:], 16) % LOCKS
    held = _take(file, number)
    try:
        yield held and file.read_time(number) >= asked
        if held:
            file.write_time(number, time.time())
    finally:
        if held:
            file.release(number)


def mark_written(file: LockFile, starts: Iterable[str]) -> None:
    """Note that what begins with one of these was changed: answers yet to come are old."""
    for start in starts:
        file.write_now(_mark(start))


def written_since(file: LockFile, starts: Iterable[str], moment: float) -> bool:
    """Whether any of them was marked after a moment, in seconds since 1970.

    A mark from the future was made while the clock was ahead, nobody knows when: it counts as
    made just now, once. Left as it is, nothing would be cached until the clock came there.

    Parameters
    ----------
    file : LockFile
        Where the marks are.
    starts : Iterable[str]
        How the cache's keys begin of what may have been written.
    moment : float
        Seconds since 1970.

    Returns
    -------
    bool
        Whether any was marked.
    """
    for start in starts:
        marked = file.read_time(_mark(start))
        if marked > time.time():
            mark_written(file, [start])
        if marked >= moment:
            return True
    return False


def mark_undeleted(file: LockFile) -> None:
    """Note that the cache may still hold what was written until now: it could not be deleted."""
    file.write_now(_UNDELETED)


def is_outdated(file: LockFile, starts: Iterable[str], came: float) -> bool:
    """Whether a cached answer is from before a write that could not delete it.

    The marks of writes alone would not do: many share one, and each would keep answers from use
    that are not stale.

    Parameters
    ----------
    file : LockFile
        Where the marks are.
    starts : Iterable[str]
        How the cache's keys begin of what concerns the answer.
    came : float
        When the answer came, in seconds since 1970.

    Returns
    -------
    bool
        Whether it may be.
    """
    return file.read_time(_UNDELETED) >= came and written_since(file, starts, came)


def _mark(start: str) -> int:
    """Say where the mark of what begins so is; two may share one, which keeps an answer out."""
    return LOCKS + int.from_bytes(blake2b(start.encode(), digest_size=4).digest()) % LOCKS


def _take(file: LockFile, number: int) -> bool:
    until = time.monotonic() + LONGEST
    try:
        while not file.acquire(number):
            if time.monotonic() > until:
                return False
            waits.sleep(_POLL)  # which a worker's pull can end
    except OSError:
        return False
    return True
