"""Operations on websites, their operators, availability, settings and the plugin itself."""

from __future__ import annotations

from .calendar import DAY, OPERATORS
from .records import Record
from .request import Answer, Call, Refusal, found, operation
from .rng import uuid4


@operation("get_website")
def get_website(call: Call) -> Answer:
    """Answer a website's name and domain."""
    return Answer("resolved", call.website.details)


@operation("check_website_exists")
def check_website_exists(call: Call) -> Answer:
    """Answer whether a domain belongs to a website."""
    domains = {website.details["domain"] for website in call.world.websites.values()}
    if call.query.get("domain") not in domains:
        raise Refusal(404, "not_found")
    return Answer("found")


# The plugin and where it is installed


@operation("PluginConnect.get_connect_account")
def get_connect_account(call: Call) -> Answer:
    """Answer which plugin the token belongs to."""
    return Answer("resolved", {"plugin_id": call.world.plugin_id})


@operation("PluginConnect.list_all_connect_websites")
def list_all_connect_websites(call: Call) -> Answer:
    """List the websites that the plugin is installed on."""
    return call.page(_connected(call))


@operation("PluginConnect.list_connect_websites_since")
def list_connect_websites_since(call: Call) -> Answer:
    """List the websites whose installation changed since a date: none ever did."""
    rows = [] if call.query.get("date_since") else _connected(call)
    return Answer("listed", [row | {"difference": "created"} for row in rows])


def _connected(call: Call) -> list[Record]:
    plan = {"plan": {"id": "p-1", "name": "unlimited", "trialing": False}}
    with_plan = plan if call.query.get("include_plan") == "1" else {}
    return [
        {"website_id": website_id, "token": f"token-{n}", "settings": {}} | with_plan
        for n, website_id in enumerate(call.token.websites)
    ]


@operation("PluginConnect.get_connect_endpoints")
def get_connect_endpoints(call: Call) -> Answer:
    """Answer where the real-time API would be."""
    return Answer("resolved", {"socket": {"app": "https://plugin.relay.crisp.example/"}})


# Operators


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
        for n, one in enumerate(call.website.scene.operators)
    ]
    return Answer("listed", rows)


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


# Availability and settings


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


@operation("get_website_settings")
def get_website_settings(call: Call) -> Answer:
    """Answer the settings."""
    return Answer("resolved", call.website.settings)


@operation("update_website_settings")
def update_website_settings(call: Call) -> Answer:
    """Merge settings, one level deep as they are written."""
    call.website.clock.tick()
    for name, value in call.body.items():
        known = call.website.settings.get(name)
        merged = known | value if isinstance(known, dict) and isinstance(value, dict) else value
        call.website.settings[name] = merged
    return Answer("updated")
