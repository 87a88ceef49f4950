"""JSON that strict decoders refuse, made acceptable, in this one place.

Own code, because no library replaces a single character in place: those that "repair" JSON also
invent brackets, quotes and commas, which would turn half an answer into a whole one.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import msgspec

_read = msgspec.json.Decoder().decode
_BOM = b"\xef\xbb\xbf"
_REPLACEMENT = "\ufffd".encode()

# A run of escapes as they must be, else half of a surrogate pair, else a lone backslash.
_ESCAPE = re.compile(
    rb'(?P<valid>(?:\\(?:["\\/bfnrt]|u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}'
    rb"|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})[^\\]*+)++)|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\"
)
# A run of what needs no repair, else a string (also one that was cut) or a word. The quantifiers
# are possessive and every match goes on where one ended, so the time is linear in the length.
_TOKEN = re.compile(
    rb'(?:"(?:[^"\\\x00-\x1f]++|\\.)*+"|-?[0-9]{1,18}+(?:\.[0-9]{1,18}+)?+(?=[\],}\s])'
    rb"|[\[\]{}:,\s]++|true|false|null)++"
    rb'|(?P<string>"(?:[^"\\]++|\\.)*+(?:"|\\?\Z))|(?P<word>[^\[\]{}:,\s"]++)',
    re.DOTALL,
)
_CONTROL = re.compile(rb"[\x00-\x1f]")
_NO_NUMBERS = (b"NaN", b"Infinity", b"-Infinity")
_LONE = re.compile("[\ud800-\udfff]")
# A serialiser that puts no space after its first colon puts none anywhere.
_COMPACT = re.compile(rb'\{("[^"\\]*":[^\s]|\})')


def repaired(body: Any) -> bytes:
    """Replace what strict decoders refuse in JSON; all else stays byte for byte.

    What cannot be read becomes U+FFFD: each sequence of bytes that is no UTF-8, half a surrogate
    pair (a text cut inside an emoji), a backslash that begins no escape. ``NaN`` and ``Infinity``
    become ``null``, as JavaScript writes them. Nothing else is lost: a raw control character is
    escaped, a number that no decoder holds (``1e999``) becomes its own text, and a byte order
    mark is dropped.

    One whole string or number becomes another; nothing is opened, closed, parted or joined. So
    what was cut, or is no JSON for another reason (a trailing comma, ``01``), still is none.

    Parameters
    ----------
    body : bytes-like
        One JSON value, refused by a strict decoder: what it takes costs nothing.

    Returns
    -------
    bytes
        The JSON, which a strict decoder may still refuse.

    Examples
    --------
    >>> repaired(b'{"a": NaN, "b": 1.10}')
    b'{"a": null, "b": 1.10}'
    """
    whole = bytes(body).removeprefix(_BOM)
    try:
        whole.decode()
    except UnicodeDecodeError:
        whole = whole.decode("utf-8", "replace").encode()
    # A backslash stands in a string or is no JSON: nothing around it has to be looked at.
    whole = _ESCAPE.sub(_repaired_escape, whole)
    try:
        _read(whole)
    except (ValueError, RecursionError):
        return _TOKEN.sub(_repaired_token, whole)
    return whole


def loaded(text: str) -> Any:
    """Read one JSON text into Python's own types, repaired where a strict decoder refuses it.

    Raises
    ------
    ValueError
        Not JSON even so.
    RecursionError
        Nested too deeply.
    """
    try:
        return _read(text)
    except ValueError:
        return _read(repaired(_LONE.sub("\ufffd", text).encode()))


def strict(raw: msgspec.Raw) -> msgspec.Raw:
    """Give raw JSON as it is where a strict decoder reads it, otherwise repaired."""
    try:
        _read(raw)
    except ValueError:
        return msgspec.Raw(repaired(raw))
    return raw


def compacted(body: bytes) -> bytes:
    """Drop the white space between the tokens of an answer, so that its parts are compact."""
    return body if _COMPACT.match(body) else _without_spaces(body)


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
        texts = [_without_spaces(bytes(raw)).decode("utf-8", "replace") for raw in present]
    if "null" in texts:
        texts = [None if text == "null" else text for text in texts]
    if len(present) == len(raws):
        return texts
    found = iter(texts)
    return [None if raw is None else next(found) for raw in raws]


def written(value: Any) -> str:
    """Write a decoded value as compact JSON text."""
    return msgspec.json.encode(value).decode()


def _repaired_token(found: re.Match[bytes]) -> bytes:
    token = found[0]
    if found["string"]:
        return _CONTROL.sub(_escaped, token)
    if not found["word"]:
        return token
    if token in _NO_NUMBERS:
        return b"null"
    try:
        _read(token)
    except msgspec.ValidationError:  # a number by its form, out of range
        return b'"%s"' % token
    except ValueError:
        pass
    return token


def _repaired_escape(found: re.Match[bytes]) -> bytes:
    return found[0] if found["valid"] else _REPLACEMENT


def _escaped(found: re.Match[bytes]) -> bytes:
    return json.dumps(found[0].decode())[1:-1].encode()


def _without_spaces(body: bytes) -> bytes:
    """Drop the white space between tokens; what is no JSON is found out when it is decoded."""
    for readable in (bytes, repaired):
        with suppress(ValueError, RecursionError):
            return msgspec.json.format(readable(body), indent=-1)
    return body
