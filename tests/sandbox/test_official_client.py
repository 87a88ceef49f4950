"""The official clients as referees: they know nothing of this project.

npm's comes from its registry, into a temporary folder. Without Node, npm or the registry its test
is skipped and says so; with CRISP_NODE_REQUIRED=1 it fails instead.
"""

import inspect
import json
import os
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from crisp_api import Crisp
from crisp_api.errors.route import RouteError

from .conftest import Api
from .official_clients import NPM, PYPI, page
from .operations import BY_NAME, OPERATIONS, Asker, in_turn, seeded, tier

# Read now: each test takes these out of its environment.
NODE_REQUIRED = os.environ.get("CRISP_NODE_REQUIRED") == "1"
RUNNER = Path(__file__).with_name("node_client.mjs")


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


# Every method of every client


@pytest.fixture
def tokens(sandbox):
    return {"plugin": sandbox.token("plugin"), "user": sandbox.token("user")}


@pytest.fixture
def asker(sandbox, tokens):
    apis = {tier: Api(sandbox, token) for tier, token in tokens.items()}

    def send(tier, method, path, query, body):
        answer = apis[tier].request(method, path, params=query, json=body)
        assert answer.ok, answer.text
        return answer.json()["data"]

    yield Asker(send, seeded(sandbox.truth, sandbox.website_id))
    for api in apis.values():
        api.close()


#: Where a method of PyPI's client has another name than its operation.
RENAMED = {
    "batch_data_items": "batch_update_conversations_data",
    "batch_segments_items": "batch_update_conversations_segments",
    "list_people_segments": "list_suggested_people_segments",
    "list_subscriptions_website": "list_subscriptions_for_website",
    "search_conversations": "list_conversations",
    "search_people_profiles": "list_people_profiles",
    "subscribe_plugin_to_website": "subscribe_website_to_plugin",
}


def operation_of(method):
    name = RENAMED.get(method, method.replace("_items", "_conversations"))
    return BY_NAME[name]


def methods_of(client):
    """The methods of PyPI's client, in the order in which one sandbox can answer them all."""
    found = [
        (service, name, method)
        for service in ("website", "plugin", "bucket")
        for name, method in inspect.getmembers(getattr(client, service), inspect.ismethod)
        if not name.startswith("_")
    ]
    return sorted(found, key=lambda item: in_turn(operation_of(item[1])))


@pytest.mark.slow
def test_every_method_of_pypis_client_is_answered(client, asker, tokens):
    assert version("crisp-api") == PYPI.version
    failed, called = {}, methods_of(client)
    for service, name, method in called:
        entry = operation_of(name)
        example = asker.examples.get(entry["name"])
        given = (example and (example.body or example.query)) or {}
        known = asker.known | {"data": given, "settings": given, "query": given}
        known |= {"filter_configured": "0", "date_since": "2026-01-01", "search_filter": "[]"}
        parameters = inspect.signature(method).parameters.values()
        needed = [one.name for one in parameters if one.default is one.empty]
        token = tokens[tier(entry)]
        client.set_tier(token.tier)
        client.authenticate(token.identifier, token.key)
        try:
            method(*(known[one] for one in needed))
        except (RouteError, AttributeError) as error:
            failed[f"{service}.{name}"] = error
    assert len(called) == PYPI.methods
    assert failed.keys() == PYPI.faults.keys(), failed


@pytest.fixture
def node(folder):
    """The folder that npm's client is in, and how to run Node there."""
    programs = {name: shutil.which(name) for name in ("npm", "node")}
    missing = [name for name, path in programs.items() if path is None]
    if missing:
        lack(f"npm's client needs {' and '.join(missing)}")
    package = f"crisp-api@{NPM.version}"
    command = [programs["npm"], "install", "--prefix", str(folder), "--no-audit", "--no-fund"]
    install = subprocess.run(
        [*command, "--ignore-scripts", package], capture_output=True, text=True, check=False
    )
    if install.returncode:
        lack(f"npm has not installed {package}: {install.stderr}")
    return programs["node"], folder


def lack(words):
    (pytest.fail if NODE_REQUIRED else pytest.skip)(words)


def service_of(resource):
    """The service of npm's client that has a resource."""
    return next(
        service
        for service in ("website", "plugin", "plan", "media", "bucket")
        if resource.lower().startswith(service)
    )


@pytest.mark.slow
def test_every_method_of_npms_client_is_answered(node, sandbox, asker, tokens):
    program, folder = node
    entries = sorted(OPERATIONS, key=in_turn)
    calls = [
        [
            service_of(entry["resource"]),
            entry["name"].replace("_", ""),
            asker.arguments(entry),
            tier(entry),
        ]
        for entry in entries
    ]
    pairs = {tier: [token.identifier, token.key] for tier, token in tokens.items()}
    script = json.dumps({"host": sandbox.host, "tokens": pairs, "calls": calls})
    run = subprocess.run(
        [program, str(RUNNER)], cwd=folder, input=script, capture_output=True, text=True, check=True
    )
    methods, *outcomes = map(json.loads, run.stdout.splitlines())
    assert set(methods) == {f"{service}.{name}" for service, name, *_ in calls}
    assert len(methods) == len(outcomes) == NPM.methods
    said = zip(entries, outcomes, strict=True)
    failed = {entry["name"]: outcome for entry, outcome in said if outcome is not None}
    assert failed.keys() == NPM.faults.keys(), failed


def test_the_table_of_the_official_clients_is_what_the_tests_hold():
    written = Path(__file__).parents[2] / "docs" / "official-clients.md"
    assert written.read_text("utf-8") == page()
