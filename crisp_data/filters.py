"""Which conversations are asked for: what Crisp filters, and what is filtered here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from crisp_data.arguments import check_count, check_id, check_text, check_word

State = Literal["pending", "unresolved", "resolved"]
STATES = ("pending", "unresolved", "resolved")

#: What Crisp is asked for every inbox, and for what its automation holds (*observed* in
#: integrations of 2026; what a list shows without a word is unknown).
ALL_INBOXES = "all"
_HELD_BY_AGENT = "_internal:agent"
#: What may be asked for beside an inbox's id.
INBOX_WORDS = ("all", "main", "agent")
_MILLISECOND = pd.Timedelta(milliseconds=1)


def has(lists: pd.Series[Any], name: str) -> pd.Series[Any]:
    """Tell which lists hold a name."""
    return lists.map(lambda found: name in found, na_action="ignore")


def where(frame: pd.DataFrame, checks: list[Any]) -> pd.DataFrame:
    """Select the rows that every check affirms; an unknown value affirms nothing."""
    wanted = pd.Series(True, index=frame.index)
    for check in checks:
        if check is not None:
            wanted &= check.astype("boolean").fillna(False).astype(bool)
    return frame[wanted].reset_index(drop=True)


@dataclass(frozen=True)
class ConversationFilter:
    """Which conversations are asked for, whoever stores them.

    Raises
    ------
    BadParameter
        An unknown state, or something that is no text where one is needed.
    """

    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    state: str | None = None
    segment: str | None = None
    assigned: str | bool | None = None
    inbox: str | None = None

    def __post_init__(self) -> None:
        check_word("state", self.state, STATES)
        check_text("segment", self.segment)
        if not (isinstance(self.inbox, str) and self.inbox in INBOX_WORDS):
            hint = "Pass an inbox_id from ws.inboxes(), or one of the words all, main and agent."
            check_id("inbox", self.inbox, hint)
        if self.assigned is not False:
            hint = (
                "Pass an operator's user_id from ws.operators(), or False for unassigned "
                "conversations."
            )
            check_id("assigned", self.assigned, hint)

    @property
    def columns(self) -> list[str]:
        """What must be known of a conversation to tell."""
        needed = {
            "updated_at": self.start is not None or self.end is not None,
            "state": self.state,
            "segments": self.segment,
            "assigned_user_id": self.assigned is not None,
            "inbox_id": self._inbox_checked,
        }
        return [name for name, asked in needed.items() if asked]

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Select the rows that are wanted."""
        checks = [
            frame["updated_at"] >= self.start if self.start is not None else None,
            frame["updated_at"] <= self.end if self.end is not None else None,
            frame["state"] == self.state if self.state else None,
            has(frame["segments"], self.segment) if self.segment else None,
            frame["assigned_user_id"] == self.assigned if isinstance(self.assigned, str) else None,
            frame["assigned_user_id"].isna() if self.assigned is False else None,
            frame["inbox_id"].isna() if self.inbox == "main" else None,
            frame["inbox_id"] == self.inbox if self._inbox_checked not in (None, "main") else None,
        ]
        return where(frame, checks)

    @property
    def _inbox_checked(self) -> str | None:
        """What a row's own inbox is held against; no row says whether the automation holds it."""
        return None if self.inbox in ("all", "agent") else self.inbox


@dataclass(frozen=True)
class ConversationQuery:
    """What a pull of conversations asks Crisp for; it may be more than what is wanted."""

    wanted: ConversationFilter
    search: str | None = None
    include_empty: bool = False
    limit: int | None = None

    def __post_init__(self) -> None:
        check_text("search", self.search)
        object.__setattr__(self, "limit", check_count("limit", self.limit))

    @property
    def query(self) -> dict[str, Any]:
        """What Crisp filters by: the period, resolved or not, assignment, inbox, one search."""
        wanted = self.wanted
        return {
            **bounds(wanted.start, wanted.end),
            "filter_resolved": 1 if wanted.state == "resolved" else None,
            "filter_not_resolved": 1 if wanted.state in ("pending", "unresolved") else None,
            "filter_assigned": wanted.assigned or None,
            "filter_unassigned": 1 if wanted.assigned is False else None,
            "filter_inbox_id": self._inbox,
            "include_empty": 1 if self.include_empty else None,
            "search_query": self.search or wanted.segment,
            "search_type": "text" if self.search else "segment" if wanted.segment else None,
        }

    @property
    def _inbox(self) -> str:
        """What Crisp is asked: no word for the main inbox is known, so all are asked for."""
        inbox = self.wanted.inbox
        if inbox is None or inbox == "main":
            return ALL_INBOXES
        return _HELD_BY_AGENT if inbox == "agent" else inbox

    @property
    def filtered_here(self) -> bool:
        """Whether Crisp sends rows that are not wanted, so that a limit may ask for more."""
        both = bool(self.search and self.wanted.segment)
        state = self.wanted.state in ("pending", "unresolved")
        return both or state or self.wanted.inbox == "main"


def bounds(start: pd.Timestamp | None, end: pd.Timestamp | None) -> dict[str, Any]:
    """Widen a period by a millisecond each way: whether Crisp includes its ends is unknown."""
    return {
        "filter_date_start": None if start is None else start - _MILLISECOND,
        "filter_date_end": None if end is None else end + _MILLISECOND,
    }
