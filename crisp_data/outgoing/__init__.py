"""The messages one can send, and what makes each valid.

Nine types as frozen dataclasses: they take what is Crisp's own by name, know the JSON that Crisp
documents, and refuse what Crisp would refuse when they are made, with the path of what is wrong.
Dataclasses, for a message is a few values and one rule for all of them; a library of models would
be one more to know, and its errors repeat what was refused.

What Crisp requires is nowhere published as a schema. Here it is read from the types of the
official client (*stated*) where a field that they call optional is a message's very content
(a file's address, a choice's label) taken as required, and empty text where a customer would see
nothing as refused (*assumed*): what is refused in vain is noticed before anything is sent, what is
sent in vain is a customer's. The sandbox has a reading of its own, and a test holds both together.

Examples
--------
>>> from crisp_data.outgoing import Choice, Picker
>>> Picker("topic", "What is it about?", [Choice("sales", label="")])
Traceback (most recent call last):
crisp_data.errors.InvalidMessage: .content.choices[0].label must not be empty.
Nothing was sent. Correct the field named in the message.
"""

from crisp_data.outgoing.message_base import TYPES, Message, check, new_fingerprint
from crisp_data.outgoing.message_types import (
    Animation,
    Audio,
    Carousel,
    Event,
    Field,
    File,
    Note,
    Picker,
    Text,
    as_message,
)
from crisp_data.outgoing.parts import Action, Choice, ChoiceAction, Target

__all__ = [
    "TYPES",
    "Action",
    "Animation",
    "Audio",
    "Carousel",
    "Choice",
    "ChoiceAction",
    "Event",
    "Field",
    "File",
    "Message",
    "Note",
    "Picker",
    "Target",
    "Text",
    "as_message",
    "check",
    "new_fingerprint",
]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__
