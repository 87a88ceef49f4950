"""Conversations walked backwards in their update time, however they move meanwhile.

A lap goes from the top of the list to its end. Two ways lead from one page to the next, and
the one that brings more new rows is taken:

- by time: page 1 of what is older than the oldest update seen, one millisecond past it, which
  is right whether Crisp includes that end or not. All of that instant comes again.
- by number, below the same bound: a page that begins just before what is read already, for
  ``per_page`` may be anything from 20 to 50. This leads through an instant that fills pages.

Nothing ever enters below a bound in the past. Rows leave, for they were updated and moved to
the top, and what is behind them shifts: a numbered page whose first row is known shows that
no row slipped past between two pages; any other is not trusted, and the walk steps back. Rows
that share an instant are *assumed* to keep their order; where they do not, it shows in the
same way.

A page shorter than asked for may be the end, and one request more tells. Where rows follow
after all, the server cuts its pages, and the lap goes on as `cut_pages` says.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from crisp_data.api.cut_pages import CutPages, Row, next_page
from crisp_data.api.envelope import Page, decode
from crisp_data.api.routes import PER_PAGE_MAX, PER_PAGE_MIN, TIMES, iso

Query = dict[str, str]

#: Yields queries, is sent pages, returns its doubt.
PageQueries = Generator[Query, Page, str]

BY_NUMBER = (
    "The server does not list by update time or ignores filter_date_end, so the list "
    "was read by page number. Conversations that moved during the read may be missing."
)
LIST_MOVED = (
    "The list moved faster than it could be read. Conversations that moved during the read "
    "may be missing."
)

_CLOCKS = 300  # seconds that the caller's clock may be ahead of Crisp's
_MOST_PASSES = 10  # a list that is still moving after so many laps, or tries, is told, not chased
_BACK = PER_PAGE_MIN  # rows to step back where the overlap was lost, more at every further try


# One record with a field of the wrong type must not cost the page: what a walk reads of a
# record is taken as it comes. A page without its list, though, is no page: nothing ends there.
class _Conversation(msgspec.Struct, gc=False):
    session_id: msgspec.Raw = msgspec.Raw(b"")
    updated_at: Any = None


class _Conversations(msgspec.Struct, gc=False):
    data: list[_Conversation]


_conversations = msgspec.json.Decoder(_Conversations)


def conversations(
    query: Mapping[str, str],
    rows: int | None = None,
    now: float = 0.0,
    *,
    one_pass: bool = False,
    down_to: int | None = None,
) -> PageQueries:
    """Walk conversations backwards in their update time, however they move meanwhile.

    A conversation that changes moves to the top (*observed*). What moved up past the walk is
    met in a further lap, from the top down to where the lap before began. A lap of one page
    is a snapshot, and ends the walk. Into a period that is over nothing can move, and one lap
    is all; ``now``, in seconds, tells whether it is. So it is where ``one_pass`` asks for no more,
    or ``down_to`` says where the walk ends.

    Parameters
    ----------
    query : Mapping[str, str]
        Filters of the listing, without its period's cursor and page size.
    rows : int, optional
        How many records are wanted; the walk ends at the page that brings them.
    now : float, default 0.0
        The present moment, in seconds since 1970.
    one_pass : bool, default False
        Read from the top to the end once, and do not look at what moved up meanwhile.
    down_to : int, optional
        End at the first page with an update older than this, in milliseconds since 1970.

    Returns
    -------
    PageQueries
        A generator of queries; each page's records are sent back to it.
    """
    end = _instant(query.get("filter_date_end"))
    over = end is not None and end < (now - _CLOCKS) * 1000
    once = over or one_pass or down_to is not None
    marks = (_instant(query.get("filter_date_start")), down_to)
    stop = max((one for one in marks if one is not None), default=None)
    one, incomplete = _ListPass(query, stop, rows), ""
    for _ in range(_MOST_PASSES):
        while not one.done:
            one.take(decode(_conversations, (yield one.asks()).body).data)
        incomplete = incomplete or one.incomplete
        if once or one.lost or one.pages <= 1 or one.top is None or not one.ordered:
            return incomplete
        one = _ListPass(query, one.top, by_time=one.by_time)
    return incomplete or LIST_MOVED


class _ListPass:
    """One way down the list: to below ``stop``, to so many rows, or to the end.

    Attributes
    ----------
    top : int or None
        What the next lap goes down to: the newest update that this one saw, so that what
        arrived within the same millisecond is met; unless the first page held that instant
        only, which the lap then read to its end.
    pages : int
        How many pages held rows; the one that only shows that a short page was the last does
        not count.
    incomplete : str
        Why rows may be missing. Once there is one no bound is moved any more: whatever lies
        above the bound of a page was on the pages before it.
    """

    def __init__(
        self,
        query: Mapping[str, str],
        stop: int | None = None,
        rows: int | None = None,
        by_time: bool = True,
    ) -> None:
        self.query, self.stop, self.rows = query, stop, rows
        self.by_time, self.ordered, self.lost, self.done = by_time, True, False, False
        self.top: int | None = None
        self.pages = 0
        self._limit = _instant(query.get("filter_date_end"))
        self._bound: int | None = None  # the lap's own filter_date_end
        self._size = int(query.get("per_page", PER_PAGE_MIN))
        self._largest = PER_PAGE_MAX
        self._turn = (self._size, 1)
        self._read, self._last, self._back = 0, 0, 0  # rows: below the bound, of a page, to step
        self._short = False  # whether the last page may have been the end
        self._misses = 0  # pages that brought nothing to trust, or nothing new
        self._return = 0  # rows that were read before the bound was first moved
        self._known: dict[bytes, int | None] = {}
        self._place: dict[bytes, int] = {}  # rows met below the bound, and how many before each
        self._tail = b""  # the row furthest down
        self._crowd: Counter[int | None] = Counter()
        self._oldest: int | None = None
        self._cut: CutPages | None = None  # once the server was seen to cut its pages

    @property
    def incomplete(self) -> str:
        doubtful = self.lost or (self._cut is not None and self._cut.doubtful)
        return (LIST_MOVED if doubtful else "") if self.by_time else BY_NUMBER

    def asks(self) -> Query:
        """Say which page the lap wants next."""
        size, number = self._turn
        bound = {} if self._bound is None else {"filter_date_end": _iso(self._bound)}
        size = max(size, PER_PAGE_MIN)
        return {**self.query, **bound, "per_page": str(size), "page_number": str(number)}

    def take(self, found: list[_Conversation]) -> None:
        """Take in the page that came, and choose the next."""
        rows = [_row(row) for row in found]
        if not self._sound(rows) and self._by_number():
            return
        if self._cut is not None and self.by_time:
            self._take_cut(self._cut, rows)
            return
        size, number = self._turn
        begin = size * (number - 1)
        if not rows and (number == 1 or self.lost or begin >= self._read):
            self.done = True  # *documented*: the list ends with an empty page
            return
        new = [self._known.get(name, 0) != at for name, at in rows]
        joined = number == 1 or (bool(rows) and not new[0] and self._follows(rows, new))
        # Known rows alone show the end; further up than asked for, they show that the list moved.
        moved = number > 1 and bool(rows) and self._place.get(rows[0][0], begin) != begin
        self.pages += bool(rows) and (any(new) or not self._short or moved)
        # By ids: a row that only shows another time is no progress, or the walk had no bound.
        if not (joined and any(name not in self._known for name, _ in rows)):
            self._misses += 1
        elif number > 1 or self._bound is not None:
            self._misses = 0  # (page 1 of all may bring something new for ever)
        if self._misses > _MOST_PASSES:
            # A second time: nothing new comes at all.
            self.done, self.lost, self._misses = self.lost, True, 0
        follow = self._short and any(new)  # a short page was no end
        if joined or self.lost:
            last = self._last
            self._add(rows, new, begin)
            self._last = last if follow else self._last
            self._go_on(rows, any(new), follow)
        elif rows and (follow or begin >= self._read):
            self._cut_pages()
        else:
            self._back += _BACK
            self._choose()

    def _follows(self, rows: list[Row], new: list[bool]) -> bool:
        """Whether a page that begins with a known row goes on where the reading ended.

        The known rows come first and in their order. A single one is the last that was read: any
        other may stand before the new ones by chance, where rows of one instant change places.
        """
        known = [name for (name, _), fresh in zip(rows, new, strict=True) if not fresh]
        places = [self._place.get(name, -1) for name in known]
        in_order = new == sorted(new) and places == sorted(places)
        return in_order and (not any(new) or len(known) > 2 or known[-1] == self._tail)

    def _add(self, rows: list[Row], new: list[bool], begin: int) -> None:
        if any(new):
            self._tail = rows[-1][0]
        for place, (name, _) in enumerate(rows, begin):
            self._place.setdefault(name, place)
        self._crowd.update(at for (_, at), fresh in zip(rows, new, strict=True) if fresh)
        self._known.update(rows)
        self._read, self._last, self._back = begin + len(rows), len(rows), 0
        if rows and self.ordered:
            newest, oldest = rows[0][1] or 0, rows[-1][1] or 0
            self._oldest = min(oldest, self._oldest or oldest)
            if self.top is None:
                self.top = newest + (newest == oldest)
        self._stop()

    def _stop(self) -> None:
        """End the lap where it came as far as was asked for."""
        past = self.stop is not None and self._oldest is not None and self._oldest < self.stop
        enough = self.rows is not None and len(self._known) >= self.rows
        self.done = self.done or past or enough

    def _go_on(self, rows: list[Row], new: bool, follow: bool) -> None:
        """Choose what follows a page that was taken in."""
        size, number = self._turn
        before, self._short = self._short, len(rows) < size
        if self.lost or not (self._short or follow):
            self._choose()
        elif follow or (not new and number > 1 and not self._shows_end(rows)):
            self._cut_pages()
        elif not new and (number > 1 or before):
            self.done = True
        else:
            self._look_behind()

    def _shows_end(self, rows: list[Row]) -> bool:
        """Whether a short page of known rows is what a server shows that does not cut pages.

        It begins where it was asked to, or, where rows came in above, ends with the last row.
        """
        size, number = self._turn
        place = self._place.get(rows[0][0], 0) if rows else 0
        cut = len(rows) * (number - 1) >= place  # there a cut page begins, or has moved up to
        return place >= size * (number - 1) or (not cut and rows[-1][0] == self._tail)

    def _look_behind(self) -> None:
        """Ask whether a short page was the last: in one request, whatever the server's pages.

        After more than 20 rows, page 2 begins with the last of them: it holds nothing else where
        no more are left, and where a row left meanwhile it shows the one that moved up. Fewer
        are no page size that may be asked for; then it is empty where 20 are left, or less.
        """
        if self._turn[1] == 1 and self._read - 1 <= PER_PAGE_MAX:
            self._turn = (max(self._read - 1, PER_PAGE_MIN), 2)
        else:
            self._turn = next_page(self._read, self._size)

    def _cut_pages(self) -> None:
        """Go on as a server wants it that gives fewer rows than asked for."""
        if self.by_time and not self.lost and self._oldest is not None:
            self._return = self._read if self._bound is None else 0
            self._cut = CutPages(self._known, self._oldest, self._limit, self._size, self._last)
            self._bound, self._turn = self._cut.bound, self._cut.turn
        else:
            self._size = self._largest = max(self._last, 1)
            self._choose()

    def _take_cut(self, cut: CutPages, rows: list[Row]) -> None:
        before = len(self._known)
        cut.take(rows)
        self.pages += len(self._known) > before
        self._bound, self._turn, self._oldest = cut.bound, cut.turn, cut.oldest
        self.done = cut.done
        self._stop()

    def _choose(self) -> None:
        """Go on by time or by number: what brings more rows that are not known."""
        size, number = next_page(self._read - self._back, self._size, self._largest)
        by_number = min(size * number - self._read, self._size - 1)
        if self.by_time and not self.lost and self._oldest is not None:
            end = self._oldest + 1
            # Where the end is included, what lies on it comes again too.
            again = self._crowd[self._oldest] + self._crowd[end]
            now = min(one for one in (self._bound, self._limit, end + 1) if one is not None)
            if end < now and self._size - again >= by_number:
                self._return = self._read if self._bound is None else 0
                self._bound, self._read, self._back = end, 0, 0
                self._place.clear()
                size, number = self._size, 1
        self._turn = (size, number)

    def _sound(self, rows: list[Row]) -> bool:
        """Whether a page is newest first, as a lap by time needs it, and cut at its bound."""
        times = [at for _, at in rows if at is not None]
        newest_first = all(a >= b for a, b in itertools.pairwise(times))
        self.ordered = self.ordered and newest_first and len(times) == len(rows)
        end = self._limit if self._bound is None else self._bound
        return self.ordered and (end is None or not times or times[0] <= end)

    def _by_number(self) -> bool:
        """Give up time; whether the page was asked for by time, and is of no use now."""
        self.by_time = False
        if self._bound is None:
            return False
        # Below the caller's own bound again: on from there, where only this request left it.
        self._bound, self._read = None, self._return
        self._place.clear()
        if not self._read:
            self._known.clear()
        if self._short and self._read:
            self._look_behind()
        else:
            self._choose()
        return True


def _row(row: _Conversation) -> Row:
    """Read a row's id and time; without an id its time must do."""
    at = milliseconds(row.updated_at)
    return bytes(row.session_id) or b"at %d" % (at or 0), at


def milliseconds(value: Any) -> int | None:
    """Read a time in milliseconds; None where it is none, or none that can be asked for."""
    return int(value) if isinstance(value, (int, float)) and int(value) in TIMES else None


def _iso(milliseconds: int) -> str:
    return iso(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _instant(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)
