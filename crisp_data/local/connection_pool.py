"""Connections to an SQLite file: few, used by one thread at a time, none of them open in a fork.

SQLite notes in its own memory which locks a process has on a file. A child that is forked while
a connection is open inherits the note and not the lock. Its own, new connections then trust the
note: they wait for ever for a transaction of the parent's that has long ended, and read while
others rewrite the file. So before a fork nobody may be at work, and all connections are closed;
nothing that is done in the child could mend it.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crisp_data.errors import TOO_MANY_FILES, FileTrouble, ForkedProcess
from crisp_data.local.database_creation import create_or_check
from crisp_data.local.forks import PerProcess
from crisp_data.local.private import private_file

#: Seconds that a fork waits for other threads to finish what they do with a file.
FORK_WAIT = 5.0

#: Seconds that opening a file waits while others set it up or hold it.
OPEN_WAIT = 10.0

_POLL = 0.05  # seconds within SQLite between two looks at the deadline of an opening
_OTHER = 2.0  # seconds of tries where the trouble is another: files that come and go, say


class Pool:
    """The connections of this process to one file, as many as threads that use it at once.

    Parameters
    ----------
    path : Path
        Made where it is missing, for its owner alone.
    setup : str
        What each connection runs first.
    busy : float
        Seconds that a statement waits while another process holds the file.
    version : int, optional
        The format of the file, written as SQLite's ``user_version``; None for a library's file.
    """

    def __init__(self, path: Path, setup: str, busy: float, version: int | None = None) -> None:
        self.path = os.path.realpath(path)
        self._setup, self._busy, self._version = setup, busy, version
        self._idle: list[sqlite3.Connection] = []
        # Held by the thread that writes: in SQLite another would sleep for milliseconds at a time.
        self._turn = PerProcess(threading.RLock)
        # By thread; None while it is being opened, when SQLite may have taken note already.
        self.used: dict[int, sqlite3.Connection | None] = {}
        weakref.finalize(self, _close_all, self._idle)
        with _gate.changed:
            _pools.add(self)

    @contextmanager
    def lease(self) -> Iterator[sqlite3.Connection]:
        """Use a connection alone; within a block, the same thread is given the same one.

        Raises
        ------
        ForkedProcess
            The parent was at work with this file when it forked this process.
        """
        thread = threading.get_ident()
        if (mine := self.used.get(thread)) is not None:
            yield mine
            return
        gate, broken = _gate, False
        gate.enter(thread)
        try:
            if self.path in _left_open:
                raise ForkedProcess(
                    f"Another thread was using {os.path.basename(self.path)} when this process "
                    "was forked, so SQLite cannot be trusted with it here."
                )
            self.used[thread] = None
            self.used[thread] = mine = self._taken()
            yield mine
        except (sqlite3.Error, FileTrouble) as error:
            cause = error.__cause__ if isinstance(error, FileTrouble) else error
            # Opened anew, a file that was damaged may be another, and one on a full disk whole.
            broken = isinstance(cause, sqlite3.Error) and not is_held(cause)
            raise
        finally:
            db = self.used.pop(thread, None)
            if db is not None and (broken or db.in_transaction):
                db.close()
            elif db is not None:
                self._idle.append(db)
            if gate is _gate:  # else this is a child that was forked within the block
                gate.leave(thread)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Do the same, to write: the threads of this process take turns.

        Nobody waits for its turn for longer than for another process.
        """
        turn = self._turn.get()
        taken = turn.acquire(timeout=self._busy)
        try:
            with self.lease() as db:
                yield db
        finally:
            if taken:
                turn.release()

    def close(self) -> None:
        """Close the connections that nobody uses just now; the next use opens another."""
        _close_all(self._idle)

    def _taken(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return _open(self.path, self._setup, self._busy, self._version)

    def left_to_parent(self) -> None:
        """Touch nothing of the parent's any more; called in a child that was forked."""
        if self.used:
            _inherited.extend(self.used.values())
            _left_open.add(self.path)
            self.used.clear()


def is_open(path: Path) -> bool:
    """Whether this process has the file open, and goes on using it."""
    with _gate.changed:
        pools = [pool for pool in _pools if pool.path == os.path.realpath(path)]
    for pool in pools:
        pool.close()
    return any(pool.used for pool in pools)


def is_held(error: Exception) -> bool:
    """Whether another connection has what this one needs."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the details of the kind
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def check_version(db: sqlite3.Connection, path: Path | str, version: int) -> int:
    """Give the version of a file; what a later one says could be misread, and sent twice.

    Parameters
    ----------
    db : sqlite3.Connection
        A connection to the file.
    path : Path or str
        The file, for the error.
    version : int
        The highest version that this code reads.

    Returns
    -------
    int
        The version of the file; 0 for a new one.

    Raises
    ------
    FileTrouble
        A later version wrote the file.
    """
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if found > version:
        raise FileTrouble(
            f"The file {path} was written by a later version of crisp_data; nothing was sent.",
            "Update crisp_data here. (Another folder, set by connect(state_dir=...), "
            "would not know what was already sent and counted.)",
        )
    return found


def _open(path: str, setup: str, busy: float, version: int | None) -> sqlite3.Connection:
    try:
        if version is not None:  # else a library's: an empty one has lost nothing but copies
            create_or_check(Path(path), setup, version)
        file = private_file(Path(path))  # which fails by name where too many files are open
    except OSError as error:
        if error.errno not in (errno.EMFILE, errno.ENFILE):
            raise
        raise FileTrouble(f"The file {path} cannot be opened.", TOO_MANY_FILES) from error
    db = sqlite3.connect(file, timeout=_POLL, isolation_level=None, check_same_thread=False)
    began = time.monotonic()
    try:
        while True:
            try:
                # Before anything of it is changed.
                found = 0 if version is None else check_version(db, path, version)
                # Switching to WAL ignores the busy timeout, so it is tried again meanwhile.
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = NORMAL")
                db.executescript(setup)
                if version is not None and found < version:
                    db.execute(f"PRAGMA user_version = {version}")
                break
            except sqlite3.OperationalError as error:
                wait = min(busy, OPEN_WAIT) if is_held(error) else _OTHER
                if time.monotonic() - began >= wait:
                    raise
                time.sleep(0.02)
        db.execute(f"PRAGMA busy_timeout = {round(busy * 1000)}")
    except UnicodeDecodeError as error:
        db.close()
        # Of SQLite's own words: they quote a schema that is nonsense.
        damaged = sqlite3.DatabaseError("malformed database schema")
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged from error
    except BaseException:
        db.close()
        raise
    return db


def _close_all(idle: list[sqlite3.Connection]) -> None:
    while idle:
        idle.pop().close()


class _Gate:
    """Lets threads work with files side by side, and a fork only while none of them does."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._inside: dict[int, int] = {}
        self.forking: int | None = None

    def enter(self, thread: int) -> None:
        """Wait until no other thread forks."""
        with self.changed:
            if self.forking is not None and thread not in self._inside:
                # (Where it is inside, the fork waits for this very thread.)
                self.changed.wait_for(lambda: self.forking in (None, thread))
            self._inside[thread] = self._inside.get(thread, 0) + 1

    def leave(self, thread: int) -> None:
        """Let a fork go on that waits for this thread."""
        with self.changed:
            self._inside[thread] -= 1
            if not self._inside[thread]:
                del self._inside[thread]
                if self.forking is not None:
                    self.changed.notify_all()

    def shut(self, thread: int) -> None:
        """Wait until no other thread is inside, but not for long."""
        with self.changed:
            self.changed.wait_for(lambda: self.forking is None)
            self.forking = thread
            self.changed.wait_for(lambda: not self._inside.keys() - {thread}, FORK_WAIT)

    def reopen(self) -> None:
        """Let threads in again."""
        with self.changed:
            self.forking = None
            self.changed.notify_all()


_gate = _Gate()
_pools: weakref.WeakSet[Pool] = weakref.WeakSet()
_inherited: list[sqlite3.Connection | None] = []  # never to be closed: that is for the parent to do
_left_open: set[str] = set()


def _before_a_fork() -> None:
    _gate.shut(threading.get_ident())
    with _gate.changed:  # no pool is added meanwhile
        pools = tuple(_pools)
    for pool in pools:
        pool.close()


def _after_in_parent() -> None:
    _gate.reopen()


def _after_in_child() -> None:
    global _gate  # noqa: PLW0603  # one that another thread held could never be opened again
    _gate = _Gate()
    for pool in tuple(_pools):
        pool.left_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_a_fork,
        after_in_parent=_after_in_parent,
        after_in_child=_after_in_child,
    )
