"""Conversations: listing, reading, creating, and what one may change on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import filters, profiles
from .messages import RESOLVED
from .records import Record
from .relations import relations
from .request import Answer, Call, Encoded, operation
from .rng import salt_of, uuid4
from .writes import blank, merge_meta, new_event, set_state


@operation("list_conversations")
def list_conversations(call: Call) -> Answer:
    """List conversations, newest update first."""
    website = call.website
    size = call.per_page()
    ids = filters.conversations(website, call.query, call.world.options)
    return call.page(ids, size, lambda i: website.body(website.conversations[i]))


@operation("get_conversation", "check_conversation_exists")
def get_conversation(call: Call) -> Answer:
    """Answer one conversation."""
    return Answer("resolved", Encoded(call.website.body(call.conversation)))


@operation("create_new_conversation")
def create_new_conversation(call: Call) -> Answer:
    """Create an empty conversation, which lists hide until someone writes."""
    website = call.website
    session_id = f"session_{uuid4(website.rng)}"
    now = website.clock.tick()
    website.add(session_id, blank(session_id, website.id, now))
    return Answer("added", {"session_id": session_id}, 201)


@operation("remove_conversation")
def remove_conversation(call: Call) -> Answer:
    """Remove a conversation with its thread."""
    call.website.remove(call.conversation)
    return Answer("deleted")


# One field each: what is read, and what a write sets.


def _part(name: str, take: Callable[[Record], Any]) -> None:
    @operation(name)
    def read(call: Call) -> Answer:
        return Answer("resolved", take(call.website.record(call.conversation)))


def _change(name: str, put: Callable[[Record, Any], object]) -> None:
    @operation(name)
    def write(call: Call) -> Answer:
        with call.website.edit(call.conversation) as row:
            put(row, call.body)
        return Answer("updated")


def _set(name: str, **fields: str) -> None:
    """Register a write that sets each field to what the body holds by another name."""
    _change(name, lambda row, body: row.update({one: body[fields[one]] for one in fields}))


_part("get_conversation_metas", lambda row: row["meta"])
_part("get_conversation_state", lambda row: {"state": row["state"]})
_part("get_conversation_routing_assign", lambda row: {"assigned": row["assigned"]})
_part("get_conversation_participants", lambda row: {"participants": row["participants"]})
_part("get_block_status_for_conversation", lambda row: {"blocked": row["is_blocked"]})
_part(
    "get_verify_status_for_conversation",
    lambda row: {"verified": row["is_verified"], "verifications": row["verifications"]},
)
_set("assign_conversation_routing", assigned="assigned")
_set("update_conversation_inbox", inbox_id="inbox_id")
_set("save_conversation_participants", participants="participants")
_set("block_incoming_messages_for_conversation", is_blocked="blocked")
_set("update_verify_status_for_conversation", is_verified="verified")
_change(
    "update_conversation_open_state",
    lambda row, body: row["active"].update(now=body["opened"]),
)
_change("update_conversation_metas", merge_meta)


@operation("change_conversation_state")
def change_conversation_state(call: Call) -> Answer:
    """Change the state; resolving leaves an event in the thread, by whoever did it."""
    website, conversation, state = call.website, call.conversation, call.body["state"]

    def change(row: Record) -> None:
        set_state(row, state)

    if state == "resolved" and conversation.facts.state != "resolved":
        event = new_event(website, conversation, RESOLVED, call.body.get("user"))
        website.post(conversation, event, change)
    else:
        with website.edit(conversation) as row:
            change(row)
    return Answer("updated")


# What happened around a conversation.


@operation("list_conversation_pages")
def list_conversation_pages(call: Call) -> Answer:
    """List the pages that the customer saw."""
    one = call.conversation
    return call.page(profiles.pages(salt_of(one.session_id), one.facts.created_at))


@operation("list_conversation_events")
def list_conversation_events(call: Call) -> Answer:
    """List the customer's events."""
    one = call.conversation
    return call.page(profiles.events(salt_of(one.session_id), one.facts.created_at))


@operation("list_conversation_files")
def list_conversation_files(call: Call) -> Answer:
    """List the files sent in the thread, newest first."""
    rows = [
        row["content"] | {"fingerprint": row["fingerprint"], "timestamp": row["timestamp"]}
        for row in reversed(call.website.messages(call.conversation))
        if row["type"] == "file"
    ]
    return call.page(rows)


@operation("get_conversation_relations")
def get_conversation_relations(call: Call) -> Answer:
    """Answer which conversation it goes on from, and which go on from it."""
    return Answer("resolved", relations(call.website, call.conversation))


# What an operator asks of the service


@operation("initiate_conversation_with_existing_session")
def initiate_conversation(call: Call) -> Answer:
    """Begin to talk to a visitor: the conversation moves to the top."""
    with call.website.edit(call.conversation):
        return call.dispatch()


@operation("schedule_reminder_for_conversation")
def schedule_reminder(call: Call) -> Answer:
    """Take a reminder, which the thread shows and which never comes."""
    website, conversation, body = call.website, call.conversation, call.body
    content = {"namespace": "reminder:scheduled", "text": body["note"]}
    website.post(conversation, new_event(website, conversation, content, body.get("user")))
    return call.dispatch()


@operation(
    "request_identity_verification_for_conversation",
    "redeem_identity_verification_link_for_conversation",
)
def verify_identity(call: Call) -> Answer:
    """Ask a visitor to prove who they are; any token proves it."""
    identity, redeemed = call.body["identity"], call.name.startswith("redeem")
    asked = {"identity": identity, "method": "link"}
    with call.website.edit(call.conversation) as row:
        others = [one for one in row["verifications"] if one["identity"] != identity]
        asked |= {} if redeemed else {"annotation": "requested"}
        row["verifications"] = [*others, asked]
        row["is_verified"] = row["is_verified"] or redeemed
    return Answer("updated") if redeemed else call.dispatch()
