"""The pages that a caller takes one by one: which may come from the cache, and how they ended."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator

from crisp_data.api.envelope import Page

#: Asks for one page after another. Returns why the list may lack rows, which is empty where it
#: is whole; None where only the cache was asked and it ran out.
Steps = Generator[Page, None, str | None]

#: Seconds between two pages of one list by page number, and no more than a wait for a rate
#: limit puts between them anyway.
STILL_PULLED = 60


class Pages:
    """An iterator of pages that knows how it ended.

    A list by time that the cache holds in part is simply continued: it is exact whenever its
    pages were read. A list by page number is not: half of it from an hour ago and half from
    now are not a list, so it comes whole from the cache or is read anew from the top.
    Unless its newest page came this minute: then somebody is reading it, and it is joined.

    Parameters
    ----------
    steps : callable
        Begins a pull of the list: a function that returns its generator.
    rows : int or None
        How many records are wanted; None for all.
    refresh : bool
        Ask Crisp even where the cache has the answer.
    resumable : bool
        Whether a list that the cache holds in part may be continued.

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
        self._pages = self._pull()

    def __iter__(self) -> Iterator[Page]:
        return self._pages

    def __next__(self) -> Page:
        return next(self._pages)

    def cached(self) -> tuple[int, bool]:
        """How many pages in a row the cache holds, and whether they are the list; no request.

        Returns
        -------
        tuple[int, bool]
            The number of pages, and whether they are the whole list.

        Examples
        --------
        >>> ws.client.pages("list_inboxes", website_id=ws.website_id).cached()
        (0, False)
        """
        pages, whole = self._from_cache()
        return len(pages), whole

    def _from_cache(self) -> tuple[list[Page], bool]:
        pages, found = list[Page](), self._take(self._steps(offline=True))
        while True:
            try:
                pages.append(next(found))
            except StopIteration as end:
                return pages, bool(end.value)

    def _pull(self) -> Generator[Page, None, None]:
        began = time.time()
        if self._refresh or self._resumable:
            yield from self._take(self._steps(since=began if self._refresh else 0.0))
            return
        pages, whole = self._from_cache()
        if whole:
            yield from pages
            return
        # What is half there is passed by, and nothing else: a first page that was not found
        # just now came just now, and whoever brings it may have asked before this pull began.
        # (Later than this pull began by more than that, it came while the clock was ahead.)
        stale = pages and abs(began - pages[-1].came) >= STILL_PULLED
        since = math.nextafter(pages[0].came, math.inf) if stale else 0.0
        yield from self._take(self._steps(since=since))

    def _take(self, steps: Steps) -> Generator[Page, None, bool]:
        """Pass pages on until the list ends or enough rows came; False where it broke off."""
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
