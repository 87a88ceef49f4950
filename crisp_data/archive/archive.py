"""The class `Archive`: a workspace on disk, brought up to date, read as frames."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from tqdm.auto import tqdm

from crisp_data import moments, selection, tables
from crisp_data.archive import forget, reading
from crisp_data.archive.batch import Synced
from crisp_data.archive.coverage import Coverage
from crisp_data.archive.state import StateTable
from crisp_data.archive.storage import Storage
from crisp_data.archive.sync import Sync
from crisp_data.archive.table import MONTH, SYNCED, ArchiveTable
from crisp_data.client import Client
from crisp_data.errors import BadParameter, CrispError, CrispWarning
from crisp_data.plan import SHOWN
from crisp_data.planning import Plans
from crisp_data.protocol.answers import Page

#: Tables beside conversations and messages: small, and written anew by each sync that is
#: asked for them.
SNAPSHOTS = {
    "people": "list_people_profiles",
    "operators": "list_website_operators",
    "inboxes": "list_inboxes",
    "campaigns": "list_campaigns",
}


_UNBOUNDED = 2**62  # a budget that only counts

_CACHE = (
    "The archive was opened without a workspace, so the HTTP cache may still hold answers about "
    "the person: open it with ws.archive(path), or run 'crisp-data cache clear'."
)


class Archive:
    """A workspace's conversations and messages, kept where they cost no request to read.

    Made by :meth:`crisp_data.Workspace.archive`, which can :meth:`sync` it; opened by its
    path alone, it reads. One process writes at a time, any number read.

    Parameters
    ----------
    path : str or Path
        A folder, or an address such as ``s3://bucket/acme``.
    storage_options : dict, optional
        For an object store, as Delta Lake takes them (``AWS_ENDPOINT_URL`` ...); also read
        from the environment.
    tz : str, default "UTC"
        The zone of the frames' times.

    Notes
    -----
    The files hold your customers' words. A local archive is a private folder of your user;
    in an object store, who may read is for you to set.

    Examples
    --------
    >>> archive = ws.archive(folder / "acme")
    >>> archive.sync().conversations
    120
    >>> import crisp_data as crisp
    >>> len(crisp.Archive(folder / "acme").conversations())  # later, without a key
    120
    """

    def __init__(
        self,
        path: str | Path,
        *,
        storage_options: Mapping[str, str] | None = None,
        tz: str = "UTC",
        client: Client | None = None,
        website_id: str = "",
        plans: Plans | None = None,
        progress: bool = False,
    ) -> None:
        self.tz = moments.check_tz(tz)
        self._storage = Storage(path, storage_options)
        self._client, self._website_id = client, website_id
        self._plans, self._progress = plans, progress
        self._kept = {
            name: ArchiveTable(self._storage, name)
            for name in ("conversations", "messages", *SNAPSHOTS)
        }

    def sync(self, since: Any = None, *, deep: bool = False, also: Sequence[str] = ()) -> Synced:
        """Bring the archive up to date; whatever ends a sync, the next one continues it.

        Parameters
        ----------
        since : str, date, datetime or Timestamp, optional
            How far back, by the conversations' last update; without it as far as ever asked
            before, and everything the first time. Threads are kept whole.
        deep : bool, default False
            Read every thread again, for edits and deletions that leave no trace in the
            listing; what Crisp does not have any more is marked, not dropped.
        also : list of {"people", "operators", "inboxes", "campaigns"}
            Small tables to be read anew.

        Returns
        -------
        Synced
            What was new, and what it cost.

        Raises
        ------
        BadParameter
            Before anything is spent.
        ArchiveBusy
            Another process writes; the error says which.
        QuotaExceeded, Offline, RateLimited, ServerError
            What came before is kept; the error's ``partial`` is what the sync did.

        Warns
        -----
        CrispWarning
            Where rows may be missing.

        Notes
        -----
        Spends a request for every 50 conversations that changed, and one for every batch of
        messages that is new: one request in all where nothing changed.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> first = archive.sync()
        >>> archive.sync().requests
        1
        """
        client = self._live()
        for name in also:
            selection.check_word("also", name, tuple(SNAPSHOTS))
        now = datetime.fromtimestamp(client.now(), UTC)
        start, _ = moments.window(since, None, tz=self.tz, now=now)
        state_table = StateTable(self._storage)
        with state_table.held(self._website_id):
            both = self._kept["conversations"], self._kept["messages"]
            run = Sync(client, state_table, *both, deep, self._show_plan)
            start_ms = None if start is None else round(start.timestamp() * 1000)
            with client.quota.budgets.open(_UNBOUNDED) as spent:
                try:
                    self._finish(run.run(start_ms))
                    for name in also:
                        self._kept[name].replace(self._pulled(name))
                except CrispError as error:
                    error.partial = run.done
                    raise
                finally:
                    run.done.requests = spent.used
                    self._tidy()
        run.warn()
        return run.done

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
        tz: str | None = None,
    ) -> pd.DataFrame:
        """Read conversations, most recently updated first; spends nothing.

        Parameters
        ----------
        since, until, state, segment, assigned, inbox, limit, tz
            As in :meth:`crisp_data.Workspace.conversations`.
        columns : list of str, optional
            Only these; the others are not read from the disk.
        deleted : bool, default False
            Also those that a deep sync found gone, with a column ``deleted_at``.

        Returns
        -------
        DataFrame
            Columns and dtypes as from the workspace.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync()
        >>> archive.conversations().equals(ws.conversations())
        True
        """
        tz = moments.check_tz(tz or self.tz)
        start, end = moments.window(since, until, tz=tz, now=self._moment())
        wanted = selection.Wanted(start, end, state, segment, assigned, inbox)
        selection.check_count("limit", limit)
        kept = self._readable("conversations")
        names = reading.check_columns(kept, columns)
        frame = reading.conversations(kept, wanted, names, tz, deleted)
        return frame if limit is None else frame.head(limit)

    def messages(
        self,
        conversations: Any = None,
        since: Any = None,
        until: Any = None,
        *,
        columns: Sequence[str] | None = None,
        deleted: bool = False,
        tz: str | None = None,
    ) -> pd.DataFrame:
        """Read messages thread by thread, each oldest message first; spends nothing.

        Parameters
        ----------
        conversations : DataFrame, Series, list of str, or str, optional
            Whose threads, in the order given; without it all, most recently updated first.
        since, until : optional
            Only messages written in this period.
        columns, deleted, tz
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
        tz = moments.check_tz(tz or self.tz)
        start, end = moments.window(since, until, tz=tz, now=self._moment())
        kept = self._readable("messages")
        names = reading.check_columns(kept, columns)
        asked = None if conversations is None else selection.session_ids(conversations)
        order = self._order(conversations, asked, deleted)
        return reading.messages(kept, order, start, end, names, tz, deleted)

    def _order(self, given: Any, asked: list[str] | None, deleted: bool) -> reading.Order:
        """Say whose threads are read, in which order, and the months that hold them."""
        kept = self._kept["conversations"]
        if asked is None:
            names = ["session_id", "updated_at"]
            rows = reading.newest_first(kept.read(names, None if deleted else kept.there))
            return reading.Order(rows["session_id"])
        ids = pa.array(asked, pa.large_string())
        if (
            isinstance(given, pd.DataFrame)
            and "created_at" in given
            and given["created_at"].notna().all()
        ):
            months = set(given["created_at"].dt.tz_convert("UTC").dt.strftime("%Y-%m"))
        else:
            months = set(kept.read([MONTH], pc.field("session_id").isin(ids))[MONTH].to_pylist())
        return reading.Order(pa.chunked_array([ids]), pa.array(sorted(months), pa.string()))

    def people(self, *, tz: str | None = None) -> pd.DataFrame:
        """Read the profiles that ``sync(also=["people"])`` kept.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync(also=["people"])
        >>> len(archive.people()) == len(ws.people())
        True
        """
        return self._snapshot("people", tz)

    def operators(self, *, tz: str | None = None) -> pd.DataFrame:
        """Read the operators that ``sync(also=["operators"])`` kept.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync(also=["operators"])
        >>> len(archive.operators()) == len(ws.operators())
        True
        """
        return self._snapshot("operators", tz)

    def inboxes(self, *, tz: str | None = None) -> pd.DataFrame:
        """Read the inboxes that ``sync(also=["inboxes"])`` kept.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync(also=["inboxes"])
        >>> len(archive.inboxes()) == len(ws.inboxes())
        True
        """
        return self._snapshot("inboxes", tz)

    def campaigns(self, *, tz: str | None = None) -> pd.DataFrame:
        """Read the campaigns that ``sync(also=["campaigns"])`` kept.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync(also=["campaigns"])
        >>> len(archive.campaigns()) == len(ws.campaigns())
        True
        """
        return self._snapshot("campaigns", tz)

    def info(self) -> pd.DataFrame:
        """Say how far the archive is complete, table by table; spends nothing.

        Returns
        -------
        DataFrame
            One row for each table: ``table``, ``rows``, ``complete_from`` and
            ``complete_to`` (times; conversations and their threads by last update; missing
            where nothing is complete, and at the beginning where everything is), ``gaps``
            (spans further back that an interrupted sync left open), ``files``.

        Examples
        --------
        >>> archive = ws.archive(folder / "recent")
        >>> _ = archive.sync(since="30 days ago")
        >>> archive.info()[["table", "complete_from", "gaps"]]
                   table             complete_from  gaps
        0  conversations 2026-10-03 09:00:00+00:00     0
        1       messages 2026-10-03 09:00:00+00:00     0
        """
        state = StateTable(self._storage).load()
        rows = []
        for name, kept in self._kept.items():
            delta = kept.delta()
            if delta is None:
                continue
            covered = state.covered if state and kept.threaded else Coverage()
            low, high = covered.newest or (None, None)
            if not kept.threaded:
                synced = kept.read([SYNCED])[SYNCED]
                low = high = pc.max(synced.cast(pa.timestamp("ms", "UTC")).cast(pa.int64())).as_py()
            gaps = len(covered.spans) - 1 if covered.spans else 0
            rows.append((name, delta.count(), low, high, gaps, len(delta.file_uris())))
        columns = ["table", "rows", "complete_from", "complete_to", "gaps", "files"]
        frame = pd.DataFrame(rows, columns=columns).astype({"table": "str"})
        for column in ("complete_from", "complete_to"):
            times = pd.to_datetime(frame[column], unit="ms", utc=True)
            frame[column] = times.dt.as_unit("ms").dt.tz_convert(self.tz)
        return frame

    def forget(self, *, email: str | None = None, session_id: str | None = None) -> dict[str, int]:
        """Remove a person for good: from all tables, their older versions, and the HTTP cache.

        Parameters
        ----------
        email : str, optional
            Every conversation and profile of this address, whatever its case; where it
            stands in somebody else's row it becomes ``[forgotten]``.
        session_id : str, optional
            One conversation.

        Returns
        -------
        dict
            Rows removed or mended by table.

        Raises
        ------
        BadParameter
            Neither or both were given.
        ArchiveBusy
            Another process writes.

        Warns
        -----
        CrispWarning
            Where the archive was opened without a workspace, whose HTTP cache is unknown then.

        Notes
        -----
        Spends nothing, and changes nothing at Crisp: remove the person there first, or what
        they write next is archived again. Names in other people's words are not known to
        be theirs. Copies outside of the archive (exports, backups, former versions that an
        object store keeps of its own) are yours to remove.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> _ = archive.sync()
        >>> email = archive.conversations()["email"].dropna().iloc[0]
        >>> archive.forget(email=email)["conversations"] >= 1
        True
        >>> email in set(archive.conversations()["email"])
        False
        """
        if (email is None) == (session_id is None) or email == "" or session_id == "":
            raise BadParameter("forget() takes an e-mail or a session_id, one of the two.")
        state_table = StateTable(self._storage)
        state = state_table.load()
        if state is None:
            raise BadParameter("There is no archive here.", "Make one with sync().")
        with state_table.held(state.website_id):
            removed = forget.forget(self._kept, email, session_id)
        if self._client is not None:
            self._client.purge_cache()
        else:
            warnings.warn(_CACHE, CrispWarning, stacklevel=2)
        return removed

    def _snapshot(self, name: str, tz: str | None) -> pd.DataFrame:
        kept = self._readable(name)
        return reading.snapshot(
            kept, reading.check_columns(kept, None), moments.check_tz(tz or self.tz)
        )

    def _pulled(self, name: str) -> pa.Table:
        """Pull a small table whole."""
        client = self._live()
        builder = tables.Builder(name)
        pages = client.pages(SNAPSHOTS[name], website_id=self._website_id, keep=False)
        for page in pages:
            builder.add(page.body, website_id=self._website_id)
        if pages.doubt:
            warnings.warn(pages.doubt, CrispWarning, stacklevel=4)
        return self._kept[name].owned(builder.arrow(), round(client.now() * 1000))

    def _finish(self, steps: Iterator[int]) -> None:
        """Run to the end, with a bar on whatever takes longer than a second."""
        with tqdm(unit=" conversations", delay=1, leave=False, disable=not self._progress) as bar:
            for count in steps:
                bar.update(count)
                self._tidy()

    def _tidy(self) -> None:
        for kept in self._kept.values():
            kept.tidy()

    def _show_plan(self, first: Page, low: int, high: int | None, due: int) -> None:
        """Say what a long sync is going to cost before it goes on.

        Where no plan can be made the sync goes on without: it meets the same trouble, and
        keeps what came before it.
        """
        if self._plans is None:
            return
        with suppress(CrispError):
            plan = self._plans.before_sync(first, low, high, due)
            if plan is not None and plan.requests > SHOWN:
                tqdm.write("\n".join(plan.lines), file=sys.stderr)

    def _live(self) -> Client:
        if self._client is None:
            raise CrispError(
                "This archive was opened without a workspace and can only be read.",
                "Open it with ws.archive(path) to bring it up to date.",
            )
        return self._client

    def _readable(self, name: str) -> ArchiveTable:
        """Find a table; one that was never kept is not an empty one."""
        kept = self._kept[name]
        if kept.delta() is None:
            if StateTable(self._storage).load() is None:
                raise BadParameter(
                    f"There is no archive at {self._storage.root}.",
                    "Check the path; ws.archive(path).sync() makes one.",
                )
            if not kept.threaded:
                raise BadParameter(
                    f"The archive holds no {name}.", f"archive.sync(also=[{name!r}]) brings them."
                )
        return kept

    def _moment(self) -> datetime:
        return (
            datetime.fromtimestamp(self._client.now(), UTC) if self._client else datetime.now(UTC)
        )

    def __repr__(self) -> str:
        return f"<Archive {self._storage.root}>"
