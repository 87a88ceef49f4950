"""Conversations of a server whose pages hold fewer rows than were asked for.

Page 1 below a bound is right whatever its size, and whatever moves: nothing enters below a
bound in the past, and rows that leave show up at the top. So the list is read by page 1 below
the oldest update seen, again and again. An *empty page 1* is its end, and the only one.

That leads nowhere where one instant fills page 1. Its rows are then read by page number below
the same bound, with the smallest ``per_page``: a server that gives the documented 20 to 50
rows cannot cut that. A page counts where it joins what was read:

- its first row is known already, so that no row lies between; or
- it begins right behind the page before. That page is asked for again: where it comes as it
  came, no row left meanwhile, and the next one began where it ended.

The instant is whole where such a page goes on with older rows, or where none is left. What
cannot be shown within a few requests is doubtful, and what is older is read all the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from crisp_data.api.page_numbers import PageNumber, Row, next_page
from crisp_data.api.routes import PER_PAGE_MAX, PER_PAGE_MIN

_TRIES = 8  # requests below one bound that bring nothing, before what it hides is doubtful


class CutPages:
    """Read downwards from an instant above which all rows are known.

    Parameters
    ----------
    known : dict
        The rows read so far, and their times; grows.
    oldest : int
        The instant to go on from: some of its rows may be missing.
    limit : int or None
        The caller's own ``filter_date_end``.
    size : int
        What to ask for on page 1.
    cut : int
        Rows of a page that was cut.
    largest : int, default 0
        Rows of the largest page that came before; more than ``cut`` where the size changes.

    Attributes
    ----------
    bound : int
        The ``filter_date_end`` of the next request.
    page : tuple of int
        Its ``per_page`` and ``page_number``.
    done : bool
        Whether the list's end was reached.
    doubtful : bool
        Whether an instant held more rows than could be shown whole.

    Examples
    --------
    >>> cut = CutPages({b"a": 7}, oldest=7, limit=None, size=50, cut=30)
    >>> cut.bound, cut.page
    (8, (50, 1))
    >>> cut.add([])
    >>> cut.done
    True
    """

    def __init__(
        self,
        known: dict[bytes, int | None],
        oldest: int,
        limit: int | None,
        size: int,
        cut: int,
        largest: int = 0,
    ) -> None:
        self.known, self.oldest, self._limit, self._size = known, oldest, limit, size
        self.done = self.doubtful = False
        self._small = set[int]()  # sizes below the documented ones of pages that were cut
        self._least = PER_PAGE_MAX  # rows of the shortest page that was cut, 20 at least
        self._short = 0  # rows of the last page, which may have been the end
        self._same = False  # whether pages were seen to be the same for another per_page
        self._most = max(cut, largest)  # rows of the largest page
        self._changes = False  # whether pages were seen to change their size
        self._note_cut(cut)
        self._set_bound(oldest + 1)

    def add(self, rows: Sequence[Row]) -> None:
        """Take in the page that came, and choose the next."""
        self._note_changes(rows)
        if self._again:
            self._check_again(rows)
        elif not rows:
            self._add_empty()
        elif (begin := self._rows_above(rows)) is not None:
            self._add_joined(rows, begin)
        elif self._may_follow(rows):
            self._confirm(rows)
        else:
            self._strange = True
            self._miss()

    def _set_bound(self, bound: int, whole: bool = False) -> None:
        """Go on at page 1 below another bound."""
        self.bound = bound if self._limit is None else min(bound, self._limit)
        self._whole = whole  # whether the oldest instant needs no look any more
        self._misses = self._restarts = 0
        self._strange = False  # whether a page with new rows did not show where it begins
        self._pages: dict[bool, set[PageNumber]] = {False: set(), True: set()}  # empty, with rows
        self._start_again()

    def _start_again(self) -> None:
        """Ask for page 1 below the bound, and forget what was read below it."""
        self.page: PageNumber = (self._size, 1)
        self._read = 0  # rows below the bound, without a gap
        self._place: dict[bytes, int] = {}  # and how many before each
        self._last: tuple[PageNumber, Sequence[Row]] = (self.page, [])
        self._again: list[tuple[PageNumber, Sequence[Row]]] = []  # pages that must be the same
        self._waiting: Sequence[Row] = []  # what counts then; nothing: the instant is whole

    def _rows_above(self, rows: Sequence[Row]) -> int | None:
        """Say how many rows are above the page; None where it has nothing in common."""
        size, number = self.page
        places = [self._place.get(name) for name, _ in rows]
        known = [place for place in places if place is not None]
        if places[: len(known)] != sorted(known):
            return None  # the known rows are not the first, or in another order
        if number == 1 and (known or not self._place):
            return 0
        return min(known[0], size * (number - 1)) if known else None

    def _add_joined(self, rows: Sequence[Row], begin: int) -> None:
        """Take in a page without a gap before it."""
        end, oldest = begin + len(rows), rows[-1][1] or 0
        older = oldest < self.oldest
        follow = end > self._read or older
        more = (follow and self.page[1] > 1) or any(name not in self.known for name, _ in rows)
        if self._short and more:
            self._note_cut(self._short)
        due = self.page[0] * (self.page[1] - 1)
        moved_up = begin < due and begin == len(rows) * (self.page[1] - 1)  # as all are so small
        if not older and (end < self._read or moved_up):  # or rows are known behind its last
            self._note_cut(len(rows))
        self._most = max(self._most, len(rows))
        self._short = len(rows) if len(rows) < self.page[0] else 0
        self.known.update(rows)
        if older:
            self.oldest = oldest
            self._set_bound(oldest + 1)
            return
        if self._whole:  # the server includes the bound, so this one hides nothing
            self._set_bound(self.oldest - 1)
            return
        number = self.page[1]
        for place, (name, _) in enumerate(rows, begin):
            self._place.setdefault(name, place)
        if follow:
            self._read, self._last = end, (self.page, rows)
            self._misses = self._restarts  # so each bound is left after so many restarts
        full = self._full()
        # Fewer rows than a page can be cut to: the last page.
        least = full if self._small else PER_PAGE_MIN
        if number > 1 and begin == full * (number - 1) and len(rows) < least:
            self._leave_instant()
        elif follow:
            self._choose(len(rows))
        else:
            self._miss(len(rows))

    def _add_empty(self) -> None:
        """Take in an empty page: of a page size that is known, it shows what is left: nothing."""
        size, number = self.page
        if number == 1:
            self.done = True
        elif self._is_end(size, number):
            self._waiting, self._again = [], [self._last]
            self.page = self._last[0]
        else:
            self._miss()

    def _note_changes(self, rows: Sequence[Row]) -> None:
        """Note where a page holds rows, and one that begins no later is empty."""
        self._pages[bool(rows)].add(self.page)
        self._changes = self._changes or any(
            size <= other and number <= later
            for size, number in self._pages[False]
            for other, later in self._pages[True]
        )

    def _note_cut(self, size: int) -> None:
        """Take in the size of a page that was cut."""
        self._least = max(min(size, self._least), PER_PAGE_MIN)
        if size < PER_PAGE_MIN:
            self._small.add(size)

    def _is_end(self, size: int, number: int) -> bool:
        """Whether an empty page can only mean that no more than was read is left."""
        if size * (number - 1) <= self._read:
            return True
        if not self._small:
            return not self._changes
        full = self._full()
        return self._read < full or (self._same and 0 < full * (number - 1) <= self._read)

    def _full(self) -> int:
        """Say how many rows a full page holds; 0 where that changes."""
        if not self._small:
            return self.page[0]
        return self._most if self._small == {self._most} and not self._changes else 0

    def _may_follow(self, rows: Sequence[Row]) -> bool:
        """Whether a page may begin right behind what was read."""
        size, number = self.page
        cut = len(self._last[1])
        return size * (number - 1) == self._read or (
            cut * (number - 1) == self._read and len(rows) <= cut == self._most
        )

    def _confirm(self, rows: Sequence[Row]) -> None:
        """Ask again for the page before, and for a page whose begin is only assumed."""
        size, number = self.page
        self._waiting, self._again = rows, [self._last]
        if size * (number - 1) != self._read and not self._same:
            other = PER_PAGE_MAX if size == PER_PAGE_MIN else PER_PAGE_MIN
            self._again.insert(0, ((other, number), rows))
        self._confirming = self.page
        self.page = self._again[0][0]

    def _check_again(self, rows: Sequence[Row]) -> None:
        """Compare a page with how it came before; where all did, the waiting page counts."""
        page, expected = self._again.pop(0)
        if list(rows) != list(expected):
            self._restarts += 1
            self._misses += self._restarts
            self._start_again()
            self._miss()
        elif self._again:
            self._same = page != self._confirming
            self.page = self._again[0][0]
        elif self._waiting:
            self.page = size, number = self._confirming
            assumed = size * (number - 1) != self._read
            if assumed and (self._waiting[-1][1] or 0) < self.oldest:
                # It may be the last page of another size: what lies between comes by time.
                self.known.update(self._waiting)
                self._leave_instant()
            else:
                self._add_joined(self._waiting, self._read)
        else:
            self._leave_instant()

    def _miss(self, size: int = 0) -> None:
        """Count a request that brought nothing; after too many the instant is left."""
        self._misses += 1
        if self._misses > _TRIES:
            # (Asked for so often, a few rows are all there are.)
            few = 0 < self._read < min(self._small, default=0)
            few = few and not (self._restarts or self._strange)
            self.doubtful |= not few
            self._leave_instant()
        else:
            self._choose(size or len(self._last[1]))

    def _choose(self, cut: int) -> None:
        """Choose the page that holds the next row: whatever the size, of this size, or cut."""
        ways = [next_page(self._read, self._least, self._least)]
        cut = max(self._small, default=cut)
        if 0 < cut < PER_PAGE_MIN:
            number = self._read // cut + 1
            ways.insert(0, (PER_PAGE_MIN, number))
            if number == 1:  # (or nothing but page 1 would be asked for)
                ways.append((PER_PAGE_MIN, 2))
        if self._small and self._read > PER_PAGE_MIN:
            sizes = range(PER_PAGE_MIN, PER_PAGE_MAX + 1)
            last = max(sizes, key=lambda size: self._read // size * size)  # the last to begin
            ways.append((last, self._read // last + 1))
        self.page = ways[self._misses % len(ways)]

    def _leave_instant(self) -> None:
        """Go on below an instant.

        A server that excludes the bound shows what is older at that instant, one that
        includes it a millisecond earlier.
        """
        self._set_bound(self.oldest - (self.bound <= self.oldest), whole=True)
