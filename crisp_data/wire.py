"""The only way to a socket: over the ledger, with patience.

Every attempt is reserved in the ledger before it is sent, repeated ones too: that is why
urllib3's own retries, which nobody above them can see, are off. What a read meets on the way
(rate limits, failures, lost or truncated answers) is met here; a write is sent once, for
nobody can know whether a lost answer means lost work.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError

from crisp_data.errors import (
    ApiError,
    BadAnswer,
    CrispError,
    Offline,
    Redirected,
    Unreachable,
    Untrusted,
)
from crisp_data.protocol import answers, routes
from crisp_data.quota import Ledger

#: A header that never leaves this machine: which pull a page belongs to. It is part of the
#: cache's key, so pages of two pulls are never mixed into one list.
PULL = "X-Crisp-Data-Pull"
#: Likewise: the operation that was called by name, for a few share verb and path with another.
OPERATION = "X-Crisp-Data-Operation"


@dataclass(frozen=True)
class Patience:
    """How long a read is tried again: 60 to 90 s outlasts a rate limit (*observed*).

    Attributes
    ----------
    tries : int
        Attempts in all; each costs a request.
    first, longest : float
        Seconds of the first and the longest wait; each doubles the one before, with a
        quarter of jitter so that many kernels do not come back at once.
    unreachable : int
        Attempts where no connection could be made at all.
    """

    tries: int = 7
    first: float = 1.0
    longest: float = 120.0
    unreachable: int = 3

    def wait(self, attempt: int) -> float:
        """Seconds before the attempt after ``attempt`` (counted from 1)."""
        doubled = self.first * 2.0 ** (attempt - 1)
        return min(self.longest, doubled) * random.uniform(0.75, 1.25)


class Wire(HTTPAdapter):
    """The only way to a socket: reserves, tries, waits, reserves and tries again.

    It reads and judges the whole answer before it hands it up, so that a truncated one is
    tried again and a refusal never reaches the cache.
    """

    def __init__(
        self,
        ledger: Ledger,
        base_url: str,
        patience: Patience = Patience(),
        sleep: Callable[[float], None] = time.sleep,
        connections: int = 4,
    ) -> None:
        super().__init__(pool_maxsize=connections, max_retries=0)
        self.ledger, self._base = ledger, urlsplit(base_url).path
        self.patience, self.sleep = patience, sleep

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        """Send one request; raise a :class:`CrispError` unless the answer is a success."""
        method, path = request.method or "GET", urlsplit(request.url or "").path
        name = request.headers.pop(OPERATION, None)
        found = routes.identify(method, path.removeprefix(self._base))
        route = routes.lookup(name) if name else found
        pull = request.headers.pop(PULL, None) or uuid.uuid4().hex
        reads = method in ("GET", "HEAD")
        for attempt in range(1, self.patience.tries + 1):
            try:
                response = self._attempt(request, route, *args, **kwargs)
            except (Offline, BadAnswer, ApiError) as error:
                wait = self._wait(error, attempt) if reads else None
                if wait is None:
                    raise
                self.sleep(wait)
            else:
                response.headers[PULL] = pull
                return response
        raise AssertionError("the last attempt either returns or raises")

    def _attempt(
        self,
        request: requests.PreparedRequest,
        route: routes.Route | None,
        *args: Any,
        **kwargs: Any,
    ) -> requests.Response:
        method = request.method or "GET"
        operation = route.name if route else "unknown"
        writes = not (route.reads if route else method in ("GET", "HEAD"))
        days = self.ledger.reserve(operation, write=writes)
        try:
            response = super().send(request, *args, **kwargs)
            body = response.content  # read here, so that a truncated body is this attempt's failure
        except requests.exceptions.SSLError:
            self.ledger.release(days, operation)
            raise Untrusted(f"{operation}: {_host(request)} cannot prove who it is.") from None
        except requests.RequestException as error:
            if _never_sent(error):
                self.ledger.release(days, operation)
                raise Unreachable(f"{operation}: no connection to {_host(request)}.") from None
            raise Offline(_lost(operation, writes)) from None
        if response.is_redirect:
            raise Redirected(f"{operation} was answered with a redirect, which is not followed.")
        refusal = answers.refusal(response.status_code, body, route, method)
        if refusal is not None:
            refusal.retry_after = answers.retry_after(response.headers, time.time())
            raise refusal
        return response

    def _wait(self, error: CrispError, attempt: int) -> float | None:
        """Seconds until the next try; None where the error is to be told."""
        tries = self.patience.unreachable if isinstance(error, Unreachable) else self.patience.tries
        passing = not isinstance(error, ApiError) or error.status in answers.PASSING
        if attempt >= tries or not passing or isinstance(error, (Redirected, Untrusted)):
            return None
        asked = error.retry_after if isinstance(error, ApiError) else None
        if asked is None:
            return self.patience.wait(attempt)
        # A long Retry-After is the day's quota, not a pause: that is for the caller to decide.
        return asked if asked <= self.patience.longest else None


def _host(request: requests.PreparedRequest) -> str:
    return urlsplit(request.url or "").netloc


def _lost(operation: str, writes: bool) -> str:
    if writes:
        return f"{operation} was sent, but its answer was lost: it may have been done."
    return f"{operation}: the answer was lost on the way."


def _never_sent(error: requests.RequestException) -> bool:
    """Whether a connection was never made; after a read timeout nobody knows."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)
