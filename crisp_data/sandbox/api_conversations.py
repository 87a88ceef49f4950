"""Reading conversations and their threads."""

from __future__ import annotations

from .calls import Answer, Call, Encoded, Refusal, operation
from .state import encode


@operation("list_conversations")
def list_conversations(call: Call) -> Answer:
    """List conversations, newest update first."""
    website = call.website
    size = call.per_page()
    ids = [session_id for _, session_id in website.order]
    return call.page(ids, size, lambda i: website.body(website.conversations[i]))


@operation("get_conversation")
def get_conversation(call: Call) -> Answer:
    """Answer one conversation."""
    return Answer("resolved", Encoded(call.website.body(call.conversation)))


@operation("get_messages_in_conversation")
def get_messages_in_conversation(call: Call) -> Answer:
    """Answer one batch of a thread, oldest first; 206 where the walk is not at its end."""
    conversation = call.conversation
    keys = call.website.message_keys(conversation)
    times = {
        name: _milliseconds(call.query[name])
        for name in ("timestamp_before", "timestamp_after", "timestamp_around")
        if call.query.get(name)
    }
    size = call.world.options.batch_size
    if "timestamp_after" in times:
        rest = [key for key in keys if key[0] > times["timestamp_after"]]
        batch, more = rest[:size], len(rest) > size
    elif "timestamp_around" in times:
        middle = sum(key[0] < times["timestamp_around"] for key in keys)
        start = max(0, middle - size // 2)
        batch = keys[start : start + size]
        more = len(batch) < len(keys)
    else:
        if "timestamp_before" in times:
            limit = times["timestamp_before"] + call.world.options.inclusive_before
            keys = [key for key in keys if key[0] < limit]
        batch, more = keys[-size:], len(keys) > size
    rows = [encode(call.website.message(conversation, position)) for _, _, position in batch]
    return Answer("listed", Encoded(b"[%s]" % b",".join(rows)), 206 if more else 200)


def _milliseconds(text: str) -> int:
    if not text.isdecimal():
        raise Refusal(400, "invalid_data", "query timestamp should be integer (milliseconds)")
    return int(text)
