"""Proxies and certificates that do not work cost nothing, and are told by the setting's name.

Each proxy is a server of this test on loopback, which writes down what reached it.
"""

from __future__ import annotations

import os
import socket
import socketserver
import ssl
import threading
import time
from contextlib import contextmanager, suppress

import pytest
import trustme

import crisp_data as crisp
from crisp_data import config
from crisp_data.errors import Untrusted
from crisp_data.rest.client import Client
from crisp_data.workspace.workspace import Workspace

pytestmark = pytest.mark.reliability("proxies")

HOST = "crisp.example"  # whose name nobody looks up but a proxy
WEBSITE = "00000000-0000-4000-8000-000000000001"
SESSION = "session_00000000-0000-4000-8000-000000000002"
READ = "count_visitors"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)


def reader(**options):
    settings = config.Settings(config.Credentials("who", "secret", "plugin"), f"https://{HOST}/v1/")
    return Client(settings, sleep=pytest.fail, writes=True, **options)


@contextmanager
def serving(handle):
    """Serve connections on loopback; gives the port, and what each began by saying."""
    heard = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            handle(self.request, heard)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True

        def handle_error(self, request, client_address):
            pass  # a client that hangs up is what is tried here

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1], heard
        finally:
            server.shutdown()
            thread.join(60)


def head_of(connection):
    """Read up to the empty line."""
    read = b""
    while b"\r\n\r\n" not in read and (more := connection.recv(4096)):
        read += more
    return read


def answering(status):
    def handle(connection, heard):
        heard.append(head_of(connection))
        if status:
            connection.sendall(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())

    return handle


def nothing_counted(client):
    return client.quota.used == 0 and client.quota.by_operation() == {}


def refused(client, kind=crisp.ProxyFailed):
    """Read and send, and give the error of the read; neither waits nor costs."""
    with pytest.raises(kind) as caught:
        client.call(READ, website_id=WEBSITE)
    ws = Workspace(client, WEBSITE)
    with pytest.raises(kind):
        ws.send(SESSION, "Hello")
    assert nothing_counted(client)
    assert ws.outbox.counts == {"queued": 1} | dict.fromkeys(
        ["sending", "unknown", "sent", "failed"], 0
    )
    assert "nothing was sent" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])
def test_a_proxy_that_refuses_connections(monkeypatch, name):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv(name, f"http://user:secret@127.0.0.1:{port}")
    said = refused(reader())
    assert (name if os.name != "nt" else name.upper()) in said
    assert HOST in said


class WindowsEnvironment(dict):
    """Finds a variable under any spelling, and lists it in capitals."""

    def get(self, name, default=None):
        return super().get(name.upper(), default)

    def __contains__(self, name):
        return super().__contains__(name.upper())


@pytest.mark.reliability("windows")
def test_a_setting_is_named_as_windows_lists_it(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(os, "environ", WindowsEnvironment(os.environ))
    assert "HTTPS_PROXY" in refused(reader())


def test_a_proxy_whose_name_nobody_knows(monkeypatch):
    def unknown(host, *arguments, **options):
        assert host == "proxy.example"
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    assert "HTTPS_PROXY" in refused(reader())


@pytest.mark.parametrize("status", [403, 407, 502, 503, 0])
def test_a_proxy_that_makes_no_tunnel(monkeypatch, status):
    with serving(answering(status)) as (port, heard):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        said = refused(reader())
    assert "HTTPS_PROXY" in said
    assert (str(status) in said) is bool(status)
    assert ("password" in said) is (status == 407)
    assert all(head.startswith(b"CONNECT crisp.example:443 ") for head in heard)
    assert len(heard) == 2  # one for the read, one for the message: none was tried again
    assert not any(b"Authorization" in head for head in heard)


@pytest.mark.parametrize(
    ("piece", "pause"), [(b"H", 0.02), (b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000, 0)]
)
def test_a_proxy_whose_answer_has_no_end(monkeypatch, piece, pause):
    """Its bounds are those of an answer, but nothing that could be answered was sent."""

    def endless(connection, heard):
        heard.append(head_of(connection))
        while True:  # until the client hangs up
            connection.sendall(piece)
            time.sleep(pause)

    with serving(endless) as (port, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{port}")
        assert "HTTPS_PROXY" in refused(reader(max_seconds=0.5, max_bytes=1_000_000))


@pytest.mark.parametrize(
    "address",
    ["http://", "http://[::1", "http://127.0.0.1:secret", "socks://127.0.0.1:9", "nonsense://x:1"],
)
def test_what_is_no_address_of_a_proxy(monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", address)
    assert "HTTPS_PROXY" in refused(reader())


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4"])
def test_a_proxy_for_which_a_package_is_missing(monkeypatch, scheme):
    """Its address is good; requests cannot use it without PySocks."""
    from requests import adapters

    def missing(*arguments, **options):
        raise adapters.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(adapters, "SOCKSProxyManager", missing)
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://user:secret@127.0.0.1:9")
    said = refused(reader())
    assert "ALL_PROXY" in said
    assert "pip install PySocks" in said
    assert "no proxy's" not in said


@pytest.mark.parametrize("setting", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "ca"])
def test_a_file_of_certificates_that_knows_others(monkeypatch, tmp_path, setting):
    """It can be read, and holds another authority than the server's."""
    authority, other = trustme.CA(), trustme.CA()
    other.cert_pem.write_to_path(tmp_path / "other.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)

    def handle(connection, heard):
        with suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as secured:
            heard.append(head_of(secured))

    with serving(handle) as (port, heard):
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        ])  # fmt: skip
        given = {"ca": str(tmp_path / "other.pem")} if setting == "ca" else {}
        if not given:
            monkeypatch.setenv(setting, str(tmp_path / "other.pem"))
        token = config.Credentials("who", "secret", "plugin")
        settings = config.Settings(token, f"https://{HOST}/v1/", **given)
        said = refused(Client(settings, sleep=pytest.fail, writes=True), Untrusted)
    named = "connect(ca=...)" if given else setting
    assert f"Set {named} to a file" in said
    assert not any(heard)


def test_a_proxy_whose_certificate_nobody_knows(monkeypatch):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    def handle(connection, heard):
        with context.wrap_socket(connection, server_side=True) as secured:
            heard.append(head_of(secured))

    with serving(handle) as (port, heard):
        monkeypatch.setenv("HTTPS_PROXY", f"https://127.0.0.1:{port}")
        said = refused(reader(), Untrusted)
    assert "the proxy set by HTTPS_PROXY cannot prove its identity" in said
    assert not heard


def forbidden(*arguments, **options):
    """As for a file of another user; root, and some systems, may read any."""
    raise PermissionError(13, "Permission denied")


def hang_up_on_hello(connection, heard):
    """End a handshake that a client began: it would wait for more as long as it is told to."""
    heard.append(connection.recv(4096))


@pytest.mark.parametrize("setting", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "ca"])
@pytest.mark.parametrize("kind", ["missing", "folder", "text", "empty", "unreadable"])
def test_a_file_of_certificates_that_is_none(monkeypatch, tmp_path, kind, setting):
    bundle = tmp_path / "bundle.pem"
    if kind == "folder":
        bundle.mkdir()
    elif kind != "missing":
        bundle.write_text("-----BEGIN NONSENSE-----\n" if kind == "text" else "")
    if kind == "unreadable":
        monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", forbidden)
    with serving(hang_up_on_hello) as (port, heard):
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        ])  # fmt: skip
        if setting == "ca":
            settings = config.Settings(
                config.Credentials("who", "secret", "plugin"), f"https://{HOST}/v1/", ca=str(bundle)
            )
            said = refused(Client(settings, sleep=pytest.fail, writes=True), Untrusted)
            assert "connect(ca=...)" in said
        else:
            monkeypatch.setenv(setting, str(bundle))
            said = refused(reader(), Untrusted)
            assert setting in said
        assert not any(b"HTTP/1" in head for head in heard)


def test_a_proxy_that_looks_into_what_is_encrypted(monkeypatch, tmp_path):
    """What is behind it is known by another authority than the machine's own."""
    authority, stranger = trustme.CA(), trustme.CA()
    stranger.cert_pem.write_to_path(tmp_path / "other.pem")
    with tunnel(authority, lambda secured, heard: None) as (port, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "other.pem"))
        said = refused(reader(), Untrusted)
    assert f"{HOST} cannot prove its identity" in said
    assert "REQUESTS_CA_BUNDLE" in said
    assert "HTTPS_PROXY" in said


def test_what_went_through_a_proxy_and_broke_off_is_a_lost_answer(monkeypatch, tmp_path):
    """The request was on its way: it counts, is looked up, and may have been carried out."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")

    def hang_up(secured, heard):
        heard.append(head_of(secured))

    with tunnel(authority, hang_up) as (port, heard):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        client = reader()
        with pytest.raises(crisp.Offline, match="may have been carried out") as caught:
            client.call("create_new_conversation", website_id=WEBSITE)
        assert type(caught.value) is crisp.Offline
        assert client.quota.used == 1
    assert heard[0].startswith(b"POST /v1/website/")


@contextmanager
def tunnel(authority, talk):
    """Serve a proxy behind which a server with a certificate for the host talks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(context)

    def handle(connection, heard):
        head_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with context.wrap_socket(connection, server_side=True) as secured:
            talk(secured, heard)

    with serving(handle) as served:
        yield served


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "name", ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
)
def test_loopback_goes_through_no_proxy(monkeypatch, name, tls):
    """The key would go to it in clear."""
    from crisp_data.sandbox import Sandbox

    with serving(answering(502)) as (port, heard), Sandbox(conversations=20, tls=tls) as sandbox:
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        ws = crisp.connect(sandbox=sandbox, sleep=pytest.fail)
        assert ws.client.call(READ, website_id=ws.website_id)["count"] >= 0
        assert ws.quota.used == sandbox.stats()["requests"] == 2
        assert heard == []


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "[::1]", "LOCALHOST"])
def test_every_name_of_this_machine(monkeypatch, host):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    settings = config.resolve("who", "secret", "plugin", base_url=f"http://{host}:8080/v1/")
    assert dict(Client(settings)._transport.proxies) == {}


def test_the_demo_runs_behind_a_proxy_that_is_dead(monkeypatch, tmp_path):
    from click.testing import CliRunner

    from crisp_data.cli import main

    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    found = CliRunner().invoke(main, ["demo", "-o", str(tmp_path / "demo")])
    assert found.exit_code == 0, found.output
