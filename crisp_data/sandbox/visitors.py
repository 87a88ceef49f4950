"""Visitors: whose conversation says that they are on the website now."""

from __future__ import annotations

from .profiles import visitor
from .records import Record
from .rng import salt_of, uuid_at
from .state import Website


def visitors(website: Website) -> list[Record]:
    """Return who is on the website."""
    rows = []
    for _, session_id in website.order:
        one = website.conversations[session_id]
        if one.number >= 0 and website.record(one)["active"]["now"]:
            customer = website.scene.customer(website.plan(one.number).customer)
            rows.append(visitor(customer, session_id, salt_of(session_id) % 2 == 0))
    return rows


def tokens(website: Website) -> list[Record]:
    """Return the token that the browser of each visitor of a conversation holds."""
    return [
        {"session_id": session_id, "token_id": uuid_at(salt_of(session_id), 7)}
        for session_id in website.conversations
    ]
