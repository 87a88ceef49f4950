"""Operations on campaigns and their templates."""

from __future__ import annotations

from .records import Record
from .request import Answer, Call, Refusal, found, operation
from .rng import uuid4

_EXCERPT = [
    "campaign_id",
    "type",
    "format",
    "name",
    "subject",
    "tag",
    "ready",
    "dispatched",
    "running",
    "progress",
    "targets",
    "reached",
    "created_at",
    "updated_at",
    "dispatched_at",
]


def _campaign(call: Call) -> Record:
    return found(call.website.campaigns, call.path["campaign_id"], "campaign_not_found")


def _template(call: Call) -> Record:
    return found(call.website.templates, call.path["template_id"], "template_not_found")


@operation("list_campaigns")
def list_campaigns(call: Call) -> Answer:
    """List campaigns, newest first, in short."""
    rows = sorted(call.website.campaigns.values(), key=lambda row: -row["created_at"])
    return call.page([{name: row[name] for name in _EXCERPT if name in row} for row in rows])


@operation("list_campaign_tags")
def list_campaign_tags(call: Call) -> Answer:
    """List the tags in use."""
    tags = {row["tag"] for row in call.website.campaigns.values() if row.get("tag")}
    return Answer("listed", sorted(tags))


@operation("get_campaign", "check_campaign_exists")
def get_campaign(call: Call) -> Answer:
    """Answer one campaign, whole."""
    return Answer("resolved", _campaign(call))


@operation("create_new_campaign")
def create_new_campaign(call: Call) -> Answer:
    """Create a campaign that is not ready yet."""
    website = call.website
    now, campaign_id = website.clock.tick(), uuid4(website.rng)
    flags = dict.fromkeys(("ready", "dispatched", "running"), False)
    counts = dict.fromkeys(("progress", "targets", "reached"), 0)
    times = {"created_at": now, "updated_at": now}
    row = {"campaign_id": campaign_id, "format": "markdown"} | flags | counts | times
    named = {name: call.body[name] for name in ("type", "name")}
    website.campaigns[campaign_id] = row | named
    return Answer("added", {"campaign_id": campaign_id}, 201)


@operation("save_campaign", "update_campaign")
def save_campaign(call: Call) -> Answer:
    """Take over what the body names."""
    row = _campaign(call)
    kept = {"campaign_id": row["campaign_id"], "updated_at": call.website.clock.tick()}
    row.update(call.body | kept)
    return Answer("updated")


@operation("remove_campaign")
def remove_campaign(call: Call) -> Answer:
    """Remove a campaign."""
    del call.website.campaigns[_campaign(call)["campaign_id"]]
    call.website.clock.tick()
    return Answer("deleted")


@operation("dispatch_campaign", "resume_campaign", "pause_campaign", "test_campaign")
def run_campaign(call: Call) -> Answer:
    """Dispatch, resume, pause or test a campaign."""
    row, now = _campaign(call), call.website.clock.tick()
    if call.name == "dispatch_campaign":
        row.update(dispatched=True, ready=True, running=True, dispatched_at=now)
    elif call.name != "test_campaign":
        row["running"] = call.name == "resume_campaign"
    return Answer("dispatched", status=202)


@operation("list_campaign_recipients")
def list_campaign_recipients(call: Call) -> Answer:
    """List whom a campaign goes to."""
    segments = set((_campaign(call).get("recipients") or {}).get("segments", ()))
    rows = [
        {
            "people_id": person["people_id"],
            "email": person["email"],
            "person": {"nickname": person["person"]["nickname"]},
            "subscribed": True,
        }
        for person in call.website.people.values()
        if segments & set(person["segments"])
    ]
    return call.page(rows)


@operation("list_campaign_statistics")
def list_campaign_statistics(call: Call) -> Answer:
    """List who opened or clicked, which the seeded data does not hold."""
    if call.path["action"] not in ("opened", "clicked", "unsubscribed"):
        raise Refusal(404, "not_found")
    _campaign(call)
    return call.page([])


@operation("list_campaign_templates")
def list_campaign_templates(call: Call) -> Answer:
    """List templates, newest first."""
    return call.page(list(reversed(call.website.templates.values())))


@operation("get_campaign_template", "check_campaign_template_exists")
def get_campaign_template(call: Call) -> Answer:
    """Answer one template."""
    return Answer("resolved", _template(call))


@operation("create_new_campaign_template")
def create_new_campaign_template(call: Call) -> Answer:
    """Create a template."""
    website = call.website
    now, template_id = website.clock.tick(), uuid4(website.rng)
    row = {"template_id": template_id, "type": "custom", "created_at": now, "updated_at": now}
    named = {name: call.body[name] for name in ("format", "name")}
    website.templates[template_id] = row | named
    return Answer("added", {"template_id": template_id}, 201)


@operation("save_campaign_template", "update_campaign_template")
def save_campaign_template(call: Call) -> Answer:
    """Take over what the body names."""
    row = _template(call)
    kept = {"template_id": row["template_id"], "updated_at": call.website.clock.tick()}
    row.update(call.body | kept)
    return Answer("updated")


@operation("remove_campaign_template")
def remove_campaign_template(call: Call) -> Answer:
    """Remove a template."""
    del call.website.templates[_template(call)["template_id"]]
    call.website.clock.tick()
    return Answer("deleted")
