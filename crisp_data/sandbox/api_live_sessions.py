"""What an operator and a visitor do together, live: browsing the website, and calls."""

from __future__ import annotations

from .filters import values_at
from .messages import CALL_ENDED, CALL_STARTED
from .records import Record
from .request import Answer, Call, Refusal, operation
from .resources import Resource
from .rng import uuid4
from .writes import new_event


def _new_browsing(call: Call, browsing_id: str, now: int) -> Record:
    found = values_at(call.website.record(call.conversation), "meta.device.system.useragent")
    return {"browsing_token": uuid4(call.website.rng), "useragent": next(iter(found), None)}


BROWSING = Resource(
    table="browsing",
    within=("session_id",),
    gate=lambda call: call.conversation,
    key="browsing_id",
    identify=lambda call: f"browsing_{uuid4(call.website.rng)}",
    not_found="browsing_not_found",
    list=("list_browsing_sessions_for_conversation",),
    new=_new_browsing,
    listed=lambda row: {name: row[name] for name in ("browsing_id", "browsing_token", "useragent")},
)
CALLS = Resource(
    table="calls",
    within=("session_id",),
    gate=lambda call: call.conversation,
    key="call_id",
    identify=lambda call: f"call_{uuid4(call.website.rng)}",
    not_found="call_not_found",
)


@operation("initiate_browsing_session_for_conversation")
def initiate_browsing_session(call: Call) -> Answer:
    """Ask the visitor's browser to be watched; here it agrees at once."""
    BROWSING.add(call)
    return call.dispatch()


@operation("send_action_to_existing_browsing_session", "assist_existing_browsing_session")
def act_on_browsing_session(call: Call) -> Answer:
    """Send something to the visitor's browser, such as the end of the session."""
    row = BROWSING.find(call)
    if call.name.startswith("send_action") and call.body["action"] == "stop":
        del BROWSING.rows(call)[row["browsing_id"]]
    return call.dispatch()


@operation("initiate_new_call_session_for_conversation")
def initiate_call(call: Call) -> Answer:
    """Call the visitor; the thread shows it."""
    CALLS.add(call)
    _post(call, CALL_STARTED)
    return call.dispatch()


@operation("get_ongoing_call_session_for_conversation")
def get_ongoing_call(call: Call) -> Answer:
    """Answer which call goes on, the newest of several."""
    call_ids = list(CALLS.rows(call))
    if not call_ids:
        raise Refusal(404, CALLS.not_found)
    return Answer("resolved", {"call_id": call_ids[-1]})


@operation("abort_ongoing_call_session_for_conversation")
def abort_call(call: Call) -> Answer:
    """End a call; the thread shows it."""
    del CALLS.rows(call)[CALLS.find(call)["call_id"]]
    _post(call, CALL_ENDED)
    return Answer("deleted")


@operation("transmit_signaling_on_ongoing_call_session")
def transmit_signaling(call: Call) -> Answer:
    """Pass on what two browsers tell each other to connect."""
    CALLS.find(call)
    return call.dispatch()


def _post(call: Call, event: Record) -> None:
    website, conversation = call.website, call.conversation
    row = new_event(website, conversation, event, call.body.get("user"))
    website.post(conversation, row)
