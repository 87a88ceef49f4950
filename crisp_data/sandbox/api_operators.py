"""Operations on operators and their teams."""

from __future__ import annotations

from .records import Record
from .request import Answer, Call, found, operation
from .resources import Resource
from .rng import uuid4

Resource(
    table="teams",
    key="team_id",
    not_found="team_not_found",
    list=("list_teams",),
    read=("get_team", "check_team_exists"),
    create=("create_new_team",),
    save=("save_team",),
    remove=("delete_team",),
    new=lambda call, team_id, now: {"emoji": None, "operators": []} | call.body,
)


def _operator(call: Call) -> Record:
    by_id = {one["details"]["user_id"]: one["details"] for one in call.website.operators}
    return found(by_id, call.path["user_id"])


@operation("list_website_operators")
def list_website_operators(call: Call) -> Answer:
    """List the operators, not paged."""
    return Answer("listed", call.website.operators)


@operation("get_website_operator")
def get_website_operator(call: Call) -> Answer:
    """Answer one operator's details."""
    return Answer("resolved", _operator(call))


@operation("list_last_active_website_operators")
def list_last_active_website_operators(call: Call) -> Answer:
    """List the operators by their last activity."""
    now = call.website.clock.now
    rows = [
        {name: one[name] for name in ("user_id", "avatar", "nickname")}
        | {"timestamp": now - n * 600_000}
        for n, one in enumerate(call.website.active_operators)
    ]
    return Answer("listed", rows)


@operation("flush_last_active_website_operators")
def flush_last_active_website_operators(call: Call) -> Answer:
    """Forget who was active."""
    call.website.clock.tick()
    call.website.active_operators.clear()
    return Answer("deleted")


@operation("invite_website_operator")
def invite_website_operator(call: Call) -> Answer:
    """Add an invited operator, who has no name yet."""
    website = call.website
    website.clock.tick()
    details = {
        "user_id": uuid4(website.rng),
        "email": call.body["email"],
        "role": call.body["role"],
        "availability": "offline",
        "has_token": False,
    }
    website.operators.append({"type": "invite", "details": details})
    return Answer("added", status=201)


@operation("change_operator_membership")
def change_operator_membership(call: Call) -> Answer:
    """Change an operator's role and title."""
    details = _operator(call)
    call.website.clock.tick()
    details.update({name: call.body[name] for name in ("role", "title") if name in call.body})
    return Answer("updated")


@operation("unlink_operator_from_website")
def unlink_operator_from_website(call: Call) -> Answer:
    """Take an operator off the website."""
    gone = _operator(call)
    call.website.clock.tick()
    call.website.operators[:] = [
        one for one in call.website.operators if one["details"] is not gone
    ]
    return Answer("deleted")
