"""Which spans of update time an archive holds whole.

A conversation only ever moves to the top of the list, so a span of update time that was read
whole stays whole: conversations leave it, none enters. What is still to be read is then
plain arithmetic on spans.

>>> held = Coverage().add(50, 90).add(10, 20)
>>> held.gaps(0, 100)
[(90, 100), (20, 50), (0, 10)]
>>> held.add(20, 50).spans
((10, 90),)
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pandas as pd

from crisp_data.errors import warn


class Coverage(msgspec.Struct, frozen=True):
    """Spans in milliseconds, newest first and apart: each with its start, without its end."""

    spans: tuple[tuple[int, int], ...] = ()

    def add(self, start: int, end: int) -> Coverage:
        """Return the coverage with one more span; where it touches others they become one."""
        if start >= end:
            return self
        apart = [one for one in self.spans if one[1] < start or one[0] > end]
        joined = [(start, end), *(one for one in self.spans if one not in apart)]
        whole = (min(one[0] for one in joined), max(one[1] for one in joined))
        return Coverage(tuple(sorted([*apart, whole], reverse=True)))

    def gaps(self, start: int, end: int) -> list[tuple[int, int]]:
        """Name what is missing between two moments, newest first."""
        found, upper = [], end
        for low, high in self._within(start, end):
            if high < upper:
                found.append((high, upper))
            upper = min(upper, low)
        if start < upper:
            found.append((start, upper))
        return found

    def _within(self, start: int, end: int) -> Iterable[tuple[int, int]]:
        return (one for one in self.spans if one[1] > start and one[0] < end)

    @property
    def newest(self) -> tuple[int, int] | None:
        """The span that reaches closest to now."""
        return self.spans[0] if self.spans else None


def warn_of_gaps(
    covered: Coverage,
    asked: int | None,
    start: pd.Timestamp | None,
    end: pd.Timestamp | None,
    tz: str,
) -> None:
    """Warn where a period was not read whole; what came after the last sync is not known here.

    Parameters
    ----------
    covered : Coverage
        What was read whole.
    asked : int or None
        The earliest moment (milliseconds) that a sync was asked for; None where none was.
    start : pandas.Timestamp or None
        The period's beginning; None for all that was asked for.
    end : pandas.Timestamp or None
        Its end; None for the last sync.
    tz : str
        The zone of the warning's times.
    """
    low = asked if start is None else _milliseconds(start)
    if asked is None or low is None:
        return
    # Where nothing is covered all is missing, whenever the last sync was.
    high = covered.newest[1] if covered.newest else asked + 1
    gaps = covered.gaps(low, high if end is None else min(high, _milliseconds(end)))
    if not gaps:
        return
    words = [
        f"{word} {pd.Timestamp(at, unit='ms', tz='UTC').tz_convert(tz):%Y-%m-%d %H:%M}"
        for word, at in (("since", gaps[-1][0]), ("before", gaps[0][1] if covered.spans else 0))
        if at
    ]
    warn(
        "The archive may lack conversations, or what was said in them, that were last updated "
        f"{' and '.join(words) or 'at any time'} ({tz}). archive.sync(since=...) reads them; "
        "archive.info() says what is complete."
    )


def _milliseconds(moment: pd.Timestamp) -> int:
    return int(moment.value) // 1_000_000
