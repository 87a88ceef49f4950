"""One request and its answer, as they travel between the client and the socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests

from crisp_data.api import path_and_query, routes
from crisp_data.rest import request_checks


@dataclass(frozen=True, slots=True)
class Call:
    """One request: made once, by the client, and passed down to the transport as it is.

    Attributes
    ----------
    method : str
        The HTTP verb.
    path : str
        The path below the base URL.
    url : str
        The whole address, with the query.
    route : Route or None
        The operation; None for a path that Crisp does not document.
    body : bytes or None
        The body, JSON.
    reads : bool
        Whether the operation only reads.
    for_write : bool
        Whether a read belongs to a write: then it may spend what is reserved for writes, and
        never waits for the day's reset.
    since : float
        Only an answer that came after this moment will do, in seconds since 1970; 0 for any.
    place : str
        The generation of a list and the number of the page in it; empty for page 1, and for
        what is no list. It is part of the cache's key: no two generations are mixed.
    use_cache : bool
        False for an answer that neither comes from the cache nor enters it.
    """

    method: str
    path: str
    url: str
    route: routes.Route | None
    body: bytes | None = None
    reads: bool = True
    for_write: bool = False
    since: float = 0.0
    place: str = ""
    use_cache: bool = True

    @property
    def operation(self) -> str:
        """The operation's name, as the ledger counts it."""
        return self.route.name if self.route else "unknown"

    @property
    def repeats(self) -> bool:
        """Whether it may be sent again: the verb says that nothing changes by it."""
        return self.method in ("GET", "HEAD")

    def __repr__(self) -> str:  # its address and body may hold what people wrote
        return f"<Call {self.method} {self.operation}>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What Crisp answered, from the socket or from the cache; never a refusal.

    Attributes
    ----------
    status : int
        The HTTP status.
    body : bytes
        The body as it came.
    came : float
        When it came from the service, in seconds since 1970.
    generation : str
        Names the list that begins with this answer.
    from_cache : bool
        Whether it cost no request.
    incomplete : str or None
        Where it is known to be a whole list, why rows may be missing all the same; else None.
    """

    status: int
    body: bytes
    came: float
    generation: str = ""
    from_cache: bool = False
    incomplete: str | None = None

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {len(self.body)} bytes>"


def make(
    base_url: str,
    method: str,
    path: str,
    query: Mapping[str, Any],
    *,
    route: routes.Route | None = None,
    json: Any = None,
    **options: Any,
) -> Call:
    """Check a request and make its call.

    Parameters
    ----------
    base_url : str
        Where the service is, its version included.
    method : str
        The HTTP verb.
    path : str
        The path below the base URL.
    query : Mapping[str, object]
        The query.
    route : Route, optional
        The operation, where path and query were made by its rules; else it is found by the path.
    json : object, optional
        The body.
    **options : object
        Further attributes of the call.

    Returns
    -------
    Call
        The call.

    Raises
    ------
    BadParameter
        A path that leads elsewhere, a query that the operation does not take, a body that is
        not JSON.
    """
    where, known = request_checks.check_path(path), route is not None
    if route is None and (route := routes.identify(method, path)):
        query = path_and_query.check_query(route, query)
    if known:  # then all is quoted already, as requests would
        url = base_url + where + (f"?{urlencode(query)}" if query else "")
    else:
        request_checks.check_query(query)
        prepared = requests.PreparedRequest()
        prepared.prepare_url(base_url + where, query)
        url = prepared.url or ""
        where = urlsplit(url).path.removeprefix(urlsplit(base_url).path)  # as it is quoted there
    reads = route.reads if route else method in ("GET", "HEAD")
    body = request_checks.encode_body(json)
    return Call(method, where, url, route, body, reads, **options)
