"""The lazy walk that a caller holds: which pages may come from the cache, and how it ended."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator

from crisp_data.api.envelope import Page

#: Drives one walk. Its word at the end: its doubt, which is empty where the list is whole;
#: None where only the cache was asked and it ran out.
Steps = Generator[Page, None, str | None]


#: Seconds between two pages of one list by page number, and no more than a wait for a rate
#: limit puts between them anyway.
STILL_WALKED = 60


class Pages:
    """An iterator of pages that knows how it ended.

    A walk in time that the cache holds in part is simply continued: it is exact whenever its
    pages were read. A list by page number is not: half of it from an hour ago and half from
    now are not a list, so it comes whole from the cache or is walked anew from the top.
    Unless its newest page came this minute: then somebody walks it now, and it is joined.

    Parameters
    ----------
    steps : callable
        Begins the walk: a function that returns its generator.
    rows : int or None
        How many records are wanted; None for all.
    refresh : bool
        Ask Crisp even where the cache has the answer.
    resumable : bool
        Whether a walk that the cache holds in part may be continued.

    Attributes
    ----------
    incomplete : str
        Why the list may lack rows, as far as the pages up to the last one show; empty where it
        cannot.

    Examples
    --------
    >>> pages = ws.client.pages("list_conversations", website_id=ws.website_id)
    >>> sum(1 for _ in pages) > 0, pages.incomplete
    (True, '')
    """

    incomplete = ""

    def __init__(
        self, steps: Callable[..., Steps], rows: int | None, refresh: bool, resumable: bool
    ) -> None:
        self._steps, self._rows, self._refresh = steps, rows, refresh
        self._resumable = resumable
        self._pages = self._walk()

    def __iter__(self) -> Iterator[Page]:
        return self._pages

    def __next__(self) -> Page:
        return next(self._pages)

    def kept(self) -> tuple[int, bool]:
        """How many pages in a row the cache holds, and whether they are the list; no request.

        Returns
        -------
        tuple[int, bool]
            The number of pages, and whether they are the whole list.

        Examples
        --------
        >>> ws.client.pages("list_inboxes", website_id=ws.website_id).kept()
        (0, False)
        """
        count, walk = 0, self._take(self._steps(offline=True))
        while True:
            try:
                next(walk)
            except StopIteration as end:
                return count, bool(end.value)
            count += 1

    def _walk(self) -> Generator[Page, None, None]:
        began = time.time()
        if self._refresh or self._resumable:
            yield from self._take(self._steps(since=began if self._refresh else 0.0))
            return
        kept, walk, whole = [], self._take(self._steps(offline=True)), None
        while whole is None:
            try:
                kept.append(next(walk))
            except StopIteration as end:
                whole = bool(end.value)
        if whole:
            yield from kept
            return
        # What is half there is passed by, and nothing else: a first page that was not found
        # just now came just now, and whoever brings it may have asked before this walk began.
        # (Later than this walk began by more than that, it came while the clock was ahead.)
        stale = kept and abs(began - kept[-1].came) >= STILL_WALKED
        since = math.nextafter(kept[0].came, math.inf) if stale else 0.0
        yield from self._take(self._steps(since=since))

    def _take(self, steps: Steps) -> Generator[Page, None, bool]:
        """Pass pages on until the walk ends or enough rows came; False where it broke off."""
        count = 0
        while True:
            try:
                page = next(steps)
            except StopIteration as end:
                self.incomplete = end.value or ""
                return end.value is not None
            if self._rows is not None:
                count += len(page.records)
            yield page
            if self._rows is not None and count >= self._rows:
                return True
