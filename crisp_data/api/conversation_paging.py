"""All conversations, however they move while they are read.

A conversation that changes moves to the top of the list (*observed*). So the list is read in
passes: the first goes from its top to its end, and each further one from the top down to where
the pass before began, for what moved up meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from crisp_data.api.envelope import PageQueries, Rows, decode
from crisp_data.api.list_pass import LIST_MOVED, MOST_TRIES, ListPass
from crisp_data.api.page_numbers import Row, has_id, instant, milliseconds, row_of

_MOST_IDLE = 60  # pages in a row without a new id; a list that moves much needs half as many
_CLOCKS = 300  # seconds that the caller's clock may be ahead of Crisp's


class _Conversation(msgspec.Struct, gc=False):
    session_id: msgspec.Raw = msgspec.Raw(b"")
    updated_at: Any = None


_decoder = msgspec.json.Decoder(Rows[_Conversation])


def conversations(
    query: Mapping[str, str],
    rows: int | None = None,
    now: float = 0.0,
    *,
    one_pass: bool = False,
    down_to: int | None = None,
    noticed: Callable[[str], None] = lambda incomplete: None,
) -> PageQueries:
    """Read conversations backwards in their update time, however they move meanwhile.

    A pass of one page is a snapshot, and the last one. Into a period that is over nothing can
    move, and one pass is all; ``now`` tells whether it is. So it is where ``one_pass`` asks for
    no more, or ``down_to`` says where the reading ends.

    Parameters
    ----------
    query : Mapping[str, str]
        Filters of the listing, without its period's cursor and page size.
    rows : int, optional
        How many records are wanted; the reading ends at the page that brings them.
    now : float, default 0.0
        The present moment, in seconds since 1970.
    one_pass : bool, default False
        Read from the top to the end once, and do not look at what moved up meanwhile.
    down_to : int, optional
        End at the first page with an update older than this, in milliseconds since 1970.
    noticed : callable, optional
        Called after a page with why rows above the next one may be missing, as soon as they may.

    Returns
    -------
    PageQueries
        A generator of queries; each page is sent back to it.
    """
    end = instant(query.get("filter_date_end"))
    over = end is not None and end < (now - _CLOCKS) * 1000
    once = over or one_pass or down_to is not None
    starts = (instant(query.get("filter_date_start")), down_to)
    stop = max((start for start in starts if start is not None), default=None)
    one, incomplete = ListPass(query, stop, rows), ""
    for _ in range(MOST_TRIES):
        ids, idle = set[bytes](), 0
        while not one.done:
            found = decode(_decoder, (yield one.next_query()).body).data
            rows_found = [_row(conversation) for conversation in found]
            one.add(rows_found)
            # By ids, or there was no end: the same rows may show an older time at each answer.
            new = {name for name, _ in rows_found if has_id(name)} - ids
            ids |= new
            idle = 0 if new else idle + 1
            if idle > _MOST_IDLE and one.by_time:
                noticed(LIST_MOVED)
                return LIST_MOVED
            if one.incomplete:
                noticed(one.incomplete)
        incomplete = incomplete or one.incomplete
        if once or one.lost or one.pages <= 1 or one.top is None or not one.ordered:
            return incomplete
        one = ListPass(query, one.top, by_time=one.by_time)
    return incomplete or LIST_MOVED


def _row(found: _Conversation) -> Row:
    return row_of(bytes(found.session_id), milliseconds(found.updated_at))
