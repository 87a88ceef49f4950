"""A write whose answer cannot be read may have been done, and no error invites to do it twice."""

import dataclasses
import gzip
import pickle

import pytest

import crisp_data as crisp
from crisp_data.sandbox import Sandbox

WORDS = "may have been carried out"


@pytest.fixture
def sandbox(shared_sandbox):
    """One for all: nothing here is about data."""
    return shared_sandbox


def answered(sandbox, change):
    """Let the sandbox do the work, and change what it answers to writes; count these."""
    real, writes = sandbox._server.respond, []

    def respond(request):
        reply = real(request)
        if request.method in ("GET", "HEAD"):
            return reply
        writes.append(request)
        return change(reply)

    sandbox._server.respond = respond
    return writes


def with_body(status, body, *headers, cut=None):
    return lambda reply: dataclasses.replace(
        reply, status=status, body=body, headers=(*reply.headers, *headers), cut=cut
    )


ZIPPED = gzip.compress(b'{"error":false,"reason":"dispatched","data":{}}' * 20)
GZIP = ("Content-Encoding", "gzip")
UNREADABLE = {
    "200 and nothing": with_body(200, b""),
    "201 and nothing": with_body(201, b""),
    "202 and nothing": with_body(202, b""),
    "a blank": with_body(202, b" \n"),
    "half of the JSON": with_body(202, b'{"error":false,"reason":"dispatched","data":{"fin'),
    "a page": with_body(200, b"<html>Bad gateway</html>"),
    "bytes": with_body(202, b"\x00\xff\xfe"),
    "null": with_body(202, b"null"),
    "a list": with_body(202, b"[]"),
    "a text": with_body(202, b'"dispatched"'),
    "another record": with_body(202, b'{"ok":true}'),
    "an error of another type": with_body(202, b'{"error":"no","reason":"dispatched"}'),
    "a connection cut in the body": with_body(202, b'{"error":false,"data":{}}', cut=9),
    "half of the gzip": with_body(202, ZIPPED[: len(ZIPPED) // 2], GZIP),
    "no gzip": with_body(202, b"no gzip at all", GZIP),
    "a redirect": with_body(302, b"", ("Location", "/elsewhere")),
    "a failure": with_body(503, b""),
    "a gateway that gave up": with_body(504, b"<html>"),
    "a timeout": with_body(408, b'{"error":true,"reason":"timeout","data":{}}'),
}


def check(error, writes):
    assert WORDS in str(error)
    assert "same line" not in str(error)
    assert "send again" not in str(error)
    assert "refresh=True" in error.hint
    assert len(writes) == 1
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("what", UNREADABLE)
def test_what_cannot_be_read_may_have_been_done(sandbox, ws, waits, what):
    writes = answered(sandbox, UNREADABLE[what])
    with pytest.raises((crisp.BadAnswer, crisp.Offline, crisp.ApiError)) as caught:
        ws.client.call("create_new_conversation", website_id=ws.website_id)
    check(caught.value, writes)
    assert waits == []


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("what", ["202 and nothing", "a connection cut in the body"])
def test_so_it_is_with_every_verb_on_any_path(sandbox, ws, method, what):
    writes = answered(sandbox, UNREADABLE[what])
    with pytest.raises((crisp.BadAnswer, crisp.Offline)) as caught:
        getattr(ws.client, method)(f"website/{ws.website_id}/no/such/route", json={})
    check(caught.value, writes)


WRITES = {
    "edit": lambda ws, one: ws.edit(one, 1, "Text"),
    "delete": lambda ws, one: ws.delete(one, 1),
    "mark_read": lambda ws, one: ws.mark_read(one),
    "set_state": lambda ws, one: ws.set_state(one, "resolved"),
    "assign": lambda ws, one: ws.assign(one, None),
    "add_segments": lambda ws, one: ws.add_segments(one, "vip-of-the-test"),
    "start_conversation": lambda ws, one: ws.start_conversation(),
}


@pytest.mark.parametrize("what", WRITES)
def test_so_it_is_with_what_a_workspace_writes(sandbox, ws, what):
    writes = answered(sandbox, UNREADABLE["202 and nothing"])
    with pytest.raises(crisp.BadAnswer) as caught:
        WRITES[what](ws, sandbox.truth("conversations")[0]["session_id"])
    check(caught.value, writes)
    assert caught.value.status == 202


def test_a_connection_that_is_lost_after_the_work_says_so_too(sandbox, ws):
    sandbox.faults(operation="create_new_conversation", next=1, drop="after")
    with pytest.raises(crisp.Offline) as caught:
        ws.client.call("create_new_conversation", website_id=ws.website_id)
    check(caught.value, [1])
    assert caught.value.status is None


def test_success_without_content_is_what_204_means(sandbox, ws):
    writes = answered(sandbox, with_body(204, b""))
    assert ws.client.delete(f"website/{ws.website_id}/no/such/route") is None
    assert len(writes) == 1


@pytest.mark.parametrize("data", [b"null", b"[]", b"{}", b'{"session_id":5}'])
def test_a_conversation_without_an_id_may_have_been_made(sandbox, ws, data):
    body = b'{"error":false,"reason":"added","data":' + data + b"}"
    writes = answered(sandbox, with_body(201, body))
    with pytest.raises(crisp.BadAnswer, match="create_new_conversation") as caught:
        ws.start_conversation(nickname="Ada")
    check(caught.value, writes)


def test_what_surely_was_not_done_says_nothing_of_it():
    with Sandbox(seed=1, conversations=3) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        sandbox.faults(operation="create_new_conversation", next=1, status=429)
        with pytest.raises(crisp.RateLimited) as refused:
            ws.client.call("create_new_conversation", website_id=ws.website_id)
        sandbox.stop()
        with pytest.raises(crisp.Unreachable) as unsent:
            ws.client.call("create_new_conversation", website_id=ws.website_id)
    for error in (refused.value, unsent.value):
        assert WORDS not in str(error)


def test_a_read_is_simply_asked_again(sandbox, ws):
    sandbox.faults(operation="count_visitors", next=100, malformed=True)
    with pytest.raises(crisp.BadAnswer) as caught:
        ws.client.call("count_visitors", website_id=ws.website_id)
    assert WORDS not in str(caught.value)
    assert "same line" in caught.value.hint
