"""What is checked and shown before a pull goes on: what it costs, and whether it can be paid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from crisp_data.api.envelope import Page
from crisp_data.filters import ConversationFilter, ConversationQuery
from crisp_data.plurals import count
from crisp_data.quota.estimate import BEYOND, PAGE, SHOWN, Plan, Rows, extrapolate, list_requests
from crisp_data.rest.cost_estimator import CostEstimator, update_times


@dataclass(frozen=True)
class SyncPass:
    """A list pass of an archive's sync whose first page came.

    Attributes
    ----------
    first : Page
        The first page of the listing.
    low : int
        The earliest update to read, in milliseconds since 1970.
    high : int or None
        The latest update to read, in milliseconds since 1970; None for no bound.
    archived : int
        How many conversations the archive has.
    threads : int
        Of how many conversations on the first page the thread must be read.
    due : int
        How many archived conversations are to be read again.
    """

    first: Page
    low: int
    high: int | None
    archived: int
    threads: int
    due: int


class PullChecks:
    """Checks of pulls, each made before the pull goes on.

    Parameters
    ----------
    estimator : CostEstimator
        Asks what there is to pull.
    """

    def __init__(self, estimator: CostEstimator) -> None:
        self._estimator, self._client = estimator, estimator.client

    def before_conversations(
        self, asked: ConversationQuery, first: Page, refresh: bool
    ) -> Plan | None:
        """Plan a pull whose first page just came; None where it is surely short.

        Spends one request where that page cannot tell.

        Parameters
        ----------
        asked : ConversationQuery
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
        estimator = self._estimator
        rows = estimator.rows(asked, first)
        if rows.reach is not None and estimator.list_cost(asked, rows.reach) <= SHOWN:
            return None
        cached, whole = estimator.pages(asked).cached() if first.from_cache else (0, False)
        if whole:
            return None
        rows = estimator.probe(asked, first, rows, refresh, probes=1)
        self._check(math.ceil(rows.low / PAGE) - (cached or 1))  # page 1 is spent by now
        return estimator.list_plan(asked, first, rows, cached)

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
        if len(ids) * self._estimator.batches_per_thread <= room:
            return None
        plan = self._estimator.threads_plan(ids, refresh)
        self._check(plan.low)
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
        self._check(missing)
        return self._estimator.plan("conversations", (missing, missing, missing), why)

    def before_sync(self, began: SyncPass) -> Plan | None:
        """Plan a list pass of an archive's sync whose first page came; None where it is short.

        Each conversation costs its thread, unless the archive has its last message already.
        Where nothing says how many there are, a few pages are asked for by number: little,
        beside a request for each conversation. After a burst of updates they are seldom more
        than the archive has.

        Parameters
        ----------
        began : SyncPass
            The pass, as far as its first page shows it.

        Returns
        -------
        Plan or None
            The plan, or None.
        """
        times = update_times(began.first.records)
        if sum(at >= began.low for at in times) < PAGE:
            return None
        rows = extrapolate(times, began.low or None)
        batches = self._estimator.batches_per_thread
        if began.due >= PAGE:
            least = max(began.due, began.threads)
            listed, threads = max(began.due, rows.low), math.ceil(least * batches)
            basis = f"{count(began.due, 'archived conversation')} must be read again."
        else:
            if rows.guess is None:
                rows = self._probe_sync(began, rows)
            listed, share = rows.likely, began.threads / len(times)
            # (Where nothing is archived, every conversation costs its thread.)
            least = began.threads + (0 if began.archived else rows.low - len(times))
            threads = math.ceil(listed * share * batches)
            basis = f"{rows.basis} Of page 1, {count(began.threads, 'thread')} must be read."
        pages = max(2, math.ceil(rows.low / PAGE))  # a full page does not show the end
        likely = max(pages + least, list_requests(listed) + threads)
        return self._estimator.plan("sync", (pages + least, likely, None), basis)

    def _probe_sync(self, began: SyncPass, rows: Rows) -> Rows:
        """Ask by number how many conversations a pass will list."""
        asked = ConversationQuery(ConversationFilter(_timestamp(began.low), _timestamp(began.high)))
        beyond = began.archived // PAGE + 1 if began.archived else BEYOND
        near = {"within": 1.3, "pages": 1, "beyond": beyond}
        return self._estimator.probe(asked, began.first, rows, True, probes=8, **near)

    def _check(self, needed: int) -> None:
        self._client.quota.check_affordable(needed, today=not self._client.waits)


def _timestamp(milliseconds: int | None) -> pd.Timestamp | None:
    return pd.Timestamp(milliseconds, unit="ms", tz="UTC") if milliseconds else None
