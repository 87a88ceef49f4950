"""Checks of what is written: fingerprints, segments, what is said about a person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from crisp_data.errors import BadParameter

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def check_fingerprint(fingerprint: Any) -> int:
    """Give a fingerprint as a whole number, whether it is one of Python, numpy or pandas."""
    try:
        number = int(fingerprint)
    except (TypeError, ValueError):
        number = -1
    if isinstance(fingerprint, bool) or number < 0 or number != fingerprint:
        raise BadParameter("A fingerprint must be a whole number, as in the column fingerprint.")
    return number


def check_fingerprints(fingerprints: Any) -> list[int]:
    """Give several of them; Crisp would read an empty list as all (*assumed*)."""
    if isinstance(fingerprints, str) or not isinstance(fingerprints, Iterable):
        raise BadParameter("fingerprints must be a list, even for a single one: [fingerprint].")
    numbers = [check_fingerprint(one) for one in fingerprints]
    if not numbers:
        raise BadParameter("No fingerprints were given.", "Leave them out to mean all.")
    return numbers


def check_segments(segments: str | Iterable[str]) -> list[str]:
    """Give segments as a list; a single one is no list of letters."""
    words = [segments] if isinstance(segments, str) else list(segments)
    if not all(isinstance(one, str) and one.strip() for one in words):
        raise BadParameter("Segments must be words that are not empty.")
    return words


def check_metas(nickname: Any, email: Any, segments: str | Iterable[str]) -> dict[str, Any]:
    """Give what is said about a person, without what is left out.

    Parameters
    ----------
    nickname : object
        Their name; None where it is left out.
    email : object
        Their e-mail address; None where it is left out.
    segments : str or Iterable[str]
        One segment, or several.

    Returns
    -------
    dict[str, object]
        As Crisp takes it.

    Raises
    ------
    BadParameter
        One of them cannot be used.
    """
    if nickname is not None and not isinstance(nickname, str):
        raise BadParameter("nickname must be text or None.")
    if email is not None and not (isinstance(email, str) and _EMAIL.fullmatch(email)):
        raise BadParameter("That is not an e-mail address.", "Write it like name@domain.example.")
    found = {"nickname": nickname, "email": email, "segments": check_segments(segments)}
    return {name: value for name, value in found.items() if value}
