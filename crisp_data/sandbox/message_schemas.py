"""The schemas of messages, and of the content that each type of them has."""

from __future__ import annotations

from .schema_types import (
    CONTENT,
    FILLED,
    FLAG,
    FREE,
    NUMBER,
    SIDE,
    TEXT,
    TEXTS,
    TIME,
    USER,
    Schema,
    list_of,
    object_of,
)

_FINGERPRINT: Schema = {"type": "integer", "minimum": -(10**15), "maximum": 10**15}

# What a message must hold is published as no schema. Read here from the fields of the reference
# (documented: their names and JSON types; which of them may be missing) and, where that is silent,
# the harsher way (assumed): text and lists that a customer would see nothing of are refused.
# avatar is no null when it is sent, as the official client's types have it (stated); mentions are
# on every type, as Go's client and users have it (stated, seen).
_CHOICE = object_of(
    {"value": FILLED, "label": FILLED, "selected": FLAG},
    icon=TEXT,
    action=object_of({"type": FILLED, "target": FILLED}),
)
_ACTION = object_of({"label": FILLED, "url": FILLED})
_TARGET = object_of({"title": FILLED, "description": TEXT, "actions": list_of(_ACTION)}, image=TEXT)
CONTENTS: dict[str, Schema] = {
    "text": FILLED,
    "note": FILLED,
    "file": object_of({"name": FILLED, "url": FILLED, "type": FILLED}),
    "animation": object_of({"url": FILLED, "type": FILLED}),
    "audio": object_of({"url": FILLED, "type": FILLED, "duration": NUMBER}),
    "picker": object_of(
        {"id": FILLED, "text": FILLED, "choices": list_of(_CHOICE, 1)}, required=FLAG
    ),
    "field": object_of({"id": FILLED, "text": FILLED, "explain": TEXT}, value=TEXT, required=FLAG),
    "carousel": object_of({"text": TEXT, "targets": list_of(_TARGET, 1)}),
    "event": object_of({"namespace": FILLED}, text=TEXT),
}
# A channel of Crisp's own, or a plugin's name.
_ORIGIN: Schema = {
    "type": "string",
    "anyOf": [{"enum": ["chat", "email"]}, {"pattern": r"^urn:\S"}],
}
MESSAGE = object_of(
    {
        "type": {"enum": list(CONTENTS)},
        "from": SIDE,
        "origin": _ORIGIN,
        "content": CONTENT,
    },
    fingerprint=_FINGERPRINT,
    user=USER,
    mentions=TEXTS,
    references=list_of(object_of(type=TEXT, name=TEXT, target=TEXT)),
    original=object_of(original_id=TEXT, type=TEXT, content=TEXT),
    properties=FREE,
    timestamp=TIME,
    stealth=FLAG,
    translated=FLAG,
    automated=FLAG,
)
