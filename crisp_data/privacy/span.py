"""A piece of a text that goes."""

from __future__ import annotations

from collections.abc import Iterable
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
