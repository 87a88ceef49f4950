"""A workspace that changes while it is read."""

import pytest


def test_something_changes_after_every_kth_request(sandbox, api):
    sandbox.churn(3)
    before = sandbox.truth("conversations")
    seen = []
    for _ in range(6):
        api.get("")
        seen.append(sandbox.truth("conversations") != before)
        before = sandbox.truth("conversations")
    assert seen == [False, False, True, False, False, True]


def test_changes_are_consistent(sandbox, api):
    sandbox.churn(1, changes=5)
    for _ in range(20):
        api.get("")
        threads = {}
        for row in sandbox.truth("messages"):
            threads.setdefault(row["session_id"], []).append(row)
        rows = sandbox.truth("conversations")
        assert rows == sorted(rows, key=lambda row: (-row["updated_at"], row["session_id"]))
        for row in rows[:5]:
            last = threads[row["session_id"]][-1]
            assert row["updated_at"] >= last["timestamp"]
            assert row["preview_message"]["fingerprint"] == last["fingerprint"]
            assert row["status"] == {"pending": 0, "unresolved": 1, "resolved": 2}[row["state"]]


@pytest.mark.parametrize("kind", ["message", "conversation", "state"])
def test_each_kind_of_change(sandbox, api, kind):
    sandbox.churn(1, kinds=(kind,))
    rows, messages = sandbox.truth("conversations"), sandbox.truth("messages")
    states = {row["session_id"]: row["state"] for row in rows}
    for _ in range(10):
        api.get("")
    after = sandbox.truth("conversations")
    assert len(after) - len(rows) == (10 if kind == "conversation" else 0)
    if kind == "state":
        assert any(states[row["session_id"]] != row["state"] for row in after)
    else:
        assert len(sandbox.truth("messages")) == len(messages) + 10
    top = after[0]
    assert top["updated_at"] == sandbox.now.timestamp() * 1000
    assert top not in rows


def test_removals_come_only_where_they_are_named(sandbox, api):
    before = {row["session_id"] for row in sandbox.truth("conversations")}
    sandbox.churn(1)
    for _ in range(30):
        api.get("")
    assert before <= {row["session_id"] for row in sandbox.truth("conversations")}
    sandbox.churn(1, kinds=("removal",))
    before = sandbox.truth("conversations")
    for _ in range(10):
        api.get("")
    after = sandbox.truth("conversations")
    assert len(after) == len(before) - 10
    assert all(row in before for row in after)
    history = sandbox.truth("conversations", history=True)
    assert all(row in history for row in before), "what is gone stays in the history"


def test_every_row_that_was_pulled_is_in_the_history(sandbox, api):
    sandbox.churn(1)
    pulled = [row for page in range(1, 8) for row in api.data(f"conversations/{page}")]
    history = sandbox.truth("conversations", history=True)
    now = sandbox.truth("conversations")
    assert all(row in history for row in pulled)
    assert not all(row in now for row in pulled)


def test_churn_is_the_same_for_the_same_seed(make):
    def play():
        box, api = make(seed=3)
        box.churn(2, changes=2)
        return [api.get(f"conversations/{page}").content for page in (1, 2, 3, 1, 2, 3)]

    assert play() == play()


def test_churn_stops_and_can_meet_another_website(sandbox, api):
    second = sandbox.website_ids[1]
    before = sandbox.truth("conversations"), sandbox.truth("conversations", second)
    sandbox.churn(1, website_id=second)
    api.get("")
    after = sandbox.truth("conversations"), sandbox.truth("conversations", second)
    assert after[0] == before[0]
    assert after[1] != before[1]
    sandbox.churn()
    api.get("")
    assert sandbox.truth("conversations", second) == after[1]


def test_an_empty_workspace_comes_to_life(make):
    box, api = make(conversations=0)
    box.churn(1)
    for _ in range(12):
        api.get("")
    assert box.truth("conversations")


@pytest.mark.parametrize("bad", [{"every": -1}, {"every": 1, "kinds": ("war",)}])
def test_nonsense_is_refused(sandbox, bad):
    with pytest.raises(ValueError, match="kinds"):
        sandbox.churn(**bad)
