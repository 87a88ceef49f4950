"""What is said where the cache's file cannot be used, and the way on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from crisp_data.errors import FileTrouble
from crisp_data.local.sqlite_file import trouble

_OTHER_FOLDER = "choose another folder with connect(cache_dir=...) or CRISP_CACHE_DIR"
HELD = (
    "The cache file is locked by another program, and is no longer waited for. Until it is free, "
    f"cached answers are requested again and cost again. Close that program, or {_OTHER_FOLDER}."
)
STALE = (
    "The cache could not be written: it still holds answers from before a write. This connection "
    "reads nothing from it until they are deleted, so cached answers cost again. Another is given "
    "them where not even that could be noted. 'crisp-data cache clear' deletes them."
)
NOT_STORED = (
    "An answer could not be cached, for example because the disk is full. Requesting it "
    "again costs again. connect(cache_dir=...) or CRISP_CACHE_DIR sets another folder."
)


def file_trouble(error: sqlite3.Error, path: Path) -> FileTrouble:
    """Make the error that says what is wrong with the cache's file, and the way on."""
    what = trouble(error, path)
    if what == "damaged":
        return damaged()
    if what == "held":
        return held()
    full = ": the disk is full" if what == "full" else ""
    return FileTrouble(
        f"The cache file cannot be used{full}.",
        f"Use no cache: connect(cache=False), or {_OTHER_FOLDER}.",
    )


def held() -> FileTrouble:
    """Make the error for a file that another program holds."""
    return FileTrouble(
        "The cache file is locked by another program.",
        f"Close that program and run the same line again, or {_OTHER_FOLDER}.",
    )


def damaged() -> FileTrouble:
    """Make the error for a file that is damaged."""
    return FileTrouble(
        "The cache file is damaged.",
        "'crisp-data cache clear' deletes it; only cached answers are then requested again.",
    )
