"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from crisp_data.errors import BadParameter, FileTrouble

_NO_SPACE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is used up",
    errno.EFBIG: "the file is too large for its disk",
}
# Seconds before a file is renamed once more.
_RETRIES = (0.05, 0.2, 0.5)

# Seconds after which a part of a file is nobody's any more.
_LEFT_BEHIND = 86_400.0


def as_path(path: Any) -> Path:
    """Give a path, with the home folder of ``~`` put in; refuse what is none."""
    if not isinstance(path, str | os.PathLike):
        raise BadParameter(
            f"A {type(path).__name__} is not a path.", "Pass the path first, as text or a Path."
        )
    try:
        whole = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:  # half of a surrogate pair, which no file's name is made of
        whole = False
    if not whole:
        raise BadParameter(
            f"A file cannot have the name {os.fspath(path)!r}.", "Choose a name without that sign."
        )
    # Not Path.expanduser(), which raises where no user has the name behind the sign: "~draft.csv".
    expanded = Path(os.path.expanduser(path))
    if not expanded.is_absolute():
        _check_working_folder()
    return expanded


def _check_working_folder() -> None:
    """Refuse a relative path where the folder that it would begin in is gone."""
    try:
        os.getcwd()
    except FileNotFoundError:
        raise BadParameter(
            "The working folder of this process was deleted or replaced.",
            "Pass a whole path, or change to a folder that exists: os.chdir(...).",
        ) from None


def check_place(path: Path, folder: bool = False) -> None:
    """Refuse a place where no file can be written, or no new folder made."""
    if not path.parent.is_dir():
        raise BadParameter(
            f"There is no folder {path.parent}.",
            "Create it first: path.parent.mkdir(parents=True).",
        )
    # A link is followed, as whole_file() follows it.
    target = Path(os.path.realpath(path))
    if not os.access(target.parent, os.W_OK):
        raise BadParameter(
            f"Nothing can be written to the folder {path.parent}.", "Choose another folder."
        )
    if path.is_dir() and not folder:
        raise BadParameter(f"{path} is a folder.", "Name a file in it.")
    if folder and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise BadParameter(f"{path} exists and is not an empty folder.", "Choose a new folder.")
    if target.exists() and not (target.is_file() or target.is_dir()):
        raise BadParameter(
            f"{path} is a device or a pipe: a new file would take its place.",
            "Write to a file, and pass that on.",
        )
    if target.is_file():
        # A new name that is the old one changes nothing, but Windows refuses it where a
        # spreadsheet, say, has the file open: known now, and not when all has been pulled.
        with _explained(path):
            os.rename(target, target)


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
    temporary = _temporary(target)
    try:
        with _explained(path):
            with temporary.open("xb") as file:
                # (On Windows only the mark "read-only" would be copied, and keep us from renaming.)
                if os.name == "posix" and target.exists():
                    shutil.copymode(target, temporary)
                yield file
                file.flush()
                os.fsync(file.fileno())
            _replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a temporary neighbour of ``path`` to fill, which takes its place once it is complete.

    ``path`` must not exist, or be an empty folder. When the body fails it is what it was.
    """
    temporary, was_there = _temporary(path), path.exists()
    try:
        with _explained(path):
            temporary.mkdir()
            yield temporary
            for file in temporary.iterdir():
                # Open for writing, though nothing is written: Windows syncs no other.
                with file.open("r+b") as written:
                    os.fsync(written.fileno())
            if was_there:
                path.rmdir()
            _replace(temporary, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if was_there:
            path.mkdir(exist_ok=True)
        raise
    _sync_folder(path.parent)


def _temporary(target: Path) -> Path:
    _remove_left_behind(target.parent)
    return target.with_name(f".crisp-data-{secrets.token_hex(8)}.part")


def _remove_left_behind(folder: Path) -> None:
    """Delete what writers that were killed have left: it may hold customers' words."""
    for one in folder.glob(".crisp-data-*.part"):
        with suppress(OSError):  # another may have been first, or have it open
            if time.time() - one.stat().st_mtime < _LEFT_BEHIND:
                continue
            if one.is_dir():
                shutil.rmtree(one, ignore_errors=True)
            else:
                one.unlink()


def _replace(temporary: Path, target: Path) -> None:
    """Rename, and again after a moment: on Windows virus scanners open each file that is new."""
    for seconds in _RETRIES:
        try:
            os.replace(temporary, target)
        except PermissionError:
            time.sleep(seconds)
        else:
            return
    os.replace(temporary, target)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Say what to do where the system does not let a file be written or take its place.

    Windows does not while another program has the old one open, or where it is read-only.
    """
    try:
        yield
    except PermissionError as error:
        raise FileTrouble(
            f"{path} cannot be written or replaced; the old file is unchanged.",
            "If another program, such as a spreadsheet, has it open, close it there and "
            "run the same line again; or choose another file.",
        ) from error
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        raise FileTrouble(
            f"{path} cannot be written: {_NO_SPACE[error.errno]}. What was there is unchanged.",
            "Free some space, there and in the folder of temporary files, and run the same line "
            "again; or choose another place.",
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system lets a folder be synced."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
