"""Misbehaviour on demand, as a client meets it."""

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from .conftest import Api

MESSAGE = {"type": "text", "from": "operator", "origin": "chat", "content": "Hello"}


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (420, "rate_limited"),
        (423, "quota_limit_exceeded"),
        (429, "rate_limited"),
        (500, "internal_error"),
        (502, "bad_gateway"),
        (503, "service_unavailable"),
    ],
)
def test_the_next_requests_are_refused(sandbox, api, status, reason):
    sandbox.faults(next=2, status=status)
    answers = [api.get("") for _ in range(3)]
    assert [one.status_code for one in answers] == [status, status, 200]
    assert answers[0].json() == {"error": True, "reason": reason, "data": {}}
    assert "Retry-After" not in answers[0].headers
    assert sandbox.stats()["by_status"] == {str(status): 2, "200": 1}


def test_any_refusal_can_be_made_by_its_reason(sandbox, api):
    sandbox.faults(next=1, status=404, reason="not_subscribed")
    sandbox.faults(next=1, status=200, reason="odd")
    answers = [api.get("") for _ in range(2)]
    assert [one.status_code for one in answers] == [404, 200]
    assert [one.json()["reason"] for one in answers] == ["not_subscribed", "odd"]
    assert all(one.json()["error"] for one in answers)


def test_retry_after_is_sent(sandbox, api):
    sandbox.faults(next=1, status=429, retry_after=7)
    assert api.get("").headers["Retry-After"] == "7"


def test_a_rule_meets_its_operation_only(sandbox, api):
    sandbox.faults(operation="list_conversations", status=500)
    assert api.get("").ok
    assert api.get("conversations/1").status_code == 500
    assert api.get("conversations/1").status_code == 500
    assert sandbox.faults() == []
    assert api.get("conversations/1").ok


def test_a_share_of_requests_is_met_the_same_for_the_same_seed(make):
    def play():
        box, api = make(conversations=5)
        box.faults(share=0.3, status=503)
        return [api.get("").status_code for _ in range(60)]

    codes = play()
    assert 8 <= codes.count(503) <= 28
    assert codes == play()


def test_latency_waits_and_holds_up_no_one_else(sandbox, api, monkeypatch):
    waited, entered, gate = [], threading.Event(), threading.Event()

    def sleep(seconds):
        waited.append(seconds)
        entered.set()
        assert gate.wait(60)

    monkeypatch.setattr(time, "sleep", sleep)
    sandbox.faults(next=1, latency_ms=150)
    with Api(sandbox) as other, ThreadPoolExecutor() as pool:
        held = pool.submit(other.get, "")
        try:
            assert entered.wait(60)
            assert api.get("").ok
            assert not held.done()
        finally:
            gate.set()
        assert held.result(60).ok
    assert waited == [0.15]


@pytest.mark.parametrize(("drop", "sent"), [("before", 0), ("after", 1)])
def test_an_answer_is_lost_before_or_after_the_work(sandbox, api, session_id, drop, sent):
    sandbox.faults(next=1, drop=drop)
    before = len(sandbox.truth("messages"))
    with pytest.raises(requests.ConnectionError):
        api.post(f"conversation/{session_id}/message", json=MESSAGE)
    assert len(sandbox.truth("messages")) == before + sent
    assert sandbox.stats()["requests"] == 1
    assert sandbox.stats()["by_status"] == {"dropped": 1}


def test_a_body_is_cut(sandbox):
    sandbox.faults(next=1, truncate=True)
    connection = http.client.HTTPConnection("127.0.0.1", int(sandbox.host.rsplit(":", 1)[1]))
    connection.request("GET", "/v1/website")
    answer = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as error:
        answer.read()
    assert error.value.partial.startswith(b'{"error":true')
    connection.close()


def test_a_body_is_garbled(sandbox, api):
    sandbox.faults(next=1, malformed=True)
    answer = api.get("")
    assert answer.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_rules_are_tried_in_their_order(sandbox, api):
    sandbox.faults(next=1, status=500)
    rules = sandbox.faults(next=1, status=429)
    assert [rule["status"] for rule in rules] == [500, 429]
    assert [api.get("").status_code for _ in range(3)] == [500, 429, 200]


@pytest.mark.parametrize(
    "rule",
    [
        {"status": 404},
        {"drop": "sometimes"},
        {"share": 2},
        {"operation": "list_conversation", "status": 500},
    ],
)
def test_rules_that_cannot_be_followed_are_refused(sandbox, rule):
    with pytest.raises(ValueError, match=next(iter(rule))):
        sandbox.faults(**rule)
