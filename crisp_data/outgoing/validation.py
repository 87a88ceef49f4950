"""A JSON value held against a type, and the first path at which it does not fit.

Types are read off the dataclasses that make the JSON, so there is one declaration of what a
message has. The rules are those of Crisp's validator (*documented*: bodies are validated against
a JSON schema): a field whose type allows None may be left out, but null in its place is refused;
``5.0`` is a whole number; unknown fields pass.

Our own, because no library reads a dataclass by these rules: msgspec and pydantic take null for
what was left out, and repeat the refused value, which here may be what a customer wrote.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NoReturn,
    get_args,
    get_origin,
    get_type_hints,
)

from crisp_data.errors import InvalidMessage

Rule = Callable[[Any], str]
"""Says what a value must be, or nothing where it is."""


# Marks that show nothing, though Unicode counts them among letters and symbols: fillers of Hangul,
# the blank of Braille, the joiner of graphemes, and what chooses the form of the mark before it.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)
_BLANKS = ("Cc", "Cf", "Zl", "Zp", "Zs")  # controls, marks of format, and all kinds of blanks


def is_blank(text: str) -> bool:
    """Tell whether a text shows nothing: it is empty, or blanks and invisible marks alone.

    Examples
    --------
    >>> from crisp_data.outgoing.validation import is_blank
    >>> is_blank(" \N{ZERO WIDTH SPACE}\N{VARIATION SELECTOR-16}")
    True
    """
    return all(unicodedata.category(one) in _BLANKS or _UNSEEN.match(one) for one in text)


def filled(value: str | Sequence[Any]) -> str:
    """Refuse what is empty, and a text that shows nothing."""
    if not value:
        return "must not be empty"
    return "must not be blank" if isinstance(value, str) and is_blank(value) else ""


def between(least: int, most: int | None = None) -> Rule:
    """Refuse numbers out of a range, both ends included."""

    def rule(value: int) -> str:
        if value < least:
            return f"must be at least {least}"
        return f"must be at most {most}" if most is not None and value > most else ""

    return rule


_NAMES = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    NoneType: "null",
    list: "a list",
    dict: "an object",
}


def check_value(hint: Any, value: Any, path: str) -> None:
    """Refuse a JSON value that is not of a type.

    Parameters
    ----------
    hint : object
        The type, as an annotation.
    value : object
        The JSON value.
    path : str
        Where the value stands, for the error.

    Raises
    ------
    InvalidMessage
        Its ``path`` is the first that does not fit; its words never hold the value.
    """
    rules: tuple[Rule, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *found = get_args(hint)
        rules = tuple(found)
    kind, inner = get_origin(hint) or hint, get_args(hint)
    if kind is Literal:
        if value not in inner:
            refuse(path, f"must be one of: {', '.join(inner)}")
    elif kind is Sequence:
        _check_kind((list,), value, path)
        for position, item in enumerate(value):
            check_value(inner[0], item, f"{path}[{position}]")
    elif kind is Mapping:
        _check_kind((dict,), value, path)
        for name, item in value.items():
            check_value(inner[1], item, f"{path}.{name}")
    elif is_dataclass(kind):
        check_fields(slots(kind), value, path)
    elif kind is not Any:
        _check_kind(inner if kind is UnionType else (kind,), value, path)
    for rule in rules:
        if words := rule(value):
            refuse(path, words)


def check_fields(slots: Iterable[Slot], value: Any, path: str) -> None:
    """Refuse a JSON object in which a field is missing or does not fit.

    What is missing comes first, as in Crisp's validator.

    Parameters
    ----------
    slots : Iterable[Slot]
        The fields that the object may have.
    value : object
        The JSON object.
    path : str
        Where the object stands, for the error.
    """
    _check_kind((dict,), value, path)
    for slot in slots:
        if slot.required and slot.name not in value:
            refuse(f"{path}.{slot.name}", "is required")
    for slot in slots:
        if slot.name in value:
            check_value(slot.hint, value[slot.name], f"{path}.{slot.name}")


class Slot(NamedTuple):
    """A field of a dataclass and of the JSON: what each calls it, its type."""

    attribute: str
    name: str
    hint: Any
    required: bool


def slots(kind: Any) -> tuple[Slot, ...]:
    """Return the fields of a dataclass that checks JSON."""
    return _slots(kind)  # apart, for mypy holds no dataclass hashable


@cache
def _slots(kind: Any) -> tuple[Slot, ...]:
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_slot(field, hints[field.name]) for field in fields(kind))


def _slot(field: Any, hint: Any) -> Slot:
    name, members = field.metadata.get("name", field.name), get_args(hint)
    if NoneType not in members:
        return Slot(field.name, name, hint, True)
    # Of a type and None: the type is all that may stand there.
    (hint,) = (member for member in members if member is not NoneType)
    return Slot(field.name, name, hint, False)


def as_json(value: Any) -> Any:
    """Turn dataclasses into JSON objects and sequences into lists; None is left out."""
    if is_dataclass(value):
        pairs = ((slot.name, getattr(value, slot.attribute)) for slot in slots(type(value)))
        return {name: as_json(item) for name, item in pairs if item is not None}
    if isinstance(value, Mapping):
        return {name: as_json(item) for name, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list | tuple) else value


def refuse(path: str, words: str) -> NoReturn:
    """Refuse a message because of what stands at a path."""
    error = InvalidMessage(f"{path or 'The message'} {words}.")
    error.path = path
    raise error


def _check_kind(kinds: tuple[Any, ...], value: Any, path: str) -> None:
    if not any(_is(kind, value) for kind in kinds):
        refuse(path, "must be " + " or ".join(_NAMES[kind] for kind in kinds))


def _is(kind: Any, value: Any) -> bool:
    if kind not in (int, float):
        return isinstance(value, kind)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(value, int):
        return True
    # JSON has no infinity, nor anything that is not a number.
    return value.is_integer() if kind is int else math.isfinite(value)
