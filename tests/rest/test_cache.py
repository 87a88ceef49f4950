"""The cache: what it keeps, for whom, how long, and what it never holds."""

import base64
import logging
import pickle
import stat
from collections import Counter
from http.client import HTTPConnection

import pytest
from requests_cache.backends.sqlite import SQLiteDict

import crisp_data as crisp
from crisp_data import config
from crisp_data.rest import cache_policy
from crisp_data.rest.client import Client


def spent(sandbox):
    return sandbox.stats()["requests"]


@pytest.fixture
def cached(sandbox, tmp_path):
    """A workspace whose cache is in a folder that the test can read."""
    return crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "kept", state_dir=tmp_path / "state")


def test_a_second_time_costs_nothing(sandbox, ws):
    first = ws.conversations()
    messages = ws.messages(first)
    before = spent(sandbox)
    again = ws.conversations()
    assert ws.messages(again).equals(messages)
    assert spent(sandbox) == before


@pytest.mark.parametrize("table", ["people", "operators", "inboxes", "campaigns", "websites"])
def test_every_table_is_kept(sandbox, ws, table):
    first = getattr(ws, table)()
    before = spent(sandbox)
    assert getattr(ws, table)().equals(first)
    assert spent(sandbox) == before
    assert getattr(ws, table)(refresh=True).equals(first)
    assert spent(sandbox) > before


def test_visitors_are_about_now(sandbox, ws):
    ws.visitors()
    before = spent(sandbox)
    ws.visitors()
    assert spent(sandbox) > before


def test_refresh_sees_what_changed(sandbox, ws, tmp_path):
    old = ws.conversations()
    session_id = old["session_id"].iloc[-1]
    other = crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "another machine")
    other.client.call(
        "change_conversation_state",
        website_id=ws.website_id,
        session_id=session_id,
        json={"state": "resolved" if old["state"].iloc[-1] != "resolved" else "pending"},
    )
    assert ws.conversations().equals(old)
    new = ws.conversations(refresh=True)
    assert new["session_id"].iloc[0] == session_id
    assert set(new["session_id"]) == set(old["session_id"])


def test_a_list_is_never_of_two_pulls(sandbox, ws, tmp_path):
    """A new first page must not be followed by kept second pages of an older pull."""
    ws.people()
    kept = len(ws.people())
    other = crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "another machine")
    for number in range(3):
        other.client.call(
            "add_new_people_profile",
            website_id=ws.website_id,
            json={"email": f"new{number}@example.org", "person": {"nickname": "New"}},
        )
    people = ws.people(refresh=True)
    assert len(people) == kept + 3
    assert people["people_id"].is_unique
    before = spent(sandbox)
    assert ws.people().equals(people)
    assert spent(sandbox) == before


def test_half_a_numbered_list_is_walked_anew(sandbox, ws):
    pages = ws.client.pages("list_people_profiles", website_id=ws.website_id)
    next(pages)
    before = spent(sandbox)
    assert ws.people()["people_id"].nunique() == len(sandbox.truth("people"))
    assert spent(sandbox) - before == -(-len(sandbox.truth("people")) // 50) + 1


def test_an_interrupted_walk_in_time_is_continued(sandbox, ws):
    list_of_all = {"website_id": ws.website_id, "filter_inbox_id": "all"}
    pages = ws.client.pages("list_conversations", **list_of_all)
    next(pages), next(pages)
    before = spent(sandbox)
    whole = ws.conversations()
    assert set(whole["session_id"]) == {row["session_id"] for row in sandbox.truth("conversations")}
    resumed = spent(sandbox) - before
    ws.conversations(refresh=True)
    assert spent(sandbox) - before - resumed == resumed + 2


@pytest.mark.parametrize(
    "refusal", [{"status": 500}, {"status": 404, "reason": "not_found"}, {"status": 429}]
)
def test_a_refusal_is_not_kept(sandbox, ws, refusal):
    sandbox.faults(operation="list_website_operators", next=8, **refusal)
    with pytest.raises((crisp.ApiError, crisp.QuotaExceeded)):
        ws.operators()
    sandbox.faults()
    ws.quota.reopen()  # a refusal that outlasts all tries closes the day
    assert len(ws.operators()) > 0


def test_error_true_under_200_is_not_kept(sandbox, ws):
    sandbox.faults(operation="list_website_operators", next=1, status=200, reason="not_allowed")
    with pytest.raises(crisp.ApiError):
        ws.operators()
    assert len(ws.operators()) > 0


def test_a_write_drops_what_it_made_stale(sandbox, ws):
    conversations = ws.conversations()
    one, other = conversations["session_id"].iloc[:2]
    ws.messages([one, other])
    ws.client.post(
        f"website/{ws.website_id}/conversation/{one}/message",
        json={"type": "text", "from": "operator", "origin": "chat", "content": "Hello"},
    )
    before = spent(sandbox)
    assert len(ws.messages([other])) > 0
    assert spent(sandbox) == before
    assert "Hello" in set(ws.messages([one])["content"])
    assert ws.conversations()["session_id"].iloc[0] == one
    assert ws.client.get(f"website/{ws.website_id}")
    assert sandbox.stats()["by_operation"]["get_website"] == 2  # the website's answers went too


def test_a_lost_write_drops_too(sandbox, ws):
    one = ws.conversations(limit=1)["session_id"][0]
    ws.messages(one)
    sandbox.faults(operation="send_message_in_conversation", drop="after", next=1)
    with pytest.raises(crisp.Offline, match="may have been carried out"):
        ws.client.post(
            f"website/{ws.website_id}/conversation/{one}/message",
            json={"type": "text", "from": "operator", "origin": "chat", "content": "Hello"},
        )
    assert "Hello" in set(ws.messages(one)["content"])


def test_two_tokens_never_share_an_answer(sandbox, tmp_path):
    first = crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "kept")
    second_token = sandbox.token(websites=[sandbox.website_id])
    second = crisp.connect(
        sandbox=sandbox,
        identifier=second_token.identifier,
        key=second_token.key,
        cache_dir=tmp_path / "kept",
    )
    first.operators()
    before = spent(sandbox)
    second.operators()
    assert spent(sandbox) == before + 1


def test_a_wrong_key_is_not_served_from_the_cache(sandbox, tmp_path):
    crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "kept").operators()
    with pytest.raises(crisp.Unauthorized):
        crisp.connect(sandbox=sandbox, key="0" * 64, cache_dir=tmp_path / "kept")


def test_no_secret_anywhere(sandbox, cached, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    cached.messages(cached.conversations(limit=3))
    with pytest.raises(crisp.NotFound) as caught:
        cached.client.call(
            "get_people_profile", website_id=cached.website_id, people_id="jane@example.org"
        )
    pair = base64.b64encode(f"{sandbox.identifier}:{sandbox.key}".encode()).decode()
    secrets = (sandbox.key, sandbox.identifier, pair)
    shown = [repr(cached), cached._repr_html_(), repr(cached.client), repr(cached.client.settings)]
    shown += [repr(vars(cached)), caplog.text, str(caught.value), repr(caught.value)]
    for text in shown:
        assert not any(secret in text for secret in secrets)
    assert "jane" not in str(caught.value)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".sqlite"}
    for path in files:
        assert not any(secret.encode() in path.read_bytes() for secret in secrets), path


def test_nothing_that_holds_a_key_is_pickled(cached):
    for thing in (cached, cached.client, cached.client.settings, cached.client._transport):
        with pytest.raises((TypeError, NotImplementedError)):
            pickle.dumps(thing)


@pytest.mark.needs("modes")
def test_files_are_private(cached, tmp_path):
    cached.operators()
    for folder in (tmp_path / "kept", tmp_path / "state"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.rglob("*"):
            wanted = 0o700 if path.is_dir() else 0o600
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    assert list((tmp_path / "kept").glob("*.locks"))


def test_a_tampered_cache_runs_no_code(sandbox, cached):
    class Evil:
        def __reduce__(self):
            return (pytest.fail, ("code from the cache was run",))

    cached.operators()
    with cached.client._cache.file.responses.connection(commit=True) as db:
        db.execute("UPDATE responses SET value = ?", (pickle.dumps(Evil()),))
    assert len(cached.operators()) > 0


def test_what_has_expired_is_not_kept(sandbox, cached, tmp_path):
    cached.operators()
    store = cached.client._cache.file
    with store.responses.connection(commit=True) as db:
        kept = db.execute("UPDATE responses SET expires = 1").rowcount
    assert kept > 0
    crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "kept", state_dir=tmp_path / "state")
    with store.responses.connection() as db:
        assert db.execute("SELECT count(*) FROM responses WHERE expires = 1").fetchone() == (0,)


def test_looks_at_this_moment_do_not_pile_up(cached):
    cached.visitors()
    with cached.client._cache.file.responses.connection(commit=True) as db:
        assert db.execute("UPDATE responses SET expires = 1").rowcount > 1
    cached.visitors()
    with cached.client._cache.file.responses.connection() as db:
        assert db.execute("SELECT count(*) FROM responses WHERE expires = 1").fetchone() == (0,)


def test_lifetimes(sandbox, tmp_path):
    ws = crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "kept", lifetimes={"*/operators/*": 0})
    ws.operators()
    before = spent(sandbox)
    ws.operators()
    assert spent(sandbox) == before + 1
    assert list(cache_policy.LIFETIMES)[-1] == "*"


@pytest.mark.parametrize("seconds", [-1, 10**12, float("inf")])
def test_what_never_expires_is_cached(sandbox, tmp_path, seconds):
    ws = crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "kept", lifetimes={"*": seconds})
    for _ in range(2):
        found = len(ws.operators()), len(ws.conversations()), len(ws.people())
        before = spent(sandbox)
    again = len(ws.operators()), len(ws.conversations()), len(ws.people())
    assert (again, spent(sandbox)) == (found, before)


@pytest.mark.parametrize("seconds", [None, "60", True, -2, float("nan")])
def test_a_lifetime_that_is_none_is_refused(sandbox, seconds):
    before = spent(sandbox)
    with pytest.raises(crisp.BadParameter, match="lifetimes must be seconds"):
        crisp.connect(sandbox=sandbox, lifetimes={"*": seconds})
    assert spent(sandbox) == before


def test_crisp_sees_the_headers_it_needs_and_no_other(sandbox, ws, monkeypatch):
    seen, put = set(), HTTPConnection.putheader

    def putheader(connection, name, *values):
        seen.add(name)
        put(connection, name, *values)

    monkeypatch.setattr(HTTPConnection, "putheader", putheader)
    conversations = ws.conversations()
    ws.messages(conversations, refresh=True)
    ws.people()
    ws.client.call("count_visitors", website_id=ws.website_id)
    ws.set_state(conversations["session_id"][0], "pending")
    ws.send(conversations["session_id"][0], "Hello")
    needed = {"Authorization", "X-Crisp-Tier", "Content-Type", "Content-Length", "Host"}
    assert seen == needed | {"Accept", "Accept-Encoding", "User-Agent", "Connection"}


def test_a_miss_asks_the_cache_once(ws, monkeypatch):
    asked, get = [], SQLiteDict.__getitem__

    def getting(table, key):
        asked.append((table.table_name, key))
        return get(table, key)

    monkeypatch.setattr(SQLiteDict, "__getitem__", getting)
    ws.client.call("list_website_operators", website_id=ws.website_id)
    assert len(asked) == 1


def test_a_warm_thread_is_read_once(sandbox, ws, monkeypatch):
    rows = Counter(row["session_id"] for row in sandbox.truth("messages"))
    ids = [session_id for session_id, _ in rows.most_common(20)]
    assert rows[ids[0]] > 40  # more than one batch
    first = ws.messages(ids)
    asked, get = [], SQLiteDict.__getitem__

    def getting(table, key):
        asked.append((table.table_name, key))
        return get(table, key)

    monkeypatch.setattr(SQLiteDict, "__getitem__", getting)
    assert ws.messages(ids).equals(first)
    pages = [key for table, key in asked if table == "responses"]
    assert len(pages) == len(set(pages)) > 20


def test_proxies_and_certificates_of_the_environment_are_used(monkeypatch):
    """Looked up once for a session, and by the rules of requests itself."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/bundle.pem")
    settings = config.resolve("identifier", "key", "plugin")
    opened = Client(settings)._transport
    assert opened.proxies["https"] == "http://proxy.example:3128"
    assert opened.verify == "/etc/bundle.pem"
    monkeypatch.setenv("NO_PROXY", "api.crisp.chat")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    opened = Client(settings)._transport
    assert "https" not in opened.proxies
    assert opened.verify is True
