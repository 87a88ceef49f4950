"""A piece of a text that goes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple


class Span(NamedTuple):
    """Where the piece stands, and the kind and value that its token stands for."""

    start: int
    end: int
    kind: str
    value: str


def merged(found: Iterable[Span]) -> list[Span]:
    """Join spans that overlap; the longest of them, and the first of equals, gives the token."""
    joined: list[Span] = []
    for span in sorted(found, key=itemgetter(0, 1)):
        if joined and span.start < joined[-1].end:
            last = joined[-1]
            first = last if last.end - last.start >= span.end - span.start else span
            joined[-1] = first._replace(start=last.start, end=max(last.end, span.end))
        else:
            joined.append(span)
    return joined


def uncut(found: list[Span], escapes: set[tuple[int, int]]) -> list[Span]:
    """Leave out spans that begin or end within an escape, where another one does not.

    In "%20anna@shop.example" the address is not "20anna@shop.example".

    Parameters
    ----------
    found : list of Span
        The spans, in any order.
    escapes : set of tuple of int
        Where the pieces of the text begin and end that stand for one character.

    Returns
    -------
    list of Span
        Those that stay.
    """
    if not escapes:
        return found
    pieces = sorted(escapes)
    begins = [begin for begin, _ in pieces]

    def around(place: int) -> tuple[int, int]:
        at = bisect_left(begins, place) - 1
        return pieces[at] if at >= 0 and place < pieces[at][1] else (place, place)

    inner = {span: (around(span.start)[1], around(span.end)[0]) for span in found}
    whole = sorted((span.start, span.end) for span in found if inner[span] == span[:2])
    starts = [start for start, _ in whole]
    ends = list(accumulate((end for _, end in whole), max))

    def is_within_another(start: int, end: int) -> bool:
        at = bisect_right(starts, start) - 1
        return start < end and at >= 0 and end <= ends[at]

    return [
        span for span in found if inner[span] == span[:2] or not is_within_another(*inner[span])
    ]
