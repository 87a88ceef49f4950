"""How many requests a pull takes. Crisp tells no totals, so it is found out cheaply."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crisp_data import tables
from crisp_data.api.envelope import Page
from crisp_data.api.last_instant import MOST_LOOKS
from crisp_data.api.routes import PER_PAGE_MIN
from crisp_data.filters import ConversationQuery
from crisp_data.plurals import count
from crisp_data.quota.estimate import PAGE, Plan, Rows, extrapolate, list_requests
from crisp_data.rest import answer_checks
from crisp_data.rest.client import Client
from crisp_data.rest.page_iterator import Pages

#: Batches a thread where none was read yet (*assumed*: most threads fit into one).
BATCHES = 1.1

_SAMPLE = 50  # threads; what fewer show is filled up with what is assumed, for one may be huge

_NO_NUMBERS = "The server ignores page numbers, so nothing shows how long the list is."


class CostEstimator:
    """Estimates what pulls of one website cost, and learns from the threads that are read.

    Parameters
    ----------
    client : Client
        The client that reads.
    website_id : str
        The website.
    """

    def __init__(self, client: Client, website_id: str) -> None:
        self.client, self.website_id = client, website_id
        self._threads = self._batches = 0

    def saw(self, batches: int) -> None:
        """Take note of a thread that was read whole, and of its batches."""
        self._threads += 1
        self._batches += batches

    @property
    def batches_per_thread(self) -> float:
        """Batches a thread, as met so far; as assumed as long as too few were met."""
        lacking = max(0, _SAMPLE - self._threads)
        return (self._batches + lacking * BATCHES) / (self._threads + lacking)

    def pages(self, asked: ConversationQuery, refresh: bool = False) -> Pages:
        """Begin a list of conversations."""
        return self.client.pages(
            "list_conversations",
            website_id=self.website_id,
            rows=None if asked.filtered_here else asked.limit,
            refresh=refresh,
            **asked.query,
        )

    def rows(self, asked: ConversationQuery, first: Page) -> Rows:
        """Estimate from page 1 how many rows a list of conversations holds."""
        start, records = asked.wanted.start, first.records
        since = None if start is None else round(start.timestamp() * 1000)
        share = 1.0
        if asked.filtered_here and asked.limit and records:
            builder = tables.Builder("conversations")
            builder.add(first.body, website_id=self.website_id)
            share = max(1, len(asked.wanted.of(builder.frame()))) / len(records)
        return extrapolate(update_times(records), since).up_to(asked.limit, share)

    def probe(
        self,
        asked: ConversationQuery,
        first: Page,
        rows: Rows,
        refresh: bool,
        probes: int = 12,
        **near: Any,
    ) -> Rows:
        """Ask by number for pages that the list may reach, until the bounds are near enough.

        Parameters
        ----------
        asked : ConversationQuery
            What is to be pulled.
        first : Page
            Page 1, which a server that ignores page numbers gives for each of them.
        rows : Rows
            What is known of the list so far.
        refresh : bool
            Ask Crisp even where the cache has the answer.
        probes : int, default 12
            How many pages to ask for at most.
        **near : object
            Passed to :meth:`crisp_data.quota.estimate.Rows.probe`.

        Returns
        -------
        Rows
            What is known then.
        """
        start, newest = asked.wanted.start, _session_ids(first.records)[:1]
        since = 0 if start is None else start.timestamp() * 1000
        while probes and (page := rows.probe(**near)) is not None:
            records = self._numbered(page, asked, first, refresh)
            if newest and newest[0] in _session_ids(records):  # page 1 again: it says nothing
                return replace(rows, basis=_NO_NUMBERS)
            rows = rows.known(page, sum(at >= since for at in update_times(records)))
            probes -= 1
        return rows

    def _numbered(
        self, page: int, asked: ConversationQuery, first: Page, refresh: bool
    ) -> list[Any]:
        """Read a page of the list by its number, of the inboxes that page 1 is of."""
        inbox = {"filter_inbox_id": first.query.get("filter_inbox_id")}
        given = {**asked.query, **inbox}
        query = {name: value for name, value in given.items() if value is not None}
        name = "list_conversations"
        found = self.client.call(
            name,
            website_id=self.website_id,
            page_number=page,
            per_page=PAGE,
            refresh=refresh,
            **query,
        )
        return answer_checks.records(found, name)

    def _missing(self, ids: Sequence[str]) -> int:
        """Count the threads that the cache does not hold to their end."""
        operation = "get_messages_in_conversation"
        site = self.website_id
        threads = (self.client.pages(operation, website_id=site, session_id=one) for one in ids)
        return sum(not thread.cached()[1] for thread in threads)

    def threads_plan(self, ids: Sequence[str], refresh: bool) -> Plan:
        """Plan to read threads whole."""
        missing = len(ids) if refresh else self._missing(ids)
        met = f"by the {count(self._threads, 'thread')} read so far" if self._threads else "assumed"
        basis = (
            f"{missing:,} of {count(len(ids), 'thread')} not in the cache; "
            f"{self.batches_per_thread:.2f} batches per thread {met}."
        )
        likely = math.ceil(missing * self.batches_per_thread - 1e-9)
        return self.plan("messages", (missing, likely, None if missing else 0), basis)

    def list_cost(self, asked: ConversationQuery, rows: int) -> int:
        """Count the requests for a list of so many conversations."""
        return list_requests(rows, end=asked.limit is None or rows < asked.limit)

    def list_plan(self, asked: ConversationQuery, first: Page, rows: Rows, cached: int) -> Plan:
        """Plan to pull a list of conversations.

        Parameters
        ----------
        asked : ConversationQuery
            What is to be pulled.
        first : Page
            Page 1.
        rows : Rows
            How many rows there are.
        cached : int
            How many of its pages are in the cache.

        Returns
        -------
        Plan
            The plan.
        """
        if not asked.filtered_here:
            rows = rows.at_most(asked.limit)
        end = rows.low > 0 and (asked.limit is None or rows.low < asked.limit)
        least = 0 if asked.filtered_here and asked.limit else 1  # for it is not all in the cache
        low = max(least, max(1, math.ceil(rows.low / PAGE)) + end - cached)
        likely = max(low, self.list_cost(asked, rows.likely) - cached)
        high = None
        if rows.high is not None:
            # Where one instant fills whole pages, these are read twice: nobody knows beforehand.
            most = math.ceil(1.3 * list_requests(rows.high)) + _looks_at_end(first)
            high = max(likely, most - cached)
        return self.plan("conversations", (low, likely, high), rows.basis, rows)

    def plan(
        self, what: str, cost: tuple[int, int, int | None], basis: str, rows: Rows | None = None
    ) -> Plan:
        """Make a plan of what is left today.

        Parameters
        ----------
        what : str
            What is pulled.
        cost : tuple[int, int, int or None]
            Requests: at least, expected, and at most.
        basis : str
            How that was found out.
        rows : Rows, optional
            How many rows there are.

        Returns
        -------
        Plan
            The plan.
        """
        quota, (low, likely, high) = self.client.quota, cost
        left, daily = quota.left_for_reads, quota.limit - quota.reserved_for_writes
        return Plan(what, likely, low, high, left, quota.limit, daily, basis, rows)


def _looks_at_end(first: Page) -> int:
    """The most requests that show the end of a list whose last rows may share an instant."""
    times = update_times(first.records)
    whole = len(times) < PAGE
    one_instant = len(times) >= PER_PAGE_MIN and times[0] - times[-1] <= 1
    # Below the oldest time the rows that share it come again, and look like a page that was cut.
    ends_at_once = len(times) < 2 or one_instant or times[-2] - times[-1] > 1
    return 0 if whole and ends_at_once else MOST_LOOKS


def _session_ids(records: Sequence[Any]) -> list[Any]:
    found = [row.get("session_id") for row in records if isinstance(row, dict)]
    return [one for one in found if one]


def update_times(records: Sequence[Any]) -> list[int]:
    """Read update times as they come; a row without one counts as old as can be."""
    times = [row.get("updated_at") if isinstance(row, dict) else None for row in records]
    return [int(at) if isinstance(at, (int, float)) else 0 for at in times]
