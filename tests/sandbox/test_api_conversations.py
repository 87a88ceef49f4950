"""Conversations: what writes change, and that reads see it at the top of the list."""

import pytest


@pytest.fixture
def low(sandbox):
    """A conversation far down the list."""
    return sandbox.truth("conversations")[-5]


@pytest.fixture
def path(low):
    return f"conversation/{low['session_id']}"


def test_a_conversation_is_read_alone(api, low, path):
    answer = api.get(path)
    assert answer.json() == {"error": False, "reason": "resolved", "data": low}


WRITES = [
    ("patch", "/routing", {"assigned": {"user_id": "u"}}, "assigned", {"user_id": "u"}),
    ("patch", "/routing", {"assigned": None}, "assigned", None),
    ("patch", "/inbox", {"inbox_id": None}, "inbox_id", None),
    ("patch", "/block", {"blocked": True}, "is_blocked", True),
    ("patch", "/verify", {"verified": True}, "is_verified", True),
    (
        "put",
        "/participants",
        {"participants": [{"type": "email", "target": "a@b.example"}]},
        "participants",
        [{"type": "email", "target": "a@b.example"}],
    ),
]


@pytest.mark.parametrize(("method", "tail", "body", "field", "value"), WRITES)
def test_a_write_is_seen_and_moves_the_conversation_up(
    api, sandbox, low, path, method, tail, body, field, value
):
    answer = api.request(method, path + tail, json=body)
    assert answer.json() == {"error": False, "reason": "updated", "data": {}}
    top = api.data("conversations/1")[0]
    assert top == low | {field: value, "updated_at": top["updated_at"]}
    assert top["updated_at"] == sandbox.now.timestamp() * 1000
    assert api.data(path) == top
    ids = [row["session_id"] for row in api.walk("conversations/{page}")]
    assert len(ids) == len(set(ids)) == 120
    history = sandbox.truth("conversations", history=True)
    assert len(history) == 121
    assert low in history
    assert top in history


@pytest.mark.parametrize(
    ("tail", "value"),
    [
        ("/routing", {"assigned": {"user_id": "u"}}),
        ("/block", {"blocked": True}),
        ("/participants", {"participants": []}),
        ("/state", {"state": "pending"}),
    ],
)
def test_a_part_is_read_as_it_was_written(api, path, tail, value):
    method = "put" if tail == "/participants" else "patch"
    api.request(method, path + tail, json=value)
    assert api.data(path + tail) == value


def test_meta_merges_data_and_replaces_segments(api, low, path):
    assert "plan" in low["meta"]["data"]
    body = {"nickname": "Ada", "segments": ["new"], "data": {"tier": 3}}
    api.patch(f"{path}/meta", json=body)
    meta = api.data(f"{path}/meta")
    expected = body | {"data": low["meta"]["data"] | {"tier": 3}}
    assert meta == low["meta"] | expected


def test_resolving_leaves_one_event_by_whoever_did_it(api, sandbox, session_id):
    path = f"conversation/{session_id}"
    before = len(api.data(f"{path}/messages"))
    user = {"user_id": "u1", "nickname": "Ada"}
    for _ in range(2):
        api.patch(f"{path}/state", json={"state": "resolved", "user": user})
    assert api.data(f"{path}/state") == {"state": "resolved"}
    thread = api.data(f"{path}/messages")
    assert len(thread) == before + 1
    assert thread[-1]["content"]["namespace"] == "state:resolved"
    assert thread[-1]["user"] == user
    row = api.data(path)
    assert (row["state"], row["status"], row["unread"]["operator"]) == ("resolved", 2, 0)
    assert "waiting_since" not in row
    api.patch(f"{path}/state", json={"state": "unresolved"})
    assert api.data(path)["status"] == 1


def test_a_conversation_is_created_empty_and_shown_once_someone_writes(api, sandbox):
    answer = api.post("conversation", json=None)
    assert (answer.status_code, answer.json()["reason"]) == (201, "added")
    session_id = answer.json()["data"]["session_id"]
    path = f"conversation/{session_id}"
    assert api.data(path)["state"] == "pending"
    assert api.data(f"{path}/messages") == []
    assert api.data("conversations/1")[0]["session_id"] != session_id
    body = {"type": "text", "from": "user", "origin": "chat", "content": "Hi 👋"}
    api.post(f"{path}/message", json=body)
    top = api.data("conversations/1")[0]
    assert (top["session_id"], top["last_message"]) == (session_id, "Hi 👋")


def test_a_removed_conversation_is_gone_but_not_from_history(api, sandbox, low, path):
    assert api.delete(path).json()["reason"] == "deleted"
    assert api.get(path).json()["reason"] == "conversation_not_found"
    assert low not in api.walk("conversations/{page}")
    assert low not in sandbox.truth("conversations")
    assert low in sandbox.truth("conversations", history=True)


def test_files_of_a_thread_are_listed_newest_first(api, sandbox, long_thread):
    session_id, thread = long_thread
    files = [row for row in reversed(thread) if row["type"] == "file"]
    rows = api.walk(f"conversation/{session_id}/files/{{page}}")
    assert len(rows) > 1
    assert [row["fingerprint"] for row in rows] == [row["fingerprint"] for row in files]
    assert rows[0]["url"] == files[0]["content"]["url"]


def test_pages_and_events_are_listed(api, sandbox):
    ids = [row["session_id"] for row in sandbox.truth("conversations")[:20]]
    pages = [api.walk(f"conversation/{i}/pages/{{page}}") for i in ids]
    events = [api.walk(f"conversation/{i}/events/{{page}}") for i in ids]
    assert max(map(len, pages)) > 20
    assert any(events)
    times = [row["timestamp"] for row in max(pages, key=len)]
    assert times == sorted(times, reverse=True)


def test_suggestions_count_and_forget(api, sandbox):
    rows = sandbox.truth("conversations")
    count = sum("vip" in row["meta"]["segments"] for row in rows)
    path = "conversations/suggest/segments/{page}"
    assert {"segment": "vip", "count": count} in api.walk(path)
    api.delete("conversations/suggest/segment", json={"segment": "vip"})
    assert "vip" not in {row["segment"] for row in api.walk(path)}
    assert not any("vip" in row["meta"]["segments"] for row in sandbox.truth("conversations"))
    keys = api.walk("conversations/suggest/data/{page}")
    assert {row["key"] for row in keys[:2]} == {"orders", "plan"}
    api.delete("conversations/suggest/data", json={"key": "plan"})
    keys = {row["key"] for row in api.walk("conversations/suggest/data/{page}")}
    assert "plan" not in keys
    assert "orders" in keys


@pytest.mark.parametrize(
    ("method", "tail", "body"),
    [
        ("post", "/transcript", {"to": "operator"}),
        ("post", "/feedback", None),
        ("post", "/reminder", {"date": "2026-11-03", "note": "Call"}),
        ("post", "/initiate", None),
    ],
)
def test_what_has_no_effect_is_accepted(api, path, method, tail, body):
    answer = api.request(method, path + tail, json=body)
    assert (answer.status_code, answer.json()["reason"]) == (202, "dispatched")
    assert api.request(method, f"conversation/x{tail}", json=body).status_code == 404
