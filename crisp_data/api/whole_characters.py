"""Texts that can be sent: half of a surrogate pair, as where an emoji was cut, is no character."""

from __future__ import annotations

import json
from typing import Any

from crisp_data.errors import BadParameter


def check_characters(name: str, text: str) -> str:
    """Return a text; refuse one that no request holds.

    Parameters
    ----------
    name : str
        What it is, for the error.
    text : str
        The text.

    Returns
    -------
    str
        The same text.

    Raises
    ------
    BadParameter
        It holds half of a surrogate pair.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        halved = True
    else:
        halved = False
    if halved:  # raised out here: the other error holds the whole text
        raise BadParameter(
            f"{name} holds half of a surrogate pair, which cannot be sent.",
            "An emoji was cut in two: write the whole character, or leave it out.",
        )
    return text


def encode_json(name: str, value: Any, *, whole: bool = True) -> str:
    """Write a value as JSON; refuse what JSON cannot say, such as NaN.

    Parameters
    ----------
    name : str
        What it is, for the error.
    value : object
        The value.
    whole : bool, default True
        Whether half of a surrogate pair is refused too. JSON can say it, an address cannot.

    Returns
    -------
    str
        JSON, of ASCII alone.

    Raises
    ------
    BadParameter
        It is no JSON, or holds half of a surrogate pair.
    """
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise BadParameter(f"{name} is not JSON; nothing was sent.") from None
    if whole and "\\ud" in text:  # two halves side by side are a whole character in JSON
        check_characters(name, json.dumps(json.loads(text), ensure_ascii=False))
    return text
