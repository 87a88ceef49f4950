"""The class `Archive`: a workspace on disk, brought up to date; read by `Reader`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

import pyarrow as pa

from crisp_data import arguments, dates, tables
from crisp_data.archive import forget
from crisp_data.archive.address import Address
from crisp_data.archive.consistency import check, check_files
from crisp_data.archive.page_writer import Synced
from crisp_data.archive.reader import SNAPSHOTS, Reader
from crisp_data.archive.state import Forgetting, StateTable
from crisp_data.archive.sync import Sync
from crisp_data.archive.table import THREADED
from crisp_data.errors import BadParameter, CrispError, warn
from crisp_data.local import progress_bar
from crisp_data.quota.estimate import SHOWN
from crisp_data.rest.client import Client
from crisp_data.rest.pull_checks import PullChecks, SyncPass

_CACHE = (
    "The archive was opened without a workspace, so the HTTP cache may still hold answers about "
    "the person: open it with ws.archive(path), or run 'crisp-data cache clear'."
)


class Archive(Reader):
    """A workspace's conversations and messages, archived where they cost no request to read.

    Made by :meth:`crisp_data.Workspace.archive`, which can :meth:`sync` it; opened by its
    path alone, it reads. One process writes at a time, any number read.

    Parameters
    ----------
    path : str or Path
        A folder, or an address such as ``s3://bucket/acme``.
    storage_options : dict, optional
        For an object store, as Delta Lake takes them (``AWS_ENDPOINT_URL`` ...); also read
        from the environment.
    tz : str or tzinfo, default "UTC"
        The zone of the frames' times.
    client : Client, optional
        For :meth:`sync`; without it the archive only reads.
    website_id : str, optional
        The website that ``client`` reads.
    checks : PullChecks, optional
        Estimates what a sync will cost, and refuses what the day cannot pay for.
    progress : bool, default False
        Whether a sync shows a bar.

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
        tz: str | tzinfo = "UTC",
        client: Client | None = None,
        website_id: str = "",
        checks: PullChecks | None = None,
        progress: bool = False,
    ) -> None:
        super().__init__(path, storage_options=storage_options, tz=tz)
        self._client, self._website_id = client, website_id
        self._checks, self._progress = checks, progress

    def sync(
        self, since: Any = None, *, deep: bool = False, also: str | Sequence[str] = ()
    ) -> Synced:
        """Bring the archive up to date; whatever ends a sync, the next one continues it.

        Parameters
        ----------
        since : str, date, datetime or Timestamp, optional
            How far back, by the conversations' last update; without it as far as ever asked
            before, and everything the first time. Threads are archived whole; what is older is
            not read.
        deep : bool, default False
            Read every thread again, for edits and deletions that leave no trace in the
            listing; what Crisp does not have any more is marked, not dropped.
        also : {"people", "operators", "inboxes", "campaigns"}, or a list of them
            Small tables to be read anew.

        Returns
        -------
        Synced
            What was new, and what it cost.

        Raises
        ------
        CrispError
            The archive was opened by its path alone, without a workspace.
        BadParameter
            Before anything is spent.
        ArchiveBusy
            Another process writes; the error says which.
        FileTrouble
            The archive is not whole: a table is missing, is another one, or is older than the
            rest; or a later version wrote it.
        QuotaExceeded, Offline, RateLimited, ServerError
            What came before is archived; the error's ``partial`` is what the sync did.

        Warns
        -----
        CrispWarning
            Where rows may be missing.

        Notes
        -----
        Spends a request for every 50 conversations that changed, and one for every batch of
        messages that is new: one request in all where nothing changed. What was listed before
        all inboxes could be asked for is listed once more; threads that are archived cost nothing.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> first = archive.sync()
        >>> archive.sync().requests
        1
        """
        client = self._live()
        also = arguments.check_names("also", also)
        for name in also:
            arguments.check_word("also", name, tuple(SNAPSHOTS))
        start, _ = dates.window(since, None, tz=self.tz, now=self._moment())
        state_table = StateTable(self._storage)
        check(state_table.load(), self._tables, self._storage.root)  # before a row is written
        for name in (*THREADED, *also):
            self._tables[name].check_writable()
        with state_table.held(self._website_id):
            # The small tables are written anew by who asks for them.
            check_files((self._tables[name] for name in THREADED), self._storage.root)
            self._complete_forgetting(state_table)
            run = Sync(client, state_table, self._tables, deep, self._show_plan)
            start_ms = None if start is None else round(start.timestamp() * 1000)
            with client.quota.budgets.open(sys.maxsize) as spent:
                try:
                    self._finish(run.run(start_ms))
                    for name in also:
                        self._tables[name].replace(self._pulled(name))
                except CrispError as error:
                    error.partial = run.done
                    raise
                finally:
                    run.done.requests = spent.used
                    self._compact()
        run.warn()
        return run.done

    def forget(self, *, email: str | None = None, session_id: str | None = None) -> dict[str, int]:
        """Remove a person for good: from all tables, their older versions, and the HTTP cache.

        Parameters
        ----------
        email : str, optional
            Every conversation and profile of this address, whatever its case, the form of its
            apostrophe and of its dots, also with its domain in Punycode; where it stands in
            somebody else's row, also escaped as in a link, it becomes ``[forgotten]``. Longer
            addresses that end or begin like it are somebody else's.
        session_id : str, optional
            One conversation.

        Returns
        -------
        dict
            Rows removed or mended by table: all 0 where the archive holds nothing of them.

        Raises
        ------
        BadParameter
            Neither or both were given, or something that is no whole address and no session_id.
        ArchiveBusy
            Another process writes.
        FileTrouble
            A table is missing, or the cache is held by another: what was begun is completed by
            the next forget() or sync().

        Warns
        -----
        CrispWarning
            Where the archive was opened without a workspace, whose HTTP cache is unknown then.

        Notes
        -----
        Whatever ends it, the next forget() or sync() completes it first.

        Spends nothing, and changes nothing at Crisp: remove the person there first, or the next
        sync archives again what its list still shows of them. Names in other people's words are
        not known to be theirs. Copies outside of the archive (exports, backups, former versions
        that an object store has of its own) are yours to remove.

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
        if (email is None) == (session_id is None):
            raise BadParameter("forget() takes either an e-mail or a session_id.")
        if session_id is not None:
            session_id = forget.check_session_id(session_id)
        address = None if email is None else Address(email).text
        state_table = StateTable(self._storage)
        state = state_table.load()
        check(state, self._tables, self._storage.root)
        if state is None:
            raise BadParameter("There is no archive here.", "Create one with sync().")
        for name in THREADED:  # the small ones come to their turn, and may be deleted
            self._tables[name].check_writable()
        with state_table.held(state.website_id):
            begun, counts = self._complete_forgetting(state_table)
            if begun is None or not begun.means(address, session_id):
                given = forget.intent(self._tables, address, session_id)
                state_table.change(forgetting=given)
                _, counts = self._complete_forgetting(state_table)
        if self._client is None:
            warn(_CACHE)
        return counts

    def _complete_forgetting(
        self, state_table: StateTable
    ) -> tuple[Forgetting | None, dict[str, int]]:
        """Take the steps of an intent to forget, all of them, whoever wrote it and when."""
        given, page = state_table.written.forgetting, state_table.written.page
        if given is None:
            return None, {}
        counts = {}
        if given.session_ids or given.email:
            # Of a page that was never committed nobody knows whose it is: it is read again.
            forget.drop_threads(self._tables, list(page.months) if page else [])
            counts = forget.forget(self._tables, given, self._storage.root)
            if self._client is not None:
                self._client.purge_cache()
            state_table.change(forgetting=Forgetting())
        state_table.purge()
        state_table.change(forgetting=None)
        return given, counts

    def _pulled(self, name: str) -> pa.Table:
        """Pull a small table whole."""
        client = self._live()
        builder = tables.Builder(name)
        pages = client.pages(SNAPSHOTS[name], website_id=self._website_id, use_cache=False)
        for page in pages:
            builder.add(page.body, website_id=self._website_id)
        if pages.incomplete:
            warn(pages.incomplete)
        return self._tables[name].owned(builder.arrow(), round(client.now() * 1000))

    def _finish(self, steps: Iterator[int]) -> None:
        """Run to the end, with a bar on whatever takes longer than a second."""
        with progress_bar.tqdm(
            unit=" conversations", delay=1, leave=False, disable=not self._progress
        ) as bar:
            for count in steps:
                bar.update(count)
                self._compact()

    def _compact(self) -> None:
        for table in self._tables.values():
            table.compact()

    def _show_plan(self, began: SyncPass) -> None:
        """Say what a long sync is going to cost before it goes on.

        Where no plan can be made the sync goes on without: it meets the same trouble, and
        archives what came before it.
        """
        if self._checks is None:
            return
        with suppress(CrispError):
            plan = self._checks.before_sync(began)
            if plan is not None and plan.requests > SHOWN:
                progress_bar.write("\n".join(plan.lines))

    def _live(self) -> Client:
        if self._client is None:
            raise CrispError(
                "This archive was opened without a workspace and can only be read.",
                "Open it with ws.archive(path) to bring it up to date.",
            )
        return self._client

    def _moment(self) -> datetime:
        """Tell the server's time, where there is one."""
        if self._client is None:
            return super()._moment()
        return datetime.fromtimestamp(self._client.now(), UTC)
