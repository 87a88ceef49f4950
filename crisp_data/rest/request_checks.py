"""What is refused before a request is sent: a path that leads elsewhere, a body that is no JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from crisp_data.api.whole_characters import check_characters, encode_json
from crisp_data.errors import BadParameter


def check_path(path: str) -> str:
    """Return a path below the base URL; refuse one that leaves it or repeats the version.

    >>> check_path("/website/w")
    'website/w'
    """
    if not isinstance(path, str):
        raise BadParameter(f"A path must be one text, not a {type(path).__name__}.")
    check_characters("The path", path)
    if any(unquote(part) in (".", "..") for part in path.split("/")):
        raise BadParameter("A path must not contain '.' or '..' as a part.")
    path = path.lstrip("/")
    if path.startswith("v1/"):
        raise BadParameter("The base URL already contains the version.", "Leave out v1/.")
    return path


def check_query(query: Mapping[str, Any]) -> None:
    """Refuse a query of a path that is no known operation's, where no request holds it."""
    for name, value in query.items():
        check_characters("A parameter's name", str(name))
        for one in value if isinstance(value, (list, tuple)) else [value]:
            check_characters("A parameter", str(one))


def encode_body(body: Any) -> bytes | None:
    """Write a body as JSON, None as no body; refuse what JSON cannot say, such as NaN.

    >>> encode_body({"content": "Hello"})
    b'{"content": "Hello"}'
    """
    if body is None:
        return None
    return encode_json("The body", body, whole=False).encode()
