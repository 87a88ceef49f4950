"""Operations on inboxes and visitors."""

from __future__ import annotations

from .profiles import visitor
from .records import Record
from .request import Answer, Call, found, operation
from .resources import Resource
from .rng import salt_of


def _new_inbox(call: Call, inbox_id: str, now: int) -> Record:
    """Make an inbox behind the others."""
    blank: Record = {"operators": [], "conditions": [], "order": len(call.website.inboxes) + 1}
    return {**blank, **call.body, "inbox_id": inbox_id, "created_at": now, "updated_at": now}


def _release_inbox(call: Call, inbox_id: str, at: int) -> None:
    """Return the conversations of an inbox to the main one."""
    website = call.website
    for one in list(website.conversations.values()):
        if one.facts.inbox_id == inbox_id:
            with website.edit(one, at) as row:
                row["inbox_id"] = None


INBOXES = Resource(
    table="inboxes",
    key="inbox_id",
    not_found="inbox_not_found",
    list=("list_inboxes",),
    read=("get_inbox", "check_inbox_exists"),
    create=("create_new_inbox",),
    save=("save_inbox",),
    remove=("delete_inbox",),
    new=_new_inbox,
    order=lambda row: row["order"],
    release=_release_inbox,
)


@operation("batch_order_inboxes")
def batch_order_inboxes(call: Call) -> Answer:
    """Set the order of inboxes."""
    inboxes = call.website.inboxes
    rows = [
        (found(inboxes, one["inbox_id"], INBOXES.not_found), one["order"])
        for one in call.body["orders"]
    ]
    call.website.clock.tick()
    for row, order in rows:
        row["order"] = order
    return Answer("updated")


# Visitors: whose conversation says that they are on the website now


def _visitors(call: Call) -> list[Record]:
    website = call.website
    rows = []
    for _, session_id in website.order:
        one = website.conversations[session_id]
        if one.number >= 0 and website.record(one)["active"]["now"]:
            customer = website.scene.customer(website.plan(one.number).customer)
            rows.append(visitor(customer, session_id, salt_of(session_id) % 2 == 0))
    return rows


@operation("list_visitors")
def list_visitors(call: Call) -> Answer:
    """List who is on the website."""
    return call.page(_visitors(call))


@operation("count_visitors")
def count_visitors(call: Call) -> Answer:
    """Count who is on the website."""
    rows = _visitors(call)
    active = sum(row["active"] for row in rows)
    return Answer("resolved", {"count": len(rows), "active": active, "limited": False})


@operation("pinpoint_visitors_on_map")
def pinpoint_visitors_on_map(call: Call) -> Answer:
    """List visitors by the town they are in."""
    towns: dict[str, Record] = {}
    for row in _visitors(call):
        point = {"visitors": {"count": 0, "sessions": []}, "geolocation": row["geolocation"]}
        visitors = towns.setdefault(row["geolocation"]["city"], point)["visitors"]
        visitors["count"] += 1
        visitors["sessions"].append(row)
    return Answer("listed", list(towns.values()))
