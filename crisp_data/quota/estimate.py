"""What a pull is going to cost: the figures, and how they follow from what is known."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crisp_data.plurals import count
from crisp_data.quota import usage

#: A pull of more requests than this shows its plan before it starts.
SHOWN = 100

PAGE = 50  # conversations on a page, as many as Crisp allows


@dataclass(frozen=True)
class Plan:
    """What a pull would spend from now on; what the cache holds already is not part of it.

    The figures hold for a list that stands still, in pages as full as Crisp's: what moves while
    it is read may cost a page more.

    Attributes
    ----------
    what : str
        "conversations", "messages" or "sync".
    requests, low : int
        How many are expected, and how many it surely takes. They are the same where nothing
        more is known.
    high : int or None
        How many it takes at most; None where Crisp has not shown it.
    left, limit, daily : int
        What reads may still spend today, what the day allows in all, and how much of that
        reads may spend.
    basis : str
        How the figures were got, in one sentence.
    rows : Rows or None
        How many rows Crisp's list holds, as far as it was found out; of these some may be
        left out here, after the pull. None where nothing was asked.

    Examples
    --------
    >>> plan = ws.plan.messages(ws.conversations(limit=20))
    >>> plan.low, plan.requests, plan.high, plan.days
    (20, 22, None, 1)
    """

    what: str
    requests: int
    low: int
    high: int | None
    left: int
    limit: int
    daily: int
    basis: str
    rows: Rows | None = None

    @property
    def of_today(self) -> float:
        """The share of the day's limit, such as 0.25; over 1 where one day is too short."""
        return self.requests / self.limit

    @property
    def days(self) -> int:
        """On how many days it spends, today's rest first; 0 where it spends nothing.

        Today counts, even where nothing is left of it.
        """
        if not self.requests:
            return 0
        return 1 + math.ceil(max(0, self.requests - self.left) / self.daily)

    @property
    def lines(self) -> list[str]:
        """The plan in two lines: what is shown before a pull starts."""
        least = "at least " if self._is_open else ""
        days = f"takes {least}{count(self.days, 'day')}"
        if self.days <= 1:
            days = "done today at best" if self._is_open else "done today"
        share = f"{least}{self.of_today:.1%} of a day's {self.limit:,}"
        left = f"{self.left:,} left today for reads"
        return [f"{self.what}: {self._range()}", f"{share}, {left}: {days}"]

    @property
    def _is_open(self) -> bool:
        """Whether nothing is known but how many it takes at least."""
        return self.low == self.requests and self.high is None

    def __repr__(self) -> str:
        return "\n".join([*self.lines, self.basis])

    def _repr_html_(self) -> str:
        return usage.block("", [*self.lines, self.basis], {})

    def _range(self) -> str:
        if self.low == self.requests == self.high:
            return count(self.requests, "request")
        if self._is_open:
            return f"at least {count(self.low, 'request')}"
        bounds = f"at least {self.low:,}" if self.high is None else f"{self.low:,} to {self.high:,}"
        return f"about {count(self.requests, 'request')}, {bounds}"


def list_requests(rows: int, *, end: bool = True) -> int:
    """Requests to pull a list of so many conversations that stand still.

    A page after the first repeats the last row of the one before; one more looks at what moved
    up meanwhile.

    Parameters
    ----------
    rows : int
        How many conversations the list holds.
    end : bool, default True
        Whether the page that shows the list's end is read.

    Returns
    -------
    int
        How many requests.
    """
    pages = 1 if rows <= PAGE - end else 1 + math.ceil((rows - PAGE + end) / (PAGE - 1))
    return pages + (end and rows > 0) + (pages > 1)


#: The first page that only a pull of more than `SHOWN` requests comes to.
BEYOND = next(page for page in itertools.count(1) if list_requests(page * PAGE) > SHOWN)


@dataclass(frozen=True)
class Rows:
    """How many rows a list holds.

    Attributes
    ----------
    low, high : int
        Known for certain: at least and at most; ``high`` is None where nothing says.
    guess : int or None
        What the times on page 1 suggest; None where they say nothing.
    reach : int or None
        As far as the list can be believed to reach; None where nothing says.
    basis : str
        How it was found out.
    """

    low: int
    high: int | None
    guess: int | None
    reach: int | None
    basis: str

    @property
    def likely(self) -> int:
        """The one figure: what the times suggest, unless the bounds show that to be wrong.

        Else the middle between the bounds; the lower one where there is no upper.
        """
        if self.high is None:
            return max(self.low, self.guess or 0)
        if self.guess is not None and self.low <= self.guess <= self.high:
            return self.guess
        return math.isqrt(self.low * self.high)

    def probe(self, within: float = 3.0, pages: int = 10, beyond: int = BEYOND) -> int | None:
        """The page to ask for by its number; None where it would tell too little.

        Far out first, and four times further each time, until the end of the list is passed
        or, where there is a guess, as far as the list can be believed to reach; then between.

        Parameters
        ----------
        within : float, default 3.0
            The bounds are near enough where one is so many times the other at most.
        pages : int, default 10
            They are near enough, too, where they are so many pages apart.
        beyond : int
            The first page to ask for.

        Returns
        -------
        int or None
            The number of the page, or None.
        """
        if self.high is None:
            page = max(beyond, 4 * self.low // PAGE)
            told = self.guess is None or self.reach is None or page * PAGE <= self.reach
            return page if told else None
        if self.high <= max(within * self.low, self.low + pages * PAGE):
            return None
        return round(math.sqrt(self.low * self.high) / PAGE)

    def known(self, page: int, rows: int) -> Rows:
        """Take note of how many rows stand on a page."""
        before = (page - 1) * PAGE
        low = max(self.low, before + rows if rows else 0)
        high = self.high if rows == PAGE else _least(self.high, before + rows)
        low = low if high is None else min(low, high)  # (the list may move between two looks)
        upper = " or more" if high is None else f" to {high:,}"
        found = count(low, "conversation") if high == low else f"{low:,}{upper} conversations"
        basis = f"Judging by page numbers, the list has {found}."
        return replace(self, low=low, high=high, basis=basis)

    def at_most(self, limit: int | None) -> Rows:
        """Cut by a limit on the rows, once no more is to be found out."""
        return self if limit is None else replace(self, high=_least(self.high, limit))

    def up_to(self, limit: int | None, share: float = 1.0) -> Rows:
        """Expect no more than a limit on the rows takes, of which only a share is wanted.

        Where that is a share below 1, the pull goes on by doubling until it has enough, if need
        be to the end of the list: page 1 is a small sample, believed within a factor of four.
        """
        if limit is None:
            return self
        need = math.ceil(limit / share)
        far = need if share == 1 else 4 * need
        basis = self.basis
        if self.reach is None or far < self.reach:
            part = "" if share == 1 else f", and {share:.0%} of the rows on page 1 are wanted"
            basis = f"The pull stops after {count(limit, 'row')}{part}."
        return replace(
            self,
            low=min(self.low, limit),
            guess=_least(self.guess, need),
            reach=_least(self.reach, far),
            basis=basis,
        )


def _least(known: int | None, other: int) -> int:
    return other if known is None else min(known, other)


def extrapolate(times: Sequence[int], start: int | None) -> Rows:
    """Estimate a list's rows from the update times on its first page, in milliseconds.

    A short page is the whole list. Fifty rows of a full one tell how much time fifty rows
    take; how far that carries depends on what rhythm they cover: a week's, a day's, or none.
    They may be a burst, such as conversations resolved in bulk: where they cover but a small
    part of the period, they suggest nothing. Without ``start`` nothing says where the list ends.
    """
    size = len(times)
    if size < PAGE:
        return Rows(size, size, size, size, "Page 1 holds the whole list.")
    span = times[0] - times[-1]
    if start is None or span <= 0:
        basis = "Page 1 is full; it does not show how many more there are."
        return Rows(size, None, None, None, basis)
    guess = max(size, round(size * (times[0] - start) / span))
    spread = 1.5 if span >= 7 * _DAY else 2.5 if span >= _DAY else 4.0
    reach = math.ceil(guess * spread)
    days = f"{span / _DAY:.1f} days" if span >= _DAY else count(math.ceil(span / _HOUR), "hour")
    basis = f"The newest {size} conversations were updated within {days}."
    if guess > size * (10 if span >= _DAY else 4):
        basis = f"{basis} That says little of the time before."
        return Rows(size, None, None, reach, basis)
    return Rows(size, None, guess, reach, basis)


_HOUR, _DAY = 3_600_000, 86_400_000
