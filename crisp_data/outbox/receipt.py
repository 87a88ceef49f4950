"""The receipt of a message that was sent."""

from __future__ import annotations

import html
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, repr=False)
class Receipt:
    """Which message went where. It tells no text.

    Attributes
    ----------
    fingerprint : int
        The message's number, by which it is found again, edited or deleted.
    session_id : str
        The conversation.
    state : str
        "sent".
    sent_at : Timestamp or None
        When, in the zone of the workspace.
    website : str
        The website's name; its id where the token may not read the name.

    Examples
    --------
    >>> session_id = ws.conversations(limit=1)["session_id"][0]
    >>> ws.send(session_id, "Thank you!")
    sent to session_... at Acme, 2026-11-02 09:00 UTC, fingerprint ...
    """

    fingerprint: int
    session_id: str
    state: str
    sent_at: pd.Timestamp | None
    website: str

    def __repr__(self) -> str:
        when = f", {self.sent_at:%Y-%m-%d %H:%M %Z}" if self.sent_at is not None else ""
        where = f"{self.session_id} at {self.website}"
        return f"{self.state} to {where}{when}, fingerprint {self.fingerprint}"

    def _repr_html_(self) -> str:
        return f"<div>{html.escape(repr(self))}</div>"
