"""Checks of what is written: fingerprints, segments, what is said about a person."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from crisp_data import arguments
from crisp_data.errors import BadParameter

_NOBODY = "Leave it out where it is not known."
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def fingerprint(one: Any) -> int:
    """Give a fingerprint as a whole number, whether it is one of Python, numpy or pandas.

    It may be negative, as one is in Crisp's own examples.
    """
    try:
        number = None if isinstance(one, (bool, str)) else int(one)
    except (TypeError, ValueError, OverflowError):  # nothing, no number, or an infinite one
        number = None
    if number is None or number != one:
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
    if isinstance(words, str):
        words = [words]
    if not isinstance(words, Iterable):
        raise BadParameter(f"segments must be words, not a {type(words).__name__}.")
    found = list(words)
    for one in found:
        arguments.check_text("A segment", "" if one is None else one, "Write it as a word.")
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
    arguments.check_text("nickname", nickname, _NOBODY)
    arguments.check_text("email", email, _NOBODY)
    if email is not None and not _EMAIL.fullmatch(email):
        raise BadParameter("That is not an e-mail address.", "Write it like name@domain.example.")
    found = {"nickname": nickname, "email": email, "segments": segments(words)}
    return {name: value for name, value in found.items() if value}
