"""The sandbox's socket: HTTP/1.1 with persistent connections, on 127.0.0.1 and nowhere else.

The standard library's `http.server` is used because the faults need the raw socket: an
answer dropped after the work was done, or cut in the middle, is no answer that a web
framework lets one give. What it must do beside that is little.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import Any

from .routes import Request


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes over the socket."""

    status: int
    body: bytes
    date: str
    headers: tuple[tuple[str, str], ...] = ()
    #: Bytes of the body to send before breaking off; 0 sends no answer at all.
    cut: int | None = None


Responder = Callable[[Request], Reply]

_servers: weakref.WeakSet[Server] = weakref.WeakSet()


def _leave_to_parent() -> None:
    """Close a forked child's copies: its port would take connections that nobody answers."""
    for server in tuple(_servers):
        server.socket.close()
        for sock in tuple(server.connections):
            sock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)


class Server(ThreadingTCPServer):
    """A server bound to loopback when it is made, in the thread that makes it."""

    # On Windows the option lets two servers have one port, without an error.
    allow_reuse_address = sys.platform != "win32"
    daemon_threads = True
    request_queue_size = 128
    #: Only in case that `stop` fails to wake the server (s).
    timeout = 1

    def __init__(self, port: int, respond: Responder, context: ssl.SSLContext | None) -> None:
        self.respond = respond
        self._context = context
        self.connections: set[socket.socket] = set()
        self._stopping = False
        # Not an HTTPServer, which would ask the system's name server for its own name.
        super().__init__(("127.0.0.1", port), Connection)
        self.port: int = self.server_address[1]
        _servers.add(self)

    def get_request(self) -> tuple[Any, Any]:
        """Accept a connection; its handshake waits for the connection's own thread."""
        sock, address = super().get_request()
        if self._context is not None:
            sock = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self.connections.add(sock)
        return sock, address

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ended."""
        self.connections.discard(request)
        super().shutdown_request(request)

    def serve_until_stopped(self) -> None:
        """Accept connections until `stop`."""
        while not self._stopping:
            self.handle_request()

    def stop(self, thread: threading.Thread) -> None:
        """End the serving thread at once: a last connection wakes it from its wait."""
        self._stopping = True
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        thread.join()
        self.server_close()

    def server_close(self) -> None:
        """Close the persistent connections too, which would go on being answered."""
        super().server_close()
        for sock in tuple(self.connections):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about connections that clients break off, and about nothing else."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Connection(BaseHTTPRequestHandler):
    """One persistent connection: reads requests, writes each answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def _read(self) -> bytes:
        """Read the body, sent with its length or in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)

    def _respond(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, self.path, headers, self._read())
        reply = self.server.respond(request)
        self.close_connection = self.close_connection or reply.cut is not None
        if reply.cut == 0:
            return
        head = [f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('',))[0]}"]
        head += [
            "Content-Type: application/json",
            f"Content-Length: {len(reply.body)}",
            f"Date: {reply.date}",
            *(f"{name}: {value}" for name, value in reply.headers),
        ]
        content = b"" if self.command == "HEAD" else reply.body[: reply.cut]
        self.wfile.write("\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + content)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _respond

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: requests carry credentials and people's words."""
