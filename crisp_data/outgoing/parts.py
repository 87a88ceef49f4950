"""What a message is made of: the body that Crisp takes, and the objects inside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from crisp_data.outgoing.validation import between, filled

#: Fingerprints go up to this (*documented*); one in Crisp's own examples is negative.
MOST = 10**15


def known_origin(value: str) -> str:
    """Refuse an origin that no channel of Crisp has."""
    plugin = value.startswith("urn:") and value[4:5].strip()
    return "" if plugin or value in ("chat", "email") else "must be chat, email or urn:name"


Filled = Annotated[str, filled]
Plain = str | float | bool | None


@dataclass(frozen=True, repr=False)
class Part:
    """A part of a message. Its repr tells no text, for that may be about a customer."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


@dataclass(frozen=True, repr=False)
class ChoiceAction(Part):
    """What pressing a choice opens: its `type` ("link" or "frame", *stated*) and its `target`.

    Attributes
    ----------
    type : str
        "link" or "frame" (*stated*).
    target : str
        The address to open.
    """

    type: Filled
    target: Filled


@dataclass(frozen=True, repr=False)
class Choice(Part):
    """One button of a :class:`Picker`: what it answers, and what it shows.

    Attributes
    ----------
    value : str
        What pressing the button answers.
    label : str
        What the button shows.
    icon : str or None
        A picture or emoji beside the label (*stated*).
    selected : bool
        Whether it is already chosen.
    action : ChoiceAction or None
        What pressing the button opens.
    """

    value: Filled
    label: Filled
    icon: str | None = None
    selected: bool = False
    action: ChoiceAction | None = None


@dataclass(frozen=True, repr=False)
class Action(Part):
    """One button of a :class:`Target`: what it shows, and which address it opens.

    Attributes
    ----------
    label : str
        What the button shows.
    url : str
        The address that it opens.
    """

    label: Filled
    url: Filled


@dataclass(frozen=True, repr=False)
class Target(Part):
    """One card of a :class:`Carousel`.

    Attributes
    ----------
    title : str
        The card's title.
    description : str
        The text below the title.
    image : str or None
        Address of the card's picture.
    actions : Sequence[Action]
        The card's buttons.
    """

    title: Filled
    description: str
    image: str | None = None
    actions: Sequence[Action] = ()


@dataclass(frozen=True, repr=False)
class User(Part):
    """Who a message is from, as the customer sees it."""

    type: str | None = None
    user_id: str | None = None
    nickname: str | None = None
    avatar: str | None = None


@dataclass(frozen=True, repr=False)
class Reference(Part):
    """What a message refers to."""

    type: str | None = None
    name: str | None = None
    target: str | None = None


@dataclass(frozen=True, repr=False)
class Original(Part):
    """The e-mail that a message was made from."""

    original_id: str | None = None


@dataclass(frozen=True, repr=False, kw_only=True)
class Body(Part):
    """What `POST /website/{website_id}/conversation/{session_id}/message` takes.

    Names and types are those of the official client (*stated*: ``ConversationMessageNew`` of
    npm's crisp-api 11), and so is what may be left out.
    """

    type: Literal[
        "text", "note", "file", "animation", "audio", "picker", "field", "carousel", "event"
    ]
    from_: Literal["user", "operator"] = field(metadata={"name": "from"})
    origin: Annotated[str, known_origin]
    content: Any
    fingerprint: Annotated[int, between(-MOST, MOST)] | None = None
    user: User | None = None
    mentions: Sequence[str] | None = None
    references: Sequence[Reference] | None = None
    original: Original | None = None
    properties: Mapping[str, Plain] | None = None
    timestamp: Annotated[int, between(0)] | None = None
    stealth: bool | None = None
    translated: bool | None = None
    automated: bool | None = None
