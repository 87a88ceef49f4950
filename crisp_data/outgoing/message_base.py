"""What every message has, and how it becomes the JSON that Crisp takes."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from crisp_data.outgoing.parts import MOST, Body, Part, Plain, User
from crisp_data.outgoing.validation import Slot, as_json, check_fields, check_value, slots

TYPES: dict[str, type[Message]] = {}
"""The classes by the name that Crisp gives their type; ``message_types`` fills it."""


@dataclass(frozen=True, repr=False, kw_only=True)
class Message(Part):
    """What all messages of an operator have; all of it may be left out.

    Attributes
    ----------
    type : ClassVar[str]
        Crisp's name of the message's type.
    nickname : str, optional
        Who the customer sees as the author; else the website itself (*documented*: ``user``).
        The avatar is an address.
    avatar : str, optional
        Who the customer sees as the author; else the website itself (*documented*: ``user``).
        The avatar is an address.
    origin : str, default "chat"
        "chat", "email", or the "urn:..." of a plugin (*documented*).
    stealth : bool, optional
        Whether the customer's chat shows no sign of a new message (*stated*).
    automated : bool, optional
        Whether a program wrote it (*observed*: bots are marked so).
    mentions : sequence of str, optional
        The ``user_id`` of operators who are told of it (*stated*; *observed* on all types).
    timestamp : int, optional
        When it was written, in ms since 1970 (UTC); else Crisp's own clock.
    properties : mapping, optional
        Free keys with strings, numbers, booleans or None.

    Raises
    ------
    InvalidMessage
        When made: Crisp would refuse it. Nothing was sent.
    """

    type: ClassVar[str]

    nickname: str | None = None
    avatar: str | None = None
    origin: str = "chat"
    stealth: bool | None = None
    automated: bool | None = None
    mentions: Sequence[str] | None = None
    timestamp: int | None = None
    properties: Mapping[str, Plain] | None = None

    def __post_init__(self) -> None:
        self.body()

    def body(self, fingerprint: int | None = None) -> dict[str, Any]:
        """Return the JSON that Crisp takes for this message.

        Parameters
        ----------
        fingerprint : int, optional
            The message's own number, by which it can be looked up; else Crisp chooses one.

        Returns
        -------
        dict

        Raises
        ------
        InvalidMessage
            The fingerprint is none, or a list in the message was changed since it was made.

        Examples
        --------
        >>> from crisp_data.outgoing import Text
        >>> Text("Hello", nickname="Ana").body(fingerprint=7)
        {'type': 'text', 'from': 'operator', 'origin': 'chat', 'content': 'Hello',
         'fingerprint': 7, 'user': {'type': 'website', 'nickname': 'Ana'}}
        """
        named = self.nickname is not None or self.avatar is not None
        user = User("website", nickname=self.nickname, avatar=self.avatar) if named else None
        shared = {name: getattr(self, name) for name in _TAKEN_OVER}
        body: dict[str, Any] = as_json(
            Body(
                type=self.type,  # type: ignore[arg-type]  # checked below
                from_="operator",
                content=self._content(),
                fingerprint=fingerprint,
                user=user,
                **shared,
            )
        )
        check(body)
        return body

    def _content(self) -> Any:
        whole = as_json(self)
        content = {slot.name: whole[slot.name] for slot in own(type(self)) if slot.name in whole}
        return content.get("content", content)

    def __repr__(self) -> str:
        content = self._content()
        text = content if isinstance(content, str) else json.dumps(content, default=str)
        return f"<{type(self).__name__} of {len(text):,} characters>"


_TAKEN_OVER = ("origin", "stealth", "automated", "mentions", "timestamp", "properties")


def own(kind: type[Message]) -> list[Slot]:
    """Return what a type of message has in its content, and in no other place."""
    shared = slots(Message)
    return [slot for slot in slots(kind) if slot not in shared]


def check(body: Any) -> None:
    """Refuse a body that Crisp would refuse, before a request is spent.

    Parameters
    ----------
    body : dict
        The JSON of a message, by whomever it was written.

    Raises
    ------
    InvalidMessage
        Its ``path`` names the first field that does not fit. It tells no text of the message.

    Examples
    --------
    >>> from crisp_data import outgoing
    >>> picker = {"id": "a", "text": "b", "choices": [{"value": "c"}]}
    >>> body = {"type": "picker", "from": "operator", "origin": "chat", "content": picker}
    >>> try:
    ...     outgoing.check(body)
    ... except crisp.InvalidMessage as error:
    ...     print(error.what)
    .content.choices[0].label is required.
    """
    check_fields(slots(Body), body, "")
    content, known = body["content"], own(TYPES[body["type"]])
    if known[0].name == "content":
        check_value(known[0].hint, content, ".content")
    else:
        check_fields(known, content, ".content")


def new_fingerprint() -> int:
    """Return a number for a message, from a range so wide that none comes twice.

    Returns
    -------
    int
        From 0 up to the largest that Crisp takes.

    Examples
    --------
    >>> from crisp_data import outgoing
    >>> outgoing.new_fingerprint() < 10**15
    True
    """
    return secrets.randbelow(MOST)
