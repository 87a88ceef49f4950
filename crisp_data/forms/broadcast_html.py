"""Pieces of HTML and text of the form that writes to many."""

from __future__ import annotations

import pandas as pd

from crisp_data.forms import html
from crisp_data.forms.protocol import Workspace
from crisp_data.plurals import count

#: What to do about messages that were not sent.
REST = (
    "Unsent messages are in ws.outbox. The same message or batch name sends only those that "
    "were not sent."
)


def question(ws: Workspace, recipients: int) -> str:
    """Say what a typed number confirms: where, which website, how many."""
    if not ws.client.writes:
        return (
            "<p>This connection only reads. To send, connect with "
            "<code>connect(writes=True)</code>.</p>"
        )
    where = html.service(ws).upper()
    name = html.escape(ws.name or ws.website_id)
    return (
        f"<p><strong>{where}, {name}:</strong> {count(recipients, 'customer')} will get this "
        f"message. Type <strong>{recipients}</strong> to confirm.</p>"
    )


def card(title: str, words: str, message: bool = False) -> str:
    """Draw a preview; customers' words and the template's are escaped here.

    Parameters
    ----------
    title : str
        The title.
    words : str
        The message, or why there is none.
    message : bool, default False
        Whether it is the message.

    Returns
    -------
    str
        HTML.
    """
    kind = "crisp-bubble" if message else "crisp-soft"
    return (
        f"<div class='crisp-card'><p><strong>{html.escape(title)}</strong></p>"
        f"<div class='{kind}'>{html.escape(words)}</div></div>"
    )


def tally(result: pd.DataFrame) -> str:
    """Count a result's states, such as "38 sent, 2 failed, 3 left out"."""
    counts = result["state"].value_counts()
    states = ["sent", "failed", "unknown", "sending", "queued"]
    found = [f"{counts[state]:,} {state}" for state in states if counts.get(state)]
    left = int(result["state"].isna().sum())
    return ", ".join([*found, *([f"{left:,} left out"] if left else [])]) or "nothing"
