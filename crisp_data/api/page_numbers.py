"""Pages and times as numbers: which page to ask for next, and update times in milliseconds."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from crisp_data.api.path_and_query import iso
from crisp_data.api.routes import PER_PAGE_MAX, PER_PAGE_MIN, TIMES

Row = tuple[bytes, int | None]  # session_id as it stands in the JSON, and update time
PageNumber = tuple[int, int]  # per_page and page_number
_COUNTED = 10_000  # rows; what follows takes as many pages for as many rows, or hardly fewer
_NO_IDS = (b"", b"null", b'""', b"[]", b"{}")


def next_page(read: int, size: int, largest: int = PER_PAGE_MAX) -> PageNumber:
    """Choose ``per_page`` and ``page_number`` after so many rows: the most that is new.

    The page holds the last row that was read, and no more new ones than ``size``. Where the
    server's pages allow no such page, it is the one that begins behind that row.

    >>> next_page(0, 50), next_page(50, 50), next_page(98, 50)
    ((50, 1), (49, 2), (48, 3))

    Parameters
    ----------
    read : int
        How many rows were read so far.
    size : int
        The most new rows that the page may hold.
    largest : int, default PER_PAGE_MAX
        The largest ``per_page`` that the server accepts.

    Returns
    -------
    tuple[int, int]
        ``per_page`` and ``page_number``, from 1.
    """
    read = max(read, 0)
    sizes = range(min(PER_PAGE_MIN, largest), largest + 1)
    pages = [(one, max(read - 1, 0) // one + 1) for one in sizes]
    best = max(pages, key=lambda page: (min(page[0] * page[1] - read, size), -page[0]))
    return best if best[0] * best[1] > read else (best[0], best[1] + 1)


def count_pages(rows: int) -> int:
    """Count the pages that bring so many rows where each overlaps the one before.

    >>> count_pages(50), count_pages(98), count_pages(99), count_pages(1000)
    (1, 2, 3, 24)
    """
    read = pages = 0
    while read < min(rows, _COUNTED):
        per_page, number = next_page(read, PER_PAGE_MAX)
        read, pages = per_page * number, pages + 1
    return pages if rows <= _COUNTED else math.ceil(pages * rows / _COUNTED)


def row_of(session_id: bytes, at: int | None) -> Row:
    """Make a row; without an id its time must do.

    >>> row_of(b'"session_1"', 7), row_of(b"null", 7)
    ((b'"session_1"', 7), (b'at 7', 7))
    """
    return (b"at %d" % (at or 0) if session_id in _NO_IDS else session_id), at


def has_id(name: bytes) -> bool:
    """Whether a row is known by an id of its own, and not by its time."""
    return not name.startswith(b"at ")


def milliseconds(value: Any) -> int | None:
    """Read a time in milliseconds; None where it is none, or none that can be asked for."""
    return int(value) if isinstance(value, (int, float)) and int(value) in TIMES else None


def iso_milliseconds(milliseconds: int) -> str:
    """Write milliseconds since 1970 as a date of Crisp's filters."""
    return iso(datetime.fromtimestamp(milliseconds / 1000, UTC))


def instant(text: str | None) -> int | None:
    """Read a date of Crisp's filters as milliseconds since 1970."""
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)
