"""Lists by page number where ``per_page`` may be chosen: each page begins with a row read before.

Where somebody removes rows while a list is paged, the rows behind them move up, and those that
cross from the next page to one that is read already would be on no page. So each page after the
first is chosen such that the last row that was read is on it (see ``page_numbers.next_page``).
A page that begins with a row that was read has none missing before it, whatever moved. Before
any other rows may be missing: it is not counted, and the reading steps back until a page joins.

The overlap costs about a fifth more requests for a long list; no choice of 20 to 50 costs less.
"""

from __future__ import annotations

from collections.abc import Sequence

from crisp_data.api.page_numbers import PageNumber, next_page
from crisp_data.api.routes import PER_PAGE_MAX, PER_PAGE_MIN

#: Rows that page 1 must hold. Pages of 20 and 21 rows cannot overlap everywhere: where one of 20
#: ends that begins with its last row, another of 21 would have to begin.
LEAST = PER_PAGE_MIN + 2

_FIRST_STEP = 5  # rows to step back; twice as many each time, for few are removed in a moment
_MOST_MISSES = 10  # pages in a row that do not join, or bring little


class OverlappingPages:
    """Read a list by page number so that each page overlaps what was read.

    Parameters
    ----------
    ids : Sequence[str]
        The identifiers of page 1, at least `LEAST`.

    Attributes
    ----------
    page : tuple of int
        The ``per_page`` and ``page_number`` of the next request.
    done : bool
        Whether the list's end was reached.
    repeats : bool
        Whether the server sends page 1 again for another page: it ignores the number.
    fixed_size : bool
        Whether the server ignores ``per_page``, so that no page overlaps the one before.
    lost : bool
        Whether no page joined for too long.
    uneven : bool
        Whether rows came behind a page that was not full: the server changed its page size.
    last_size : int
        How many rows the last page held.

    Examples
    --------
    >>> pages = OverlappingPages([f"p{n}" for n in range(50)])
    >>> pages.page
    (49, 2)
    >>> pages.add(["p49"])
    >>> pages.done
    True
    """

    def __init__(self, ids: Sequence[str]) -> None:
        self.done = self.repeats = self.fixed_size = self.lost = False
        self.uneven = self._short = False  # whether the last page was not full
        self._size = self._largest = min(len(ids), PER_PAGE_MAX)
        self.last_size = len(ids)
        self._first, self._again = list(ids), False
        self._top, self._bottom = ids[0], ids[-1]
        self._short_end: list[str] | None = None  # the last row of a short page of known ones
        self._known = set(ids)
        self._seen = set(ids)  # with those of the pages that did not join
        self._read = len(ids)  # rows from the top to the bottom one, as the server counts them
        self._misses = self._back = 0  # pages that brought little, and rows to step back
        self._missed: tuple[PageNumber, Sequence[str]] | None = None  # the page that did not join
        self.page: PageNumber = self._next()

    def has_seen(self, ids: Sequence[str]) -> bool:
        """Whether any of these rows came on an earlier page, counted or not."""
        return not self._seen.isdisjoint(ids)

    def add(self, ids: Sequence[str]) -> None:
        """Take in the page that came, and choose the next."""
        per_page, number = self.page
        above = per_page * (number - 1)
        self._seen.update(ids)
        self.last_size = self.last_size if number == 1 else len(ids)
        if self._again and list(ids) == self._first:
            self.fixed_size = True  # then page 2 begins behind page 1
            return
        self._again = False
        if number > 1 and ids[:1] == [self._top] and self._known.issuperset(ids):
            self.repeats = True
        elif number > 1 and len(ids) > per_page:
            self.fixed_size = True
        elif not ids and above >= self._read:
            self.done = True
        # (Where no page overlaps, the one behind the last row must do.)
        elif number == 1 or (ids and (ids[0] in self._known or above == self._read)):
            self._join(ids, above)
        else:
            self._step_back(ids)

    def _join(self, ids: Sequence[str], above: int) -> None:
        """Take in a page before which no row is missing."""
        per_page, number = self.page
        new = sum(one not in self._known for one in ids)
        short = len(ids) < per_page
        # The end: a short page of known rows down to the last one, or, where that was removed, to
        # the same one twice. Where it holds more of these than were due, rows came in above.
        end = above + len(ids)
        at_end = short and not new and ids[-1:] in ([self._bottom], self._short_end)
        # (Where page 2 was empty, page 1 is the whole list.)
        empty = self._missed is not None and self._missed[0][1] == 2 and not self._missed[1]
        whole = number == 1 and not new and empty
        self.done = whole or (at_end and end <= self._read)
        self.uneven = self.uneven or (self._short and new > 0)
        self._short = short and number > 1
        self._short_end = list(ids[-1:]) if short and not new else None
        self._missed = None
        cut = short and not new and not at_end
        self._read, self._back = min(end, self._read) if cut else end, 0
        if ids and ids[-1] not in self._known:
            self._bottom = ids[-1]
        self._known.update(ids)
        if short:
            self._largest = min(self._largest, max(len(ids), LEAST))
        if number > 1 and 2 * new > len(ids):
            self._misses = 0
        elif number == 1:
            self._top = ids[0] if ids else ""
            self._count_miss()  # for it may bring something new for ever
        self.page = self._next()

    def _step_back(self, ids: Sequence[str]) -> None:
        """Choose a page further up: rows may be missing before the one that came."""
        per_page, number = self.page
        (size, other), rows = self._missed or ((0, 0), [])
        if ids and other == number and size != per_page and rows == ids:
            self._again = True  # the same rows for another per_page: is page 1 the same, too?
            self.page = (self._size, 1)
            return
        self._missed = (self.page, ids)
        self._count_miss()
        self._back = 2 * self._back or _FIRST_STEP
        self.page = self._next()
        if number == 2 and not ids:
            self.page = (self._size, 1)  # the list ends above it
        elif number == 2 and self.page[1] == 1 and per_page > PER_PAGE_MIN:
            self.page = (PER_PAGE_MIN, 2)

    def _count_miss(self) -> None:
        self._misses += 1
        self.lost = self._misses > _MOST_MISSES

    def _next(self) -> PageNumber:
        """Choose the page that goes on: the last row that was read is on it."""
        if not self._back and self._read <= PER_PAGE_MIN:
            return PER_PAGE_MIN, 2  # any other page with that row is page 1
        return next_page(self._read - self._back, self._size, self._largest)
