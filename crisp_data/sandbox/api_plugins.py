"""Plugins: the one of the token, and which plugins a website has, with their settings and bills."""

from __future__ import annotations

from .filters import instant
from .records import Record
from .request import Answer, Call, operation
from .resources import Document, Resource
from .rng import stream, uuid4

SUBSCRIPTIONS = Resource(
    table="subscriptions",
    key="plugin_id",
    identify=lambda call: str(call.body["plugin_id"]),
    not_found="subscription_not_found",
    list=("list_subscriptions_for_website",),
    read=("get_subscription_details",),
    create=("subscribe_website_to_plugin",),
    remove=("unsubscribe_plugin_from_website",),
    new=lambda call, plugin_id, now: {"settings": {}},
    shown=lambda call, row: _shown(call, call.path["website_id"], row),
    release=lambda call, plugin_id, at: call.website.drop("usage bills", plugin_id),
    exists="subscription_exists",
)
Resource(
    table="usage bills",
    within=("plugin_id",),
    gate=SUBSCRIPTIONS.find,
    key="bill_id",
    not_found="bill_not_found",
    list=("get_plugin_usage_bills",),
    create=("report_plugin_usage_to_bill",),
)
Document(
    find=lambda call: SUBSCRIPTIONS.find(call)["settings"],
    update=("update_subscription_settings",),
    replace=("save_subscription_settings",),
)


def _shown(call: Call, website_id: str, row: Record) -> Record:
    """Show a subscription; what its plugin is called and does is made up."""
    known = {"id": row["plugin_id"], "urn": "urn:sandbox.example:plugin:0", "type": "plugin"}
    since = {"since": row["created_at"], "active": True, "website_id": website_id}
    return known | {"name": "Plugin", "price": 0, "configurable": True} | since


def _token(website_id: str, plugin_id: str) -> str:
    """Return the token by which a website and a plugin know each other."""
    return uuid4(stream(website_id, plugin_id))


@operation("PluginSubscription.list_all_active_subscriptions")
def list_all_active_subscriptions(call: Call) -> Answer:
    """List the plugins of all websites that the token reaches."""
    rows = [
        _shown(call, website_id, row)
        for website_id in call.token.websites
        for row in call.world.websites[website_id].table("subscriptions").values()
    ]
    return Answer("listed", rows)


@operation("get_subscription_settings", "get_plugin_attest_provenance")
def get_subscription_settings(call: Call) -> Answer:
    """Answer what a website has set for a plugin, or the token that proves where it comes from."""
    row, website_id = SUBSCRIPTIONS.find(call), call.path["website_id"]
    shown = {"plugin_id": row["plugin_id"], "website_id": website_id}
    shown["token"] = _token(website_id, row["plugin_id"])
    if call.name == "get_subscription_settings":
        shown |= {"schema": {}, "settings": row["settings"]}
    return Answer("resolved", shown)


@operation("forward_plugin_payload_to_channel", "dispatch_plugin_event")
def forward_to_plugin(call: Call) -> Answer:
    """Accept a payload for a plugin's own program, which listens elsewhere."""
    SUBSCRIPTIONS.find(call)
    return call.dispatch()


# The token's plugin and where it is installed


@operation("get_connect_account")
def get_connect_account(call: Call) -> Answer:
    """Answer which plugin the token belongs to."""
    return Answer("resolved", {"plugin_id": call.world.plugin_id})


@operation("check_connect_session_validity")
def check_connect_session_validity(call: Call) -> Answer:
    """Answer that the token is valid, which was checked on the way here."""
    return Answer("found")


def _connected(call: Call, since: int = 0) -> list[Record]:
    """Return the websites that have the plugin, of those that changed since a time (ms)."""
    plan = {"plan": {"id": "p-1", "name": "unlimited", "trialing": False}}
    with_plan = plan if call.query.get("include_plan") == "1" else {}
    rows = []
    for website_id in call.token.websites:
        row = call.world.websites[website_id].table("subscriptions").get(call.world.plugin_id)
        if row is None or row["updated_at"] < since:
            continue
        if row["settings"] or call.query.get("filter_configured") != "1":
            shown = {"website_id": website_id, "token": _token(website_id, row["plugin_id"])}
            new = "created" if row["created_at"] >= since else "updated"
            rows.append(shown | {"settings": row["settings"], "difference": new} | with_plan)
    return rows


@operation("list_all_connect_websites")
def list_all_connect_websites(call: Call) -> Answer:
    """List the websites that the plugin is installed on."""
    rows = _connected(call)
    return call.page([{name: row[name] for name in row if name != "difference"} for row in rows])


@operation("list_connect_websites_since")
def list_connect_websites_since(call: Call) -> Answer:
    """List the websites that the plugin was installed or set on since a date."""
    return Answer("listed", _connected(call, instant(call.query.get("date_since")) or 0))


@operation("get_connect_endpoints")
def get_connect_endpoints(call: Call) -> Answer:
    """Answer where the real-time API would be."""
    return Answer(
        "resolved", {"socket": {"app": f"https://{call.token.tier}.relay.crisp.example/"}}
    )
