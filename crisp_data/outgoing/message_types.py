"""The nine types of message that can be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from crisp_data.errors import InvalidMessage
from crisp_data.outgoing.message_base import TYPES, Message
from crisp_data.outgoing.parts import Choice, Filled, Target
from crisp_data.outgoing.validation import filled


@dataclass(frozen=True, repr=False)
class Text(Message):
    """Words to the customer, in Crisp's Markdown.

    Attributes
    ----------
    type : str
        Always "text".
    content : str
        The text, in Crisp's Markdown.

    Examples
    --------
    >>> from crisp_data.outgoing import Text
    >>> Text("Your order is on its way.", nickname="Ana")
    <Text of 25 characters>
    """

    type = "text"
    content: Filled


@dataclass(frozen=True, repr=False)
class Note(Message):
    """Words to colleagues only; `mentions` tells some of them.

    Attributes
    ----------
    type : str
        Always "note".
    content : str
        The text, which the customer does not see.

    Examples
    --------
    >>> from crisp_data.outgoing import Note
    >>> Note("Please look.", mentions=["0b5e0c4c-8d5c-4a1c-9a0d-6f1d1d1d1d1d"]).type
    'note'
    """

    type = "note"
    content: Filled


@dataclass(frozen=True, repr=False)
class File(Message):
    """A file at an address; `mime` is its type, such as "application/pdf".

    Crisp calls it ``type`` in the content, where a message has another one.

    Attributes
    ----------
    type : str
        Always "file".
    name : str
        The file's name, as shown.
    url : str
        Where the file is.
    mime : str
        Its media type, such as "application/pdf".

    Examples
    --------
    >>> from crisp_data.outgoing import File
    >>> File("bill.pdf", "https://acme.example/bill.pdf", "application/pdf").body()["content"]
    {'name': 'bill.pdf', 'url': 'https://acme.example/bill.pdf', 'type': 'application/pdf'}
    """

    type = "file"
    name: Filled
    url: Filled
    mime: Filled = field(metadata={"name": "type"})


@dataclass(frozen=True, repr=False)
class Animation(Message):
    """A moving picture at an address; `mime` is its type, such as "image/gif".

    Attributes
    ----------
    type : str
        Always "animation".
    url : str
        Where the picture is.
    mime : str
        Its media type, such as "image/gif".

    Examples
    --------
    >>> from crisp_data.outgoing import Animation
    >>> Animation("https://acme.example/hooray.gif", "image/gif").type
    'animation'
    """

    type = "animation"
    url: Filled
    mime: Filled = field(metadata={"name": "type"})


@dataclass(frozen=True, repr=False)
class Audio(Message):
    """A recording at an address; `duration` in seconds (*assumed*), `mime` as "audio/mpeg".

    Attributes
    ----------
    type : str
        Always "audio".
    url : str
        Where the recording is.
    mime : str
        Its media type, such as "audio/mpeg".
    duration : float
        Its length, in seconds (*assumed*).

    Examples
    --------
    >>> from crisp_data.outgoing import Audio
    >>> Audio("https://acme.example/call.mp3", "audio/mpeg", 12.5).type
    'audio'
    """

    type = "audio"
    url: Filled
    mime: Filled = field(metadata={"name": "type"})
    duration: float


@dataclass(frozen=True, repr=False)
class Picker(Message):
    """A question with buttons for answers; the answer comes back with the same `id`.

    Attributes
    ----------
    type : str
        Always "picker".
    id : str
        Names the question; the answer comes back with it.
    text : str
        The question.
    choices : sequence of Choice
        The buttons, one at least.
    required : bool or None
        Whether the customer must answer before writing (*stated*).

    Examples
    --------
    >>> from crisp_data.outgoing import Choice, Picker
    >>> asked = Picker("topic", "What is it about?", [Choice("sales", "Sales")])
    >>> asked.body()["content"]["choices"]
    [{'value': 'sales', 'label': 'Sales', 'selected': False}]
    """

    type = "picker"
    id: Filled
    text: Filled
    choices: Annotated[Sequence[Choice], filled]
    required: bool | None = None


@dataclass(frozen=True, repr=False)
class Field(Message):
    """A question with a line to type into; `explain` is shown in the empty line.

    Attributes
    ----------
    type : str
        Always "field".
    id : str
        Names the question; the answer comes back with it.
    text : str
        The question.
    explain : str
        What the empty line shows.
    value : str or None
        What the line holds at first.
    required : bool or None
        Whether the customer must answer before writing (*stated*).

    Examples
    --------
    >>> from crisp_data.outgoing import Field
    >>> Field("order", "Which order is it?", "A number of six digits").type
    'field'
    """

    type = "field"
    id: Filled
    text: Filled
    explain: str
    value: str | None = None
    required: bool | None = None


@dataclass(frozen=True, repr=False)
class Carousel(Message):
    """Cards beside each other, each with its buttons.

    Attributes
    ----------
    type : str
        Always "carousel".
    text : str
        The words above the cards.
    targets : sequence of Target
        The cards, one at least.

    Examples
    --------
    >>> from crisp_data.outgoing import Action, Carousel, Target
    >>> see = Action("See", "https://acme.example/plans/1")
    >>> Carousel("Our plans", [Target("Basic", "For one", actions=[see])]).type
    'carousel'
    """

    type = "carousel"
    text: str
    targets: Annotated[Sequence[Target], filled]


@dataclass(frozen=True, repr=False)
class Event(Message):
    """A line in the thread that tells what happened, such as "state:resolved".

    Attributes
    ----------
    type : str
        Always "event".
    namespace : str
        What happened, such as "state:resolved".
    text : str or None
        What the line says.

    Examples
    --------
    >>> from crisp_data.outgoing import Event
    >>> Event("user:called", "A call of two minutes").type
    'event'
    """

    type = "event"
    namespace: Filled
    text: str | None = None


TYPES.update(
    (kind.type, kind)
    for kind in (Text, Note, File, Animation, Audio, Picker, Field, Carousel, Event)
)


def as_message(message: str | Message) -> Message:
    """Make a :class:`Text` of a string; a message stays what it is.

    Parameters
    ----------
    message : str or Message
        The text, or the message.

    Returns
    -------
    Message
        The message.

    Raises
    ------
    InvalidMessage
        The string is empty, or it is neither.

    Examples
    --------
    >>> from crisp_data import outgoing
    >>> outgoing.as_message("Hello").body()["content"]
    'Hello'
    """
    if isinstance(message, Message):
        return message
    if isinstance(message, str):
        return Text(message)
    raise InvalidMessage(
        f"A message is a string or one of {', '.join(kind.__name__ for kind in TYPES.values())} "
        f"of crisp_data.outgoing, not {type(message).__name__}."
    )
