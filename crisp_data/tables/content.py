"""What a person would read in a message, whatever its type."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from crisp_data.tables.text import json_text, mended

_decode = msgspec.json.Decoder().decode
_QUOTE = ord('"')


def readable(content: Any) -> str | None:
    r"""Put the content of a message into words.

    Text and note are their own text. A file reads as its name and address, an animation or
    audio as its address, an event as its namespace and text; a picker, a field and a carousel
    as their text, followed by one line for each choice (``[x]`` marks the chosen), the value
    that was filled in, or each card. The keys decide, not the declared type, so a type that
    Crisp adds reads well as long as it names its parts alike.

    Examples
    --------
    >>> from crisp_data.tables.content import readable
    >>> readable({"name": "bill.pdf", "url": "https://files.example/1", "type": "image/png"})
    'bill.pdf https://files.example/1'
    >>> readable({"text": "Plan?", "choices": [{"label": "Pro", "selected": True}]})
    'Plan?\n[x] Pro'
    """
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, dict):
        return json.dumps(content, ensure_ascii=False)
    lines = [_joined(" ", content, "namespace", "name", "text", "url")]
    for choice in _objects(content.get("choices")):
        mark = "[x]" if choice.get("selected") is True else "[ ]"
        lines.append(f"{mark} {_joined('', choice, 'label') or _joined('', choice, 'value')}")
    lines.append(_joined("", content, "value"))
    lines.extend(_joined(": ", t, "title", "description") for t in _objects(content.get("targets")))
    return "\n".join(line for line in lines if line) or None


def read_text(raw: msgspec.Raw) -> str | None:
    """Read the raw ``content`` of a message."""
    try:
        return readable(_decode(raw))
    except ValueError:  # A surrogate without its other half, or bytes that are no UTF-8.
        return readable(_decode(mended(raw)))


def read_json(raw: msgspec.Raw) -> str | None:
    """Keep the raw ``content`` of a message, unless it is plain text already."""
    return None if memoryview(raw)[0] == _QUOTE else json_text(raw)


def _joined(separator: str, part: dict[str, Any], *keys: str) -> str:
    found = (part.get(key) for key in keys)
    return separator.join(value for value in found if isinstance(value, str) and value)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
