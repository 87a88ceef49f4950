"""Checks of what a caller passes, before a request is spent."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from crisp_data.errors import BadParameter

#: How Crisp numbers websites, operators and inboxes: a name is none of these.
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


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
    if value is not None and value not in words:
        raise BadParameter(f"{name}={value!r} is not known.", f"Use one of: {', '.join(words)}.")


def check_text(name: str, value: Any, hint: str = "") -> None:
    """Refuse what is not one text, such as a list of them; None is not given.

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
        The value is not a str.
    """
    if value is not None and not isinstance(value, str):
        raise BadParameter(f"{name} must be one text, not a {type(value).__name__}.", hint)


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
    if value and not UUID.fullmatch(value):
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


def check_count(name: str, value: Any) -> None:
    """Refuse what is not a whole number from 1; None is not given."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise BadParameter(f"{name} must be a whole number, at least 1.")


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
