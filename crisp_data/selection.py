"""What an analyst asks for, checked before a request; what a frame keeps of it afterwards."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crisp_data.errors import BadParameter


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
