"""`analytics/generate`: figures over the state, one row per period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import mean
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .records import Conversation, Record
from .request import Answer, Call, Refusal, operation
from .state import Website

Point = tuple[int, float]


def _created(website: Website, one: Conversation) -> Iterator[Point]:
    yield one.facts.created_at, 1


def _written(website: Website, one: Conversation) -> Iterator[Point]:
    for timestamp, _, _ in website.message_keys(one):
        yield timestamp, 1


def _answered(website: Website, one: Conversation) -> Iterator[Point]:
    """Give the time to the first answer by a person, in milliseconds."""
    for row in website.messages(one):
        if row["from"] == "operator" and not row["automated"] and row["type"] != "note":
            yield one.facts.created_at, row["timestamp"] - one.facts.created_at
            return


def _resolved(website: Website, one: Conversation) -> Iterator[Point]:
    """Give the time to the first resolution, in milliseconds."""
    for row in website.messages(one):
        if row["type"] == "event" and row["content"]["namespace"] == "state:resolved":
            yield one.facts.created_at, row["timestamp"] - one.facts.created_at
            return


_SOURCES: dict[tuple[str, str], Callable[[Website, Conversation], Iterator[Point]]] = {
    ("conversation", "total"): _created,
    ("conversation", "response_time"): _answered,
    ("conversation", "resolution_time"): _resolved,
    ("message", "total"): _written,
}


@operation("generate_analytics")
def generate_analytics(call: Call) -> Answer:
    """Answer totals, or means in milliseconds, per period; metrics without data give none.

    What else a body may hold (filters, splits, hours of the week) is checked and has no effect.
    """
    body = call.body
    source = _SOURCES.get((body["metric"], body["type"]))
    start, end = (_date(body["date"][side]) for side in ("from", "to"))
    zone = _zone(body["date"].get("timezone", "UTC"))
    values: dict[str, list[float]] = defaultdict(list)
    for one in call.website.conversations.values() if source else ():
        for at, value in source(call.website, one) if source else ():
            if start <= at <= end:
                values[_period(at, body["date"]["split"], zone)].append(value)
    total = body["type"] == "total"
    rows: list[Record] = [
        {"period": period, "value": len(found) if total else mean(found), "hits": len(found)}
        for period, found in sorted(values.items())
    ]
    return Answer("listed", rows)


def _date(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, "invalid_data", "data.date should be ISO 8601") from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise Refusal(400, "invalid_data", "data.date.timezone should be a time zone") from None


def _period(at: int, split: str, zone: ZoneInfo) -> str:
    moment = datetime.fromtimestamp(at / 1000, zone).replace(minute=0, second=0, microsecond=0)
    if split != "hour":
        moment = moment.replace(hour=0, fold=0)  # a midnight that comes twice begins one day
    if split == "week":
        moment -= timedelta(days=moment.weekday())
    if split == "month":
        moment = moment.replace(day=1)
    return moment.isoformat()
