"""What the next page is, without I/O.

A walk is a generator: it yields the query it wants next and is sent the page that came. It
ends when the list does and returns its doubt: an empty text where the list is whole, else
why it may not be. No walk can loop: pages with nothing new end it.

>>> from crisp_data.protocol.answers import Page
>>> walk = numbered({})
>>> next(walk)
{'page_number': '1'}
>>> walk.send(Page(b'{"error": false, "reason": "listed", "data": [{"id": 1}]}', 200))
{'page_number': '2'}
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from crisp_data.protocol.answers import Page, decode
from crisp_data.protocol.routes import PER_PAGE_MIN, TIMES, Route, iso

Query = dict[str, str]

#: Yields queries, is sent pages, returns its doubt.
Walk = Generator[Query, Page, str]

BY_NUMBER = (
    "The server does not list by update time or ignores filter_date_end, so the list was read "
    "by page number: what moved meanwhile may be missing."
)
MOVED = "The list moved faster than it could be read: what moved meanwhile may be missing."
STUCK = "The server sent nothing new before saying that it was done: the list may be cut."

_CLOCKS = 300  # seconds that the caller's clock may be ahead of Crisp's
_LAPS = 10  # a list that is still moving after so many laps is told, not chased


# One record with a field of the wrong type must not cost the page: what a walk reads of a
# record is taken as it comes. A page without its list, though, is no page: nothing ends there.
class _Message(msgspec.Struct, gc=False):
    fingerprint: msgspec.Raw = msgspec.Raw(b"")
    timestamp: Any = None


class _Conversation(msgspec.Struct, gc=False):
    session_id: msgspec.Raw = msgspec.Raw(b"")
    updated_at: Any = None


class _List(msgspec.Struct, gc=False):
    data: list[msgspec.Raw]


class _Thread(msgspec.Struct, gc=False):
    data: list[_Message]


class _Conversations(msgspec.Struct, gc=False):
    data: list[_Conversation]


_list = msgspec.json.Decoder(_List)
_thread = msgspec.json.Decoder(_Thread)
_conversations = msgspec.json.Decoder(_Conversations)


def walk(
    route: Route,
    query: Mapping[str, str],
    rows: int | None = None,
    now: Callable[[], float] = time.time,
    *,
    lap: bool = False,
    down_to: int | None = None,
    known: frozenset[int] = frozenset(),
) -> Walk:
    """Choose how an operation's list is walked.

    Conversations and threads are walked by time, other lists by number where their path
    ends in one; anything else is one page. ``rows`` is how many records are wanted, ``now``
    the clock in seconds; ``known`` is for :func:`thread`, ``lap`` and ``down_to`` are for
    :func:`conversations`.
    """
    if route.name == "get_messages_in_conversation":
        return thread(query, known)
    if route.name == "list_conversations" and not any(name.startswith("order_") for name in query):
        return conversations(query, rows, now(), lap=lap, down_to=down_to)
    if "page_number" in route.parameters:
        return numbered(query)
    return single(query)


def is_timed(route: Route, query: Mapping[str, str]) -> bool:
    """Whether a walk can be continued after a pause, because it is anchored in time."""
    timed = route.name in ("get_messages_in_conversation", "list_conversations")
    return timed and not any(name.startswith("order_") for name in query)


def single(query: Mapping[str, str]) -> Walk:
    """Ask once: the operation's answer is whole."""
    yield dict(query)
    return ""


def numbered(query: Mapping[str, str], start: int = 1, rows: int | None = None) -> Walk:
    """Walk page numbers until a page is empty (*documented*; a short page is no end).

    A server that ignored the number would send the same page for ever: a page equal to the
    one before ends the walk too.
    """
    number, before, left = start, None, rows
    while left is None or left > 0:
        page = yield {**query, "page_number": str(number)}
        records = decode(_list, page.body).data
        if not records:
            return ""
        if records == before:
            return STUCK
        number, before = number + 1, records
        left = None if left is None else left - len(records)
    return ""


def thread(query: Mapping[str, str], archived: frozenset[int] = frozenset()) -> Walk:
    """Walk a thread from its newest batch to its oldest.

    206 says that older messages exist, 200 that this was the last batch (*documented*).
    Whether ``timestamp_before`` includes its own instant is unknown. One millisecond past
    the oldest timestamp seen is right under both readings: messages that share that instant
    and did not fit into the batch come again, and nothing is skipped. The reader drops the
    fingerprints that it has already.

    A batch with nothing new means that one instant fills it whole, or that the server
    ignores the cursor: the walk steps back to just before that instant, and if still
    nothing new comes it ends. Either way the thread may lack messages.

    Whoever has ``archived`` a message has all that are older: its batch is the last.
    """
    kept = {str(fingerprint).encode() for fingerprint in archived}
    known: set[bytes] = set()
    cursor: int | None = None
    doubt = ""
    while True:
        bound = {} if cursor is None else {"timestamp_before": str(cursor)}
        page = yield {**query, **bound}
        messages = decode(_thread, page.body).data
        if page.status != 206 or any(bytes(one.fingerprint) in kept for one in messages):
            return doubt
        times = [at for message in messages if (at := _time(message.timestamp)) is not None]
        if not times:
            return STUCK
        fresh = {bytes(message.fingerprint) for message in messages} - known
        known |= fresh
        oldest = min(times)
        if fresh:
            cursor = oldest + 1
        elif cursor is None or cursor < oldest:
            return STUCK
        else:
            cursor, doubt = oldest - 1, STUCK


def conversations(
    query: Mapping[str, str],
    rows: int | None = None,
    now: float = 0.0,
    *,
    lap: bool = False,
    down_to: int | None = None,
) -> Walk:
    """Walk conversations backwards in their update time, however they move meanwhile.

    A conversation that changes moves to the top (*observed*), so page numbers would show
    some rows twice. Asking for what is older than the oldest seen cannot; and what moved up
    past the walk is met in a further lap, from the top down to where the lap before began.
    A lap of one page is a snapshot, and ends the walk. Into a period that is over nothing
    can move, and one lap is all; ``now``, in seconds, tells whether it is. So it is where
    ``lap`` asks for no more, or ``down_to`` says where the walk ends.
    """
    end = _milliseconds(query.get("filter_date_end"))
    over = end is not None and end < (now - _CLOCKS) * 1000
    once = over or lap or down_to is not None
    marks = (_milliseconds(query.get("filter_date_start")), down_to)
    mark = max((one for one in marks if one is not None), default=None)
    seen, doubt = 0, ""
    for number in range(_LAPS):
        try:
            top, pages, moved = yield from _descend(query, mark, rows if number == 0 else None)
        except _Unordered as page:
            left = None if rows is None else rows - (0 if seen else page.rows)
            return (yield from numbered(query, 1 if seen else 2, left)) or BY_NUMBER
        doubt = doubt or moved
        if once or pages <= 1 or top is None:
            return doubt
        mark, seen = top, seen + pages
    return MOVED


class _Unordered(Exception):
    """The list is not what a walk in time needs: newest update first, filtered by date."""

    def __init__(self, rows: int) -> None:
        super().__init__(rows)
        self.rows = rows


_Rows = list[tuple[bytes, int]]  # session_id as it stands in the JSON, and update time


def _descend(
    query: Mapping[str, str], stop: int | None, rows: int | None
) -> Generator[Query, Page, tuple[int | None, int, str]]:
    """Walk one lap: from the top to below ``stop``, to so many rows, or to the end.

    Returns what the next lap goes down to, the number of pages that held rows, and the
    lap's doubt. The next lap goes down to the newest update that this one saw, so that what
    arrived within the same millisecond is met, unless this one began with a whole page of
    that instant and so read it to its end.

    Each bound is one millisecond past the oldest update seen, which is right whether Crisp
    includes that end or not.

    Rows may leave the numbered pages below a bound, and those behind them shift past the
    reader. Nothing ever enters there, so two readings that are alike show that nothing
    shifted between them; until then the pages are read again.
    """
    known: set[bytes] = set()
    limit = _milliseconds(query.get("filter_date_end"))
    end: int | None = None
    top: int | None = None
    pages = 0
    doubt = ""
    while True:
        before: list[_Rows] = []
        for _ in range(_LAPS):
            shown = yield from _below(query, end, stop, None if rows is None else rows - len(known))
            held = [found for found in shown if found]
            pages += len(held)
            if top is None and held:
                newest, oldest = held[0][0][1], held[0][-1][1]
                top = newest + (newest == oldest)
            known.update(name for found in held for name, _ in found)
            if rows is not None and len(known) >= rows:
                return top, pages, doubt
            shifting = len(held) > 1 and (end is not None or limit is not None)
            if not shifting or shown == before:
                break
            before = shown
        else:
            doubt = MOVED
        if not shown[-1] or (stop is not None and shown[-1][-1][1] < stop):
            return top, pages, doubt
        end = shown[-1][-1][1] + 1
        if limit is not None:
            end = min(end, limit)  # the caller's own end stays the latest


def _below(
    query: Mapping[str, str], end: int | None, stop: int | None, rows: int | None
) -> Generator[Query, Page, list[_Rows]]:
    """Read what lies below one bound: page 1, and on by number while that leads no lower.

    Page numbers serve for two things only: to lead through an instant that fills whole
    pages, and to ask after a short page whether it was the last.
    """
    per_page = int(query.get("per_page", PER_PAGE_MIN))
    bound = {} if end is None else {"filter_date_end": _iso(end)}
    shown: list[_Rows] = []
    for number in itertools.count(1):
        page = yield {**query, **bound, "page_number": str(number)}
        found = _rows(decode(_conversations, page.body).data, end)
        shown.append(found)
        if not found or (stop is not None and found[-1][1] < stop):
            break
        if rows is not None and sum(map(len, shown)) >= rows:
            break
        if len(found) >= per_page and (end is None or found[-1][1] + 1 < end):
            break
    return shown


def _rows(found: list[_Conversation], end: int | None) -> _Rows:
    """Return ids and update times; refuse a list that is not newest first or not cut."""
    times = [_time(row.updated_at) for row in found]
    known = [one for one in times if one is not None]
    ordered = all(a >= b for a, b in itertools.pairwise(known))
    if len(known) < len(found) or not ordered or (end is not None and known and known[0] > end):
        raise _Unordered(len(found))
    return list(zip((bytes(row.session_id) for row in found), known, strict=True))


def _time(value: Any) -> int | None:
    """Read a time in milliseconds; None where it is none, or none that can be asked for."""
    return int(value) if isinstance(value, (int, float)) and int(value) in TIMES else None


def _iso(milliseconds: int) -> str:
    return iso(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _milliseconds(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)
