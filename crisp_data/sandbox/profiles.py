"""Records beside conversations: people, operators, inboxes, campaigns, visitors, settings."""

from __future__ import annotations

from typing import Any

from .calendar import CLOCK_START, DATA_END, DAY, HOUR, MINUTE, OPERATORS
from .people import Customer, Scene
from .rng import mix, pick, uuid_at
from .texts import COMPANIES, PAGES

#: Visitors that the chatbox's rules have turned away, by the rule.
BLOCKED = {"pages": 12, "countries": 5, "locales": 0, "ips": 3}


def profile(customer: Customer, first_seen: int | None) -> dict[str, Any]:
    """Write a people profile; `first_seen` is the start of their first conversation (ms)."""
    salt = customer.salt
    created_at = first_seen if first_seen is not None else DATA_END - salt % (300 * DAY)
    person: dict[str, Any] = {
        "nickname": customer.nickname,
        "avatar": customer.avatar,
        "gender": pick(("male", "female", None), salt >> 4),
        "phone": customer.phone,
        "timezone": customer.place.offset,
        "profiles": [{"type": "github", "handle": f"user{customer.number}"}]
        if salt % 9 == 0
        else [],
        "geolocation": customer.geolocation if salt % 6 else None,
        "locales": customer.locales,
    }
    record: dict[str, Any] = {
        "people_id": customer.people_id,
        "email": customer.email,
        "person": person,
        "segments": list(customer.segments),
        "notepad": "Prefers to be called in the morning ☎️" if salt % 8 == 1 else None,
        "active": {"now": salt % 50 == 0, "last": min(DATA_END, created_at + salt % (9 * DAY))},
        "score": round(salt % 101 / 100, 2),
        "created_at": created_at,
        "updated_at": min(DATA_END, created_at + salt % (5 * DAY)),
    }
    if customer.company:
        person["employment"] = {"name": customer.company, "title": "Buyer", "seniority": "manager"}
        record["company"] = _company(customer.company, salt)
    if customer.number % 43 == 7:
        person["timezone"] = "Europe/Paris"  # The wrong JSON type, as happens.
    if customer.number % 47 == 8:
        record["lead_stage"] = "qualified"  # In no documentation.
    return record


def _company(name: str, salt: int) -> dict[str, Any]:
    domain = f"{COMPANIES.index(name)}.company.example"
    return {
        "name": name,
        "legal_name": f"{name} SAS",
        "domain": domain,
        "url": f"https://{domain}",
        "metrics": {"employees": 5 + salt % 5_000, "arr": salt % 10_000_000},
        "tags": ["b2b"],
    }


def operators(scene: Scene) -> list[dict[str, Any]]:
    """Write the list of operators as `list_website_operators` answers it."""
    return [
        {
            "type": "operator",
            "details": {
                "user_id": known["user_id"],
                "email": f"operator{n}@acme.example",
                "avatar": known["avatar"],
                "first_name": someone.first_name,
                "last_name": someone.last_name,
                "role": someone.role,
                "title": someone.title,
                "availability": "online"
                if someone.on_shift(CLOCK_START) == CLOCK_START
                else "offline",
                "has_token": n < 2,
            },
        }
        for n, (someone, known) in enumerate(zip(OPERATORS, scene.operators, strict=True))
    ]


def inboxes(scene: Scene) -> dict[str, dict[str, Any]]:
    """Write the inboxes, by `inbox_id`."""
    kinds = (
        ("Billing", "💳", "billing"),
        ("Delivery", "📦", "delivery"),
        ("Returns", "↩️", "returns"),
    )
    return {
        inbox_id: {
            "inbox_id": inbox_id,
            "name": name,
            "emoji": emoji,
            "order": n + 1,
            "operators": [known["user_id"] for known in scene.operators[n : n + 3]],
            "conditions": [
                {"model": "session", "criterion": "segments", "operator": "eq", "query": [segment]}
            ],
            "operator": "and",
            "created_at": DATA_END - (400 + n) * DAY,
            "updated_at": DATA_END - (100 + n) * DAY,
        }
        for n, (inbox_id, (name, emoji, segment)) in enumerate(
            zip(scene.inboxes, kinds, strict=True)
        )
    }


def campaigns(scene: Scene) -> dict[str, dict[str, Any]]:
    """Write some thirty campaigns, enough for a second page, by `campaign_id`."""
    return {record["campaign_id"]: record for record in map(_campaign, [scene] * 30, range(30))}


def _campaign(scene: Scene, n: int) -> dict[str, Any]:
    salt = mix(scene.salt, 5_000 + n)
    created_at = DATA_END - (3 + 5 * n) * DAY - salt % DAY
    sent = n % 5 != 0
    targets = salt % 4_000
    record: dict[str, Any] = {
        "campaign_id": uuid_at(salt, 0),
        "type": "one_shot" if n % 4 else "automated",
        "format": "markdown",
        "name": f"Newsletter {30 - n} 📰",
        "subject": f"What is new, part {30 - n}",
        "tag": pick(("news", "promo", "onboarding"), salt),
        "ready": sent,
        "dispatched": sent,
        "running": n == 1,
        "progress": 100 if sent else 0,
        "targets": targets,
        "reached": targets * (salt % 90) // 100 if sent else 0,
        "sender": {"user_id": scene.operators[0]["user_id"]},
        "recipients": {"type": "segments", "segments": ["newsletter"]},
        "message": "Hello {{ nickname }}!",
        "options": {"deliver_to_chatbox": True, "deliver_to_email": True, "tracking": True},
        "statistics": {"opened": targets // 3, "clicked": targets // 9, "unsubscribed": salt % 9},
        "created_at": created_at,
        "updated_at": created_at + HOUR,
    }
    if sent:
        record["dispatched_at"] = created_at + 30 * MINUTE
    return record


def visitor(customer: Customer, session_id: str, active: bool) -> dict[str, Any]:
    """Write someone who is on the website now.

    Parameters
    ----------
    customer : Customer
        Who it is.
    session_id : str
        The visitor's conversation.
    active : bool
        Whether the visitor is active.

    Returns
    -------
    dict[str, object]
        The record, as Crisp's JSON.
    """
    title, url = pick(PAGES, customer.salt)
    return {
        "session_id": session_id,
        "inbox_id": None,
        "nickname": customer.nickname,
        "email": customer.email,
        "avatar": customer.avatar,
        "useragent": customer.system()["useragent"],
        "initiated": True,
        "active": active,
        "last_page": {"page_title": title, "page_url": url},
        "geolocation": customer.geolocation,
        "timezone": customer.place.offset,
        "capabilities": ["browsing", "call"],
        "locales": customer.locales,
    }


def pages(salt: int, created_at: int) -> list[dict[str, Any]]:
    """Write the pages that a customer saw before and while writing, newest first."""
    seen = []
    for k in range(mix(salt, 901) % 30):
        title, url = pick(PAGES, mix(salt, 910 + k))
        seen.append(
            {
                "page_title": title,
                "page_url": url,
                "page_referrer": PAGES[k % 4][1] if k % 3 else None,
                "timestamp": created_at - k * 40_000 - mix(salt, 950 + k) % 30_000,
            }
        )
    return seen


def events(salt: int, created_at: int) -> list[dict[str, Any]]:
    """Write the events of a customer, newest first."""
    names = ("signup", "Purchase 🛒", "plan:upgrade")
    return [
        {
            "text": pick(names, mix(salt, 802 + k)),
            "data": {"amount": mix(salt, 850 + k) % 9_999 / 100, "coupon": k % 2 == 0},
            "color": pick(("blue", "green", "red"), mix(salt, 870 + k)),
            "timestamp": created_at - k * HOUR,
        }
        for k in range(mix(salt, 801) % 5)
    ]


def free_data(salt: int) -> dict[str, Any]:
    """Write the free data of a person."""
    return {"orders": mix(salt, 1) % 40, "beta": bool(mix(salt, 2) % 2), "referrer": "ad"}


def settings(website: dict[str, Any]) -> dict[str, Any]:
    """Write a website's settings."""
    return {
        "website_id": website["website_id"],
        "name": website["name"],
        "domain": website["domain"],
        "logo": website["logo"],
        "audit": {"log": True},
        "contact": {"email": "support@acme.example", "phone": "+33123456789"},
        "inbox": {"lock_removal": False, "force_operator_token": False, "locale": "en"},
        "emails": {"rating": True, "transcript": True, "trackers": False, "junk_filter": True},
        "chatbox": {"tile": "default", "color_theme": "blue", "locale": "en", "blocked_ips": []},
    }
