"""What each of the 229 operations is asked with: values of our own, of the shapes that the official
clients' examples and types have. An operation that is not named here takes no body and no query.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.resources import files
from string import Formatter
from typing import Any

OPERATIONS = json.loads((files("crisp_data") / "operations.json").read_text("utf-8"))
#: Operations for user tokens, and those whose answer a plugin's token alone gets.
USER = {
    *("check_website_exists", "create_website", "delete_website", "abort_website_deletion"),
    *("list_all_active_subscriptions", "list_subscriptions_for_website"),
    *("subscribe_website_to_plugin", "unsubscribe_plugin_from_website", "list_animation_medias"),
}
#: Whose effect is outside the API: seen in the truth of the sandbox, and nowhere else.
OUTSIDE = {
    *("batch_report_conversations", "deliver_widget_button_action_for_conversation"),
    *("deliver_widget_data_fetch_action_for_conversation", "dispatch_plugin_event"),
    *("export_helpdesk_locale_articles", "export_people_profiles", "generate_bucket_url"),
    *("forward_plugin_payload_to_channel", "import_external_helpdesk_to_locale"),
    *("import_people_profiles", "report_conversation", "request_helpdesk_content_refresh"),
    *("request_chatbox_binding_purge_for_conversation", "request_tool_call_for_conversation"),
    *("request_email_transcript_for_conversation", "request_user_feedback_for_conversation"),
    *("send_action_to_existing_browsing_session", "assist_existing_browsing_session"),
    *("send_email_to_website_operators", "test_campaign"),
    "transmit_signaling_on_ongoing_call_session",
}
#: Figures are asked for by POST, and change nothing.
READS = {"generate_analytics"}


@dataclass(frozen=True)
class Example:
    """A body, a query, and whether npm's client takes their values one by one."""

    body: Any = None
    query: dict[str, Any] = field(default_factory=dict)
    one_by_one: bool = False
    #: Parts of the path that are others than usual.
    at: dict[str, str] = field(default_factory=dict)
    #: Operations without which there is nothing to do.
    after: tuple[str, ...] = ()


def each(body=None, /, **fields):
    """Values that npm's client takes one by one."""
    return Example(body or fields, one_by_one=True)


def asked(**query):
    """Values of a query, which npm's client takes one by one."""
    return Example(query=query, one_by_one=True)


CHALLENGE = {"method": "password", "secret": "not a real one"}


def examples(known: dict[str, Any]) -> dict[str, Example]:
    """The examples, with identifiers that the sandbox has."""
    sessions = {"sessions": known["others"], "inbox_id": None}
    mark = {"from": "user", "origin": "urn:sandbox.example:bridge:0"}
    mark |= {"fingerprints": [str(known["fingerprint"])]}
    profile = {"email": "ada@example.com", "person": {"nickname": "Ada"}}
    widget = {"section_id": "orders", "item_id": "open_balance"}
    inbox = {
        "name": "Key accounts",
        "emoji": "🔑",
        "order": 9,
        "operators": [known["user_id"]],
        "operator": "and",
        "conditions": [
            {"model": "session", "criterion": "segments", "operator": "eq", "query": ["key"]}
        ],
    }
    team = {"name": "Night", "emoji": "🌙", "operators": [known["user_id"]]}
    campaign = {
        "type": "one_shot",
        "format": "markdown",
        "name": "Hello again",
        "sender": {"user_id": known["user_id"]},
        "recipients": {"type": "all"},
        "message": "*Good to see you.*",
        "options": {"deliver_to_email": True, "sender_email_reply": None},
    }
    people = {"profiles": [known["people_id"]], "search": "nobody of this name"}
    data = {"tier": "gold", "renewed": True}
    return {
        # conversations
        "list_conversations": Example(query={"search_query": "vip", "search_type": "segment"}),
        "delete_suggested_conversation_segment": each(segment="vip"),
        "delete_suggested_conversation_data_key": each(key="plan"),
        "submit_spam_conversation_decision": each(action="reject"),
        "get_messages_in_conversation": asked(timestamp_before=1_900_000_000_000),
        "send_message_in_conversation": Example(
            {"type": "text", "from": "operator", "origin": "chat", "content": "What can I do?"}
        ),
        "update_message_in_conversation": each(content="What can we do?"),
        "compose_message_in_conversation": Example({"type": "start", "from": "operator"}),
        "mark_messages_read_in_conversation": Example(mark),
        "mark_messages_delivered_in_conversation": Example(mark),
        "mark_conversation_as_unread": Example({"from": "operator"}),
        "update_conversation_open_state": each(opened=True),
        "assign_conversation_routing": Example({"assigned": {"user_id": known["user_id"]}}),
        "update_conversation_inbox": each(inbox_id=known["inbox_id"]),
        "update_conversation_metas": Example(
            {"nickname": "Ada", "origin": "email", "segments": ["new"], "data": data}
        ),
        "change_conversation_state": each(state="resolved"),
        "save_conversation_participants": Example(
            {"participants": [{"type": "email", "target": "grace@example.com"}]}
        ),
        "block_incoming_messages_for_conversation": each(blocked=True),
        "update_verify_status_for_conversation": each(verified=True),
        "request_identity_verification_for_conversation": Example({"identity": "phone"}),
        "redeem_identity_verification_link_for_conversation": Example(
            {"identity": "phone", "token": "123456"}
        ),
        "request_email_transcript_for_conversation": each(to="other", email="ada@example.com"),
        "send_action_to_existing_browsing_session": each(action="start"),
        "assist_existing_browsing_session": Example(
            {"action": "mouse", "mouse": {"x": 3, "y": 40}}
        ),
        "initiate_new_call_session_for_conversation": each(mode="audio"),
        "transmit_signaling_on_ongoing_call_session": Example({"type": "sdp", "payload": {}}),
        "request_tool_call_for_conversation": each(command="list_tools"),
        "deliver_widget_button_action_for_conversation": each(
            **widget, data={"order": "O-1"}, value="refund"
        ),
        "deliver_widget_data_fetch_action_for_conversation": each(**widget, data={"order": "O-1"}),
        "deliver_widget_data_edit_action_for_conversation": each(**widget, value="12"),
        "schedule_reminder_for_conversation": each(
            date="2026-12-01T09:00:00Z", note="Call them back."
        ),
        "report_conversation": each(flag="spam"),
        # people
        "delete_suggested_people_segment": each(segment="vip"),
        "delete_suggested_people_data_key": each(key="orders"),
        "delete_suggested_people_event": each(text="signup"),
        "list_people_profiles": asked(sort_field="created_at", sort_order="ascending"),
        "add_new_people_profile": Example(profile),
        "save_people_profile": Example(profile),
        "update_people_profile": Example(profile),
        "add_people_event": Example({"text": "Paid", "data": {"price": 9.5}, "color": "red"}),
        "save_people_data": Example({"data": data}),
        "update_people_data": Example({"data": data}),
        "update_people_subscription_status": Example({"email": False}),
        "import_people_profiles": Example(
            {
                "url": "https://files.example/people.csv",
                "mapping": [{"column": 1, "field": "email"}],
                "options": {"column_separator": ",", "skip_header": True},
            }
        ),
        # batches
        "batch_resolve_conversations": Example(sessions),
        "batch_unresolve_conversations": Example(sessions, after=("batch_resolve_conversations",)),
        "batch_read_conversations": Example(sessions, after=("batch_unread_conversations",)),
        "batch_unread_conversations": Example(sessions),
        "batch_remove_conversations": Example(sessions),
        "batch_remove_people": each(people={"profiles": [known["other_people_id"]]}),
        "batch_report_conversations": Example({"sessions": known["others"], "flag": "spam"}),
        "batch_block_conversations": Example({"sessions": known["others"], "blocked": True}),
        "batch_routing_conversations": Example(
            {"sessions": known["others"], "assigned": {"user_id": known["user_id"]}}
        ),
        "batch_inbox_conversations": Example(
            {"sessions": known["others"], "inbox_id": known["inbox_id"]}
        ),
        "batch_update_conversations_data": Example({"sessions": known["others"], "data": data}),
        "batch_update_people_data": each(people=people, data=data),
        "batch_update_conversations_segments": Example(
            {"sessions": known["others"], "segments": ["bulk"]}
        ),
        "batch_update_people_segments": each(people=people, segments=["bulk"]),
        # inboxes, operators, teams, the website
        "batch_order_inboxes": Example({"orders": [{"inbox_id": known["inbox_id"], "order": 7}]}),
        "create_new_inbox": Example(inbox),
        "save_inbox": Example(inbox),
        "create_new_team": Example(team),
        "save_team": Example(team | {"name": "Day"}),
        "send_email_to_website_operators": Example(
            {"recipient": "owners", "subject": "Nearly full", "message": "Ten seats are left."}
        ),
        "invite_website_operator": each(email="grace@example.com", role="member", verify=CHALLENGE),
        "change_operator_membership": each(role="admin", title="Lead"),
        "check_website_exists": asked(domain="acme.example"),
        "create_website": Example({"name": "Shop", "domain": "shop.example"}),
        "delete_website": each(verify=CHALLENGE),
        "abort_website_deletion": Example(after=("delete_website",)),
        "update_website_settings": Example(
            {
                "name": "Acme again",
                "domain_alternates": [],
                "contact": {"telegram": "acme"},
                "chatbox": {"tile": "melt", "hide_on_mobile": True, "blocked_ips": ["192.0.2.1"]},
            }
        ),
        "update_verify_settings": Example({"enabled": True}),
        "pinpoint_visitors_on_map": asked(
            center_longitude=2.3, center_latitude=48.8, center_radius=100
        ),
        "generate_analytics": Example(
            {
                "metric": "conversation",
                "type": "total",
                "aggregator": "sum",
                "filter": {},
                "split_by": "state",
                "raw_export": False,
                "date": {
                    "from": "2026-10-01",
                    "to": "2026-11-01",
                    "split": "week",
                    "timezone": "Europe/Paris",
                    "days": {"monday": {"hour_from": 9, "hour_to": 17}},
                },
            }
        ),
        # campaigns
        "create_new_campaign": each(type="one_shot", name="Hello"),
        "save_campaign": Example(campaign),
        "update_campaign": Example({"message": "*Still here.*"}),
        "create_new_campaign_template": each(format="html", name="Plain"),
        "save_campaign_template": Example(
            {"name": "Plain", "format": "html", "content": "<p>Hello</p>"}
        ),
        "update_campaign_template": Example({"content": "<p>Hello again</p>"}),
        "resume_campaign": Example(after=("dispatch_campaign", "pause_campaign")),
        "pause_campaign": Example(after=("dispatch_campaign",)),
        # the helpdesk
        "initialize_helpdesk": Example(
            {"name": "Help", "domain_basic": "acme"}, one_by_one=True, after=("delete_helpdesk",)
        ),
        "delete_helpdesk": each(verify=CHALLENGE),
        "add_helpdesk_locale": each(locale="fr"),
        "list_helpdesk_tree": asked(sub_path="billing"),
        "create_helpdesk_tree_path": Example(at={"path": "returns/labels"}),
        "delete_helpdesk_tree_path": Example(at={"path": "billing/refunds"}),
        "update_helpdesk_tree_path": Example(
            {"action": "move", "path": {"to": "payment"}, "position": 3}, at={"path": "delivery"}
        ),
        "save_helpdesk_tree_content": each(content="# Invoices\n\nThey come by e-mail."),
        "update_helpdesk_tree_metadata": Example({"title": "Invoices", "state": {"hidden": True}}),
        "cancel_helpdesk_history_change": each(action="revert"),
        "list_helpdesk_history_changes": asked(filter_locale="en"),
        "import_external_helpdesk_to_locale": Example(
            {"helpdesk_url": "https://old.example/", "detect_locales": False}
        ),
        "add_helpdesk_redirection": each(path="/en/a/", target="/en/b/"),
        "save_helpdesk_settings": Example({"name": "Help 2", "include": {"html": None}}),
        "request_helpdesk_domain_change": each(basic="acme", custom="help.acme.example"),
        "generate_helpdesk_domain_setup_flow": asked(custom="help.acme.example"),
        # plugins, plans, files
        "list_all_connect_websites": asked(filter_configured=False, include_plan=True),
        "list_connect_websites_since": asked(
            date_since="2026-01-01T00:00:00Z", filter_configured=False, include_plan=True
        ),
        "subscribe_website_to_plugin": each(plugin_id=known["other_plugin_id"]),
        "unsubscribe_plugin_from_website": Example(
            at={"plugin_id": known["other_plugin_id"]}, after=("subscribe_website_to_plugin",)
        ),
        "save_subscription_settings": Example({"colours": {"1": "#ff0000"}}),
        "update_subscription_settings": Example({"colours": {"2": "#00ff00"}}),
        "report_plugin_usage_to_bill": Example({"name": "Messages", "units": 20, "price": 0.1}),
        "forward_plugin_payload_to_channel": Example(
            {"namespace": "bot:step", "payload": {"step": 2}}
        ),
        "dispatch_plugin_event": Example({"name": "bot-started", "data": {"bot": "Sales"}}),
        "subscribe_website_to_plan": each(plan_id="p-2"),
        "change_bill_period_for_website_plan_subscription": each(period="yearly"),
        "check_coupon_availability_for_website_plan_subscription": asked(code="SANDBOX10"),
        "redeem_coupon_for_website_plan_subscription": each(code="SANDBOX10"),
        "generate_bucket_url": Example(
            {
                "namespace": "upload",
                "id": "3f1f2a60-6b1c-4bb0-8c8a-1c0b6a2f9d11",
                "file": {"name": "bill.pdf", "type": "application/pdf"},
            }
        ),
        "list_animation_medias": asked(list_id="1", search_query={"query": "hello"}),
    }


class Asker:
    """Asks for operations by their official names.

    Parameters
    ----------
    send : callable
        Sends (tier, method, path, query, body) and returns the answer's data.
    known : dict
        The identifiers that `seeded` finds.
    """

    def __init__(self, send, known) -> None:
        self.send = send
        self.known = dict(known)
        account = self.send("plugin", "GET", "/plugin/connect/account", {}, None)
        self.known["plugin_id"] = account["plugin_id"]
        self.examples = examples(self.known)
        self._prepare()

    def _prepare(self) -> None:
        """Make what the seed has none of, and learn the identifiers that lists tell."""
        known = self.known
        known |= self.ask("create_new_team") | self.ask("create_new_campaign_template")
        self.ask("save_helpdesk_tree_content")
        self.ask("initiate_browsing_session_for_conversation")
        self.ask("initiate_new_call_session_for_conversation")
        known["call_id"] = self.ask("get_ongoing_call_session_for_conversation")["call_id"]
        for key, name in (
            ("browsing_id", "list_browsing_sessions_for_conversation"),
            ("change_id", "list_helpdesk_history_changes"),
            ("redirection_id", "list_helpdesk_redirections"),
            ("entity_id", "list_helpdesk_pages"),
            ("spam_id", "list_spam_conversations"),
        ):
            known[key] = self.ask(name)[0][key]

    def request(self, entry) -> tuple[str, str, str, dict[str, Any], Any]:
        """The tier, method, path, query and body of an operation."""
        name = entry["name"]
        example = self.examples.get(name, Example())
        path = entry["path"].format_map(self.known | example.at)
        query = {key: json.dumps(value) if isinstance(value, dict) else str(value)
                 for key, value in example.query.items()}  # fmt: skip
        return tier(entry), entry["method"], path, query, example.body

    def ask(self, name: str) -> Any:
        """Do an operation."""
        return self.send(*self.request(BY_NAME[name]))

    def arguments(self, entry) -> list[Any]:
        """What npm's client takes for an operation: the path's parts, the query, the body."""
        example = self.examples.get(entry["name"], Example())
        parts = [name for _, name, _, _ in Formatter().parse(entry["path"]) if name]
        values = [(self.known | example.at)[name] for name in parts]
        for given in (example.query, example.body):
            if given:
                values += given.values() if example.one_by_one else [given]
        return values


#: What an official client is asked for last, in this order: without a website there is no other.
LAST = ("delete_website", "abort_website_deletion", "initialize_helpdesk")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def in_turn(entry) -> tuple[int, ...]:
    """The place of an operation among all, on one sandbox: what is deleted is needed no more."""
    last = LAST.index(entry["name"]) + 1 if entry["name"] in LAST else 0
    return last, _METHODS.index(entry["method"]), -entry["path"].count("/")


BY_NAME = {entry["name"]: entry for entry in reversed(OPERATIONS)}


def tier(entry) -> str:
    """The tier of token that an operation asks for, or a plugin's."""
    users = entry["name"] in USER or entry["resource"] == "PlanSubscription"
    return "user" if users else "plugin"


def seeded(truth, website_id) -> dict[str, Any]:
    """Identifiers of the seed's own: a conversation that has an e-mail, and what belongs to it."""
    rows = {row["session_id"]: row for row in truth("conversations")}
    mails = [row for row in truth("messages") if row.get("original") and row["from"] == "user"]
    mail = next(row for row in mails if rows[row["session_id"]]["state"] == "unresolved")
    session_id = mail["session_id"]
    others = [one for one, row in rows.items() if row["state"] != "resolved" and one != session_id]
    person, other, *_ = (row for row in truth("people") if "newsletter" in row["segments"])
    token = next(row for row in truth("visitors") if row["session_id"] == session_id)
    return {
        "website_id": website_id,
        "session_id": session_id,
        "others": others[:2],
        "fingerprint": mail["fingerprint"],
        "original_id": mail["original"]["original_id"],
        "user_id": truth("operators")[2]["details"]["user_id"],
        "inbox_id": truth("inboxes")[0]["inbox_id"],
        "people_id": person["people_id"],
        "other_people_id": other["people_id"],
        "campaign_id": next(row for row in truth("campaigns") if row["dispatched"])["campaign_id"],
        "token_id": token["token_id"],
        "other_plugin_id": "6b7bb1a5-6d61-4b5e-9a0c-0b9a3c1e5f42",
        "page_number": 1,
        "locale": "en",
        "content_type": "articles",
        "path": "billing/invoices",
        "rule": "countries",
        "action": "opened",
    }
