"""Threads: batches by time, and what writing to them changes."""

import pytest

MESSAGE = {"type": "text", "from": "operator", "origin": "chat", "content": "Good morning"}


def walk(api, session_id, step):
    """Walk a thread newest batch first; `step` makes the next cursor from the oldest time."""
    batches, query = [], {}
    while True:
        answer = api.get(f"conversation/{session_id}/messages", params=query)
        batches.append(answer.json()["data"])
        if answer.status_code == 200:
            return batches
        assert answer.status_code == 206
        query = {"timestamp_before": step(batches[-1][0]["timestamp"])}


def merged(batches):
    rows = {row["fingerprint"]: row for batch in batches for row in batch}
    return sorted(rows.values(), key=lambda row: (row["timestamp"], row["fingerprint"]))


@pytest.mark.parametrize("size", [20, 40])
@pytest.mark.parametrize("inclusive", [False, True])
def test_batches_join_to_the_whole_thread(make, size, inclusive):
    box, api = make(batch_size=size, inclusive_before=inclusive, conversations=20)
    threads = {}
    for row in box.truth("messages"):
        threads.setdefault(row["session_id"], []).append(row)
    for session_id, thread in threads.items():
        batches = walk(api, session_id, lambda oldest: oldest + 1)
        assert all(len(batch) == size for batch in batches[:-1])
        assert merged(batches) == thread
        for batch in batches:
            assert [row["timestamp"] for row in batch] == sorted(r["timestamp"] for r in batch)


def test_a_thread_that_fills_its_batch_exactly_is_whole(api):
    session_id = api.post("conversation").json()["data"]["session_id"]
    path = f"conversation/{session_id}/message"
    codes = []
    for _ in range(41):
        api.post(path, json=MESSAGE)
        codes.append(api.get(f"{path}s").status_code)
    assert codes == [200] * 40 + [206]


def test_timestamp_before_excludes_or_includes_its_instant(make):
    for inclusive in (False, True):
        box, api = make(inclusive_before=inclusive)
        row = box.truth("messages")[0]
        query = {"timestamp_before": row["timestamp"]}
        found = api.data(f"conversation/{row['session_id']}/messages", **query)
        assert (row in found) is inclusive


def test_a_tie_at_the_border_of_a_batch_is_cut_apart(sandbox, api, long_thread):
    session_id, thread = long_thread
    batch = api.data(f"conversation/{session_id}/messages")
    assert batch == thread[-40:]
    assert thread[-41]["timestamp"] == batch[0]["timestamp"]


def test_batches_after_and_around_an_instant(api, long_thread):
    session_id, thread = long_thread
    path = f"conversation/{session_id}/messages"
    middle = thread[len(thread) // 2]["timestamp"]
    after = [row for row in thread if row["timestamp"] > middle]
    assert api.data(path, timestamp_after=middle) == after[:40]
    around = api.data(path, timestamp_around=middle)
    assert len(around) == 40
    assert around[0]["timestamp"] < middle < around[-1]["timestamp"]


def test_a_cursor_that_is_no_number_is_refused(api, session_id):
    params = {"timestamp_before": "2026-01-01"}
    answer = api.get(f"conversation/{session_id}/messages", params=params)
    assert answer.json()["data"]["message"] == "query.timestamp_before should be integer"


def test_unknown_conversations_and_messages_are_refused(api, session_id):
    gone = api.get("conversation/session_x/messages")
    assert (gone.status_code, gone.json()["reason"]) == (404, "conversation_not_found")
    gone = api.get(f"conversation/{session_id}/message/1")
    assert (gone.status_code, gone.json()["reason"]) == (404, "message_not_found")


def test_a_sent_message_is_dispatched_and_seen(api, sandbox, session_id):
    answer = api.post(f"conversation/{session_id}/message", json=MESSAGE)
    assert (answer.status_code, answer.json()["reason"]) == (202, "dispatched")
    fingerprint = answer.json()["data"]["fingerprint"]
    row = api.data(f"conversation/{session_id}/message/{fingerprint}")
    assert {name: row[name] for name in MESSAGE} == MESSAGE
    assert row["timestamp"] == sandbox.now.timestamp() * 1000
    assert api.data(f"conversation/{session_id}/messages")[-1] == row
    top = api.data("conversations/1")[0]
    assert top["session_id"] == session_id
    assert top["updated_at"] == row["timestamp"]
    assert top["last_message"] == "Good morning"
    assert top["preview_message"] == {
        "type": "text",
        "from": "operator",
        "excerpt": "Good morning",
        "fingerprint": fingerprint,
    }
    assert top["unread"]["operator"] == 0
    assert "waiting_since" not in top


def test_a_customers_message_waits_and_reopens(api, sandbox):
    rows = sandbox.truth("conversations")
    resolved = next(row for row in rows if row["state"] == "resolved")
    path = f"conversation/{resolved['session_id']}"
    api.post(f"{path}/message", json=MESSAGE | {"from": "user"})
    row = api.data(path)
    assert (row["state"], row["status"]) == ("unresolved", 1)
    assert row["unread"]["operator"] == 1
    assert row["waiting_since"] == row["updated_at"]


def test_a_callers_fingerprint_and_time_are_stored(api, session_id):
    own = MESSAGE | {"fingerprint": 987654321, "timestamp": 1_700_000_000_000}
    path = f"conversation/{session_id}"
    before = api.data(path)["preview_message"]
    answer = api.post(f"{path}/message", json=own | {"user": {"nickname": "Zoé"}})
    assert answer.json()["data"] == {"fingerprint": 987654321}
    row = api.data(f"{path}/message/987654321")
    assert row["timestamp"] == 1_700_000_000_000
    assert row["user"] == {"nickname": "Zoé"}
    assert api.data(path)["preview_message"] == before


def test_the_same_fingerprint_twice_makes_two_messages(api, session_id):
    path = f"conversation/{session_id}"
    for _ in range(2):
        api.post(f"{path}/message", json=MESSAGE | {"fingerprint": 77})
    batch = api.data(f"{path}/messages")
    assert [row["fingerprint"] for row in batch].count(77) == 2


def test_a_message_is_edited_and_removed(api, sandbox, session_id):
    path = f"conversation/{session_id}"
    last = api.data(f"{path}/messages")[-1]
    one = f"{path}/message/{last['fingerprint']}"
    assert api.patch(one, json={"content": "Mended"}).json()["reason"] == "updated"
    assert api.data(one) == last | {"content": "Mended", "edited": True}
    assert api.data(path)["last_message"] == "Mended"
    assert api.delete(one).json()["reason"] == "deleted"
    assert api.get(one).status_code == 404
    now_last = api.data(f"{path}/messages")[-1]
    assert api.data(path)["preview_message"]["fingerprint"] == now_last["fingerprint"]
    history = sandbox.truth("messages", history=True)
    assert last in history
    assert last | {"content": "Mended", "edited": True} in history


def test_messages_are_marked_as_read_and_delivered(api, session_id):
    path = f"conversation/{session_id}"
    api.post(f"{path}/message", json=MESSAGE | {"from": "user", "fingerprint": 5})
    api.post(f"{path}/message", json=MESSAGE | {"from": "user", "fingerprint": 6})
    api.post(f"{path}/message", json=MESSAGE | {"fingerprint": 7})
    api.post(f"{path}/message", json=MESSAGE | {"from": "user", "fingerprint": 8})
    mark = {"from": "user", "origin": "email", "fingerprints": [6, 7]}
    assert api.patch(f"{path}/delivered", json=mark).ok
    assert api.data(path)["unread"] == {"operator": 1, "visitor": 1}
    assert api.patch(f"{path}/read", json=mark).ok
    five, six, seven = (api.data(f"{path}/message/{n}") for n in (5, 6, 7))
    assert (five["read"], five["delivered"]) == (seven["read"], seven["delivered"]) == ("", "")
    assert (six["read"], six["delivered"]) == ("email", "email")
    assert api.data(path)["unread"] == {"operator": 0, "visitor": 1}
    api.patch(f"{path}/read", json={"from": "user", "origin": "chat"})
    assert api.data(f"{path}/message/5")["read"] == "chat"
    api.patch(f"{path}/unread", json={"from": "user"})
    assert api.data(path)["unread"]["operator"] == 1


def test_composing_does_not_move_the_conversation(api, sandbox):
    last = sandbox.truth("conversations")[-1]
    path = f"conversation/{last['session_id']}"
    api.patch(f"{path}/compose", json={"type": "start", "from": "operator"})
    assert api.data(path)["compose"]["operator"]["type"] == "start"
    assert sandbox.truth("conversations")[-1]["session_id"] == last["session_id"]


def test_an_original_is_found(api, sandbox):
    row = next(row for row in sandbox.truth("messages") if "original" in row)
    wanted = row["original"]["original_id"]
    found = api.data(f"conversation/{row['session_id']}/original/{wanted}")
    assert (found["original_id"], found["timestamp"]) == (wanted, row["timestamp"])
    assert api.get(f"conversation/{row['session_id']}/original/x").status_code == 404


CHOICE = {"value": "1", "label": "One", "selected": False}
CARD = {"title": "Pro", "description": "9 €", "actions": []}
CONTENTS = {
    "note": "Call back",
    "file": {"name": "a.pdf", "url": "https://a.example/a.pdf", "type": "application/pdf"},
    "animation": {"url": "https://a.example/a.gif", "type": "image/gif"},
    "audio": {"url": "https://a.example/a.webm", "type": "audio/webm", "duration": 3},
    "picker": {"id": "p", "text": "Which?", "choices": [CHOICE]},
    "field": {"id": "f", "text": "Order?", "explain": "A number"},
    "carousel": {"text": "See", "targets": [CARD]},
    "event": {"namespace": "state:resolved", "text": "Done"},
}


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_type_can_be_sent(api, session_id, kind):
    body = MESSAGE | {"type": kind, "content": CONTENTS[kind]}
    answer = api.post(f"conversation/{session_id}/message", json=body)
    assert answer.status_code == 202
    assert api.data(f"conversation/{session_id}/messages")[-1]["content"] == CONTENTS[kind]
