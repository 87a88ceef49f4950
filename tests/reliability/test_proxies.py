"""A proxy on the way that wants a password, is slow, or closes after any byte.

Behind it is the sandbox: what reached it is what it counted, and what is there is its truth.
"""

from __future__ import annotations

import base64
import os
import socket
import ssl
import time
from contextlib import contextmanager, suppress

import pytest
import trustme

import crisp_data as crisp
from crisp_data.sandbox import Sandbox
from tests.marks import slow
from tests.reliability.children import PATIENCE, counted
from tests.rest.test_network import HOST, head_of, serving

pytestmark = [pytest.mark.reliability("proxies"), pytest.mark.timeout(600)]
USER, PASSWORD = "reader", "correct-horse"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def world():
    with Sandbox(seed=1, conversations=8) as sandbox:
        yield sandbox


@contextmanager
def proxy(sandbox, authority, allowance=lambda: None, piece=None):
    """Serve a proxy that wants a password, with the sandbox behind it as the host.

    ``allowance`` says how many bytes of answers a tunnel lets through before it closes; None for
    all. ``piece`` is how many it lets through at once, with a pause between.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)
    expected = base64.b64encode(f"{USER}:{PASSWORD}".encode())
    port = int(sandbox.host.rpartition(":")[2])

    def handle(connection, heard):
        head = head_of(connection)
        heard.append(head)
        if b"Proxy-Authorization: Basic " + expected not in head:
            answer = b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(answer)
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with (
            suppress(OSError),
            context.wrap_socket(connection, server_side=True) as secured,
            socket.create_connection(("127.0.0.1", port)) as server,
        ):
            relay(secured, server, allowance(), piece)

    with serving(handle) as served:
        yield served


def relay(client, server, left, piece):
    """Carry one request after another to the server, and the answers back."""
    while request := request_of(client):
        server.sendall(request)
        answer = answer_of(server)
        while answer:
            part, answer = answer[: piece or len(answer)], answer[piece or len(answer) :]
            if left is not None:
                part, left = part[:left], left - len(part)
            client.sendall(part)
            if left is not None and left <= 0:
                return
            if piece:
                time.sleep(0.0005)


def request_of(client):
    head = head_of(client)
    return head.replace(b"Host: " + HOST.encode(), b"Host: 127.0.0.1")


def answer_of(server):
    """Read an answer as the sandbox gives it: with its length, or without a body."""
    read = head_of(server)
    head, _, body = read.partition(b"\r\n\r\n")
    lengths = [
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    ]
    missing = (lengths or [0])[0] - len(body)
    while missing > 0:
        more = server.recv(missing)
        read, missing = read + more, missing - len(more)
    return read


def connect(sandbox, authority, folder, monkeypatch, port, password=PASSWORD, **options):
    """Connect by way of the proxy, to a host that nobody but it knows."""
    authority.cert_pem.write_to_path(folder / "ca.pem")
    given = f"{USER}:{password}@" if password else ""
    monkeypatch.setenv("HTTPS_PROXY", f"http://{given}127.0.0.1:{port}")
    card = sandbox.card()
    return crisp.connect(
        card["website_id"],
        **{name: card[name] for name in ("identifier", "key", "tier")},
        base_url=f"https://{HOST}/v1/",
        ca=str(folder / "ca.pem"),
        sleep=lambda seconds: None,
        quota=10**6,
        **{"retry": PATIENCE, "workers": 2, **options},
    )


@pytest.mark.parametrize("piece", [None, *slow(64)])
def test_what_comes_through_a_proxy_with_a_password_is_whole(
    world, authority, tmp_path, monkeypatch, piece
):
    with proxy(world, authority, piece=piece) as (port, heard):
        ws = connect(world, authority, tmp_path, monkeypatch, port)
        conversations = ws.conversations()
        messages = ws.messages(conversations)
        ws.close()
    assert list(conversations["session_id"]) == [
        row["session_id"] for row in world.truth("conversations")
    ]
    assert len(messages) == len(world.truth("messages"))
    assert ws.quota.used == world.stats()["requests"]
    assert all(head.startswith(b"CONNECT ") for head in heard)


@pytest.mark.parametrize("password", ["", "wrong-horse"])
def test_without_the_right_password_nothing_is_sent_or_counted(
    world, authority, tmp_path, monkeypatch, password
):
    with proxy(world, authority) as (port, heard):
        with pytest.raises(crisp.ProxyFailed) as caught:
            connect(world, authority, tmp_path, monkeypatch, port, password)
        assert "407" in str(caught.value)
        assert "password" in str(caught.value)
        assert not password or password not in str(caught.value)
        assert (world.stats()["requests"], len(heard)) == (0, 1)
        ws = connect(world, authority, tmp_path, monkeypatch, port)
        assert len(ws.conversations()) == len(world.truth("conversations"))
        assert ws.quota.used == world.stats()["requests"]
        ws.close()


@pytest.mark.parametrize("cuts", [[0, 1, 200], *slow([*range(0, 900, 45)])], ids=len)
def test_a_proxy_that_closes_after_any_byte_loses_no_row_and_no_count(
    world, authority, tmp_path, monkeypatch, cuts, reliability
):
    """The first tunnel is cut; the request that was on it counts, and is sent again."""
    truth = [row["session_id"] for row in world.truth("conversations")]
    for cut in cuts:
        left = [cut]
        with proxy(world, authority, lambda left=left: left.pop() if left else None) as (port, _):
            ws = connect(world, authority, tmp_path, monkeypatch, port, cache=False)
            found = ws.conversations()
            ws.close()
        assert list(found["session_id"]) == truth
        assert not left
        assert counted(tmp_path) == world.stats()["requests"]
    reliability.count(len(cuts), "proxies that closed after a byte")
