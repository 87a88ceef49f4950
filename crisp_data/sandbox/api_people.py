"""People: profiles, their free data, events, subscriptions. `people_id` may be an e-mail."""

from __future__ import annotations

from . import filters
from .records import Record
from .request import Answer, Call, operation
from .resources import Document, Resource
from .writes import people_data, people_events


def _new_person(call: Call, people_id: str, now: int) -> Record:
    row: Record = {"email": None, "person": {}, "segments": [], "score": 0.0}
    return row | {"active": {"now": False, "last": now}} | _given(call.body)


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


def _subscription(call: Call) -> Record:
    people_id = PEOPLE.find(call)["people_id"]
    return call.website.table("people subscriptions").setdefault(people_id, {"email": True})


Document(
    find=lambda call: people_data(call.website, PEOPLE.find(call)["people_id"]),
    read=("get_people_data",),
    update=("update_people_data",),
    replace=("save_people_data",),
)
Document(
    find=_subscription,
    read=("get_people_subscription_status",),
    update=("update_people_subscription_status",),
)


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
    sent = [row for row in call.website.table("campaigns").values() if row["dispatched"]]
    rows = [{name: row.get(name) for name in names} for row in sent]
    return call.page(rows if "newsletter" in person["segments"] else [])


@operation("list_people_events")
def list_people_events(call: Call) -> Answer:
    """List a person's events, newest first."""
    return call.page(people_events(call.website, PEOPLE.find(call)))


@operation("add_people_event")
def add_people_event(call: Call) -> Answer:
    """Add an event to a person."""
    events = people_events(call.website, PEOPLE.find(call))
    row = {"text": call.body["text"], "data": call.body.get("data", {})}
    row |= {"color": call.body.get("color", "grey"), "timestamp": call.website.clock.tick()}
    events.insert(0, row)
    return Answer("added", status=201)
