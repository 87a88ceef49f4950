"""Folders and files that only their owner may read."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

from crisp_data.local.forks import PerProcess

_creating = PerProcess(threading.Lock)  # no thread may open a file before its maker has closed it


def private_dir(path: str | Path) -> Path:
    """Make a folder that nobody else may look into; one that exists keeps its rights."""
    folder = Path(path)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def make_private(folder: Path) -> bool:
    """Make a folder private that was there before; False where others may still look into it.

    One that holds something already is shared on purpose, or by somebody else: it keeps its rights.
    """
    if os.name != "posix" or not folder.stat().st_mode & 0o077:
        return True
    if any(folder.iterdir()):
        return False
    try:
        folder.chmod(0o700)
    except OSError:  # somebody else's
        return False
    return True


def private_file(path: Path) -> Path:
    """Make a file that nobody else may read, before a library opens it with wider rights.

    One that exists is not touched: closing a file drops every lock that this process holds
    on it, and with them SQLite's own. Two processes then wrote past each other.
    """
    private_dir(path.parent)
    with _creating.get(), suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    return path
