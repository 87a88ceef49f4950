"""The state of one website: its records, with every former version.

Pure: no HTTP, no threads, no real time. Seeded records are made when they are read; records
that a write has touched are held whole, with every version they went through.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cached_property
from typing import Any

from . import profiles
from .conversations import STATUS, Facts, record
from .helpdesk import helpdesk
from .messages import excerpt, fingerprint, message, text_of
from .records import Clock, Conversation, Record, encode
from .rng import stream, uuid_at
from .seeded import seeded_website
from .spam import spams


class Website:
    """One website and all that belongs to it."""

    def __init__(
        self, seed: int, number: int, conversations: int, clock: Clock, weeks: int
    ) -> None:
        self._seeded = seeded_website(seed, number, conversations, weeks)
        self.scene = self._seeded.scene
        self.plan = self._seeded.plan
        self.id = self.scene.website_id
        self.clock = clock
        self.rng = stream(self.scene.seed, "writes")
        self.conversations = {
            session_id: Conversation(session_id, known, n)
            for n, (session_id, known) in enumerate(self._seeded.facts.items())
        }
        self.order = sorted(conversation.key for conversation in self.conversations.values())
        self.removed: list[Conversation] = []
        #: Listings by their filters, cached until anything changes.
        self.selections: dict[Hashable, list[str]] = {}
        self.message_versions: list[Record] = []
        self.details: Record = {
            "website_id": self.id,
            "name": ("Acme", "Acme Labs", "Elsewhere")[number % 3],
            "domain": ("acme.example", "labs.acme.example", "elsewhere.example")[number % 3],
            "logo": f"https://image.crisp.example/logo/{number}.png",
            "verified": True,
            "institutional": False,
        }
        self.settings = profiles.settings(self.details)
        self.verify: dict[str, Record] = {
            "settings": {"enabled": False},
            "key": {"secret": uuid_at(self.scene.salt, 8)},
        }
        self.operators = profiles.operators(self.scene)
        #: The operators who were active of late, until they are flushed.
        self.active_operators = list(self.scene.operators)
        #: The events of people, once a write has touched them.
        self.people_events: dict[str, list[Record]] = {}
        #: How many visitors each rule of the chatbox has turned away.
        self.blocked = dict(profiles.BLOCKED)
        #: Requests whose effect is outside the API, such as an e-mail.
        self.dispatched: list[Record] = []
        #: Whether an operator has asked for the website's deletion.
        self.deleted = False
        self._tables: dict[tuple[str, ...], dict[str, Record]] = {
            ("inboxes",): profiles.inboxes(self.scene),
            ("campaigns",): profiles.campaigns(self.scene),
            ("spams",): spams(self.scene),
            **helpdesk(self.scene, self.details),
        }

    # Reading

    def record(self, conversation: Conversation) -> Record:
        """Return the record; whoever means to change it takes `edit` instead."""
        if conversation.row is not None:
            return conversation.row
        return record(self.plan(conversation.number), conversation.facts, self.scene)

    def body(self, conversation: Conversation) -> bytes:
        """Return the record as JSON, encoded once per version."""
        if conversation.body is None:
            conversation.body = encode(self.record(conversation))
        return conversation.body

    def message_keys(self, conversation: Conversation) -> list[tuple[int, int, int]]:
        """Return `(timestamp, fingerprint, position)` of a thread's messages, oldest first."""
        if conversation.thread is not None:
            rows = enumerate(conversation.thread)
            return sorted((row["timestamp"], row["fingerprint"], k) for k, row in rows)
        plan = self.plan(conversation.number)
        turns = enumerate(plan.turns)
        return sorted((turn.timestamp, fingerprint(plan, k), k) for k, turn in turns)

    def message(self, conversation: Conversation, position: int) -> Record:
        """Return the message at a position that `message_keys` named."""
        if conversation.thread is not None:
            return conversation.thread[position]
        return message(self.plan(conversation.number), position, self.scene)

    def messages(self, conversation: Conversation) -> list[Record]:
        """Return the whole thread, oldest first."""
        keys = self.message_keys(conversation)
        return [self.message(conversation, position) for _, _, position in keys]

    def table(self, *name: str) -> dict[str, Record]:
        """Return the records of a table by identifier; of a name in parts, each is one table."""
        return self.people if name == ("people",) else self._tables.setdefault(name, {})

    def drop(self, kind: str, *parts: str) -> None:
        """Empty the tables whose kind begins so, of these parts."""
        for name in [name for name in self._tables if name[0].startswith(kind)]:
            if name[1 : 1 + len(parts)] == parts:
                del self._tables[name]

    @cached_property
    def people(self) -> dict[str, Record]:
        """The people profiles by `people_id`, made when first asked for."""
        known = map(self.scene.customer, range(self._seeded.customers))
        return {
            customer.people_id: profiles.profile(
                customer, self._seeded.first_seen.get(customer.number)
            )
            for customer in known
            if customer.has_profile
        }

    # Writing

    def add(self, session_id: str, row: Record) -> Conversation:
        """Take in a new conversation."""
        conversation = Conversation(session_id, Facts.of(row))
        conversation.row, conversation.thread = row, []
        self.conversations[session_id] = conversation
        insort(self.order, conversation.key)
        self.selections.clear()
        return conversation

    def remove(self, conversation: Conversation) -> None:
        """Forget a conversation, keeping it for the history."""
        self.clock.tick()
        del self.conversations[conversation.session_id]
        del self.order[bisect_left(self.order, conversation.key)]
        self.removed.append(conversation)
        self.selections.clear()

    @contextmanager
    def edit(self, conversation: Conversation, at: int | None = None) -> Iterator[Record]:
        """Change a record: it moves to the top of the listing, its old version is stored.

        `at` is the time of the change where many share one; otherwise the clock ticks.
        """
        before = self.body(conversation)
        row = deepcopy(self.record(conversation))
        yield row
        row["updated_at"] = self.clock.tick() if at is None else at
        row["status"] = STATUS[row["state"]]
        del self.order[bisect_left(self.order, conversation.key)]
        conversation.versions.append(before)
        conversation.row, conversation.body = row, None
        conversation.facts = Facts.of(row)
        insort(self.order, conversation.key)
        self.selections.clear()

    def own_thread(self, conversation: Conversation) -> list[Record]:
        """Return the thread as a list that may be changed."""
        if conversation.thread is None:
            conversation.thread = self.messages(conversation)
        return conversation.thread

    def show(self, conversation: Conversation, known: Record) -> None:
        """Let a record preview the newest message of its thread."""
        keys = self.message_keys(conversation)
        if not keys:
            for name in ("last_message", "preview_message"):
                known.pop(name, None)
            return
        row = self.message(conversation, keys[-1][2])
        known["last_message"] = text_of(row["content"])
        known["preview_message"] = {
            "type": row["type"],
            "from": row["from"],
            "excerpt": excerpt(known["last_message"]),
            "fingerprint": row["fingerprint"],
        }

    def post(
        self,
        conversation: Conversation,
        row: Record,
        change: Callable[[Record], None] | None = None,
    ) -> None:
        """Append a message and let the conversation show it, with a change at the same moment.

        Parameters
        ----------
        conversation : Conversation
            The conversation.
        row : Record
            The message's record.
        change : callable, optional
            Changes the conversation's record at the same moment.
        """
        self.own_thread(conversation).append(row)
        if row["from"] == "operator" and row["type"] not in ("note", "event"):
            conversation.held = conversation.held and row["automated"]
        with self.edit(conversation) as known:
            self.show(conversation, known)
            _count_unread(known, row)
            if change is not None:
                change(known)

    def hold(self, conversation: Conversation) -> None:
        """Give a conversation to the automation, until an operator answers; it does not move."""
        conversation.held = True
        self.selections.clear()

    def change_message(self, conversation: Conversation, position: int, **changes: Any) -> None:
        """Change one message of an own thread, keeping the old version.

        Parameters
        ----------
        conversation : Conversation
            The conversation.
        position : int
            The message's place in the thread, from 0.
        **changes : object
            The fields to change.
        """
        thread = self.own_thread(conversation)
        self.message_versions.append(thread[position])
        thread[position] = thread[position] | changes


def _count_unread(known: Record, row: Record) -> None:
    if row["from"] == "user":
        known["unread"]["operator"] += 1
        known["state"] = "unresolved" if known["state"] == "resolved" else known["state"]
        known.setdefault("waiting_since", row["timestamp"])
    elif row["type"] not in ("note", "event"):
        known["unread"] = {"operator": 0, "visitor": known["unread"]["visitor"] + 1}
        known["state"] = "unresolved" if known["state"] == "pending" else known["state"]
        known.pop("waiting_since", None)
