"""Retries and what they cost; the sandbox's own count is the referee."""

import socket

import pytest
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool

import crisp_data as crisp
from crisp_data import config
from crisp_data.errors import Untrusted
from crisp_data.rest.client import Client
from crisp_data.sandbox import Sandbox, server

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
    assert sent(sandbox) == 8
    assert 90 < sum(waits) < 160


def test_retry_after_is_obeyed(sandbox, read, waits):
    sandbox.faults(operation=READ, status=429, next=1, retry_after=17)
    read()
    assert waits == [17.0]


def test_a_failure_that_asks_for_hours_is_told_not_waited_for(sandbox, ws, read, waits):
    """A service that is down says nothing about the day."""
    sandbox.faults(operation=READ, status=503, next=1, retry_after=6 * 3600)
    with pytest.raises(crisp.ServerError) as caught:
        read()
    assert caught.value.retry_after == 6 * 3600
    assert waits == []
    assert ws.quota.refusal == ""


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
    given, urlopen = [], HTTPConnectionPool.urlopen

    def watched(self, *arguments, **options):
        given.append(options["timeout"])
        return urlopen(self, *arguments, **options)

    monkeypatch.setattr(HTTPConnectionPool, "urlopen", watched)
    ws.operators()
    ws.client.call("create_new_conversation", website_id=ws.website_id)
    assert len(given) == 2
    assert all(0 < one.connect_timeout <= one.read_timeout <= 60 for one in given)


def test_the_way_to_the_service_is_looked_up_once(sandbox, ws, read, monkeypatch):
    """Proxies and certificates are the same for each request, until all connections are closed."""
    looked, real = [], HTTPAdapter.get_connection_with_tls_context

    def watched(self, *arguments, **options):
        looked.append(self)
        return real(self, *arguments, **options)

    monkeypatch.setattr(HTTPAdapter, "get_connection_with_tls_context", watched)
    ws.client.close()
    for _ in range(3):
        read(refresh=True)
    assert len(looked) == 1
    ws.client.close()
    read(refresh=True)
    assert len(looked) == 2
    assert sent(sandbox) == 4


# A spent day and a short rate limit, told apart by how long they last


@pytest.mark.parametrize("status", [420, 423, 429])
def test_a_long_retry_after_is_the_day(sandbox, ws, read, waits, status):
    sandbox.faults(operation=READ, status=status, next=1, retry_after=6 * 3600)
    used = ws.quota.used
    with pytest.raises(crisp.QuotaExceeded, match=f"Crisp itself refused.*{status}") as caught:
        read()
    cause = caught.value.__cause__
    assert (cause.status, cause.retry_after) == (status, 6 * 3600)
    assert (caught.value.left, caught.value.limit) == (0, 5_000)
    assert caught.value.resets_at == ws.quota.resets_at
    assert waits == []
    assert (ws.quota.used, ws.quota.left) == (used + 1, 0)
    before = sandbox.stats()["requests"]
    for action in (read, ws.operators, lambda: write(ws)):
        with pytest.raises(crisp.QuotaExceeded, match=str(status)):
            action()
    assert sandbox.stats()["requests"] == before
    ws.quota.reopen()
    read()
    assert ws.quota.left == 5_000 - ws.quota.used


@pytest.mark.parametrize("status", [420, 423, 429])
def test_what_outlasts_all_tries_is_the_day(sandbox, ws, read, waits, status):
    sandbox.faults(operation=READ, status=status, next=100)
    with pytest.raises(crisp.QuotaExceeded, match=str(status)) as caught:
        read()
    assert caught.value.__cause__.status == status
    assert sent(sandbox) == 8
    assert sum(waits) >= 90
    assert ws.quota.refusal.startswith(str(status))


@pytest.mark.parametrize("next", [1, 7])
def test_a_short_spell_passes(sandbox, ws, read, waits, next):
    sandbox.faults(operation=READ, status=429, next=next)
    assert read()["count"] >= 0
    assert len(waits) == next
    assert ws.quota.refusal == ""


def test_short_tries_do_not_make_a_day(sandbox, ws, read, waits):
    """Eight refusals within eight seconds are a rate limit that the server itself calls short."""
    sandbox.faults(operation=READ, status=429, next=100, retry_after=1)
    with pytest.raises(crisp.RateLimited):
        read()
    assert waits == [1.0] * 7
    assert ws.quota.refusal == ""


def test_a_rate_limit_begins_with_its_first_refusal(sandbox, ws, read, waits):
    """What failed otherwise before says nothing about the limit."""
    sandbox.faults(operation=READ, status=503, next=6)
    sandbox.faults(operation=READ, status=429, next=100)
    with pytest.raises(crisp.RateLimited):
        read()
    assert sum(waits) >= 90
    assert ws.quota.refusal == ""


def write(ws):
    return ws.client.call("create_new_conversation", website_id=ws.website_id)


@pytest.mark.parametrize(
    ("status", "retry_after", "kind", "closes"),
    [
        (420, 6 * 3600, crisp.QuotaExceeded, True),
        (429, 6 * 3600, crisp.QuotaExceeded, True),
        (429, 60, crisp.RateLimited, False),
        (429, None, crisp.RateLimited, False),
        (423, 6 * 3600, crisp.PlanLimit, False),
    ],
)
def test_a_write_tells_the_day_by_a_long_wait_alone(
    sandbox, ws, waits, status, retry_after, kind, closes
):
    operation = "create_new_conversation"
    sandbox.faults(operation=operation, status=status, next=1, retry_after=retry_after)
    with pytest.raises(kind):
        write(ws)
    assert sent(sandbox, operation) == 1
    assert waits == []
    assert bool(ws.quota.refusal) is closes


def test_the_first_mark_stops_all(sandbox, ws, waits):
    """Another process meets the limit while this one waits for its next try."""
    other = crisp.connect(sandbox=sandbox, sleep=waits.append)
    day = ws.quota.days.today
    ws = crisp.connect(
        sandbox=sandbox, sleep=lambda seconds: other.quota.close(day, "429 rate_limited")
    )
    sandbox.faults(operation=READ, status=420, next=100)
    with pytest.raises(crisp.QuotaExceeded, match="429 rate_limited") as caught:
        ws.client.call(READ, website_id=ws.website_id)
    assert caught.value.__cause__.status == 420
    assert sent(sandbox) == 1


def test_refusals_of_yesterday_do_not_close_today(sandbox, ws):
    """The day turns between the first refusal and the last: the tries begin anew."""
    sandbox.clock(advance_s=14 * 3600 + 59 * 60 + 30)  # half a minute to midnight

    def sleep(seconds):
        sandbox.clock(advance_s=seconds)

    ws = crisp.connect(sandbox=sandbox, sleep=sleep)
    sandbox.faults(operation=READ, status=429, next=10)
    ws.client.call(READ, website_id=ws.website_id)
    assert sandbox.now.day == 3
    assert ws.quota.refusal == ""
    assert sent(sandbox) == 11


def test_a_read_waits_for_the_day_that_crisp_closed(sandbox):
    ws = crisp.connect(
        sandbox=sandbox, on_quota="wait", sleep=lambda seconds: sandbox.clock(advance_s=seconds)
    )
    sandbox.faults(operation=READ, status=429, next=1, retry_after=6 * 3600)
    assert ws.client.call(READ, website_id=ws.website_id)["count"] >= 0
    assert sandbox.now.day == 3
    assert ws.quota.used == 1


def test_tls_that_breaks_after_the_work_was_done_is_a_lost_answer(monkeypatch):
    """Only a certificate that is refused proves that nothing was sent."""
    real, broken = server.Connection._respond, []

    def respond(connection):
        if connection.command == "POST" and not broken:
            raw = socket.fromfd(connection.connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)

            def write(content):
                broken.append(content)  # first, for the client goes on as soon as it is answered
                connection.close_connection = True
                raw.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")  # a proxy's, in clear

            monkeypatch.setattr(connection.wfile, "write", write)
        real(connection)

    monkeypatch.setattr(server.Connection, "do_GET", respond)
    monkeypatch.setattr(server.Connection, "do_POST", respond)
    with Sandbox(seed=1, conversations=20, tls=True) as sandbox:
        ws = crisp.connect(sandbox=sandbox, sleep=lambda seconds: None)
        with pytest.raises(crisp.Offline, match="may have been carried out"):
            ws.client.call("create_new_conversation", website_id=ws.website_id)
        assert broken
        assert sent(sandbox, "create_new_conversation") == 1
        assert ws.quota.used == sandbox.stats()["requests"]


def test_a_certificate_that_is_refused_costs_nothing():
    with Sandbox(seed=1, conversations=20, tls=True) as sandbox:
        client = Client(
            config.Settings(config.Credentials("stranger", "key", "plugin"), sandbox.url),
            sleep=pytest.fail,
        )
        with pytest.raises(Untrusted, match="prove its identity"):
            client.call(READ, website_id=sandbox.website_id)
        assert client.quota.used == sandbox.stats()["requests"] == 0
