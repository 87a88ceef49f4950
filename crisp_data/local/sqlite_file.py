"""A private SQLite file of the package's own, shared by threads and processes."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from crisp_data.errors import FileTrouble
from crisp_data.local.connection_pool import Pool, Replaced
from crisp_data.local.database_opening import Connection, check_version, is_full, is_held

#: Seconds that a statement waits while another process writes.
BUSY_WAIT = 30.0

_OTHER_FOLDER = "another folder with connect(state_dir=...) or CRISP_STATE_DIR."
# What is wrong with a file, and what to do.
_TROUBLES = {
    "held": (
        "was locked by another process for too long",
        "Run the same line again. If the error persists, end the notebook that hangs.",
    ),
    "damaged": (
        "is damaged",
        "Restore it from a copy. Or move it away, together with the files beside it whose names "
        "begin with its name: a new file is then created, without what this one recorded.",
    ),
    "full": (
        "cannot be written: the disk is full",
        f"Free some space and run the same line again, or choose {_OTHER_FOLDER}",
    ),
    "other": ("cannot be written", f"Choose {_OTHER_FOLDER}"),
}


class Database:
    """A file that any number of threads and processes share, writes one by one.

    Parameters
    ----------
    path : Path
        Made where it is missing, for its owner alone.
    setup : str
        The tables, and the pragmas that differ from the ones here; run by every connection.
    version : int
        Which format of the file this is, written as SQLite's ``user_version``; 0 is that of the
        files that do not say so, and the same as 1.
    replaced : callable, optional
        As in :class:`crisp_data.local.connection_pool.Pool`.

    Raises
    ------
    FileTrouble
        From every method: the file cannot be written, is damaged, was held by another for
        ``BUSY_WAIT`` seconds, was deleted or replaced, or was written by a later version of
        this package.
    """

    def __init__(
        self, path: Path, setup: str, version: int = 1, replaced: Replaced | None = None
    ) -> None:
        self._path, self._version = path, version
        self._pool = Pool(path, setup, BUSY_WAIT, version, replaced)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Use a connection alone; within a block, the same thread is given the same one."""
        with self.at_work(), self._pool.lease() as db:
            yield db

    @property
    def current(self) -> Connection | None:
        """The connection that this thread uses just now, within a block; else None."""
        return self._pool.used.get(threading.get_ident())

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All of the block or nothing, and nobody else writes meanwhile."""
        with self.at_work(), self._pool.writing() as db:
            try:
                # Within, for Ctrl-C may come while it waits for its turn and just has it: others
                # would then wait for as long as this process lives.
                db.execute("BEGIN IMMEDIATE")
                # Each time: who keeps a notebook open may update the package elsewhere.
                check_version(db, self._path, self._version)
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # a full disk has rolled it back already
                    db.execute("ROLLBACK")
                raise

    def disconnect(self) -> None:
        """Close what is open and not in use; the next use opens it again."""
        self._pool.close()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Raise what goes wrong with the file as an error that says what to do."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            what, hint = _TROUBLES[trouble(error, self._path)]
            raise FileTrouble(f"The file {self._path} {what}.", hint) from error


def trouble(error: Exception, path: Path) -> Literal["held", "damaged", "full", "other"]:
    """Read from an error of SQLite, or of the system, what is wrong with a file."""
    if is_held(error):
        return "held"
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the details of the kind
    undecodable = isinstance(error, sqlite3.OperationalError) and not code  # Python's own: a text
    if undecodable or code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return "damaged"
    return "full" if is_full(error, path) else "other"
