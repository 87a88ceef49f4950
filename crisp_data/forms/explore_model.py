"""A query, its cost, and the pull, without a widget."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from crisp_data import dates
from crisp_data.errors import BadParameter, CrispError, CrispWarning
from crisp_data.forms.operator_names import operator_names
from crisp_data.forms.protocol import Workspace
from crisp_data.forms.request_counter import RequestCounter
from crisp_data.quota.estimate import Plan


@dataclass(frozen=True)
class Query:
    """Which rows to pull; each field as :meth:`crisp_data.Workspace.conversations` has it.

    Examples
    --------
    >>> Query(since="2026-10-01", state="resolved").code
    "conversations = ws.conversations(since='2026-10-01', state='resolved')"
    """

    table: str = "conversations"
    since: str | None = None
    until: str | None = None
    state: str | None = None
    segment: str | None = None
    assigned: str | bool | None = None
    inbox: str | None = None
    search: str | None = None
    limit: int | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """What differs from the default, for the table's own method."""
        names = [field.name for field in fields(self)][1:]
        if self.table == "people":
            names = ["since", "until", "search", "limit"]
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value not in (None, "")}

    @property
    def code(self) -> str:
        """The line of Python that pulls the same."""
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.table} = ws.{self.table}({arguments})"

    def with_fixed_times(self, ws: Workspace) -> Query:
        """Write "7 days ago" as a moment: price, pull and code then mean the same rows.

        Otherwise each would mean another period, and find nothing of the other in the cache.

        Raises
        ------
        BadParameter
            Not a moment.
        """
        now = datetime.fromtimestamp(ws.client.now(), UTC)
        changed: dict[str, Any] = {}
        for name in ("since", "until"):
            text = getattr(self, name)
            if text and text.strip().lower().endswith("ago"):
                at = dates.moment(text, name, tz=ws.tz, now=now)
                changed[name] = f"{at:%Y-%m-%d %H:%MZ}"
        return replace(self, **changed)


class ExploreModel:
    """Queries to a workspace, each priced before it is pulled.

    Attributes
    ----------
    query : Query
        What was priced last.
    result : DataFrame or None
        What was pulled last.
    conversations : DataFrame or None
        The conversations pulled last, whose messages may be pulled.
    partial : DataFrame or None
        What a pull had when it was stopped or ended by an error.
    warning_texts : list of str
        What the last pull's result cannot say itself.
    spending : Spending
        What the running or last pull spent; its ``stop`` ends it.

    Examples
    --------
    >>> explorer = ExploreModel(ws)
    >>> explorer.price(Query(limit=20)).requests
    0
    >>> len(explorer.pull())
    20
    >>> explorer.price_messages().low
    20
    """

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.query, self.plan = Query(), None
        self.result = self.conversations = self.partial = None
        self.code = self._conversations_code = self.query.code
        self.warning_texts: list[str] = []
        self.spending = RequestCounter(ws)

    query: Query
    plan: Plan | None
    result: pd.DataFrame | None
    conversations: pd.DataFrame | None
    partial: pd.DataFrame | None

    def price(self, query: Query) -> Plan:
        """Find out what a query costs and, as far as Crisp shows it, how many rows it has.

        Spends as :class:`~crisp_data.rest.cost_plans.CostPlans` says: page 1, which the pull
        finds in the cache, and a few more for a long list.
        """
        query = query.with_fixed_times(self.ws)
        self.plan = None
        plans = {"conversations": self.ws.plan.conversations, "people": self.ws.plan.people}
        with self.spending.counted():
            plan = plans[query.table](**query.arguments)
        self.query, self.plan, self.code = query, plan, query.code
        return plan

    def pull(self) -> pd.DataFrame:
        """Pull what was priced."""
        pulls = {"conversations": self.ws.conversations, "people": self.ws.people}
        self.result = self._pull(lambda: pulls[self.query.table](**self.query.arguments))
        self.code = self.query.code
        if self.query.table == "conversations":
            self.conversations, self._conversations_code = self.result, self.code
        return self.result

    def price_messages(self) -> Plan:
        """Say what the threads of the pulled conversations cost; spends nothing."""
        return self.ws.plan.messages(self._conversations_pulled())

    def pull_messages(self) -> pd.DataFrame:
        """Pull the threads of the pulled conversations."""
        chosen = self._conversations_pulled()
        self.result = self._pull(lambda: self.ws.messages(chosen))
        self.code = f"{self._conversations_code}\nmessages = ws.messages(conversations)"
        return self.result

    def names(self, load: bool = False) -> dict[str, dict[str, str]]:
        """List operators and inboxes by name; without ``load`` only what the cache knows.

        At most three requests, cached for an hour: the list of inboxes takes two pages to end.
        """
        found = {"operators": operator_names(self.ws, load), "inboxes": {}}
        pages = self.ws.client.pages("list_inboxes", website_id=self.ws.website_id)
        if load or pages.cached()[1]:
            for row in self.ws.inboxes().itertuples():
                found["inboxes"][str(row.inbox_id)] = str(row.name)
        return found

    def _conversations_pulled(self) -> pd.DataFrame:
        if self.conversations is None:
            raise BadParameter("No conversations were pulled.", "Pull some; then their messages.")
        return self.conversations

    def _pull(self, pull: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        self.result = self.partial = None
        try:
            with self._recorded_warnings(), self.spending.counted():
                return pull()
        except CrispError as error:
            self.partial = error.partial
            raise

    @contextmanager
    def _recorded_warnings(self) -> Iterator[None]:
        """Record what a pull warns of, for a form has no stderr; other warnings go their way."""
        self.warning_texts = []
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", CrispWarning)
            try:
                yield
            finally:
                crisp = [one for one in caught if issubclass(one.category, CrispWarning)]
                self.warning_texts = [str(one.message) for one in crisp]
                others = [one for one in caught if one not in crisp]
        for one in others:
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
