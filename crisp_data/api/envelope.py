"""What an answer means: decoding the envelope, telling success from refusal.

Every answer is ``{"error": bool, "reason": str, "data": ...}`` (*observed*, and in the types
of the official clients). ``error: true`` is a failure even under a 2xx.
"""

from __future__ import annotations

import base64
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

import msgspec

from crisp_data.api.json_repair import repaired
from crisp_data.api.routes import Route
from crisp_data.errors import ApiError, BadAnswer, api_error

#: Statuses under which a read is worth another try: rate limits and passing failures.
#: 420 and 429 are documented; 423 is observed; 5xx means the service or a proxy, which may have
#: numbers of its own. 501 and 505 say that it will never be done.
PASSING = frozenset({420, 423, 429, *range(500, 600)} - {501, 505})


class Envelope(msgspec.Struct, gc=False):
    """The wrapping of every answer; ``data`` stays raw until somebody wants it."""

    error: bool
    reason: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


_envelope = msgspec.json.Decoder(Envelope)
_anything = msgspec.json.Decoder(Any)
_T = TypeVar("_T")


class Rows(msgspec.Struct, Generic[_T], gc=False):
    """An answer that holds a list; without one it is no page, and nothing ends there.

    A record with a field of the wrong type must not cost the page: the type of the records
    takes what paging reads of them as it comes.
    """

    data: list[_T]


_raw_rows = msgspec.json.Decoder(Rows[msgspec.Raw])

# What readers raise at bodies that are not JSON; nesting without end is one of them.
_BROKEN = (ValueError, RecursionError)


def headers(identifier: str, key: str, tier: str) -> dict[str, str]:
    """Give the two headers that Crisp needs: HTTP Basic and the tier (*documented*).

    Parameters
    ----------
    identifier : str
        The token's identifier.
    key : str
        The token's key.
    tier : str
        "plugin", "website" or "user".

    Returns
    -------
    dict[str, str]
        The two headers by name.
    """
    pair = base64.b64encode(f"{identifier}:{key}".encode()).decode("ascii")
    return {"Authorization": f"Basic {pair}", "X-Crisp-Tier": tier}


def decode(decoder: msgspec.json.Decoder[_T], body: bytes | msgspec.Raw) -> _T:
    """Decode JSON strictly, and where that fails once more as it is repaired.

    Raises
    ------
    BadAnswer
        Not JSON, or not of the decoder's type.
    """
    try:
        return decoder.decode(body)
    except _BROKEN:
        pass
    try:
        return decoder.decode(repaired(body))
    except _BROKEN:
        raise BadAnswer("The answer is not the JSON documented by Crisp.") from None


def data(body: bytes) -> Any:
    """Decode what an answer carries into plain Python objects."""
    return decode(_anything, decode(_envelope, body).data)


def refusal(status: int, body: bytes, route: Route | None, method: str) -> ApiError | None:
    """Return the error that an answer stands for, or None where it is a success.

    Parameters
    ----------
    status : int
        The HTTP status.
    body : bytes
        The answer's body as it came.
    route : Route or None
        The operation that was asked; None for a path outside the route table.
    method : str
        The HTTP method.

    Returns
    -------
    ApiError or None
        The error, or None for a success.

    Raises
    ------
    BadAnswer
        A success whose body is not Crisp's JSON: truncated, or rewritten on the way.
    """
    operation = route.name if route else f"{method} on an unknown path"
    if method == "HEAD" or not body:
        wrap = Envelope(error=status >= 400)
        if method != "HEAD" and status < 400 and status != 204:
            raise BadAnswer(f"{operation} was answered with {status} and nothing else.")
    else:
        try:
            wrap = decode(_envelope, body)
        except BadAnswer:
            if status < 400:
                raise
            wrap = Envelope(error=True)  # a proxy's own page: the status says enough
    if status < 400 and not wrap.error:
        return None
    reason = wrap.reason or "no_reason"
    detail = _detail(wrap, route) if reason in ("invalid_data", "token_scope_forbidden") else ""
    return api_error(status, reason, operation, detail)


def _detail(wrap: Envelope, route: Route | None) -> str:
    """Give the validator's words (they name paths, not values) or the scope that is missing."""
    if wrap.reason == "token_scope_forbidden":
        return route.scope if route else ""
    try:
        content = decode(_anything, wrap.data)
    except BadAnswer:
        return ""
    message = content.get("message", "") if isinstance(content, dict) else ""
    return message if isinstance(message, str) else ""


def retry_after(values: Mapping[str, str], now: float) -> float | None:
    """Read ``Retry-After``, seconds or a date: not documented by Crisp, but proxies send it.

    A date is held against the answer's own ``Date``, for this machine's clock may be wrong:
    behind, a moment's wait would look like the end of the day, and ahead, like no wait at all.
    """
    value = values.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    moment, sent = _http_date(value), _http_date(values.get("Date", ""))
    return None if moment is None else max(0.0, moment - (now if sent is None else sent))


def _http_date(value: str) -> float | None:
    """Read a date of HTTP as seconds since 1970; None where it is none."""
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:  # HTTP knows no other zone
            moment = moment.replace(tzinfo=UTC)
        return moment.timestamp()
    except (TypeError, ValueError, OverflowError):
        return None


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of a list, as it came.

    Attributes
    ----------
    body : bytes
        The whole answer; never changed.
    status : int
        200, or 206 where a thread has older messages.
    from_cache : bool
        Whether it cost no request.
    query : dict of str to str
        What was asked: the caller's filters, and what paging added to them.
    came : float
        When the service gave it, in seconds since 1970.
    """

    body: bytes
    status: int
    from_cache: bool = False
    query: Mapping[str, str] = field(default_factory=dict, compare=False)
    came: float = 0.0

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records as plain dictionaries."""
        found = data(self.body)
        return found if isinstance(found, list) else [found]

    @property
    def count(self) -> int:
        """How many records it has, without reading them."""
        return len(decode(_raw_rows, self.body).data)

    def __repr__(self) -> str:
        return f"<Page {self.status}, {len(self.body)} bytes>"


Query = dict[str, str]
#: Yields the queries of a list's pages, is sent the pages, and returns why rows may be missing:
#: an empty text where the list is whole.
PageQueries = Generator[Query, Page, str]
