"""Many locks in one file, and beside each a time: for the threads of all processes.

A lock is one byte of the file, locked for a process by the system, which takes it back from a
process that dies. Systems keep out other processes by it and not other threads, so each lock is
a lock of threads as well. ``filelock`` has a file for each lock: to create one takes as long as
a twentieth of a request, and a folder held a thousand.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path

from crisp_data.local.file_identity import UNKNOWN, file_id
from crisp_data.local.forks import PerProcess
from crisp_data.local.private import private_dir

LOCKS = 1024

_FIRST = 1 << 20  # the byte of lock 0, behind all times: Windows lets nobody read a locked byte
_TIME = struct.Struct("<d")
_TAKEN = (errno.EACCES, errno.EAGAIN, 0)  # as systems differ; 0 is Wine's
_WAIT, _POLL = 1.0, 0.001  # seconds for another process to write a time: it takes microseconds
_BINARY = getattr(os, "O_BINARY", 0)  # else Windows would read and write lines of text


class LockFile:
    """A file of locks, open in this process; made by :func:`lock_file`.

    Parameters
    ----------
    path : Path
        The file. It is made when it is first needed.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._file = path, UNKNOWN
        self._open: list[int] = []  # its descriptor
        weakref.finalize(self, _close_all, self._open)  # (``__del__`` could meet a new user)
        self._held = [threading.Lock() for _ in range(LOCKS)]
        self._using = threading.Lock()  # a descriptor has one position for all threads

    def close(self) -> None:
        """Close the file unless a thread has a lock in it; the next use opens it again."""
        with self._using:
            if not any(one.locked() for one in self._held):
                _close_all(self._open)

    def acquire(self, number: int) -> bool:
        """Take a lock without waiting; False where another thread or process holds it.

        Raises
        ------
        OSError
            There can be no lock: the folder cannot be written, or its system has none.
        """
        if not self._held[number].acquire(blocking=False):
            return False
        taken = False
        try:
            with self._using:
                self._reopen_if_replaced()
                taken = _try_lock(self._opened(), _FIRST + number)
        finally:
            if not taken:
                self._held[number].release()
        return taken

    def release(self, number: int) -> None:
        """Give back a lock that this thread took."""
        try:
            with self._using, suppress(OSError):
                _unlock(self._opened(), _FIRST + number)
        finally:
            self._held[number].release()

    def read_time(self, place: int) -> float:
        """Read the time at a place; 0 where there is none, or no file.

        Parameters
        ----------
        place : int
            From 0 to twice ``LOCKS``.

        Returns
        -------
        float
            As it was written: seconds since 1970.
        """
        with suppress(OSError), self._using:
            os.lseek(self._opened(), place * _TIME.size, os.SEEK_SET)
            written = os.read(self._opened(), _TIME.size)
            if len(written) == _TIME.size:
                return float(_TIME.unpack(written)[0])
        return 0.0

    def write_time(self, place: int, seconds: float) -> None:
        """Write the time at a place; nothing where there is no file."""
        with suppress(OSError), self._using:
            self._reopen_if_replaced()
            self._write(place, seconds)

    def write_now(self, place: int) -> None:
        """Write the present time at a place, and never after a later one; nothing without a file.

        The time is taken under a lock of the place. Two at once could else write theirs in the
        wrong order: whoever looks between the two times would miss the later one.
        """
        byte, until = _FIRST + LOCKS + place, time.monotonic() + _WAIT
        with suppress(OSError), self._using:
            self._reopen_if_replaced()
            while not (taken := _try_lock(self._opened(), byte)) and time.monotonic() < until:
                time.sleep(_POLL)
            try:
                self._write(place, time.time())
            finally:
                if taken:
                    _unlock(self._opened(), byte)

    def _write(self, place: int, seconds: float) -> None:
        os.lseek(self._opened(), place * _TIME.size, os.SEEK_SET)
        os.write(self._opened(), _TIME.pack(seconds))

    def _opened(self) -> int:
        if not self._open:
            private_dir(self.path.parent)
            flags = os.O_RDWR | os.O_CREAT | _BINARY
            self._open.append(os.open(self.path, flags, 0o600))
            self._file = file_id(str(self.path))
        return self._open[0]

    def _reopen_if_replaced(self) -> None:
        """Leave a file that was deleted or replaced: other processes use the one with its name."""
        if self._open and file_id(str(self.path)) != self._file:
            _close_all(self._open)


def _close_all(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())


_files: PerProcess[weakref.WeakValueDictionary[str, LockFile]] = PerProcess(
    weakref.WeakValueDictionary
)
_asking = PerProcess(threading.Lock)


def lock_file(path: Path) -> LockFile:
    """Give this process's one handle of a file: to close a second would drop the locks of both."""
    with _asking.get():
        return _files.get().setdefault(os.path.realpath(path), LockFile(path))


def _try_lock(descriptor: int, byte: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, byte, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
    except OSError as error:
        if error.errno in _TAKEN:
            return False
        raise
    return True


def _unlock(descriptor: int, byte: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, byte, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)
    else:
        import fcntl

        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1, byte)
