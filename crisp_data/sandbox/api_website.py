"""Operations on websites: which there are, who is available, settings, visitors' identities."""

from __future__ import annotations

from .calendar import DAY, OPERATORS
from .records import Record
from .request import Answer, Call, Refusal, operation
from .resources import Document
from .rng import uuid4
from .state import Website


@operation("get_website")
def get_website(call: Call) -> Answer:
    """Answer a website's name and domain."""
    return Answer("resolved", _details(call.website))


def _details(website: Website) -> Record:
    """Return what is said of a website: its name, domain and logo are among its settings."""
    settings = {name: website.settings[name] for name in ("name", "domain", "logo")}
    return website.details | settings


def _domains(call: Call) -> set[str]:
    return {website.settings["domain"] for website in call.world.websites.values()}


@operation("check_website_exists")
def check_website_exists(call: Call) -> Answer:
    """Answer whether a domain belongs to a website."""
    if call.query.get("domain") not in _domains(call):
        raise Refusal(404, "not_found")
    return Answer("found")


@operation("create_website")
def create_website(call: Call) -> Answer:
    """Make an empty website, which the user who made it reaches."""
    if call.body["domain"] in _domains(call):
        raise Refusal(409, "website_exists")
    call.world.clock.tick()
    website = call.world.add_website(call.body["name"], call.body["domain"])
    call.token.websites += (website.id,)
    return Answer("added", {"website_id": website.id}, 201)


@operation("delete_website", "abort_website_deletion")
def delete_website(call: Call) -> Answer:
    """Mark a website as deleted, so that nothing of it is answered, or take the mark away."""
    call.website.clock.tick()
    call.website.deleted = call.name == "delete_website"
    return Answer("deleted")


# Availability, settings, identities


@operation("get_website_availability_status")
def get_website_availability_status(call: Call) -> Answer:
    """Answer whether anyone is on shift."""
    now = call.website.clock.now
    online = any(someone.on_shift(now) == now for someone in OPERATORS)
    return Answer(
        "resolved", {"status": "online" if online else "offline", "since": now - now % DAY}
    )


@operation("list_website_operator_availabilities")
def list_website_operator_availabilities(call: Call) -> Answer:
    """List who is on shift."""
    now = call.website.clock.now
    rows = [
        {
            "user_id": known["user_id"],
            "type": "online" if someone.on_shift(now) == now else "offline",
            "time": {"for": 3_600, "since": now - now % DAY},
        }
        for someone, known in zip(OPERATORS, call.website.scene.operators, strict=True)
    ]
    return Answer("listed", rows)


Document(
    find=lambda call: call.website.settings,
    read=("get_website_settings",),
    update=("update_website_settings",),
)
Document(
    find=lambda call: call.website.verify["settings"],
    read=("get_verify_settings",),
    update=("update_verify_settings",),
)
Document(find=lambda call: call.website.verify["key"], read=("get_verify_key",))


@operation("roll_verify_key")
def roll_verify_key(call: Call) -> Answer:
    """Make another secret for the identities of visitors."""
    call.website.clock.tick()
    call.website.verify["key"]["secret"] = uuid4(call.website.rng)
    return Answer("updated")
