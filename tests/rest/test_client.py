"""The verbs, operations by name, and lists; what is refused costs nothing."""

import contextlib

import pytest

import crisp_data as crisp
from crisp_data.api import path_and_query, routes


def test_every_emulated_read_answers_by_name(sandbox, ws):
    """Each GET of the table reaches the operation that it names, by the sandbox's own word."""
    conversation = sandbox.truth("conversations")[0]
    message = sandbox.truth("messages")[0]
    known = {
        "website_id": ws.website_id,
        "session_id": message["session_id"],
        "fingerprint": message["fingerprint"],
        "people_id": sandbox.truth("people")[0]["people_id"],
        "user_id": sandbox.truth("operators")[0]["details"]["user_id"],
        "page_number": 1,
    }
    assert conversation["session_id"]
    asked = 0
    for route in routes.table():
        if route.method != "GET" or not set(route.parameters) <= set(known):
            continue
        arguments = {name: known[name] for name in route.parameters}
        with contextlib.suppress(crisp.NotFound, crisp.Forbidden):
            ws.client.call(route.qualified, **arguments)
        asked += 1
        name = routes.identify("GET", path_and_query.fill(route, arguments)[0]).name
        assert sandbox.stats()["by_operation"][name] >= 1
    assert asked > 30


def test_verbs(sandbox, ws):
    client, website = ws.client, f"website/{ws.website_id}"
    made = client.post(f"{website}/conversation")
    conversation = f"{website}/conversation/{made['session_id']}"
    assert client.head(conversation) is True
    sent = client.post(
        f"{conversation}/message",
        json={"type": "text", "from": "user", "origin": "chat", "content": "hé 🎉"},
    )
    assert client.get(f"{conversation}/message/{sent['fingerprint']}")["content"] == "hé 🎉"
    client.patch(f"{conversation}/state", json={"state": "resolved"})
    assert client.get(f"{conversation}/state")["state"] == "resolved"
    participants = {"participants": [{"type": "email", "target": "a@b.example"}]}
    client.put(f"{conversation}/participants", json=participants)
    assert client.get(f"{conversation}/participants") == participants
    client.delete(conversation)
    with pytest.raises(crisp.NotFound):
        client.head(conversation)


@pytest.mark.parametrize(
    ("operation", "arguments", "words"),
    [
        ("list_conversation", {}, "list_conversations"),
        ("list_all_active_subscriptions", {}, "plugin_subscription"),
        ("list_conversations", {"per_page": 100, "page_number": 1}, "between 20 and 50"),
        ("list_conversations", {"page_number": 0}, "at least 1"),
        ("list_conversations", {"page_number": 1, "filter_unred": 1}, "filter_unread"),
        ("list_conversations", {"page_number": 1, "filter_date_end": 1700000000}, "Unix times"),
        (
            "get_messages_in_conversation",
            {"session_id": "s", "timestamp_before": 1700000000},
            "at least",
        ),
        ("get_conversation", {}, "session_id"),
    ],
)
def test_mistakes_cost_nothing(sandbox, ws, operation, arguments, words):
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter, match=words):
        ws.client.call(operation, website_id=ws.website_id, **arguments)
    assert sandbox.stats()["requests"] == before


def test_what_shares_a_path_keeps_its_name(sandbox, ws):
    with pytest.raises(crisp.InvalidData, match="batch_remove_people"):
        ws.client.call("batch_remove_people", website_id=ws.website_id, json={"people": 7})
    assert ws.quota.by_operation()["batch_remove_people"] == 1


def test_pages_are_lazy(sandbox, ws):
    pages = ws.client.pages("list_conversations", website_id=ws.website_id)
    assert sandbox.stats()["by_operation"].get("list_conversations", 0) == 0
    assert len(next(pages).records) == 50
    assert sandbox.stats()["by_operation"]["list_conversations"] == 1


def test_pages_check_at_once(ws):
    with pytest.raises(crisp.BadParameter, match="page 1"):
        ws.client.pages("list_conversations", website_id=ws.website_id, page_number=3)
    with pytest.raises(crisp.BadParameter, match="website_id"):
        ws.client.pages("list_conversations")


def test_a_personal_path_is_quoted(sandbox, ws):
    person = next(row for row in sandbox.truth("people") if row.get("email"))
    found = ws.client.call(
        "get_people_profile", website_id=ws.website_id, people_id=person["email"]
    )
    assert found["people_id"] == person["people_id"]
    assert sandbox.stats()["by_operation"]["get_people_profile"] == 1


def test_folders_may_be_text(sandbox, tmp_path):
    where = {"cache_dir": str(tmp_path / "kept"), "state_dir": str(tmp_path / "ledger")}
    ws = crisp.connect(sandbox=sandbox, **where)
    ws.operators()
    assert ws.client.cache_path.parent == tmp_path / "kept"
    assert (tmp_path / "ledger" / "quota.sqlite").exists()


def test_a_program_that_goes_to_another_folder_keeps_its_files(sandbox, tmp_path, monkeypatch):
    """Else an outbox elsewhere would know of nothing that was sent, and send it again."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    ws = crisp.connect(sandbox=sandbox, writes=True, cache_dir="cache", state_dir="state")
    frame = ws.conversations(limit=2)
    asked = {"template": "Hello", "batch": "one", "confirm": True, "quiet_days": None}
    ws.send_many(frame, **asked)
    sent = sandbox.stats()["by_operation"]["send_message_in_conversation"]
    monkeypatch.chdir(tmp_path / "elsewhere")
    for again in (ws, crisp.connect(sandbox=sandbox, writes=True, state_dir="../state")):
        again.send_many(frame, **asked)
        again.conversations(limit=3)
    ws.client.purge_cache()
    assert sandbox.stats()["by_operation"]["send_message_in_conversation"] == sent
    assert not list((tmp_path / "elsewhere").iterdir())
    assert ws.client.cached() == 0


@pytest.mark.parametrize("variable", ["CRISP_CACHE_DIR", "CRISP_STATE_DIR"])
def test_folders_of_the_environment_are_whole_too(sandbox, tmp_path, monkeypatch, variable):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, "here")
    card = sandbox.card()
    token = {name: card[name] for name in ("identifier", "key", "tier")}
    ws = crisp.connect(card["website_id"], base_url=card["url"], **token)
    folders = {
        "CRISP_CACHE_DIR": ws.client.cache_path.parent,
        "CRISP_STATE_DIR": ws.client.state_dir,
    }
    assert folders[variable] == tmp_path / "here"
