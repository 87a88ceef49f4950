"""Every record of a website, whole: what tests hold a client's frames against."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy

from .records import Conversation, Record
from .state import Website
from .visitors import tokens


def truth(website: Website, table: str, *, history: bool = False) -> list[Record]:
    """Return the records of a table as they are now, or every version they ever had.

    Conversations come newest update first, messages by session, then `(timestamp,
    fingerprint)`. With `history`, former versions and removed records follow. All are
    copies: what a caller does to them changes nothing here.

    Parameters
    ----------
    website : Website
        The website.
    table : str
        The table's name.
    history : bool, default False
        Add former versions and removed records.

    Returns
    -------
    list[Record]
        The records, as copies.

    Raises
    ------
    ValueError
        There is no such table.
    """
    try:
        take = _TABLES[table]
    except KeyError:
        raise ValueError(f"table is one of {', '.join(_TABLES)}, not {table!r}") from None
    rows = take(website)
    if history:
        rows += _HISTORIES[table](website) if table in _HISTORIES else []
    return rows


def _row(website: Website, one: Conversation) -> Record:
    """Return a record: a fresh one where it is seeded, else a copy."""
    row = website.record(one)
    return row if one.row is None else deepcopy(row)


def _thread(website: Website, one: Conversation) -> list[Record]:
    rows = website.messages(one)
    return rows if one.thread is None else deepcopy(rows)


def _conversations(website: Website) -> list[Record]:
    return [_row(website, website.conversations[session_id]) for _, session_id in website.order]


def _messages(website: Website) -> list[Record]:
    ordered = (one for _, one in sorted(website.conversations.items()))
    return [row for one in ordered for row in _thread(website, one)]


def _former_conversations(website: Website) -> list[Record]:
    everyone = [*website.conversations.values(), *website.removed]
    former = [json.loads(version) for one in everyone for version in one.versions]
    return former + [_row(website, one) for one in website.removed]


def _former_messages(website: Website) -> list[Record]:
    removed = [row for one in website.removed for row in _thread(website, one)]
    return deepcopy(website.message_versions) + removed


_TABLES: dict[str, Callable[[Website], list[Record]]] = {
    "conversations": _conversations,
    "messages": _messages,
    "people": lambda website: deepcopy(list(website.people.values())),
    "operators": lambda website: deepcopy(website.operators),
    "inboxes": lambda website: deepcopy(list(website.table("inboxes").values())),
    "campaigns": lambda website: deepcopy(list(website.table("campaigns").values())),
    "visitors": tokens,
    "dispatched": lambda website: deepcopy(website.dispatched),
}
_HISTORIES = {"conversations": _former_conversations, "messages": _former_messages}
