"""Batches: one change to many conversations, all at the same millisecond, or to many people."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .filters import fits, named
from .records import Conversation, Record
from .request import Answer, Call, operation
from .resources import merge
from .state import Website
from .writes import merge_meta, people_data, set_state

Change = Callable[[Record, Record], None]


def _chosen(website: Website, body: Record) -> list[Conversation]:
    """Return the conversations that a batch names, those of an inbox, or else all."""
    if "sessions" in body:
        known = website.conversations
        return [known[session_id] for session_id in body["sessions"] if session_id in known]
    everyone: Iterable[Conversation] = list(website.conversations.values())
    if "inbox_id" in body:
        everyone = (one for one in everyone if one.facts.inbox_id == body["inbox_id"])
    return list(everyone)


def _people(website: Website, body: Record) -> list[Record]:
    """Return the profiles that a batch names by id, by words of their name, or by rules."""
    ids = body["people"].get("profiles", [])
    rows = [website.people[people_id] for people_id in ids if people_id in website.people]
    wanted = body["people"].get("search")
    if isinstance(wanted, dict):
        rules, combine = wanted.get("filter", []), any if wanted.get("operator") == "or" else all
        rows += [row for row in website.people.values() if fits(row, rules, combine)]
    elif wanted:
        rows += [row for row in website.people.values() if named(row, wanted)]
    return rows


def _apply(website: Website, body: Record, change: Change) -> Answer:
    at = website.clock.tick()
    for conversation in _chosen(website, body):
        with website.edit(conversation, at) as row:
            change(row, body)
    return Answer("updated")


def _batch(name: str, change: Change) -> None:
    @operation(name)
    def write(call: Call) -> Answer:
        return _apply(call.website, call.body, change)


_batch("batch_resolve_conversations", lambda row, body: set_state(row, "resolved"))
_batch("batch_unresolve_conversations", lambda row, body: set_state(row, "unresolved"))
_batch("batch_read_conversations", lambda row, body: row["unread"].update(operator=0))
_batch("batch_unread_conversations", lambda row, body: row["unread"].update(operator=1))
_batch("batch_block_conversations", lambda row, body: row.update(is_blocked=body["blocked"]))
_batch("batch_routing_conversations", lambda row, body: row.update(assigned=body["assigned"]))


@operation("batch_inbox_conversations")
def batch_inbox_conversations(call: Call) -> Answer:
    """Move conversations to an inbox: here `inbox_id` is where to, not which."""
    body = {"sessions": call.body["sessions"]}
    target = call.body["inbox_id"]
    return _apply(call.website, body, lambda row, _: row.update(inbox_id=target))


@operation("batch_remove_conversations", "batch_remove_people")
def batch_remove(call: Call) -> Answer:
    """Remove conversations, or people where the body names some."""
    website = call.website
    if "people" in call.body:
        website.clock.tick()
        for person in _people(website, call.body):
            website.people.pop(person["people_id"], None)
    else:
        for conversation in _chosen(website, {"sessions": call.body.get("sessions", [])}):
            website.remove(conversation)
    return Answer("deleted")


@operation("batch_update_conversations_data", "batch_update_people_data")
def batch_data(call: Call) -> Answer:
    """Merge free data into conversations, or into people where the body names some."""
    website, data = call.website, call.body["data"]
    if "people" in call.body:
        website.clock.tick()
        for person in _people(website, call.body):
            merge(people_data(website, person["people_id"]), {"data": data})
        return Answer("updated")
    return _apply(website, call.body, lambda row, body: merge_meta(row, {"data": data}))


@operation("batch_update_conversations_segments", "batch_update_people_segments")
def batch_segments(call: Call) -> Answer:
    """Set the segments of conversations, or of people where the body names some."""
    website, segments = call.website, call.body["segments"]
    if "people" in call.body:
        at = website.clock.tick()
        for person in _people(website, call.body):
            person.update(segments=list(segments), updated_at=at)
        return Answer("updated")
    return _apply(website, call.body, lambda row, _: merge_meta(row, {"segments": list(segments)}))
