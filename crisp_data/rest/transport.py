"""The only way to a socket: sends one attempt and judges the whole answer.

It reads and judges the whole answer before it hands it up, so that a truncated one is this
attempt's failure and a refusal never reaches the cache. urllib3's own retries are off: each
attempt is reserved in the ledger before it is sent, and those nobody above them could see.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from functools import cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import default_headers
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError
from urllib3.poolmanager import PoolManager

from crisp_data import config, errors
from crisp_data.api import envelope
from crisp_data.errors import BadAnswer, CrispError, FileTrouble, Offline
from crisp_data.local.forks import PerProcess
from crisp_data.quota.ledger import Ledger, Reservation
from crisp_data.rest import network, response_body, write_errors
from crisp_data.rest.bare_error import bare
from crisp_data.rest.call import Answer, Call
from crisp_data.rest.token_auth import TokenAuth

_TIMEOUT = (5.0, 30.0)  # seconds to connect, and between two bytes of an answer


class Transport:
    """Sends attempts over pooled connections, which each process makes for itself.

    An adapter of requests is used and no ``Session``: cookies, redirects and credentials of
    ``.netrc`` are what must not happen here. The environment's proxies and certificates are
    looked up once; requests would go through the whole of it for every request.

    Parameters
    ----------
    settings : Settings
        Which service, and who asks.
    ledger : Ledger
        Takes back what was reserved for an attempt of which no byte was sent.
    connections : int
        How many are kept open.
    bounds : AnswerBounds
        What ends an answer.
    """

    def __init__(
        self,
        settings: config.Settings,
        ledger: Ledger,
        connections: int,
        bounds: config.AnswerBounds,
    ) -> None:
        self._ledger, self._bounds = ledger, bounds
        self.proxies = network.proxies(settings.base_url)
        self.verify = network.certificates(settings)
        self._auth = TokenAuth(settings.credentials)
        self._headers = {**default_headers(), "User-Agent": "crisp_data"}
        # After a fork, connect anew: two processes on one socket take each other's answers.
        self._adapter = PerProcess(lambda: _Adapter(bounds, connections))

    def send(self, call: Call, reservation: Reservation) -> Answer:
        """Send one attempt; raise a :class:`CrispError` unless the answer is a success.

        Parameters
        ----------
        call : Call
            What is asked.
        reservation : Reservation
            What the ledger reserved for this attempt.

        Returns
        -------
        Answer
            The answer, a success.

        Raises
        ------
        ApiError
            Crisp refuses; the class says why.
        BadAnswer
            The answer is not Crisp's JSON, or is out of its bounds.
        Offline
            Crisp cannot be reached.
        """
        failure, status, body = None, 0, b""
        _thread.sending = False
        try:
            response = self._adapter.get().send(
                self._request(call),
                stream=True,
                timeout=_TIMEOUT,
                verify=self.verify,
                proxies=self.proxies,
            )
            status = response.status_code
            # Read here, so that a truncated body is this attempt's failure.
            body = response_body.read(response, self._bounds)
            failure = _judge(call, response, body)
        except errors.AnswerOutOfBounds as error:
            failure = type(error)(f"{call.operation}: {error.what}")
        except CrispError as error:
            failure = bare(error)
        except (OSError, ValueError, HTTPError) as error:
            failure = self._failed(call, reservation, error)
        except BaseException as error:  # Ctrl-C, say
            raise bare(error) from None
        if failure is None:
            return Answer(status, body, time.time())
        if isinstance(failure, (BadAnswer, Offline)):
            failure.status = status or None
        # Out here nothing of requests and urllib3 hangs on it: their frames hold the key.
        raise failure if call.reads else write_errors.explained(failure)

    def _request(self, call: Call) -> requests.PreparedRequest:
        request = requests.PreparedRequest()
        request.method, request.url = call.method, call.url  # which is prepared already
        request.prepare_headers(self._headers)
        request.prepare_body(call.body, None)
        if call.body is not None:
            request.headers["Content-Type"] = "application/json"
        return self._auth(request)

    def _failed(self, call: Call, reservation: Reservation, error: Exception) -> CrispError:
        """Say what an exception of the libraries means; give back what was not sent."""
        if _thread.sending and not _never_sent(error):
            return Offline(f"{call.operation}: the answer was lost on the way.")
        with suppress(FileTrouble):  # then too much is counted, which is the safe side
            self._ledger.release(reservation)
        return network.not_sent(error, call.operation, call.url, self.verify, self.proxies)

    def close(self) -> None:
        """Close the connections that are not in use; the next request opens another."""
        adapter = self._adapter.made()
        if adapter is not None:
            adapter.close()

    def __reduce__(self) -> Any:
        raise TypeError("A transport holds the key, and cannot be pickled.")


class _Adapter(HTTPAdapter):
    """The library's, whose connections note when a request is sent, and bound its answer."""

    def __init__(self, bounds: config.AnswerBounds, connections: int) -> None:
        self._bounds = bounds
        super().__init__(pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _equip(self.poolmanager, self._bounds)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        _equip(manager, self._bounds)
        return manager


# Whether the attempt of this thread has come to sending its request. Until a connection calls
# request(), it has only been made: proxy, tunnel and certificate are done with before that, and
# whatever fails there, no byte of the request has left.
_thread = threading.local()


def _judge(call: Call, response: requests.Response, body: bytes) -> CrispError | None:
    """Say what is wrong with an answer; None where it is a success."""
    if response.is_redirect:
        return errors.Redirected(
            f"{call.operation} was answered with a redirect, which is not followed."
        )
    refusal = envelope.refusal(response.status_code, body, call.route, call.method)
    if refusal is not None:
        refusal.retry_after = envelope.retry_after(response.headers, time.time())
    elif body and not call.reads:
        envelope.data(body)  # what cannot be read shows now, while it is known as a write
    return refusal


def _equip(manager: PoolManager, bounds: config.AnswerBounds) -> None:
    """Give a manager pools, in the place that urllib3 has for them, with connections of ours."""
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {
        scheme: _equipped(kind, bounds) for scheme, kind in pools.items()
    }


@cache
def _equipped(kind: Any, bounds: config.AnswerBounds) -> Any:
    if issubclass(kind.ConnectionCls, _Noting):
        return kind
    connection = type(kind.ConnectionCls.__name__, (_Noting, kind.ConnectionCls), {})
    made = response_body.bounded(connection, bounds)
    return type(kind.__name__, (kind,), {"ConnectionCls": made})


class _Noting:
    """A connection that notes when its request begins to be sent."""

    def request(self, *args: Any, **kwargs: Any) -> None:
        _thread.sending = True
        super().request(*args, **kwargs)  # type: ignore[misc]


def _never_sent(error: Exception) -> bool:
    """Whether a connection was never made; after a read timeout nobody knows.

    Without TLS a connection is made by the request itself, as it begins.
    """
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
