"""The verbs, every operation by its official name, and the walks over pages."""

from __future__ import annotations

import itertools
import json as jsonlib
import os
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn
from urllib.parse import unquote

import requests

from crisp_data import config
from crisp_data.api import envelope, paging, routes
from crisp_data.api.envelope import Page
from crisp_data.errors import BadParameter, CrispWarning, QuotaExceeded, ReadOnly
from crisp_data.local import inherited
from crisp_data.local.forks import PerProcess
from crisp_data.quota.ledger import Ledger
from crisp_data.rest import cache_file, waits
from crisp_data.rest.cache import SINCE, Session
from crisp_data.rest.page_iterator import Pages, Steps
from crisp_data.rest.retry import RetryPolicy
from crisp_data.rest.transport import FOR_WRITE, OPERATION, PULL, Transport

_TIMEOUT = (5.0, 30.0)  # seconds to connect, and between two bytes of an answer


class Client:
    """A thin client of the REST API: one token, cached, counted, retried.

    Most analysts want :func:`crisp_data.connect` instead, which gives frames. The client is
    there for everything that has no frame. Equal reads at once, in threads or in processes of
    one user, are one request, unless they are not to be kept.

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
        Whether answers are kept and reused.
    lifetimes : dict of str to int, optional
        Seconds that answers stay fresh by URL pattern; searched before the built-in ones.
    cache_dir : str or Path, optional
        Where cache and ledger live; by default the user's own folders.
    state_dir : str or Path, optional
        Where cache and ledger live; by default the user's own folders.
    retry : RetryPolicy, optional
        How long reads are tried again.
    workers : int, default 4
        How many threads of messages are read side by side.
    progress : bool, optional
        Whether a wait for the reset shows a bar; by default on the live service only.
    sleep : callable
        How to wait, and the clock in seconds; the sandbox has a clock of its own.
    now : callable
        How to wait, and the clock in seconds; the sandbox has a clock of its own.

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
        progress: bool | None = None,
        sleep: Callable[[float], None] = waits.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self.writes, self.now, self.sleep = settings, writes, now, sleep
        self.state_dir = Path(state_dir or config.state_dir())
        self.cache_path = Path(cache_dir or config.cache_dir()) / f"{settings.account}.sqlite"
        self._cache, self._lifetimes = cache, lifetimes
        limit = settings.daily_limit if quota is None else quota
        self.quota = Ledger(
            self.state_dir / "quota.sqlite",
            settings.account,
            limit,
            reserve_for_writes=reserve_for_writes,
            reset_hour=reset_hour,
            now=now,
        )
        if isinstance(workers, bool) or workers not in range(1, 65):
            raise BadParameter("workers must be a whole number from 1 to 64.")
        self.workers = workers
        if on_quota not in ("raise", "wait"):
            raise BadParameter("on_quota must be 'raise' or 'wait'.")
        # The sandbox answers in milliseconds, and notebooks recorded on it stay readable.
        self.progress = settings.live if progress is None else progress
        self.waits = on_quota == "wait"
        self._reset = waits.Reset(self.quota, sleep, self.progress)
        self.retry = retry or RetryPolicy()
        self._transport = Transport(
            self.quota, settings.base_url, self.retry, sleep, connections=workers
        )
        self._cache_file = PerProcess(lambda: cache_file.open_file(self.cache_path))
        self._local = threading.local()
        inherited.name(self, self.quota.budgets.check_unbounded)

    def get(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> Any:
        """Read a path below ``/v1`` and return its ``data``; a second time from the cache.

        Parameters
        ----------
        path : str
            Such as ``website/{website_id}/operators/list``, filled in.
        params : dict, optional
            The query.
        **options : object
            ``refresh`` (default False): ask the service even where the cache has the answer.
            ``use_cache`` (default True): False for an answer that neither comes from the cache nor
            enters
            it. ``for_write`` (default False): the read belongs to a write, may spend what is kept
            for
            writes, and never waits for the day's reset.

        Returns
        -------
        object
            The ``data`` of the answer.

        Raises
        ------
        ApiError, Offline, QuotaExceeded, BadAnswer

        Examples
        --------
        >>> ws.client.get(f"website/{ws.website_id}")["website_id"] == ws.website_id
        True
        """
        return self._data("GET", path, params, **options)

    def head(self, path: str, params: Mapping[str, Any] | None = None, **options: Any) -> bool:
        """Ask whether something exists; a missing one raises :class:`NotFound`.

        Parameters
        ----------
        path : str
            As in :meth:`get`.
        params : Mapping[str, object], optional
            As in :meth:`get`.
        **options : object
            As in :meth:`get`.

        Returns
        -------
        bool
            True; what does not exist raises.

        Raises
        ------
        NotFound
            It does not exist.
        """
        self._send("HEAD", path, params, **options)
        return True

    def post(self, path: str, json: Any = None, **options: Any) -> Any:
        """Create or send something; sent once, never tried again.

        Parameters
        ----------
        path : str
            As in :meth:`get`.
        json : object, optional
            The body.
        **options : object
            ``params``, the query.

        Returns
        -------
        object
            The ``data`` of the answer.
        """
        return self._data("POST", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> Any:
        """Replace something; sent once, never tried again.

        Parameters
        ----------
        path : str
            As in :meth:`get`.
        json : object, optional
            The body.
        **options : object
            ``params``, the query.

        Returns
        -------
        object
            The ``data`` of the answer.
        """
        return self._data("PUT", path, json=json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> Any:
        """Change something; sent once, never tried again.

        Parameters
        ----------
        path : str
            As in :meth:`get`.
        json : object, optional
            The body.
        **options : object
            ``params``, the query.

        Returns
        -------
        object
            The ``data`` of the answer.
        """
        return self._data("PATCH", path, json=json, **options)

    def delete(self, path: str, json: Any = None, **options: Any) -> Any:
        """Remove something; sent once, never tried again.

        Parameters
        ----------
        path : str
            As in :meth:`get`.
        json : object, optional
            The body.
        **options : object
            ``params``, the query.

        Returns
        -------
        object
            The ``data`` of the answer.
        """
        return self._data("DELETE", path, json=json, **options)

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
        path, query = routes.fill(route, arguments)
        options = {"refresh": refresh, "operation": route.qualified}
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
        """Walk a list lazily, page by page, asking for no page that nobody takes.

        Parameters
        ----------
        operation : str
            A list: ``"list_conversations"``, ``"get_messages_in_conversation"`` ...
        rows : int, optional
            How many records are wanted; the walk ends at the page that brings them.
        refresh : bool, default False
            Walk it anew even where the cache knows it.
        use_cache : bool, default True
            False for answers that neither come from the cache nor enter it.
        for_write : bool, default False
            Whether it is read to write: then it may spend what is kept for writes, and never
            waits for the day's reset.
        one_pass : bool, default False
            Conversations only: walk once from ``filter_date_end``, or the top, to the end, without
            a look
            at what moved up meanwhile. As long as ``incomplete`` is empty, every conversation
            between a
            page's own ``filter_date_end`` and the walk's beginning, as the list stood when that
            page was
            answered, was on the pages before it.
        down_to : int, optional
            Conversations only: a single pass that ends at the first page with an update older than
            this,
            in milliseconds. It is not sent: where page 1 reaches that far, it is all.
        known : frozenset of int, optional
            Messages only: fingerprints that the caller has. The thread ends at the first
            batch that holds one of them.
        **arguments : object
            Path and query parameters by their own names, ``page_number`` excepted.

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
        if "page_number" in arguments:
            raise BadParameter("Paging starts at page 1.", "Use call() for one page.")
        if (one_pass or down_to is not None) and route.name != "list_conversations":
            raise BadParameter("one_pass and down_to are for list_conversations.")
        if known and route.name != "get_messages_in_conversation":
            raise BadParameter("known is for get_messages_in_conversation.")
        if route.name in ("list_conversations", "list_people_profiles"):
            arguments.setdefault("per_page", routes.PER_PAGE_MAX)
        numbered = {"page_number": 1} if "page_number" in route.parameters else {}
        _, query = routes.fill(route, {**arguments, **numbered})
        where = {name: arguments[name] for name in route.parameters if name not in numbered}
        timed = paging.is_timed(route, query)
        if (one_pass or down_to is not None) and not timed:
            raise BadParameter(
                "one_pass and down_to need the order by update, without order_date_*."
            )

        def noticed(incomplete: str) -> None:
            pages.incomplete = incomplete

        def steps(since: float = 0.0, offline: bool = False) -> Steps:
            bounds: dict[str, Any] = {"one_pass": one_pass, "down_to": down_to, "known": known}
            walk = paging.walk(route, query, rows, self.now, **bounds, noticed=noticed)
            options = {"offline": offline, "use_cache": use_cache, "for_write": for_write}
            return self._steps(route, where, walk, since, **options)

        pages = Pages(steps, None if timed else rows, refresh or not use_cache, resumable=timed)
        return pages

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
        path, query = routes.fill(routes.lookup(operation), arguments)
        url = self.settings.base_url + path.lstrip("/")
        return self._session().is_cached(requests.Request("GET", url, params=query).prepare())

    def _data(self, method: str, path: str, params: Any = None, **options: Any) -> Any:
        body = self._send(method, path, params, **options).content
        return envelope.data(body) if body else None

    def _steps(
        self,
        route: routes.Route,
        where: Mapping[str, Any],
        walk: paging.PageQueries,
        since: float,
        **options: Any,
    ) -> Steps:
        """Drive a walk; returns its doubt, None where only the cache was asked and it ran out.

        The first page carries the pull's id, so that equal walks at once are one: whoever is
        given the same first page finds the others in the cache, or brings them for both.
        """
        pull, query = "", next(walk)
        for number in itertools.count(1):
            # The place in the walk is part of the cache's key: a walk may ask the same twice
            # to see what changed between.
            path, sent = routes.fill(route, {**where, **query})
            place = f"{pull} {number}" if pull else ""
            response = self._send("GET", path, sent, since=since, pull=place, **options)
            if response.status_code == _NOT_CACHED:
                return None
            since, pull = 0.0, pull or response.headers.get(PULL, "")  # all else of it is newer
            came = response.created_at.timestamp()
            page = Page(response.content, response.status_code, response.from_cache, query, came)
            yield page
            try:
                query = walk.send(page)
            except StopIteration as end:
                return str(end.value)
        raise AssertionError("a walk ends by itself")

    def _send(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        json: Any = None,
        refresh: bool = False,
        since: float = 0.0,
        pull: str = "",
        operation: str = "",
        offline: bool = False,
        use_cache: bool = True,
        for_write: bool = False,
    ) -> Any:
        if any(unquote(part) in (".", "..") for part in path.split("/")):
            raise BadParameter("A path must not contain '.' or '..' as a part.")
        if path.lstrip("/").startswith("v1/"):
            raise BadParameter("The base URL already contains the version.", "Leave out v1/.")
        route = routes.identify(method, path)
        query = routes.check_query(route, params or {}) if route else dict(params or {})
        reads = method in ("GET", "HEAD") or bool(route and route.reads)
        if not reads:
            self.check_writes(route.name if route else method)
        since = time.time() if refresh else since
        notes = {PULL: pull, OPERATION: operation, SINCE: repr(since) if since else ""}
        notes[FOR_WRITE] = "yes" if for_write else ""
        headers = {name: value for name, value in notes.items() if value}
        if not use_cache:
            # (expire_after=DO_NOT_CACHE would be overruled by the lifetimes of URL patterns.)
            headers["Cache-Control"] = "no-store"
        body = None
        if json is not None:
            body, headers["Content-Type"] = _body(json), "application/json"
        while True:
            try:
                return self._session().request(
                    method,
                    self.settings.base_url + path.lstrip("/"),
                    params=query,
                    data=body,
                    headers=headers,
                    timeout=_TIMEOUT,
                    # Said with each request, for REQUESTS_CA_BUNDLE would win over the session's.
                    verify=self.settings.ca,
                    allow_redirects=False,
                    only_if_cached=offline,
                )
            except QuotaExceeded as spent:
                # A budget is not filled by waiting, and a write is not what is meant any more.
                if not (self.waits and reads and not for_write and spent.resets_at):
                    raise
                if not waits.allowed(self.quota.opens_in()):
                    raise
            self._reset.wait()

    def _session(self) -> Session:
        if getattr(self._local, "pid", None) != os.getpid():
            self._local.session = Session(
                self.settings,
                self._transport,
                self._cache_file.get(),
                cache=self._cache,
                lifetimes=self._lifetimes,
            )
            self._local.pid = os.getpid()
        session: Session = self._local.session
        return session

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
            ids = [str(site["website_id"]) for page in pages for site in page.records]
            if pages.incomplete:
                warnings.warn(pages.incomplete, CrispWarning, stacklevel=2)
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
        return self._session().cached()

    def drop(self, path: str) -> None:
        """Drop the kept answers that a write to a path made stale, where it could not itself.

        A write drops them when it ends. One that was killed did not.

        Parameters
        ----------
        path : str
            The path that was written to, below ``/v1``.
        """
        self._session().drop(path)

    def purge_cache(self, wait: float = 60.0) -> None:
        """Forget every answer of this token, and leave no trace of one in the cache's file.

        What is on the wire meanwhile is not kept. Other threads and processes may go on.

        Parameters
        ----------
        wait : float, default 60
            Seconds to wait for processes that are using the file.

        Raises
        ------
        CrispError
            One of them took longer: the answers are deleted or will be by another call, but
            traces may be left.

        Examples
        --------
        >>> ws.client.purge_cache()
        >>> ws.client.cached()
        0
        """
        self._session().purge(wait)

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
            file.pool.close()

    def __repr__(self) -> str:
        return f"<Client {self.settings.base_url} tier={self.settings.credentials.tier}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A client cannot be pickled: call connect() again where you need it.")


_NOT_CACHED = 504  # requests-cache's answer where only the cache was asked


def _body(json: Any) -> bytes:
    try:
        return jsonlib.dumps(json, allow_nan=False).encode()
    except (TypeError, ValueError):
        raise BadParameter("The body is not JSON; nothing was sent.") from None
