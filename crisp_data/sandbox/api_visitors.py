"""Operations on visitors: who is on the website, and who is kept off it."""

from __future__ import annotations

from .records import Record
from .request import Answer, Call, Refusal, found, operation
from .visitors import tokens, visitors


@operation("list_visitors")
def list_visitors(call: Call) -> Answer:
    """List who is on the website."""
    return call.page(visitors(call.website))


@operation("count_visitors")
def count_visitors(call: Call) -> Answer:
    """Count who is on the website."""
    rows = visitors(call.website)
    active = sum(row["active"] for row in rows)
    return Answer("resolved", {"count": len(rows), "active": active, "limited": False})


@operation("pinpoint_visitors_on_map")
def pinpoint_visitors_on_map(call: Call) -> Answer:
    """List visitors by the town they are in."""
    towns: dict[str, Record] = {}
    for row in visitors(call.website):
        point = {"visitors": {"count": 0, "sessions": []}, "geolocation": row["geolocation"]}
        there = towns.setdefault(row["geolocation"]["city"], point)["visitors"]
        there["count"] += 1
        there["sessions"].append(row)
    return Answer("listed", list(towns.values()))


@operation("get_session_identifier_from_token")
def get_session_identifier_from_token(call: Call) -> Answer:
    """Answer whose conversation a token leads to, which the visitor's browser holds."""
    known = {row["token_id"]: {"session_id": row["session_id"]} for row in tokens(call.website)}
    return Answer("resolved", found(known, call.path["token_id"]))


# Visitors whom the chatbox's settings turn away


@operation("count_blocked_visitors")
def count_blocked_visitors(call: Call) -> Answer:
    """Count the visitors that each rule has turned away."""
    rows = call.website.blocked.items()
    return Answer("listed", [{"rule": rule, "blocked": count} for rule, count in rows])


def _rule(call: Call) -> str:
    if call.path["rule"] not in call.website.blocked:
        raise Refusal(404, "not_found")
    return call.path["rule"]


@operation("count_blocked_visitors_in_rule")
def count_blocked_visitors_in_rule(call: Call) -> Answer:
    """Count the visitors that one rule has turned away."""
    rule = _rule(call)
    return Answer("resolved", {"rule": rule, "blocked": call.website.blocked[rule]})


@operation("clear_blocked_visitors_in_rule")
def clear_blocked_visitors_in_rule(call: Call) -> Answer:
    """Begin to count anew."""
    call.website.blocked[_rule(call)] = 0
    call.website.clock.tick()
    return Answer("deleted")
