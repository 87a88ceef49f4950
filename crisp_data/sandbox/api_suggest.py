"""Suggestions: which segments, data keys and events are in use, and taking one away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .records import Record
from .request import Answer, Call, operation
from .writes import people_data, people_events


def suggest(label: str, values: Iterable[str]) -> list[Record]:
    """Count values as Crisp's suggestions list them, most frequent first."""
    counted = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0]))
    return [{label: value, "count": count} for value, count in counted]


@operation("list_suggested_conversation_segments")
def list_suggested_conversation_segments(call: Call) -> Answer:
    """List the segments that conversations carry."""
    everyone = call.website.conversations.values()
    return call.page(suggest("segment", (name for one in everyone for name in one.facts.segments)))


@operation("list_suggested_conversation_data_keys")
def list_suggested_conversation_data_keys(call: Call) -> Answer:
    """List the keys of conversations' free data."""
    rows = map(call.website.record, call.website.conversations.values())
    return call.page(suggest("key", (key for row in rows for key in row["meta"].get("data") or ())))


@operation("delete_suggested_conversation_segment")
def delete_suggested_conversation_segment(call: Call) -> Answer:
    """Take a segment away from every conversation."""
    website, segment = call.website, call.body["segment"]
    at = website.clock.tick()
    for one in list(website.conversations.values()):
        if segment in one.facts.segments:
            with website.edit(one, at) as row:
                row["meta"]["segments"].remove(segment)
    return Answer("deleted")


@operation("delete_suggested_conversation_data_key")
def delete_suggested_conversation_data_key(call: Call) -> Answer:
    """Take a key of free data away from every conversation."""
    website, key = call.website, call.body["key"]
    at = website.clock.tick()
    for one in list(website.conversations.values()):
        if key in (website.record(one)["meta"].get("data") or ()):
            with website.edit(one, at) as row:
                del row["meta"]["data"][key]
    return Answer("deleted")


@operation("list_suggested_people_segments")
def list_suggested_people_segments(call: Call) -> Answer:
    """List the segments that profiles carry."""
    rows = call.website.people.values()
    return call.page(suggest("segment", (name for row in rows for name in row["segments"])))


@operation("delete_suggested_people_segment")
def delete_suggested_people_segment(call: Call) -> Answer:
    """Take a segment away from every profile."""
    call.website.clock.tick()
    for row in call.website.people.values():
        row["segments"] = [name for name in row["segments"] if name != call.body["segment"]]
    return Answer("deleted")


@operation("list_suggested_people_data_keys")
def list_suggested_people_data_keys(call: Call) -> Answer:
    """List the keys of people's free data."""
    return call.page(suggest("key", (key for row in _people_data(call) for key in row)))


def _people_data(call: Call) -> Iterator[Record]:
    website = call.website
    return (people_data(website, people_id)["data"] for people_id in website.people)


@operation("delete_suggested_people_data_key")
def delete_suggested_people_data_key(call: Call) -> Answer:
    """Take a key of free data away from every person."""
    call.website.clock.tick()
    for row in _people_data(call):
        row.pop(call.body["key"], None)
    return Answer("deleted")


def _people_events(call: Call) -> Iterator[list[Record]]:
    return (people_events(call.website, person) for person in call.website.people.values())


@operation("list_suggested_people_events")
def list_suggested_people_events(call: Call) -> Answer:
    """List the texts of people's events."""
    return call.page(
        suggest("text", (row["text"] for rows in _people_events(call) for row in rows))
    )


@operation("delete_suggested_people_event")
def delete_suggested_people_event(call: Call) -> Answer:
    """Take the events with a text away from every person."""
    call.website.clock.tick()
    for rows in _people_events(call):
        rows[:] = [row for row in rows if row["text"] != call.body["text"]]
    return Answer("deleted")
