"""A message while it is written: its type, the fields of that type, and the message they make.

The fields are read off the dataclasses of :mod:`crisp_data.outgoing`, so what a message has is
declared there and nowhere else. Only what people call a field stands here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from crisp_data import outgoing
from crisp_data.arguments import check_word
from crisp_data.errors import InvalidMessage
from crisp_data.outgoing.message_base import Message, own
from crisp_data.outgoing.validation import Slot, slots

#: What an operator may set for a message of any type.
OPTIONS = ("nickname", "avatar", "stealth", "automated")

_LABELS = {
    "content": "Message",
    "url": "Address",
    "mime": "Media type, for example image/png",
    "duration": "Seconds",
    "id": "Identifier, returned with the answer",
    "explain": "Placeholder of the empty line",
    "required": "Answer required",
    "selected": "Already chosen",
    "icon": "Icon (an emoji)",
    "image": "Address of the picture",
    "targets": "Cards",
    "actions": "Buttons",
    "value": "Value",
    "namespace": "Kind of event, for example user:called",
    "nickname": "Your name, as the customer sees it",
    "avatar": "Address of your picture",
    "stealth": "Stealth: the chat does not signal a new message",
    "automated": "Automated: marked as written by a program",
}
_LABELS_IN_TYPE = {
    ("note", "content"): "Note to colleagues",
    ("file", "name"): "File name",
    ("picker", "text"): "Question",
    ("field", "text"): "Question",
    ("field", "value"): "Already filled in",
    ("carousel", "text"): "Text above the cards",
    ("event", "text"): "What happened",
}
_PART_LABELS = {"choices": "Choice", "targets": "Card", "actions": "Button"}
_SEVERAL_LINES = ("content", "description")
_STEP = re.compile(r"\.?(\w+)(?:\[(\d+)\])?")


@dataclass(frozen=True)
class FormField:
    """One thing to be filled in.

    Attributes
    ----------
    name, path : str
        What the dataclass calls it, and what the JSON does.
    label : str
        What people call it.
    kind : {"line", "text", "number", "checkbox", "list"}
        A line of text, several, a number, yes or no, or several parts.
    required : bool
        Whether it must not stay empty.
    part_label : str
        What people call one part of a list; else empty.
    parts : tuple of FormField
        What each part of a list has; else empty.
    """

    name: str
    path: str
    label: str
    kind: str
    required: bool
    part_label: str = ""
    parts: tuple[FormField, ...] = ()


class Draft:
    """A message while it is written. What was written stays when the type is changed.

    Parameters
    ----------
    type : str
        One of :data:`crisp_data.outgoing.TYPES`.

    Attributes
    ----------
    options : dict
        Of :data:`OPTIONS`, what is set.
    mentions : set of str
        The ``user_id`` of colleagues; a note notifies them, no other message does.

    Raises
    ------
    BadParameter
        An unknown type.

    Examples
    --------
    >>> from crisp_data.forms.draft import Draft
    >>> draft = Draft("picker")
    >>> [field.label for field in draft.fields][1:]
    ['Question', 'Choices', 'Answer required']
    >>> draft.values.update(id="topic", text="What about?", choices=[{"value": "a", "label": ""}])
    >>> draft.problem
    'Choice 1, Label must not be empty.'
    """

    def __init__(self, type: str = "text") -> None:
        self._values: dict[str, dict[str, Any]] = {}
        self.options: dict[str, Any] = {}
        self.mentions: set[str] = set()
        self.type = type

    @property
    def type(self) -> str:
        """The type of message."""
        return self._type

    @type.setter
    def type(self, value: str) -> None:
        check_word("type", value, tuple(outgoing.TYPES))
        self._type = value

    @property
    def fields(self) -> tuple[FormField, ...]:
        """The fields of a message of this type."""
        return _fields(own(outgoing.TYPES[self._type]), self._type)

    @property
    def values(self) -> dict[str, Any]:
        """What is filled in, by name; of a list one such dict for each part."""
        return self._values.setdefault(self._type, {})

    def message(self) -> Message:
        """Give the message that the fields make.

        Raises
        ------
        InvalidMessage
            Crisp would refuse it; its ``path`` names the first field that does not fit.
        """
        options = {name: value for name, value in self.options.items() if value}
        if self._type == "note" and self.mentions:
            options["mentions"] = sorted(self.mentions)
        kind = outgoing.TYPES[self._type]
        made: Message = kind(**_arguments(own(kind), self.values), **options)
        return made

    @property
    def problem(self) -> str:
        """Why it cannot be sent, in the words of its labels; empty where it can."""
        try:
            self.message()
        except InvalidMessage as error:
            return self.explain(error)
        return ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is filled in yet."""
        return not any(_leaves(self.values))

    def explain(self, error: InvalidMessage) -> str:
        """Put the path that an error names into the labels that people see."""
        words = error.what.removeprefix(error.path).strip()
        fields, labels = self.fields, []
        path = error.path.removeprefix(".content") or error.path
        for name, position in _STEP.findall(path):
            field = next((field for field in fields if field.path == name), None)
            if field is None:
                return error.what
            fields = field.parts
            label = f"{field.part_label} {int(position) + 1}" if position else field.label
            labels.append(label.partition(",")[0])
        return f"{', '.join(labels)} {words}"

    def clear(self) -> None:
        """Empty the fields of this type; the options stay."""
        self._values.pop(self._type, None)
        if self._type == "note":
            self.mentions.clear()


def _leaves(values: Mapping[str, Any]) -> Iterator[Any]:
    """Yield what is filled in, that of parts too."""
    for value in values.values():
        if isinstance(value, list):
            for part in value:
                yield from _leaves(part)
        else:
            yield value


def label_of(name: str, type: str = "") -> str:
    """Give what people call a field; the attribute's own name where no label is declared.

    Examples
    --------
    >>> label_of("url"), label_of("tone_of_voice")
    ('Address', 'Tone of voice')
    """
    declared = _LABELS_IN_TYPE.get((type, name)) or _LABELS.get(name)
    return declared or name.replace("_", " ").capitalize()


def option_fields() -> tuple[FormField, ...]:
    """Give the fields of :data:`OPTIONS`."""
    kinds = {"stealth": "checkbox", "automated": "checkbox"}
    return tuple(
        FormField(name, name, label_of(name), kinds.get(name, "line"), required=False)
        for name in OPTIONS
    )


def _fields(found: Sequence[Slot], type: str = "") -> tuple[FormField, ...]:
    made = (_field(slot, type) for slot in found)
    return tuple(field for field in made if field is not None)


def _field(slot: Slot, type: str) -> FormField | None:
    """Read a field off a dataclass; None for what has no widget (a choice's action)."""
    name, hint, part_label = slot.attribute, _plain(slot.hint), ""
    parts: tuple[FormField, ...] = ()
    kinds = {str: "text" if name in _SEVERAL_LINES else "line", bool: "checkbox", float: "number"}
    kind = kinds.get(hint, "")
    if get_origin(hint) is Sequence:
        kind, part_label = "list", _PART_LABELS.get(name, name)
        parts = _fields(slots(get_args(hint)[0]))
    if not kind:
        return None
    # Of texts and lists it is a rule, Annotated, that says that they must not be empty.
    required = slot.required and (hint is float or get_origin(slot.hint) is Annotated)
    return FormField(name, slot.name, label_of(name, type), kind, required, part_label, parts)


def _plain(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def _arguments(found: Sequence[Slot], values: Mapping[str, Any]) -> dict[str, Any]:
    """Make the arguments of a dataclass: what is empty and may be left out is left out."""
    arguments: dict[str, Any] = {}
    for slot in found:
        value, hint = values.get(slot.attribute), _plain(slot.hint)
        if get_origin(hint) is Sequence:
            (part,) = get_args(hint)
            value = [part(**_arguments(slots(part), inner)) for inner in value or ()]
        if hint is str and not (value or "").strip():
            value = ""  # Nobody means to send white space.
        if hint is bool and slot.required:
            value = bool(value)
        if slot.required or (value is not None and value != ""):
            arguments[slot.attribute] = value
    return arguments
