"""The pages that a caller takes one by one: which may come from the cache, and how they ended."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace

from crisp_data.api.envelope import Page
from crisp_data.api.seen_records import SeenRecords
from crisp_data.rest.cache import Cache
from crisp_data.rest.cache_format import StoredList
from crisp_data.rest.page_requests import ListRequests, to_page


class Pages:
    """An iterator of pages that knows how it ended.

    How a list was read is cached as one generation: its pages, and whether nothing more was to
    be read. A whole one is served from the cache as it is.

    A list by time that was broken off is simply continued: it is exact whenever its pages were
    read. A list by page number is not: half of it from an hour ago and half from now are not a
    list. It is read anew from the top; equal pulls that begin at once share its pages.

    Parameters
    ----------
    requests : ListRequests
        Asks for the pages.
    cache : Cache or None
        Where the generation is cached; None where it is not.
    rows : int or None
        How many records are wanted; None for all.
    refresh : bool
        Ask Crisp even where the cache has the list.
    resumable : bool
        Whether a list that was broken off may be continued: it is in the order of time, and its
        queries end by themselves where enough rows came; or it has one page.

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
        self,
        requests: ListRequests,
        cache: Cache | None,
        rows: int | None,
        refresh: bool,
        resumable: bool,
    ) -> None:
        self._requests, self._cache, self._rows = requests, cache, rows
        self._refresh, self._resumable, self._closing = refresh, resumable, False
        self._pages = self._pull()

    def __iter__(self) -> Iterator[Page]:
        return self._pages

    def __next__(self) -> Page:
        return next(self._pages)

    def close(self) -> None:
        """Take no more pages; what was read is noted in the cache."""
        self._closing = True
        self._pages.close()

    def cached(self) -> tuple[int, bool]:
        """How many pages the cache holds, and whether they are the list; no request.

        Returns
        -------
        tuple[int, bool]
            The number of pages, and whether they are the whole list.

        Examples
        --------
        >>> ws.client.pages("list_inboxes", website_id=ws.website_id).cached()
        (0, False)
        """
        if self._cache is None or not self._cache.holds(self._requests.first):
            return 0, False
        if self._is_single():
            return 1, True
        found = self._stored()
        if found is not None and self._reaches(found):
            return self._pages_wanted(found), True
        if not self._resumable:  # what was broken off is read anew
            return len(found.queries) if found is not None else 0, False
        pages, whole = 0, False
        with suppress(LookupError):
            for page in replace(self._requests, send=self._cache.find).one_by_one():
                pages, whole = pages + 1, page.last
        return pages, whole

    def _pull(self) -> Generator[Page, None, None]:
        began = time.time()
        if not self._refresh and (self._resumable or self._is_single()):
            yield from self._read(0.0)
            return
        found = None if self._refresh else self._stored()
        pages = None if found is None else self._load(found)
        # (What came since page 1 was asked for is as good: another asked at the same moment.)
        yield from self._read(began) if pages is None else pages

    def _read(self, since: float) -> Generator[Page, None, None]:
        """Pass pages on until the list ends or enough rows came; note how that was."""
        read = StoredList("", 0.0, 0.0, [], [], whole=False, incomplete="")
        seen = SeenRecords()
        noted = False
        try:
            pages = self._requests.one_by_one(since, in_order=not self._resumable)
            for page, generation, last, incomplete, by_itself in pages:
                read.generation, self.incomplete = generation, incomplete
                first, noted = not read.queries, by_itself
                read.came = read.came or page.came
                read.queries.append(dict(page.query))
                # (What is resumable counts for itself. A row that moved comes twice.)
                read.rows.append(0 if self._resumable else seen.add(page.records))
                read.whole = last
                yield page
                if self._reaches(read):
                    return
                if first and page.from_cache and (rest := self._rest(generation)) is not None:
                    noted = True
                    yield from rest
                    return
        except GeneratorExit:
            # One that is left without a word may be collected while this very thread holds a lock
            # of the cache. So nothing is noted then; what was read is in the cache all the same.
            noted = noted or not self._closing
            raise
        finally:
            if self._cache is not None and read.queries and not noted:
                read.incomplete = self.incomplete
                self._cache.put_list(self._requests.first, self._recorded, read)

    def _is_single(self) -> bool:
        """Whether the cached page 1 says of itself that it is the whole list."""
        return self._cache is not None and self._cache.holds_single(self._requests.first)

    def _enough(self, rows: int) -> bool:
        return not self._resumable and self._rows is not None and rows >= self._rows

    def _reaches(self, read: StoredList) -> bool:
        """Whether a list was read as far as it is wanted."""
        return read.whole or self._enough(sum(read.rows))

    @property
    def _recorded(self) -> int | None:
        """The rows under which it is noted: a list by number has one record, for any of them."""
        return self._rows if self._resumable else None

    def _stored(self, generation: str | None = None) -> StoredList | None:
        """Look up how the list was read, whose page 1 is of a generation."""
        if self._cache is None:
            return None
        return self._cache.get_list(self._requests.first, self._recorded, generation)

    def _pages_wanted(self, found: StoredList) -> int:
        """Count the pages that bring the rows that are wanted."""
        total = 0
        for number, rows in enumerate(found.rows, 1):
            total += rows
            if self._enough(total):
                return number
        return len(found.rows)

    def _rest(self, generation: str) -> Iterator[Page] | None:
        """Give what follows a cached page 1, where the cache has all of its generation."""
        found = self._stored(generation)
        return None if found is None else self._load(found, 1)

    def _load(self, found: StoredList, start: int = 0) -> Iterator[Page] | None:
        """Give the pages of a whole list from the cache; None where one of them is gone."""
        if self._cache is None or not self._reaches(found):
            return None
        queries = found.queries[start : self._pages_wanted(found)]
        calls = [
            self._requests.nth(number, query, found.generation)
            for number, query in enumerate(queries, start + 1)
        ]
        answers = self._cache.get_all(calls, found.generation)
        if answers is None:
            return None
        self.incomplete = found.incomplete
        return map(to_page, answers, queries)
