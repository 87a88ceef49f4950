"""The cache's file where another program holds it: waited for once, then done without.

Where another program holds the file, a client waits for it once. From then on it tries each time
and waits no more, until it could write into it again. What a write at Crisp made stale and could
not be deleted is noted: this client reads nothing from the file before it is. Beside the locks it
is noted when that was: other clients, of any process, do not use it either.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

from crisp_data.errors import FileTrouble, warn
from crisp_data.local.database_opening import is_held
from crisp_data.local.sqlite_file import trouble
from crisp_data.rest import cache_trouble, waits

#: Seconds that a client waits for a program that holds the file: once, all of its threads together.
HELD_WAIT = 5.0

_FIRST, _LONGEST = 0.001, 0.05  # seconds between two tries meanwhile

#: Keys, from the first to the last.
Span = tuple[str, str]


class CacheAccess:
    """Lets the threads of a client use the file, or do without it.

    Parameters
    ----------
    path : Path
        The file.
    delete : callable
        Deletes what has keys between two, all or none.
    """

    def __init__(self, path: Path, delete: Callable[[Sequence[Span]], None]) -> None:
        self._path, self._delete = path, delete
        self._held = False  # it was waited for in vain, and nothing was written since
        self._told: set[str] = set()  # what was warned of since something was written
        self._stale: list[Span] = []  # what is to be deleted before anything is read
        self._lock = threading.Lock()

    def read(self, work: Callable[[], Any], *, tell: bool = True) -> Any:
        """Read from the file.

        Parameters
        ----------
        work : callable
            What is done.
        tell : bool, default True
            Whether to warn where the file is held.

        Returns
        -------
        object
            What ``work`` gives; None where the file is held, or holds what is stale.

        Raises
        ------
        FileTrouble
            The file is damaged or cannot be read.
        """
        try:
            return self._tried(work, tell)[1]
        except sqlite3.Error as error:
            raise cache_trouble.file_trouble(error, self._path) from error

    def write(self, work: Callable[[], Any], *, tell: bool = True) -> bool:
        """Write into the file, and say whether that could be done; parameters as of :meth:`read`.

        Raises
        ------
        sqlite3.Error
            The trouble is another than that the file is held.
        """
        done, _ = self._tried(work, tell)
        if done:
            self._written()
        return done

    def delete(self, spans: list[Span]) -> bool:
        """Delete what a write at Crisp made stale; False where that is left for later.

        No error where that cannot be, for it would stand for what is done.
        """
        deleted = False
        try:
            deleted = self.write(lambda: self._delete(spans))
        except (sqlite3.Error, OSError, FileTrouble):
            self.tell(cache_trouble.STALE)
        except CancelledError:  # the pull of this worker has ended
            pass
        finally:  # also after Ctrl-C
            if not deleted:
                with self._lock:
                    self._stale.extend(span for span in spans if span not in self._stale)
        return deleted

    def _tried(self, work: Callable[[], Any], tell: bool) -> tuple[bool, Any]:
        """Do something with the file; False where another program holds it for too long."""
        until, pause = time.monotonic() + HELD_WAIT, _FIRST
        while True:
            try:
                if not self._stale or self._deleted_stale():
                    return True, work()
                break
            except sqlite3.Error as error:
                if not is_held(error):
                    raise
            if self._held or time.monotonic() >= until:  # by now another thread may have waited
                self._held = True
                break
            waits.sleep(pause)
            pause = min(2 * pause, _LONGEST)
        if tell and self._held:
            self.tell(cache_trouble.HELD)
        return False, None

    def _deleted_stale(self) -> bool:
        """Delete what could not be deleted before; False where it cannot be yet.

        Raises
        ------
        sqlite3.Error
            The file is held, or damaged.
        """
        with self._lock:
            try:
                self._delete(self._stale)
            except sqlite3.Error as error:
                if trouble(error, self._path) in ("held", "damaged"):
                    raise
                return False  # a full disk, say
            self._stale.clear()
        self._written()
        return True

    def _written(self) -> None:
        self._held = False
        self._told.clear()

    def tell(self, words: str) -> None:
        """Warn, once until something could be written again."""
        with self._lock:
            known = words in self._told
            self._told.add(words)
        if not known:
            warn(words)
