"""What an analyst holds: a Crisp workspace whose lists are DataFrames."""

from __future__ import annotations

import copy
import html
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm.auto import tqdm

from crisp_data import arguments, config, dates, export, filters, forms, metrics, tables
from crisp_data.api.envelope import Page
from crisp_data.api.paging import NOTHING_NEW
from crisp_data.archive import Archive
from crisp_data.errors import CrispError, CrispWarning, FileTrouble, QuotaExceeded
from crisp_data.filters import State
from crisp_data.local import inherited
from crisp_data.plurals import count
from crisp_data.privacy import Pseudonymiser
from crisp_data.quota.budget import Budget
from crisp_data.quota.estimate import SHOWN, Plan
from crisp_data.quota.ledger import Ledger
from crisp_data.rest import message_threads
from crisp_data.rest.client import Client
from crisp_data.rest.cost_plans import CostPlans, PullChecks
from crisp_data.workspace.writes import Writing


class Workspace(Writing):
    """A website of Crisp, read as frames.

    Made by :func:`crisp_data.connect`. Every method that reads says what it spends; asked
    again within the lifetime of its answers it spends nothing, and ``refresh=True`` asks
    anew. Times are ``datetime64[ms, tz]`` in the zone of the workspace unless ``tz`` says
    another. The columns of each table are printed by :func:`crisp_data.schema`.

    Parameters
    ----------
    client : Client
        The client that reads and writes.
    website_id : str
        The website.
    name : str, optional
        Its name; empty where the token may not read it.
    tz : str, default "UTC"
        The zone of the frames' times, and of moments without one.
    progress : bool, optional
        Whether long pulls show a bar and their plan; on the live service only by default.
    sandbox : object, optional
        The sandbox that ends with this workspace.

    Attributes
    ----------
    client : Client
        The thin client below, for what has no frame.
    website_id, name : str
        Which website; ``name`` is empty where the token may not read it.
    quota : Ledger
        What today's requests were spent on, and what is left.
    plan : CostPlans
        What a pull would spend: ``ws.plan.conversations(...)``, ``ws.plan.messages(...)``.
    tz : str
        The zone in which naive moments are read and times are given.

    Examples
    --------
    >>> ws.name
    'Acme'
    """

    def __init__(
        self,
        client: Client,
        website_id: str,
        name: str = "",
        *,
        tz: str = "UTC",
        progress: bool | None = None,
        sandbox: Any = None,
    ) -> None:
        self.client, self.website_id, self.name = client, website_id, name
        self.tz = dates.check_tz(tz)
        self.sandbox = sandbox
        self._progress = client.progress if progress is None else progress
        self._plans_shown = progress is not False
        self._pseudonymiser: Pseudonymiser | None = None
        self.plan = CostPlans(client, website_id, tz)
        inherited.name(self, client.quota.budgets.check_unbounded)
        self._checks = PullChecks(self.plan)

    @property
    def quota(self) -> Ledger:
        """The day's ledger: ``ws.quota`` prints it."""
        return self.client.quota

    @property
    def now(self) -> pd.Timestamp:
        """The moment it is, in the zone of the workspace: of a sandbox, its own clock's.

        Examples
        --------
        >>> ws.now
        Timestamp('2026-11-02 09:0...', tz='UTC')
        """
        return pd.Timestamp(self._moment()).tz_convert(self.tz)

    def budget(self, requests: int) -> AbstractContextManager[Budget]:
        """Bound what this workspace spends while a block is open, all its threads included.

        Parameters
        ----------
        requests : int
            How many at most. 0 lives on what the cache holds.

        Returns
        -------
        context manager
            Gives a :class:`~crisp_data.quota.budget.Budget` with ``used``, ``left`` and ``limit``.

        Raises
        ------
        QuotaExceeded
            Inside the block, by whatever would spend more than is left, at no cost; its
            ``needed``, ``left`` and ``limit`` are the budget's, its ``resets_at`` is None. No
            waiting fills a budget again, so ``on_quota="wait"`` does not wait for one.
        ForkedProcess
            In a process that was forked inside the block, by the first request, at no cost;
            and where a pool is handed the workspace inside the block.

        Notes
        -----
        What comes from the cache spends nothing. Where budgets are nested, all must allow a
        request, and each is charged.

        A budget belongs to the process that opens it. What other processes spend is not in its
        ``used``, though the day's ledger counts it. Open one in each worker, in the function
        that it runs: only what was opened in a process bounds that process.

        Examples
        --------
        >>> with ws.budget(200) as budget:
        ...     conversations = ws.conversations(limit=20)
        >>> budget.used, budget.left
        (1, 199)
        """
        return self.client.quota.budgets.open(requests)

    def conversations(
        self,
        since: Any = None,
        until: Any = None,
        *,
        state: State | None = None,
        segment: str | None = None,
        assigned: str | bool | None = None,
        inbox: str | None = None,
        search: str | None = None,
        include_empty: bool = False,
        limit: int | None = None,
        tz: str | None = None,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Pull conversations, most recently updated first.

        Parameters
        ----------
        since : str, date, datetime or Timestamp, optional
            Only conversations *updated* in this period, both ends included; Crisp compares
            the update date (*documented*), so an old conversation that somebody answered
            yesterday is part of yesterday. Also "7 days ago".
        until : str, date, datetime or Timestamp, optional
            Only conversations *updated* in this period, both ends included; Crisp compares
            the update date (*documented*), so an old conversation that somebody answered
            yesterday is part of yesterday. Also "7 days ago".
        state : {"pending", "unresolved", "resolved"}, optional
            Only conversations in this state.
        segment : str, optional
            Only conversations that carry this segment.
        assigned : str or False, optional
            An operator's ``user_id``; False for conversations assigned to nobody.
        inbox : str, optional
            An ``inbox_id``.
        search : str, optional
            Crisp's text search.
        include_empty : bool, default False
            Also conversations without any message.
        limit : int, optional
            The newest so many, and no request more than they need.
        tz : str, optional
            The zone of the times, such as "Europe/Paris".
        refresh : bool, default False
            Ask Crisp even where the cache knows.

        Returns
        -------
        DataFrame
            One row a conversation, columns as in ``crisp.schema("conversations")``.

        Raises
        ------
        BadParameter
            Before anything is spent.
        QuotaExceeded, Offline, RateLimited, ServerError
            With the rows pulled so far in ``partial``.

        Notes
        -----
        Spends a request for every 50 conversations, and one to see the end. A pull of more
        than 100 requests shows its plan on stderr first; where page 1 cannot tell, whether
        it is one costs a request more. Crisp filters
        by period, resolved or not, assignment, inbox and one search; the rest is filtered
        here, after the pull.

        Examples
        --------
        >>> conversations = ws.conversations(since="7 days ago", state="resolved")
        >>> conversations["state"].unique().tolist()
        ['resolved']
        >>> len(ws.conversations(limit=20))
        20
        """
        tz = dates.check_tz(tz or self.tz)
        start, end = dates.window(since, until, tz=tz, now=self._moment())
        wanted = filters.ConversationFilter(start, end, state, segment, assigned, inbox)
        asked = filters.ConversationQuery(wanted, search, include_empty, limit)
        return self._pull(
            "conversations",
            "list_conversations",
            asked.query,
            wanted=wanted.of,
            limit=limit,
            tz=tz,
            refresh=refresh,
            before=lambda first: self._checks.before_conversations(asked, first, refresh),
        )

    def messages(
        self, conversations: Any, *, tz: str | None = None, refresh: bool = False
    ) -> pd.DataFrame:
        """Pull whole threads: every batch of every conversation.

        Parameters
        ----------
        conversations : DataFrame, Series, list of str, or str
            A frame with ``session_id``, or session ids.
        tz : str, optional
            As in :meth:`conversations`.
        refresh : bool, default False
            As in :meth:`conversations`.

        Returns
        -------
        DataFrame
            One row a message: threads in the order given, each oldest message first;
            columns as in ``crisp.schema("messages")``.

        Raises
        ------
        CrispError
            A thread could not be read; ``partial`` holds the rows pulled so far.
        BadParameter
            Before anything is spent.
        QuotaExceeded, Offline, RateLimited, ServerError
            With the rows pulled so far in ``partial``; the last thread of it may be cut.
            QuotaExceeded also before anything is spent, where there are more threads to be
            read than requests left today, or in a budget.

        Warns
        -----
        CrispWarning
            Where a thread may lack messages, or its conversation was deleted meanwhile.

        Notes
        -----
        Spends a request for every batch of a thread, one for most threads. The size of a
        batch is Crisp's own and not documented (20 and 40 are reported). A pull of more than
        100 requests shows its plan on stderr first.

        Examples
        --------
        >>> conversations = ws.conversations(limit=10)
        >>> messages = ws.messages(conversations)
        >>> set(messages["session_id"]) == set(conversations["session_id"])
        True
        """
        ids = arguments.session_ids(conversations)
        builder = tables.Builder("messages", tz=dates.check_tz(tz or self.tz))
        doubtful, missing, done = 0, 0, 0
        begun = False
        try:
            self._show(self._checks.before_messages(ids, refresh))
            begun = True
            with closing(
                message_threads.read(self.client, self.website_id, ids, refresh=refresh)
            ) as read:
                for thread in self._bar(read, "threads", len(ids)):
                    for body in thread.bodies:
                        builder.add(body, website_id=self.website_id, session_id=thread.session_id)
                    doubtful += bool(thread.incomplete)
                    missing += not thread.found
                    if thread.error is not None:
                        raise thread.error
                    self._checks.saw(len(thread.bodies))
                    done += 1
        except QuotaExceeded as error:
            needed = max(error.needed, len(ids) - done if begun else 0)
            raise error.of_pull(needed, builder.frame()) from error.__cause__
        except CrispError as error:
            error.partial = builder.frame()
            raise
        _warn(missing, "conversation", "not found at Crisp and left out.")
        _warn(doubtful, "thread", f"may lack messages. {NOTHING_NEW}")
        return builder.frame()

    def people(
        self,
        since: Any = None,
        until: Any = None,
        *,
        search: str | None = None,
        limit: int | None = None,
        tz: str | None = None,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Pull people profiles.

        Parameters
        ----------
        since : optional
            Only people *created* since then, included (*documented*).
        until : optional
            Only people *created* until then, included (*documented*).
        search : str, optional
            Crisp's text search.
        limit : int, optional
            As in :meth:`conversations`.
        tz : str, optional
            As in :meth:`conversations`.
        refresh : bool, default False
            As in :meth:`conversations`.

        Returns
        -------
        DataFrame
            One row a person, columns as in ``crisp.schema("people")``.

        Notes
        -----
        Spends a request for every 50 people, and one to see the end.

        Examples
        --------
        >>> len(ws.people(limit=5))
        5
        """
        tz = dates.check_tz(tz or self.tz)
        start, end = dates.window(since, until, tz=tz, now=self._moment())
        arguments.check_text("search", search)
        arguments.check_count("limit", limit)

        def wanted(frame: pd.DataFrame) -> pd.DataFrame:
            checks = [
                frame["created_at"] >= start if start is not None else None,
                frame["created_at"] <= end if end is not None else None,
            ]
            return filters.where(frame, checks)

        query = {**filters.bounds(start, end), "search_text": search}
        return self._pull(
            "people",
            "list_people_profiles",
            query,
            wanted=wanted,
            limit=limit,
            tz=tz,
            refresh=refresh,
        )

    def operators(self, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the operators of the website; one request.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("operators")``.

        Examples
        --------
        >>> "user_id" in ws.operators()
        True
        """
        return self._pull("operators", "list_website_operators", refresh=refresh)

    def visitors(self, *, refresh: bool = False) -> pd.DataFrame:
        """Pull who is on the website now; never cached, for it is about this moment.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("visitors")``.

        Examples
        --------
        >>> "session_id" in ws.visitors()
        True
        """
        return self._pull("visitors", "list_visitors", refresh=refresh)

    def inboxes(self, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the website's inboxes.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("inboxes")``.

        Notes
        -----
        Spends a request for each page of the list.

        Examples
        --------
        >>> "inbox_id" in ws.inboxes()
        True
        """
        return self._pull("inboxes", "list_inboxes", refresh=refresh)

    def campaigns(self, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the website's campaigns.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("campaigns")``.

        Notes
        -----
        Spends a request for each page of the list.

        Examples
        --------
        >>> "campaign_id" in ws.campaigns()
        True
        """
        return self._pull("campaigns", "list_campaigns", refresh=refresh)

    def pages(self, session_id: str, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the pages that a visitor looked at in one conversation.

        Parameters
        ----------
        session_id : str
            The conversation.
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("pages")``.

        Notes
        -----
        Spends a request for each page of the list.

        Examples
        --------
        >>> "page_url" in ws.pages(ws.conversations(limit=1)["session_id"][0])
        True
        """
        return self._of_conversation("pages", session_id, refresh)

    def events(self, session_id: str, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the events of one conversation.

        Parameters
        ----------
        session_id : str
            The conversation.
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("events")``.

        Notes
        -----
        Spends a request for each page of the list.

        Examples
        --------
        >>> "text" in ws.events(ws.conversations(limit=1)["session_id"][0])
        True
        """
        return self._of_conversation("events", session_id, refresh)

    def files(self, session_id: str, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the files that were sent in one conversation.

        Parameters
        ----------
        session_id : str
            The conversation.
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("files")``.

        Notes
        -----
        Spends a request for each page of the list.

        Examples
        --------
        >>> "url" in ws.files(ws.conversations(limit=1)["session_id"][0])
        True
        """
        return self._of_conversation("files", session_id, refresh)

    def segments(self, conversations: pd.DataFrame) -> pd.DataFrame:
        """Give one row for each conversation and segment; spends nothing.

        Parameters
        ----------
        conversations : pandas.DataFrame
            Frame of the ``conversations`` table.

        Returns
        -------
        DataFrame
            ``session_id`` and ``segment``, both str; conversations without segments have
            no row. Joins back on ``session_id``.

        Examples
        --------
        >>> ws.segments(ws.conversations(limit=50)).columns.tolist()
        ['session_id', 'segment']
        """
        return metrics.segments(conversations)

    def websites(self, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the websites that the token reads.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("websites")``.

        Notes
        -----
        Spends a request for each: the list that a plugin token may read has ids only.

        Examples
        --------
        >>> ws.websites()["domain"].tolist()
        ['acme.example', 'labs.acme.example']
        """
        builder = tables.Builder("websites", tz=self.tz)
        for website_id in self._bar(self.client.website_ids(refresh=refresh), "websites"):
            for page in self.client.pages("get_website", website_id=website_id, refresh=refresh):
                builder.add(page.body, website_id=website_id)
        return builder.frame()

    def archive(
        self, path: str | Path, *, storage_options: Mapping[str, str] | None = None
    ) -> Archive:
        """Open an archive of this website: conversations and messages that cost nothing to read.

        Parameters
        ----------
        path : str or Path
            A folder, made by the first sync, or an address such as ``s3://bucket/acme``.
        storage_options : dict, optional
            For an object store, as Delta Lake takes them; also read from the environment.

        Returns
        -------
        Archive
            Its :meth:`~crisp_data.archive.Archive.sync` brings it up to date.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> archive.sync().messages == len(archive.messages())
        True
        """
        return Archive(
            path,
            storage_options=storage_options,
            tz=self.tz,
            client=self.client,
            website_id=self.website_id,
            checks=self._checks if self._plans_shown else None,
            progress=self._progress,
        )

    def to(
        self, path: str | Path, frame: pd.DataFrame, *, private: bool | Pseudonymiser = False
    ) -> Path:
        """Write a frame to a file: ``.csv .csv.gz .jsonl .jsonl.gz .parquet .xlsx``.

        See :func:`crisp_data.write`, which does it, for what each format keeps.

        Parameters
        ----------
        path : str or Path
            The file to write; its ending names the format.
        frame : pandas.DataFrame
            A table's frame or any other.
        private : bool or Pseudonymiser, default False
            Write tokens in the place of people, and scrubbed texts
            (:mod:`crisp_data.privacy`). True takes the key from CRISP_PRIVACY_KEY, or a random
            one with a warning; all that this workspace writes so joins, and the names of each
            frame are found in the texts of those written after it.

        Returns
        -------
        Path
            The file.

        Examples
        --------
        >>> ws.to(folder / "operators.csv", ws.operators()).name
        'operators.csv'
        >>> from crisp_data.privacy import Pseudonymiser
        >>> maker = Pseudonymiser("not-for-production", allow=["plan"])
        >>> ws.to(folder / "people.csv", ws.people(), private=maker).name
        'people.csv'
        """
        if private:
            path = export.check(path)
            if isinstance(private, Pseudonymiser):
                maker = private
            else:
                self._pseudonymiser = maker = self._pseudonymiser or Pseudonymiser(
                    config.privacy_key()
                )
            frame = maker.frame(frame)
        return export.write(path, frame)

    def broadcast(self, conversations: pd.DataFrame) -> forms.Broadcast:
        """Open a form that writes one message to many conversations.

        Parameters
        ----------
        conversations : DataFrame
            Those to choose from, as ``ws.conversations()`` returned them; with columns of
            your own, which the message may name. It is copied.

        Returns
        -------
        Broadcast
            Its ``result`` is what became of each message, as :meth:`send_many` returns it.

        Notes
        -----
        Opening it spends nothing. The dry run and the sending spend as :meth:`send_many` does;
        nothing is sent without a dry run and the typed number of recipients.

        Examples
        --------
        >>> form = ws.broadcast(ws.conversations(state="unresolved", limit=20))
        >>> form
        Send to many (a form)
          sandbox, Acme, may write
          4,... of 5,000 requests left today, 100 of them reserved for writes
          0 of 20 conversations selected
        >>> form.close()
        """
        return forms.Broadcast(self._without_bars(), conversations)

    def compose(self, session_id: str | None = None) -> forms.Compose:
        """Open a form to answer a customer: find, read, write, confirm, send.

        Parameters
        ----------
        session_id : str, optional
            A conversation to begin with.

        Returns
        -------
        Compose
            The form; ``form.composer`` is the plain object that does its work, and
            ``form.receipt`` tells of the message that was sent last.

        Notes
        -----
        Spends one request for the 50 conversations updated last, none where they are in the
        cache; then one for each conversation opened, and what each button says. Nothing is sent
        without a second click that names website and customer.

        Examples
        --------
        >>> form = ws.compose()
        >>> form
        Write to a customer (a form)
          sandbox, Acme, may write
          ...
          50 conversations to choose from
          none open
        >>> form.close()
        """
        return forms.Compose(self, session_id)

    def explore(self) -> forms.Explore:
        """Open a form that filters, counts, prices and pulls conversations, messages, people.

        Returns
        -------
        Explore
            Its ``result`` is the frame that was pulled last, its ``code`` the lines of Python
            that pull the same.

        Notes
        -----
        Opening it spends nothing; each button says what it spends.

        Examples
        --------
        >>> form = ws.explore()
        >>> form
        Explore (a form)
          sandbox, Acme, may write
          4,... of 5,000 requests left today, 100 of them reserved for writes
          nothing pulled yet
        >>> form.close()
        """
        return forms.Explore(self._without_bars())

    def close(self) -> None:
        """Close sockets and files, and stop the sandbox where the connection started one."""
        self.client.close()
        self.outbox.close()
        if self.sandbox is not None:
            self.sandbox.stop()

    def _without_bars(self) -> Workspace:
        """Give a copy without bars and plans on stderr: a form shows them itself."""
        twin = copy.copy(self)
        twin._progress = twin._plans_shown = False
        vars(twin).pop("outbox", None)  # it took the bars over when it was made
        return twin

    def _of_conversation(self, table: str, session_id: str, refresh: bool) -> pd.DataFrame:
        session_id = arguments.session_id(session_id)
        operation = f"list_conversation_{table}"
        return self._pull(table, operation, {"session_id": session_id}, refresh=refresh)

    def _pull(
        self,
        table: str,
        operation: str,
        query: dict[str, Any] | None = None,
        *,
        wanted: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame,
        limit: int | None = None,
        tz: str | None = None,
        refresh: bool = False,
        before: Callable[[Page], Plan | None] = lambda first: None,
    ) -> pd.DataFrame:
        """Walk a list into a frame; filter what the server may not have filtered."""
        arguments = {"website_id": self.website_id, **(query or {})}
        rows = limit
        walk = partial(self._walk, table, operation, arguments, tz or self.tz)
        while True:
            pulled, incomplete = walk(rows, refresh, before)
            frame = wanted(pulled)
            # What is filtered here may leave too few: then further, over the kept pages again.
            if limit is None or rows is None or len(frame) >= limit or len(pulled) < rows:
                break
            rows, refresh, before = 2 * rows, False, lambda first: None
        if incomplete:
            warnings.warn(incomplete, CrispWarning, stacklevel=3)
        return frame if limit is None else frame.head(limit)

    def _walk(
        self,
        table: str,
        operation: str,
        arguments: dict[str, Any],
        tz: str,
        rows: int | None,
        refresh: bool,
        before: Callable[[Page], Plan | None],
    ) -> tuple[pd.DataFrame, str]:
        builder = tables.Builder(table, tz=tz)
        constants = {k: v for k, v in arguments.items() if k in ("website_id", "session_id")}
        pages = self.client.pages(operation, rows=rows, refresh=refresh, **arguments)
        try:
            for number, page in enumerate(self._bar(pages, "pages")):
                builder.add(page.body, **constants)
                if number == 0:
                    self._show(before(page))
        except CrispError as error:
            error.partial = builder.frame()
            raise
        return builder.frame(), pages.incomplete

    def _show(self, plan: Plan | None) -> None:
        """Say what a long pull is going to cost before it starts."""
        if plan is not None and plan.requests > SHOWN and self._plans_shown:
            tqdm.write("\n".join(plan.lines), file=sys.stderr)

    def _moment(self) -> datetime:
        return datetime.fromtimestamp(self.client.now(), UTC)

    def _bar(self, steps: Iterable[Any], unit: str, total: int | None = None) -> Iterable[Any]:
        """Show progress on whatever takes longer than a second."""
        quiet = not self._progress
        return tqdm(steps, unit=f" {unit}", total=total, delay=1, leave=False, disable=quiet)

    def _facts(self) -> dict[str, str]:
        """What both representations show; no secret, no address that changes by the run."""
        settings, quota = self.client.settings, self.quota
        return {
            "website": f"{self.name or 'website'} ({self.website_id})",
            "service": "live" if settings.live else "sandbox",
            "token": f"{settings.credentials.tier}, "
            + ("may write" if self.client.writes else "read-only"),
            "today": f"{quota.used:,} of {count(quota.limit, 'request')} used, {quota.left:,} left",
            "cache": self._cached(),
        }

    def _cached(self) -> str:
        try:
            return f"{count(self.client.cached(), 'answer')}"
        except FileTrouble as error:
            return error.what

    def __repr__(self) -> str:
        facts = "\n".join(f"  {name:<8} {value}" for name, value in self._facts().items())
        return f"Crisp workspace\n{facts}"

    def _repr_html_(self) -> str:
        facts = self._facts()
        colour = "#b42318" if facts["service"] == "live" else "#1b6e53"
        rows = "".join(
            f"<tr><th style='text-align:left'>{name}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in facts.items()
        )
        return f"<table style='border-left:4px solid {colour}'>{rows}</table>"


def _warn(number: int, thing: str, what: str) -> None:
    if number:
        warnings.warn(f"{count(number, thing)} {what}", CrispWarning, stacklevel=3)
