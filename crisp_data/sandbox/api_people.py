"""People: profiles, their free data, events, subscriptions. `people_id` may be an e-mail."""

from __future__ import annotations

from typing import Any

from . import filters, profiles
from .records import Record
from .request import Answer, Call, operation
from .resources import Resource
from .rng import salt_of
from .writes import merge_people_data, people_data


def _new_person(call: Call, people_id: str, now: int) -> Record:
    row: Record = {"people_id": people_id, "email": None, "person": {}, "segments": []}
    row |= {"active": {"now": False, "last": now}, "score": 0.0, "created_at": now}
    return row | _given(call.body) | {"updated_at": now}


def _changes(row: Record, call: Call) -> Record:
    """Replace a profile, or change what the body names and merge the fields of `person`."""
    if call.name == "update_people_profile":
        return _given(call.body | {"person": row["person"] | call.body.get("person", {})})
    for name in ("segments", "company", "notepad"):
        row.pop(name, None)
    return _given({"segments": []} | call.body)


def _given(body: Record) -> Record:
    given = {name: value for name, value in body.items() if name not in ("active", "people_id")}
    return given | {"person": {"nickname": None} | body["person"]}


PEOPLE = Resource(
    table="people",
    key="people_id",
    not_found="people_not_found",
    read=("get_people_profile", "check_people_profile_exists"),
    create=("add_new_people_profile",),
    save=("save_people_profile", "update_people_profile"),
    remove=("remove_people_profile",),
    new=_new_person,
    changes=_changes,
    unique="email",
    exists="people_exists",
)


def _extra(call: Call, kind: str) -> dict[str, Any]:
    """Return what is held beside the profile and not in it."""
    return call.website.beside.setdefault((kind, PEOPLE.find(call)["people_id"]), {})


@operation("list_people_profiles")
def list_people_profiles(call: Call) -> Answer:
    """List profiles as asked, newest first by default."""
    size = call.per_page()
    return call.page(filters.people(call.website, call.query, call.world.options), size)


@operation("get_people_statistics")
def get_people_statistics(call: Call) -> Answer:
    """Count the profiles."""
    return Answer("resolved", {"total": len(call.website.people)})


@operation("list_people_conversations")
def list_people_conversations(call: Call) -> Answer:
    """List the session ids of a person's conversations."""
    people_id, known = PEOPLE.find(call)["people_id"], call.website.conversations
    ids = (session_id for _, session_id in call.website.order)
    return call.page([one for one in ids if known[one].facts.people_id == people_id])


@operation("list_people_campaigns")
def list_people_campaigns(call: Call) -> Answer:
    """List the campaigns that reached a person."""
    names = ("campaign_id", "type", "name", "created_at", "updated_at", "dispatched_at")
    person = PEOPLE.find(call)
    sent = [row for row in call.website.campaigns.values() if row["dispatched"]]
    rows = [{name: row.get(name) for name in names} for row in sent]
    return call.page(rows if "newsletter" in person["segments"] else [])


@operation("list_people_events")
def list_people_events(call: Call) -> Answer:
    """List a person's events, newest first."""
    person = PEOPLE.find(call)
    added = _extra(call, "events").get("rows", [])
    return call.page([*added, *profiles.events(salt_of(person["people_id"]), person["created_at"])])


@operation("add_people_event")
def add_people_event(call: Call) -> Answer:
    """Add an event to a person."""
    row = {"text": call.body["text"], "data": call.body.get("data", {})}
    row |= {"color": call.body.get("color", "grey"), "timestamp": call.website.clock.tick()}
    _extra(call, "events").setdefault("rows", []).insert(0, row)
    return Answer("added", status=201)


@operation("get_people_data")
def get_people_data(call: Call) -> Answer:
    """Answer a person's free data."""
    return Answer("resolved", {"data": people_data(call.website, PEOPLE.find(call)["people_id"])})


@operation("save_people_data")
def save_people_data(call: Call) -> Answer:
    """Replace a person's free data."""
    call.website.clock.tick()
    call.website.beside["data", PEOPLE.find(call)["people_id"]] = call.body["data"]
    return Answer("updated")


@operation("update_people_data")
def update_people_data(call: Call) -> Answer:
    """Merge into a person's free data."""
    merge_people_data(call.website, PEOPLE.find(call)["people_id"], call.body["data"])
    return Answer("updated")


@operation("get_people_subscription_status")
def get_people_subscription_status(call: Call) -> Answer:
    """Answer whether a person takes e-mails."""
    return Answer("resolved", {"email": _extra(call, "subscription").get("email", True)})


@operation("update_people_subscription_status")
def update_people_subscription_status(call: Call) -> Answer:
    """Subscribe or unsubscribe a person."""
    call.website.clock.tick()
    _extra(call, "subscription")["email"] = call.body["email"]
    return Answer("updated")
