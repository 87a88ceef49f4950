"""JSON that strict decoders refuse, made acceptable."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

_read = msgspec.json.Decoder().decode
_LONE = re.compile("[\ud800-\udfff]")
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
    value = json.loads(
        str(body, "utf-8", "replace"), parse_float=_finite, parse_constant=str, strict=False
    )
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _LONE.sub("\ufffd", text).encode()


def strict(raw: msgspec.Raw) -> msgspec.Raw:
    """Give raw JSON as it is where a strict decoder reads it, otherwise mended."""
    try:
        _read(raw)
    except ValueError:
        return msgspec.Raw(mended(raw))
    return raw


def compacted(body: bytes) -> bytes:
    """Drop the white space between the tokens of an answer, so that its parts are compact."""
    return body if _COMPACT.match(body) else msgspec.json.format(body, indent=-1)


def json_text(raw: msgspec.Raw) -> str | None:
    """Give raw JSON as text; null is missing."""
    text = str(raw, "utf-8", "replace")
    if "\\u" in text:
        # Raw parts are not looked into while a page is decoded: half a pair may hide here.
        text = mended(raw).decode()
    return None if text == "null" else text


def _finite(number: str) -> float | str:
    value = float(number)
    return value if math.isfinite(value) else number
