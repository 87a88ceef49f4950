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
from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from crisp_data import config, errors
from crisp_data.api import envelope
from crisp_data.errors import BadAnswer, CrispError, FileTrouble, Offline
from crisp_data.local.forks import PerProcess
from crisp_data.quota.ledger import Ledger, Reservation
from crisp_data.rest import network, response_body, write_errors
from crisp_data.rest.answer_bounds import AnswerBounds
from crisp_data.rest.bare_error import bare
from crisp_data.rest.call import Answer, Call
from crisp_data.secret import Secret, reveal

_TIMEOUT = Timeout(connect=5.0, read=30.0)  # seconds; the second is between two bytes of an answer
_ONCE = Retry(total=False)  # no second try, and errors as they are


class Transport:
    """Sends attempts over pooled connections, which each process makes for itself.

    An adapter of requests makes the pool, with the environment's proxies and certificates, and
    urllib3 alone sends: all requests go to one address. A ``Session`` would add cookies, redirects
    and credentials of ``.netrc``, which must not happen here, and look everything up for every
    request; so does the adapter's own ``send``, which took a quarter of a request's time.

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
        bounds: AnswerBounds,
    ) -> None:
        self._ledger, self._bounds = ledger, bounds
        self.proxies = network.proxies(settings.base_url)
        self.verify = network.certificates(settings)
        self._base_url, self._headers = settings.base_url, _headers(settings.credentials)
        self._secrets = _secrets(self._headers, settings.credentials)
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
            pool = self._adapter.get().pool_for(self._base_url, self.verify, self.proxies)
            written = {} if call.body is None else {"Content-Type": "application/json"}
            response = pool.urlopen(
                call.method,
                "/" + call.url.split("/", 3)[3],
                body=call.body,
                headers=self._headers | written,
                retries=_ONCE,
                redirect=False,
                timeout=_TIMEOUT,
                preload_content=False,
            )
            status = response.status
            # Read here, so that a truncated body is this attempt's failure.
            body = response_body.read(response, self._bounds)
            failure = _judge(call, response, body, self._secrets)
        except errors.AnswerOutOfBounds as error:
            if _thread.sending:
                failure = type(error)(f"{call.operation}: {error.what}")
            else:  # it is a proxy's answer to the wish for a tunnel
                failure = self._failed(call, reservation, error)
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
        # Out here nothing of requests and urllib3 hangs on it: their frames hold the key. (So may
        # the answer, where a proxy repeats what it was given.)
        del body
        raise failure if call.reads else write_errors.explained(failure)

    def _failed(self, call: Call, reservation: Reservation, error: Exception) -> CrispError:
        """Say what an exception of the libraries means; give back what was not sent."""
        # Without TLS a connection is made by the request itself, as it begins.
        never_sent = isinstance(error, (ConnectTimeoutError, NewConnectionError))
        if _thread.sending and not never_sent:
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

    def __init__(self, bounds: AnswerBounds, connections: int) -> None:
        self._bounds = bounds
        self._pool: Any = None
        super().__init__(pool_maxsize=connections)

    def pool_for(self, url: str, verify: str | bool, proxies: dict[str, str]) -> Any:
        """Give the connections to an address, which is always the same one.

        Parameters
        ----------
        url : str
            The address.
        verify : str or bool
            The file of authorities to trust; True for those that requests brings along.
        proxies : dict[str, str]
            The proxies, by scheme.

        Returns
        -------
        HTTPConnectionPool
            The connections.
        """
        if (pool := self._pool) is None:
            request = requests.Request("GET", url).prepare()
            pool = self.get_connection_with_tls_context(request, verify, proxies)
            self.cert_verify(pool, url, verify, None)  # type: ignore[no-untyped-call]
            self._pool = pool
        return pool

    def close(self) -> None:
        self._pool = None  # what is closed takes no request any more
        super().close()

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


def _headers(token: config.Credentials) -> dict[str, str]:
    """Make the headers of all requests; the one that holds the key is never shown."""
    plain = envelope.headers(token.identifier, reveal(token.key), token.tier)
    secret = {"Authorization": Secret(plain.pop("Authorization"))}
    return {**default_headers(), "User-Agent": "crisp_data", **plain, **secret}


def _secrets(headers: dict[str, str], token: config.Credentials) -> tuple[Secret, ...]:
    """List what no error may say, whoever repeats it: the key, and how it is sent."""
    sent = reveal(headers["Authorization"]).rpartition(" ")[2]
    return Secret(sent), Secret(reveal(token.key))


def _judge(
    call: Call, response: BaseHTTPResponse, body: bytes, secrets: tuple[Secret, ...]
) -> CrispError | None:
    """Say what is wrong with an answer; None where it is a success."""
    if isinstance(response.get_redirect_location(), str):
        return errors.Redirected(
            f"{call.operation} was answered with a redirect, which is not followed."
        )
    refusal = envelope.refusal(response.status, body, call.route, call.method)
    if refusal is not None:
        # Once more without what the error may not say: a proxy may repeat what it was given.
        for secret in secrets:
            body = body.replace(secret.encode(), b"(hidden)")
        refusal = envelope.refusal(response.status, body, call.route, call.method) or refusal
        refusal.retry_after = envelope.retry_after(response.headers, time.time())
    elif body and not call.reads:
        envelope.data(body)  # what cannot be read shows now, while it is known as a write
    return refusal


def _equip(manager: PoolManager, bounds: AnswerBounds) -> None:
    """Give a manager pools, in the place that urllib3 has for them, with connections of ours."""
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {
        scheme: _equipped(kind, bounds) for scheme, kind in pools.items()
    }


@cache
def _equipped(kind: Any, bounds: AnswerBounds) -> Any:
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
