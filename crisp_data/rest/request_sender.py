"""One request on its way: checked, noted for cache and transport, sent by its thread's session."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crisp_data import config
from crisp_data.api import routes
from crisp_data.errors import QuotaExceeded
from crisp_data.local.forks import PerProcess
from crisp_data.rest import cache_file, request_checks, waits
from crisp_data.rest.cache import SINCE, Session
from crisp_data.rest.transport import FOR_WRITE, OPERATION, PULL, Transport

_TIMEOUT = (5.0, 30.0)  # seconds to connect, and between two bytes of an answer


@dataclass
class RequestSender:
    """Sends requests, each by a session of its thread, over one cache file and one transport.

    Parameters
    ----------
    settings : Settings
        Which service, and who asks.
    transport : Transport
        The way to the socket.
    file : PerProcess[CacheFile]
        The file of cached answers.
    check_writes : callable
        Refuses what writes, where the connection only reads.
    reset : Reset, optional
        Waits for the day's reset; None where a read that the day cannot pay for is refused.
    options : dict
        Passed to :class:`crisp_data.rest.cache.Session`.
    """

    settings: config.Settings
    transport: Transport
    file: PerProcess[cache_file.CacheFile]
    check_writes: Callable[[str], None]
    reset: waits.Reset | None
    options: dict[str, Any]
    _thread: threading.local = field(default_factory=threading.local, init=False)

    def send(
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
        """Send one request, or answer it from the cache.

        Parameters
        ----------
        method : str
            The HTTP verb.
        path : str
            The path below ``/v1``.
        params : Mapping[str, object], optional
            The query.
        json : object, optional
            The body.
        refresh : bool, default False
            Ask the service even where the cache has the answer.
        since : float, default 0.0
            Only an answer that came after this moment will do, in seconds since 1970.
        pull : str, default ""
            Which list pull a page belongs to, and its place there.
        operation : str, default ""
            The operation's name, where it was called by name.
        offline : bool, default False
            Ask the cache only; it answers 504 where it has nothing.
        use_cache : bool, default True
            False for an answer that neither comes from the cache nor enters it.
        for_write : bool, default False
            Whether the read belongs to a write.

        Returns
        -------
        object
            The answer of requests-cache.

        Raises
        ------
        QuotaExceeded
            The day, or a budget, has nothing left, and its reset is not waited for.
        """
        url = self.settings.base_url + request_checks.check_path(path)
        route = routes.lookup(operation) if operation else routes.identify(method, path)
        query = routes.check_query(route, params or {}) if route else dict(params or {})
        reads = method in ("GET", "HEAD") or bool(route and route.reads)
        if not reads:
            self.check_writes(route.name if route else method)
        since = time.time() if refresh else since
        notes = {PULL: pull, SINCE: repr(since) if since else ""}
        notes[OPERATION] = route.qualified if route else ""
        notes[FOR_WRITE] = "yes" if for_write else ""
        # (expire_after=DO_NOT_CACHE would be overruled by the lifetimes of URL patterns.)
        notes["Cache-Control"] = "" if use_cache else "no-store"
        notes["Content-Type"] = "" if json is None else "application/json"
        body = request_checks.encode_body(json)
        while True:
            try:
                return self.session().request(
                    method,
                    url,
                    params=query,
                    data=body,
                    headers={name: value for name, value in notes.items() if value},
                    timeout=_TIMEOUT,
                    # Said with each request, for REQUESTS_CA_BUNDLE would win over the session's.
                    verify=self.settings.ca,
                    allow_redirects=False,
                    only_if_cached=offline,
                )
            except QuotaExceeded as spent:
                # A budget is not filled by waiting, and a write may be unwanted by then.
                if not (self.reset and reads and not for_write and spent.resets_at):
                    raise
                if not waits.allowed(self.transport.ledger.opens_in()):
                    raise
            self.reset.wait()

    def session(self) -> Session:
        """Give this thread's session; a forked child makes its own."""
        if getattr(self._thread, "pid", None) != os.getpid():
            file = self.file.get()
            self._thread.session = Session(self.settings, self.transport, file, **self.options)
            self._thread.pid = os.getpid()
        session: Session = self._thread.session
        return session
