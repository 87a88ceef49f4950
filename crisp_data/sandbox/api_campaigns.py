"""Operations on campaigns and their templates."""

from __future__ import annotations

from .records import Record
from .request import Answer, Call, Refusal, operation
from .resources import Resource

_EXCERPT = (
    *("campaign_id", "type", "format", "name", "subject", "tag"),
    *("ready", "dispatched", "running", "progress", "targets", "reached"),
    *("created_at", "updated_at", "dispatched_at"),
)


def _new_campaign(call: Call, campaign_id: str, now: int) -> Record:
    """Make a campaign that is not ready yet."""
    flags = dict.fromkeys(("ready", "dispatched", "running"), False)
    counts = dict.fromkeys(("progress", "targets", "reached"), 0)
    times = {"created_at": now, "updated_at": now}
    row = {"campaign_id": campaign_id, "format": "markdown"} | flags | counts | times
    return row | {name: call.body[name] for name in ("type", "name")}


def _new_template(call: Call, template_id: str, now: int) -> Record:
    row = {"template_id": template_id, "type": "custom", "created_at": now, "updated_at": now}
    return row | {name: call.body[name] for name in ("format", "name")}


CAMPAIGNS = Resource(
    table="campaigns",
    key="campaign_id",
    not_found="campaign_not_found",
    list=("list_campaigns",),
    read=("get_campaign", "check_campaign_exists"),
    create=("create_new_campaign",),
    save=("save_campaign", "update_campaign"),
    remove=("remove_campaign",),
    new=_new_campaign,
    listed=lambda row: {name: row[name] for name in _EXCERPT if name in row},
)
Resource(
    table="templates",
    key="template_id",
    not_found="template_not_found",
    list=("list_campaign_templates",),
    read=("get_campaign_template", "check_campaign_template_exists"),
    create=("create_new_campaign_template",),
    save=("save_campaign_template", "update_campaign_template"),
    remove=("remove_campaign_template",),
    new=_new_template,
)


@operation("list_campaign_tags")
def list_campaign_tags(call: Call) -> Answer:
    """List the tags in use."""
    tags = {row["tag"] for row in call.website.campaigns.values() if row.get("tag")}
    return Answer("listed", sorted(tags))


@operation("dispatch_campaign", "resume_campaign", "pause_campaign", "test_campaign")
def run_campaign(call: Call) -> Answer:
    """Dispatch, resume, pause or test a campaign."""
    row, now = CAMPAIGNS.find(call), call.website.clock.tick()
    if call.name == "dispatch_campaign":
        row.update(dispatched=True, ready=True, running=True, dispatched_at=now)
    elif call.name != "test_campaign":
        row["running"] = call.name == "resume_campaign"
    return Answer("dispatched", status=202)


@operation("list_campaign_recipients")
def list_campaign_recipients(call: Call) -> Answer:
    """List whom a campaign goes to."""
    segments = set((CAMPAIGNS.find(call).get("recipients") or {}).get("segments", ()))
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
    CAMPAIGNS.find(call)
    return call.page([])
