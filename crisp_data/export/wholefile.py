"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from crisp_data.errors import BadParameter


def as_path(path: Any) -> Path:
    """Give a path, with the home folder of ``~`` put in; refuse what is none."""
    if not isinstance(path, str | os.PathLike):
        raise BadParameter(
            f"A {type(path).__name__} is no path.", "The path comes first, as a text or a Path."
        )
    return Path(path).expanduser()


def check_place(path: Path, folder: bool = False) -> None:
    """Refuse a place where no file can be written, or no new folder made."""
    if not path.parent.is_dir():
        raise BadParameter(
            f"There is no folder {path.parent}.", "Make it first: path.parent.mkdir(parents=True)."
        )
    # A link is followed, as whole_file() follows it.
    if not os.access(Path(os.path.realpath(path)).parent, os.W_OK):
        raise BadParameter(
            f"Nothing can be written to the folder {path.parent}.", "Name another one."
        )
    if path.is_dir() and not folder:
        raise BadParameter(f"{path} is a folder.", "Name a file in it.")
    if folder and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BadParameter(f"{path} exists and is no empty folder.", "Name a new one.")


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a temporary neighbour of ``path`` that takes its place once it is complete.

    The bytes are on the disk before the name points to them. When the body fails, or the
    machine does, ``path`` is what it was: absent, or the old file. Permissions are those
    that ``open()`` would give, and those of the old file where there is one, so a file
    that its owner made private stays private.
    """
    # A link keeps pointing: what it points to is replaced, as open() would do.
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".crisp-data-{secrets.token_hex(8)}.part")
    try:
        with temporary.open("xb") as file:
            if target.exists():
                shutil.copymode(target, temporary)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary neighbour of ``path`` to fill, which takes its place once it is complete.

    ``path`` must not exist, or be an empty folder. When the body fails it is what it was.
    """
    temporary = path.with_name(f".crisp-data-{secrets.token_hex(8)}.part")
    try:
        temporary.mkdir()
        yield temporary
        for file in temporary.iterdir():
            with file.open("rb") as written:
                os.fsync(written.fileno())
        if path.exists():
            path.rmdir()
        os.replace(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system lets a folder be synced."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
