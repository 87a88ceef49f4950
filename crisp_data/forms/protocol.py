"""The workspace as forms see it: its own class stands in a row below, so they cannot import it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Protocol

import pandas as pd

from crisp_data.outbox import Outbox, Receipt
from crisp_data.quota.budget import Budget
from crisp_data.quota.ledger import Ledger
from crisp_data.rest.client import Client
from crisp_data.rest.cost_plans import CostPlans


class Workspace(Protocol):
    """What forms use of :class:`crisp_data.Workspace`, which documents all of it."""

    client: Client
    website_id: str
    name: str
    tz: str
    plan: CostPlans

    @property
    def quota(self) -> Ledger:
        """The day's ledger."""

    @property
    def outbox(self) -> Outbox:
        """The messages sent and to be sent."""

    def budget(self, requests: int) -> AbstractContextManager[Budget]:
        """Bound and count what is spent."""

    def conversations(self, *args: Any, **options: Any) -> pd.DataFrame:
        """Pull conversations."""

    def messages(self, conversations: Any) -> pd.DataFrame:
        """Pull threads."""

    def people(self, *args: Any, **options: Any) -> pd.DataFrame:
        """Pull profiles."""

    def operators(self) -> pd.DataFrame:
        """Pull operators."""

    def inboxes(self) -> pd.DataFrame:
        """Pull inboxes."""

    def send(self, session_id: str, message: Any) -> Receipt:
        """Send one message, exactly once."""

    def send_many(self, *args: Any, **options: Any) -> pd.DataFrame:
        """Show or send one message a row."""
