"""Bodies are refused as `invalid_data`, in words that name the path."""

import pytest

MESSAGE = {"type": "text", "from": "operator", "origin": "chat", "content": "Hello"}
CARD = {"title": "b", "description": "", "actions": [{"label": "c"}]}
ALLOWED = "should be equal to one of the allowed values"


def without(name):
    return {key: value for key, value in MESSAGE.items() if key != name}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (without("origin"), "data should have required property '.origin'"),
        (without("content"), "data should have required property '.content'"),
        (MESSAGE | {"from": "me"}, f"data.from {ALLOWED}"),
        (MESSAGE | {"type": "poem"}, f"data.type {ALLOWED}"),
        (MESSAGE | {"content": 5}, "data.content should be string,object"),
        (MESSAGE | {"content": {}}, "data.content should be string"),
        (MESSAGE | {"content": ""}, "data.content should NOT be shorter than 1 characters"),
        (MESSAGE | {"type": "file"}, "data.content should be object"),
        (
            MESSAGE | {"type": "file", "content": {"name": "a", "type": "b"}},
            "data.content should have required property '.url'",
        ),
        (MESSAGE | {"fingerprint": 10**15 + 1}, "data.fingerprint should be <= 1000000000000000"),
        (
            MESSAGE | {"fingerprint": -(10**15) - 1},
            "data.fingerprint should be >= -1000000000000000",
        ),
        (MESSAGE | {"fingerprint": "5"}, "data.fingerprint should be integer"),
        (MESSAGE | {"type": "note", "mentions": [1]}, "data.mentions[0] should be string"),
        (MESSAGE | {"original": {"type": 1}}, "data.original.type should be string"),
        (MESSAGE | {"origin": "mail"}, "data.origin should match some schema in anyOf"),
        (MESSAGE | {"user": {"avatar": None}}, "data.user.avatar should be string"),
        (MESSAGE | {"user": {"nickname": 1}}, "data.user.nickname should be string"),
        (
            MESSAGE | {"type": "picker", "content": {"id": "a", "text": "b", "choices": [{}]}},
            "data.content.choices[0] should have required property '.value'",
        ),
        (
            MESSAGE | {"type": "picker", "content": {"id": "a", "text": "b", "choices": []}},
            "data.content.choices should NOT have fewer than 1 items",
        ),
        (
            MESSAGE | {"type": "carousel", "content": {"text": "a", "targets": [CARD]}},
            "data.content.targets[0].actions[0] should have required property '.url'",
        ),
        ([], "data should be object"),
    ],
)
def test_a_message_that_does_not_fit_is_refused(api, sandbox, session_id, body, words):
    before = sandbox.truth("messages")
    answer = api.post(f"conversation/{session_id}/message", json=body)
    assert answer.status_code == 400
    assert answer.json() == {"error": True, "reason": "invalid_data", "data": {"message": words}}
    assert sandbox.truth("messages") == before


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("patch", "conversation/{}/state", {"state": "closed"}, f"data.state {ALLOWED}"),
        ("patch", "conversation/{}/meta", {"email": "nobody"}, "data.email should match pattern"),
        ("patch", "conversation/{}/meta", {"segments": "vip"}, "data.segments should be array"),
        (
            "patch",
            "conversation/{}/meta",
            {"data": {"a": []}},
            "data.data.a should be string,number",
        ),
        ("patch", "conversation/{}/routing", {}, "data should have required property '.assigned'"),
        ("patch", "batch/routing", {"assigned": None}, "required property '.sessions'"),
        ("post", "people/profile", {"email": "a@b.example"}, "required property '.person'"),
        ("post", "analytics/generate", {"metric": "x", "type": "y"}, "required property '.date'"),
    ],
)
def test_other_bodies_are_refused_alike(api, session_id, method, path, body, words):
    answer = api.request(method, path.format(session_id), json=body)
    assert answer.status_code == 400
    assert answer.json()["reason"] == "invalid_data"
    assert words in answer.json()["data"]["message"]


def test_a_body_that_is_no_json_is_refused(api, session_id):
    answer = api.post(f"conversation/{session_id}/message", data=b'{"type":')
    assert answer.json()["data"]["message"] == "body is not valid JSON"


def test_the_validator_comes_after_the_gates(api, sandbox):
    api.auth = ("x", "y")
    assert api.post("conversation/x/message", json={}).status_code == 401
