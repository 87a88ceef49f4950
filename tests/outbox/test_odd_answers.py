"""A message that was accepted unreadably, and look-ups of another shape than Crisp documents."""

import dataclasses
import json
import math
import re
import warnings

import pytest

import crisp_data as crisp
from crisp_data.sandbox import Sandbox
from crisp_data.sandbox.server import Reply

from .conftest import LOOK, SEND, asked, contents, journal_of

pytestmark = pytest.mark.reliability("servers")

TEXT = "Your parcel left this morning."
MESSAGE = re.compile(r"/conversation/[^/]+/message(/\d+)?(\?|$)")
ABSENT = b'{"error":true,"reason":"message_not_found","data":{}}'


@pytest.fixture
def sandbox():
    """A smaller one: nothing here is about data."""
    with Sandbox(seed=1, conversations=3) as box:
        yield box


def answering(sandbox, send=None, look=None):
    """Change the answers to messages sent and to look-ups; a send that is changed is not done."""
    real, sends = sandbox._server.respond, []

    def respond(request):
        if MESSAGE.search(request.target):
            if request.method == "POST":
                sends.append(request)
            change = {"POST": send, "GET": look}.get(request.method)
            if change is not None:
                return change(request, real)
        return real(request)

    sandbox._server.respond = respond
    return sends


def done_but(**changes):
    return lambda request, real: dataclasses.replace(real(request), **changes)


def not_done(status, body, cut=None):
    date = "Mon, 02 Nov 2026 09:00:00 GMT"
    return lambda request, real: Reply(status, body, date, cut=cut)


def data(value):
    return json.dumps({"error": False, "reason": "resolved", "data": value}).encode()


UNREADABLE = {
    "nothing": (202, b""),
    "half": (202, b'{"error":false,"reason":"dispatched","data":{"fing'),
    "a page": (200, b"<html>"),
    "null": (201, b"null"),
    "a list": (202, b"[]"),
    "cut": (202, data({"fingerprint": 1}), 20),
}


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_was_accepted_unreadably_is_found_and_sent_once(ws, sandbox, session_id, what):
    status, body, *cut = UNREADABLE[what]
    change = done_but(status=status, body=body, cut=cut[0] if cut else None)
    sends = answering(sandbox, send=change)
    assert ws.send(session_id, TEXT).state == "sent"
    assert (len(sends), asked(sandbox, LOOK)) == (1, 1)
    assert contents(sandbox)[TEXT] == 1


@pytest.mark.parametrize("what", UNREADABLE)
def test_where_it_is_not_found_it_is_unknown_and_not_sent_again(ws, sandbox, session_id, what):
    """202 says that the work may come after the answer."""
    sends = answering(sandbox, send=not_done(*UNREADABLE[what]))
    with pytest.raises(crisp.UnknownOutcome, match="success") as caught:
        ws.send(session_id, TEXT)
    assert "not sent again automatically" in caught.value.hint
    assert len(sends) == 1
    (row,) = journal_of(ws).rows()
    assert (row.state, row.owner) == ("unknown", None)
    assert TEXT not in str(caught.value)


def test_it_is_looked_up_first_when_it_is_taken_up_again(ws, sandbox, session_id):
    late = []

    def later(request, real):
        late.append(request)
        return not_done(202, b"")(request, real)

    sends = answering(sandbox, send=later)
    with pytest.raises(crisp.UnknownOutcome):
        ws.send(session_id, TEXT)
    sandbox.respond(late[0])  # the work comes after the answer
    ws.outbox.resume()
    assert len(sends) == 1
    assert contents(sandbox)[TEXT] == 1
    assert ws.outbox.counts["sent"] == 1


def test_where_no_try_reached_crisp_the_error_says_that_it_was_looked_for(few, sandbox, session_id):
    sends = answering(sandbox, send=not_done(503, b""))
    with pytest.raises(crisp.ServerError) as caught:
        few.send(session_id, TEXT)
    assert len(sends) == 2
    assert "did not have it" in caught.value.hint
    assert "stays in the outbox" in caught.value.hint


ODD = [None, True, 7, "text", [], [None], {}, {"fingerprint": None}, {"fingerprint": "text"},
       {"fingerprint": [1]}, {"fingerprint": {"a": 1}}]  # fmt: skip


@pytest.mark.parametrize("found", ODD, ids=json.dumps)
def test_a_look_up_of_another_shape_leaves_it_unknown(ws, sandbox, session_id, found):
    sandbox.faults(operation=SEND, next=1, drop="after")
    sends = answering(sandbox, look=done_but(status=200, body=data(found)))
    with pytest.raises(crisp.UnknownOutcome):
        ws.send(session_id, TEXT)
    assert len(sends) == 1
    assert ws.outbox.counts["unknown"] == 1
    assert contents(sandbox)[TEXT] == 1


TIMES = [None, True, "text", [], {}, -1, 10**18, 1e300, -math.inf]


@pytest.mark.parametrize("at", TIMES, ids=str)
def test_the_time_of_a_message_that_was_found_may_be_anything(ws, sandbox, session_id, at):
    sandbox.faults(operation=SEND, next=1, drop="after")

    def look(request, real):
        reply = real(request)
        body = json.loads(reply.body)
        body["data"]["timestamp"] = at
        return dataclasses.replace(reply, body=json.dumps(body).encode())

    answering(sandbox, look=look)
    receipt = ws.send(session_id, TEXT)
    assert receipt.state == "sent"
    assert abs(receipt.sent_at.timestamp() - sandbox.now.timestamp()) < 60
    assert ws.outbox.frame()["state"].tolist() == ["sent"]


THREADS = [None, 7, "text", [None], ["text"], [[]], [{"timestamp": "text"}], [{"timestamp": None}],
           {"fingerprint": 1}]  # fmt: skip


@pytest.mark.parametrize("thread", THREADS, ids=json.dumps)
def test_a_thread_of_another_shape_raises_nothing_raw(few, sandbox, session_id, thread):
    """It is read where no answer ever told whether Crisp keeps our numbers."""
    real = sandbox._server.respond

    def respond(request):
        threads = request.method == "GET" and "/messages" in request.target
        return not_done(200, data(thread))(request, real) if threads else real(request)

    sandbox._server.respond = respond
    sandbox.faults(operation=SEND, drop="before")
    answering(sandbox, look=not_done(404, ABSENT))
    with pytest.raises((crisp.UnknownOutcome, crisp.Offline)):
        few.send(session_id, TEXT)
    assert few.outbox.counts["sent"] == 0


NUMBERS = [None, True, "7", "\x1b[2Jtext", [], {"a": "text"}]


@pytest.mark.parametrize("given", NUMBERS, ids=json.dumps)
def test_an_answer_that_names_no_number_tells_nothing(ws, sandbox, session_id, given):
    sends = answering(sandbox, send=done_but(status=202, body=data({"fingerprint": given})))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ws.send(session_id, TEXT).state == "sent"
    assert len(sends) == 1
    assert journal_of(ws).numbering() is None


@pytest.mark.parametrize("answer", [None, [], "text", 7])
def test_nor_does_one_that_is_no_record(ws, sandbox, session_id, answer):
    answering(sandbox, send=done_but(status=202, body=data(answer)))
    assert ws.send(session_id, TEXT).state == "sent"
    assert journal_of(ws).numbering() is None
