"""The lazy walk that a caller holds: which pages may come from the cache, and how it ended."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from crisp_data.protocol.answers import Page

#: Drives one walk; its word at the end: whether the list is complete, None where only the
#: cache was asked and it ran out.
Steps = Generator[Page, None, bool | None]


class Pages:
    """A lazy walk over a list: an iterator of pages that knows how it ended.

    A list by page number that the cache holds only in part is walked anew from the top:
    half a list of an hour ago and half a list of now are not a list. A thread is walked by
    time, so there the cache's part is simply continued.

    Attributes
    ----------
    complete : bool or None
        After the last page: whether the end of the list was reached. False where the server
        stopped sending anything new before saying that it was done, None while walking or
        where ``rows`` ended the walk.
    """

    complete: bool | None = None

    def __init__(
        self,
        steps: Callable[..., Steps],
        rows: int | None,
        refresh: bool,
        resumable: bool,
    ) -> None:
        self._pages = self._walk(steps, rows, refresh, resumable)

    def __iter__(self) -> Iterator[Page]:
        return self._pages

    def __next__(self) -> Page:
        return next(self._pages)

    def _walk(
        self,
        steps: Callable[..., Steps],
        rows: int | None,
        refresh: bool,
        resumable: bool,
    ) -> Generator[Page, None, None]:
        if resumable or refresh:
            yield from self._take(steps(refresh), rows)
            return
        kept = list(self._take(steps(False, offline=True), rows))
        if self._whole:
            yield from kept
        else:
            yield from self._take(steps(refresh=True), rows)

    def _take(self, pages: Steps, rows: int | None) -> Generator[Page, None, None]:
        """Pass pages on until the walk ends or enough rows came."""
        self._whole, self.complete, count = False, None, 0
        while rows is None or count < rows:
            try:
                page = next(pages)
            except StopIteration as end:
                self.complete, self._whole = end.value, end.value is not None
                return
            if rows is not None:
                count += len(page.records)
            yield page
        self._whole = True
