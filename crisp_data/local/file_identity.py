"""Which file a name stands for: SQLite goes on with one that was deleted or replaced under it.

Two processes would then write into two files of the same name, and each count for itself.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from crisp_data.errors import FileTrouble

#: A file's device and number; None where there is no file.
FileId = tuple[int, int] | None

#: Stands for a file that was not opened yet.
UNKNOWN: FileId = (-1, -1)


def file_id(path: str) -> FileId:
    """Tell which file a name stands for just now.

    On Windows always None: nothing there deletes or renames a file that SQLite has open.
    """
    if sys.platform == "win32":
        return None
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def logs(path: Path, *ends: str) -> list[Path]:
    """List the logs of a file that are there: of its writes, and their index."""
    found = [Path(f"{path}{end}") for end in ends or ("-wal", "-shm")]
    return [log for log in found if log.exists()]


def remove_logs_alone(path: Path) -> None:
    """Delete the logs of a file that is not there, and of which nothing is worth saving.

    Another process that still has that file open goes on with its logs as with the file itself.
    """
    left = logs(path)  # looked at first: whoever makes the file makes its log after it
    if left and not path.exists():
        for log in left:
            with suppress(OSError):  # Windows deletes nothing that is open
                log.unlink()


def remove_log(path: str, log: FileId) -> None:
    """Delete the log that a deleted file has left: SQLite would read it into a new file.

    Parameters
    ----------
    path : str
        The file.
    log : FileId
        The log of the deleted file, which a connection still has open.

    Raises
    ------
    FileTrouble
        Another file has the name already: another process may have read the log into it.
    """
    if log is None or file_id(f"{path}-wal") != log:
        return
    if os.path.exists(path):
        name = os.path.basename(path)
        raise FileTrouble(
            f"The file {path} was replaced while this process used it, and the log of the former "
            "file is still beside it: SQLite would read it into the new one.",
            f"Close the notebooks that use it, move {name}-wal and {name}-shm away, and run the "
            "same line again.",
        )
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink(missing_ok=True)
