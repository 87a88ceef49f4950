"""Checks of what a caller passes, before a request is spent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from crisp_data.errors import BadParameter

#: How Crisp numbers websites, operators and inboxes: a name is none of these.
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_HALF = re.compile(r"[\ud800-\udfff]")  # where a program cut an emoji in two: no request holds it


def check_word(name: str, value: Any, words: tuple[str, ...]) -> None:
    """Refuse a word that is not one of those known; None is not given.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    value : object
        What was given.
    words : tuple[str, ...]
        The words that are known.

    Raises
    ------
    BadParameter
        The value is none of the words.
    """
    if value is None:
        return
    hint = f"Use one of: {', '.join(words)}."
    if not isinstance(value, str):  # a Series, say, which no word can be compared with
        raise BadParameter(f"{name} must be one word, not a {type(value).__name__}.", hint)
    if value not in words:
        raise BadParameter(f"{name}={value!r} is not known.", hint)


def check_flag(name: str, value: Any) -> None:
    """Refuse what is neither True nor False, such as the text "no"; None is not given.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    value : object
        What was given.

    Raises
    ------
    BadParameter
        The value is something else.
    """
    if not isinstance(value, bool | np.bool_ | None):
        raise BadParameter(
            f"{name} must be True or False, not a {type(value).__name__}.",
            "What is read from a file or the environment is a text: compare it first.",
        )


def check_text(name: str, value: Any, hint: str = "") -> None:
    """Refuse what is not one text, such as a list of them, or is empty; None is not given.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    value : object
        What was given.
    hint : str, optional
        What to do instead, for the error.

    Raises
    ------
    BadParameter
        The value is not a str, is empty or blank, or holds half of a surrogate pair.
    """
    if value is None:
        return
    if not isinstance(value, str):
        raise BadParameter(f"{name} must be one text, not a {type(value).__name__}.", hint)
    if not value.strip():
        raise BadParameter(f"{name} must not be empty.", hint or "Leave it out to mean all.")
    if _HALF.search(value):
        raise BadParameter(
            f"{name} holds half of a surrogate pair, which cannot be sent.",
            "An emoji was cut in two: write the whole character, or leave it out.",
        )


def check_id(name: str, value: Any, hint: str) -> None:
    """Refuse a name where an id is wanted; None is not given.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    value : object
        What was given.
    hint : str
        Where to find the id, for the error.

    Raises
    ------
    BadParameter
        The value is not a UUID.
    """
    check_text(name, value, hint)
    if value is not None and not UUID.fullmatch(value):
        raise BadParameter(
            f"{name} must be an id; this is a name, which would match nothing.", hint
        )


def check_frame(value: Any) -> None:
    """Refuse what is not a DataFrame."""
    if not isinstance(value, pd.DataFrame):
        raise BadParameter(
            f"A {type(value).__name__} is not a DataFrame.",
            "A Series becomes one with .to_frame() or .reset_index().",
        )


def check_once(frame: pd.DataFrame, *columns: str) -> None:
    """Refuse a name that two columns have: which of them is meant nobody knows.

    Parameters
    ----------
    frame : pandas.DataFrame
        The frame.
    *columns : str
        Names of its columns; one that it lacks is no trouble here.

    Raises
    ------
    BadParameter
        Two columns have one of the names.
    """
    for name in columns:
        if name in frame and isinstance(frame[name], pd.DataFrame):
            raise BadParameter(
                f"Two columns have the name {name!r}.", "Rename one of them, or drop it, first."
            )


def check_count(name: str, value: Any) -> int | None:
    """Give a whole number from 1, of Python or of numpy, as Python's own; None is not given.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    value : object
        What was given.

    Returns
    -------
    int or None
        The number; None where it was not given.

    Raises
    ------
    BadParameter
        The value is not a whole number, or is less than 1.

    Examples
    --------
    >>> import numpy as np
    >>> from crisp_data.arguments import check_count
    >>> check_count("limit", np.int64(5))
    5
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise BadParameter(f"{name} must be a whole number, at least 1.")
    return int(value)


def check_names(name: str, value: Any) -> list[str]:
    """Give one name or several as a list; what is known by them is not asked here.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    value : object
        What was given.

    Returns
    -------
    list[str]
        The names.

    Raises
    ------
    BadParameter
        The value is neither a text nor a list of them.
    """
    found = [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
    for one in found:
        if not isinstance(one, str):
            raise BadParameter(
                f"{name} must be a name or a list of names; there is a {type(one).__name__} in it."
            )
    return found


def plain_int(value: Any) -> Any:
    """Give a whole number of numpy as Python's own; whatever else it is, as it is."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return int(value) if whole else value


def session_ids(conversations: Any) -> list[str]:
    """Read session ids from whatever an analyst has at hand; each once, in order."""
    if isinstance(conversations, pd.DataFrame):
        if "session_id" not in conversations:
            raise BadParameter(
                "The frame has no column session_id.", "Pass what ws.conversations() returned."
            )
        check_once(conversations, "session_id")
        conversations = conversations["session_id"]
    elif isinstance(conversations, str) or not isinstance(conversations, Iterable):
        conversations = [conversations]
    ids = list(conversations)
    if not all(isinstance(one, str) and one.startswith("session_") for one in ids):
        raise BadParameter(
            "One of the values is not a session_id.", "They look like 'session_...'."
        )
    return list(dict.fromkeys(ids))


def session_id(one: Any) -> str:
    """Check one session id."""
    return session_ids([one])[0]
