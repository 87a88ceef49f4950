"""Bodies held against their schemas, and refusals in the validator's words.

Crisp validates with AJV, whose messages name a path: ``data should have required property
'.origin'``. The sandbox validates with `jsonschema` and says the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from .message_schemas import CONTENTS
from .request import Refusal
from .schemas import ANY, SCHEMAS

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError


@cache
def _validator(operation: str, content: str | None = None) -> Draft202012Validator:
    # Imported with the first body: with all its optional parts installed, as JupyterLab installs
    # them, it takes longer to import than everything else together.
    from jsonschema import Draft202012Validator

    schema = SCHEMAS.get(operation, ANY) if content is None else CONTENTS[content]
    return Draft202012Validator(schema)


def validate(operation: str, body: Any) -> None:
    """Refuse a body that does not fit its operation's schema."""
    if not body and operation not in SCHEMAS and isinstance(body, dict):
        return  # nothing to look at, and the validator takes long to import
    _check(_validator(operation), body, "data")
    if operation == "send_message_in_conversation":
        # The content's own schema follows from the type, so that a refusal names one path.
        _check(_validator(operation, body["type"]), body["content"], "data.content")


def _check(validator: Draft202012Validator, value: Any, root: str) -> None:
    errors: Iterator[ValidationError] = validator.iter_errors(value)
    first = min(errors, key=lambda error: list(map(str, error.path)), default=None)
    if first is not None:
        raise Refusal(400, "invalid_data", _words(first, root))


def _words(error: ValidationError, root: str) -> str:
    """Say an error as AJV does."""
    path = root + "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error.path)
    rule: str = str(error.validator)
    limit: Any = error.validator_value
    if rule == "required":
        instance: Any = error.instance
        missing = next(name for name in limit if name not in instance)
        return f"{path} should have required property '.{missing}'"
    if rule == "type":
        kinds = limit if isinstance(limit, str) else ",".join(limit)
        return f"{path} should be {kinds}"
    phrases = {
        "anyOf": "should match some schema in anyOf",
        "enum": "should be equal to one of the allowed values",
        "minLength": f"should NOT be shorter than {limit} characters",
        "minItems": f"should NOT have fewer than {limit} items",
        "minimum": f"should be >= {limit}",
        "maximum": f"should be <= {limit}",
        "pattern": f'should match pattern "{limit}"',
    }
    return f"{path} {phrases[rule]}"
