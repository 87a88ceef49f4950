"""What is checked and shown before a pull goes on: what it costs, and whether it can be paid."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from crisp_data.api.envelope import Page
from crisp_data.filters import ConversationFilter, ConversationQuery
from crisp_data.plurals import count
from crisp_data.quota.estimate import PAGE, SHOWN, Plan, Rows, extrapolate, list_requests
from crisp_data.rest.cost_estimator import CostEstimator, update_times


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
        if rows.high is not None and estimator.list_cost(asked, rows.high) <= SHOWN:
            return None
        cached, whole = estimator.pages(asked).cached() if first.from_cache else (0, False)
        if whole:
            return None
        rows = estimator.probe(asked, first, rows, refresh, probes=1)
        self._check(math.ceil(rows.sure / PAGE) - (cached or 1))  # page 1 is spent by now
        return estimator.list_plan(asked, rows, cached)

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

    def before_sync(self, first: Page, low: int, high: int | None, due: int) -> Plan | None:
        """Plan a list pass of an archive's sync whose first page came; None where it is short.

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
        times = update_times(first.records)
        if sum(at >= low for at in times) < PAGE:
            return None
        rows = extrapolate(times, low or None)
        if due >= PAGE:
            basis = f"{count(due, 'archived conversation')} must be read again."
            rows = Rows(due, None, due, None, due, basis)
        elif rows.high is None:
            asked = ConversationQuery(ConversationFilter(_timestamp(low), _timestamp(high)))
            rows = self._estimator.probe(asked, first, rows, True, probes=8, within=1.3, pages=1)
        threads = math.ceil(rows.likely * self._estimator.batches_per_thread)
        likely = list_requests(rows.likely) + threads
        basis = f"{rows.basis} Each costs at least one request for its thread."
        low = min(math.ceil(rows.low / PAGE) + rows.low, likely)
        return self._estimator.plan("sync", (low, likely, None), basis)

    def _check(self, needed: int) -> None:
        self._client.quota.check_affordable(needed, today=not self._client.waits)


def _timestamp(milliseconds: int | None) -> pd.Timestamp | None:
    return pd.Timestamp(milliseconds, unit="ms", tz="UTC") if milliseconds else None
