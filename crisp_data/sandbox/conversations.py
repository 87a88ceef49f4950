"""The conversation records of a website, made on demand from their plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .messages import excerpt, fingerprint, message, text_of
from .people import Customer, Scene
from .scripts import Plan
from .texts import TOPICS

STATUS = {"pending": 0, "unresolved": 1, "resolved": 2}


@dataclass(frozen=True, slots=True)
class Facts:
    """What lists are ordered and filtered by: cheap to hold for every conversation.

    A record is written from these facts, and they are read again from a record that a write
    has changed (`of`), so the two cannot differ.
    """

    created_at: int
    updated_at: int
    state: str
    unread: int
    assigned: str | None
    inbox_id: str | None
    waiting_since: int | None
    segments: tuple[str, ...]
    people_id: str | None
    mentioned: bool = False
    empty: bool = False

    @classmethod
    def of(cls, record: dict[str, Any]) -> Facts:
        """Read the facts from a record."""
        return cls(
            created_at=record["created_at"],
            updated_at=record["updated_at"],
            state=record["state"],
            unread=record["unread"]["operator"],
            assigned=(record.get("assigned") or {}).get("user_id"),
            inbox_id=record.get("inbox_id"),
            waiting_since=record.get("waiting_since"),
            segments=tuple(record["meta"].get("segments") or ()),
            people_id=record.get("people_id"),
            mentioned=bool(record.get("mentions")),
            empty="preview_message" not in record,
        )


def facts(plan: Plan, scene: Scene) -> Facts:
    """Return the facts of a seeded conversation without writing its record."""
    state = plan.state
    customer = scene.customer(plan.customer)
    waiting = plan.waiting if state != "resolved" else []
    return Facts(
        created_at=plan.created_at,
        updated_at=plan.updated_at,
        state=state,
        unread=len(waiting),
        assigned=None
        if state == "pending" or plan.number % 9 == 8
        else scene.operators[plan.operator]["user_id"],
        inbox_id=None if plan.topic > 3 else scene.inboxes[plan.topic % len(scene.inboxes)],
        waiting_since=waiting[0].timestamp if waiting else None,
        segments=(TOPICS[plan.topic], *customer.segments) if plan.number % 6 else (),
        people_id=customer.people_id if customer.has_profile else None,
        mentioned=plan.number % 23 == 11,
    )


def record(plan: Plan, known: Facts, scene: Scene) -> dict[str, Any]:
    """Write the record of a seeded conversation.

    Parameters
    ----------
    plan : Plan
        What the seed says of the conversation.
    known : Facts
        What its messages say of it.
    scene : Scene
        The website and its people.

    Returns
    -------
    dict[str, object]
        The record, as Crisp's JSON.
    """
    customer = scene.customer(plan.customer)
    last = len(plan.turns) - 1
    final = message(plan, last, scene)
    text = text_of(final["content"])
    conversation: dict[str, Any] = {
        "session_id": plan.session_id,
        "website_id": scene.website_id,
        "people_id": known.people_id,
        "inbox_id": known.inbox_id,
        "state": known.state,
        "status": STATUS[known.state],
        "is_verified": customer.salt % 8 == 0,
        "is_blocked": plan.number % 97 == 13,
        "availability": "online" if plan.number % 12 == 1 else "offline",
        "active": {"now": plan.number % 12 == 1, "last": known.updated_at},
        "last_message": text,
        "preview_message": {
            "type": final["type"],
            "from": final["from"],
            "excerpt": excerpt(text),
            "fingerprint": fingerprint(plan, last),
        },
        "topic": f"Question about {TOPICS[plan.topic]}",
        "verifications": [{"identity": "email", "method": "link"}]
        if customer.salt % 8 == 0
        else [],
        "participants": [{"type": "email", "target": "colleague@example.com"}]
        if plan.number % 19 == 2
        else [],
        "mentions": [scene.operators[0]["user_id"]] if known.mentioned else [],
        "compose": {"operator": {"type": "stop"}, "visitor": {"type": "stop"}},
        "unread": {
            "operator": known.unread,
            "visitor": 0 if final["from"] == "user" or final["read"] else 1,
        },
        "assigned": {"user_id": known.assigned} if known.assigned else None,
        "meta": _meta(plan, known, customer),
        "created_at": known.created_at,
        "updated_at": known.updated_at,
    }
    if known.waiting_since is not None:
        conversation["waiting_since"] = known.waiting_since
    _add_irregularities(conversation, plan.number)
    return conversation


def _meta(plan: Plan, known: Facts, customer: Customer) -> dict[str, Any]:
    meta: dict[str, Any] = {
        "nickname": customer.nickname,
        "email": customer.email,
        "phone": customer.phone,
        "address": None,
        "subject": f"Re: {TOPICS[plan.topic]}" if plan.salt % 6 == 0 else None,
        "origin": "email" if plan.salt % 6 == 0 else "chat",
        "ip": f"203.0.113.{customer.salt % 254 + 1}",
        "avatar": customer.avatar,
        "data": customer.data(),
        "segments": list(known.segments),
        "connection": {
            "isp": f"{customer.place.city} Telecom",
            "asn": f"AS{customer.salt % 64000}",
        },
        "device": {
            "capabilities": ["browsing", "call"] if customer.salt % 2 else [],
            "geolocation": customer.geolocation,
            "system": customer.system(),
            "timezone": customer.place.offset,
            "locales": customer.locales,
        },
    }
    if plan.number % 13 == 5:
        del meta["device"], meta["connection"]
    elif plan.number % 17 == 6:
        meta["device"]["geolocation"] = None
    return meta


def _add_irregularities(conversation: dict[str, Any], number: int) -> None:
    """Make a few records what a client must survive: wrong types, gaps, new fields."""
    meta = conversation["meta"]
    if number % 37 == 5:
        meta["address"] = 75_001
    elif number % 37 == 11 and "device" in meta:
        meta["device"]["system"]["os"] = "Windows 11"
    elif number % 37 == 17:
        meta["email"] = ""
    elif number % 37 == 23:
        conversation["is_verified"] = "true"
    elif number % 37 == 29:
        del conversation["topic"], meta["data"]
    elif number % 37 == 31:
        conversation["ai_summary"] = {"text": "The customer asks for help", "model": "x1"}
        meta["device_id"] = f"d-{number}"
