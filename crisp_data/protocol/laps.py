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
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from crisp_data.protocol.answers import Page, decode
from crisp_data.protocol.routes import PER_PAGE_MAX, PER_PAGE_MIN, TIMES, iso

Query = dict[str, str]

#: Yields queries, is sent pages, returns its doubt.
Walk = Generator[Query, Page, str]

BY_NUMBER = (
    "The server does not list by update time or ignores filter_date_end, so the list was read "
    "by page number: what moved meanwhile may be missing."
)
MOVED = "The list moved faster than it could be read: what moved meanwhile may be missing."

_CLOCKS = 300  # seconds that the caller's clock may be ahead of Crisp's
_LAPS = 10  # a list that is still moving after so many laps, or tries, is told, not chased
_BACK = PER_PAGE_MIN  # rows to step back where the overlap was lost, more at every further try

_Row = tuple[bytes, int | None]  # session_id as it stands in the JSON, and update time


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
    lap: bool = False,
    down_to: int | None = None,
) -> Walk:
    """Walk conversations backwards in their update time, however they move meanwhile.

    A conversation that changes moves to the top (*observed*). What moved up past the walk is
    met in a further lap, from the top down to where the lap before began. A lap of one page
    is a snapshot, and ends the walk. Into a period that is over nothing can move, and one lap
    is all; ``now``, in seconds, tells whether it is. So it is where ``lap`` asks for no more,
    or ``down_to`` says where the walk ends.
    """
    end = _instant(query.get("filter_date_end"))
    over = end is not None and end < (now - _CLOCKS) * 1000
    once = over or lap or down_to is not None
    marks = (_instant(query.get("filter_date_start")), down_to)
    stop = max((one for one in marks if one is not None), default=None)
    one, doubt = _Lap(query, stop, rows), ""
    for _ in range(_LAPS):
        while not one.done:
            one.take(decode(_conversations, (yield one.asks()).body).data)
        doubt = doubt or one.doubt
        if once or one.pages <= 1 or one.top is None or not one.ordered:
            return doubt
        one = _Lap(query, one.top, by_time=one.by_time)
    return doubt or MOVED


class _Lap:
    """One way down the list: to below ``stop``, to so many rows, or to the end.

    Attributes
    ----------
    top : int or None
        What the next lap goes down to: the newest update that this one saw, so that what
        arrived within the same millisecond is met; unless the first page held that instant
        only, which the lap then read to its end.
    pages : int
        How many pages held rows.
    doubt : str
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
        self._misses = 0  # pages below this bound that brought nothing to trust, or nothing new
        self._return = 0  # rows that were read before the bound was first moved
        self._known: dict[bytes, int | None] = {}
        self._crowd: Counter[int | None] = Counter()
        self._oldest: int | None = None

    @property
    def doubt(self) -> str:
        return (MOVED if self.lost else "") if self.by_time else BY_NUMBER

    def asks(self) -> Query:
        """Say which page the lap wants next."""
        size, number = self._turn
        bound = {} if self._bound is None else {"filter_date_end": _iso(self._bound)}
        size = max(size, PER_PAGE_MIN)
        return {**self.query, **bound, "per_page": str(size), "page_number": str(number)}

    def take(self, found: list[_Conversation]) -> None:
        """Take in the page that came, and choose the next."""
        rows = [(bytes(row.session_id), milliseconds(row.updated_at)) for row in found]
        size, number = self._turn
        begin = size * (number - 1)
        if not self._sound(rows) and self._by_number():
            return
        if not rows and (number == 1 or begin >= self._read):
            self.done = True  # *documented*: the list ends with an empty page
            return
        self.pages += bool(rows)
        new = [self._known.get(name, 0) != at for name, at in rows]
        joined = number == 1 or (bool(rows) and not new[0] and new == sorted(new))
        if not (joined and any(new)):
            self._misses += 1
        elif number > 1:  # page 1 again may bring something new and prove nothing
            self._misses = 0
        if self._misses > _LAPS:
            # A second time: nothing new comes at all.
            self.done, self.lost, self._misses = self.lost, True, 0
        if joined or self.lost:
            self._add(rows, begin, new)
        elif rows and begin >= self._read:
            # No end after a short page: the server's own pages are smaller than asked.
            self._size = self._largest = self._last
            self._choose()
        else:
            self._back += _BACK
            self._choose()

    def _add(self, rows: list[_Row], begin: int, new: list[bool]) -> None:
        self._crowd.update(at for (_, at), fresh in zip(rows, new, strict=True) if fresh)
        self._known.update(rows)
        self._read, self._last, self._back = begin + len(rows), len(rows), 0
        if rows and self.ordered:
            newest, oldest = rows[0][1] or 0, rows[-1][1] or 0
            self._oldest = min(oldest, self._oldest or oldest)
            self.done = self.done or (self.stop is not None and oldest < self.stop)
            if self.top is None:
                self.top = newest + (newest == oldest)
        if self.rows is not None and len(self._known) >= self.rows:
            self.done = True
        size, number = self._turn
        if len(rows) < size:
            self._turn = (size, number + 1)  # a short page is no end: is there another?
        else:
            self._choose()

    def _choose(self) -> None:
        """Go on by time or by number: what brings more rows that are not known."""
        size, number = turn(self._read - self._back, self._size, self._largest)
        by_number = min(size * number - self._read, self._size - 1)
        if self.by_time and not self.lost and self._oldest is not None:
            end = self._oldest + 1
            # Where the end is included, what lies on it comes again too.
            again = self._crowd[self._oldest] + self._crowd[end]
            if self._size - again >= by_number:
                end = end if self._limit is None else min(end, self._limit)
                self._misses = self._misses if end == self._bound else 0
                self._return = self._read if self._bound is None else 0
                self._bound, self._read, self._back = end, 0, 0
                size, number = self._size, 1
        self._turn = (size, number)

    def _sound(self, rows: list[_Row]) -> bool:
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
        if not self._read:
            self._known.clear()
        self._choose()
        return True


def turn(read: int, size: int, largest: int = PER_PAGE_MAX) -> tuple[int, int]:
    """Choose ``per_page`` and ``page_number`` after so many rows: the most that is new.

    The page holds the last row that was read, and no more new ones than ``size``. Where the
    server's pages allow no such page, it is the one that begins behind that row.

    >>> turn(0, 50), turn(50, 50), turn(98, 50)
    ((50, 1), (49, 2), (48, 3))
    """
    read = max(read, 0)
    sizes = range(min(PER_PAGE_MIN, largest), largest + 1)
    pages = [(one, max(read - 1, 0) // one + 1) for one in sizes]
    best = max(pages, key=lambda page: (min(page[0] * page[1] - read, size), -page[0]))
    return best if best[0] * best[1] > read else (best[0], best[1] + 1)


def milliseconds(value: Any) -> int | None:
    """Read a time in milliseconds; None where it is none, or none that can be asked for."""
    return int(value) if isinstance(value, (int, float)) and int(value) in TIMES else None


def _iso(milliseconds: int) -> str:
    return iso(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _instant(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)
