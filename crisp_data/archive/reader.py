"""The class `Reader`: an archive as frames, for whoever has its path and no key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd
import pyarrow.compute as pc

from crisp_data import arguments, dates, filters
from crisp_data.archive import coverage, rows_to_frames
from crisp_data.archive.consistency import check, check_files
from crisp_data.archive.coverage import Coverage
from crisp_data.archive.state import State, StateTable
from crisp_data.archive.storage import Storage
from crisp_data.archive.table import SYNCED, THREADED, ArchiveTable, milliseconds
from crisp_data.errors import BadParameter
from crisp_data.local import fork_pickling

#: Tables beside conversations and messages: small, and written anew by each sync that is
#: asked for them.
SNAPSHOTS = {
    "people": "list_people_profiles",
    "operators": "list_website_operators",
    "inboxes": "list_inboxes",
    "campaigns": "list_campaigns",
}


class Reader:
    """What an :class:`Archive` can do without a workspace; it spends nothing and writes nothing.

    Parameters
    ----------
    path : str or Path
        A folder, or an address such as ``s3://bucket/acme``.
    storage_options : Mapping[str, str], optional
        For an object store, as Delta Lake takes them.
    tz : str or tzinfo, default "UTC"
        The zone of the frames' times.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        storage_options: Mapping[str, str] | None = None,
        tz: str | tzinfo = "UTC",
    ) -> None:
        self.tz = dates.check_tz(tz)
        self._storage = Storage(path, storage_options)
        self._tables = {name: ArchiveTable(self._storage, name) for name in (*THREADED, *SNAPSHOTS)}
        fork_pickling.register(self)

    def conversations(
        self,
        since: Any = None,
        until: Any = None,
        *,
        state: str | None = None,
        segment: str | None = None,
        assigned: str | bool | None = None,
        inbox: str | None = None,
        limit: int | None = None,
        columns: Sequence[str] | None = None,
        deleted: bool = False,
        tz: str | tzinfo | None = None,
    ) -> pd.DataFrame:
        """Read conversations, most recently updated first; spends nothing.

        A warning tells where syncs have not read all of the period; without ``since`` it is all
        that they were asked for.

        Parameters
        ----------
        since : object, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        until : object, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        state : str, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        segment : str, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        assigned : str or bool, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        inbox : str, optional
            As in :meth:`crisp_data.Workspace.conversations`, but not "agent": no row says
            whether the automation holds it.
        limit : int, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        columns : list of str, optional
            Only these; the others are not read from the disk.
        deleted : bool, default False
            Also those that a deep sync found gone, with a column ``deleted_at``.
        tz : str or tzinfo, optional
            As in :meth:`crisp_data.Workspace.conversations`.

        Returns
        -------
        DataFrame
            Columns and dtypes as from the workspace.

        Raises
        ------
        BadParameter
            An argument is out of range; or there is no archive.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync()
        >>> archive.conversations().equals(ws.conversations())
        True
        """
        zone = self._zone(tz)
        start, end = dates.window(since, until, tz=zone, now=self._moment())
        wanted = filters.ConversationFilter(start, end, state, segment, assigned, inbox)
        if inbox == "agent":
            raise BadParameter(
                "An archive does not know which conversations the automation holds.",
                "ws.conversations(inbox='agent') asks Crisp.",
            )
        limit = arguments.check_count("limit", limit)
        table, known = self._readable("conversations")
        self._warn_of_gaps(known, start, end, zone)
        frame = rows_to_frames.conversations(table, wanted, columns, zone, deleted)
        return frame if limit is None else frame.head(limit)

    def messages(
        self,
        conversations: Any = None,
        since: Any = None,
        until: Any = None,
        *,
        columns: Sequence[str] | None = None,
        deleted: bool = False,
        tz: str | tzinfo | None = None,
    ) -> pd.DataFrame:
        """Read messages thread by thread, each oldest message first; spends nothing.

        A warning tells where messages may be missing: as in :meth:`conversations`, and where the
        archive does not have a conversation that is asked for.

        Parameters
        ----------
        conversations : DataFrame, Series, list of str, or str, optional
            Whose threads, in the order given; without it all, most recently updated first.
        since : optional
            Only messages written since then.
        until : optional
            Only messages written until then.
        columns : Sequence[str], optional
            As in :meth:`conversations`.
        deleted : bool, default False
            As in :meth:`conversations`.
        tz : str or tzinfo, optional
            As in :meth:`conversations`.

        Returns
        -------
        DataFrame
            Columns and dtypes as from the workspace.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync()
        >>> vip = archive.conversations(segment="vip")
        >>> len(archive.messages(vip, columns=["timestamp", "from"])) > 0
        True
        """
        zone = self._zone(tz)
        start, end = dates.window(since, until, tz=zone, now=self._moment())
        asked = None if conversations is None else arguments.session_ids(conversations)
        _, known = self._readable("messages")
        if asked is None or start is not None:
            # Whatever ``until``: who wrote before it may have written again since.
            self._warn_of_gaps(known, start, None, zone)
        return rows_to_frames.messages(self._tables, asked, start, end, columns, zone, deleted)

    def people(self, *, tz: str | tzinfo | None = None) -> pd.DataFrame:
        """Read the profiles that ``sync(also=["people"])`` archived.

        Parameters
        ----------
        tz : str or tzinfo, optional
            The zone of the times; the archive's by default.

        Returns
        -------
        pandas.DataFrame
            Columns and dtypes as from the workspace; no rows where none were synced.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync(also=["people"])
        >>> len(archive.people()) == len(ws.people())
        True
        """
        return self._snapshot("people", tz)

    def operators(self, *, tz: str | tzinfo | None = None) -> pd.DataFrame:
        """Read the operators that ``sync(also=["operators"])`` archived.

        Parameters
        ----------
        tz : str or tzinfo, optional
            The zone of the times; the archive's by default.

        Returns
        -------
        pandas.DataFrame
            Columns and dtypes as from the workspace; no rows where none were synced.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync(also=["operators"])
        >>> len(archive.operators()) == len(ws.operators())
        True
        """
        return self._snapshot("operators", tz)

    def inboxes(self, *, tz: str | tzinfo | None = None) -> pd.DataFrame:
        """Read the inboxes that ``sync(also=["inboxes"])`` archived.

        Parameters
        ----------
        tz : str or tzinfo, optional
            The zone of the times; the archive's by default.

        Returns
        -------
        pandas.DataFrame
            Columns and dtypes as from the workspace; no rows where none were synced.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync(also=["inboxes"])
        >>> len(archive.inboxes()) == len(ws.inboxes())
        True
        """
        return self._snapshot("inboxes", tz)

    def campaigns(self, *, tz: str | tzinfo | None = None) -> pd.DataFrame:
        """Read the campaigns that ``sync(also=["campaigns"])`` archived.

        Parameters
        ----------
        tz : str or tzinfo, optional
            The zone of the times; the archive's by default.

        Returns
        -------
        pandas.DataFrame
            Columns and dtypes as from the workspace; no rows where none were synced.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync(also=["campaigns"])
        >>> len(archive.campaigns()) == len(ws.campaigns())
        True
        """
        return self._snapshot("campaigns", tz)

    @property
    def now(self) -> pd.Timestamp:
        """The moment of the last whole sync, in the zone of the archive; spends nothing.

        What it holds is the workspace as of then. Before a first sync has come to its end, the
        latest update that was read.

        Raises
        ------
        BadParameter
            There is no archive, or it holds nothing yet.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync()
        >>> archive.conversations()["updated_at"].max() < archive.now <= ws.now
        True
        """
        state = self._checked()
        newest = state.covered.newest if state else None
        known = [state.synced_at if state else None, newest and newest[1]]
        times = [at for at in known if at is not None]
        if not times:
            raise BadParameter(
                f"There is no archive at {self._storage.root}, or nothing in it yet.",
                "Check the path; ws.archive(path).sync() makes one.",
            )
        return pd.Timestamp(max(times), unit="ms", tz="UTC").tz_convert(self.tz)

    def info(self) -> pd.DataFrame:
        """Say how far the archive is complete, table by table; spends nothing.

        Returns
        -------
        DataFrame
            One row for each table: ``table``, ``rows``, ``complete_from`` and
            ``complete_to`` (times; conversations and their threads by last update; missing
            where nothing is complete, and at the beginning where everything is), ``gaps``
            (spans further back that an interrupted sync left open), ``files``.

        Raises
        ------
        FileTrouble
            A table is missing, is another one, or is older than the rest; or a file of one, on
            the disk, is missing or has not the size that it was written with.

        Notes
        -----
        The files are not read for it: one that was changed without changing its size is told by
        what reads its rows, as far as Parquet can tell.

        Examples
        --------
        >>> archive = ws.archive(folder / "recent")
        >>> _ = archive.sync(since="30 days ago")
        >>> archive.info()[["table", "complete_from", "gaps"]]
                   table             complete_from  gaps
        0  conversations 2026-10-03 09:00:00+00:00     0
        1       messages 2026-10-03 09:00:00+00:00     0
        """
        state = self._checked()
        check_files(self._tables.values(), self._storage.root)
        rows = []
        for name, table in self._tables.items():
            delta = table.delta()
            if delta is None:
                continue
            covered = state.covered if state and table.threaded else Coverage()
            low, high = covered.newest or (None, None)
            if not table.threaded:
                low = high = pc.max(milliseconds(table.read([SYNCED])[SYNCED])).as_py()
            gaps = len(covered.spans) - 1 if covered.spans else 0
            rows.append((name, delta.count(), low, high, gaps, len(delta.file_uris())))
        columns = ["table", "rows", "complete_from", "complete_to", "gaps", "files"]
        frame = pd.DataFrame(rows, columns=columns).astype({"table": "str"})
        for column in ("complete_from", "complete_to"):
            times = pd.to_datetime(frame[column], unit="ms", utc=True)
            frame[column] = times.dt.as_unit("ms").dt.tz_convert(self.tz)
        return frame

    def _zone(self, tz: str | tzinfo | None) -> str:
        return self.tz if tz is None else dates.check_tz(tz)

    def _snapshot(self, name: str, tz: str | tzinfo | None) -> pd.DataFrame:
        zone = self._zone(tz)
        return rows_to_frames.whole(self._readable(name)[0], zone)

    def _readable(self, name: str) -> tuple[ArchiveTable, State]:
        """Find a table, and the state; one that was never synced is not an empty one."""
        table, state = self._tables[name], self._checked()
        if state is None:
            raise BadParameter(
                f"There is no archive at {self._storage.root}.",
                "Check the path; ws.archive(path).sync() makes one.",
            )
        if table.reopen() is None and not table.threaded:
            raise BadParameter(
                f"The archive does not hold {name}.", f"archive.sync(also=[{name!r}]) brings them."
            )
        return table, state

    def _warn_of_gaps(
        self, state: State, start: pd.Timestamp | None, end: pd.Timestamp | None, tz: str
    ) -> None:
        delta = self._tables["conversations"].delta()
        read = state.read(0 if delta is None else delta.count())
        coverage.warn_of_gaps(read, state.since, start, end, tz)

    def _checked(self) -> State | None:
        """Read the state, and see that the tables are those of which it speaks."""
        state = StateTable(self._storage).load()
        if state is None and self._tables["conversations"].reopen() is not None:
            state = StateTable(self._storage).load()  # a first sync may have begun in between
        check(state, self._tables, self._storage.root)
        return state

    def _moment(self) -> datetime:
        return datetime.now(UTC)

    def __repr__(self) -> str:
        return f"<Archive {self._storage.root}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("An archive cannot be pickled: open it by its path where you need it.")
