"""Operations on campaigns and their templates."""

from __future__ import annotations

from .calendar import DAY
from .records import Record
from .request import Answer, Call, Refusal, operation
from .resources import Resource
from .rng import salt_of

_EXCERPT = (
    *("campaign_id", "type", "format", "name", "subject", "tag"),
    *("ready", "dispatched", "running", "progress", "targets", "reached"),
    *("created_at", "updated_at", "dispatched_at"),
)


def _new_campaign(call: Call, campaign_id: str, now: int) -> Record:
    """Make a campaign that is not ready yet."""
    flags = dict.fromkeys(("ready", "dispatched", "running"), False)
    counts = dict.fromkeys(("progress", "targets", "reached"), 0)
    return (
        {"format": "markdown"}
        | flags
        | counts
        | {name: call.body[name] for name in ("type", "name")}
    )


def _new_template(call: Call, template_id: str, now: int) -> Record:
    return {"type": "custom"} | {name: call.body[name] for name in ("format", "name")}


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
    tags = {row["tag"] for row in call.website.table("campaigns").values() if row.get("tag")}
    return Answer("listed", sorted(tags))


@operation("dispatch_campaign", "resume_campaign", "pause_campaign", "test_campaign")
def run_campaign(call: Call) -> Answer:
    """Dispatch, resume, pause or test a campaign."""
    row, now = CAMPAIGNS.find(call), call.website.clock.tick()
    if call.name == "dispatch_campaign":
        row.update(dispatched=True, ready=True, running=True, dispatched_at=now)
    elif call.name != "test_campaign":
        row["running"] = call.name == "resume_campaign"
    return call.dispatch()


def _recipients(call: Call) -> list[Record]:
    """Return the profiles that a campaign goes to."""
    asked = CAMPAIGNS.find(call).get("recipients") or {}
    everyone = call.website.people.values()
    if asked.get("type") == "all":
        return list(everyone)
    segments, people = set(asked.get("segments", ())), set(asked.get("people", ()))
    return [
        row for row in everyone if segments & set(row["segments"]) or row["people_id"] in people
    ]


def _profile(person: Record, *names: str) -> Record:
    known = {name: person[name] for name in ("people_id", "email")}
    return known | {"person": {name: person["person"].get(name) for name in names}}


@operation("list_campaign_recipients")
def list_campaign_recipients(call: Call) -> Answer:
    """List whom a campaign goes to."""
    rows = _recipients(call)
    return call.page([_profile(row, "nickname", "avatar") | {"subscribed": True} for row in rows])


#: Of so many who got a campaign, one did it.
_SHARES = {"opened": 2, "clicked": 4, "unsubscribed": 16}


@operation("list_campaign_statistics")
def list_campaign_statistics(call: Call) -> Answer:
    """List who opened a campaign, clicked in it or left its list, newest first."""
    campaign, action = CAMPAIGNS.find(call), call.path["action"]
    if action not in _SHARES:
        raise Refusal(404, "not_found")
    rows = []
    for person in _recipients(call) if campaign["dispatched"] else ():
        salt = salt_of(campaign["campaign_id"]) ^ salt_of(person["people_id"])
        if salt % _SHARES[action] == 0:
            at = campaign["dispatched_at"] + salt % DAY
            shown = {
                "type": action,
                "profile": _profile(person, "nickname", "avatar", "geolocation"),
            }
            rows.append(shown | {"data": {}, "created_at": at, "updated_at": at})
    return call.page(sorted(rows, key=lambda row: -row["created_at"]))
