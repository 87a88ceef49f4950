"""A private SQLite file of the package's own: a connection for each thread and process."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crisp_data import config


class Database:
    """A file that any number of threads and processes share, writes one by one.

    Parameters
    ----------
    path : Path
        Made where it is missing, for its owner alone.
    setup : str
        The tables, and the pragmas that differ from the ones here; run by every connection.
    """

    def __init__(self, path: Path, setup: str) -> None:
        self._path, self._setup = path, setup
        self._local = threading.local()

    def connection(self) -> sqlite3.Connection:
        """One connection a thread, opened anew after a fork: SQLite's rule."""
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.db, self._local.pid = _open(self._path, self._setup), os.getpid()
        connection: sqlite3.Connection = self._local.db
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing, and nobody else writes meanwhile."""
        db = self.connection()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")


def _open(path: Path, setup: str) -> sqlite3.Connection:
    db = sqlite3.connect(config.private_file(path), timeout=30, isolation_level=None)
    # Switching to WAL ignores the busy timeout, so it is tried again while others switch.
    for attempt in range(100):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            if attempt == 99:
                raise
            time.sleep(0.02)
    db.execute("PRAGMA synchronous = NORMAL")
    db.executescript(setup)
    return db
