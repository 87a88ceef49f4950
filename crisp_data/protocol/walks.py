"""What the next page is, without I/O.

A walk is a generator: it yields the query of the page it wants next and is sent the page
that came. It ends when the list does, and it cannot loop: a page with nothing new ends it.

>>> from crisp_data.protocol.answers import Page
>>> walk = numbered({})
>>> next(walk)
{'page_number': '1'}
>>> walk.send(Page(b'{"error": false, "reason": "listed", "data": [{"id": 1}]}', 200))
{'page_number': '2'}
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TypeVar

import msgspec

from crisp_data.errors import BadAnswer
from crisp_data.protocol.answers import Page, mend
from crisp_data.protocol.routes import Route

Query = dict[str, str]

#: Yields queries, is sent pages, returns whether the list was read to its end for certain.
Walk = Generator[Query, Page, bool]

_T = TypeVar("_T")


class _Message(msgspec.Struct, gc=False):
    fingerprint: msgspec.Raw = msgspec.Raw(b"")
    timestamp: int | float | None = None


class _List(msgspec.Struct, gc=False):
    data: list[msgspec.Raw] = []


class _Thread(msgspec.Struct, gc=False):
    data: list[_Message] = []


_list = msgspec.json.Decoder(_List)
_thread = msgspec.json.Decoder(_Thread, strict=False)


def walk(route: Route, query: Mapping[str, str]) -> Walk:
    """Choose how an operation's list is walked.

    A list is walked by number where its path ends in one, a thread by time; anything else
    is one page.
    """
    if route.name == "get_messages_in_conversation":
        return thread(query)
    if "page_number" in route.parameters:
        return numbered(query)
    return single(query)


def single(query: Mapping[str, str]) -> Walk:
    """Ask once: the operation's answer is whole."""
    yield dict(query)
    return True


def numbered(query: Mapping[str, str]) -> Walk:
    """Walk page numbers from 1 until a page is empty (*documented*; a short page is no end).

    A server that ignored the number would send the same page for ever: a page equal to the
    one before ends the walk too, and leaves it incomplete.
    """
    number, before = 1, None
    while True:
        page = yield {**query, "page_number": str(number)}
        records = _decode(_list, page).data
        if not records:
            return True
        if records == before:
            return False
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
    nothing new comes it ends. Either way the thread may lack messages, so it returns False.
    """
    known: set[bytes] = set()
    cursor: int | None = None
    complete = True
    while True:
        page = yield dict(query) if cursor is None else {**query, "timestamp_before": str(cursor)}
        messages = _decode(_thread, page).data
        times = [int(message.timestamp) for message in messages if message.timestamp is not None]
        if page.status != 206 or not times:
            return complete
        fresh = {bytes(message.fingerprint) for message in messages} - known
        known |= fresh
        oldest = min(times)
        if fresh:
            cursor = oldest + 1
        elif cursor is None or cursor < oldest:
            return False
        else:
            cursor, complete = oldest - 1, False


def _decode(decoder: msgspec.json.Decoder[_T], page: Page) -> _T:
    try:
        return decoder.decode(page.body)
    except msgspec.DecodeError:
        pass
    try:
        return decoder.decode(mend(page.body))
    except (ValueError, msgspec.DecodeError):
        raise BadAnswer("A page does not hold the list that Crisp documents.") from None
