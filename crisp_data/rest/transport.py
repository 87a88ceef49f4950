"""The only way to a socket: over the ledger, with retries.

Every attempt is reserved in the ledger before it is sent, repeated ones too: that is why
urllib3's own retries, which nobody above them can see, are off. What a read meets on the way
(rate limits, failures, lost or truncated answers, the end of the day's quota) is met here; a
write is sent once, for nobody can know whether a lost answer means lost work.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import requests
from requests.adapters import DEFAULT_POOLSIZE, HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError

from crisp_data import errors
from crisp_data.api import envelope, routes
from crisp_data.errors import ApiError, BadAnswer, CrispError, FileTrouble, Offline, QuotaExceeded
from crisp_data.quota.ledger import Ledger, Reservation
from crisp_data.rest import waits, write_outcome
from crisp_data.rest.bare_error import bare
from crisp_data.rest.network import not_sent
from crisp_data.rest.retry import Attempts, RetryPolicy

#: A header that never leaves this machine: which pull a page belongs to. It is part of the
#: cache's key, so pages of two pulls are never mixed into one list.
PULL = "X-Crisp-Data-Pull"
#: Likewise: the operation, for a few share verb and path with another.
OPERATION = "X-Crisp-Data-Operation"
#: Likewise: that a read belongs to a write, and so is paid from what is reserved for writes.
FOR_WRITE = "X-Crisp-Data-For-Write"


class Transport(HTTPAdapter):
    """The only way to a socket: reserves, tries, waits, reserves and tries again.

    It reads and judges the whole answer before it hands it up, so that a truncated one is
    tried again and a refusal never reaches the cache.

    Crisp says 420, 423 or 429 both for a passing limit and for a day that is spent. The two are
    told apart by how long it lasts. It is the day where the answer asks to wait for longer
    than ``retry.longest``, or where a read is still refused after all its tries and their
    waits since the first refusal came to ``retry.RATE_LIMIT_WINDOW`` seconds. Then the day is
    closed in the ledger, and every later read and write of any process meets
    :class:`QuotaExceeded` there, at no cost. All else is a short pause: a read waits and goes
    on. A write, sent once, can tell the day by a long ``Retry-After`` alone, and by 420 or 429
    only: 423 on a write is a quota of the workspace's plan.

    Waiting for the reset is for :class:`crisp_data.rest.client.Client`: here the lock of a single
    flight may be held, and others would hang on it for hours.
    """

    def __init__(
        self, ledger: Ledger, retry: RetryPolicy, sleep: Callable[[float], None], connections: int
    ) -> None:
        super().__init__(pool_maxsize=connections, max_retries=0)
        self.ledger, self.retry, self.sleep = ledger, retry, sleep
        self._connections, self._pid = connections, os.getpid()

    def _leave_sockets_to_parent(self) -> None:
        """After a fork, connect anew: two processes on one socket take each other's answers."""
        if self._pid != os.getpid():
            # Not closed: the pool's own lock may have been held at the fork, by another thread.
            _inherited.append((self.poolmanager, self.proxy_manager))
            self.proxy_manager = {}
            self.init_poolmanager(DEFAULT_POOLSIZE, self._connections)
            self._pid = os.getpid()  # last: no thread goes on before its sockets are its own

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send one request; raise a :class:`CrispError` unless the answer is a success.

        Parameters
        ----------
        request : requests.PreparedRequest
            The request.
        *args : object
            Passed to requests.
        **kwargs : object
            Passed to requests.

        Returns
        -------
        requests.Response
            The answer, a success.

        Raises
        ------
        ApiError
            Crisp refuses; the class says why.
        BadAnswer
            The answer is not Crisp's JSON.
        Offline
            Crisp cannot be reached.
        """
        method, name = request.method or "GET", request.headers.pop(OPERATION, None)
        route = routes.lookup(name) if name else None
        pull = request.headers.pop(PULL, None) or uuid.uuid4().hex
        repeats = method in ("GET", "HEAD")
        write = request.headers.pop(FOR_WRITE, None) is not None or _writes(route, method)
        tries = Attempts(self.retry, repeats)
        while True:
            reservation = self._reserve(route, write, tries.last)
            try:
                response = self._attempt(request, route, reservation, *args, **kwargs)
            except (Offline, BadAnswer, ApiError) as error:
                tries.failed(error, reservation.days[0])
                if tries.met_the_day(error):
                    spent = self.ledger.close(tries.day, f"{error.status} {error.reason}")
                    if not repeats:
                        raise spent from error
                    # The ledger now refuses, unless the day has turned between the first
                    # refusal and the last: then all begins anew.
                    tries = Attempts(self.retry, repeats, error)
                elif (pause := tries.pause(error)) is None or not waits.allowed(pause):
                    raise
                else:
                    self.sleep(pause)
            else:
                response.headers[PULL] = pull
                return response

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        """Let the pool's connections note when the request itself begins to be sent."""
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = _noting(type(pool).ConnectionCls)
        return pool

    def _reserve(
        self, route: routes.Route | None, write: bool, last: CrispError | None
    ) -> Reservation:
        """Count the next attempt; a refusal says what the attempt before met."""
        try:
            return self.ledger.reserve(route.name if route else "unknown", write=write)
        except FileTrouble as error:
            raise errors.NotCounted(
                f"{error.what} Nothing was sent.", error.hint
            ) from error.__cause__
        except QuotaExceeded as spent:
            raise spent from last

    def _attempt(
        self,
        request: requests.PreparedRequest,
        route: routes.Route | None,
        reservation: Reservation,
        *args: Any,
        **kwargs: Any,
    ) -> requests.Response:
        method, operation = request.method or "GET", reservation.operation
        writes, status = _writes(route, method), None
        self._leave_sockets_to_parent()
        _thread.sending = False
        failure: CrispError | None = None
        try:
            response = super().send(request, *args, **kwargs)
            status = response.status_code
            body = response.content  # read here, so that a truncated body is this attempt's failure
            failure = self._judge(response, body, route, method, operation)
            if failure is None and writes and body:
                envelope.data(body)  # what cannot be read shows now, while it is known as a write
        except CrispError as error:
            failure = bare(error)
        except (OSError, ValueError, HTTPError) as error:
            if not _thread.sending or _never_sent(error):
                with suppress(FileTrouble):  # then too much is counted, which is the safe side
                    self.ledger.release(reservation)
                verify, proxies = kwargs.get("verify"), kwargs.get("proxies")
                failure = not_sent(error, operation, request.url or "", verify, proxies)
            else:
                failure = Offline(f"{operation}: the answer was lost on the way.")
        except BaseException as error:  # Ctrl-C, say
            raise bare(error) from None
        if failure is not None:
            if isinstance(failure, (BadAnswer, Offline)):
                failure.status = status
            # Out here nothing of requests and urllib3 hangs on it: their frames hold the key.
            raise write_outcome.explained(failure) if writes else failure
        return response

    def _judge(
        self,
        response: requests.Response,
        body: bytes,
        route: routes.Route | None,
        method: str,
        operation: str,
    ) -> CrispError | None:
        if response.is_redirect:
            return errors.Redirected(
                f"{operation} was answered with a redirect, which is not followed."
            )
        refusal = envelope.refusal(response.status_code, body, route, method)
        if refusal is not None:
            refusal.retry_after = envelope.retry_after(response.headers, time.time())
        return refusal


_inherited: list[Any] = []
# Whether the attempt of this thread has come to sending its request. Until a connection calls
# request(), it has only been made: proxy, tunnel and certificate are done with before that, and
# whatever fails there, no byte of the request has left.
_thread = threading.local()


@cache
def _noting(kind: type) -> type:
    """Make a kind of connection that notes that."""

    def request(connection: Any, *args: Any, **kwargs: Any) -> None:
        _thread.sending = True
        kind.request(connection, *args, **kwargs)  # type: ignore[attr-defined]

    return type(kind.__name__, (kind,), {"request": request})


def _writes(route: routes.Route | None, method: str) -> bool:
    return not (route.reads if route else method in ("GET", "HEAD"))


def _never_sent(error: Exception) -> bool:
    """Whether a connection was never made; after a read timeout nobody knows.

    Without TLS a connection is made by the request itself, as it begins.
    """
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
