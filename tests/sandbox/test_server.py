"""The socket: loopback only, persistent connections, TLS, many threads, a port that is taken."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from crisp_data.sandbox import Sandbox, server

from .conftest import Api


def test_what_a_sandbox_tells_of_itself(sandbox):
    assert sandbox.url == f"{sandbox.host}/v1/"
    assert sandbox.host.startswith("http://127.0.0.1:")
    assert sandbox.ca is None
    assert sandbox.now.isoformat() == "2026-11-02T09:00:00+00:00"
    assert sandbox.card() == {
        "url": sandbox.url,
        "host": sandbox.host,
        "identifier": sandbox.identifier,
        "key": sandbox.key,
        "tier": "plugin",
        "website_id": sandbox.website_id,
    }
    assert sandbox.key not in repr(sandbox)


def test_a_connection_persists_and_its_answers_dated_by_the_sandbox(sandbox):
    connection = http.client.HTTPConnection("127.0.0.1", int(sandbox.host.rsplit(":", 1)[1]))
    connection.request("GET", "/v1/website")
    answer = connection.getresponse()
    answer.read()
    local = connection.sock.getsockname()
    assert answer.version == 11
    assert answer.headers["Date"] == "Mon, 02 Nov 2026 09:00:00 GMT"
    assert answer.headers["Bloom-Status"] == "MISS"
    connection.request("POST", "/v1/website", body=b"{}")
    answer = connection.getresponse()
    assert answer.headers["Bloom-Status"] is None
    assert json.loads(answer.read())["error"] is True
    assert connection.sock.getsockname() == local
    connection.close()


def test_a_body_may_come_in_pieces(api, session_id):
    pieces = (b'{"type": "text", "from": "user",', b' "origin": "chat", "content": "Hi"}')
    answer = api.post(f"conversation/{session_id}/message", data=iter(pieces))
    assert answer.json()["reason"] == "dispatched"
    assert api.get("").ok


def test_nothing_follows_the_head_of_an_answer_to_head(sandbox):
    port = int(sandbox.host.rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
        raw.sendall(b"HEAD /v1/website HTTP/1.1\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert answer.endswith(b"\r\n\r\n")


def test_a_taken_port_is_an_error_in_the_callers_thread(sandbox):
    port = int(sandbox.host.rsplit(":", 1)[1])
    with pytest.raises(OSError, match=r"in use|10013|10048"):  # the last two are Windows'
        Sandbox(conversations=1, port=port).start()


def test_starting_asks_no_name_server_and_stopping_waits_for_no_clock(monkeypatch):
    monkeypatch.setattr(socket, "getfqdn", pytest.fail)
    monkeypatch.setattr(server.Server, "timeout", None)  # Only being woken ends its wait.
    box = Sandbox(conversations=1).start()
    box.stop()
    assert "stopped" in repr(box)


@pytest.mark.slow
def test_the_validator_is_imported_with_the_first_body_and_not_before():
    code = "import sys, crisp_data.sandbox as s; s.Sandbox(); print('jsonschema' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout == "False\n"


def test_a_sandbox_that_does_not_run_has_no_address():
    box = Sandbox(conversations=1)
    with pytest.raises(RuntimeError, match="start"):
        _ = box.url
    assert "stopped" in repr(box)
    box.start()
    assert box.start() is box
    host = box.host
    box.stop()
    box.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(host, timeout=60)


def test_a_stopped_sandbox_answers_no_open_connection_either():
    box = Sandbox(conversations=1).start()
    connection = http.client.HTTPConnection("127.0.0.1", int(box.host.rsplit(":", 1)[1]))
    connection.request("GET", "/v1/website")
    connection.getresponse().read()
    box.stop()

    def again():
        connection.request("GET", "/v1/website")
        connection.getresponse()

    with pytest.raises((http.client.HTTPException, OSError)):
        again()
    connection.close()


def test_threads_are_answered_one_step_at_a_time(sandbox):
    body = {"type": "text", "from": "user", "origin": "chat", "content": "Hi"}
    session_id = sandbox.truth("conversations")[0]["session_id"]

    def work(_):
        with Api(sandbox) as api:
            path = f"conversation/{session_id}/message"
            return [api.post(path, json=body).json()["data"]["fingerprint"] for _ in range(15)]

    before = len(sandbox.truth("messages"))
    with ThreadPoolExecutor(8) as pool:
        sent = [fingerprint for found in pool.map(work, range(8)) for fingerprint in found]
    assert len(set(sent)) == 120
    assert len(sandbox.truth("messages")) == before + 120
    assert sandbox.stats()["requests"] == 120
    assert sandbox.now.timestamp() * 1000 % 1000 == 120


def test_https_with_a_certificate_of_its_own(make):
    box, api = make(tls=True)
    assert box.host.startswith("https://127.0.0.1:")
    assert box.card()["ca"] == box.ca
    assert api.get("", verify=box.ca).ok
    api.close()
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(box.url, timeout=60)
    assert api.get("", verify=box.ca).ok


SERVE = """
import time
from crisp_data.sandbox import Sandbox
box, doze, first = Sandbox(conversations=1).start(), time.sleep, ["serving"]

def sleep(seconds):
    while first:
        print(first.pop(), flush=True)
    doze(seconds)

time.sleep = sleep
print(box.host, flush=True)
box.serve_forever()
print("stopped", flush=True)
"""


@pytest.mark.needs("interrupts")
def test_serving_ends_when_interrupted():
    command = [sys.executable, "-c", SERVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
        try:
            host = run.stdout.readline().strip()
            assert requests.get(f"{host}/_sandbox/stats", timeout=60).json()["requests"] == 0
            assert run.stdout.readline() == "serving\n"  # no sooner than it waits for an end
            run.send_signal(signal.SIGINT)
            assert run.communicate(timeout=60)[0] == "stopped\n"
            assert run.returncode == 0
        finally:
            run.kill()


def test_serving_ends_when_stopped_from_another_thread(monkeypatch):
    box, doze, begun = Sandbox(conversations=1).start(), time.sleep, threading.Event()

    def sleep(seconds):
        begun.set()
        doze(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    thread = threading.Thread(target=box.serve_forever, daemon=True)
    thread.start()
    assert begun.wait(60)  # A stop before the thread has begun would be undone by its start.
    box.stop()
    thread.join(60)
    assert not thread.is_alive()
