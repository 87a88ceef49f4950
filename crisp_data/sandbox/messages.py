"""The messages of a seeded conversation, each made alone from its plan.

Message k needs no other message: its words come from `mix(salt, k)`. So a conversation's
listing row needs only the last one, and a batch needs only its own forty.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .people import Customer, Scene
from .rng import mix, pick, uuid_at
from .scripts import BOT, CUT_AT, CUT_EVERY, USER, Plan
from .texts import FOLLOW_UPS, GREETINGS, NOTES, OPENERS, REPLIES

#: Fingerprints stay below 1e15. The step shares no factor with it, so none repeats in a thread.
_FINGERPRINTS = 10**15
_FINGERPRINT_STEP = 618_033_988_749_897

#: Where a preview is cut, in UTF-16 units, as a JavaScript server cuts.
EXCERPT_UNITS = 80

_RECEIPT_TEXT = ("receipt.pdf", "capture d’écran.png", "log (1).txt", "注文書.pdf")
#: The content of the events that an operator leaves in a thread.
RESOLVED = {"namespace": "state:resolved", "text": "Conversation was resolved"}
CALL_STARTED = {"namespace": "call:started", "text": "Call was started"}
CALL_ENDED = {"namespace": "call:ended", "text": "Call was ended"}
_MIME = {"pdf": "application/pdf", "png": "image/png", "txt": "text/plain"}


def fingerprint(plan: Plan, k: int) -> int:
    """Return the fingerprint of message k."""
    return (plan.salt + k * _FINGERPRINT_STEP) % _FINGERPRINTS


def excerpt(text: str) -> str:
    """Cut a text as Crisp's previews are cut, which may leave half an emoji behind."""
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * EXCERPT_UNITS]
    return units.decode("utf-16-le", "surrogatepass")


def text_of(content: Any) -> str:
    """Return what a preview shows of any content."""
    if not isinstance(content, dict):
        return str(content)
    return str(content.get("text") or content.get("name") or content.get("url") or "")


def message(plan: Plan, k: int, scene: Scene) -> dict[str, Any]:
    """Return message k of a conversation, whole.

    Parameters
    ----------
    plan : Plan
        What the seed says of the conversation.
    k : int
        The message's number, from 0.
    scene : Scene
        The website and its people.

    Returns
    -------
    dict[str, object]
        The record, as Crisp's JSON.
    """
    turn = plan.turns[k]
    number = mix(plan.salt, k)
    customer = scene.customer(plan.customer)
    seen = "chat" if k + 1 < len(plan.turns) or number % 2 else ""
    record: dict[str, Any] = {
        "session_id": plan.session_id,
        "website_id": scene.website_id,
        "type": turn.type,
        "from": "user" if turn.who == USER else "operator",
        "origin": _origin(plan, turn.who),
        "content": _content(plan, k, customer),
        "preview": [],
        "mentions": [],
        "read": seen,
        "delivered": seen,
        "edited": number % 29 == 0,
        "translated": False,
        "automated": turn.who == BOT,
        "stamped": True,
        "fingerprint": fingerprint(plan, k),
        "timestamp": turn.timestamp,
        "user": _user(plan, turn.who, customer, scene),
    }
    _add_optional_fields(record, number, scene)
    return record


def _origin(plan: Plan, who: int) -> str:
    if who == BOT:
        return "urn:acme.example:bot:0"
    return "email" if plan.salt % 6 == 0 else "chat"


def _user(plan: Plan, who: int, customer: Customer, scene: Scene) -> dict[str, Any]:
    if who == USER:
        user: dict[str, Any] = {"user_id": plan.session_id, "nickname": customer.nickname}
        return user | {"avatar": customer.avatar} if customer.avatar else user
    if who == BOT:
        return {"type": "participant", "nickname": "Acme Bot"}
    return dict(scene.operators[who])


def _add_optional_fields(record: dict[str, Any], number: int, scene: Scene) -> None:
    """Add what only some messages carry, and what a few carry wrongly."""
    if record["type"] == "note" and number % 3 == 0:
        record["mentions"] = [scene.operators[number % len(scene.operators)]["user_id"]]
    content = record["content"]
    if isinstance(content, str) and "https://" in content:
        url = content[content.index("https://") :].split()[0]
        card = {"excerpt": "Help of Acme", "image": "https://image.crisp.example/p.png"}
        record["preview"] = [
            {"url": url, "website": "Acme", "title": "Help", "preview": card, "stamped": True}
        ]
    if record["origin"] == "email" and record["from"] == "user":
        record["original"] = {"original_id": uuid_at(number, 3)}
    if number % 41 == 0:
        record["properties"] = {"source": "sandbox", "score": number % 7, "urgent": True}
    if number % 101 == 3:
        record["edited"] = "false"  # The wrong JSON type, as happens.
    if number % 103 == 5:
        record["sentiment"] = {"label": "neutral", "score": 0.5}  # In no documentation.
    if number % 107 == 7:
        record["user"] = None


def _content(plan: Plan, k: int, customer: Customer) -> Any:
    turn = plan.turns[k]
    number = mix(plan.salt, k)
    language = customer.place.language
    make = _CONTENTS.get(turn.type)
    if make is not None:
        return make(number)
    if turn.type == "note":
        return pick(NOTES, number >> 7)
    if turn.who == BOT:
        return GREETINGS[language]
    if k == 0:
        text = OPENERS[language][plan.topic]
    else:
        text = pick((FOLLOW_UPS if turn.who == USER else REPLIES)[language], number >> 7)
    text = text.replace("{n}", str(1_000 + number % 90_000))
    if k == len(plan.turns) - 1 and plan.number % CUT_EVERY == CUT_AT:
        # Without characters of two units, so that the cut falls between the halves of 😀.
        plain = "".join(c for c in text if c <= "\uffff")
        text = plain.ljust(EXCERPT_UNITS)[: EXCERPT_UNITS - 1] + "😀 thank you"
    return text


def _file(number: int) -> dict[str, Any]:
    name = pick(_RECEIPT_TEXT, number >> 5)
    url = f"https://storage.crisp.example/{uuid_at(number, 1)}/{number % 1000}"
    return {"name": name, "url": url, "type": _MIME[name.rsplit(".", 1)[1]]}


def _audio(number: int) -> dict[str, Any]:
    url = f"https://storage.crisp.example/{uuid_at(number, 1)}/voice.webm"
    return {"url": url, "type": "audio/webm", "duration": 2 + number % 90}


def _picker(number: int) -> dict[str, Any]:
    labels = ("Billing 💳", "Delivery 📦", "Something else")
    choices = [
        {"value": str(n), "icon": label[-1], "label": label, "selected": n == number % 4}
        for n, label in enumerate(labels)
    ]
    return {"id": f"topic-{number % 5}", "text": "What is it about?", "choices": choices}


def _field(number: int) -> dict[str, Any]:
    field: dict[str, Any] = {
        "id": "order-number",
        "text": "Which order is it?",
        "explain": "It starts with 1…",
    }
    return field | {"value": f"{number % 90_000}"} if number % 2 else field


def _carousel(number: int) -> dict[str, Any]:
    targets = [
        {
            "title": title,
            "description": "From 9 € a month",
            "image": f"https://image.crisp.example/plan-{n}.png",
            "actions": [{"label": "See", "url": f"https://acme.example/plans/{n}"}],
        }
        for n, title in enumerate(("Pro", "Unlimited")[: 1 + number % 2])
    ]
    return {"text": "These fit you:", "targets": targets}


_CONTENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "file": _file,
    "animation": lambda number: {
        "url": f"https://media.example/{number % 9999}.gif",
        "type": "image/gif",
    },
    "audio": _audio,
    "picker": _picker,
    "field": _field,
    "carousel": _carousel,
    "event": lambda number: dict(RESOLVED),
}
