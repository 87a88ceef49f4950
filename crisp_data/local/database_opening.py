"""One connection to an SQLite file, opened: which file it is, and whether that is whole."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

from crisp_data.errors import TOO_MANY_FILES, FileTrouble
from crisp_data.local import cancellation
from crisp_data.local.database_creation import (
    check_pages,
    check_whole,
    create_or_check,
    malformed,
)
from crisp_data.local.file_identity import FileId, file_id, remove_logs_alone
from crisp_data.local.private import private_file

#: Seconds that opening a file waits while others set it up or hold it.
OPEN_WAIT = 10.0

_POLL = 0.05  # seconds within SQLite between two looks at the deadline of an opening
_SLICE = 0.1  # seconds within SQLite while a statement waits: nothing is heard of Ctrl-C meanwhile
_TRIES = 3  # where the file is replaced while it is being opened
_OTHER = 2.0  # seconds of tries where the trouble is another: files that come and go, say
_SPACE = 64 * 1024  # bytes free on a disk; the index of SQLite's log grows by half of that at once


class Connection(sqlite3.Connection):
    """A connection that knows which file it opened, and whose waits can be interrupted.

    SQLite waits in C, where Python runs no signal handler. So it waits for a moment only, and the
    statement is run again: one that found the file held has done nothing, a COMMIT included.

    Attributes
    ----------
    file, log : FileId
        The database, and its log.
    wait : float
        Seconds that a statement waits while another process holds the file.
    """

    file: FileId = None
    log: FileId = None
    wait = 0.0

    def set_wait(self, seconds: float) -> None:
        """Set for how long a statement waits while another process holds the file."""
        self.wait = seconds
        self.execute(f"PRAGMA busy_timeout = {round(1000 * min(seconds, _SLICE))}")

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run a statement; wait as long as was set for who holds the file.

        Raises
        ------
        sqlite3.Error
            It is held for longer, or something else is wrong.
        CancelledError
            In a worker, where its pull or the program ended meanwhile.
        """
        began = time.monotonic()
        while True:
            try:
                return super().execute(sql, parameters)
            except sqlite3.OperationalError as error:
                left = self.wait - (time.monotonic() - began)
                if left <= 0 or self.wait <= _SLICE or not _may_be_freed(error):
                    raise
            cancellation.check()


def open_database(
    path: str, setup: str, busy: float, version: int | None, *, known: bool = False
) -> Connection:
    """Open a file, and make it where it is missing.

    Parameters
    ----------
    path : str
        The file.
    setup : str
        What the connection runs first.
    busy : float
        Seconds that a statement waits while another process holds the file.
    version : int or None
        The format of the file, written as SQLite's ``user_version``; None for a library's file.
    known : bool, default False
        Whether this process has opened the file before, and found all of its pages good.

    Returns
    -------
    Connection
        The connection.

    Raises
    ------
    sqlite3.DatabaseError
        The file is damaged.
    FileTrouble
        The file was cut short, a later version or another program wrote it, or there are too many
        open files.
    OSError
        The file or its folder cannot be made.
    """
    for _ in range(_TRIES):
        try:
            if version is not None:
                create_or_check(Path(path), setup, version)
            else:  # a library's: an empty one has lost nothing but copies
                remove_logs_alone(Path(path))
            private_file(Path(path))  # which fails by name where too many files are open
        except OSError as error:
            if error.errno not in (errno.EMFILE, errno.ENFILE):
                raise
            raise FileTrouble(f"The file {path} cannot be opened.", TOO_MANY_FILES) from error
        before = file_id(path)
        db = _connect(path, setup, busy, version, known)
        if db.file == before:
            break
        db.close()  # replaced meanwhile: nobody can tell which of the two it opened
    return db


def _connect(path: str, setup: str, busy: float, version: int | None, known: bool) -> Connection:
    db = sqlite3.connect(
        path,
        timeout=min(_POLL, busy),
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    try:
        _set_up(db, path, setup, busy, version, known)
        db.file, db.log = file_id(path), file_id(f"{path}-wal")
    except UnicodeDecodeError as error:
        db.close()
        raise malformed() from error  # SQLite's own words quote a schema that is nonsense
    except BaseException:
        db.close()
        raise
    return db


def _set_up(
    db: Connection, path: str, setup: str, busy: float, version: int | None, known: bool
) -> None:
    began = time.monotonic()
    while True:
        try:
            # Before anything of it is changed.
            found = 0
            check_ours(db, path, setup)
            if version is not None:
                found = check_version(db, path, version)
                check_whole(db, Path(path))
                if not known:
                    check_pages(db)
            # Switching to WAL ignores the busy timeout, so it is tried again meanwhile.
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.executescript(setup)
            if version is not None and found < version:
                db.execute(f"PRAGMA user_version = {version}")
            break
        except sqlite3.OperationalError as error:
            wait = min(busy, OPEN_WAIT) if is_held(error) else _OTHER
            if time.monotonic() - began >= wait or _is_permanent(error, Path(path)):
                raise
            time.sleep(0.02)
    db.set_wait(busy)


def check_ours(db: sqlite3.Connection, path: str, setup: str) -> None:
    """Refuse a database that has tables, and none of those that are set up.

    Parameters
    ----------
    db : sqlite3.Connection
        A connection to the file.
    path : str
        The file, for the error.
    setup : str
        The statements that make the tables.

    Raises
    ------
    FileTrouble
        It is another program's.
    """
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    there = {name for (name,) in db.execute(names)}
    if there and not there & set(_TABLE.findall(setup)):
        raise FileTrouble(
            f"The file {path} is another program's database; nothing was sent.",
            "Choose another folder with connect(state_dir=..., cache_dir=...), or with "
            "CRISP_STATE_DIR and CRISP_CACHE_DIR.",
        )


_TABLE = re.compile(r"CREATE TABLE IF NOT EXISTS (\w+)")


def is_held(error: Exception) -> bool:
    """Whether another connection has what this one needs."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the details of the kind
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def is_full(error: Exception, path: Path) -> bool:
    """Whether an error of SQLite, or of the system, means that the disk of a file is full.

    Where SQLite cannot make or lengthen the files beside a database, it says no more than that.
    """
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT):
        return True
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return code == sqlite3.SQLITE_FULL
    try:
        return shutil.disk_usage(path.parent).free < _SPACE
    except OSError:
        return False


def _is_permanent(error: sqlite3.OperationalError, path: Path) -> bool:
    """Whether it makes no difference to try again: the trouble is the disk, or what was read."""
    read_only = path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # else Python's own: a text
    return read_only or code in _PERMANENT or is_full(error, path)


_PERMANENT = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_READONLY_DIRECTORY)


def _may_be_freed(error: sqlite3.OperationalError) -> bool:
    """Whether the statement may succeed later, within the transaction that it is part of."""
    return is_held(error) and error.sqlite_errorcode != sqlite3.SQLITE_BUSY_SNAPSHOT


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
