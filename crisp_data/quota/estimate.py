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

    The figures hold for a list that stands still: what moves while it is read may cost a
    page more.

    Attributes
    ----------
    what : str
        "conversations", "messages" or "sync".
    requests, low : int
        How many are expected, and how many it takes at least.
    high : int or None
        How many it takes at most; None where Crisp cannot say.
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
        days = "done today" if self.days <= 1 else f"takes {count(self.days, 'day')}"
        share = f"{self.of_today:.1%} of a day's {self.limit:,}"
        left = f"{self.left:,} left today for reads"
        return [f"{self.what}: {self._range()}", f"{share}, {left}: {days}"]

    def __repr__(self) -> str:
        return "\n".join([*self.lines, self.basis])

    def _repr_html_(self) -> str:
        return usage.block("", [*self.lines, self.basis], {})

    def _range(self) -> str:
        if self.low == self.requests == self.high:
            return count(self.requests, "request")
        bounds = f"at least {self.low:,}" if self.high is None else f"{self.low:,} to {self.high:,}"
        if self.low == self.requests and self.high is None:
            return f"at least {count(self.low, 'request')}"
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
    sure, most : int
        Known for certain: at least and at most; ``most`` is None where nothing says.
    low, high : int
        Believed: within what is known. ``high`` is None likewise.
    guess : int or None
        What the times on page 1 suggest.
    basis : str
        How it was found out.
    """

    sure: int
    most: int | None
    low: int
    high: int | None
    guess: int | None
    basis: str

    @property
    def likely(self) -> int:
        """The one figure: what the times suggest, else the middle between the bounds."""
        if self.high is None:
            return max(self.low, self.guess or 0)
        guess = math.isqrt(self.low * self.high) if self.guess is None else self.guess
        return min(max(self.low, guess), self.high)

    def probe(self, within: float = 3.0, pages: int = 10) -> int | None:
        """The page to ask for by its number; None where it would tell too little.

        Far out first, four times further each time, until the end of the list is passed or
        as far as the list can be believed to reach; then between, until the bounds are
        ``within`` a factor or so many ``pages`` of each other.
        """
        if self.most is None:
            page = max(BEYOND, 4 * self.sure // PAGE)
            return page if self.high is None or page * PAGE <= self.high else None
        if self.high is None or self.high <= max(within * self.low, self.low + pages * PAGE):
            return None
        return round(math.sqrt(self.low * self.high) / PAGE)

    def known(self, page: int, rows: int) -> Rows:
        """Take note of how many rows stand on a page."""
        sure, most = self.sure, self.most
        if rows:
            sure = (page - 1) * PAGE + rows
        if rows < PAGE:
            most = (page - 1) * PAGE + rows
        high = min((one for one in (self.high, most) if one is not None), default=None)
        if high is not None and high < sure:
            high = most  # what was believed was wrong
        low = max(self.low, sure) if high is None else min(max(self.low, sure), high)
        upper = " or more" if most is None else f" to {most:,}"
        found = count(sure, "conversation") if most == sure else f"{sure:,}{upper} conversations"
        basis = f"Judging by page numbers, the list has {found}."
        return replace(self, sure=sure, most=most, low=low, high=high, basis=basis)

    def up_to(self, limit: int | None, share: float = 1.0) -> Rows:
        """Cut by a limit on the rows, of which only a share is wanted.

        The pull goes on by doubling until it has enough, and page 1 is a small sample: a
        share below 1 is believed within a factor of four.
        """
        if limit is None:
            return self
        need = math.ceil(limit / share)
        far = need if share == 1 else 4 * need
        basis = self.basis
        if self.high is None or far < self.high:
            part = "" if share == 1 else f", and {share:.0%} of the rows on page 1 are wanted"
            basis = f"The pull stops after {count(limit, 'row')}{part}."
        return replace(
            self,
            sure=min(self.sure, limit),
            low=min(self.low, limit),
            high=far if self.high is None else min(self.high, far),
            guess=need if self.guess is None else min(self.guess, need),
            basis=basis,
        )


def extrapolate(times: Sequence[int], start: int | None) -> Rows:
    """Estimate a list's rows from the update times on its first page, in milliseconds.

    A short page is the whole list. Fifty rows of a full one tell how much time fifty rows
    take; how far that carries depends on what rhythm they cover: a week's, a day's, or none.
    Without ``start`` nothing says where the list ends.
    """
    size = len(times)
    if size < PAGE:
        return Rows(size, size, size, size, None, "Page 1 holds the whole list.")
    span = times[0] - times[-1]
    if start is None or span <= 0:
        basis = "Page 1 is full; it does not show how many more there are."
        return Rows(size, None, size, None, None, basis)
    guess = max(size, round(size * (times[0] - start) / span))
    spread = 1.5 if span >= 7 * _DAY else 2.5 if span >= _DAY else 4.0
    low, high = max(size, math.floor(guess / spread)), math.ceil(guess * spread)
    basis = f"The newest {size} conversations were updated within {span / _DAY:.1f} days."
    return Rows(size, None, low, high, guess, basis)


_DAY = 86_400_000
