"""Conversations of a server that ignores the dates or lists in another order: by page number.

Page n begins behind n - 1 pages of one size. ``per_page`` is chosen so that a page begins with
a row that is read already: then none lies between, whatever moved meanwhile. Any other page is
not trusted, and the reading steps back.

A server may hold fewer rows on a page than it is asked for. Where these are 20 or more, no more
are asked for from then on. Where they are fewer, ``per_page`` says nothing any more: pages follow
each other without a common row, and the largest size that was seen says where each begins. Where
another size shows, the list is read again from page 1, and rows may be missing all the same.

The list ends with an empty page, or with one that shows its last rows again and no others. Where
pages are small, the last one is asked for once more, with another ``per_page``: a server whose
pages change their size, or leave rows out between them, answers with other rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from crisp_data.api.page_numbers import PageNumber, Row, has_id, next_page
from crisp_data.api.routes import PER_PAGE_MAX, PER_PAGE_MIN

UNEVEN = (
    "The list moved, or the server changed its page size, while the list was read by "
    "page number. Rows between two pages may be missing."
)

_MOST_TRIES = 10  # pages without progress, one after another


class NumberedPages:
    """Read a list of conversations by page number.

    Parameters
    ----------
    size : int
        What to ask for on page 1.

    Attributes
    ----------
    page : tuple of int
        The ``per_page`` and ``page_number`` of the next request.
    known : dict
        The rows read so far, and the place of each in their order.
    done : bool
        Whether the list's end was reached.
    uneven : bool
        Whether rows between two pages may be missing.
    trusted : bool
        Whether the pages still show where they begin. If not, each is taken as it comes.

    Examples
    --------
    >>> pages = NumberedPages(50)
    >>> pages.add([(b"a", 7)])
    >>> pages.page
    (20, 2)
    """

    def __init__(self, size: int) -> None:
        self.known: dict[bytes, int] = {}
        self.done = self.uneven = False
        self._size = size
        self._largest = PER_PAGE_MAX  # the largest per_page that is worth asking for
        self._small = False  # whether full pages hold fewer rows than the smallest per_page
        self._most = 0  # rows of the largest page, as far as PER_PAGE_MIN
        self._misses = 0  # pages without progress, one after another
        self.trusted = True
        self._times = set[tuple[int | None, ...]]()  # of each page
        self._idle = 0  # pages in a row of which nothing is new
        self._expected: Sequence[Row] = []  # what shows that the list ended
        self._start_again()

    def add(self, rows: Sequence[Row]) -> None:
        """Take in the page that came, and choose the next."""
        self._note_new(rows)
        if self.done:
            return
        if self._expected:
            # (On page 1, rows that came in or left say nothing; only more rows than before do.)
            shrunk = self.page[1] == 1 and len(rows) <= len(self._expected)
            self.done = shrunk or rows == self._expected
            self._expected = []
            self._misses += 1
            self.uneven = self.uneven or (self._small and not self.done)
        if self.done:
            return
        grown = self._most < min(len(rows), PER_PAGE_MIN)
        self._most = max(self._most, min(len(rows), PER_PAGE_MIN))
        if not self.trusted:
            self._add_untrusted(rows)
        elif grown and self._small:
            # The pages so far were not full: others may have been passed over between them.
            self.uneven = True
            self._start_again()
        elif not rows:
            self._add_empty()
        elif (begin := self._begin(rows)) is not None:
            self._add_joined(rows, begin)
        elif grown:
            self._small = True
            self._start_again()
        else:
            self._step_back()

    def _note_new(self, rows: Sequence[Row]) -> None:
        """End the list where nothing is new for too long, for a server may send such for ever.

        New are ids alone, and not those of rows with the very times of an earlier page.
        """
        times = tuple(at for _, at in rows)
        again = len(set(times)) > 1 and times in self._times
        new = any(has_id(name) and name not in self.known for name, _ in rows)
        self._times.add(times)
        self._idle = 0 if new and not again else self._idle + 1
        if self._idle > 3 * _MOST_TRIES:
            self.done, self.uneven, self.trusted = True, True, False

    def _start_again(self) -> None:
        """Ask for page 1, and forget what was read."""
        self.known.clear()
        self.page: PageNumber = (self._size, 1)
        self._read = self._back = 0  # rows without a gap, and rows to step back
        self._bottom = -1  # the place of the row furthest down
        self._short = 0  # rows of the last page, if it was not full
        self._last: tuple[PageNumber, Sequence[Row]] = (self.page, [])  # the one furthest down

    @property
    def _full(self) -> int:
        """Rows of a full page."""
        return self._most if self._small else min(self.page[0], self._largest)

    @property
    def _due(self) -> int:
        """The rows above the page, if all before it are full."""
        return self._full * (self.page[1] - 1)

    def _begin(self, rows: Sequence[Row]) -> int | None:
        """Say how many rows are above a page; None where rows may lie between."""
        number = self.page[1]
        if number == 1:
            return 0
        places = [self.known.get(name) for name, _ in rows]
        known = [place for place in places if place is not None]
        if known:
            # They come first and in their order. A single one is the last that was read: any
            # other may stand there by chance, where rows of one instant change places.
            in_order = places[: len(known)] == sorted(known)
            if in_order and (len(known) >= min(3, len(rows)) or known[-1] == self._bottom):
                return self._due if len(rows) == self._full else min(self._due, known[0])
            return None
        if self._due == self._read and len(rows) <= self._full:
            return self._read
        if self._short == self._most and self._short * (number - 1) == self._read:
            self._small = True  # page 1 was full, after all
            return self._read
        return None

    def _add_joined(self, rows: Sequence[Row], begin: int) -> None:
        """Take in a page without a gap before it."""
        short, number = len(rows) < self._full, self.page[1]
        new = sum(name not in self.known for name, _ in rows)
        if short and not new and self._shows_end(rows):
            self._last = self.page, rows
            self._end()
            return
        if new and self._short:
            self._note_cut(self._short)
        elif short and not new and number > 1:
            self._note_cut(len(rows))
        self._note_order(rows)
        end = begin + len(rows)
        self._read, self._back = end if self._back else max(end, self._read), 0
        self._short = len(rows) if short and new else 0
        if end == self._read:
            self._last = self.page, rows
        if 2 * new > len(rows) and number > 1:  # (page 1 may bring something new for ever)
            self._misses = 0
            self._choose()
        else:
            self._miss()

    def _note_order(self, rows: Sequence[Row]) -> None:
        """Give each new row the place behind the one before it; known ones stay in their order."""
        at_top = -len(rows) if self.known else 0
        place = self._bottom + 1 if self.page[1] > 1 else at_top
        for name, _ in rows:
            place = self.known.setdefault(name, place) + 1
        self._bottom = max(self._bottom, place - 1)

    def _shows_end(self, rows: Sequence[Row]) -> bool:
        """Whether a short page of known rows can only be the last one.

        It ends with the last row, and begins where it was asked to; or no full page of so few
        rows begins there: rows came in above.
        """
        number, place = self.page[1], self.known[rows[0][0]]
        last = self.known[rows[-1][0]] == self._bottom
        return number > 1 and last and (place >= self._due or len(rows) * (number - 1) < place)

    def _add_empty(self) -> None:
        """Take in an empty page: the end (*documented*), unless rows were due on it."""
        if self.page[1] == 1:
            self.done = True
        elif self._due >= self._read:
            self._end()
        else:
            self._step_back()

    def _end(self) -> None:
        """End the reading; small pages must first show the last one again."""
        (per_page, number), rows = self._last
        if self._read >= PER_PAGE_MIN and not self._small:
            self.done = True
        elif self._misses > _MOST_TRIES:
            self.done = self.uneven = True
        else:
            other = PER_PAGE_MIN if per_page > PER_PAGE_MIN else PER_PAGE_MAX
            self._expected, self.page = rows, (other, number)

    def _note_cut(self, size: int) -> None:
        """Take in the rows of a page that was neither as full as asked for nor the last."""
        self.uneven = self.uneven or (self._small and size < self._most)
        self._small = self._small or size < PER_PAGE_MIN
        self._largest = max(min(size, self._largest), PER_PAGE_MIN)

    def _step_back(self) -> None:
        """Read again from further up: rows may lie before the page that came."""
        self.uneven = self.uneven or self._small
        self._back += PER_PAGE_MIN
        self._miss()

    def _miss(self) -> None:
        """Count a page that brought little; after too many each is taken as it comes."""
        self._misses += 1
        if self._misses > _MOST_TRIES:
            self.trusted, self.uneven, self._misses, self._back = False, True, 0, 0
        self._choose()

    def _choose(self) -> None:
        """Choose the page that goes on: with the last row on it, where the sizes allow that."""
        read = max(self._read - self._back, 0)
        if self._small:
            self.page = (PER_PAGE_MIN, read // self._most + 1)
        elif self._short and read > PER_PAGE_MIN:
            # Is it the end? The page that begins closest to the last row shows it.
            sizes = range(PER_PAGE_MIN, min(self._largest, read - 1) + 1)
            size = max(sizes, key=lambda one: (read - 1) // one * one)
            self.page = (size, (read - 1) // size + 1)
        elif self._short:
            self.page = (PER_PAGE_MIN, 2)
        else:
            self.page = next_page(read, self._size, self._largest)

    def _add_untrusted(self, rows: Sequence[Row]) -> None:
        """Take a page as it comes; too many that are known for the most part end the list."""
        new = [name for name, _ in rows if name not in self.known]
        self._misses = 0 if 2 * len(new) > len(rows) else self._misses + 1
        self.known.update(dict.fromkeys(new, self._read))
        self.page = (self.page[0], self.page[1] + 1)
        self.done = not rows or self._misses > _MOST_TRIES
