"""The official Python client as referee: it knows nothing of this project."""

import pytest
from crisp_api import Crisp
from crisp_api.errors.route import RouteError


@pytest.fixture
def client(sandbox, monkeypatch):
    # The client keeps the tier in a dict shared by all its instances.
    monkeypatch.setattr(Crisp, "REQUEST_HEADERS", dict(Crisp.REQUEST_HEADERS))
    client = Crisp()
    client.set_rest_host(sandbox.host)
    client.set_tier(sandbox.tier)
    client.authenticate(sandbox.identifier, sandbox.key)
    return client


def refused(call, *args):
    with pytest.raises(RouteError) as caught:
        call(*args)
    error = caught.value.args[0]
    return error["code"], error["message"], error["data"]["message"]


def test_it_lists_every_conversation(client, sandbox):
    found, page = [], 1
    while rows := client.website.list_conversations(sandbox.website_id, page):
        found += rows
        page += 1
    assert found == sandbox.truth("conversations")


def test_it_searches(client, sandbox):
    rows = client.website.search_conversations(
        sandbox.website_id, 1, search_query="vip", search_type="segment", filter_resolved="1"
    )
    expected = [
        row
        for row in sandbox.truth("conversations")
        if "vip" in row["meta"]["segments"] and row["state"] == "resolved"
    ]
    assert expected
    assert rows == expected[:20]


def test_it_reads_a_thread_to_its_first_message(client, sandbox, long_thread):
    session_id, thread = long_thread
    read = client.website.get_messages_in_conversation
    found, query = {}, {}
    while True:
        batch = read(sandbox.website_id, session_id, query)
        if not {row["fingerprint"] for row in batch} - set(found):
            break
        found |= {row["fingerprint"]: row for row in batch}
        query = {"timestamp_before": batch[0]["timestamp"] + 1}
    order = sorted(found.values(), key=lambda row: (row["timestamp"], row["fingerprint"]))
    assert order == thread


def test_it_sends_updates_and_removes(client, sandbox):
    website, website_id = client.website, sandbox.website_id
    session_id = website.create_new_conversation(website_id)["session_id"]
    body = {"type": "text", "from": "user", "origin": "chat", "content": "Héllo 😀"}
    sent = website.send_message_in_conversation(website_id, session_id, body)
    row = website.get_message_in_conversation(website_id, session_id, sent["fingerprint"])
    assert row["content"] == "Héllo 😀"
    website.update_conversation_metas(website_id, session_id, {"email": "a@b.example"})
    website.change_conversation_state(website_id, session_id, {"state": "resolved"})
    known = website.get_conversation(website_id, session_id)
    assert known["meta"]["email"] == "a@b.example"
    assert known["state"] == "resolved"
    website.remove_conversation(website_id, session_id)
    code, reason, _ = refused(website.get_conversation, website_id, session_id)
    assert (code, reason) == (404, "conversation_not_found")


def test_it_reads_people_and_operators(client, sandbox):
    website, website_id = client.website, sandbox.website_id
    people = website.list_people_profiles(website_id, 1)
    assert len(people) == 20
    one = people[0]
    assert website.get_people_profile(website_id, one["people_id"]) == one
    assert website.get_people_statistics(website_id) == {"total": len(sandbox.truth("people"))}
    assert website.list_website_operators(website_id) == sandbox.truth("operators")


def test_it_is_refused_in_crisps_words(client, sandbox):
    website, website_id = client.website, sandbox.website_id
    session_id = sandbox.truth("conversations")[0]["session_id"]
    body = {"type": "text", "from": "user", "content": "No origin"}
    assert refused(website.send_message_in_conversation, website_id, session_id, body) == (
        400,
        "invalid_data",
        "Got response error: data should have required property '.origin'",
    )
    code, reason, _ = refused(website.get_website, sandbox.foreign_website_id)
    assert (code, reason) == (404, "not_subscribed")
    sandbox.faults(next=1, status=420)
    assert refused(website.get_website, website_id)[:2] == (420, "rate_limited")
    client.authenticate(sandbox.identifier, "wrong")
    assert refused(website.get_website, website_id)[:2] == (401, "invalid_session")
