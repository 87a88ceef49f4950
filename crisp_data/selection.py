"""What an analyst asks for, checked before a request; what a frame keeps of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from crisp_data.errors import BadParameter

STATES = ("pending", "unresolved", "resolved")


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
class Wanted:
    """Which conversations are asked for, whoever keeps them.

    Raises
    ------
    BadParameter
        An unknown state.
    """

    start: pd.Timestamp | None = None
    end: pd.Timestamp | None = None
    state: str | None = None
    segment: str | None = None
    assigned: str | bool | None = None
    inbox: str | None = None

    def __post_init__(self) -> None:
        check_word("state", self.state, STATES)

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


def check_word(name: str, value: Any, words: tuple[str, ...]) -> None:
    """Refuse a word that is not one of those known; None is not given."""
    if value is not None and value not in words:
        raise BadParameter(f"{name}={value!r} is not known.", f"Use one of: {', '.join(words)}.")


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
    ids = [conversations] if isinstance(conversations, str) else list(conversations)
    if not all(isinstance(one, str) and one.startswith("session_") for one in ids):
        raise BadParameter("Something given is not a session_id.", "They look like 'session_...'.")
    return list(dict.fromkeys(ids))
