"""The price of a pull before it starts. Crisp tells no totals, so it is found out cheaply."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from crisp_data import arguments, dates, filters, tables
from crisp_data.api.envelope import Page
from crisp_data.filters import State
from crisp_data.plurals import count
from crisp_data.quota.estimate import PAGE, SHOWN, Plan, Rows, extrapolate, list_requests
from crisp_data.rest.client import Client
from crisp_data.rest.page_iterator import Pages

#: Batches a thread where none was read yet (*assumed*: most threads fit into one).
BATCHES = 1.1


class CostPlans:
    """What pulls would cost: ``ws.plan.conversations(...)``, ``ws.plan.messages(...)``.

    Parameters
    ----------
    client : Client
        The client that reads.
    website_id : str
        The website.
    tz : str, default "UTC"
        The zone of moments without one.

    Examples
    --------
    >>> ws.plan.conversations(since="30 days ago").days
    1
    """

    def __init__(self, client: Client, website_id: str, tz: str = "UTC") -> None:
        self._client, self._website_id, self._tz = client, website_id, tz
        self._threads = self._batches = 0

    def __repr__(self) -> str:
        return "<Plans: conversations(...), messages(...) and people(...) show what a pull costs>"

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
    ) -> Plan:
        """Plan ``ws.conversations`` with the same arguments.

        Parameters
        ----------
        since : object, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        until : object, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        state : State, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        segment : str, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        assigned : str or bool, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        inbox : str, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        search : str, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        include_empty : bool, default False
            As in :meth:`crisp_data.Workspace.conversations`.
        limit : int, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        tz : str, optional
            As in :meth:`crisp_data.Workspace.conversations`.
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        Plan

        Raises
        ------
        BadParameter
            Before anything is spent.
        QuotaExceeded, Offline, RateLimited, ServerError

        Notes
        -----
        Spends page 1, which the pull then finds in the cache. (A period that is relative to
        this moment, such as "7 days ago", is another one a moment later: then it does not.)
        Only where there may be more than about 100 pages, or nothing says how many, some
        pages are asked for by number, to see whether the list reaches that far: page 97 and
        each time four times further until one is empty, then between. That is three requests
        for a list of some hundred, seven for a million. All is kept for an hour.

        Examples
        --------
        >>> plan = ws.plan.conversations(limit=100)
        >>> spent = ws.quota.used
        >>> conversations = ws.conversations(limit=100)
        >>> plan.low <= ws.quota.used - spent <= plan.high
        True
        """
        tz = dates.check_tz(tz or self._tz)
        now = datetime.fromtimestamp(self._client.now(), UTC)
        wanted = filters.ConversationFilter(
            *dates.window(since, until, tz=tz, now=now), state, segment, assigned, inbox
        )
        asked = filters.ConversationQuery(wanted, search, include_empty, limit)
        first = next(self._pages(asked, refresh))
        had, whole = (0, False) if refresh else self._pages(asked).kept()
        if whole:
            return self._plan("conversations", 0, 0, 0, "The cache holds the whole list.")
        rows = self._probe(asked, self._estimate(asked, first), refresh)
        return self._listed(asked, rows, had)

    def messages(self, conversations: Any, *, refresh: bool = False) -> Plan:
        """Plan ``ws.messages`` with the same arguments; spends nothing.

        A thread that is not wholly in the cache costs one request at least, and one more for
        every further batch, which Crisp does not tell beforehand. Expected are as many
        batches a thread as this workspace has met so far, or 1.1 (*assumed*).

        Parameters
        ----------
        conversations : object
            As in :meth:`crisp_data.Workspace.messages`.
        refresh : bool, default False
            Plan as if the cache held nothing.

        Returns
        -------
        Plan
            Its ``high`` is None, unless the cache holds everything.

        Examples
        --------
        >>> ws.plan.messages(ws.conversations(limit=20))
        messages: about 22 requests, at least 20
        0.4% of a day's 5,000, 4,89... left today for reads: done today
        20 of 20 threads not in the cache; 1.10 batches per thread assumed.
        """
        ids = arguments.session_ids(conversations)
        return self._threaded(ids, self._missing(ids, refresh))

    def people(
        self,
        since: Any = None,
        until: Any = None,
        *,
        search: str | None = None,
        limit: int | None = None,
        tz: str | None = None,
        refresh: bool = False,
    ) -> Plan:
        """Plan ``ws.people`` with the same arguments.

        Spends page 1, which the pull finds in the cache if it begins within a minute: a list
        by page number is not put together from different times. How many pages follow a full
        one Crisp does not tell, and profiles come in no order to guess from.

        Parameters
        ----------
        since : object, optional
            As in :meth:`crisp_data.Workspace.people`.
        until : object, optional
            As in :meth:`crisp_data.Workspace.people`.
        search : str, optional
            As in :meth:`crisp_data.Workspace.people`.
        limit : int, optional
            As in :meth:`crisp_data.Workspace.people`.
        tz : str, optional
            As in :meth:`crisp_data.Workspace.people`.
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        Plan
            Its ``high`` is None where page 1 is full and there is no ``limit``.

        Examples
        --------
        >>> plan = ws.plan.people(limit=50)
        >>> plan.requests, plan.rows.low
        (0, 50)
        """
        tz = dates.check_tz(tz or self._tz)
        now = datetime.fromtimestamp(self._client.now(), UTC)
        query = {**filters.bounds(*dates.window(since, until, tz=tz, now=now))}
        arguments.check_count("limit", limit)

        def pages(refresh: bool = False) -> Pages:
            return self._client.pages(
                "list_people_profiles",
                website_id=self._website_id,
                rows=limit,
                refresh=refresh,
                search_text=search,
                **query,
            )

        count = len(next(pages(refresh)).records)
        rows = extrapolate([0] * count, None).up_to(limit)
        if pages().kept()[1]:
            return self._plan("people", 0, 0, 0, "The cache holds the whole list.", rows)
        if count < PAGE:  # page 2 shows the end; page 1 is read again after a minute
            return self._plan("people", 1, 1, 2, rows.basis, rows)
        if limit is None:
            return self._plan("people", 1, 1, None, rows.basis, rows)
        likely, high = math.ceil(limit / PAGE) - 1, math.ceil((limit - 1) / PAGE) + 1
        return self._plan("people", 1, likely, high, rows.basis, rows)

    # How it is found out

    def _pages(self, asked: filters.ConversationQuery, refresh: bool = False) -> Pages:
        return self._client.pages(
            "list_conversations",
            website_id=self._website_id,
            rows=None if asked.filtered_here else asked.limit,
            refresh=refresh,
            **asked.query,
        )

    def _estimate(self, asked: filters.ConversationQuery, first: Page) -> Rows:
        start, records = asked.wanted.start, first.records
        since = None if start is None else round(start.timestamp() * 1000)
        share = 1.0
        if asked.filtered_here and asked.limit and records:
            builder = tables.Builder("conversations")
            builder.add(first.body, website_id=self._website_id)
            share = max(1, len(asked.wanted.of(builder.frame()))) / len(records)
        return extrapolate(_times(records), since).up_to(asked.limit, share)

    def _probe(
        self,
        asked: filters.ConversationQuery,
        rows: Rows,
        refresh: bool,
        probes: int = 12,
        **near: Any,
    ) -> Rows:
        """Ask by number for pages that the list may reach, until the bounds are near enough."""
        while probes and (page := rows.probe(**near)) is not None:
            rows = rows.known(page, self._reach(asked, page, refresh))
            probes -= 1
        return rows

    def _reach(self, asked: filters.ConversationQuery, page: int, refresh: bool) -> int:
        """Count the rows of a page that belong to the period, if the list reaches so far."""
        query = {name: value for name, value in asked.query.items() if value is not None}
        records = self._client.call(
            "list_conversations",
            website_id=self._website_id,
            page_number=page,
            per_page=PAGE,
            refresh=refresh,
            **query,
        )
        start = asked.wanted.start
        since = 0 if start is None else start.timestamp() * 1000
        return sum(at >= since for at in _times(records))

    def _missing(self, ids: Sequence[str], refresh: bool) -> int:
        """Count the threads that the cache does not hold to their end."""
        if refresh:
            return len(ids)
        operation = "get_messages_in_conversation"
        missing = 0
        for session_id in ids:
            where: dict[str, Any] = {"website_id": self._website_id, "session_id": session_id}
            kept = self._client.is_cached(operation, **where)
            missing += not (kept and self._client.pages(operation, **where).kept()[1])
        return missing

    # The figures

    @property
    def _mean(self) -> float:
        return self._batches / self._threads if self._threads else BATCHES

    def _threaded(self, ids: Sequence[str], missing: int) -> Plan:
        seen = "seen so far" if self._threads else "assumed"
        basis = (
            f"{missing:,} of {count(len(ids), 'thread')} not in the cache; "
            f"{self._mean:.2f} batches per thread {seen}."
        )
        expected = math.ceil(missing * self._mean - 1e-9)
        return self._plan("messages", missing, expected, None if missing else 0, basis)

    def _cost(self, asked: filters.ConversationQuery, rows: int) -> int:
        return list_requests(rows, end=asked.limit is None or rows < asked.limit)

    def _listed(self, asked: filters.ConversationQuery, rows: Rows, had: int) -> Plan:
        end = rows.low > 0 and (asked.limit is None or rows.low < asked.limit)
        low = max(0, max(1, math.ceil(rows.low / PAGE)) + end - had)
        likely = max(low, self._cost(asked, rows.likely) - had)
        # Where one instant fills whole pages, these are read twice: nobody knows beforehand.
        high = (
            None if rows.high is None else max(0, math.ceil(1.3 * list_requests(rows.high)) - had)
        )
        return self._plan("conversations", low, likely, high, rows.basis, rows)

    def _plan(
        self,
        what: str,
        low: int,
        requests: int,
        high: int | None,
        basis: str,
        rows: Rows | None = None,
    ) -> Plan:
        quota = self._client.quota
        left, daily = quota.left_for_reads, quota.limit - quota.kept_for_writes
        return Plan(what, requests, low, high, left, quota.limit, daily, basis, rows)


class PullChecks:
    """What is estimated, and refused where it cannot be paid, before a pull goes on.

    Apart from :class:`CostPlans`, which analysts call: these follow a pull that has begun.

    Parameters
    ----------
    plans : CostPlans
        Whose estimates are used, and which learns from the threads that are read.
    """

    def __init__(self, plans: CostPlans) -> None:
        self._plans, self._client = plans, plans._client

    def before_conversations(
        self, asked: filters.ConversationQuery, first: Page, refresh: bool
    ) -> Plan | None:
        """Plan a pull whose first page just came; None where it is surely short.

        Spends one request where that page cannot tell.

        Parameters
        ----------
        asked : filters.ConversationQuery
            What is to be pulled.
        first : Page
            Page 1.
        refresh : bool
            Whether the pull asks Crisp even where the cache has the answer.

        Returns
        -------
        Plan or None
            The plan, or None.
        """
        rows = self._plans._estimate(asked, first)
        if rows.high is not None and self._plans._cost(asked, rows.high) <= SHOWN:
            return None
        had, whole = self._plans._pages(asked).kept() if first.from_cache else (0, False)
        if whole:
            return None
        rows = self._plans._probe(asked, rows, refresh, probes=1)
        still = math.ceil(rows.sure / PAGE) - (had or 1)  # page 1 is spent by now
        self._client.quota.check_affordable(still, today=not self._client.waits)
        return self._plans._listed(asked, rows, had)

    def before_messages(self, ids: Sequence[str], refresh: bool) -> Plan | None:
        """Plan a pull of threads and refuse what cannot be paid; None where it is short.

        Parameters
        ----------
        ids : Sequence[str]
            The conversations' ``session_id``.
        refresh : bool
            Whether the pull asks Crisp even where the cache has the answer.

        Returns
        -------
        Plan or None
            The plan, or None.
        """
        quota = self._client.quota
        budget = quota.budgets.left
        room = min(quota.left_for_reads, SHOWN if budget is None else budget, SHOWN)
        if len(ids) * self._plans._mean <= room:
            return None
        plan = self._plans._threaded(ids, self._plans._missing(ids, refresh))
        quota.check_affordable(plan.low, today=not self._client.waits)
        return plan

    def before_each(self, missing: int, why: str) -> Plan:
        """Plan a request for each of so many conversations and refuse what cannot be paid.

        Parameters
        ----------
        missing : int
            How many conversations must be read.
        why : str
            What the plan says about them.

        Returns
        -------
        Plan
            The plan.
        """
        self._client.quota.check_affordable(missing, today=not self._client.waits)
        return self._plans._plan("conversations", missing, missing, missing, why)

    def before_sync(self, first: Page, low: int, high: int | None, due: int) -> Plan | None:
        """Plan a lap of an archive's sync whose first page just came; None where it is short.

        Each conversation updated from ``low`` to ``high`` (ms) costs its thread; so many that
        are archived are ``due`` to be read again. Where nothing says how many there are, a
        few pages are asked for by number: little, beside a request for each conversation.

        Parameters
        ----------
        first : Page
            The first page of the listing.
        low : int
            The earliest update to read, in milliseconds since 1970.
        high : int or None
            The latest update to read, in milliseconds since 1970; None for no bound.
        due : int
            How many archived conversations are to be read again.

        Returns
        -------
        Plan or None
            The plan, or None.
        """
        times = _times(first.records)
        if sum(at >= low for at in times) < PAGE:
            return None
        rows = extrapolate(times, low or None)
        if due >= PAGE:
            basis = f"{count(due, 'archived conversation')} must be read again."
            rows = Rows(due, None, due, None, due, basis)
        elif rows.high is None:
            asked = filters.ConversationQuery(
                filters.ConversationFilter(_timestamp(low), _timestamp(high))
            )
            rows = self._plans._probe(asked, rows, True, probes=8, within=1.3, pages=1)
        likely = list_requests(rows.likely) + math.ceil(rows.likely * self._plans._mean)
        basis = f"{rows.basis} Each costs at least one request for its thread."
        least = math.ceil(rows.low / PAGE) + rows.low
        return self._plans._plan("sync", min(least, likely), likely, None, basis)

    def saw(self, batches: int) -> None:
        """Take note of a thread that was read whole.

        Parameters
        ----------
        batches : int
            How many requests the thread cost.
        """
        self._plans._threads += 1
        self._plans._batches += batches


def _timestamp(milliseconds: int | None) -> pd.Timestamp | None:
    return pd.Timestamp(milliseconds, unit="ms", tz="UTC") if milliseconds else None


def _times(records: Sequence[Any]) -> list[int]:
    """Read update times as they come; a row without one counts as old as can be."""
    times = [row.get("updated_at") if isinstance(row, dict) else None for row in records]
    return [int(at) if isinstance(at, (int, float)) else 0 for at in times]
