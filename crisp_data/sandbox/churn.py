"""A workspace that lives while one reads it: after every k-th request, something changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from .records import Conversation
from .rng import pick, uuid4
from .state import Website
from .texts import FOLLOW_UPS, OPENERS
from .writes import blank, new_event, new_message, set_state

#: What happens unless something else is asked for: fixed, so that seeds keep their meaning.
KINDS = ("message", "conversation", "state")
ALL_KINDS = (*KINDS, "removal")


@dataclass(slots=True)
class Churn:
    """Changes after every `every`-th counted request, `changes` at a time."""

    rng: Random
    every: int
    changes: int = 1
    kinds: tuple[str, ...] = KINDS
    seen: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be followed."""
        known = not set(self.kinds) - set(ALL_KINDS)
        if self.every < 1 or self.changes < 1 or not self.kinds or not known:
            kinds = ", ".join(ALL_KINDS)
            raise ValueError(f"every and changes are at least 1, kinds some of {kinds}")

    def after_request(self, website: Website) -> None:
        """Count one request, and change the website where it is due."""
        self.seen += 1
        if self.seen % self.every == 0:
            for _ in range(self.changes):
                _CHANGES[self.rng.choice(self.kinds)](website, self.rng)


def _any(website: Website, rng: Random) -> Conversation | None:
    """Choose a conversation, one far down the listing as likely as one at its top."""
    if not website.order:
        return None
    return website.conversations[rng.choice(website.order)[1]]


def _say(website: Website, one: Conversation, side: str, text: str) -> None:
    body: dict[str, Any] = {"type": "text", "from": side, "origin": "chat", "content": text}
    if side == "operator":
        body["user"] = dict(website.scene.operators[0])
    website.post(one, new_message(website, one, body))


def _message(website: Website, rng: Random) -> None:
    one = _any(website, rng)
    if one is not None:
        side = rng.choice(("user", "user", "operator"))
        _say(website, one, side, pick(FOLLOW_UPS["en"], rng.getrandbits(16)))


def _conversation(website: Website, rng: Random) -> None:
    session_id = f"session_{uuid4(rng)}"
    one = website.add(session_id, blank(session_id, website.id, website.clock.tick()))
    _say(website, one, "user", pick(OPENERS["en"], rng.getrandbits(16)))


def _state(website: Website, rng: Random) -> None:
    one = _any(website, rng)
    if one is None:
        return
    if one.facts.state == "resolved":
        with website.edit(one) as row:
            set_state(row, "unresolved")
    else:
        event = new_event(website, one, dict(website.scene.operators[0]))
        website.post(one, event, lambda row: set_state(row, "resolved"))


def _removal(website: Website, rng: Random) -> None:
    one = _any(website, rng)
    if one is not None:
        website.remove(one)


_CHANGES: dict[str, Callable[[Website, Random], None]] = {
    "message": _message,
    "conversation": _conversation,
    "state": _state,
    "removal": _removal,
}
