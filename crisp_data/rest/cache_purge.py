"""Files of kept answers: found, emptied while others use them, deleted where they are damaged."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from crisp_data.errors import FileTrouble
from crisp_data.local.connection_pool import Pool, is_held, is_open
from crisp_data.local.sqlite_file import trouble
from crisp_data.rest import cache_file, single_flight


def purge(path: Path, wait: float) -> None:
    """Delete every answer, and what is left of former ones in free pages and in the log.

    VACUUM writes the file anew, without the pages that rows once had. Others may go on using
    the file meanwhile, and what they have on the wire is not kept. (``SQLiteCache.clear`` drops
    the table from under them, and unlinks the file where that fails.) A log can be emptied only
    while nobody reads an older state of the file: that is waited for.

    Raises
    ------
    FileTrouble
        Another process was still at it after ``wait`` seconds, or the file is damaged.
    """
    single_flight.mark_written(path.with_suffix(".flights"), [""])
    deadline = time.monotonic() + wait
    steps = ("DELETE FROM responses", "DELETE FROM redirects", "VACUUM", _EMPTY_THE_LOG)
    while not _emptied(path, steps, deadline):
        if time.monotonic() >= deadline:
            raise FileTrouble(
                f"Another process was still using the cache after {wait} s: its file "
                "may still hold traces of answers.",
                "Close the other notebook or command and run the same line again.",
            )
        time.sleep(0.02)


def files(folder: Path) -> list[Path]:
    """List the caches in a folder: the files that :class:`crisp_data.rest.client.Client` names.

    The folder may hold the ledger and the outbox too, and files of other programs.
    """
    named = (path for path in folder.glob("*.sqlite") if _OWN.fullmatch(path.stem))
    return sorted(filter(_is_cache, named))


def _is_cache(path: Path) -> bool:
    """Whether a file named like a cache is one: another program's may have such a name too.

    A damaged one shows no tables any more; the locks of its requests lie beside it.
    """
    if path.with_suffix(".flights").is_dir():
        return True
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            columns = [row[1] for row in db.execute("PRAGMA table_info(responses)")]
    except sqlite3.Error as error:
        return is_held(error)
    return columns == ["key", "value", "expires"]  # cache_file.SETUP


def clear(path: Path, wait: float) -> None:
    """Empty a cache as :func:`purge` does; one that is damaged is deleted instead.

    Raises
    ------
    FileTrouble
        Another process is using it.
    """
    try:
        purge(path, wait)
    except FileTrouble as error:
        if not (
            isinstance(error.__cause__, sqlite3.Error) and trouble(error.__cause__) == "damaged"
        ):
            raise
        if not _deleted(path):
            raise FileTrouble(
                f"The cache file {path.name} is damaged, and a program is using it.",
                "Close the other notebook or command and run the same line again.",
            ) from error


_OWN = re.compile("[0-9a-f]{32}")  # Settings.account


def _deleted(path: Path) -> bool:
    """Delete a damaged file and its log; False where another process has it open.

    Whoever closes a file that was deleted under it deletes the log of the one that took its
    place. So it is deleted under the lock that SQLite takes for itself alone. Windows does not
    delete what is open.
    """
    if sys.platform == "win32":
        return _unlinked(path)
    import fcntl

    if is_open(path):  # here: closing it a second time would drop the locks of the first
        return False
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCK_BYTES, _LOCK_START)
        except OSError:
            return False
        return _unlinked(path)


_LOCK_START, _LOCK_BYTES = 0x40000000, 512  # SQLite's PENDING_BYTE, and all that follow it


def _unlinked(path: Path) -> bool:
    try:
        for end in ("", "-wal", "-shm"):
            Path(f"{path}{end}").unlink(missing_ok=True)
    except PermissionError:
        return False
    return True


_EMPTY_THE_LOG = "PRAGMA wal_checkpoint(TRUNCATE)"


def _emptied(path: Path, steps: Iterable[str], deadline: float) -> bool:
    """Take the steps; False where another holds what one of them needs."""
    pool = Pool(path, cache_file.SETUP, 0.2)
    try:
        with pool.lease() as db:
            for step in steps:
                while not _done(db, step):
                    if time.monotonic() >= deadline:
                        return False
                    time.sleep(0.02)
        return True
    except sqlite3.Error as error:
        if is_held(error):
            return False
        raise cache_file.told(error) from error
    finally:
        pool.close()


def _done(db: sqlite3.Connection, step: str) -> bool:
    """Take one step; False where another holds what it needs."""
    try:
        row = db.execute(step).fetchone()
    except sqlite3.OperationalError as error:
        if is_held(error):
            return False
        raise
    return step != _EMPTY_THE_LOG or row[0] == 0
