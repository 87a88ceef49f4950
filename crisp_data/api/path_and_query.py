"""The path and the query of a request, from the arguments of an operation.

Crisp silently ignores query parameters that it does not know (*observed*), so a misspelt filter
would return everything: names and ranges are checked here, before anything is sent.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from numbers import Integral
from typing import Any
from urllib.parse import quote

from crisp_data.api.routes import PER_PAGE_MAX, PER_PAGE_MIN, TIMES, Route
from crisp_data.api.whole_characters import check_characters, encode_json
from crisp_data.errors import BadParameter


def fill(route: Route, arguments: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Split arguments into the path and the checked query of one request.

    Raises
    ------
    BadParameter
        A path parameter is missing, a query parameter is unknown or out of its range.
    """
    rest = dict(arguments)
    missing = [name for name in route.parameters if _absent(rest.get(name))]
    if missing:
        raise BadParameter(
            f"{route.name} needs {', '.join(missing)}.", f"Its path is {route.path}."
        )
    path = route.path
    for name in route.parameters:
        value = rest.pop(name)
        if name == "page_number":
            value = _whole(name, value, 1)
        path = path.replace(f"{{{name}}}", _segment(name, value))
    return path, check_query(route, rest)


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value)


def _segment(name: str, value: Any) -> str:
    """Quote one part of a path.

    "." and ".." stay what they are however they are quoted, and HTTP libraries resolve them:
    deleting the inbox ".." would delete its website.
    """
    if isinstance(value, bool) or not isinstance(value, (str, Integral)):
        raise BadParameter(f"{name} is a {type(value).__name__}, not an identifier.")
    if value in (".", ".."):
        raise BadParameter(f"{name} is not an identifier: it would lead to another path.")
    return quote(check_characters(name, str(value)), safe="")


def check_query(route: Route, query: Mapping[str, Any]) -> dict[str, str]:
    """Check a query's names and ranges; None means "not given" and is left out.

    Operations whose parameters Crisp documents are checked strictly; for the others there
    is no list to check against, so what is given goes out as it is.
    """
    known = _QUERIES.get(route.name)
    checked: dict[str, str] = {}
    for name, value in query.items():
        if value is None:
            continue
        if known is None:
            checked[check_characters("A parameter's name", name)] = _plain(name, value)
        elif name in known:
            checked[name] = known[name](name, value)
        else:
            raise BadParameter(
                f"{route.name} has no parameter {name!r}; Crisp would silently ignore it.",
                _did_you_mean(name, known),
            )
    if route.name == "list_conversations" and "search_query" in checked:
        conditions = not isinstance(query["search_query"], str)
        kind = checked.setdefault("search_type", "filter" if conditions else "text")
        if conditions and kind != "filter":
            raise BadParameter("A list of conditions needs search_type='filter'.")
    return checked


def iso(moment: datetime) -> str:
    """Write a moment as Crisp's filters want it: ``2018-03-01T17:00:00.000Z`` (*documented*)."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _did_you_mean(name: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(name, known, n=3)
    return f"Did you mean {', '.join(close)}?" if close else f"It has: {', '.join(known)}."


def _plain(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, datetime):
        return _date(name, value)
    if isinstance(value, (list, dict)):
        return encode_json(name, value)
    return check_characters(name, str(value))


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise BadParameter(f"{name} must be text and not empty.")
    return check_characters(name, value)


def _flag(name: str, value: Any) -> str:
    if value not in (0, 1, "0", "1"):
        raise BadParameter(f"{name} must be 1 or 0.")
    return str(int(value))


def _whole(name: str, value: Any, low: int, high: int | None = None) -> str:
    try:
        number = int(str(value))
    except ValueError:
        number = low - 1
    if isinstance(value, bool) or number < low or (high is not None and number > high):
        bound = f"at least {low}" if high is None else f"between {low} and {high}"
        raise BadParameter(f"{name} must be a whole number, {bound}.")
    return str(number)


def _milliseconds(name: str, value: Any) -> str:
    number = _whole(name, value, TIMES[0])
    if int(number) not in TIMES:
        raise BadParameter(f"{name} must be a time in milliseconds since 1970.")
    return number


def _date(name: str, value: Any) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            raise ValueError
        return iso(moment)
    except (ValueError, OverflowError):
        raise BadParameter(
            f"{name} must be a datetime with a time zone, or ISO 8601 text.",
            "Write it like 2018-03-01T17:00:00.000Z; Crisp silently rejects Unix times.",
        ) from None


def _one_of(*words: str) -> Callable[[str, Any], str]:
    def check(name: str, value: Any) -> str:
        if value not in words:
            raise BadParameter(f"{name} must be one of: {', '.join(words)}.")
        return str(value)

    return check


def _search(name: str, value: Any) -> str:
    """Check a search: plain text, or the list of conditions of ``search_type="filter"``."""
    if not isinstance(value, (list, tuple)):
        return _text(name, value)
    fields = {"model", "criterion", "operator", "query"}
    for condition in value:
        if not isinstance(condition, dict) or set(condition) != fields:
            raise BadParameter(
                f"Each condition of {name} has exactly the keys {', '.join(sorted(fields))}."
            )
    return encode_json(f"The list of conditions of {name}", list(value))


_Checks = dict[str, Callable[[str, Any], str]]

# Documented on docs.crisp.chat and in the official client's types.
_QUERIES: dict[str, _Checks] = {
    "list_conversations": {
        "per_page": partial(_whole, low=PER_PAGE_MIN, high=PER_PAGE_MAX),
        "search_query": _search,
        "search_type": _one_of("text", "segment", "filter"),
        "search_operator": _one_of("and", "or"),
        "include_empty": _flag,
        "filter_inbox_id": _text,
        "filter_unread": _flag,
        "filter_resolved": _flag,
        "filter_not_resolved": _flag,
        "filter_mention": _flag,
        "filter_assigned": _text,
        "filter_unassigned": _flag,
        "filter_date_start": _date,
        "filter_date_end": _date,
        "order_date_created": _flag,
        "order_date_updated": _flag,
        "order_date_waiting": _flag,
    },
    "list_people_profiles": {
        "per_page": partial(_whole, low=PER_PAGE_MIN, high=PER_PAGE_MAX),
        "sort_field": _text,
        "sort_order": _text,
        "search_operator": _one_of("and", "or"),
        "search_filter": _search,
        "search_text": _text,
        "filter_date_start": _date,
        "filter_date_end": _date,
    },
    "get_messages_in_conversation": {
        "timestamp_before": _milliseconds,
        "timestamp_after": _milliseconds,
        "timestamp_around": _milliseconds,
    },
}
