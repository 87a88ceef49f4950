"""What is refused before a request is sent: a path that leads elsewhere, a body that is no JSON."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from crisp_data.errors import BadParameter


def check_path(path: str) -> str:
    """Return a path below the base URL; refuse one that leaves it or repeats the version.

    >>> check_path("/website/w")
    'website/w'
    """
    if any(unquote(part) in (".", "..") for part in path.split("/")):
        raise BadParameter("A path must not contain '.' or '..' as a part.")
    path = path.lstrip("/")
    if path.startswith("v1/"):
        raise BadParameter("The base URL already contains the version.", "Leave out v1/.")
    return path


def encode_body(body: Any) -> bytes | None:
    """Write a body as JSON, None as no body; refuse what JSON cannot say, such as NaN.

    >>> encode_body({"content": "Hello"})
    b'{"content": "Hello"}'
    """
    if body is None:
        return None
    try:
        return json.dumps(body, allow_nan=False).encode()
    except (TypeError, ValueError):
        raise BadParameter("The body is not JSON; nothing was sent.") from None
