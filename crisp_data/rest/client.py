"""The client of the REST API: every operation by its official name, lists page by page."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from numbers import Real
from pathlib import Path
from typing import Any, Literal, NoReturn

from crisp_data import config
from crisp_data.api import paging, path_and_query, routes
from crisp_data.api.envelope import Query
from crisp_data.errors import BadParameter, ReadOnly, warn
from crisp_data.filters import ALL_INBOXES
from crisp_data.local import fork_pickling
from crisp_data.local.atomic_file import as_path
from crisp_data.local.forks import PerProcess
from crisp_data.quota import wait_for_reset
from crisp_data.quota.ledger import Ledger
from crisp_data.rest import (
    answer_checks,
    cache_file,
    cache_purge,
    page_requests,
    request_checks,
    waits,
)
from crisp_data.rest.all_inboxes import AllInboxes, AllInboxesPages
from crisp_data.rest.answer_bounds import AnswerBounds
from crisp_data.rest.cache import Cache
from crisp_data.rest.cache_policy import CachePolicy
from crisp_data.rest.call import Call
from crisp_data.rest.http_verbs import HttpVerbs
from crisp_data.rest.page_iterator import Pages
from crisp_data.rest.request_sender import RequestSender
from crisp_data.rest.retry import Retry, RetryPolicy
from crisp_data.rest.transport import Transport


class Client(HttpVerbs):
    """A thin client of the REST API: one token, cached, counted, retried.

    Most analysts want :func:`crisp_data.connect` instead, which gives frames. The client is
    there for everything that has no frame. Equal reads at once, in threads or in processes of
    one user, are one request, unless they are not to be cached.

    Parameters
    ----------
    settings : Settings
        From :func:`crisp_data.config.resolve`.
    quota : int, optional
        Requests a day; by default what the settings say, else the tier's documented limit.
    on_quota : {"raise", "wait"}, default "raise"
        What becomes of a read for which the day has nothing left: :class:`QuotaExceeded`, or
        a wait until the reset, which Ctrl-C ends. A write is never made to wait.
    reserve_for_writes : float, default 0.02
        The share of the day that reads cannot spend.
    reset_hour : int, default 0
        The hour, UTC, at which the day begins anew.
    writes : bool, default False
        Whether anything but reading is allowed.
    cache : bool, default True
        Whether answers are cached and reused.
    lifetimes : dict of str to int, optional
        Seconds that answers stay fresh by URL pattern; searched before the built-in ones.
    cache_dir : str or Path, optional
        Where the cache is; by default the user's own folder of caches.
    state_dir : str or Path, optional
        Where ledger and outbox are; by default the user's own folder of data.
    retry : RetryPolicy, optional
        How long reads are tried again.
    workers : int, default 4
        How many threads of messages are read side by side.
    max_bytes : int, optional
        Bytes of one answer, as it comes and unpacked; else ``CRISP_MAX_BYTES``, else 32 million.
        Beyond this bound and the next two an answer is given up, and not asked for again.
    max_seconds : float, optional
        Seconds until one answer is whole; else ``CRISP_MAX_SECONDS``, else 60.
    max_depth : int, optional
        Levels of lists and objects in one answer, at most 500; else ``CRISP_MAX_DEPTH``, else 100.
    progress : bool, optional
        Whether a wait for the reset shows a bar; by default on the live service only.
    sleep : callable
        How to wait, in seconds; the sandbox's clock is moved instead.
    now : callable
        The clock, in seconds since 1970; the sandbox has a clock of its own.

    Raises
    ------
    BadParameter
        ``on_quota``, ``workers`` or another argument is out of range.

    Examples
    --------
    >>> operators = ws.client.call("list_website_operators", website_id=ws.website_id)
    >>> operators[0]["details"]["role"]
    'owner'
    """

    def __init__(
        self,
        settings: config.Settings,
        *,
        quota: int | None = None,
        on_quota: Literal["raise", "wait"] = "raise",
        reserve_for_writes: float = 0.02,
        reset_hour: int = 0,
        writes: bool = False,
        cache: bool = True,
        lifetimes: dict[str, int] | None = None,
        cache_dir: str | Path | None = None,
        state_dir: str | Path | None = None,
        retry: RetryPolicy | None = None,
        workers: int = 4,
        max_bytes: int | None = None,
        max_seconds: float | None = None,
        max_depth: int | None = None,
        progress: bool | None = None,
        sleep: Callable[[float], None] = waits.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self.writes, self.now, self.sleep = settings, writes, now, sleep
        # Whole, for a program may go to another folder while it is connected.
        self.state_dir = as_path(state_dir or config.state_dir()).absolute()
        caches = as_path(cache_dir or config.cache_dir()).absolute()
        self._all_inboxes = AllInboxes(self.state_dir / "all-inboxes", settings.base_url)
        self.cache_path = caches / f"{settings.account}.sqlite"
        self.quota = Ledger(
            self.state_dir / "quota.sqlite",
            settings.account,
            settings.daily_limit if quota is None else quota,
            reserve_for_writes=reserve_for_writes,
            reset_hour=reset_hour,
            now=now,
        )
        number = isinstance(workers, Real) and not isinstance(workers, bool)
        if not number or workers not in range(1, 65):
            raise BadParameter("workers must be a whole number from 1 to 64.")
        self.workers = workers
        if on_quota not in ("raise", "wait"):
            raise BadParameter("on_quota must be 'raise' or 'wait'.")
        # The sandbox answers in milliseconds, and notebooks recorded on it stay readable.
        self.progress = settings.live if progress is None else progress
        self.waits = on_quota == "wait"
        if not isinstance(retry, RetryPolicy | None):
            raise BadParameter(
                f"retry must be a RetryPolicy, not a {type(retry).__name__}.",
                "Import it: from crisp_data.rest.retry import RetryPolicy.",
            )
        self.retry = retry or RetryPolicy()
        bounds = AnswerBounds.resolve(
            max_bytes=max_bytes, max_seconds=max_seconds, max_depth=max_depth
        )
        self._transport = Transport(settings, self.quota, workers, bounds)
        self._cache_file = PerProcess(lambda: cache_file.open_file(self.cache_path))
        self._cache = Cache(
            CachePolicy(settings, lifetimes, cache),
            self._cache_file,
            Retry(self.retry, self.quota, sleep, self._transport).send,
        )
        reset = wait_for_reset.Reset(self.quota, sleep, self.progress) if self.waits else None
        super().__init__(
            RequestSender(
                settings.base_url, self._cache, self.check_writes, self.quota.opens_in, reset
            )
        )
        fork_pickling.register(self, self.quota.budgets.check_unbounded)

    def call(
        self, operation: str, *, json: Any = None, refresh: bool = False, **arguments: Any
    ) -> Any:
        """Call any of the 229 operations by its official name and return its ``data``.

        Parameters
        ----------
        operation : str
            Such as ``"get_messages_in_conversation"``; a few names belong to two resources
            and need the prefix that the error lists.
        json : optional
            The body, for operations that write.
        refresh : bool, default False
            Ask the service even where the cache knows.
        **arguments : object
            Path and query parameters by their own names.

        Returns
        -------
        object
            The ``data`` of the answer.

        Raises
        ------
        BadParameter
            Unknown operation or parameter, or one out of range; nothing was spent.
        ReadOnly
            A write on a connection without ``writes=True``; nothing was sent.
        ApiError, Offline, QuotaExceeded, BadAnswer

        Examples
        --------
        >>> ws.client.call("count_visitors", website_id=ws.website_id)["count"] >= 0
        True
        """
        route = routes.lookup(operation)
        path, query = path_and_query.fill(route, arguments)
        options: dict[str, Any] = {"refresh": refresh, "route": route}
        if route.method == "HEAD":
            return self.head(path, query, **options)
        return self._data(route.method, path, query, json=json, **options)

    def pages(
        self,
        operation: str,
        *,
        rows: int | None = None,
        refresh: bool = False,
        use_cache: bool = True,
        for_write: bool = False,
        one_pass: bool = False,
        down_to: int | None = None,
        known: frozenset[int] = frozenset(),
        **arguments: Any,
    ) -> Pages:
        """Read a list lazily, page by page, asking for no page that nobody takes.

        Parameters
        ----------
        operation : str
            A list: ``"list_conversations"``, ``"get_messages_in_conversation"`` ...
        rows : int, optional
            How many records are wanted; the page that brings them is the last.
        refresh : bool, default False
            Ask Crisp even where the cache has the list.
        use_cache : bool, default True
            False for answers that neither come from the cache nor enter it.
        for_write : bool, default False
            Whether it is read to write: then it may spend what is reserved for writes, and
            never waits for the day's reset.
        one_pass : bool, default False
            Conversations only: read once from ``filter_date_end``, or the top, to the end,
            without a look at what moved up meanwhile. As long as ``incomplete`` is empty, every
            conversation between a page's own ``filter_date_end`` and the pass's beginning, as
            the list stood when that page was answered, was on the pages before it.
        down_to : int, optional
            Conversations only: a single pass that ends at the first page with an update older
            than this, in milliseconds. It is not sent: where page 1 reaches that far, it is all.
        known : frozenset of int, optional
            Messages only: fingerprints that the caller has. The thread ends at the first
            batch that holds one of them.
        **arguments : object
            Path and query parameters by their own names, ``page_number`` excepted. Where
            ``filter_inbox_id="all"`` brings nothing or is refused, and the website is not known
            to take it, the list is read without it.

        Returns
        -------
        Pages
            An iterator of :class:`Page`, answers as they came. Rows may come twice where a
            list moves; a thread's pages overlap by design. The table builder drops what it
            has already. Its ``incomplete`` says, after the last page, why it may lack rows.

        Raises
        ------
        BadParameter
            An argument that the operation does not take; nothing was spent. Everything that
            :meth:`call` raises may come with any page.

        Examples
        --------
        >>> page = next(ws.client.pages("list_conversations", website_id=ws.website_id))
        >>> len(page.records)
        50
        """
        route = routes.lookup(operation)
        single = one_pass or down_to is not None
        where, query = page_requests.check(route, arguments, single, known)
        passes: dict[str, Any] = {"one_pass": one_pass, "down_to": down_to, "known": known}

        def make(query: Query, place: str) -> Call:
            path, sent = path_and_query.fill(route, {**where, **query})
            options: dict[str, Any] = {"use_cache": use_cache, "for_write": for_write}
            return self._sender.make("GET", path, sent, route=route, place=place, **options)

        plain = not (single or known)  # else it is another list than its page 1 names
        entire = plain and rows is None
        resumable = paging.is_timed(route, query) or "page_number" not in route.parameters
        cache = self._cache if use_cache and plain else None

        def begin(query: Query, kind: Callable[..., Pages] = Pages) -> Pages:
            queries = partial(paging.page_queries, route, query, rows, self.now, **passes)
            requests = page_requests.ListRequests(self._sender.send, make, queries, entire)
            return kind(requests, cache, rows, refresh, resumable)

        if query.get("filter_inbox_id") != ALL_INBOXES:
            return begin(query)
        website = self._all_inboxes.of(where["website_id"])
        without = {name: value for name, value in query.items() if name != "filter_inbox_id"}
        if website.refused:
            return begin(without)
        return begin(query, partial(AllInboxesPages, lambda: begin(without), website))

    def is_cached(self, operation: str, **arguments: Any) -> bool:
        """Whether the cache could answer a read by itself; spends nothing.

        Parameters
        ----------
        operation : str
            The operation's name.
        **arguments : object
            Path and query parameters by their own names.

        Returns
        -------
        bool
            Whether a fresh answer is in the cache.

        Examples
        --------
        >>> ws.client.is_cached("get_website", website_id=ws.website_id)
        True
        """
        route = routes.lookup(operation)
        path, query = path_and_query.fill(route, arguments)
        return self._cache.holds(self._sender.make("GET", path, query, route=route))

    def website_ids(self, *, refresh: bool = False) -> list[str]:
        """Say which websites the token reads.

        A plugin token is asked where its plugin is installed; any other token serves the
        one website that was named to it, and spends nothing to say so.

        Parameters
        ----------
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        list[str]
            The ids, in Crisp's order.

        Examples
        --------
        >>> ws.website_id in ws.client.website_ids()
        True
        """
        if self.settings.credentials.tier == "plugin":
            pages = self.pages("list_all_connect_websites", refresh=refresh)
            name = "list_all_connect_websites"
            rows = (row for page in pages for row in page.records)
            ids = [answer_checks.text(row, "website_id", name) for row in rows]
            if pages.incomplete:
                warn(pages.incomplete)
            return list(dict.fromkeys(ids))  # a list that moves or repeats names one twice
        return [self.settings.website] if self.settings.website else []

    def check_writes(self, what: str) -> None:
        """Refuse what would change something on a connection that only reads.

        Parameters
        ----------
        what : str
            What was to be done, for the error.

        Raises
        ------
        ReadOnly
            It says how to connect for writing.

        Examples
        --------
        >>> ws.client.check_writes("send")
        """
        if not self.writes:
            raise ReadOnly(f"{what} writes, and this connection only reads.")

    def cached(self) -> int:
        """How many answers the cache holds that are still fresh.

        Returns
        -------
        int
            The number of answers.
        """
        return self._cache.file.fresh()

    def drop(self, path: str) -> None:
        """Drop the cached answers that a write to a path made stale, where it could not itself.

        A write drops them when it ends. One that was killed did not.

        Parameters
        ----------
        path : str
            The path that was written to, below ``/v1``.
        """
        self._cache.drop(request_checks.check_path(path))

    def purge_cache(self, wait: float = 10.0) -> None:
        """Delete every cached answer of this token, and leave no trace of one in the file.

        Answers that are still to come are not cached. Other threads and processes may go on.

        Parameters
        ----------
        wait : float, default 10
            Seconds to wait for programs that hold or use the file.

        Raises
        ------
        CrispError
            One of them took longer. The error says whether nothing was deleted, or the answers
            were and traces of them may be left.

        Examples
        --------
        >>> ws.client.purge_cache()
        >>> ws.client.cached()
        0
        """
        cache_purge.purge(self._cache_file.get().path, wait)

    def close(self) -> None:
        """Close what is open and not in use: sockets, cache, ledger; the next use opens it again.

        Examples
        --------
        >>> ws.client.close()
        >>> ws.client.cached() > 0
        True
        """
        self._transport.close()
        self.quota.close_file()
        file = self._cache_file.made()
        if file is not None:
            file.close()

    def __repr__(self) -> str:
        return f"<Client {self.settings.base_url} tier={self.settings.credentials.tier}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client cannot be pickled: call connect() again where you need it.")
