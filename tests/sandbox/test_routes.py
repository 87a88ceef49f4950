"""The gates before a handler: path, method, token, quota, tier, scope, website."""

import json
from importlib.resources import files

import pytest
import requests

from crisp_data.sandbox.routes import Match, match

from .conftest import Api

OPERATIONS = json.loads((files("crisp_data") / "operations.json").read_text("utf-8"))


def refusal(answer):
    body = answer.json()
    assert body["error"] is True
    return answer.status_code, body["reason"]


def concrete(path):
    return "/v1" + path.replace("{page_number}", "1").replace("{", "some-").replace("}", "")


def test_every_operation_is_found_by_its_method_and_path():
    first = {}
    for entry in OPERATIONS:
        first.setdefault((entry["method"], entry["path"]), entry["name"])
    assert len(OPERATIONS) == 229
    for (method, path), name in first.items():
        found = match(method, concrete(path))
        assert isinstance(found, Match)
        assert (found.route.name, found.route.path) == (name, path)


def test_success_has_crisps_envelope(api, sandbox):
    answer = api.get("")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert (body["error"], body["reason"]) == (False, "resolved")
    assert body["data"]["website_id"] == sandbox.website_id


@pytest.mark.parametrize("path", ["/nope", "/website/x/y/z", "/helpdesk"])
def test_an_unknown_path_is_not_found(api, path):
    assert refusal(api.get(path)) == (404, "not_found")


def test_a_path_outside_v1_is_not_found(sandbox):
    assert refusal(requests.get(f"{sandbox.host}/v2/website", timeout=60)) == (404, "not_found")


def test_a_wrong_method_is_refused(api):
    assert refusal(api.put("conversations/1")) == (405, "method_not_allowed")
    assert refusal(api.options("conversations/1")) == (405, "method_not_allowed")


def test_a_trailing_slash_is_taken(api):
    assert api.get("conversations/1/?filter_unread=1").status_code == 200


@pytest.mark.parametrize(
    ("auth", "tier"),
    [
        (None, "plugin"),
        (("someone", "secret"), "plugin"),
        (("{identifier}", "wrong"), "plugin"),
        (("{identifier}", "{key}"), None),
        (("{identifier}", "{key}"), "website"),
        (("ünïcode", "schlüssel"), "plugin"),
    ],
)
def test_what_is_wrong_with_a_credential_is_not_revealed(sandbox, auth, tier):
    if auth:
        auth = tuple(p.format(identifier=sandbox.identifier, key=sandbox.key) for p in auth)
        auth = tuple(part.encode() for part in auth)
    headers = {"X-Crisp-Tier": tier} if tier else {}
    url = f"{sandbox.url}website/{sandbox.website_id}"
    answer = requests.get(url, auth=auth, headers=headers, timeout=60)
    assert refusal(answer) == (401, "invalid_session")


@pytest.mark.parametrize("header", ["Basic", "Basic ???", "Bearer abc", "Basic 4pyT"])
def test_a_broken_authorization_header_is_refused(sandbox, header):
    headers = {"Authorization": header, "X-Crisp-Tier": "plugin"}
    answer = requests.get(f"{sandbox.url}website/x", headers=headers, timeout=60)
    assert refusal(answer) == (401, "invalid_session")


def test_a_website_without_the_plugin_is_not_subscribed(api, sandbox):
    answer = api.get(f"/website/{sandbox.foreign_website_id}")
    assert refusal(answer) == (404, "not_subscribed")


def test_a_website_token_reaches_one_website_and_no_plugin_route(sandbox):
    first, second = sandbox.website_ids
    api = Api(sandbox, sandbox.token("website"))
    assert api.get(f"/website/{first}").status_code == 200
    assert refusal(api.get(f"/website/{second}")) == (404, "not_subscribed")
    assert refusal(api.get("/plugin/connect/account")) == (403, "restricted_route_tier")


@pytest.mark.parametrize("tier", ["website", "user"])
def test_the_default_token_is_of_the_tier_asked_for(make, tier):
    box, api = make(tier=tier)
    assert box.card()["tier"] == tier
    assert len(box.website_ids) == (1 if tier == "website" else 2)
    assert api.get("conversations/1").ok


def test_a_user_route_is_restricted(api, sandbox):
    answer = api.delete(f"/website/{sandbox.website_id}")
    assert refusal(answer) == (403, "restricted_route_tier")


def test_a_missing_scope_is_named(sandbox, session_id):
    token = sandbox.token(scopes=["website:conversation:messages:read", "website:people:profiles"])
    api = Api(sandbox, token)
    thread = f"conversation/{session_id}/message"
    assert api.get(f"{thread}s").ok
    assert api.get("people/profiles/1").ok
    assert api.get("").ok
    for answer, scope in (
        (api.post(thread, json={}), "website:conversation:messages"),
        (api.get("conversations/1"), "website:conversation:sessions"),
        (api.patch(f"conversation/{session_id}/state", json={}), "website:conversation:states"),
        (api.get("operators/list"), "website:operators"),
    ):
        assert refusal(answer) == (403, "token_scope_forbidden")
        assert answer.json()["data"] == {"message": scope}


def test_the_days_quota_ends_and_a_new_day_begins_it_anew(make):
    box, api = make(quota=3)
    assert [api.get("").status_code for _ in range(4)] == [200, 200, 200, 429]
    assert refusal(api.get("")) == (429, "rate_limited")
    assert Api(box, box.token()).get("").status_code == 200
    box.clock(advance_s=15 * 3600 - 1)
    assert api.get("").status_code == 429
    box.clock(advance_s=1)
    assert api.get("").status_code == 200


def test_requests_that_are_refused_for_their_token_spend_no_quota(make):
    _, api = make(quota=1)
    auth, api.auth = api.auth, ("x", "y")
    assert api.get("").status_code == 401
    api.auth = auth
    assert api.get("").status_code == 200


def test_the_plugin_lists_its_websites(api, sandbox):
    rows = api.walk("/plugin/connect/websites/all/{page}", include_plan="1")
    assert [row["website_id"] for row in rows] == sandbox.website_ids
    assert rows[0]["plan"]["id"]
    assert len(sandbox.website_ids) == 2
    assert sandbox.website_id == sandbox.website_ids[0]


def test_head_has_no_body(api, sandbox, session_id):
    there = api.head(f"conversation/{session_id}")
    gone = api.head("conversation/session_x")
    assert (there.status_code, gone.status_code) == (200, 404)
    assert there.content == gone.content == b""
