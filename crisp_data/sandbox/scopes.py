"""Which scope and which tier an operation asks for.

Crisp's pages name the scopes of the operations that exports and bots use; the others follow
the same pattern here.
"""

from __future__ import annotations

_MESSAGES = ("message", "messages", "read", "unread", "delivered", "compose", "original", "files")
_OWN = ("routing", "participants", "pages", "events", "browsing")
#: The scope of what stands behind a conversation's id; ``sessions`` for all else.
_CONVERSATION = dict.fromkeys(_MESSAGES, "messages") | dict(zip(_OWN, _OWN, strict=True))
_CONVERSATION |= {"state": "states", "inbox": "routing", "call": "calls"}
#: Where the scope has another name than the path.
_PEOPLE = {
    "stats": "statistics",
    "profile": "profiles",
    "subscription": "subscriptions",
    "export": "profiles",
    "import": "profiles",
}
_WEBSITE = {
    "operator": "operators",
    "inbox": "inboxes",
    "campaign": "campaigns",
    "team": "teams",
}

#: Operations for user tokens only.
USER_ONLY = {
    *("check_website_exists", "create_website", "delete_website", "abort_website_deletion"),
    # What costs money (assumed), and what is told to users alone (the events that answer it are).
    *("list_all_active_subscriptions", "list_subscriptions_for_website"),
    *("subscribe_website_to_plugin", "unsubscribe_plugin_from_website"),
    *("get_plan_subscription_for_website", "subscribe_website_to_plan"),
    *("unsubscribe_plan_from_website", "change_bill_period_for_website_plan_subscription"),
    "check_coupon_availability_for_website_plan_subscription",
    "redeem_coupon_for_website_plan_subscription",
    "list_animation_medias",
}


def scope(path: str) -> str | None:
    """Return the scope of a route's path template, None where a valid token is enough."""
    parts = path.strip("/").split("/")[2:]
    if not path.startswith("/website/") or not parts or parts[-1] == "endpoints":
        return None
    room, rest = parts[0], parts[1:]
    if room == "conversations":
        return f"website:conversation:{'suggest' if rest[0] == 'suggest' else 'sessions'}"
    if room == "conversation":
        return f"website:conversation:{_CONVERSATION.get(rest[1] if rest[1:] else '', 'sessions')}"
    if room == "people":
        return f"website:people:{_PEOPLE.get(rest[0], rest[0])}"
    return f"website:{_WEBSITE.get(room, room)}"


def mode(method: str) -> str:
    """Return the mode that a method needs: ``read`` or ``write``."""
    return "read" if method in ("GET", "HEAD") else "write"
