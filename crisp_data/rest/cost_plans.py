"""The price of a pull before it starts: ``ws.plan.conversations(...)`` and the like."""

from __future__ import annotations

import math
from contextlib import closing
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Any

import pandas as pd

from crisp_data import arguments, dates, filters
from crisp_data.filters import State
from crisp_data.quota.estimate import PAGE, Plan, extrapolate
from crisp_data.rest.cost_estimator import CostEstimator


class CostPlans:
    """What pulls would cost: ``ws.plan.conversations(...)``, ``ws.plan.messages(...)``.

    Parameters
    ----------
    estimator : CostEstimator
        Asks what there is to pull.
    tz : str, default "UTC"
        The zone of moments without one.

    Examples
    --------
    >>> ws.plan.conversations(since="30 days ago").days
    1
    """

    def __init__(self, estimator: CostEstimator, tz: str = "UTC") -> None:
        self._estimator, self._tz = estimator, tz

    def __repr__(self) -> str:
        return (
            "<CostPlans: conversations(...), messages(...) and people(...) show what a pull costs>"
        )

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
        tz: str | tzinfo | None = None,
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
        tz : str or tzinfo, optional
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
        Only where there may be more than about 100 pages, or nothing says how many (as where
        the updates on page 1 cover but a small part of the period, after a burst), some pages
        are asked for by number, to see whether the list reaches that far: page 97 and
        each time four times further until one is empty, then between. That is three requests
        for a list of some hundred, seven for a million. All is cached for an hour.

        Examples
        --------
        >>> plan = ws.plan.conversations(limit=100)
        >>> spent = ws.quota.used
        >>> conversations = ws.conversations(limit=100)
        >>> plan.low <= ws.quota.used - spent <= plan.high
        True
        """
        window = self._window(since, until, tz)
        wanted = filters.ConversationFilter(*window, state, segment, assigned, inbox)
        asked = filters.ConversationQuery(wanted, search, include_empty, limit)
        with closing(self._estimator.pages(asked, refresh)) as pages:
            first = next(pages)
        cached, whole = (0, False) if refresh else pages.cached()
        # (What is filtered here is pulled further and further, and each time looked at anew.)
        if whole and not (asked.filtered_here and limit):
            return self._estimator.plan("conversations", (0, 0, 0), _WHOLE)
        rows = self._estimator.probe(asked, first, self._estimator.rows(asked, first), refresh)
        return self._estimator.list_plan(asked, first, rows, cached)

    def messages(self, conversations: Any, *, refresh: bool = False) -> Plan:
        """Plan ``ws.messages`` with the same arguments; spends nothing.

        A thread that is not wholly in the cache costs one request at least, and one more for
        every further batch, of which Crisp does not say how many there are. Expected are as many
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
        return self._estimator.threads_plan(arguments.session_ids(conversations), refresh)

    def people(
        self,
        since: Any = None,
        until: Any = None,
        *,
        search: str | None = None,
        limit: int | None = None,
        tz: str | tzinfo | None = None,
        refresh: bool = False,
    ) -> Plan:
        """Plan ``ws.people`` with the same arguments.

        Spends page 1. The pull finds it in the cache where it is all that is wanted, and asks
        for it again else: a list by page number is not put together from different times. How
        many pages follow a full one Crisp does not say, and profiles come in no order to guess
        from.

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
        tz : str or tzinfo, optional
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
        window = self._window(since, until, tz)
        limit = arguments.check_count("limit", limit)
        arguments.check_text("search", search)
        pages = partial(
            self._estimator.client.pages,
            "list_people_profiles",
            website_id=self._estimator.website_id,
            rows=limit,
            search_text=search,
            **filters.bounds(*window),
        )
        with closing(pages(refresh=refresh)) as taken:
            count = next(taken).count
        rows = extrapolate([0] * count, None).up_to(limit).at_most(limit)
        if not refresh and taken.cached()[1]:
            return self._estimator.plan("people", (0, 0, 0), _WHOLE, rows)
        # Page 1 again, for a list by number is read in one go.
        low = 1 if count == 0 or (limit is not None and limit <= count) else 2
        likely, high = low, None
        if low == 1 or count < PAGE:  # page 2 shows the end
            high = low
        elif limit is not None:
            likely, high = math.ceil(limit / PAGE), math.ceil((limit - 1) / PAGE) + 2
        return self._estimator.plan("people", (low, likely, high), rows.basis, rows)

    def _window(
        self, since: Any, until: Any, tz: str | tzinfo | None
    ) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
        now = datetime.fromtimestamp(self._estimator.client.now(), UTC)
        zone = self._tz if tz is None else dates.check_tz(tz)
        return dates.window(since, until, tz=zone, now=now)


_WHOLE = "The cache holds the whole list."
