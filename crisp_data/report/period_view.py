"""What one period looks like from its end; every figure is one of :mod:`crisp_data.metrics`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from crisp_data import metrics
from crisp_data.metrics import BusinessHours
from crisp_data.metrics.frame_checks import NO_MESSAGES
from crisp_data.report.periods import Period


@dataclass(frozen=True, eq=False)
class PeriodView:
    """One period of a workspace, looked at from its end.

    What came later is not seen, so that the same period has the same figures whenever it is
    looked at, and two periods are compared on equal terms.

    Attributes
    ----------
    period : Period
    conversations, messages : DataFrame
        All that were updated since its beginning, or more; threads whole.
    hours, bots
        As in :func:`crisp_data.metrics.responses`.
    """

    period: Period
    conversations: pd.DataFrame
    messages: pd.DataFrame
    hours: BusinessHours | None = None
    bots: Iterable[str] = ()

    @cached_property
    def created(self) -> pd.DataFrame:
        """The conversations that began in it."""
        return self._within(self.conversations, "created_at")

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The rows of all kinds that were written in it."""
        return self._within(self.messages, "timestamp")

    @cached_property
    def written(self) -> pd.DataFrame:
        """The messages that were written in it: neither notes nor events."""
        return self.rows[~self.rows["type"].isin(NO_MESSAGES)]

    @cached_property
    def customers(self) -> int:
        """How many people wrote in it; a conversation that names nobody is somebody's."""
        theirs = self.written.loc[self.written["from"] == "user", "session_id"]
        known = self.conversations.drop_duplicates("session_id").set_index("session_id")
        people = theirs.map(known["people_id"].astype("str"))
        return int(people.fillna(theirs).nunique())

    @cached_property
    def answers(self) -> pd.DataFrame:
        """The first questions of tickets that were asked in it."""
        return self._within(metrics.first_response(self.messages, **self._timed), "asked_at")

    @cached_property
    def resolutions(self) -> pd.DataFrame:
        """The tickets that were opened in it, and how long they took or last."""
        return self._within(metrics.resolution(self.messages, **self._timed), "asked_at")

    @cached_property
    def reopenings(self) -> pd.DataFrame:
        """The tickets that customers opened again in it."""
        found = metrics.reopenings(self.messages, hours=self.hours, now=self.period.last)
        return self._within(found, "reopened_at")

    @cached_property
    def resolved(self) -> pd.DataFrame:
        """The tickets that were resolved in it."""
        return self._within(metrics.tickets(self.messages, **self._options), "resolved_at")

    @cached_property
    def touches(self) -> pd.DataFrame:
        """Of these, in which customers wrote, whether one touch was enough."""
        once = metrics.one_touch(self.messages, **self._options)
        return once.merge(self.resolved[["session_id", "ticket"]], on=["session_id", "ticket"])

    @cached_property
    def waiting(self) -> pd.DataFrame:
        """The questions that were asked in it and had no answer at its end."""
        found = metrics.waiting(self.messages, **self._timed)
        return self._within(found, "waiting_since")

    @cached_property
    def operators(self) -> pd.DataFrame:
        """What each operator did in it."""
        return metrics.by_operator(self.messages, since=self.period.start, **self._timed)

    @cached_property
    def masked(self) -> Any:
        """The share of its texts that Crisp has masked; missing where there are none."""
        return metrics.masked(self.rows).mean()

    @property
    def _options(self) -> dict[str, Any]:
        return {"bots": self.bots, "now": self.period.last}

    @property
    def _timed(self) -> dict[str, Any]:
        return {**self._options, "hours": self.hours}

    def _within(self, frame: pd.DataFrame, column: str) -> pd.DataFrame:
        return frame[self.period.holds(frame[column])].reset_index(drop=True)
