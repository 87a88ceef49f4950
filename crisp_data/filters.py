"""What an analyst asks for, checked before a request; what a frame keeps of it afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from crisp_data.errors import BadParameter

State = Literal["pending", "unresolved", "resolved"]
STATES = ("pending", "unresolved", "resolved")
#: How Crisp numbers websites, operators and inboxes: a name is none of these.
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MILLISECOND = pd.Timedelta(milliseconds=1)


def has(lists: pd.Series[Any], name: str) -> pd.Series[Any]:
    """Tell which lists hold a name."""
    return lists.map(lambda found: name in found, na_action="ignore")


def where(frame: pd.DataFrame, checks: list[Any]) -> pd.DataFrame:
    """Keep the rows that every check affirms; an unknown value affirms nothing."""
    keep = pd.Series(True, index=frame.index)
    for check in checks:
        if check is not None:
            keep &= check.astype("boolean").fillna(False).astype(bool)
    return frame[keep].reset_index(drop=True)


@dataclass(frozen=True)
class ConversationFilter:
    """Which conversations are asked for, whoever keeps them.

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
        _check_id("inbox", self.inbox, "It is an inbox_id, as in ws.inboxes().")
        if self.assigned is not False:
            hint = "It is an operator's user_id, as in ws.operators(), or False for nobody."
            _check_id("assigned", self.assigned, hint)

    @property
    def columns(self) -> list[str]:
        """What must be known of a conversation to tell."""
        needed = {
            "updated_at": self.start is not None or self.end is not None,
            "state": self.state,
            "segments": self.segment,
            "assigned_user_id": self.assigned is not None,
            "inbox_id": self.inbox,
        }
        return [name for name, asked in needed.items() if asked]

    def of(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Keep the rows that are wanted."""
        checks = [
            frame["updated_at"] >= self.start if self.start is not None else None,
            frame["updated_at"] <= self.end if self.end is not None else None,
            frame["state"] == self.state if self.state else None,
            has(frame["segments"], self.segment) if self.segment else None,
            frame["assigned_user_id"] == self.assigned if isinstance(self.assigned, str) else None,
            frame["assigned_user_id"].isna() if self.assigned is False else None,
            frame["inbox_id"] == self.inbox if self.inbox else None,
        ]
        return where(frame, checks)


@dataclass(frozen=True)
class ConversationQuery:
    """What a pull of conversations asks Crisp for; it may be more than what is wanted."""

    wanted: ConversationFilter
    search: str | None = None
    include_empty: bool = False
    limit: int | None = None

    def __post_init__(self) -> None:
        check_text("search", self.search)
        check_count("limit", self.limit)

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
            "filter_inbox_id": wanted.inbox,
            "include_empty": 1 if self.include_empty else None,
            "search_query": self.search or wanted.segment,
            "search_type": "text" if self.search else "segment" if wanted.segment else None,
        }

    @property
    def filtered_here(self) -> bool:
        """Whether Crisp sends rows that are not wanted, so that a limit may ask for more."""
        both = bool(self.search and self.wanted.segment)
        return both or self.wanted.state in ("pending", "unresolved")


def bounds(start: pd.Timestamp | None, end: pd.Timestamp | None) -> dict[str, Any]:
    """Widen a period by a millisecond each way: whether Crisp includes its ends is unknown."""
    return {
        "filter_date_start": None if start is None else start - _MILLISECOND,
        "filter_date_end": None if end is None else end + _MILLISECOND,
    }


def check_word(name: str, value: Any, words: tuple[str, ...]) -> None:
    """Refuse a word that is not one of those known; None is not given."""
    if value is not None and value not in words:
        raise BadParameter(f"{name}={value!r} is not known.", f"Use one of: {', '.join(words)}.")


def check_text(name: str, value: Any, hint: str = "") -> None:
    """Refuse what is not one text, such as a list of them; None is not given."""
    if value is not None and not isinstance(value, str):
        raise BadParameter(f"{name} must be one text, not a {type(value).__name__}.", hint)


def _check_id(name: str, value: Any, hint: str) -> None:
    check_text(name, value, hint)
    if value and not UUID.fullmatch(value):
        raise BadParameter(f"{name} is given a name, not an id: nothing would match it.", hint)


def check_count(name: str, value: Any) -> None:
    """Refuse what is not a whole number from 1; None is not given."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise BadParameter(f"{name} must be a whole number, at least 1.")


def session_ids(conversations: Any) -> list[str]:
    """Read session ids from whatever an analyst has at hand; each once, in order."""
    if isinstance(conversations, pd.DataFrame):
        if "session_id" not in conversations:
            raise BadParameter(
                "The frame has no column session_id.", "Pass what ws.conversations() returned."
            )
        conversations = conversations["session_id"]
    elif isinstance(conversations, str) or not isinstance(conversations, Iterable):
        conversations = [conversations]
    ids = list(conversations)
    if not all(isinstance(one, str) and one.startswith("session_") for one in ids):
        raise BadParameter("Something given is not a session_id.", "They look like 'session_...'.")
    return list(dict.fromkeys(ids))


def session_id(one: Any) -> str:
    """Check one session id."""
    return session_ids([one])[0]
