"""A message as the customer will see it. Nothing is loaded: pictures are shown as their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from crisp_data.forms.html import escape
from crisp_data.outgoing import Audio, Carousel, Field, Message, Picker
from crisp_data.plurals import count

_UNSEEN = "The customer does not see this."
_COLLEAGUES = {"note": "Your colleagues do:", "event": "Your colleagues see it in the thread:"}


def preview(message: Message, website: str) -> str:
    """Draw a message as its reader will see it; all words are escaped.

    Parameters
    ----------
    message : Message
        What would be sent.
    website : str
        Who it is from where it carries no nickname.

    Returns
    -------
    str
        HTML without a script, a link or anything that a browser would load.

    Examples
    --------
    >>> from crisp_data.forms.preview import preview
    >>> from crisp_data.outgoing import Note
    >>> "The customer does not see this." in preview(Note("Please look."), "Acme")
    True
    """
    unseen = _COLLEAGUES.get(message.type)
    above = f"<p class='crisp-unseen'><strong>{_UNSEEN}</strong> {unseen}</p>" if unseen else ""
    who = message.nickname or website
    marks = [
        *(["automated"] if message.automated else []),
        *(["stealth: arrives without a notification"] if message.stealth else []),
        *([f"notifies {count(len(message.mentions), 'colleague')}"] if message.mentions else []),
    ]
    face = f"<span class='crisp-face' aria-hidden='true'>{escape(who.strip()[:1].upper())}</span>"
    head = f"<div class='crisp-who'>{escape(' · '.join([who, *marks]))}</div>"
    body = f"<div class='crisp-said'>{_BODIES[message.type](message)}</div>"
    kind = f"crisp-preview crisp-of-{message.type}"
    return f"{above}<div class='{kind}'>{face}<div>{head}{body}</div></div>"


def _audio(message: Audio) -> str:
    minutes, seconds = divmod(round(message.duration), 60)
    return _attachment("▶", f"{minutes}:{seconds:02}", message.mime, message.url)


def _picker(message: Picker) -> str:
    choices = (
        ("✓ " if choice.selected else "") + " ".join(filter(None, (choice.icon, choice.label)))
        for choice in message.choices
    )
    return _text(message.text) + _buttons(choices) + _required_note(message.required)


def _field(message: Field) -> str:
    inside = message.value or message.explain
    empty = "" if message.value else " crisp-empty"
    line = f"<div class='crisp-line{empty}'>{escape(inside)}&nbsp;</div>"
    return _text(message.text) + line + _required_note(message.required)


def _carousel(message: Carousel) -> str:
    cards = "".join(
        "<div class='crisp-target'>"
        + (f"<div class='crisp-picture'>🖼 {escape(card.image)}</div>" if card.image else "")
        + f"<strong>{escape(card.title)}</strong>{_text(card.description)}"
        + _buttons(action.label for action in card.actions)
        + "</div>"
        for card in message.targets
    )
    return f"{_text(message.text)}<div class='crisp-targets'>{cards}</div>"


_BODIES: dict[str, Callable[[Any], str]] = {
    "text": lambda message: _text(message.content),
    "note": lambda message: _text(message.content),
    "file": lambda message: _attachment("📎", message.name, message.mime, message.url),
    "animation": lambda message: _attachment("🖼", "An animated picture", message.mime, message.url),
    "audio": _audio,
    "picker": _picker,
    "field": _field,
    "carousel": _carousel,
    "event": lambda message: (
        f"{_text(message.text or message.namespace)}<small>{escape(message.namespace)}</small>"
    ),
}


def _text(words: str) -> str:
    return f"<p class='crisp-words' dir='auto'>{escape(words)}</p>" if words else ""


def _attachment(symbol: str, name: str, *facts: str) -> str:
    small = "".join(f"<small>{escape(fact)}</small>" for fact in facts)
    return (
        f"<div class='crisp-thing'><span aria-hidden='true'>{symbol}</span>"
        f"<div><strong>{escape(name)}</strong>{small}</div></div>"
    )


def _buttons(labels: Iterable[str]) -> str:
    made = "".join(f"<span class='crisp-choice'>{escape(label)}</span>" for label in labels)
    return f"<div class='crisp-choices'>{made}</div>" if made else ""


def _required_note(required: bool | None) -> str:
    return "<small>An answer is required.</small>" if required else ""
