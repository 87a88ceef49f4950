"""Retries and what they cost; the sandbox's own count is the referee."""

import pytest

import crisp_data as crisp

READ = "count_visitors"


@pytest.fixture
def read(ws):
    return lambda **options: ws.client.call(READ, website_id=ws.website_id, **options)


def sent(sandbox, operation=READ):
    return sandbox.stats()["by_operation"].get(operation, 0)


@pytest.mark.parametrize("status", [420, 423, 429, 500, 502, 503])
def test_a_read_is_tried_again(sandbox, ws, read, waits, status):
    sandbox.faults(operation=READ, status=status, next=3)
    assert read()["count"] >= 0
    assert sent(sandbox) == 4
    assert ws.quota.by_operation()[READ] == 4
    assert len(waits) == 3
    assert waits[0] < waits[1] < waits[2] < 10


@pytest.mark.parametrize(
    "fault", [{"drop": "before"}, {"drop": "after"}, {"truncate": True}, {"malformed": True}]
)
def test_a_lost_or_broken_answer_is_read_again(sandbox, ws, read, fault):
    sandbox.faults(operation=READ, next=2, **fault)
    assert read()["count"] >= 0
    assert sent(sandbox) == 3
    assert ws.quota.by_operation()[READ] == 3


def test_patience_ends(sandbox, read, waits):
    sandbox.faults(operation=READ, status=503, next=100)
    with pytest.raises(crisp.ServerError):
        read()
    assert sent(sandbox) == 7
    assert 40 < sum(waits) < 90


def test_retry_after_is_obeyed(sandbox, read, waits):
    sandbox.faults(operation=READ, status=429, next=1, retry_after=17)
    read()
    assert waits == [17.0]


def test_a_long_retry_after_is_told_not_waited_for(sandbox, read, waits):
    sandbox.faults(operation=READ, status=429, next=1, retry_after=6 * 3600)
    with pytest.raises(crisp.RateLimited) as caught:
        read()
    assert caught.value.retry_after == 6 * 3600
    assert waits == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"status": 429}, crisp.RateLimited),
        ({"status": 423}, crisp.PlanLimit),
        ({"status": 502}, crisp.ServerError),
        ({"drop": "before"}, crisp.Offline),
        ({"drop": "after"}, crisp.Offline),
        ({"truncate": True}, crisp.Offline),
        ({"malformed": True}, crisp.BadAnswer),
    ],
)
def test_a_write_is_sent_once(sandbox, ws, waits, fault, kind):
    sandbox.faults(operation="create_new_conversation", next=1, **fault)
    with pytest.raises(kind):
        ws.client.call("create_new_conversation", website_id=ws.website_id)
    assert sent(sandbox, "create_new_conversation") == 1
    assert waits == []


def test_refusals_are_not_tried_again(sandbox, ws, waits):
    with pytest.raises(crisp.NotFound):
        ws.client.call("get_people_profile", website_id=ws.website_id, people_id="a@b.example")
    assert sent(sandbox, "get_people_profile") == 1
    assert waits == []


def test_what_was_never_sent_costs_nothing(sandbox, ws, read):
    used = ws.quota.used
    sandbox.stop()
    with pytest.raises(crisp.Offline):
        read()
    assert ws.quota.used == used


def test_the_ledger_agrees_with_the_referee(sandbox, ws):
    sandbox.faults(status=503, share=0.2)
    sandbox.faults(drop="after", share=0.1)
    ws.messages(ws.conversations(limit=60))
    stats = sandbox.stats()
    assert stats["requests"] > 60
    assert ws.quota.used == stats["requests"]
    assert ws.quota.by_operation() == stats["by_operation"]


def test_no_redirect_is_followed(ws):
    """Another host must never be given the credential, nor asked at all."""
    import http.server
    import threading

    asked = []

    class Redirecting(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.headers["Authorization"])
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Redirecting)
    port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(crisp.BadAnswer, match="redirect"):
            crisp.connect(
                ws.website_id,
                identifier="i",
                key="k",
                base_url=f"http://127.0.0.1:{port}/v1",
            )
    finally:
        server.shutdown()
        server.server_close()
    assert len(asked) == 1


def test_every_request_has_its_timeouts(sandbox, ws, monkeypatch):
    given = []
    attempt = ws.client._wire._attempt

    def watched(request, *arguments, **options):
        given.append(options["timeout"])
        return attempt(request, *arguments, **options)

    monkeypatch.setattr(ws.client._wire, "_attempt", watched)
    ws.operators()
    ws.client.call("create_new_conversation", website_id=ws.website_id)
    assert len(given) == 2
    assert all(0 < connect <= read <= 60 for connect, read in given)
