"""A server on loopback whose every byte a test writes by hand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from crisp_data import config
from crisp_data.rest.client import Client

WEBSITE = "00000000-0000-4000-8000-000000000000"
BODY = b'{"error":false,"reason":"resolved","data":{"count":7}}'


def whole(body: bytes = BODY, *headers: str) -> bytes:
    """An answer as a well-behaved server gives it."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Loopback:
    """Answers each request by a function, which is given the socket and the request's number.

    Attributes
    ----------
    requests : list of str
        The request lines that came.
    connections : int
        How many connections were made.
    closed : Event
        Set once a connection ended while its function was still at work.
    stop : Event
        Set when the server ends: what a function waits for.
    """

    def __init__(self, answer: Callable[[socket.socket, int], None]) -> None:
        self._answer = answer
        self.requests: list[str] = []
        self.connections = 0
        self.closed, self.stop = threading.Event(), threading.Event()

    def __enter__(self) -> Loopback:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        with suppress(OSError):  # wakes the thread that accepts
            socket.create_connection(("127.0.0.1", self._port), timeout=5).close()
        self._threads[0].join(10)
        self._listener.close()
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join(10)  # Wine wakes none that waits for bytes: it ends with the process

    def client(self, **options: object) -> Client:
        """A client of this server that waits for nothing."""
        settings = config.Settings(
            config.Credentials("stranger", "key", "plugin"), f"http://127.0.0.1:{self._port}/v1/"
        )
        return Client(settings, **{"sleep": lambda seconds: None, **options})

    def read(self, client: Client) -> object:
        return client.call("count_visitors", website_id=WEBSITE, refresh=True)

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self.stop.is_set():
                connection.close()
                return
            self.connections += 1
            self._sockets.append(connection)
            self._threads.append(
                threading.Thread(target=self._serve, args=[connection], daemon=True)
            )
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as incoming:
            while line := incoming.readline():
                self.requests.append(line.decode().split(" HTTP")[0])
                length = 0
                while (header := incoming.readline()) not in (b"\r\n", b""):
                    name, _, value = header.decode().partition(":")
                    length = int(value) if name.lower() == "content-length" else length
                incoming.read(length)
                try:
                    self._answer(connection, len(self.requests))
                except OSError:
                    self.closed.set()
                    raise
