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
from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from crisp_data.errors import BadAnswer
from crisp_data.protocol.answers import Page, mend
from crisp_data.protocol.routes import PER_PAGE_MIN, Route, iso

Query = dict[str, str]
_T = TypeVar("_T")


#: Yields queries, is sent pages, returns its doubt.
Walk = Generator[Query, Page, str]

BY_NUMBER = (
    "The server does not list by update time or ignores filter_date_end, so the list was read "
    "by page number: what moved meanwhile may be missing."
)
MOVED = "The list moved faster than it could be read: what moved meanwhile may be missing."
STUCK = "The server sent nothing new before saying that it was done: the list may be cut."

_LAPS = 10  # a list that is still moving after so many laps is told, not chased


class _Message(msgspec.Struct, gc=False):
    fingerprint: msgspec.Raw = msgspec.Raw(b"")
    timestamp: int | float | None = None


class _Conversation(msgspec.Struct, gc=False):
    session_id: str = ""
    updated_at: int | float | None = None


class _List(msgspec.Struct, gc=False):
    data: list[msgspec.Raw] = []


class _Thread(msgspec.Struct, gc=False):
    data: list[_Message] = []


class _Conversations(msgspec.Struct, gc=False):
    data: list[_Conversation] = []


_list = msgspec.json.Decoder(_List)
_thread = msgspec.json.Decoder(_Thread)
_conversations = msgspec.json.Decoder(_Conversations)


def walk(route: Route, query: Mapping[str, str], rows: int | None = None) -> Walk:
    """Choose how an operation's list is walked.

    Conversations and threads are walked by time, other lists by number where their path
    ends in one; anything else is one page. ``rows`` is how many records are wanted.
    """
    if route.name == "get_messages_in_conversation":
        return thread(query)
    if route.name == "list_conversations" and not any(name.startswith("order_") for name in query):
        return conversations(query, rows)
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


def numbered(query: Mapping[str, str], start: int = 1) -> Walk:
    """Walk page numbers until a page is empty (*documented*; a short page is no end).

    A server that ignored the number would send the same page for ever: a page equal to the
    one before ends the walk too.
    """
    number, before = start, None
    while True:
        page = yield {**query, "page_number": str(number)}
        records = _decode(_list, page).data
        if not records:
            return ""
        if records == before:
            return STUCK
        number, before = number + 1, records


def thread(query: Mapping[str, str]) -> Walk:
    """Walk a thread from its newest batch to its oldest.

    206 says that older messages exist, 200 that this was the last batch (*documented*).
    Whether ``timestamp_before`` includes its own instant is unknown. One millisecond past
    the oldest timestamp seen is right under both readings: messages that share that instant
    and did not fit into the batch come again, and nothing is skipped. The reader drops the
    fingerprints that it has already.

    A batch with nothing new means that one instant fills it whole, or that the server
    ignores the cursor: the walk steps back to just before that instant, and if still
    nothing new comes it ends. Either way the thread may lack messages.
    """
    known: set[bytes] = set()
    cursor: int | None = None
    doubt = ""
    while True:
        bound = {} if cursor is None else {"timestamp_before": str(cursor)}
        page = yield {**query, **bound}
        messages = _decode(_thread, page).data
        times = [int(message.timestamp) for message in messages if message.timestamp is not None]
        if page.status != 206 or not times:
            return doubt
        fresh = {bytes(message.fingerprint) for message in messages} - known
        known |= fresh
        oldest = min(times)
        if fresh:
            cursor = oldest + 1
        elif cursor is None or cursor < oldest:
            return STUCK
        else:
            cursor, doubt = oldest - 1, STUCK


def conversations(query: Mapping[str, str], rows: int | None = None) -> Walk:
    """Walk conversations backwards in their update time, however they move meanwhile.

    A conversation that changes moves to the top (*observed*), so page numbers would show
    some rows twice. Asking for what is older than the oldest seen cannot; and what moved up
    past the walk is met in a further lap, from the top down to where the lap before began.
    A lap of one page is a snapshot, and ends the walk. Where the period ends in the past
    nothing can move into it, and one lap is all.
    """
    mark, seen = _milliseconds(query.get("filter_date_start")), 0
    for lap in range(_LAPS):
        try:
            newest, pages = yield from _descend(query, mark, rows if lap == 0 else None)
        except _Unordered:
            return (yield from numbered(query, start=1 if seen else 2)) or BY_NUMBER
        if pages == 1 or newest is None or "filter_date_end" in query:
            return ""
        mark, seen = newest, seen + pages
    return MOVED


class _Unordered(Exception):
    """The list is not what a walk in time needs: newest update first, filtered by date."""


def _descend(
    query: Mapping[str, str], stop: int | None, rows: int | None
) -> Generator[Query, Page, tuple[int | None, int]]:
    """Walk one lap: from the top to below ``stop``, to so many rows, or to the end.

    Returns the newest update seen and the number of pages. Each page asks for updates up to
    one millisecond past the oldest seen, which is right whether Crisp includes that end or
    not. Page numbers serve for two things only: to lead through one instant that fills whole
    pages, and to ask after a short page whether it was the last. Rows may leave the numbered
    pages meanwhile and shift the others, so these are read until they show nothing new.
    """
    per_page = int(query.get("per_page", PER_PAGE_MIN))
    known: set[str] = set()
    end: int | None = None
    newest: int | None = None
    number, pages, unsettled = 1, 0, False
    while True:
        bound = {} if end is None else {"filter_date_end": _iso(end)}
        page = yield {**query, **bound, "page_number": str(number)}
        pages += 1
        found = _decode(_conversations, page).data
        times = _times(found, end)
        fresh = {row.session_id for row in found} - known
        known |= fresh
        newest = times[0] if newest is None and times else newest
        unsettled |= number > 1 and bool(fresh)
        within = bool(times) and (len(times) < per_page or times[-1] + 1 == end)
        if stop is not None and times and times[-1] < stop:
            return newest, pages
        if rows is not None and len(known) >= rows:
            return newest, pages
        if within:
            number += 1
        elif unsettled:
            number, unsettled = 1, False
        elif not times:
            return newest, pages
        else:
            end, number = times[-1] + 1, 1


def _times(found: list[_Conversation], end: int | None) -> list[int]:
    """Return update times, newest first; refuse a list that is not in that order or not cut."""
    times = [int(row.updated_at) for row in found if row.updated_at is not None]
    ordered = all(a >= b for a, b in itertools.pairwise(times))
    if len(times) < len(found) or not ordered or (end is not None and times and times[0] > end):
        raise _Unordered
    return times


def _iso(milliseconds: int) -> str:
    return iso(datetime.fromtimestamp(milliseconds / 1000, UTC))


def _milliseconds(text: str | None) -> int | None:
    return None if text is None else round(datetime.fromisoformat(text).timestamp() * 1000)


def _decode(decoder: msgspec.json.Decoder[_T], page: Page) -> _T:
    try:
        return decoder.decode(page.body)
    except msgspec.DecodeError:
        pass
    try:
        return decoder.decode(mend(page.body))
    except (ValueError, msgspec.DecodeError):
        raise BadAnswer("A page does not hold the list that Crisp documents.") from None
