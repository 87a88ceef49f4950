"""Connections to an SQLite file: few, used by one thread at a time, none of them open in a fork.

SQLite notes in its own memory which locks a process has on a file. A child that is forked while
a connection is open inherits the note and not the lock. Its own, new connections then trust the
note: they wait for ever for a transaction of the parent's that has long ended, and read while
others rewrite the file. So before a fork nobody may be at work, and all connections are closed;
nothing that is done in the child could mend it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from crisp_data.errors import FileTrouble, ForkedProcess
from crisp_data.local import database_opening
from crisp_data.local.database_opening import Connection, is_held
from crisp_data.local.file_identity import UNKNOWN, file_id, remove_log
from crisp_data.local.forks import PerProcess

#: Seconds that a fork waits for other threads to finish what they do with a file.
FORK_WAIT = 5.0

#: Seconds for which nobody waits again for a file after one has waited in vain: the workers of
#: a pull would wait one after another, and what a call still looks up about its own failure too.
HELD_PAUSE = 1.0

_SHORT = 0.1  # seconds of waiting for another thread that shorten the wait for another process

#: Given the old connection, where there is one, and one to the file that took its place.
Replaced = Callable[[Connection | None, Connection], None]


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
    replaced : callable, optional
        Called where the file was deleted or replaced while it was open; without one that is an
        error, until :meth:`close` is called.
    """

    def __init__(
        self,
        path: Path,
        setup: str,
        busy: float,
        version: int | None = None,
        replaced: Replaced | None = None,
    ) -> None:
        self.path = os.path.realpath(path)
        self._setup, self._busy, self._version = setup, busy, version
        self._replaced = replaced
        self._held_until = 0.0  # by the monotonic clock: until then nobody waits for the file
        self._file = self._log = UNKNOWN  # the file that was opened last
        self._idle: list[Connection] = []
        # Held by the thread that writes: in SQLite another would sleep for milliseconds at a time.
        self._turn = PerProcess(threading.RLock)
        # By thread; None while it is being opened, when SQLite may have taken note already.
        self.used: dict[int, Connection | None] = {}
        weakref.finalize(self, _close_all, self._idle)
        with _gate.changed:
            _pools.add(self)

    @contextmanager
    def lease(self, wait: float | None = None) -> Iterator[Connection]:
        """Use a connection alone; within a block, the same thread is given the same one.

        Parameters
        ----------
        wait : float, optional
            Seconds to wait while another process holds the file, where it is other than usual.

        Raises
        ------
        ForkedProcess
            The parent was at work with this file when it forked this process.
        FileTrouble
            The file was deleted or replaced, and that is an error.
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
            if time.monotonic() < self._held_until:
                wait = 0.0
            self.used[thread] = mine = self._taken(self._busy if wait is None else wait)
            if wait is not None:
                broken = True  # the next one is to wait as usual
                mine.set_wait(wait)
            yield mine
        except (sqlite3.Error, FileTrouble) as error:
            cause = error.__cause__ if isinstance(error, FileTrouble) else error
            # Opened anew, a file that was damaged may be another, and one on a full disk whole.
            if isinstance(cause, sqlite3.Error) and not is_held(cause):
                broken = True
            elif isinstance(cause, sqlite3.Error) and self._busy:
                self._held_until = time.monotonic() + HELD_PAUSE
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
    def writing(self) -> Iterator[Connection]:
        """Do the same, to write: the threads of this process take turns.

        Who waits for its turn waits for another process for so much less.
        """
        turn, began = self._turn.get(), time.monotonic()
        taken = turn.acquire(timeout=max(self._busy, _SHORT))
        try:
            waited = time.monotonic() - began
            with self.lease(None if waited < _SHORT else max(0.0, self._busy - waited)) as db:
                yield db
        finally:
            if taken:
                turn.release()

    def close(self) -> None:
        """Close the connections that nobody uses just now; the next use opens what is there."""
        self.close_idle()
        self._file = self._log = UNKNOWN

    def close_idle(self) -> None:
        """Do the same, and go on noticing where the file is deleted or replaced."""
        _close_all(self._idle)

    def _taken(self, busy: float) -> Connection:
        try:
            old = self._idle.pop()
        except IndexError:
            old = None
        file = file_id(self.path)
        if old is not None and old.file == file:
            return old
        try:
            if old is None and self._file in (file, UNKNOWN):
                return self._opened(busy)
            new = self._open_replaced(old, busy)
        except BaseException:
            if old is not None:
                self._idle.append(old)  # the next one is to notice it as well
            raise
        if old is not None:
            old.close()
        return new

    def _opened(self, busy: float) -> Connection:
        known = self._file == file_id(self.path)
        db = database_opening.open_database(
            self.path, self._setup, busy, self._version, known=known
        )
        self._file, self._log = db.file, db.log
        return db

    def _open_replaced(self, old: Connection | None, busy: float) -> Connection:
        """Open the file that took the place of another, or a new one where there is none."""
        if self._replaced is None:
            raise FileTrouble(
                f"The file {self.path} was deleted or replaced while this process used it.",
                "Put it back, together with the files beside it whose names begin with its name. "
                "If it was deleted on purpose, call ws.close() and run the same line again: a new "
                "file is then used, which does not know what was sent before.",
            )
        remove_log(self.path, self._log if old is None else old.log)
        new = self._opened(busy)
        try:
            self._replaced(old, new)
        except BaseException:
            new.close()
            raise
        return new

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
        pool.close_idle()
    return any(pool.used for pool in pools)


def _close_all(idle: list[Connection]) -> None:
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
_inherited: list[Connection | None] = []  # never to be closed: that is for the parent to do
_left_open: set[str] = set()


def _before_a_fork() -> None:
    _gate.shut(threading.get_ident())
    with _gate.changed:  # no pool is added meanwhile
        pools = tuple(_pools)
    for pool in pools:
        pool.close_idle()


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
