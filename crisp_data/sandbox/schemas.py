"""The JSON schemas that bodies are held against, by the official name of the operation."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _object(required: Schema | None = None, /, **optional: Any) -> Schema:
    required = required or {}
    return {"type": "object", "required": list(required), "properties": required | optional}


def _list(items: Any, least: int = 0) -> Schema:
    return {"type": "array", "items": items, "minItems": least}


_TEXT: Schema = {"type": "string"}
_FILLED: Schema = {"type": "string", "minLength": 1}
_FLAG: Schema = {"type": "boolean"}
_NUMBER: Schema = {"type": "number"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_TEXTS = _list(_TEXT)
_INTEGER: Schema = {"type": "integer"}
_OBJECT: Schema = {"type": "object"}
_CONTENT: Schema = {"type": ["string", "object"]}
_SIDE: Schema = {"enum": ["user", "operator"]}
_EMAIL: Schema = {"type": "string", "format": "email", "pattern": r"^[^@\s]+@[^@\s]+\.[^@\s]+$"}
_FREE: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
}
_USER = _object(type=_TEXT, user_id=_TEXT, nickname=_TEXT, avatar=_TEXT)
_FINGERPRINT: Schema = {"type": "integer", "minimum": -(10**15), "maximum": 10**15}
_TIME: Schema = {"type": "integer", "minimum": 0}
_SEGMENTS = _list(_FILLED)
_SESSIONS = _object(sessions=_TEXTS, inbox_id=_TEXT)
_PROFILES = _object(profiles=_TEXTS, search=_TEXT)
_MARK = _object({"from": _SIDE, "origin": _TEXT}, fingerprints=_list(_FINGERPRINT))

# What a message must hold is published as no schema. Read here from the fields of the reference
# (documented: their names and JSON types; which of them may be missing) and, where that is silent,
# the harsher way (assumed): text and lists that a customer would see nothing of are refused.
# avatar is no null and mentions are a note's, as the official client's types have it (stated).
_CHOICE = _object(
    {"value": _FILLED, "label": _FILLED, "selected": _FLAG},
    icon=_TEXT,
    action=_object({"type": _FILLED, "target": _FILLED}),
)
_ACTION = _object({"label": _FILLED, "url": _FILLED})
_TARGET = _object({"title": _FILLED, "description": _TEXT, "actions": _list(_ACTION)}, image=_TEXT)
CONTENTS: dict[str, Schema] = {
    "text": _FILLED,
    "note": _FILLED,
    "file": _object({"name": _FILLED, "url": _FILLED, "type": _FILLED}),
    "animation": _object({"url": _FILLED, "type": _FILLED}),
    "audio": _object({"url": _FILLED, "type": _FILLED, "duration": _NUMBER}),
    "picker": _object(
        {"id": _FILLED, "text": _FILLED, "choices": _list(_CHOICE, 1)}, required=_FLAG
    ),
    "field": _object(
        {"id": _FILLED, "text": _FILLED, "explain": _TEXT}, value=_TEXT, required=_FLAG
    ),
    "carousel": _object({"text": _TEXT, "targets": _list(_TARGET, 1)}),
    "event": _object({"namespace": _FILLED}, text=_TEXT),
}
# A channel of Crisp's own, or a plugin's name.
_ORIGIN: Schema = {
    "type": "string",
    "anyOf": [{"enum": ["chat", "email"]}, {"pattern": r"^urn:\S"}],
}
_MESSAGE = _object(
    {
        "type": {"enum": list(CONTENTS)},
        "from": _SIDE,
        "origin": _ORIGIN,
        "content": _CONTENT,
    },
    fingerprint=_FINGERPRINT,
    user=_USER,
    mentions=_TEXTS,
    references=_list(_object(type=_TEXT, name=_TEXT, target=_TEXT)),
    original=_object(original_id=_TEXT),
    properties=_FREE,
    timestamp=_TIME,
    stealth=_FLAG,
    translated=_FLAG,
    automated=_FLAG,
) | {
    "if": {"properties": {"type": {"enum": [name for name in CONTENTS if name != "note"]}}},
    "then": {"properties": {"mentions": {"not": {}}}},
}
_META = _object(
    nickname=_FILLED,
    email=_EMAIL,
    phone=_TEXT,
    address=_TEXT,
    subject=_TEXT,
    ip=_TEXT,
    avatar=_TEXT,
    data=_FREE,
    segments=_SEGMENTS,
    device=_OBJECT,
    connection=_OBJECT,
)
_PERSON = _object(
    nickname=_FILLED,
    avatar=_TEXT_OR_NULL,
    phone=_TEXT_OR_NULL,
    timezone={"type": ["integer", "null"]},
    locales=_TEXTS,
)
_PROFILE: dict[str, Schema] = {
    "company": _OBJECT,
    "segments": _SEGMENTS,
    "notepad": _TEXT_OR_NULL,
    "active": _TIME,
}
_WHOLE_PROFILE = _object({"email": _EMAIL, "person": _PERSON}, **_PROFILE)
_ASSIGNED = _object({"user_id": _TEXT}) | {"type": ["object", "null"]}
_INBOX = _object(
    {"name": _FILLED},
    emoji=_TEXT,
    order=_INTEGER,
    operators=_TEXTS,
    conditions=_list(_OBJECT),
    operator={"enum": ["and", "or"]},
)
_CAMPAIGN = _object(
    name=_FILLED,
    subject=_TEXT,
    tag=_TEXT,
    message=_TEXT,
    sender=_OBJECT,
    recipients=_OBJECT,
    options=_OBJECT,
)
_REPORT_DATE = _object(
    {"from": _FILLED, "to": _FILLED, "split": {"enum": ["hour", "day", "week", "month"]}},
    timezone=_TEXT,
)

SCHEMAS: dict[str, Schema] = {
    "send_message_in_conversation": _MESSAGE,
    "update_message_in_conversation": _object({"content": _CONTENT}),
    "compose_message_in_conversation": _object(
        {"type": {"enum": ["start", "stop"]}, "from": _SIDE}, excerpt=_TEXT
    ),
    "mark_messages_read_in_conversation": _MARK,
    "mark_messages_delivered_in_conversation": _MARK,
    "mark_conversation_as_unread": _object({"from": _SIDE}),
    "update_conversation_open_state": _object({"opened": _FLAG}),
    "assign_conversation_routing": _object({"assigned": _ASSIGNED}, silent=_FLAG),
    "update_conversation_inbox": _object({"inbox_id": _TEXT_OR_NULL}),
    "update_conversation_metas": _META,
    "change_conversation_state": _object(
        {"state": {"enum": ["pending", "unresolved", "resolved"]}}, user=_USER
    ),
    "save_conversation_participants": _object(
        {"participants": _list(_object({"type": _TEXT, "target": _TEXT}))}
    ),
    "block_incoming_messages_for_conversation": _object({"blocked": _FLAG}),
    "update_verify_status_for_conversation": _object({"verified": _FLAG}),
    "request_email_transcript_for_conversation": _object(
        {"to": {"enum": ["operator", "contact", "other"]}}, email=_EMAIL
    ),
    "schedule_reminder_for_conversation": _object({"date": _FILLED, "note": _TEXT}),
    "report_conversation": _object({"flag": _FILLED}),
    "delete_suggested_conversation_segment": _object({"segment": _FILLED}),
    "delete_suggested_conversation_data_key": _object({"key": _FILLED}),
    "delete_suggested_people_segment": _object({"segment": _FILLED}),
    "delete_suggested_people_data_key": _object({"key": _FILLED}),
    "delete_suggested_people_event": _object({"text": _FILLED}),
    "add_new_people_profile": _WHOLE_PROFILE,
    "save_people_profile": _WHOLE_PROFILE,
    "update_people_profile": _object(email=_EMAIL, person=_PERSON, **_PROFILE),
    "add_people_event": _object({"text": _FILLED}, data=_OBJECT, color=_TEXT),
    "save_people_data": _object({"data": _FREE}),
    "update_people_data": _object({"data": _FREE}),
    "update_people_subscription_status": _object({"email": _FLAG}),
    "import_people_profiles": _object({"url": _FILLED}, mapping=_list(_OBJECT)),
    "batch_resolve_conversations": _SESSIONS,
    "batch_unresolve_conversations": _SESSIONS,
    "batch_read_conversations": _SESSIONS,
    "batch_unread_conversations": _SESSIONS,
    "batch_remove_conversations": _object(sessions=_TEXTS, people=_PROFILES),
    "batch_report_conversations": _object({"sessions": _TEXTS, "flag": _TEXT}),
    "batch_block_conversations": _object({"sessions": _TEXTS, "blocked": _FLAG}),
    "batch_routing_conversations": _object({"sessions": _TEXTS, "assigned": _ASSIGNED}),
    "batch_inbox_conversations": _object({"sessions": _TEXTS, "inbox_id": _TEXT_OR_NULL}),
    "batch_update_conversations_data": _object({"data": _FREE}, sessions=_TEXTS, people=_PROFILES),
    "batch_update_conversations_segments": _object(
        {"segments": _SEGMENTS}, sessions=_TEXTS, people=_PROFILES
    ),
    "create_new_inbox": _INBOX,
    "save_inbox": _INBOX,
    "batch_order_inboxes": _object(
        {"orders": _list(_object({"inbox_id": _TEXT, "order": _INTEGER}))}
    ),
    "create_new_campaign": _object({"type": _FILLED, "name": _FILLED}),
    "save_campaign": _CAMPAIGN,
    "update_campaign": _CAMPAIGN,
    "create_new_campaign_template": _object({"format": _FILLED, "name": _FILLED}),
    "save_campaign_template": _object({"name": _FILLED}, content=_TEXT, format=_TEXT),
    "update_campaign_template": _object(name=_FILLED, content=_TEXT, format=_TEXT),
    "send_email_to_website_operators": _object({"subject": _TEXT, "message": _TEXT}),
    "invite_website_operator": _object({"email": _EMAIL, "role": _FILLED}, verify=_FLAG),
    "change_operator_membership": _object({"role": _FILLED}, title=_TEXT_OR_NULL),
    "update_website_settings": _object(name=_FILLED, contact=_OBJECT, inbox=_OBJECT),
    "create_website": _object({"name": _FILLED, "domain": _FILLED}),
    "generate_analytics": _object({"metric": _FILLED, "type": _FILLED, "date": _REPORT_DATE}),
}
