"""The JSON schemas that bodies are held against, by the official name of the operation."""

from __future__ import annotations

from .message_schemas import MESSAGE
from .schema_types import (
    CHALLENGE,
    CONTENT,
    EMAIL,
    FILLED,
    FLAG,
    FREE,
    INTEGER,
    OBJECT,
    SEGMENTS,
    SIDE,
    TEXT,
    TEXT_OR_NULL,
    TEXTS,
    TIME,
    USER,
    Schema,
    list_of,
    object_of,
)
from .service_schemas import SERVICES

_SESSIONS = object_of(sessions=TEXTS, inbox_id=TEXT_OR_NULL)
_SEARCH = object_of({"filter": list_of(OBJECT)}, operator={"enum": ["and", "or"]})
_PROFILES = object_of(profiles=TEXTS, search=_SEARCH | {"type": ["string", "object"]})
# Text in the clients' examples, whole numbers in their types (both stated).
_MARKED: Schema = {"type": ["integer", "string"], "pattern": r"^-?\d+$"}
_MARK = object_of({"from": SIDE, "origin": TEXT}, fingerprints=list_of(_MARKED))

_META = object_of(
    nickname=FILLED,
    email=EMAIL,
    phone=TEXT,
    address=TEXT,
    subject=TEXT,
    origin=TEXT,
    ip=TEXT,
    avatar=TEXT,
    data=FREE,
    segments=SEGMENTS,
    device=OBJECT,
    connection=OBJECT,
)
_PERSON = object_of(
    nickname=FILLED,
    avatar=TEXT_OR_NULL,
    phone=TEXT_OR_NULL,
    timezone={"type": ["integer", "null"]},
    locales=TEXTS,
)
_PROFILE: dict[str, Schema] = {
    "company": OBJECT,
    "segments": SEGMENTS,
    "notepad": TEXT_OR_NULL,
    "active": TIME,
}
_WHOLE_PROFILE = object_of({"email": EMAIL, "person": _PERSON}, **_PROFILE)
_ASSIGNED = object_of({"user_id": TEXT}) | {"type": ["object", "null"]}
_INBOX = object_of(
    {"name": FILLED},
    emoji=TEXT,
    order=INTEGER,
    operators=TEXTS,
    teams=TEXTS,
    conditions=list_of(OBJECT),
    operator={"enum": ["and", "or"]},
)
_CAMPAIGN = object_of(
    type=FILLED,
    format=FILLED,
    name=FILLED,
    subject=TEXT,
    tag=TEXT,
    message=TEXT,
    sender=OBJECT,
    recipients=OBJECT,
    flow=OBJECT,
    options=OBJECT,
)
_HOURS: Schema = {
    "type": "object",
    "additionalProperties": object_of(hour_from=INTEGER, hour_to=INTEGER),
}
_REPORT_DATE = object_of(
    {"from": FILLED, "to": FILLED, "split": {"enum": ["hour", "day", "week", "month"]}},
    timezone=TEXT,
    days=_HOURS,
)
# By whom and in which words something is done, where a thread shows it.
_DONE_BY: Schema = {"user": USER, "origin": TEXT}
_WIDGET: Schema = {"section_id": FILLED, "item_id": FILLED}
_TEAM = object_of({"name": FILLED}, emoji=TEXT_OR_NULL, operators=TEXTS)

SCHEMAS: dict[str, Schema] = {
    "send_message_in_conversation": MESSAGE,
    "update_message_in_conversation": object_of({"content": CONTENT}),
    "compose_message_in_conversation": object_of(
        {"type": {"enum": ["start", "stop"]}, "from": SIDE}, excerpt=TEXT
    ),
    "mark_messages_read_in_conversation": _MARK,
    "mark_messages_delivered_in_conversation": _MARK,
    "mark_conversation_as_unread": object_of({"from": SIDE}),
    "update_conversation_open_state": object_of({"opened": FLAG}),
    "assign_conversation_routing": object_of({"assigned": _ASSIGNED}, silent=FLAG),
    "update_conversation_inbox": object_of({"inbox_id": TEXT_OR_NULL}),
    "update_conversation_metas": _META,
    "change_conversation_state": object_of(
        {"state": {"enum": ["pending", "unresolved", "resolved"]}}, **_DONE_BY
    ),
    "save_conversation_participants": object_of(
        {"participants": list_of(object_of({"type": TEXT, "target": TEXT}))}, **_DONE_BY
    ),
    "block_incoming_messages_for_conversation": object_of({"blocked": FLAG}, **_DONE_BY),
    "update_verify_status_for_conversation": object_of({"verified": FLAG}),
    "request_email_transcript_for_conversation": object_of(
        {"to": {"enum": ["operator", "contact", "other"]}}, email=EMAIL
    ),
    "schedule_reminder_for_conversation": object_of({"date": FILLED, "note": TEXT}, **_DONE_BY),
    "request_identity_verification_for_conversation": object_of(
        {"identity": FILLED}, method=TEXT, recipient=TEXT
    ),
    "redeem_identity_verification_link_for_conversation": object_of(
        {"identity": FILLED, "token": FILLED}, recipient=TEXT
    ),
    "send_action_to_existing_browsing_session": object_of({"action": FILLED}),
    "assist_existing_browsing_session": object_of({"action": FILLED}, mouse=OBJECT),
    "initiate_new_call_session_for_conversation": object_of(
        {"mode": {"enum": ["audio", "video"]}}, **_DONE_BY
    ),
    "abort_ongoing_call_session_for_conversation": object_of(**_DONE_BY),
    "transmit_signaling_on_ongoing_call_session": object_of({"type": FILLED}, payload=OBJECT),
    "request_tool_call_for_conversation": object_of({"command": FILLED}, payload=OBJECT),
    "deliver_widget_button_action_for_conversation": object_of(
        {**_WIDGET, "data": OBJECT}, value=TEXT
    ),
    "deliver_widget_data_fetch_action_for_conversation": object_of(
        _WIDGET, action=TEXT, data=OBJECT, value=TEXT
    ),
    "submit_spam_conversation_decision": object_of({"action": {"enum": ["accept", "reject"]}}),
    "report_conversation": object_of({"flag": FILLED}),
    "delete_suggested_conversation_segment": object_of({"segment": FILLED}),
    "delete_suggested_conversation_data_key": object_of({"key": FILLED}),
    "delete_suggested_people_segment": object_of({"segment": FILLED}),
    "delete_suggested_people_data_key": object_of({"key": FILLED}),
    "delete_suggested_people_event": object_of({"text": FILLED}),
    "add_new_people_profile": _WHOLE_PROFILE,
    "save_people_profile": _WHOLE_PROFILE,
    "update_people_profile": object_of(email=EMAIL, person=_PERSON, **_PROFILE),
    "add_people_event": object_of({"text": FILLED}, data=OBJECT, color=TEXT),
    "save_people_data": object_of({"data": FREE}),
    "update_people_data": object_of({"data": FREE}),
    "update_people_subscription_status": object_of({"email": FLAG}),
    "import_people_profiles": object_of(
        {"url": FILLED},
        mapping=list_of(object_of({"column": INTEGER, "field": FILLED})),
        options=object_of(column_separator=TEXT, skip_header=FLAG),
    ),
    "batch_resolve_conversations": _SESSIONS,
    "batch_unresolve_conversations": _SESSIONS,
    "batch_read_conversations": _SESSIONS,
    "batch_unread_conversations": _SESSIONS,
    "batch_remove_conversations": object_of(
        sessions=TEXTS, inbox_id=TEXT_OR_NULL, people=_PROFILES
    ),
    "batch_report_conversations": object_of({"sessions": TEXTS, "flag": TEXT}),
    "batch_block_conversations": object_of({"sessions": TEXTS, "blocked": FLAG}),
    "batch_routing_conversations": object_of({"sessions": TEXTS, "assigned": _ASSIGNED}),
    "batch_inbox_conversations": object_of({"sessions": TEXTS, "inbox_id": TEXT_OR_NULL}),
    "batch_update_conversations_data": object_of({"data": FREE}, sessions=TEXTS, people=_PROFILES),
    "batch_update_conversations_segments": object_of(
        {"segments": SEGMENTS}, sessions=TEXTS, people=_PROFILES
    ),
    "create_new_inbox": _INBOX,
    "save_inbox": _INBOX,
    "batch_order_inboxes": object_of(
        {"orders": list_of(object_of({"inbox_id": TEXT, "order": INTEGER}))}
    ),
    "create_new_campaign": object_of({"type": FILLED, "name": FILLED}),
    "save_campaign": _CAMPAIGN,
    "update_campaign": _CAMPAIGN,
    "create_new_campaign_template": object_of({"format": FILLED, "name": FILLED}),
    "save_campaign_template": object_of({"name": FILLED}, content=TEXT, format=TEXT),
    "update_campaign_template": object_of(name=FILLED, content=TEXT, format=TEXT),
    "create_new_team": _TEAM,
    "save_team": _TEAM,
    "send_email_to_website_operators": object_of(
        {"subject": TEXT, "message": TEXT}, recipient=TEXT, user_id=TEXT, target=OBJECT
    ),
    # A challenge in Go's types and npm's history, a flag in npm's types (stated).
    "invite_website_operator": object_of(
        {"email": EMAIL, "role": FILLED}, verify=CHALLENGE | {"type": ["object", "boolean"]}
    ),
    "change_operator_membership": object_of({"role": FILLED}, title=TEXT_OR_NULL),
    # The fields of the chatbox, some 41, are free.
    "update_website_settings": object_of(
        name=FILLED,
        domain=FILLED,
        domain_alternates=TEXTS,
        logo=TEXT_OR_NULL,
        **dict.fromkeys(("audit", "contact", "inbox", "emails", "chatbox"), OBJECT),
    ),
    "create_website": object_of({"name": FILLED, "domain": FILLED}),
    "delete_website": object_of({"verify": CHALLENGE}),
    "update_verify_settings": object_of({"enabled": FLAG}),
    "generate_analytics": object_of(
        {"metric": FILLED, "type": FILLED, "date": _REPORT_DATE},
        aggregator=TEXT,
        split_by=TEXT,
        filter={"type": ["object", "array"]},
        raw_export=FLAG,
        **{"if": object_of(metric=TEXT, split_by=TEXT), "then": object_of(type=TEXT)},
    ),
    **SERVICES,
}
#: What any other operation takes.
ANY: Schema = OBJECT
