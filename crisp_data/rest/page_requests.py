"""The requests for a list's pages: what is checked before the first, and one after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from crisp_data.api import paging, path_and_query, routes
from crisp_data.api.envelope import Page, PageQueries, Query
from crisp_data.errors import BadParameter
from crisp_data.rest.cache import OnAnswer
from crisp_data.rest.call import Answer, Call


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
    _, query = path_and_query.fill(route, {**arguments, **numbered})
    if one_pass and not (route.name == "list_conversations" and paging.is_timed(route, query)):
        raise BadParameter(
            "one_pass and down_to are for list_conversations in the order by update, without "
            "order_date_*."
        )
    return {name: arguments[name] for name in route.parameters if name not in numbered}, query


@dataclass(frozen=True)
class ListRequests:
    """The requests for one list.

    Attributes
    ----------
    send : callable
        Answers a call.
    make : callable
        Makes the call for a page, by its query and its place in the list.
    queries : callable
        Begins the queries, as :func:`crisp_data.api.paging.page_queries` does; takes its
        ``noticed``.
    entire : bool
        Whether they end where the list does, and not before.
    """

    send: Callable[[Call, OnAnswer], Answer]
    make: Callable[[Query, str], Call]
    queries: Callable[..., PageQueries]
    entire: bool

    @cached_property
    def first(self) -> Call:
        """The call for page 1."""
        return self.make(self.query, "")

    @cached_property
    def query(self) -> Query:
        """The query of page 1."""
        return next(self.queries())

    def nth(self, number: int, query: Query, generation: str) -> Call:
        """Make the call for a page of a generation.

        Its place is part of the cache's key: the same page may be asked for twice, to see what
        changed between.

        Parameters
        ----------
        number : int
            The page's number in the generation, from 1.
        query : dict of str to str
            What is asked.
        generation : str
            The generation's name.

        Returns
        -------
        Call
            The call.
        """
        return self.first if number == 1 else self.make(query, f"{generation} {number}")

    def one_by_one(self, since: float = 0.0, in_order: bool = False) -> Iterator[ListPage]:
        """Ask for one page after another.

        Page 1 names the generation, so that equal pulls at once are one: whoever is given the
        same page 1 finds the others in the cache, or brings them for both.

        Parameters
        ----------
        since : float, default 0.0
            Only a page 1 that came after this moment will do.
        in_order : bool, default False
            Whether only a page will do that came after the one before it. Where an answer was
            dropped meanwhile, the next page may be there already, from before the list moved.

        Yields
        ------
        ListPage
            A page, and whether it is the last.
        """
        asked = _Asked(self.queries)
        generation, number = "", 0
        while not asked.last:
            number += 1
            query = asked.query
            call = self.nth(number, query, generation)
            on_answer = asked.add_first if self.entire and number == 1 else asked.add
            answer = self.send(replace(call, since=since) if since else call, on_answer)
            generation, since = generation or answer.generation, answer.came if in_order else 0.0
            page = to_page(answer, query)
            marked = number == 1 and self.entire and not answer.from_cache
            noted = asked.last and (marked or answer.incomplete is not None)
            yield ListPage(page, generation, asked.last, asked.incomplete, noted)


class _Asked:
    """The queries of one pull, and what the answers made of them."""

    def __init__(self, queries: Callable[..., PageQueries]) -> None:
        self.incomplete, self.last = "", False
        self._queries = queries(noticed=self._notice)
        self.query = next(self._queries)

    def _notice(self, incomplete: str) -> None:
        self.incomplete = incomplete

    def add(self, answer: Answer) -> None:
        """Pass a page to the queries, and find the query of the next."""
        if answer.incomplete is not None:
            self.last, self.incomplete = True, answer.incomplete
            return
        try:
            self.query = self._queries.send(to_page(answer, self.query))
        except StopIteration as end:
            self.last, self.incomplete = True, end.value

    def add_first(self, answer: Answer) -> str | None:
        """Pass on page 1; where it is the whole list, say why rows may be missing."""
        self.add(answer)
        return self.incomplete if self.last else None


class ListPage(NamedTuple):
    """A page of a list.

    Attributes
    ----------
    page : Page
    generation : str
        The name of its generation.
    last : bool
        Whether it is the last.
    incomplete : str
        Why rows may be missing, as far as it shows.
    noted : bool
        Whether the cache knows by this page alone how the list was read.
    """

    page: Page
    generation: str
    last: bool
    incomplete: str
    noted: bool


def to_page(answer: Answer, query: Query) -> Page:
    """Give an answer as the page of a list."""
    return Page(answer.body, answer.status, answer.from_cache, query, answer.came)
