"""The control plane: the same by method and over HTTP, and never counted."""

from copy import deepcopy

import pytest
import requests

from .conftest import Api

TABLES = ("conversations", "messages", "people", "operators", "inboxes", "campaigns")


def test_stats_count_what_reached_the_socket(sandbox, api):
    api.get("")
    api.get("conversations/1")
    api.get("conversations/2")
    api.get("/nonsense")
    requests.get(sandbox.url + "website", timeout=60)
    expected = {
        "requests": 5,
        "by_operation": {"get_website": 1, "list_conversations": 2, "unknown": 2},
        "by_status": {"200": 3, "404": 1, "405": 1},
    }
    assert sandbox.stats() == expected
    assert requests.get(f"{sandbox.host}/_sandbox/stats", timeout=60).json() == expected
    assert sandbox.stats() == expected


@pytest.mark.parametrize("table", TABLES)
def test_truth_is_the_same_over_http(sandbox, table):
    url = f"{sandbox.host}/_sandbox/truth/{table}"
    assert requests.get(url, timeout=60).json() == sandbox.truth(table)
    second = sandbox.website_ids[1]
    other = requests.get(url, params={"website_id": second}, timeout=60).json()
    assert other == sandbox.truth(table, second)


def test_history_over_http(sandbox, api):
    sandbox.churn(1)
    api.get("")
    url = f"{sandbox.host}/_sandbox/truth/conversations"
    history = requests.get(url, params={"history": "true"}, timeout=60).json()
    assert history == sandbox.truth("conversations", history=True)
    assert len(history) > len(sandbox.truth("conversations")) - 1


def test_truth_is_a_copy(sandbox, api, session_id):
    api.patch(f"conversation/{session_id}/meta", json={"nickname": "Ada"})
    for table in TABLES:
        before = deepcopy(sandbox.truth(table))
        for row in sandbox.truth(table):
            for value in row.values():
                if isinstance(value, dict):
                    value.clear()
            row.clear()
        assert sandbox.truth(table) == before


def test_reset_begins_anew(sandbox, api, control):
    start, before, rows = sandbox.now, sandbox.identifier, sandbox.truth("conversations")
    api.post("conversation")
    sandbox.clock(advance_s=60)
    sandbox.faults(status=500)
    sandbox.churn(1)
    assert control(sandbox, "reset").status_code == 200
    assert sandbox.stats()["requests"] == 0
    assert (sandbox.now, sandbox.identifier) == (start, before)
    assert sandbox.truth("conversations") == rows
    assert api.get("").ok
    assert sandbox.truth("conversations") == rows


def test_faults_churn_clock_and_token_over_http(sandbox, api, control):
    rules = control(sandbox, "faults", next=1, status=503).json()
    assert [rule["status"] for rule in rules] == [503]
    assert api.get("").status_code == 503
    assert control(sandbox, "faults").json() == []
    now = control(sandbox, "clock", advance_s=90).json()["now"]
    assert now == "2026-11-02T09:01:30+00:00" == sandbox.now.isoformat()
    assert api.get("").headers["Date"] == "Mon, 02 Nov 2026 09:01:30 GMT"
    rows = sandbox.truth("conversations")
    control(sandbox, "churn", every=1)
    api.get("")
    assert sandbox.truth("conversations") != rows
    token = control(sandbox, "token", tier="website", scopes=["website:operators"]).json()
    headers = {"X-Crisp-Tier": token["tier"]}
    auth = (token["identifier"], token["key"])
    url = f"{sandbox.url}website/{sandbox.website_id}/operators/list"
    assert requests.get(url, auth=auth, headers=headers, timeout=60).ok


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("faults", {"status": 404}),
        ("faults", {"bogus": 1}),
        ("churn", {"every": -1}),
        ("dance", {}),
    ],
)
def test_commands_that_cannot_be_followed_are_refused(sandbox, control, command, body):
    answer = control(sandbox, command, **body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_an_unknown_table_is_refused(sandbox):
    assert requests.get(f"{sandbox.host}/_sandbox/truth/cats", timeout=60).status_code == 400
    with pytest.raises(ValueError, match="conversations"):
        sandbox.truth("cats")


def test_tokens_hide_their_key(sandbox):
    token = sandbox.token()
    assert token.key not in repr(token)
    assert token.identifier != sandbox.identifier
    assert Api(sandbox, token).get("").ok
    with pytest.raises(ValueError, match="tier"):
        sandbox.token("root")
