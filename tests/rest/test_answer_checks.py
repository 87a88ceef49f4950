"""Answers of another shape than Crisp documents, where an id or a list is relied on."""

import dataclasses
import json
from contextlib import suppress

import pytest

import crisp_data as crisp
from crisp_data.forms.conversation import Conversation

ODD = [None, True, 7, 1.5, "", "text", [], [[]]]


@pytest.fixture
def sandbox(shared_sandbox):
    """One for all: nothing here is about data."""
    return shared_sandbox


def answering(sandbox, start, data):
    """Answer reads of a path with other data; everything else as it is. Counts all requests."""
    real, asked = sandbox._server.respond, []

    def respond(request):
        reply = real(request)
        asked.append(request.method)
        if request.method != "GET" or not request.target.startswith(start):
            return reply
        body = {"error": False, "reason": "listed", "data": data}
        return dataclasses.replace(reply, status=200, body=json.dumps(body).encode())

    sandbox._server.respond = respond
    return asked


def teaches(error, operation):
    what, _, hint = str(error).partition("\n")
    assert operation in what
    assert "where Crisp gives" in what
    assert "refresh=True" in hint
    assert "secret words" not in str(error)


LIST = "/v1/plugin/connect/websites/all"


@pytest.mark.parametrize(
    "row", [*ODD, {}, {"website_id": None}, {"website_id": 7}, {"website_id": ""},
            {"website_id": {"secret words": 1}}, {"id": "secret words"}],
)  # fmt: skip
def test_a_website_without_an_id(sandbox, ws, row):
    answering(sandbox, LIST, [{"website_id": ws.website_id}, row])
    with pytest.raises(crisp.BadAnswer) as caught:
        ws.client.website_ids(refresh=True)
    teaches(caught.value, "list_all_connect_websites")
    with pytest.raises(crisp.BadAnswer):
        ws.websites(refresh=True)


@pytest.mark.parametrize("data", [None, True, 7, "text", {"website_id": 3}])
def test_a_list_of_websites_that_is_none(sandbox, ws, data):
    answering(sandbox, LIST, data)
    with pytest.raises(crisp.BadAnswer):
        ws.client.website_ids(refresh=True)


@pytest.mark.parametrize("data", ODD)
def test_a_website_that_is_no_record(sandbox, data):
    token = {"identifier": sandbox.identifier, "key": sandbox.key, "base_url": sandbox.url}
    answering(sandbox, f"/v1/website/{sandbox.website_id}", data)
    for website in (sandbox.website_id, "Acme"):
        with pytest.raises(crisp.BadAnswer) as caught:
            crisp.connect(website, **token)
        teaches(caught.value, "get_website")


@pytest.mark.parametrize("start", [LIST, "/v1/website/"])
def test_what_was_odd_once_is_not_in_the_way_for_a_day(sandbox, start):
    token = {"identifier": sandbox.identifier, "key": sandbox.key, "base_url": sandbox.url}
    real = sandbox._server.respond
    answering(sandbox, start, [None])
    with pytest.raises(crisp.BadAnswer):
        crisp.connect("Acme", **token)
    sandbox._server.respond = real
    assert crisp.connect("Acme", **token).name == "Acme"


@pytest.mark.parametrize("data", ODD)
def test_nor_is_it_left_out_of_the_table(sandbox, ws, data):
    answering(sandbox, f"/v1/website/{sandbox.website_id}", data)
    with pytest.raises(crisp.BadAnswer):
        ws.websites(refresh=True)


@pytest.mark.parametrize("data", [None, 7, "text", [], {}])
def test_a_conversation_that_is_no_record_cannot_be_opened(sandbox, ws, data):
    session_id = sandbox.truth("conversations")[0]["session_id"]
    answering(sandbox, f"/v1/website/{ws.website_id}/conversation/", data)
    with pytest.raises(crisp.BadAnswer):
        Conversation(ws, session_id).read()


@pytest.mark.parametrize("name", [None, True, 7, ["secret words"], {"secret words": 1}])
def test_a_name_that_is_no_text_is_none(sandbox, name):
    token = {"identifier": sandbox.identifier, "key": sandbox.key, "base_url": sandbox.url}
    answering(sandbox, "/v1/website/", {"website_id": "w", "name": name, "domain": name})
    assert crisp.connect(sandbox.website_id, **token).name == ""
    with pytest.raises(crisp.BadParameter) as caught:
        crisp.connect("Nobody", **token)
    assert "secret words" not in str(caught.value)


SEGMENTS = ["vip", ["vip", None], {"a": 1}, 7]


@pytest.mark.parametrize("data", [*ODD, *({"segments": one} for one in SEGMENTS)])
def test_segments_that_are_none_are_not_written_back(sandbox, ws, data):
    """They would take the place of those that are there."""
    session_id = sandbox.truth("conversations")[0]["session_id"]
    asked = answering(sandbox, f"/v1/website/{ws.website_id}/conversation/", data)
    with pytest.raises(crisp.BadAnswer) as caught:
        ws.add_segments(session_id, "new")
    teaches(caught.value, "get_conversation_metas")
    assert set(asked) == {"GET"}


@pytest.mark.parametrize("data", [{}, {"segments": None}, {"segments": []}])
def test_no_segments_are_none(sandbox, ws, data):
    session_id = sandbox.truth("conversations")[0]["session_id"]
    answering(sandbox, f"/v1/website/{ws.website_id}/conversation/", data)
    assert ws.add_segments(session_id, "new") == ["new"]


@pytest.mark.parametrize("data", [None, 7, "text", {}])
def test_a_page_that_is_no_list(sandbox, ws, data):
    answering(sandbox, f"/v1/website/{ws.website_id}/conversations/", data)
    with pytest.raises(crisp.CrispError):
        ws.conversations(refresh=True)
    answering(sandbox, f"/v1/website/{ws.website_id}/", data)
    pulls = (ws.plan.conversations, ws.operators, ws.people, ws.inboxes, ws.campaigns, ws.visitors)
    for pull in pulls:
        with suppress(crisp.CrispError):  # which is all that it may raise
            pull(refresh=True)
