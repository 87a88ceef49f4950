"""One request on its way: checked, made a call, answered by the cache or by Crisp."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crisp_data.api import routes
from crisp_data.errors import QuotaExceeded
from crisp_data.quota import wait_for_reset
from crisp_data.rest import call as calls
from crisp_data.rest import waits
from crisp_data.rest.cache import Cache, OnAnswer
from crisp_data.rest.call import Answer, Call


@dataclass(frozen=True)
class RequestSender:
    """Makes calls and has them answered.

    Attributes
    ----------
    base_url : str
        Where the service is.
    cache : Cache
        Answers calls.
    check_writes : callable
        Refuses what writes, where the connection only reads.
    opens_in : callable
        Seconds until reads may go on: until the day's reset, or 0.
    reset : Reset or None
        Waits for the day's reset; None where a read that the day cannot pay for is refused.
    """

    base_url: str
    cache: Cache
    check_writes: Callable[[str], None]
    opens_in: Callable[[], float]
    reset: wait_for_reset.Reset | None

    def make(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        route: routes.Route | None = None,
        json: Any = None,
        refresh: bool = False,
        place: str = "",
        use_cache: bool = True,
        for_write: bool = False,
    ) -> Call:
        """Check a request and make its call.

        Parameters
        ----------
        method : str
            The HTTP verb.
        path : str
            The path below ``/v1``.
        params : Mapping[str, object], optional
            The query.
        route : Route, optional
            The operation, where path and query were made by its rules.
        json : object, optional
            The body.
        refresh : bool, default False
            Ask the service even where the cache has the answer.
        place : str, default ""
            As in :class:`crisp_data.rest.call.Call`.
        use_cache : bool, default True
            False for an answer that neither comes from the cache nor enters it.
        for_write : bool, default False
            Whether the read belongs to a write.

        Returns
        -------
        Call
            The call.

        Raises
        ------
        BadParameter, ReadOnly
            Nothing was sent.
        """
        call = calls.make(
            self.base_url,
            method,
            path,
            params or {},
            route=route,
            json=json,
            since=time.time() if refresh else 0.0,
            place=place,
            use_cache=use_cache,
            for_write=for_write,
        )
        if not call.reads:
            self.check_writes(call.route.name if call.route else method)
        return call

    def send(self, call: Call, on_answer: OnAnswer = lambda answer: None) -> Answer:
        """Have a call answered, after the day's reset where that may be waited for.

        Parameters
        ----------
        call : Call
            What is asked.
        on_answer : callable, optional
            As in :meth:`crisp_data.rest.cache.Cache.answer`.

        Returns
        -------
        Answer
            The answer.

        Raises
        ------
        QuotaExceeded
            The day, or a budget, has nothing left, and its reset is not waited for.
        """
        while True:
            try:
                return self.cache.answer(call, on_answer)
            except QuotaExceeded as spent:
                # A budget is not filled by waiting, and a write may be unwanted by then.
                if not (self.reset and call.reads and not call.for_write and spent.resets_at):
                    raise
                if not waits.allowed(self.opens_in()):
                    raise
            self.reset.wait()
