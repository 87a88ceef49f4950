"""Conversations walked backwards in their update time, however they move meanwhile.

A lap goes from the top of the list to its end. Two ways lead from one page to the next, and
the one that brings more new rows is taken:

- by time: page 1 of what is older than the oldest update seen, one millisecond past it, which
  is right whether Crisp includes that end or not. All of that instant comes again.
- by number, below the same bound: a page that begins just before what is read already, for
  ``per_page`` may be anything from 20 to 50. This leads through an instant that fills pages.

What a page shows is believed only as far as it holds for a server whose pages have any size,
another one each time:

- Page 1 is the top of what lies below its bound. Nothing ever enters below a bound in the
  past; rows leave, for they were updated and moved to the top. So an *empty page 1* is the
  end of the list, whatever moves.
- A numbered page hangs together with what is read only where its first row is known: then no
  row slipped past between two pages. Any other is not trusted, and the walk steps back. Rows
  that share an instant are *assumed* to keep their order; where they do not, it shows in the
  same way.
- A server that gives no more than so many rows, whatever is asked for, has pages that meet and
  do not overlap. What follows a page is then shown by asking again: for the same page with
  another ``per_page``, and for the page before. Where both come as they came, no row left
  between them, and the page begins where the one before ends.
- A page shorter than asked for may be the end, and one request more tells. Where rows follow
  after all, the server cuts its pages: from there on only an empty page 1 ends the list.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

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
_TRIES = 3  # how often page 1 is asked for again where the server's pages change their size
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
    one_pass: bool = False,
    down_to: int | None = None,
) -> PageQueries:
    """Walk conversations backwards in their update time, however they move meanwhile.

    A conversation that changes moves to the top (*observed*). What moved up past the walk is
    met in a further lap, from the top down to where the lap before began. A lap of one page
    is a snapshot, and ends the walk. Into a period that is over nothing can move, and one lap
    is all; ``now``, in seconds, tells whether it is. So it is where ``lap`` asks for no more,
    or ``down_to`` says where the walk ends.
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
        self._turn = (self._size, 1)
        self._read, self._last, self._back = 0, 0, 0  # rows: below the bound, of a page, to step
        self._short = False  # whether the last page may have been the end
        self._cuts: set[int] = set()  # sizes of pages that the server cut: rows followed
        self._most = 0  # rows of the largest page
        self._tries, self._same = 0, 0  # page 1 below this bound: asked for again, came alike
        self._misses = 0  # pages that brought nothing to trust, or nothing new
        self._crowded = False  # whether an instant held more rows than could be shown whole
        self._unproven = False  # whether an empty page may have begun further down than was read
        self._return = 0  # rows that were read before the bound was first moved
        self._known: dict[bytes, int | None] = {}
        self._place: dict[bytes, int] = {}  # rows met below the bound, and how many before each
        self._tail = b""  # the row furthest down
        self._before: tuple[tuple[int, int], list[_Row]] | None = None  # the last page joined
        self._waiting: list[_Row] = []  # a page that begins where the one before may have ended
        self._proofs: list[tuple[tuple[int, int], list[_Row]]] = []  # what must come again
        self._capped = False  # whether the server was seen to give its own size, not the asked
        self._crowd: Counter[int | None] = Counter()
        self._oldest: int | None = None

    @property
    def incomplete(self) -> str:
        return (LIST_MOVED if self.lost or self._crowded else "") if self.by_time else BY_NUMBER

    def asks(self) -> Query:
        """Say which page the lap wants next."""
        size, number = self._turn
        bound = {} if self._bound is None else {"filter_date_end": _iso(self._bound)}
        size = max(size, PER_PAGE_MIN)
        return {**self.query, **bound, "per_page": str(size), "page_number": str(number)}

    def take(self, found: list[_Conversation]) -> None:
        """Take in the page that came, and choose the next."""
        rows = [_row(row) for row in found]
        if self._proofs:
            self._prove(rows)
            return
        size, number = self._turn
        if not self._sound(rows) and self._by_number():
            return
        self._most = max(self._most, len(rows))
        self._crowded = self._crowded or (self._unproven and bool(rows))
        self._unproven = False
        if not rows and self._ends():
            return
        new = [self._known.get(name, 0) != at for name, at in rows]
        joined = number == 1 or (bool(rows) and not new[0] and new == sorted(new))
        self.pages += bool(rows) and (any(new) or not self._short)
        # By ids: a row that only shows another time is no progress, or the walk had no bound.
        if not (joined and any(name not in self._known for name, _ in rows)):
            self._misses += 1
        elif number > 1 or self._bound is not None:
            self._misses = 0  # (page 1 of all may bring something new for ever)
        if self._misses > _MOST_PASSES and self._cuts and self.by_time and self._oldest is not None:
            self._crowded, self._misses = True, 0
            self._below()
            return
        if self._misses > _MOST_PASSES:
            # A second time: nothing new comes at all.
            self.done, self.lost, self._misses = self.lost, True, 0
        if joined or self.lost:
            if any(new) and self._short:
                self._cuts.add(self._last)
            self._add(rows, new, size * (number - 1))
            self._go_on(rows, any(new))
        elif self._may_follow(rows, new):
            self._ask_for_proof(rows)
        elif rows and size * (number - 1) >= self._read:
            self._cuts.add(self._last)  # a page that begins further down than rows were read
            self._choose()
        else:
            self._back += _BACK
            self._choose()

    def _may_follow(self, rows: list[_Row], new: list[bool]) -> bool:
        """Whether a page may begin right behind the one before it, with nothing in common."""
        before = self._before is not None and self._before[0][1] == self._turn[1] - 1
        return before and bool(self._cuts) and self._steady and bool(rows) and all(new)

    def _ask_for_proof(self, rows: list[_Row]) -> None:
        """Ask again for a page with another size, and for the one before it."""
        assert self._before is not None
        size, number = max(self._turn[0], PER_PAGE_MIN), self._turn[1]
        other = PER_PAGE_MAX if size == PER_PAGE_MIN else PER_PAGE_MIN
        self._waiting = rows
        plain = self._capped or size * (number - 1) == self._read  # it begins there in any case
        self._proofs = [] if plain else [((other, number), rows)]
        self._proofs.append(self._before)
        self._turn = self._proofs[0][0]

    def _prove(self, rows: list[_Row]) -> None:
        """Compare a page that was asked for again with what it held before."""
        next_page, expected = self._proofs.pop(0)
        if rows != expected:
            self._proofs.clear()
            self._misses += 1
            self._back += _BACK
            self._choose()
        elif self._proofs:
            self._capped = True  # it came as it had for another per_page
            self._turn = self._proofs[0][0]
        else:
            self._turn = (next_page[0], next_page[1] + 1)
            self._misses = 0
            self.pages += 1
            self._add(self._waiting, [True] * len(self._waiting), self._read)
            self._go_on(self._waiting, True)

    @property
    def _steady(self) -> bool:
        """Whether all pages may have one size: that asked for, or the server's own."""
        return not self._cuts or self._cuts == {self._most}

    def _ends(self) -> bool:
        """Whether an empty page says where to go: to the end, or below this instant.

        Of a server that gives no more rows than asked for, no page begins later than asked.
        Where that is within what is read, nothing is left below the bound.
        """
        size, number = self._turn
        honest = self._steady and size * (number - 1) >= self._read
        if number == 1 or self.lost or (honest and not self._cuts):
            self.done = True  # *documented*: the list ends with an empty page
        elif self._cuts and (honest or max(size, PER_PAGE_MIN) * (number - 1) == self._read):
            within = max(size, PER_PAGE_MIN) * (number - 1) <= self._read
            self._below()
            self._unproven = not (self._capped or within)
        else:
            return False
        return True

    def _add(self, rows: list[_Row], new: list[bool], begin: int) -> None:
        if rows and not self.lost and (self._cuts or self._bound is not None):
            # Rows only leave: a page that begins with an earlier row than it should was cut.
            begin = min(begin, self._place.get(rows[0][0], begin))
        if any(new):
            self._tail = rows[-1][0]
        for place, (name, _) in enumerate(rows, begin):
            self._place.setdefault(name, place)
        self._crowd.update(at for (_, at), fresh in zip(rows, new, strict=True) if fresh)
        self._known.update(rows)
        end = begin + len(rows)
        self._read = max(self._read, end) if self._cuts or self.lost else end
        self._last, self._back = len(rows), 0
        self._before = (self._turn, rows)
        if rows and self.ordered:
            newest, oldest = rows[0][1] or 0, rows[-1][1] or 0
            self._oldest = min(oldest, self._oldest or oldest)
            self.done = self.done or (self.stop is not None and oldest < self.stop)
            if self.top is None:
                self.top = newest + (newest == oldest)
        if self.rows is not None and len(self._known) >= self.rows:
            self.done = True

    def _go_on(self, rows: list[_Row], new: bool) -> None:
        """Choose what follows a page that was taken in."""
        size, number = self._turn
        short, before = len(rows) < max(size, PER_PAGE_MIN), self._short
        self._short = short
        if self._cuts and new and short:
            self._cuts.add(len(rows))
        if new or self.lost:
            shown, self._same = False, 0
        elif number > 1:  # it begins with a known row, and had room for more behind the last
            place = self._place.get(rows[0][0], size * (number - 1))
            room = len(rows) * (number - 1) < place
            early = place < size * (number - 1)  # the page begins before where it was asked to
            shown = room and ((before and not early) or rows[-1][0] == self._tail)
            shown = shown and self._steady  # else the next one may begin anywhere
            if short and early and not shown:
                self._cuts.add(len(rows))
                self._read = place + len(rows)
        elif self._cuts:  # all of that instant that is known, and less than the server's page
            all_known = len(rows) >= self._crowd[self._oldest]
            self._same = self._same + 1 if all_known else 0
            enough = self._same >= (1 if self._steady else _TRIES)
            shown = enough and len(rows) < min(self._cuts) and not self._can_move()
        else:
            shown = short and before
        if shown and self._cuts and self.by_time:
            self._below()
        elif shown:
            self.done = True
        elif short and not self._cuts and not self.lost:
            self._look_behind()
        else:
            self._choose()

    def _look_behind(self) -> None:
        """Ask whether a short page was the last: in one request, whatever the server's pages.

        After 20 rows or more, page 2 of so many is empty only where no more are left: it
        begins no later than asked. Fewer are no page size that may be asked for, and then it
        is empty where 20 are left, or less.
        """
        if self._turn[1] == 1:
            self._turn = (max(self._read, PER_PAGE_MIN), 2)
        else:
            self._turn = next_page(self._read, self._size)

    def _now(self) -> float:
        """Give the bound in force, the caller's or the lap's own."""
        bounds = [one for one in (self._bound, self._limit) if one is not None]
        return min(bounds, default=math.inf)

    def _can_move(self) -> bool:
        able = self.by_time and not self.lost and self._oldest is not None
        return able and (self._oldest or 0) + 1 < self._now()

    def _move(self, bound: int) -> None:
        """Go on by time, with page 1 below another bound."""
        self._return = self._read if self._bound is None else 0
        self._bound = bound if self._limit is None else min(bound, self._limit)
        self._read = self._back = self._tries = self._same = 0
        self._place.clear()
        self._before = None
        self._turn = (self._size, 1)

    def _below(self) -> None:
        """Go on below an instant that was shown whole, where that is to show the list's end.

        A server that excludes the bound shows what is older at that instant, one that
        includes it a millisecond earlier: where page 1 is empty, nothing is.
        """
        if self.by_time and self._oldest is not None:
            self._move(self._oldest - (self._now() <= self._oldest))
        else:
            self.done = True

    def _choose(self) -> None:
        """Go on by time or by number: what brings more rows that are not known."""
        largest = max(self._most, 1) if self._cuts else PER_PAGE_MAX
        size, number = next_page(self._read - self._back, min(self._size, largest), largest)
        by_number = min(size * number - self._read, self._size - 1)
        if self._can_move():
            assert self._oldest is not None
            # Where the end is included, what lies on it comes again too.
            again = self._crowd[self._oldest] + self._crowd[self._oldest + 1]
            if self._cuts or self._size - again >= by_number:
                self._move(self._oldest + 1)
                return
        elif not self._steady and self._tries < _TRIES and self.by_time and not self.lost:
            self._tries += 1  # page 1 may be larger the next time
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
        self._place.clear()
        if not self._read:
            self._known.clear()
        if self._short and self._read:
            self._look_behind()
        else:
            self._choose()
        return True


def next_page(read: int, size: int, largest: int = PER_PAGE_MAX) -> tuple[int, int]:
    """Choose ``per_page`` and ``page_number`` after so many rows: the most that is new.

    The page holds the last row that was read, and no more new ones than ``size``. Where the
    server's pages allow no such page, it is the one that begins behind that row.

    >>> next_page(0, 50), next_page(50, 50), next_page(98, 50)
    ((50, 1), (49, 2), (48, 3))
    """
    read = max(read, 0)
    sizes = range(min(PER_PAGE_MIN, largest), largest + 1)
    pages = [(one, max(read - 1, 0) // one + 1) for one in sizes]
    best = max(pages, key=lambda page: (min(page[0] * page[1] - read, size), -page[0]))
    return best if best[0] * best[1] > read else (best[0], best[1] + 1)


def _row(row: _Conversation) -> _Row:
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
