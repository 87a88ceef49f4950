"""The requests for a list's pages: what is checked before the first, and one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from crisp_data.api import paging, routes
from crisp_data.api.envelope import Page, PageQueries
from crisp_data.errors import BadParameter
from crisp_data.rest.page_iterator import Steps
from crisp_data.rest.transport import PULL

_NOT_CACHED = 504  # requests-cache's answer where only the cache was asked


def check(
    route: routes.Route, arguments: Mapping[str, Any], one_pass: bool, known: frozenset[int]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Split the arguments of a list into those of its path and the query of page 1.

    Parameters
    ----------
    route : Route
        The operation that lists.
    arguments : Mapping[str, object]
        Path and query parameters.
    one_pass : bool
        Whether the list is to be read in a single pass.
    known : frozenset[int]
        Fingerprints that the caller has.

    Returns
    -------
    tuple[dict, dict]
        The parameters of the path, and the query.

    Raises
    ------
    BadParameter
        An argument that the operation does not take.
    """
    if "page_number" in arguments:
        raise BadParameter("Paging starts at page 1.", "Use call() for one page.")
    if known and route.name != "get_messages_in_conversation":
        raise BadParameter("known is for get_messages_in_conversation.")
    if route.name in ("list_conversations", "list_people_profiles"):
        arguments = {"per_page": routes.PER_PAGE_MAX, **arguments}
    numbered = {"page_number": 1} if "page_number" in route.parameters else {}
    _, query = routes.fill(route, {**arguments, **numbered})
    if one_pass and not (route.name == "list_conversations" and paging.is_timed(route, query)):
        raise BadParameter(
            "one_pass and down_to are for list_conversations in the order by update, without "
            "order_date_*."
        )
    return {name: arguments[name] for name in route.parameters if name not in numbered}, query


def one_by_one(
    send: Callable[..., Any],
    route: routes.Route,
    where: Mapping[str, Any],
    queries: Callable[[], PageQueries],
) -> Callable[..., Steps]:
    """Make what sends one request after another, for as long as the caller takes pages.

    The first page carries the pull's id, so that equal pulls at once are one: whoever is
    given the same first page finds the others in the cache, or brings them for both.

    Parameters
    ----------
    send : callable
        Sends one request, as :meth:`crisp_data.rest.request_sender.RequestSender.send`.
    route : Route
        The operation that lists.
    where : Mapping[str, object]
        The parameters of the path.
    queries : callable
        Begins the queries, as :func:`crisp_data.api.paging.page_queries` does.

    Returns
    -------
    callable
        It takes the moment after which page 1 must have come, in seconds since 1970, and
        whether only the cache is asked.
    """

    def steps(since: float = 0.0, offline: bool = False) -> Steps:
        asking, pull, number = queries(), "", 0
        query = next(asking)
        while True:
            number += 1
            path, sent = routes.fill(route, {**where, **query})
            # The place in the list is part of the cache's key: the same page may be asked for
            # twice, to see what changed between.
            place = f"{pull} {number}" if pull else ""
            response = send("GET", path, sent, since=since, pull=place, offline=offline)
            if response.status_code == _NOT_CACHED:
                return None
            since, pull = 0.0, pull or response.headers.get(PULL, "")  # all else of it is newer
            came = response.created_at.timestamp()
            page = Page(response.content, response.status_code, response.from_cache, query, came)
            yield page
            try:
                query = asking.send(page)
            except StopIteration as end:
                return str(end.value)

    return steps
