"""Operations on inboxes."""

from __future__ import annotations

from .records import Record
from .request import Answer, Call, found, operation
from .resources import Resource


def _new_inbox(call: Call, inbox_id: str, now: int) -> Record:
    """Make an inbox behind the others."""
    order = len(call.website.table("inboxes")) + 1
    return {"operators": [], "conditions": [], "order": order, **call.body}


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
    inboxes = call.website.table("inboxes")
    rows = [
        (found(inboxes, one["inbox_id"], INBOXES.not_found), one["order"])
        for one in call.body["orders"]
    ]
    call.website.clock.tick()
    for row, order in rows:
        row["order"] = order
    return Answer("updated")
