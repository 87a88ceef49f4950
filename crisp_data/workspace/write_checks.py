"""Checks of what is written: fingerprints, segments, what is said about a person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from crisp_data.errors import BadParameter

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def fingerprint(one: Any) -> int:
    """Give a fingerprint as a whole number, whether it is one of Python, numpy or pandas."""
    try:
        number = int(one)
    except (TypeError, ValueError):
        number = -1
    if isinstance(one, bool) or number < 0 or number != one:
        raise BadParameter("A fingerprint must be a whole number, as in the column fingerprint.")
    return number


def fingerprints(several: Any) -> list[int]:
    """Give several of them; Crisp would read an empty list as all (*assumed*)."""
    if isinstance(several, str) or not isinstance(several, Iterable):
        raise BadParameter("fingerprints must be a list, even for a single one: [fingerprint].")
    numbers = [fingerprint(one) for one in several]
    if not numbers:
        raise BadParameter("No fingerprints were given.", "Leave them out to mean all.")
    return numbers


def segments(words: str | Iterable[str]) -> list[str]:
    """Give segments as a list; a single one is no list of letters."""
    found = [words] if isinstance(words, str) else list(words)
    if not all(isinstance(one, str) and one.strip() for one in found):
        raise BadParameter("Segments must be words that are not empty.")
    return found


def metas(nickname: Any, email: Any, words: str | Iterable[str]) -> dict[str, Any]:
    """Give what is said about a person, without what is left out.

    Parameters
    ----------
    nickname : object
        Their name; None where it is left out.
    email : object
        Their e-mail address; None where it is left out.
    words : str or Iterable[str]
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
    found = {"nickname": nickname, "email": email, "segments": segments(words)}
    return {name: value for name, value in found.items() if value}
