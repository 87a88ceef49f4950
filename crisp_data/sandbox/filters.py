"""Which conversations and people a list shows, and in which order.

Parameters that Crisp does not know are ignored, as Crisp ignores them. So is a date that is
not ISO 8601: Unix seconds "fail silently", which the sandbox reads as no filter at all.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from .conversations import Facts
from .messages import text_of
from .records import Conversation, Record
from .request import Refusal
from .state import Website
from .world import Options

Query = dict[str, str]

_FLAGS: dict[str, Callable[[Facts], bool]] = {
    "filter_unread": lambda known: known.unread > 0,
    "filter_resolved": lambda known: known.state == "resolved",
    "filter_not_resolved": lambda known: known.state != "resolved",
    "filter_mention": lambda known: known.mentioned,
    "filter_unassigned": lambda known: known.assigned is None,
    "order_date_waiting": lambda known: known.waiting_since is not None,
}
_COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
_PARAMETERS = {
    *_FLAGS,
    *("filter_inbox_id", "filter_assigned", "filter_date_start", "filter_date_end"),
    *("search_query", "search_type", "search_operator", "include_empty"),
    *("order_date_created", "order_date_updated"),
}


def conversations(website: Website, query: Query, options: Options) -> list[str]:
    """Return the session ids of a listing, in its order.

    Parameters
    ----------
    website : Website
        The website.
    query : Query
        The query of the request.
    options : Options
        How the world behaves.

    Returns
    -------
    list[str]
        The session ids.
    """
    asked = {name: value for name, value in query.items() if name in _PARAMETERS and value}
    key = tuple(sorted(asked.items()))
    if key not in website.selections:
        website.selections[key] = _select(website, asked, options)
    return website.selections[key]


def _select(website: Website, query: Query, options: Options) -> list[str]:
    tests = [test for name, test in _FLAGS.items() if query.get(name) == "1"]
    if query.get("include_empty") != "1":
        tests.append(lambda known: not known.empty)
    if assigned := query.get("filter_assigned"):
        tests.append(lambda known: known.assigned == assigned)
    within = dates(query, options)
    in_inbox = _inbox(query.get("filter_inbox_id"), options.inboxes)
    ordered = (website.conversations[session_id] for _, session_id in website.order)
    chosen = [
        one
        for one in ordered
        if within(one.facts.updated_at) and in_inbox(one) and all(test(one.facts) for test in tests)
    ]
    if query.get("search_query"):
        chosen = _search(website, chosen, query)
    if query.get("order_date_waiting") == "1":
        chosen.sort(key=lambda one: (one.facts.waiting_since or 0, one.session_id))
    elif query.get("order_date_created") == "1":
        chosen.sort(key=lambda one: (-one.facts.created_at, one.session_id))
    return [one.session_id for one in chosen]


def _inbox(asked: str | None, reading: str) -> Callable[[Conversation], bool]:
    """Return the test of a conversation that `filter_inbox_id` asks, by a reading of it."""
    if asked == "all" and reading == "refused":
        words = "query.filter_inbox_id should be the identifier of an inbox"
        raise Refusal(400, "invalid_data", words)
    if asked == "_internal:agent":
        return lambda one: one.held
    if asked and asked != "all":
        return lambda one: one.facts.inbox_id == asked
    if asked or reading != "partitioned":
        return lambda one: True
    return lambda one: one.facts.inbox_id is None and not one.held


def dates(query: Query, options: Options) -> Callable[[int], bool]:
    """Return the test of a time (ms) that `filter_date_start` and `filter_date_end` ask."""
    start, end = (instant(query.get(f"filter_date_{side}")) for side in ("start", "end"))
    if not options.date_filter:
        start = end = None
    margin = 0 if options.inclusive_dates else 1
    low = float("-inf") if start is None else start + margin
    high = float("inf") if end is None else end - margin
    return lambda at: low <= at <= high


def instant(text: str | None) -> int | None:
    """Return the time (ms) that an ISO 8601 text names, None where it is none."""
    if not text or "-" not in text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return round(at.timestamp() * 1000)


def _search(website: Website, chosen: list[Conversation], query: Query) -> list[Conversation]:
    wanted = query["search_query"]
    kind = query.get("search_type", "text")
    if kind == "segment":
        return [one for one in chosen if wanted in one.facts.segments]
    if kind == "filter":
        rules = parse_rules(wanted)
        combine = any if query.get("search_operator") == "or" else all

        def fits(one: Conversation) -> bool:
            row = website.record(one)
            person = website.people.get(one.facts.people_id or "", {})
            models = {"people": (person,), "session": (row, row["meta"])}
            return combine(
                matches(rule, models.get(rule.get("model", "session"), (row,))) for rule in rules
            )

        return [one for one in chosen if fits(one)]
    if kind == "text":
        return [one for one in chosen if _mentions(website, one, wanted.casefold())]
    allowed = "query.search_type should be equal to one of the allowed values"
    raise Refusal(400, "invalid_data", allowed)


def _mentions(website: Website, one: Conversation, wanted: str) -> bool:
    meta = website.record(one)["meta"]
    if any(wanted in str(meta.get(name)).casefold() for name in ("nickname", "email", "subject")):
        return True
    rows = website.messages(one)
    return any(wanted in text_of(row["content"]).casefold() for row in rows)


def parse_rules(text: str) -> list[Record]:
    """Read the JSON list of a filter search; 400 where it is none."""
    try:
        rules = json.loads(text)
    except ValueError:
        rules = None
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise Refusal(400, "invalid_data", "query search filter should be a list of objects")
    return rules


def matches(rule: Record, rows: Iterable[Record]) -> bool:
    """Whether any of the rows matches `{criterion, operator, query: [...]}`."""
    values = [value for row in rows for value in values_at(row, str(rule.get("criterion", "")))]
    asked = rule.get("query") or []
    asked = asked if isinstance(asked, list) else [asked]
    compare = _COMPARE.get(rule.get("operator", "eq"))
    if compare is not None:
        return any(_compare(compare, value, limit) for value in values for limit in asked)
    equal = any(_text(value) == _text(one) for value in values for one in asked)
    return not equal if rule.get("operator") == "neq" else equal


def values_at(row: Any, path: str) -> list[Any]:
    """Return the values at a dotted path; a list gives each of its items."""
    for part in path.split("."):
        if not isinstance(row, dict) or part not in row:
            return []
        row = row[part]
    return row if isinstance(row, list) else [row]


def _text(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _compare(compare: Callable[[Any, Any], Any], value: Any, limit: Any) -> bool:
    try:
        return bool(compare(float(value), float(limit)))
    except (TypeError, ValueError):
        return False


def people(website: Website, query: Query, options: Options) -> list[Record]:
    """Return the profiles of a listing, in its order: newest created first.

    Parameters
    ----------
    website : Website
        The website.
    query : Query
        The query of the request.
    options : Options
        How the world behaves.

    Returns
    -------
    list[Record]
        The profiles' records.
    """
    within = dates(query, options)
    rows = [row for row in website.people.values() if within(row["created_at"])]
    if query.get("search_filter"):
        rules = parse_rules(query["search_filter"])
        combine = any if query.get("search_operator") == "or" else all
        rows = [row for row in rows if fits(row, rules, combine)]
    if wanted := query.get("search_text"):
        rows = [row for row in rows if named(row, wanted)]
    name = query.get("sort_field")
    name = name if name in ("created_at", "updated_at", "score") else "created_at"
    sign = 1 if query.get("sort_order", "descending").startswith("asc") else -1
    return sorted(rows, key=lambda row: (sign * row[name], row["people_id"]))


def named(person: Record, words: str) -> bool:
    """Whether words stand in the name or e-mail of a profile, in whatever case."""
    return words.casefold() in f"{person['person']['nickname']} {person['email']}".casefold()


def fits(person: Record, rules: list[Record], combine: Callable[[Iterable[bool]], bool]) -> bool:
    """Whether a profile fits all rules, or any.

    Parameters
    ----------
    person : Record
        The profile.
    rules : list[Record]
        The rules, each with criterion, operator and query.
    combine : callable
        `all` or `any`.

    Returns
    -------
    bool
        Whether it does.
    """
    return combine(matches(rule, (person, person["person"])) for rule in rules)
