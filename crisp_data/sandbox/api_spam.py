"""Spam: what became no conversation, until an operator decides that it is one."""

from __future__ import annotations

from .records import Record
from .request import Answer, Call, operation
from .resources import Resource
from .rng import uuid4
from .writes import blank, new_message


def _fits(call: Call, row: Record) -> bool:
    return call.query.get("filter_type") in (None, "", row["type"])


SPAMS = Resource(
    table="spams",
    key="spam_id",
    not_found="spam_not_found",
    list=("list_spam_conversations",),
    read=("resolve_spam_conversation_content",),
    chosen=_fits,
    order=lambda row: -row["timestamp"],
    listed=lambda row: {name: row[name] for name in row if name != "content"},
)


@operation("submit_spam_conversation_decision")
def submit_spam_conversation_decision(call: Call) -> Answer:
    """Take an e-mail out of the spam: rejected, it is gone; accepted, it is a conversation."""
    website, row = call.website, SPAMS.find(call)
    del SPAMS.rows(call)[row["spam_id"]]
    now = website.clock.tick()
    if call.body["action"] == "accept":
        session_id = f"session_{uuid4(website.rng)}"
        conversation = website.add(session_id, blank(session_id, website.id, now))
        with website.edit(conversation) as known:
            known["meta"].update(email=row["metadata"]["from"], origin=row["type"])
        content = {"type": "text", "from": "user", "origin": row["type"]}
        content |= {"content": row["content"]["text"]}
        website.post(conversation, new_message(website, conversation, content))
    return Answer("updated")
