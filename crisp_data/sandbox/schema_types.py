"""What schemas are made of."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def object_of(required: Schema | None = None, /, **optional: Any) -> Schema:
    """Return the schema of an object with these fields; it may have others."""
    required = required or {}
    return {"type": "object", "required": list(required), "properties": required | optional}


def list_of(items: Any, least: int = 0) -> Schema:
    """Return the schema of a list of these items."""
    return {"type": "array", "items": items, "minItems": least}


TEXT: Schema = {"type": "string"}
FILLED: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
TEXTS = list_of(TEXT)
INTEGER: Schema = {"type": "integer"}
OBJECT: Schema = {"type": "object"}
CONTENT: Schema = {"type": ["string", "object"]}
SIDE: Schema = {"enum": ["user", "operator"]}
EMAIL: Schema = {"type": "string", "format": "email", "pattern": r"^[^@\s]+@[^@\s]+\.[^@\s]+$"}
FREE: Schema = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
}
USER = object_of(type=TEXT, user_id=TEXT, nickname=TEXT, avatar=TEXT)
TIME: Schema = {"type": "integer", "minimum": 0}
SEGMENTS = list_of(FILLED)
# How a user proves who they are, before something that cannot be undone.
CHALLENGE = object_of({"method": FILLED, "secret": FILLED})
