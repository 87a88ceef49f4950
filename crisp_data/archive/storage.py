"""Where an archive lives: a folder of this machine, or an object store."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from crisp_data.archive import table_features
from crisp_data.errors import BadParameter, FileTrouble, ForkedProcess, warn
from crisp_data.local.atomic_file import as_path
from crisp_data.local.private import make_private, private_dir

#: What every table of an archive is set to: old versions go with the next checkpoint, and
#: files that no version needs any more a day later, for whoever still reads them.
SETTINGS = {
    "delta.checkpointInterval": "20",
    "delta.logRetentionDuration": "interval 0 days",
    "delta.deletedFileRetentionDuration": "interval 1 days",
}
# Delta stores the smallest and the largest value of columns in its log, where a person's
# e-mail would outlive the person's rows. Times are what reading by date needs.
_TIMES = ("timestamp", "created_at", "updated_at", "synced_at")

_TROUBLE = (OSError, DeltaError, pa.ArrowException, UnicodeDecodeError)
# What the libraries' words are known to mean; "magic bytes not found" before "not found".
_KNOWN = {
    "no space left": "no space left",
    "permission denied": "permission denied",
    "read-only": "read-only",
    "magic bytes": "a file is damaged",
    "codec can't decode": "a file is damaged",
    "not found": "not found",
    "disk quota": "disk quota",
}
# Some of Delta Lake's parts take a local path as it is, others decode or refuse these: a table at
# "a%20b" would be written there and read at "a b". (On Windows the backslash is a separator.)
_MISREAD = re.compile(
    r"%[0-9A-Fa-f]{2}|[\[\]|^\x00-\x1f\x7f\ud800-\udfff]" + ("" if os.sep == "\\" else r"|\\")
)
# An address is read as a URL: what follows ? or # is no part of its path, and "a/../b" is "b".
_MISREAD_IN_URL = re.compile(r"%[0-9A-Fa-f]{2}|[\[\]|^\\?#\x00-\x1f\x7f\ud800-\udfff]")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://[^/]+(/(?!\.{0,2}(/|$))[^/]+)*", re.ASCII)
_PATH_OF_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[/\\]")  # two letters: "C:" is a drive
#: The table of the archive's own state, which is made before any other.
STATE = "sync"
#: What to do where an archive is not whole.
WAY_ON = (
    "Restore the whole folder from one copy, or let sync() create a new archive in a new folder."
)
_COMMITTED = (
    "What was committed before is stored, and a sync continues from there: run the same "
    "line again when the problem is fixed."
)
_DAMAGED = (
    "If a file of it was removed or damaged, restore the folder from a copy, or let "
    "sync() create a new archive in a new folder."
)


def purge_history(table: DeltaTable) -> None:
    """Leave nothing but the newest version: no old file, no orphan of a kill, no old log."""
    table.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False, full=True)
    table.create_checkpoint()
    table.cleanup_metadata()


_FORKED = "The parent of this process had used Delta Lake when it forked it."
_used_in: set[int] = set()  # the processes, this one and its parents, that used deltalake


def _check_process() -> None:
    """Refuse a forked child whose parent has used deltalake: its runtime has lost its threads.

    It cannot be begun anew, and ends the process or never comes back.
    """
    _used_in.add(os.getpid())
    if len(_used_in) > 1:
        _used_in.discard(os.getpid())
        raise ForkedProcess(_FORKED)


class Storage:
    """The root of an archive, and how to get there.

    >>> Storage(str(folder / "acme")).open("conversations") is None
    True
    """

    def __init__(self, path: str | Path, options: Mapping[str, str] | None = None) -> None:
        if not isinstance(path, str | os.PathLike) or not str(path).strip():
            raise BadParameter(
                "An archive needs a path.",
                'Pass a folder, or an address such as "s3://bucket/acme".',
            )
        text = str(path)
        if isinstance(path, os.PathLike) and _PATH_OF_ADDRESS.match(text):
            raise BadParameter(
                "A Path cannot hold an address: it makes one slash of the two.",
                'Pass the address as text, such as "s3://bucket/acme".',
            )
        if text.strip().lower().startswith("file://"):
            text = url2pathname(urlsplit(text.strip()).path)
        self.remote = "://" in text
        self.root = text.strip().rstrip("/") if self.remote else str(as_path(text).absolute())
        if misread := (_MISREAD_IN_URL if self.remote else _MISREAD).search(self.root):
            signs = "[ ] | ^ ? # or backslash" if self.remote else "[ ] | ^ or backslash"
            raise BadParameter(
                f"The path of an archive cannot hold {misread[0]!r}: Delta Lake misreads it.",
                f"Choose or rename the folder: no %20 and the like, no {signs} in it.",
            )
        if self.remote and not _ADDRESS.fullmatch(self.root):
            raise BadParameter(
                "That is not the address of an archive.",
                'Name a bucket and the folders in it, such as "s3://bucket/acme", without . or .. '
                "or an empty name between two slashes.",
            )
        if options is not None and not isinstance(options, Mapping):
            raise BadParameter(
                f"storage_options must be a dict, not a {type(options).__name__}.",
                "Write them as Delta Lake takes them: {'AWS_REGION': 'eu-west-1'}.",
            )
        self.options = dict(options or {})

    def open(self, name: str) -> DeltaTable | None:
        """Open a table; None where it was never written.

        Raises
        ------
        FileTrouble
            A commit in its log is an empty file, or the table has a feature that is not known here.
        """
        _check_process()
        if not self.remote:
            self._check_log(name)
        for attempt in (1, 2):
            try:
                table = DeltaTable(self._uri(name), storage_options=self.options)
            except TableNotFoundError:
                return None
            except Exception as error:
                self._refuse(name, "read", table_features.named_in(error))
                # The log may be compacted while it is read: what was listed is gone when it is
                # fetched. Once more, from the checkpoint that took its place.
                if attempt == 2:
                    raise
            else:
                self._refuse(name, "read", table_features.unreadable(table))
                return table
        raise AssertionError("the last attempt either returns or raises")

    def check_writable(self, name: str, table: DeltaTable | None) -> None:
        """Refuse a table that another program made one which cannot be written here."""
        if table is not None:
            self._refuse(name, "written", table_features.unwritable(table))

    def _refuse(self, name: str, done: str, features: list[str]) -> None:
        if features:
            raise FileTrouble(
                f"The archive at {self.root} cannot be {done}: another program has switched on "
                f"features of Delta Lake in its table {name} that are not supported here: "
                f"{', '.join(features)}.",
                "The archive is not damaged. Switch them off in that program (ALTER TABLE ... DROP "
                "FEATURE), restore the whole folder from one copy, or let sync() create a new "
                "archive in a new folder.",
            ) from None

    def _check_log(self, name: str) -> None:
        """Refuse a log with an empty file, as a disk may leave one that lost its power.

        To Delta it is a commit that did nothing: what was written with it would be missing, and
        nothing would say so. No writer makes one, for a commit gets its name when it is whole.
        """
        for commit in Path(self.root, name, "_delta_log").glob("*.json"):
            with suppress(FileNotFoundError):  # the log was compacted meanwhile
                if commit.stat().st_size == 0:
                    what = f"The archive at {self.root} is not whole: a commit of its table {name}"
                    raise FileTrouble(f"{what} is empty.", WAY_ON)

    def create(self, name: str, schema: pa.Schema, by: str | None = None) -> DeltaTable:
        """Make a table; a local archive in a folder that nobody else may look into.

        Parameters
        ----------
        name : str
            The table's name.
        schema : pyarrow.Schema
            Its columns.
        by : str, optional
            Name of the column that partitions it.

        Returns
        -------
        DeltaTable
            The new table, empty.

        Raises
        ------
        BadParameter
            The local folder cannot be made, or is within a table.
        """
        _check_process()
        if not self.remote:
            if name == STATE:
                self._check_outside_of_tables()
            try:
                private_dir(self.root)
            except OSError as error:
                raise BadParameter(
                    f"No archive can be created at {self.root}: {error.strerror}.",
                    "Choose a folder that is new, or is an archive.",
                ) from None
            if name == STATE and not make_private(Path(self.root)):
                warn(
                    f"The folder {self.root} was there before the archive, and other users of this "
                    "machine may read it: your customers' words are in it now. Make it private: "
                    "chmod 700."
                )
        settings = dict(SETTINGS)
        if times := [name for name in _TIMES if name in schema.names]:
            settings["delta.dataSkippingStatsColumns"] = ",".join(times)
        return DeltaTable.create(
            self._uri(name),
            schema,
            partition_by=by,
            configuration=settings,
            storage_options=self.options,
        )

    def _check_outside_of_tables(self) -> None:
        """Refuse a new archive within a table: whoever tidies that up deletes what is in it."""
        root = Path(self.root)
        if any((folder / "_delta_log").is_dir() for folder in (root, *root.parents)):
            raise BadParameter(
                f"No archive can be created at {self.root}: this folder is part of a table, "
                "perhaps of another archive.",
                "Choose a folder outside of it.",
            )

    def reading(self) -> AbstractContextManager[None]:
        """Turn what goes wrong with the files into an error that says what to do."""
        return self._translated("read", _DAMAGED)

    def writing(self) -> AbstractContextManager[None]:
        """Likewise, where they are written."""
        return self._translated("written", _COMMITTED)

    @contextmanager
    def _translated(self, done: str, hint: str) -> Iterator[None]:
        _check_process()
        try:
            yield
        except _TROUBLE as error:
            # Not in the library's words, which may quote a cell, nor with them in the traceback:
            # only what they are known to mean.
            words = str(error).lower()
            meant = (meaning for sign, meaning in _KNOWN.items() if sign in words)
            why = next(meant, type(error).__name__)
            what = f"The archive at {self.root} cannot be {done}: {why}."
            raise FileTrouble(what, hint) from None
        except BaseException as error:
            if "Forked process detected" not in str(error):
                raise
            # The library's own word, which ends a process, where the parent used it without us.
            raise ForkedProcess(_FORKED) from None

    def _uri(self, name: str) -> str:
        return f"{self.root}/{name}"

    def __repr__(self) -> str:
        return f"<Storage {self.root}>"
