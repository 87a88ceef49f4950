"""One answer read within its bounds: bytes as they come and unpacked, seconds, depth.

Own code, because the timeouts of requests and urllib3 are for one wait on the socket, which a
server that sends a byte a second never exceeds, and neither bounds the length of an answer.
All bytes of an answer pass here, its headers too: a server may never end those either.
"""

from __future__ import annotations

import io
import time
from functools import cache, partial
from http.client import HTTPResponse, parse_headers
from typing import Any

from urllib3 import BaseHTTPResponse

from crisp_data.api.json_depth import deeper_than
from crisp_data.errors import AnswerTooDeep, AnswerTooLarge, AnswerTooSlow
from crisp_data.rest.answer_bounds import AnswerBounds

_PIECE = 65_536  # bytes unpacked at a time


def read(response: BaseHTTPResponse, bounds: AnswerBounds) -> bytes:
    """Read the body of an answer to its end, unpacked.

    A connection whose answer was given up is closed: what is still to come on it would be taken
    for the next answer.

    Parameters
    ----------
    response : BaseHTTPResponse
        An answer whose body was not read yet, from a connection of :func:`bounded`.
    bounds : AnswerBounds
        What one answer may be.

    Returns
    -------
    bytes
        The body.

    Raises
    ------
    AnswerTooLarge
        It has more bytes than it may.
    AnswerTooDeep
        Its JSON has more levels than it may.
    AnswerTooSlow
        It took longer than it may.
    """
    pieces, size = [], 0
    for piece in response.stream(_PIECE, decode_content=True):
        size += len(piece)
        if size > bounds.max_bytes:
            response.close()
            response.release_conn()
            raise _too_large(bounds)
        pieces.append(piece)
    body = b"".join(pieces)
    if deeper_than(body, bounds.max_depth):
        raise AnswerTooDeep(f"The answer is nested in more than {bounds.max_depth} levels.")
    return body


@cache
def bounded(kind: type, bounds: AnswerBounds) -> Any:
    """Make a kind of connection whose answers end at the bounds.

    Parameters
    ----------
    kind : type
        A kind of connection of urllib3's.
    bounds : AnswerBounds
        What one answer may be.

    Returns
    -------
    type
        The kind of connection.
    """
    made = staticmethod(partial(_BoundedResponse, bounds=bounds))
    return type(kind.__name__, (kind,), {"response_class": made})


class _BoundedResponse(HTTPResponse):
    """An answer that reads its socket through :class:`_BoundedReader`."""

    def __init__(self, sock: Any, *args: Any, bounds: AnswerBounds, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_BoundedReader(sock, self.fp.detach(), bounds))

    def _read_status(self) -> tuple[str, int, str]:
        """Skip what comes before an answer, such as 103 (Early Hints); the library skips 100 alone.

        It would take another for the answer, and the answer itself for that of the next request.
        """
        while True:
            found: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
            if not 101 < found[1] < 200:
                return found
            parse_headers(self.fp)


class _BoundedReader(io.RawIOBase):
    """Reads a socket, for so many bytes and seconds in all.

    Parameters
    ----------
    sock : socket
        The connection, whose own timeout stays the bound of one wait.
    raw : RawIOBase
        The file over it.
    bounds : AnswerBounds
        What one answer may be.
    """

    def __init__(self, sock: Any, raw: io.RawIOBase, bounds: AnswerBounds) -> None:
        self._sock, self._raw, self._bounds = sock, raw, bounds
        self._timeout: float | None = sock.gettimeout()
        self._until = time.monotonic() + bounds.max_seconds
        self._bytes = 0

    def readinto(self, buffer: Any) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise _too_slow(self._bounds)
        if self._timeout is None or left < self._timeout:
            size = self._read_within(left, buffer)
        else:
            size = self._raw.readinto(buffer)
        self._bytes += size or 0
        if self._bytes > self._bounds.max_bytes:
            raise _too_large(self._bounds)
        return size

    def _read_within(self, seconds: float, buffer: Any) -> int | None:
        self._sock.settimeout(seconds)
        try:
            return self._raw.readinto(buffer)
        except TimeoutError:
            raise _too_slow(self._bounds) from None
        finally:
            self._sock.settimeout(self._timeout)

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def close(self) -> None:
        self._raw.close()
        super().close()


def _too_large(bounds: AnswerBounds) -> AnswerTooLarge:
    return AnswerTooLarge(f"The answer has more than {bounds.max_bytes:,} bytes.")


def _too_slow(bounds: AnswerBounds) -> AnswerTooSlow:
    return AnswerTooSlow(f"The answer was not whole after {bounds.max_seconds:,g} seconds.")
