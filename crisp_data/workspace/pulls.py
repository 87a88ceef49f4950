"""Lists and threads of a website, pulled into frames; a long pull shows its price first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Any

import pandas as pd

from crisp_data import tables
from crisp_data.api.envelope import Page
from crisp_data.api.paging import NOTHING_NEW
from crisp_data.errors import CrispError, QuotaExceeded, warn
from crisp_data.local import progress_bar
from crisp_data.plurals import count
from crisp_data.quota.estimate import SHOWN, Plan
from crisp_data.rest import message_threads
from crisp_data.rest.client import Client
from crisp_data.rest.cost_estimator import CostEstimator
from crisp_data.rest.pull_checks import PullChecks


class Pulls:
    """Pulls what one website has.

    ``progress`` is whether a bar is shown, and the plan of a long pull. Where it is None the plan
    is, and a bar where the client shows one.
    """

    def __init__(
        self, client: Client, website_id: str, estimator: CostEstimator, progress: bool | None
    ) -> None:
        self._client, self._website_id = client, website_id
        self.estimator, self.checks = estimator, PullChecks(estimator)
        self.progress = client.progress if progress is None else progress
        self.plans_shown = progress is not False

    def rows(
        self,
        table: str,
        operation: str,
        query: Mapping[str, Any],
        *,
        tz: str,
        refresh: bool,
        limit: int | None = None,
        wanted: Callable[[pd.DataFrame], pd.DataFrame] = lambda frame: frame,
        before: Callable[[Page], Plan | None] = lambda first: None,
    ) -> pd.DataFrame:
        """Read a list to its end; filter what the server may not have filtered.

        Parameters
        ----------
        table : str
            The table that the rows make.
        operation : str
            The operation that lists them.
        query : Mapping[str, object]
            Its parameters, beside the website.
        tz : str
            The zone of the times.
        refresh : bool
            Whether Crisp is asked even where the cache has the answer.
        limit : int, optional
            The first so many that are wanted.
        wanted : callable, optional
            Gives the rows of a frame that are wanted.
        before : callable, optional
            Called with the first page; the plan of what follows, or None where that is short.

        Returns
        -------
        pandas.DataFrame
            The rows.

        Raises
        ------
        CrispError
            With the rows pulled so far in ``partial``.
        """
        where = {"website_id": self._website_id, **query}
        constants = {name: where[name] for name in ("website_id", "session_id") if name in where}
        rows = limit
        while True:
            builder = tables.Builder(table, tz=tz)
            pages = self._client.pages(operation, rows=rows, refresh=refresh, **where)
            try:
                for number, page in enumerate(self.bar(pages, "pages")):
                    builder.add(page.body, **constants)
                    if number == 0:
                        self.show(before(page))
            except CrispError as error:
                error.partial = builder.frame()
                raise
            pulled = builder.frame()
            frame = wanted(pulled)
            if limit is None or rows is None or len(frame) >= limit or len(pulled) < rows:
                break
            # What is filtered here left too few: then further, over the cached pages again.
            rows, refresh, before = 2 * rows, False, lambda first: None
        if pages.incomplete:
            warn(pages.incomplete)
        return frame if limit is None else frame.head(limit)

    def threads(self, ids: list[str], tz: str, refresh: bool) -> pd.DataFrame:
        """Read whole threads, in the order given.

        Parameters
        ----------
        ids : list[str]
            The conversations' ``session_id``.
        tz : str
            The zone of the times.
        refresh : bool
            Whether Crisp is asked even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            One row a message.

        Raises
        ------
        CrispError
            With the rows pulled so far in ``partial``.
        """
        builder = tables.Builder("messages", tz=tz)
        doubtful, missing, left = 0, 0, 0
        try:
            self.show(self.checks.before_messages(ids, refresh))
            left = len(ids)
            read = message_threads.read(self._client, self._website_id, ids, refresh=refresh)
            with closing(read):
                for thread in self.bar(read, "threads", len(ids)):
                    for body in thread.bodies:
                        builder.add(body, website_id=self._website_id, session_id=thread.session_id)
                    doubtful += bool(thread.incomplete)
                    missing += not thread.found
                    if thread.error is not None:
                        raise thread.error
                    if thread.found:
                        self.estimator.saw(len(thread.bodies))
                    left -= 1
        except QuotaExceeded as error:
            raise error.of_pull(max(error.needed, left), builder.frame()) from error.__cause__
        except CrispError as error:
            error.partial = builder.frame()
            raise
        for number, thing, what in (
            (missing, "conversation", "not found at Crisp and left out."),
            (doubtful, "thread", f"may lack messages. {NOTHING_NEW}"),
        ):
            if number:
                warn(f"{count(number, thing)} {what}")
        return builder.frame()

    def show(self, plan: Plan | None) -> None:
        """Say what a long pull is going to cost before it starts."""
        if plan is not None and plan.requests > SHOWN and self.plans_shown:
            progress_bar.write("\n".join(plan.lines))

    def bar(self, steps: Iterable[Any], unit: str, total: int | None = None) -> Iterable[Any]:
        """Show progress on whatever takes longer than a second.

        Parameters
        ----------
        steps : Iterable
            What is done, step by step.
        unit : str
            What one step is, in the plural.
        total : int, optional
            How many steps there are, where that is known.

        Returns
        -------
        Iterable
            The same steps.
        """
        if not self.progress:
            return steps
        bar: Iterable[Any] = progress_bar.tqdm(
            steps, unit=f" {unit}", total=total, delay=1, leave=False
        )
        return bar
