"""The JSON schemas that bodies are held against, by the official name of the operation."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _object(required: tuple[str, ...] = (), /, **properties: Any) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _list(items: Any, least: int = 0) -> Schema:
    return {"type": "array", "items": items, "minItems": least}


_TEXT: Schema = {"type": "string"}
_FILLED: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "number"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_SIDE: Schema = {"enum": ["user", "operator"]}
_EMAIL: Schema = {"type": "string", "format": "email", "pattern": r"^[^@\s]+@[^@\s]+\.[^@\s]+$"}
_FREE: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
}
_USER = _object(type=_TEXT, user_id=_TEXT, nickname=_TEXT, avatar=_TEXT)
_FINGERPRINT: Schema = {"type": "integer", "minimum": 0, "maximum": 10**15}
_TIME: Schema = {"type": "integer", "minimum": 0}
_SEGMENTS = _list(_FILLED)
_SESSIONS = _object((), sessions=_list(_TEXT), inbox_id=_TEXT)
_SOME_SESSIONS = _object(("sessions",), sessions=_list(_TEXT))
_PROFILES = _object((), profiles=_list(_TEXT), search=_TEXT)
_MARK = _object(
    ("from", "origin"), **{"from": _SIDE}, origin=_TEXT, fingerprints=_list(_FINGERPRINT)
)

# What a message must hold is published as no schema. Read here from the fields of the reference
# (documented: their names and JSON types; which of them may be missing) and, where that is silent,
# the harsher way (assumed): text and lists that a customer would see nothing of are refused.
# avatar is no null and mentions are a note's, as the official client's types have it (stated).
_CHOICE = _object(
    ("value", "label", "selected"),
    value=_FILLED,
    label=_FILLED,
    icon=_TEXT,
    selected=_FLAG,
    action=_object(("type", "target"), type=_FILLED, target=_FILLED),
)
_ACTION = _object(("label", "url"), label=_FILLED, url=_FILLED)
_TARGET = _object(
    ("title", "description", "actions"),
    title=_FILLED,
    description=_TEXT,
    image=_TEXT,
    actions=_list(_ACTION),
)
CONTENTS: dict[str, Schema] = {
    "text": _FILLED,
    "note": _FILLED,
    "file": _object(("name", "url", "type"), name=_FILLED, url=_FILLED, type=_FILLED),
    "animation": _object(("url", "type"), url=_FILLED, type=_FILLED),
    "audio": _object(("url", "type", "duration"), url=_FILLED, type=_FILLED, duration=_NUMBER),
    "picker": _object(
        ("id", "text", "choices"),
        id=_FILLED,
        text=_FILLED,
        choices=_list(_CHOICE, 1),
        required=_FLAG,
    ),
    "field": _object(
        ("id", "text", "explain"),
        id=_FILLED,
        text=_FILLED,
        explain=_TEXT,
        value=_TEXT,
        required=_FLAG,
    ),
    "carousel": _object(("text", "targets"), text=_TEXT, targets=_list(_TARGET, 1)),
    "event": _object(("namespace",), namespace=_FILLED, text=_TEXT),
}
# A channel of Crisp's own, or a plugin's name.
_ORIGIN: Schema = {
    "type": "string",
    "anyOf": [{"enum": ["chat", "email"]}, {"pattern": r"^urn:\S"}],
}
_MESSAGE = _object(
    ("type", "from", "origin", "content"),
    type={"enum": list(CONTENTS)},
    origin=_ORIGIN,
    content={"type": ["string", "object"]},
    fingerprint=_FINGERPRINT,
    user=_USER,
    mentions=_list(_TEXT),
    references=_list(_object((), type=_TEXT, name=_TEXT, target=_TEXT)),
    original=_object((), original_id=_TEXT),
    properties=_FREE,
    timestamp=_TIME,
    stealth=_FLAG,
    translated=_FLAG,
    automated=_FLAG,
    **{"from": _SIDE},
) | {
    "if": {"properties": {"type": {"enum": [name for name in CONTENTS if name != "note"]}}},
    "then": {"properties": {"mentions": {"not": {}}}},
}
_META = _object(
    (),
    nickname=_FILLED,
    email=_EMAIL,
    phone=_TEXT,
    address=_TEXT,
    subject=_TEXT,
    ip=_TEXT,
    avatar=_TEXT,
    data=_FREE,
    segments=_SEGMENTS,
    device={"type": "object"},
    connection={"type": "object"},
)
_PERSON = _object(
    (),
    nickname=_FILLED,
    avatar=_TEXT_OR_NULL,
    phone=_TEXT_OR_NULL,
    timezone={"type": ["integer", "null"]},
    locales=_list(_TEXT),
)
_PROFILE: dict[str, Schema] = {
    "email": _EMAIL,
    "person": _PERSON,
    "company": {"type": "object"},
    "segments": _SEGMENTS,
    "notepad": _TEXT_OR_NULL,
    "active": _TIME,
}
_ASSIGNED: Schema = {
    "type": ["object", "null"],
    "required": ["user_id"],
    "properties": {"user_id": _TEXT},
}
_INBOX = _object(
    ("name",),
    name=_FILLED,
    emoji=_TEXT,
    order={"type": "integer"},
    operators=_list(_TEXT),
    conditions=_list({"type": "object"}),
    operator={"enum": ["and", "or"]},
)
_CAMPAIGN = _object(
    (),
    name=_FILLED,
    subject=_TEXT,
    tag=_TEXT,
    message=_TEXT,
    sender={"type": "object"},
    recipients={"type": "object"},
    options={"type": "object"},
)
_REPORT_DATE = _object(
    ("from", "to", "split"),
    **{"from": _FILLED},
    to=_FILLED,
    split={"enum": ["hour", "day", "week", "month"]},
    timezone=_TEXT,
)

SCHEMAS: dict[str, Schema] = {
    "send_message_in_conversation": _MESSAGE,
    "update_message_in_conversation": _object(("content",), content={"type": ["string", "object"]}),
    "compose_message_in_conversation": _object(
        ("type", "from"), type={"enum": ["start", "stop"]}, excerpt=_TEXT, **{"from": _SIDE}
    ),
    "mark_messages_read_in_conversation": _MARK,
    "mark_messages_delivered_in_conversation": _MARK,
    "mark_conversation_as_unread": _object(("from",), **{"from": _SIDE}),
    "update_conversation_open_state": _object(("opened",), opened=_FLAG),
    "assign_conversation_routing": _object(("assigned",), assigned=_ASSIGNED, silent=_FLAG),
    "update_conversation_inbox": _object(("inbox_id",), inbox_id=_TEXT_OR_NULL),
    "update_conversation_metas": _META,
    "change_conversation_state": _object(
        ("state",), state={"enum": ["pending", "unresolved", "resolved"]}, user=_USER
    ),
    "save_conversation_participants": _object(
        ("participants",),
        participants=_list(_object(("type", "target"), type=_TEXT, target=_TEXT)),
    ),
    "block_incoming_messages_for_conversation": _object(("blocked",), blocked=_FLAG),
    "update_verify_status_for_conversation": _object(("verified",), verified=_FLAG),
    "request_email_transcript_for_conversation": _object(
        ("to",), to={"enum": ["operator", "contact", "other"]}, email=_EMAIL
    ),
    "schedule_reminder_for_conversation": _object(("date", "note"), date=_FILLED, note=_TEXT),
    "report_conversation": _object(("flag",), flag=_FILLED),
    "delete_suggested_conversation_segment": _object(("segment",), segment=_FILLED),
    "delete_suggested_conversation_data_key": _object(("key",), key=_FILLED),
    "delete_suggested_people_segment": _object(("segment",), segment=_FILLED),
    "delete_suggested_people_data_key": _object(("key",), key=_FILLED),
    "delete_suggested_people_event": _object(("text",), text=_FILLED),
    "add_new_people_profile": _object(("email", "person"), **_PROFILE),
    "save_people_profile": _object(("email", "person"), **_PROFILE),
    "update_people_profile": _object((), **_PROFILE),
    "add_people_event": _object(("text",), text=_FILLED, data={"type": "object"}, color=_TEXT),
    "save_people_data": _object(("data",), data=_FREE),
    "update_people_data": _object(("data",), data=_FREE),
    "update_people_subscription_status": _object(("email",), email=_FLAG),
    "import_people_profiles": _object(("url",), url=_FILLED, mapping=_list({"type": "object"})),
    "batch_resolve_conversations": _SESSIONS,
    "batch_unresolve_conversations": _SESSIONS,
    "batch_read_conversations": _SESSIONS,
    "batch_unread_conversations": _SESSIONS,
    "batch_remove_conversations": _object((), sessions=_list(_TEXT), people=_PROFILES),
    "batch_report_conversations": _object(("sessions", "flag"), sessions=_list(_TEXT), flag=_TEXT),
    "batch_block_conversations": _object(
        ("sessions", "blocked"), sessions=_list(_TEXT), blocked=_FLAG
    ),
    "batch_routing_conversations": _object(
        ("sessions", "assigned"), sessions=_list(_TEXT), assigned=_ASSIGNED
    ),
    "batch_inbox_conversations": _object(
        ("sessions", "inbox_id"), sessions=_list(_TEXT), inbox_id=_TEXT_OR_NULL
    ),
    "batch_update_conversations_data": _object(
        ("data",), sessions=_list(_TEXT), people=_PROFILES, data=_FREE
    ),
    "batch_update_conversations_segments": _object(
        ("segments",), sessions=_list(_TEXT), people=_PROFILES, segments=_SEGMENTS
    ),
    "create_new_inbox": _INBOX,
    "save_inbox": _INBOX,
    "batch_order_inboxes": _object(
        ("orders",),
        orders=_list(_object(("inbox_id", "order"), inbox_id=_TEXT, order={"type": "integer"})),
    ),
    "create_new_campaign": _object(("type", "name"), type=_FILLED, name=_FILLED),
    "save_campaign": _CAMPAIGN,
    "update_campaign": _CAMPAIGN,
    "create_new_campaign_template": _object(("format", "name"), format=_FILLED, name=_FILLED),
    "save_campaign_template": _object(("name",), name=_FILLED, content=_TEXT, format=_TEXT),
    "update_campaign_template": _object((), name=_FILLED, content=_TEXT, format=_TEXT),
    "send_email_to_website_operators": _object(
        ("subject", "message"), subject=_TEXT, message=_TEXT
    ),
    "invite_website_operator": _object(("email", "role"), email=_EMAIL, role=_FILLED, verify=_FLAG),
    "change_operator_membership": _object(("role",), role=_FILLED, title=_TEXT_OR_NULL),
    "update_website_settings": _object(
        (), name=_FILLED, contact={"type": "object"}, inbox={"type": "object"}
    ),
    "create_website": _object(("name", "domain"), name=_FILLED, domain=_FILLED),
    "generate_analytics": _object(
        ("metric", "type", "date"), metric=_FILLED, type=_FILLED, date=_REPORT_DATE
    ),
}
