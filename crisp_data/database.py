"""A private SQLite file of the package's own: a connection for each thread and process."""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from crisp_data import config
from crisp_data.errors import FileTrouble


class Database:
    """A file that any number of threads and processes share, writes one by one.

    Parameters
    ----------
    path : Path
        Made where it is missing, for its owner alone.
    setup : str
        The tables, and the pragmas that differ from the ones here; run by every connection.
    version : int
        Which format of the file this is, kept as SQLite's ``user_version``; 0 is that of the
        files that do not say so, and the same as 1.

    Raises
    ------
    FileTrouble
        From every method: the file cannot be written, is damaged, is held by another, or was
        written by a later version of this package.
    """

    def __init__(self, path: Path, setup: str, version: int = 1) -> None:
        self._path, self._setup, self._version = path, setup, version
        self._local = threading.local()

    def connection(self) -> sqlite3.Connection:
        """One connection a thread, opened anew after a fork: SQLite's rule."""
        if getattr(self._local, "pid", None) != os.getpid():
            with self.at_work():
                self._local.db = _open(self._path, self._setup, self._version)
                self._local.pid = os.getpid()
        connection: sqlite3.Connection = self._local.db
        return connection

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing, and nobody else writes meanwhile."""
        with self.at_work():
            db = self.connection()
            try:
                # Within, for Ctrl-C may come while it waits for its turn and just has it: others
                # would then wait for as long as this process lives.
                db.execute("BEGIN IMMEDIATE")
                # Each time: who keeps a notebook open may update the package elsewhere.
                _check_version(db, self._path, self._version)
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # a full disk has rolled it back already
                    db.execute("ROLLBACK")
                raise

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Tell what goes wrong with the file as an error that says the way on."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self._told(error) from error

    def _told(self, error: Exception) -> FileTrouble:
        what = trouble(error)
        where, folder = f"The file {self._path}", "connect(state_dir=...) or CRISP_STATE_DIR"
        if what == "held":
            return FileTrouble(
                f"{where} was held by another process for too long.",
                "Run the same line again; where it stays, end the notebook that hangs.",
            )
        if what == "damaged":
            return FileTrouble(
                f"{where} is damaged.",
                "Move it away, with those beside it that begin with its name: another one is "
                "made, which does not know what this one knew.",
            )
        if what == "full":
            return FileTrouble(
                f"{where} cannot be written: the disk is full.",
                f"Make room and run the same line again, or name another folder with {folder}.",
            )
        return FileTrouble(f"{where} cannot be written.", f"Name another folder with {folder}.")


def trouble(error: Exception) -> Literal["held", "damaged", "full", "other"]:
    """Read from an error of SQLite, or of the system, what is wrong with a file."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the details of the kind
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return "held"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return "damaged"
    if code == sqlite3.SQLITE_FULL or getattr(error, "errno", None) == errno.ENOSPC:
        return "full"
    return "other"


def _open(path: Path, setup: str, version: int) -> sqlite3.Connection:
    db = sqlite3.connect(config.private_file(path), timeout=30, isolation_level=None)
    try:
        found = _check_version(db, path, version)  # before anything of it is changed
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
        if found < version:
            db.execute(f"PRAGMA user_version = {version}")
    except BaseException:
        db.close()
        raise
    return db


def _check_version(db: sqlite3.Connection, path: Path, version: int) -> int:
    """Give the version of a file; what a later one says could be misread, and sent twice."""
    found = int(db.execute("PRAGMA user_version").fetchone()[0])
    if found > version:
        raise FileTrouble(
            f"The file {path} was written by a later version of crisp_data; nothing was sent.",
            "Update crisp_data here. (Another folder, by connect(state_dir=...), would not know "
            "what was sent and counted.)",
        )
    return found
