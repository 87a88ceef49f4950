"""Answers to single requests, held against the shape that is relied on.

What comes as tables is read leniently there. What decides how to go on (an id to ask for next, a
list to be written back) must be what it is taken for: an odd record is an error that says so.
"""

from __future__ import annotations

from typing import Any

from crisp_data.errors import BadAnswer

_ODD = (
    "Nothing was changed. Ask Crisp anew, with refresh=True where the cache may hold the answer. "
    "If it comes again, something between this machine and Crisp may be rewriting answers."
)


def record(found: Any, operation: str) -> dict[str, Any]:
    """Give an answer that must be one record.

    Parameters
    ----------
    found : object
        The ``data`` of the answer, or one row of a list.
    operation : str
        The operation that was asked.

    Returns
    -------
    dict[str, object]
        The record.

    Raises
    ------
    BadAnswer
        It is no record.

    Examples
    --------
    >>> from crisp_data.rest.answer_checks import record
    >>> record(None, "get_website")
    Traceback (most recent call last):
    crisp_data.errors.BadAnswer: get_website was answered with null, where Crisp gives a record.
    ...
    """
    if isinstance(found, dict):
        return found
    raise BadAnswer(
        f"{operation} was answered with {_shape(found)}, where Crisp gives a record.", _ODD
    )


def records(found: Any, operation: str) -> list[Any]:
    """Give an answer that must be a list.

    Parameters
    ----------
    found : object
        The ``data`` of the answer.
    operation : str
        The operation that was asked.

    Returns
    -------
    list
        The list.

    Raises
    ------
    BadAnswer
        It is no list.
    """
    if isinstance(found, list):
        return found
    raise BadAnswer(
        f"{operation} was answered with {_shape(found)}, where Crisp gives a list.", _ODD
    )


def text(found: Any, field: str, operation: str) -> str:
    """Give a field that must hold text, such as an id.

    Parameters
    ----------
    found : object
        The record.
    field : str
        The field's name.
    operation : str
        The operation that was asked.

    Returns
    -------
    str
        The text.

    Raises
    ------
    BadAnswer
        It is no record, or the field is missing, empty or something else.
    """
    value = record(found, operation).get(field)
    if isinstance(value, str) and value:
        return value
    raise BadAnswer(f"{operation} gave {_shape(value)} as {field}, where Crisp gives text.", _ODD)


def texts(found: Any, field: str, operation: str) -> list[str]:
    """Give a field that must hold a list of texts; empty where it is missing or null.

    Parameters
    ----------
    found : object
        The record.
    field : str
        The field's name.
    operation : str
        The operation that was asked.

    Returns
    -------
    list[str]
        The texts.

    Raises
    ------
    BadAnswer
        It is no record, or the field holds something else.
    """
    value = record(found, operation).get(field)
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return value
    raise BadAnswer(
        f"{operation} gave {_shape(value)} as {field}, where Crisp gives a list of texts.", _ODD
    )


def optional_text(found: Any, field: str, operation: str) -> str:
    """Give a field that holds text, where it does; else an empty text.

    Parameters
    ----------
    found : object
        The record.
    field : str
        The field's name.
    operation : str
        The operation that was asked.

    Returns
    -------
    str
        The text.

    Raises
    ------
    BadAnswer
        It is no record.
    """
    value = record(found, operation).get(field)
    return value if isinstance(value, str) else ""


def _shape(found: Any) -> str:
    """Name what came, and nothing that it holds."""
    names = {
        type(None): "null",
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a text" if found else "an empty text",
        list: "a list",
        dict: "a record",
    }
    return names.get(type(found), "something else")
