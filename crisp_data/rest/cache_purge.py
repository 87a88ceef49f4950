"""Files of cached answers: found, emptied while others use them, deleted where damaged."""

from __future__ import annotations

import re
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

from crisp_data.errors import FileTrouble
from crisp_data.local.connection_pool import Pool, is_open
from crisp_data.local.database_opening import is_held
from crisp_data.local.sqlite_file import trouble
from crisp_data.rest import cache_file, cache_trouble, single_flight


def purge(path: Path, wait: float) -> None:
    """Delete every answer, and what is left of former ones in free pages and in the log.

    VACUUM writes the file anew, without the pages that rows once had. Others may go on using
    the file meanwhile, and answers that are still to come are not cached.
    (``SQLiteCache.clear`` drops the table from under them, and unlinks the file where that
    fails.) A log can be emptied only while nobody reads an older state of the file: that is
    waited for.

    Raises
    ------
    FileTrouble
        Another process held or used the file for ``wait`` seconds, or the file is damaged.
    """
    single_flight.mark_written(cache_file.locks(path), [""])
    deadline, deleted = time.monotonic() + wait, False
    while True:
        deleted, emptied = _emptied(path, deleted)
        if emptied:
            return
        if time.monotonic() >= deadline:
            break
        time.sleep(0.02)
    if not deleted:
        raise FileTrouble(
            f"The cache file {path.name} was locked by another program for {wait:g} s: nothing "
            "was deleted from it.",
            "Close that program and run the same line again.",
        )
    raise FileTrouble(
        f"Another process was still using the cache after {wait:g} s: its answers are deleted, "
        f"and its file {path.name} may still hold traces of them.",
        "Close the other notebook or command and run the same line again.",
    )


def files(folder: Path) -> list[Path]:
    """List the caches in a folder: the files that :class:`crisp_data.rest.client.Client` names.

    The folder may hold the ledger and the outbox too, and files of other programs.
    """
    named = (path for path in folder.glob("*.sqlite") if _OWN.fullmatch(path.stem))
    # No folder, and no pipe, whose opening would wait for a writer.
    return sorted(path for path in named if path.is_file() and _is_cache(path))


def _is_cache(path: Path) -> bool:
    """Whether a file named like a cache is one: another program's may have such a name too.

    A damaged one shows no tables any more; the locks of its requests lie beside it.
    """
    if cache_file.locks(path).path.is_file() or path.with_suffix(".flights").is_dir():  # the former
        return True
    try:
        name = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(name, timeout=0, uri=True)) as db:
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
        cause = error.__cause__
        if not (isinstance(cause, sqlite3.Error) and trouble(cause, path) == "damaged"):
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


def _emptied(path: Path, deleted: bool) -> tuple[bool, bool]:
    """Try once: whether the answers were deleted by now, and whether no trace is left."""
    pool = Pool(path, cache_file.SETUP, 0.2)
    try:
        with pool.lease() as db:
            db.execute("DELETE FROM responses")
            db.execute("DELETE FROM lists")
            deleted = True
            db.execute("VACUUM")
            held, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return True, not held
    except sqlite3.Error as error:
        if is_held(error):
            return deleted, False
        raise cache_trouble.file_trouble(error, path) from error
    finally:
        pool.close()
