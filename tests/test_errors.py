"""Every row of the error table, provoked against the sandbox, says how to mend it."""

import pickle

import pytest

import crisp_data as crisp


@pytest.fixture
def client(ws):
    return ws.client


def path(sandbox, rest):
    return f"website/{sandbox.website_id}/{rest}"


def provoke(sandbox, client, what):
    """Do the one thing that the sandbox refuses in this way."""
    conversation = sandbox.truth("conversations")[0]["session_id"]
    person = sandbox.truth("people")[0]["email"]
    actions = {
        "invalid_data": lambda: client.post(
            path(sandbox, f"conversation/{conversation}/message"), json={"type": "text"}
        ),
        "not_found": lambda: client.get("website/no/such/route"),
        "conversation_not_found": lambda: client.get(
            path(sandbox, "conversation/session_00000000-0000-4000-8000-000000000000")
        ),
        "people_not_found": lambda: client.get(path(sandbox, "people/profile/nobody@example.org")),
        "people_exists": lambda: client.post(
            path(sandbox, "people/profile"), json={"email": person, "person": {"nickname": "A"}}
        ),
        "not_subscribed": lambda: client.get(f"website/{sandbox.foreign_website_id}"),
        "method_not_allowed": lambda: client.delete(path(sandbox, "visitors/count")),
    }
    actions[what]()


@pytest.mark.parametrize(
    ("what", "kind", "status", "hint"),
    [
        ("invalid_data", crisp.InvalidData, 400, "named in the message"),
        ("not_found", crisp.NotFound, 404, "Check the identifiers"),
        ("conversation_not_found", crisp.NotFound, 404, "Check the identifiers"),
        ("people_not_found", crisp.NotFound, 404, "Check the identifiers"),
        ("people_exists", crisp.Conflict, 409, "update it"),
        ("not_subscribed", crisp.NotSubscribed, 404, "Install the plugin on this website"),
        ("method_not_allowed", crisp.MethodNotAllowed, 405, "by its name"),
    ],
)
def test_refusals(sandbox, client, what, kind, status, hint):
    with pytest.raises(kind) as caught:
        provoke(sandbox, client, what)
    assert caught.value.status == status
    assert caught.value.reason == what
    assert hint in str(caught.value)
    assert "@" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_invalid_data_names_the_path(sandbox, client):
    with pytest.raises(crisp.InvalidData, match=r"data should have required property '\.\w+'"):
        provoke(sandbox, client, "invalid_data")


@pytest.mark.parametrize(
    "wrong", [{"key": "f" * 64}, {"identifier": "nobody"}, {"tier": "website"}]
)
def test_unauthorized(sandbox, wrong):
    with pytest.raises(crisp.Unauthorized, match="Check identifier, key and tier"):
        crisp.connect(sandbox=sandbox, **wrong)


def test_forbidden_names_the_scope(sandbox, waits):
    token = sandbox.token(scopes=["website:conversation:sessions"])
    ws = crisp.connect(sandbox=sandbox, identifier=token.identifier, key=token.key)
    conversations = ws.conversations(limit=1)
    with pytest.raises(crisp.Forbidden, match="website:conversation:messages"):
        ws.messages(conversations)


def test_restricted_route(sandbox, client):
    sandbox.faults(operation="get_website_settings", status=403, reason="restricted_route_tier")
    with pytest.raises(crisp.Forbidden, match="user tokens only"):
        client.call("get_website_settings", website_id=sandbox.website_id)


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (420, crisp.QuotaExceeded, "420 rate_limited"),
        (429, crisp.QuotaExceeded, "429 rate_limited"),
        (423, crisp.QuotaExceeded, "423 quota_limit_exceeded"),
        (500, crisp.ServerError, "status.crisp.chat"),
        (502, crisp.ServerError, "status.crisp.chat"),
        (503, crisp.ServerError, "status.crisp.chat"),
        (406, crisp.DomainRestricted, "domains"),
    ],
)
def test_failures_that_stay(sandbox, client, status, kind, hint):
    sandbox.faults(operation="count_visitors", status=status, next=100)
    with pytest.raises(kind, match=hint) as caught:
        client.call("count_visitors", website_id=sandbox.website_id)
    refusal = caught.value.__cause__ or caught.value
    assert refusal.status == status


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [(420, crisp.RateLimited, "Wait a minute"), (423, crisp.PlanLimit, "plan")],
)
def test_a_write_that_is_refused(sandbox, client, status, kind, hint):
    sandbox.faults(operation="create_new_conversation", status=status, next=1)
    with pytest.raises(kind, match=hint):
        client.call("create_new_conversation", website_id=sandbox.website_id)


def test_read_only(sandbox):
    ws = crisp.connect(sandbox=sandbox, writes=False)
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.ReadOnly, match=r"writes=True"):
        ws.client.post(path(sandbox, "conversation"))
    assert sandbox.stats()["requests"] == before


def test_quota_exceeded_keeps_what_was_pulled(ws, sandbox):
    conversations = ws.conversations()
    sandbox.faults(operation="get_messages_in_conversation", next=30)  # so many pass
    sandbox.faults(operation="get_messages_in_conversation", status=429, retry_after=9_999)
    with pytest.raises(crisp.QuotaExceeded, match="429 rate_limited") as caught:
        ws.messages(conversations)
    pulled = caught.value.partial["session_id"].nunique()
    assert 0 < pulled <= 30
    assert (caught.value.left, caught.value.limit) == (0, 5_000)
    assert caught.value.needed >= len(conversations) - pulled


def test_offline(ws, sandbox):
    sandbox.stop()
    with pytest.raises(crisp.Offline, match="no connection"):
        ws.client.call("count_visitors", website_id=ws.website_id)
    assert ws.quota.used == 1  # nothing was sent, so nothing was spent


def test_credentials_missing():
    with pytest.raises(crisp.CredentialsMissing) as caught:
        crisp.connect()
    for way in ("identifier=", "CRISP_IDENTIFIER", "crisp-data login", "sandbox=True"):
        assert way in str(caught.value)
