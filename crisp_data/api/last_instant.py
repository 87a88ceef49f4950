"""Whether a page of a few rows of one instant was the last of a list of conversations.

A page of fewer rows than were asked for may be the last one, or the server cut it. Where its
rows have several update times, one request shows which: page 1 below the oldest of them shows
the rows of that instant alone at the end, and more of them, or older ones, where it was cut.

Rows that share an instant, or lie one millisecond apart, come again on that page whether or not
more follow. Two things are open then, and no request shows both:

- *Is anything older?* Page 1 below that instant is empty if not, whatever the server's page size.
  It shows the instant again where the server includes the bound; then the same one millisecond
  earlier shows it, which a server that excludes the bound must not be asked: it would pass over a
  millisecond.
- *Has the instant more rows?* No bound lies between them. Where all pages hold as many rows as
  the page did, page 2 shows more. Where their size changes, page 1 shows more as soon as one is
  larger, and page 2 as long as one is smaller than the instant. So each is asked for several
  times: sizes that change at random can hide a row from all of them, but hardly ever do.

Twenty rows or more need none of this: a page of so many may be asked for, and an empty one behind
it shows the end. Nor does a single row: a server whose next page would hold no more than that
one row cannot be told from the end in one request, and is not asked again.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeAlias

from crisp_data.api.page_numbers import PageNumber, Row
from crisp_data.api.routes import PER_PAGE_MIN

_LOOKS = 4  # of each kind; one after the other, as sizes that take turns would miss both

#: As many requests it takes at most.
MOST_LOOKS = 2 + 2 * _LOOKS

Looks: TypeAlias = Generator[tuple[int | None, PageNumber], Sequence[Row], bool]


def last_instant(rows: Sequence[Row], bound: int | None, size: int) -> Looks:
    """Find out whether a list ends with a page of fewer than 20 rows of one instant.

    Parameters
    ----------
    rows : Sequence[Row]
        The page: at least two rows, with one update time or two that are one millisecond apart.
    bound : int or None
        The ``filter_date_end`` of its request.
    size : int
        Its ``per_page``.

    Returns
    -------
    Looks
        A generator of bounds and pages to ask for; each page is sent back to it. It returns
        whether the list ended with the page. If not, the server cuts its pages, or the list moved.

    Examples
    --------
    >>> looks = last_instant([(b"a", 7), (b"b", 7)], None, 50)
    >>> next(looks)
    (7, (50, 1))
    >>> looks.send([(b"c", 5)])
    Traceback (most recent call last):
    StopIteration: False
    """
    oldest = rows[-1][1] or 0
    instant = {row for row in rows if row[1] == oldest}
    below = set((yield oldest, (size, 1)))
    if len(instant) == 1:  # (Below the other time, one row is the end here as well.)
        return (below or set((yield oldest + 1, (size, 1)))) == instant
    if below and (below != instant or (yield oldest - 1, (size, 1))):
        return False
    for _ in range(_LOOKS):
        if not instant <= set((yield bound, (size, 1))) <= set(rows):
            return False
    for _ in range(_LOOKS):
        if (yield bound, (PER_PAGE_MIN, 2)):
            return False
    return True
