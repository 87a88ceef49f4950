"""Threads: reading them in batches, writing to them."""

from __future__ import annotations

from .records import Conversation, encode
from .request import Answer, Call, Encoded, Refusal, operation
from .writes import new_message


@operation("get_messages_in_conversation")
def get_messages_in_conversation(call: Call) -> Answer:
    """Answer one batch of a thread, oldest first; 206 where there are more."""
    conversation = call.conversation
    keys = call.website.message_keys(conversation)
    size = call.world.options.batch_size
    after, around, before = (_cursor(call, side) for side in ("after", "around", "before"))
    if after is not None:
        rest = [key for key in keys if key[0] > after]
        batch, more = rest[:size], len(rest) > size
    elif around is not None:
        middle = sum(key[0] < around for key in keys)
        start = max(0, middle - size // 2)
        batch = keys[start : start + size]
        more = len(batch) < len(keys)
    else:
        if before is not None:
            limit = before + call.world.options.inclusive_before
            keys = [key for key in keys if key[0] < limit]
        batch, more = keys[-size:], len(keys) > size
    rows = [encode(call.website.message(conversation, position)) for _, _, position in batch]
    return Answer("listed", Encoded(b"[%s]" % b",".join(rows)), 206 if more else 200)


def _cursor(call: Call, side: str) -> int | None:
    name = f"timestamp_{side}"
    text = call.query.get(name)
    if not text:
        return None
    if not text.isdecimal():
        raise Refusal(400, "invalid_data", f"query.{name} should be integer")
    return int(text)


def _position(call: Call, conversation: Conversation) -> int:
    """Return where the message in the path stands; of two alike, the newer."""
    wanted = call.path["fingerprint"]
    for _, known, position in reversed(call.website.message_keys(conversation)):
        if str(known) == wanted:
            return position
    raise Refusal(404, "message_not_found")


@operation("get_message_in_conversation")
def get_message_in_conversation(call: Call) -> Answer:
    """Answer one message."""
    conversation = call.conversation
    return Answer("resolved", call.website.message(conversation, _position(call, conversation)))


@operation("send_message_in_conversation")
def send_message_in_conversation(call: Call) -> Answer:
    """Take a message in.

    The same fingerprint twice makes two messages: Crisp has no idempotency key, and the
    harsher reading is the safer one to build against.
    """
    website, conversation = call.website, call.conversation
    row = new_message(website, conversation, call.body)
    website.post(conversation, row)
    return Answer("dispatched", {"fingerprint": row["fingerprint"]}, 202)


@operation("update_message_in_conversation")
def update_message_in_conversation(call: Call) -> Answer:
    """Replace a message's content."""
    website, conversation = call.website, call.conversation
    website.own_thread(conversation)
    position = _position(call, conversation)
    website.change_message(conversation, position, content=call.body["content"], edited=True)
    with website.edit(conversation) as known:
        website.show(conversation, known)
    return Answer("updated")


@operation("remove_message_in_conversation")
def remove_message_in_conversation(call: Call) -> Answer:
    """Remove a message."""
    website, conversation = call.website, call.conversation
    thread = website.own_thread(conversation)
    website.message_versions.append(thread.pop(_position(call, conversation)))
    with website.edit(conversation) as known:
        website.show(conversation, known)
    return Answer("deleted")


@operation("mark_messages_read_in_conversation", "mark_messages_delivered_in_conversation")
def mark_messages(call: Call) -> Answer:
    """Mark messages by one side as read or delivered; no fingerprints means all of them."""
    website, conversation, body = call.website, call.conversation, call.body
    chosen = set(map(int, body.get("fingerprints") or ()))
    name = "read" if call.name.startswith("mark_messages_read") else "delivered"
    for position, row in enumerate(website.own_thread(conversation)):
        if row["from"] == body["from"] and (not chosen or row["fingerprint"] in chosen):
            website.change_message(conversation, position, **{name: body["origin"]})
    with website.edit(conversation) as known:
        if name == "read":
            known["unread"]["operator" if body["from"] == "user" else "visitor"] = 0
    return Answer("updated")


@operation("mark_conversation_as_unread")
def mark_conversation_as_unread(call: Call) -> Answer:
    """Mark a conversation as unread for the side that reads."""
    with call.website.edit(call.conversation) as known:
        known["unread"]["operator" if call.body["from"] == "user" else "visitor"] = 1
    return Answer("updated")


@operation("compose_message_in_conversation")
def compose_message_in_conversation(call: Call) -> Answer:
    """Show that someone types, which does not move the conversation."""
    conversation = call.conversation
    side = "operator" if call.body["from"] == "operator" else "visitor"
    with call.website.edit(conversation, conversation.facts.updated_at) as known:
        known["compose"][side] = {"type": call.body["type"], "timestamp": call.website.clock.now}
    return Answer("updated")


@operation("get_original_message_in_conversation")
def get_original_message_in_conversation(call: Call) -> Answer:
    """Answer the e-mail that a message was made from."""
    wanted = call.path["original_id"]
    sent = call.website.table("originals", call.path["session_id"])
    for row in call.website.messages(call.conversation):
        if (row.get("original") or {}).get("original_id") == wanted:
            original = {
                "website_id": row["website_id"],
                "session_id": row["session_id"],
                "original_id": wanted,
                "type": "email",
                "headers": {"subject": "Re: your request"},
                "content": str(row["content"]),
                "timestamp": row["timestamp"],
            }
            return Answer("resolved", original | sent.get(wanted, {}))
    raise Refusal(404, "not_found")
