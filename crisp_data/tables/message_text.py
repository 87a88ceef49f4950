"""What a person would read in a message, whatever its type."""

from __future__ import annotations

from typing import Any

import msgspec

from crisp_data.api.json_repair import written

_encode_lines = msgspec.json.Encoder().encode_lines
# The keys of parts that read as lines of their own.
_MORE = frozenset(("choices", "value", "targets"))


def readable(content: Any) -> str | None:
    r"""Put the content of a message into words.

    Text and note are their own text. A file reads as its name and address, an animation or
    audio as its address, an event as its namespace and text; a picker, a field and a carousel
    as their text, followed by one line for each choice (``[x]`` marks the chosen), the value
    that was filled in, or each card. The keys decide, not the declared type, so a type that
    Crisp adds reads well as long as it names its parts alike.

    Examples
    --------
    >>> from crisp_data.tables.message_text import readable
    >>> readable({"name": "bill.pdf", "url": "https://files.example/1", "type": "image/png"})
    'bill.pdf https://files.example/1'
    >>> readable({"text": "Plan?", "choices": [{"label": "Pro", "selected": True}]})
    'Plan?\n[x] Pro'
    """
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, dict):
        return written(content)
    first = " ".join(_texts(content, "namespace", "name", "text", "url"))
    if _MORE.isdisjoint(content):
        return first or None
    lines = [first] if first else []
    for choice in objects(content, "choices"):
        mark = "[x]" if choice.get("selected") is True else "[ ]"
        lines.append(" ".join([mark, *_texts(choice, "label", "value")[:1]]))
    lines += _texts(content, "value")
    lines += [
        ": ".join(_texts(card, "title", "description")) for card in objects(content, "targets")
    ]
    return "\n".join(lines) or None


def texts(contents: list[Any]) -> list[str | None]:
    """Put the contents of many messages into words; see :func:`readable`."""
    return [c if type(c) is str else readable(c) for c in contents]


def originals(contents: list[Any]) -> list[str | None]:
    """Give as JSON text the contents that are not plain text already."""
    rows = [row for row, c in enumerate(contents) if type(c) is not str and c is not None]
    found: list[str | None] = [None] * len(contents)
    lines = _encode_lines([contents[row] for row in rows]).decode().split("\n")
    for row, line in zip(rows, lines, strict=False):  # the last line break ends the last line
        found[row] = line
    return found


def _texts(part: dict[str, Any], *keys: str) -> list[str]:
    return [v for key in keys if type(v := part.get(key)) is str and v]


def objects(part: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Return the objects of a list that stands at a key; none where there is no list."""
    found = part.get(key)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
