"""What is refused before a request is sent: it costs nothing, and says what to mend."""

import pytest

import crisp_data as crisp
from crisp_data.rest.request_checks import check_path, encode_body


@pytest.mark.parametrize("path", ["website/w/inbox/..", "website/w/inbox/%2e%2E", "./plugin"])
def test_a_path_that_leads_elsewhere_is_not_sent(sandbox, ws, path):
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter, match="must not contain"):
        ws.client.delete(path)
    assert sandbox.stats()["requests"] == before


@pytest.mark.parametrize("path", ["v1/website/w", "/v1/website/w"])
def test_a_path_with_the_version_is_refused(path):
    with pytest.raises(crisp.BadParameter, match="already contains the version"):
        check_path(path)


@pytest.mark.parametrize("path", ["website/w", "/website/w", "//website/w"])
def test_a_path_may_begin_with_a_slash(path):
    assert check_path(path) == "website/w"


def test_a_body_that_is_not_json_is_not_sent(sandbox, ws):
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter, match="not JSON"):
        ws.client.post(f"website/{ws.website_id}/conversation", json={"x": float("nan")})
    assert sandbox.stats()["requests"] == before


@pytest.mark.parametrize("body", [float("inf"), {"x": [float("nan")]}, {"x": {1}}, b"{}"])
def test_what_json_cannot_say_is_refused(body):
    with pytest.raises(crisp.BadParameter, match="nothing was sent"):
        encode_body(body)


@pytest.mark.parametrize(("body", "sent"), [(None, None), ({}, b"{}"), (["é"], b'["\\u00e9"]')])
def test_a_body_is_written_as_json(body, sent):
    assert encode_body(body) == sent


HALF = "a\ud83d"
SEARCH = [{"model": "people", "criterion": "email", "operator": "eq", "query": [HALF]}]


@pytest.mark.parametrize(
    "ask",
    [
        lambda c, w: c.call("get_conversation", website_id=w, session_id=HALF),
        lambda c, w: c.call("list_conversations", website_id=w, page_number=1, search_query=HALF),
        lambda c, w: c.call("list_conversations", website_id=w, page_number=1, search_query=SEARCH),
        lambda c, w: c.call("count_visitors", website_id=w, unknown=HALF),
        lambda c, w: c.call("count_visitors", website_id=w, unknown=[HALF]),
        lambda c, w: c.call("count_visitors", website_id=w, **{HALF: 1}),
        lambda c, w: list(c.pages("list_conversations", website_id=w, search_query=HALF)),
        lambda c, w: list(c.pages("list_people_profiles", website_id=w, search_text=HALF)),
        lambda c, w: list(c.pages("list_campaigns", website_id=w, unknown=HALF)),
        lambda c, w: list(c.pages("get_messages_in_conversation", website_id=w, session_id=HALF)),
        lambda c, w: c.is_cached("list_conversations", website_id=w, page_number=HALF),
        lambda c, w: c.is_cached("count_visitors", website_id=w, unknown=HALF),
        lambda c, w: c.get(f"website/{w}/{HALF}"),
        lambda c, w: c.get(f"website/{w}/unknown", {"a": HALF}),
        lambda c, w: c.get(f"website/{w}/unknown", {"a": ["b", HALF]}),
        lambda c, w: c.get(f"website/{w}", {HALF: 1}),
        lambda c, w: c.head(f"website/{HALF}"),
        lambda c, w: c.patch("unknown", {}, params={"a": HALF}),
        lambda c, w: c.delete(f"unknown/{HALF}"),
        lambda c, w: c.drop(f"website/{w}/conversation/{HALF}"),
    ],
)
def test_half_of_a_surrogate_pair_is_not_sent(sandbox, ws, ask):
    before = sandbox.stats()["requests"], ws.quota.used
    with pytest.raises(crisp.BadParameter) as error:
        ask(ws.client, ws.website_id)
    assert "surrogate pair" in str(error.value) or "whole number" in str(error.value)
    assert HALF not in str(error.value)
    assert (sandbox.stats()["requests"], ws.quota.used) == before


def test_two_halves_side_by_side_are_a_character_of_json():
    assert encode_body(["\ud83d\ude00", "\\ud83d"]) == b'["\\ud83d\\ude00", "\\\\ud83d"]'


def test_half_of_a_surrogate_pair_can_stand_in_a_body():
    """A text that was cut in an emoji is sent as it is: JSON has a way to write it."""
    assert encode_body({"content": HALF}) == b'{"content": "a\\ud83d"}'


@pytest.mark.parametrize("path", [None, 7, ["website"], b"website"])
def test_a_path_is_one_text(path):
    with pytest.raises(crisp.BadParameter, match="one text, not a"):
        check_path(path)
