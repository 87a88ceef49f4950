"""JSON that strict decoders refuse, made acceptable."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

_read = msgspec.json.Decoder().decode
_REPLACEMENT = "\ufffd".encode()
# The common start lets the search skip ahead.
_ESCAPED = re.compile(
    rb"\\u[dD](?:([89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|[89a-fA-F][0-9a-fA-F]{2})"
)
_LONE = re.compile("[\ud800-\udfff]")
_HALF = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")
# A serialiser that puts no space after its first colon puts none anywhere.
_COMPACT = re.compile(rb'\{("[^"\\]*":[^\s]|\})')


def mended(body: Any) -> bytes:
    """Write JSON anew with what strict decoders refuse replaced.

    The standard library reads what strict decoders refuse: halves of surrogate pairs (a text
    cut inside an emoji) and bytes that are no UTF-8, which become U+FFFD, and numbers that no
    double holds (``NaN``, ``1e999``), which become their own text.

    Parameters
    ----------
    body : bytes-like
        One JSON value.

    Raises
    ------
    ValueError
        Not JSON even so.
    """
    value = loaded(str(body, "utf-8-sig", "replace"))
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def loaded(text: str) -> Any:
    """Read one JSON text into Python's own types, with what no dtype holds replaced.

    As :func:`mended` does; whole numbers of any length are exact.

    Raises
    ------
    ValueError
        Not JSON even so.
    RecursionError
        Nested too deeply.
    """
    value = json.loads(text, parse_float=_finite, parse_constant=str, strict=False)
    if not _HALF.search(text):
        return value
    return json.loads(_LONE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def paired(body: bytes) -> bytes:
    """Replace the escaped halves of surrogate pairs in JSON by U+FFFD, quickly.

    What only looks like a half, behind an escaped backslash, leaves JSON that no decoder takes:
    then :func:`mended` must read the original.
    """
    return _ESCAPED.sub(lambda found: found[0] if found[1] else _REPLACEMENT, body)


def strict(raw: msgspec.Raw) -> msgspec.Raw:
    """Give raw JSON as it is where a strict decoder reads it, otherwise mended."""
    try:
        _read(raw)
    except ValueError:
        return msgspec.Raw(mended(raw))
    return raw


def compacted(body: bytes) -> bytes:
    """Drop the white space between the tokens of an answer, so that its parts are compact."""
    if _COMPACT.match(body):
        return body
    try:
        return msgspec.json.format(body, indent=-1)
    except ValueError:  # What is no JSON is found out when it is decoded.
        return body


def json_texts(raws: list[msgspec.Raw | None]) -> list[str | None]:
    """Give raw JSON as compact texts; null is missing.

    All are turned at once, which is several times as fast as one by one.
    """
    present = [raw for raw in raws if raw is not None]
    if not present:
        return [None] * len(raws)
    joined = b"\n".join(present).decode("utf-8", "replace")
    texts: list[str | None] = [*joined.split("\n")]
    if len(texts) != len(present):  # Compact JSON holds no line break; this was not compact.
        texts = [mended(raw).decode() for raw in present]
    if "null" in texts:
        texts = [None if text == "null" else text for text in texts]
    if len(present) == len(raws):
        return texts
    found = iter(texts)
    return [None if raw is None else next(found) for raw in raws]


def written(value: Any) -> str:
    """Write a decoded value as compact JSON text."""
    return msgspec.json.encode(value).decode()


def _finite(number: str) -> float | str:
    value = float(number)
    return value if math.isfinite(value) else number
