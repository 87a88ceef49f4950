"""What writes have in common, whether they come by HTTP, in a batch or from churn."""

from __future__ import annotations

from typing import Any

from . import profiles
from .records import Conversation, Record
from .rng import salt_of, uuid4
from .state import Website

_TAKEN_OVER = ("mentions", "references", "original", "properties", "translated", "automated")


def new_message(website: Website, conversation: Conversation, body: Record) -> Record:
    """Return the message of a valid body; fingerprint and time are the caller's where given.

    Parameters
    ----------
    website : Website
        The website.
    conversation : Conversation
        The conversation.
    body : Record
        The body of the request, valid.

    Returns
    -------
    Record
        The message's record.
    """
    fingerprint = body.get("fingerprint")
    timestamp = body.get("timestamp")
    row: Record = {
        "session_id": conversation.session_id,
        "website_id": website.id,
        "type": body["type"],
        "from": body["from"],
        "origin": body["origin"],
        "content": body["content"],
        "preview": [],
        "mentions": [],
        "read": "",
        "delivered": "",
        "edited": False,
        "translated": False,
        "automated": False,
        "stamped": True,
        "fingerprint": website.rng.randrange(10**15) if fingerprint is None else fingerprint,
        "timestamp": website.clock.now + 1 if timestamp is None else timestamp,
        "user": body.get("user") or _author(website, conversation, body["from"]),
    }
    row |= {name: body[name] for name in _TAKEN_OVER if name in body}
    if "content" in body.get("original", {}):  # what is sent whole is read by its identifier
        original_id = uuid4(website.rng)
        website.table("originals", conversation.session_id)[original_id] = body["original"]
        row["original"] = {"original_id": original_id}
    return row


def _author(website: Website, conversation: Conversation, side: str) -> Record:
    """Name the author where the body names none: the visitor, or the website itself."""
    if side == "user":
        nickname = website.record(conversation)["meta"].get("nickname")
        return {"user_id": conversation.session_id, "nickname": nickname}
    return {"type": "website", "nickname": website.details["name"]}


def blank(session_id: str, website_id: str, now: int) -> Record:
    """Return the record of a conversation in which no one has written yet.

    Parameters
    ----------
    session_id : str
        The conversation's id.
    website_id : str
        The website's id.
    now : int
        The present, in milliseconds since 1970.

    Returns
    -------
    Record
        The conversation's record.
    """
    return {
        "session_id": session_id,
        "website_id": website_id,
        "people_id": None,
        "inbox_id": None,
        "state": "pending",
        "status": 0,
        "is_verified": False,
        "is_blocked": False,
        "availability": "offline",
        "active": {"now": False, "last": now},
        "verifications": [],
        "participants": [],
        "mentions": [],
        "compose": {"operator": {"type": "stop"}, "visitor": {"type": "stop"}},
        "unread": {"operator": 0, "visitor": 0},
        "assigned": None,
        "meta": {"nickname": "visitor", "email": None, "data": {}, "segments": []},
        "created_at": now,
        "updated_at": now,
    }


def new_event(
    website: Website, conversation: Conversation, content: Record, user: Record | None = None
) -> Record:
    """Return the event that something done leaves in a thread.

    Parameters
    ----------
    website : Website
        The website.
    conversation : Conversation
        The conversation.
    content : Record
        The event's namespace and text.
    user : Record, optional
        Who did it; None for the website itself.

    Returns
    -------
    Record
        The message's record.
    """
    body: dict[str, Any] = {
        "type": "event",
        "from": "operator",
        "origin": "chat",
        "content": dict(content),
        "user": user,
    }
    return new_message(website, conversation, body)


def set_state(row: Record, state: str) -> None:
    """Set the state with what follows from it: nobody waits in a resolved conversation."""
    row["state"] = state
    if state == "resolved":
        row["unread"]["operator"] = 0
        row.pop("waiting_since", None)


def merge_meta(row: Record, body: Record) -> None:
    """Take over what a body names: keys of `data` are merged, `segments` are replaced."""
    meta = row["meta"]
    data = (meta.get("data") or {}) | body.get("data", {})
    meta.update(body)
    if "data" in body:
        meta["data"] = data


def people_data(website: Website, people_id: str) -> Record:
    """Return a person's free data, as a document that may be changed."""
    blank = {"data": profiles.free_data(salt_of(people_id))}
    return website.table("people data").setdefault(people_id, blank)


def people_events(website: Website, person: Record) -> list[Record]:
    """Return a person's events, newest first, as a list that may be changed."""
    people_id = person["people_id"]
    if people_id not in website.people_events:
        seeded = profiles.events(salt_of(people_id), person["created_at"])
        website.people_events[people_id] = seeded
    return website.people_events[people_id]
