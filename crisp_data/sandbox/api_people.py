"""People: profiles, their free data, events, subscriptions. `people_id` may be an e-mail."""

from __future__ import annotations

from typing import Any

from . import filters, profiles
from .records import Record
from .request import Answer, Call, Refusal, operation
from .rng import salt_of, uuid4
from .writes import merge_people_data, people_data


def _person(call: Call) -> Record:
    wanted = call.path["people_id"]
    people = call.website.people
    if wanted in people:
        return people[wanted]
    found = _by_email(call, wanted) if "@" in wanted else None
    if found is None:
        raise Refusal(404, "people_not_found")
    return found


def _by_email(call: Call, email: str) -> Record | None:
    rows = call.website.people.values()
    return next((row for row in rows if row["email"] == email), None)


def _extra(call: Call, kind: str) -> dict[str, Any]:
    """Return what is kept beside the profile and not in it."""
    return call.website.beside.setdefault((kind, _person(call)["people_id"]), {})


@operation("list_people_profiles")
def list_people_profiles(call: Call) -> Answer:
    """List profiles, newest first."""
    size = call.per_page()
    return call.page(filters.people(call.website, call.query, call.world.options), size)


@operation("get_people_profile", "check_people_profile_exists")
def get_people_profile(call: Call) -> Answer:
    """Answer one profile."""
    return Answer("resolved", _person(call))


@operation("add_new_people_profile")
def add_new_people_profile(call: Call) -> Answer:
    """Add a profile; 409 where the e-mail has one."""
    if _by_email(call, call.body["email"]) is not None:
        raise Refusal(409, "people_exists")
    website = call.website
    now = website.clock.tick()
    row = {
        "people_id": uuid4(website.rng),
        "email": call.body["email"],
        "person": call.body["person"],
        "segments": [],
        "active": {"now": False, "last": now},
        "score": 0.0,
        "created_at": now,
    }
    _take_over(row, call.body, now)
    website.people[row["people_id"]] = row
    return Answer("added", {"people_id": row["people_id"]}, 201)


def _take_over(row: Record, body: Record, now: int) -> None:
    row.update({name: value for name, value in body.items() if name not in ("active", "people_id")})
    row["person"] = {"nickname": None} | row["person"]
    row["updated_at"] = now


@operation("save_people_profile")
def save_people_profile(call: Call) -> Answer:
    """Replace a profile."""
    row = _person(call)
    for name in ("segments", "company", "notepad"):
        row.pop(name, None)
    _take_over(row, {"segments": []} | call.body, call.website.clock.tick())
    return Answer("updated")


@operation("update_people_profile")
def update_people_profile(call: Call) -> Answer:
    """Change what the body names; fields of `person` are merged."""
    row = _person(call)
    person = row["person"] | call.body.get("person", {})
    _take_over(row, call.body | {"person": person}, call.website.clock.tick())
    return Answer("updated")


@operation("remove_people_profile")
def remove_people_profile(call: Call) -> Answer:
    """Remove a profile; the person's conversations stay."""
    del call.website.people[_person(call)["people_id"]]
    call.website.clock.tick()
    return Answer("deleted")


@operation("get_people_statistics")
def get_people_statistics(call: Call) -> Answer:
    """Count the profiles."""
    return Answer("resolved", {"total": len(call.website.people)})


@operation("list_people_conversations")
def list_people_conversations(call: Call) -> Answer:
    """List the session ids of a person's conversations."""
    rows = call.website.known_people().get(_person(call)["people_id"], [])
    return call.page([one.session_id for one in rows])


@operation("list_people_campaigns")
def list_people_campaigns(call: Call) -> Answer:
    """List the campaigns that reached a person."""
    names = ("campaign_id", "type", "name", "created_at", "updated_at", "dispatched_at")
    person = _person(call)
    sent = [row for row in call.website.campaigns.values() if row["dispatched"]]
    rows = [{name: row.get(name) for name in names} for row in sent]
    return call.page(rows if "newsletter" in person["segments"] else [])


@operation("list_people_events")
def list_people_events(call: Call) -> Answer:
    """List a person's events, newest first."""
    person = _person(call)
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
    return Answer("resolved", {"data": people_data(call.website, _person(call)["people_id"])})


@operation("save_people_data")
def save_people_data(call: Call) -> Answer:
    """Replace a person's free data."""
    call.website.clock.tick()
    call.website.beside["data", _person(call)["people_id"]] = call.body["data"]
    return Answer("updated")


@operation("update_people_data")
def update_people_data(call: Call) -> Answer:
    """Merge into a person's free data."""
    merge_people_data(call.website, _person(call)["people_id"], call.body["data"])
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


@operation("export_people_profiles", "import_people_profiles")
def hand_over(call: Call) -> Answer:
    """Accept a job whose result comes by e-mail."""
    return Answer("dispatched", status=202)
