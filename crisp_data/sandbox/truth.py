"""Every record of a website, whole: what tests hold a client's frames against."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .records import Conversation, Record
from .state import Website


def truth(website: Website, table: str, *, history: bool = False) -> list[Record]:
    """Return the records of a table as they are now, or every version they ever had.

    Conversations come newest update first, messages by session, then `(timestamp,
    fingerprint)`. With `history`, former versions and removed records are there too.
    """
    try:
        take = _TABLES[table]
    except KeyError:
        raise ValueError(f"table is one of {', '.join(_TABLES)}, not {table!r}") from None
    rows: list[Any] = take(website)
    if history and table == "conversations":
        rows += _versions(website)
    if history and table == "messages":
        rows += website.message_versions
        rows += [row for one in website.removed for row in website.messages(one)]
    # A copy by JSON, so that what a caller does to it changes nothing here.
    copied: list[Record] = json.loads(json.dumps(rows))
    return copied


def _conversations(website: Website) -> list[Record]:
    return [website.record(website.conversations[session_id]) for _, session_id in website.order]


def _messages(website: Website) -> list[Record]:
    ordered = (one for _, one in sorted(website.conversations.items()))
    return [row for one in ordered for row in website.messages(one)]


def _versions(website: Website) -> list[Record]:
    everyone: list[Conversation] = [*website.conversations.values(), *website.removed]
    former = [json.loads(version) for one in everyone for version in one.versions]
    return former + [website.record(one) for one in website.removed]


_TABLES: dict[str, Callable[[Website], list[Record]]] = {
    "conversations": _conversations,
    "messages": _messages,
    "people": lambda website: list(website.people.values()),
    "operators": lambda website: list(website.operators),
    "inboxes": lambda website: list(website.inboxes.values()),
    "campaigns": lambda website: list(website.campaigns.values()),
}
