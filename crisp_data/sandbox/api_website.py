"""Operations on websites, operators, inboxes, visitors, settings and the plugin itself."""

from __future__ import annotations

from .calls import Answer, Call, Refusal, found, operation


@operation("get_website")
def get_website(call: Call) -> Answer:
    """Answer a website's name and domain."""
    return Answer("resolved", call.website.details)


@operation("PluginConnect.list_all_connect_websites")
def list_all_connect_websites(call: Call) -> Answer:
    """List the websites that the plugin is installed on."""
    rows = [
        {
            "website_id": website_id,
            "token": f"token-{n}",
            "settings": {},
            **({"plan": {"id": "p-1", "name": "unlimited"}} if call.flag("include_plan") else {}),
        }
        for n, website_id in enumerate(call.token.websites)
    ]
    return call.page(rows)


@operation("list_website_operators")
def list_website_operators(call: Call) -> Answer:
    """List the operators, not paged."""
    return Answer("listed", call.website.operators)


@operation("get_website_operator")
def get_website_operator(call: Call) -> Answer:
    """Answer one operator's details."""
    by_id = {one["details"]["user_id"]: one["details"] for one in call.website.operators}
    return Answer("resolved", found(by_id, call.path["user_id"]))
