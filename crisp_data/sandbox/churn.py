"""A workspace that changes while one reads it: after every k-th request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from .messages import RESOLVED
from .records import Conversation
from .rng import pick, uuid4
from .state import Website
from .texts import FOLLOW_UPS, OPENERS
from .writes import blank, new_event, new_message, set_state

#: What happens unless something else is asked for: fixed, so that a seed means the same.
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
                self._change(website, self.rng.choice(self.kinds))

    def _change(self, website: Website, kind: str) -> None:
        """Change any conversation, one far down the listing as likely as one at its top."""
        if kind == "conversation":
            _begin(website, self.rng)
        elif website.order:
            _, session_id = self.rng.choice(website.order)
            _CHANGES[kind](website, website.conversations[session_id], self.rng)


def _say(website: Website, one: Conversation, side: str, text: str) -> None:
    body: dict[str, Any] = {"type": "text", "from": side, "origin": "chat", "content": text}
    if side == "operator":
        body["user"] = dict(website.scene.operators[0])
    website.post(one, new_message(website, one, body))


def _write(website: Website, one: Conversation, rng: Random) -> None:
    side = rng.choice(("user", "user", "operator"))
    _say(website, one, side, pick(FOLLOW_UPS["en"], rng.getrandbits(16)))


def _begin(website: Website, rng: Random) -> None:
    session_id = f"session_{uuid4(rng)}"
    one = website.add(session_id, blank(session_id, website.id, website.clock.tick()))
    _say(website, one, "user", pick(OPENERS["en"], rng.getrandbits(16)))


def _change_state(website: Website, one: Conversation, rng: Random) -> None:
    if one.facts.state == "resolved":
        with website.edit(one) as row:
            set_state(row, "unresolved")
    else:
        event = new_event(website, one, RESOLVED, dict(website.scene.operators[0]))
        website.post(one, event, lambda row: set_state(row, "resolved"))


_CHANGES: dict[str, Callable[[Website, Conversation, Random], None]] = {
    "message": _write,
    "state": _change_state,
    "removal": lambda website, one, rng: website.remove(one),
}
