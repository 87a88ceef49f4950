"""One pass down the list of conversations, newest update first.

Two ways lead from one page to the next, and the one that brings more new rows is taken:

- by time: page 1 of what is older than the oldest update seen, one millisecond past it, which
  is right whether Crisp includes that end or not. All of that instant comes again.
- by number, below the same bound: a page that begins just before what is read already, for
  ``per_page`` may be anything from 20 to 50. This leads through an instant that fills pages.

Nothing ever enters below a bound in the past. Rows leave, for they were updated and moved to
the top, and what is behind them shifts: a numbered page whose first row is known shows that
no row slipped past between two pages; any other is not trusted, and the pass steps back. Rows
that share an instant are *assumed* to stay in their order; where they do not, it shows in the
same way.

A page shorter than asked for may be the end, and one request more shows it; where its rows
share an instant, a few more, as `last_instant` says. Where rows follow after all, the server
cuts its pages, and the pass goes on as `cut_pages` says. A server that ignores the dates or lists
in another order is read from its page 1 as `numbered_pages` says.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping

from crisp_data.api.cut_pages import CutPages
from crisp_data.api.envelope import Query
from crisp_data.api.last_instant import Looks, last_instant
from crisp_data.api.numbered_pages import UNEVEN, NumberedPages
from crisp_data.api.page_numbers import Row, instant, iso_milliseconds, next_page
from crisp_data.api.routes import PER_PAGE_MAX, PER_PAGE_MIN

BY_NUMBER = (
    "The server does not list by update time or ignores filter_date_end, so the list "
    "was read by page number. If it moved or its page size changed during the read, "
    "conversations may be missing."
)
LIST_MOVED = (
    "The list moved faster than it could be read. Conversations that moved during the read "
    "may be missing."
)

MOST_TRIES = 10  # passes over a list that is still moving, or pages without a new row
_BACK = PER_PAGE_MIN  # rows to step back where the overlap was lost, more at every further try


class ListPass:
    """One pass down the list: to below ``stop``, to so many rows, or to the end.

    Parameters
    ----------
    query : Mapping[str, str]
        The caller's filters.
    stop : int, optional
        The pass ends at the first page with an older update than this.
    rows : int, optional
        The pass ends at the page that brings so many rows.
    by_time : bool, default True
        Whether the server is thought to list by update time.

    Attributes
    ----------
    top : int or None
        What the next pass goes down to: the newest update that this one saw, so that what
        arrived within the same millisecond is met; unless the first page held that instant
        only, which the pass then read to its end.
    pages : int
        How many pages held rows; the one that only shows that a short page was the last does
        not count.
    lost : bool
        Whether rows may be missing. From then on no bound is moved any more: whatever lies
        above the bound of a page was on the pages before it.
    """

    def __init__(
        self,
        query: Mapping[str, str],
        stop: int | None = None,
        rows: int | None = None,
        by_time: bool = True,
    ) -> None:
        self.ordered, self.lost, self.done = True, False, False
        self.top: int | None = None
        self.pages = 0
        self._query, self._stop, self._rows = query, stop, rows
        self._limit = instant(query.get("filter_date_end"))
        self._bound: int | None = None  # the pass's own filter_date_end
        self._size = int(query.get("per_page", PER_PAGE_MIN))
        self._page = (self._size, 1)
        self._read, self._last, self._back = 0, 0, 0  # rows: below the bound, of a page, to step
        self._most = 0  # rows of the largest page
        self._short = False  # whether the last page may have been the end
        self._misses = 0  # pages that brought nothing to trust, or nothing new
        self._first_row = b""  # of page 1, which is known again by it
        self._known: dict[bytes, int | None] = {}
        self._place: dict[bytes, int] = {}  # rows met below the bound, and how many before each
        self._last_row = b""  # the row furthest down
        self._per_instant: Counter[int | None] = Counter()
        self._oldest: int | None = None
        self._cut: CutPages | None = None  # once the server was seen to cut its pages
        self._looks: Looks | None = None  # while a page of one instant may have been the end
        self._numbered = None if by_time else NumberedPages(self._size)

    @property
    def by_time(self) -> bool:
        """Whether the server lists by update time, as far as it was seen."""
        return self._numbered is None

    @property
    def incomplete(self) -> str:
        """Why rows may be missing; empty where none can be."""
        if self._numbered is not None:
            return UNEVEN if self._numbered.uneven else BY_NUMBER
        doubtful = self.lost or (self._cut is not None and self._cut.doubtful)
        return LIST_MOVED if doubtful else ""

    def next_query(self) -> Query:
        """Say which page the pass wants next."""
        size, number = self._page if self._numbered is None else self._numbered.page
        bound = {} if self._bound is None else {"filter_date_end": iso_milliseconds(self._bound)}
        size = max(size, PER_PAGE_MIN)
        return {**self._query, **bound, "per_page": str(size), "page_number": str(number)}

    def add(self, rows: list[Row]) -> None:
        """Take in the page that came, and choose the next."""
        by_time = self._is_by_time(rows)
        if self._numbered is None and not by_time:
            self._numbered = NumberedPages(self._size)
            if not self._leave_time(rows):
                return
        if self._numbered is not None:
            self._add_numbered(self._numbered, rows)
            return
        if self._cut is not None:
            self._add_cut(self._cut, rows)
            return
        if self._looks is not None:
            self._look(self._looks, rows)
            return
        size, number = self._page
        begin = size * (number - 1)
        if not rows and (number == 1 or self.lost or begin >= self._read):
            self.done = True  # *documented*: the list ends with an empty page
            return
        new = [self._known.get(name, 0) != at for name, at in rows]
        joined = number == 1 or (bool(rows) and not new[0] and self._continues(rows, new))
        # Known rows alone show the end; further up than asked for, they show that the list moved.
        moved = number > 1 and bool(rows) and self._place.get(rows[0][0], begin) != begin
        self.pages += bool(rows) and (any(new) or not self._short or moved)
        # By ids, or there was no end: a row that only shows another time is no progress, nor is a
        # page of known rows that may show one new row at each request for ever.
        if not (joined and 2 * sum(name not in self._known for name, _ in rows) > len(rows)):
            self._misses += 1
        elif number > 1 or self._bound is not None:
            self._misses = 0  # (page 1 of all may bring something new for ever)
        if self._misses > MOST_TRIES:
            # A second time: nothing new comes at all.
            self.done, self.lost, self._misses = self.lost, True, 0
        follow = self._short and any(new)  # a short page was no end
        if joined or self.lost:
            self._record(rows, new, begin, follow)
            self._choose_after(rows, any(new), follow)
        elif rows and (follow or begin >= self._read):
            self._begin_cut_pages()
        else:
            self._back += _BACK
            self._choose()

    def _is_by_time(self, rows: list[Row]) -> bool:
        """Whether a page is newest first, as a pass by time needs it, and cut at its bound."""
        times = [at for _, at in rows if at is not None]
        newest_first = all(a >= b for a, b in itertools.pairwise(times))
        self.ordered = self.ordered and newest_first and len(times) == len(rows)
        end = self._limit if self._bound is None else self._bound
        return self.ordered and (end is None or not times or times[0] <= end)

    def _leave_time(self, rows: list[Row]) -> bool:
        """Go on by number only; whether the page at hand is page 1 of the list without a bound."""
        first = self._page[1] == 1 and (self._bound is None or rows[0][0] == self._first_row)
        self._bound = self._oldest = None
        self._known.clear()
        self.pages = 0
        return first

    def _add_numbered(self, numbered: NumberedPages, rows: list[Row]) -> None:
        """Take in a page of a server that is read by number."""
        before = len(numbered.known)
        numbered.add(rows)
        self.pages += len(numbered.known) > before
        self.lost, self.done = not numbered.trusted, numbered.done
        self._note_times(rows)
        self._end_where_asked(len(numbered.known))

    def _continues(self, rows: list[Row], new: list[bool]) -> bool:
        """Whether a page that begins with a known row goes on where the reading ended.

        The known rows come first and in their order. A single one is the last that was read: any
        other may stand before the new ones by chance, where rows of one instant change places.
        """
        known = [name for (name, _), fresh in zip(rows, new, strict=True) if not fresh]
        places = [self._place.get(name, -1) for name in known]
        in_order = new == sorted(new) and places == sorted(places)
        return in_order and (not any(new) or len(known) > 2 or known[-1] == self._last_row)

    def _record(self, rows: list[Row], new: list[bool], begin: int, follow: bool) -> None:
        """Count the rows of a page as read."""
        if any(new):
            self._last_row = rows[-1][0]
        for place, (name, _) in enumerate(rows, begin):
            self._place.setdefault(name, place)
        self._per_instant.update(at for (_, at), fresh in zip(rows, new, strict=True) if fresh)
        self._known.update(rows)
        self._read, self._back = begin + len(rows), 0
        self._most = max(self._most, len(rows))
        if not follow:
            self._last = len(rows)
        self._note_times(rows)
        self._end_where_asked(len(self._known))

    def _note_times(self, rows: list[Row]) -> None:
        """Note how far down the pass came, and where the next one may end."""
        if rows and self.ordered:
            newest, oldest = rows[0][1] or 0, rows[-1][1] or 0
            self._oldest = min(oldest, self._oldest or oldest)
            if self.top is None:
                self.top, self._first_row = newest + (newest == oldest), rows[0][0]

    def _end_where_asked(self, known: int) -> None:
        """End the pass where it came as far as was asked for."""
        past = self._stop is not None and self._oldest is not None and self._oldest < self._stop
        enough = self._rows is not None and known >= self._rows
        self.done = self.done or past or enough

    def _choose_after(self, rows: list[Row], new: bool, follow: bool) -> None:
        """Choose what follows a page that was taken in."""
        size, number = self._page
        before, self._short = self._short, len(rows) < size
        if self.lost or not (self._short or follow):
            self._choose()
        elif follow or (not new and number > 1 and not self._shows_end(rows)):
            self._begin_cut_pages()
        elif before and number == 1 and 0 < len(rows) < self._per_instant[self._oldest]:
            self._begin_cut_pages()  # not even the whole oldest instant: the size has changed
        elif not new and (number > 1 or (before and len(rows) < 2)):
            self.done = True
        else:
            self._look_behind(rows)

    def _shows_end(self, rows: list[Row]) -> bool:
        """Whether a short page of known rows is what a server shows that does not cut pages.

        It begins where it was asked to, or, where rows came in above, ends with the last row.
        """
        size, number = self._page
        place = self._place.get(rows[0][0], 0) if rows else 0
        cut = len(rows) * (number - 1) >= place  # there a cut page begins, or has moved up to
        return place >= size * (number - 1) or (not cut and rows[-1][0] == self._last_row)

    def _look_behind(self, rows: list[Row]) -> None:
        """Ask whether a short page was the last: in one request, whatever the server's pages.

        After more than 20 rows, page 2 begins with the last of them: it holds nothing else where
        no more are left, and where a row left meanwhile it shows the one that moved up. Fewer
        are no page size that may be asked for: where the size has changed, page 2 begins behind
        rows that nobody saw, and is empty where the list has 20 rows in all. So page 1 below the
        oldest of them is asked for: it shows that row again, and nothing else at the end. (One
        request cannot tell the end from a page of one row.) Where all share that instant, see
        `last_instant`.
        """
        if self._page[1] > 1 or self._read > PER_PAGE_MAX:
            self._page = next_page(self._read, self._size)
        elif self._read < PER_PAGE_MIN and 0 < self._rows_at_oldest() < self._read:
            self._set_bound()
        elif 1 < self._read < PER_PAGE_MIN and self._rows_at_oldest():
            self._looks = last_instant(rows, self._bound, self._size)
            self._bound, self._page = next(self._looks)
        else:
            self._page = (max(self._read - 1, PER_PAGE_MIN), 2)

    def _look(self, looks: Looks, rows: list[Row]) -> None:
        """Take in a page that shows whether a few rows of one instant were the last."""
        self._most = max(self._most, len(rows))
        try:
            self._bound, self._page = looks.send(rows)
        except StopIteration as end:
            self.done = end.value
            if not self.done:
                self._begin_cut_pages()

    def _rows_at_oldest(self) -> int:
        """Count the known rows that page 1 below the oldest update shows again.

        Those of that instant and, where the end is included, of the next. None where no time
        is to be asked for any more.
        """
        if self.lost or self._oldest is None:
            return 0
        return self._per_instant[self._oldest] + self._per_instant[self._oldest + 1]

    def _set_bound(self) -> None:
        """Go on at page 1 of what is not newer than the oldest update seen."""
        self._bound, self._read, self._back = (self._oldest or 0) + 1, 0, 0
        self._place.clear()
        self._page = (self._size, 1)

    def _begin_cut_pages(self) -> None:
        """Go on as a server wants it that gives fewer rows than asked for."""
        assert self._oldest is not None  # (a page with rows was taken in, and nothing is lost)
        self._cut = CutPages(
            self._known, self._oldest, self._limit, self._size, self._last, self._most
        )
        self._bound, self._page = self._cut.bound, self._cut.page

    def _add_cut(self, cut: CutPages, rows: list[Row]) -> None:
        """Take in a page of a server that cuts them."""
        before = len(self._known)
        cut.add(rows)
        self.pages += len(self._known) > before
        self._bound, self._page, self._oldest = cut.bound, cut.page, cut.oldest
        self.done = cut.done
        self._end_where_asked(len(self._known))

    def _choose(self) -> None:
        """Go on by time or by number: what brings more rows that are not known."""
        size, number = next_page(self._read - self._back, self._size)
        by_number = min(size * number - self._read, self._size - 1)
        again = self._rows_at_oldest()
        if again and self._oldest is not None:
            end = self._oldest + 1
            now = min(one for one in (self._bound, self._limit, end + 1) if one is not None)
            if end < now and self._size - again >= by_number:
                self._set_bound()
                return
        self._page = (size, number)
