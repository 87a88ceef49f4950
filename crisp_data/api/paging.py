"""What the next page is, without I/O.

Each kind of list has a generator: it yields the query of the page it wants next and is sent the
page that came. It ends when the list does and returns why rows may be missing: an empty text
where the list is whole. A page that brings no record which was not there before, by its identifier
and not by its bytes, ends it; so do many in a row that bring few.

A list whose pages bring new records for ever is not ended here: nothing tells it from a long one,
and no number of pages would. A day's quota is 250,000 rows and more, and a website may have more
people than that. So the quota or a budget ends it, with the rows so far in the error's ``partial``,
and the progress bar shows its pages until then.

>>> from crisp_data.api.envelope import Page
>>> queries = numbered({})
>>> next(queries)
{'page_number': '1'}
>>> queries.send(Page(b'{"error": false, "reason": "listed", "data": [{"id": 1}]}', 200))
{'page_number': '2'}
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from crisp_data.api.conversation_paging import conversations
from crisp_data.api.envelope import PageQueries, Rows, decode
from crisp_data.api.numbered_pages import UNEVEN
from crisp_data.api.page_numbers import milliseconds
from crisp_data.api.routes import PER_PAGE_MIN, Route
from crisp_data.api.seen_records import SeenRecords

NOTHING_NEW = (
    "The server stopped sending new rows before it reported the end: the list may be incomplete."
)


REPEATED = (
    "The server sent mostly the same rows for one page after another, so no more pages were asked "
    "for: the list may be incomplete."
)

_MOST_REPEATED = 10  # pages in a row that bring fewer new records than known ones


class _Message(msgspec.Struct, gc=False):
    fingerprint: msgspec.Raw = msgspec.Raw(b"")
    timestamp: Any = None


_records = msgspec.json.Decoder(Rows[Any])
_messages = msgspec.json.Decoder(Rows[_Message])


def page_queries(
    route: Route,
    query: Mapping[str, str],
    rows: int | None = None,
    now: Callable[[], float] = time.time,
    *,
    one_pass: bool = False,
    down_to: int | None = None,
    known: frozenset[int] = frozenset(),
    noticed: Callable[[str], None] = lambda incomplete: None,
) -> PageQueries:
    """Choose how an operation's list is read.

    Conversations and threads are read by time, other lists by number where their path
    ends in one; anything else is one page.

    Parameters
    ----------
    route : Route
        The operation.
    query : Mapping[str, str]
        Its query parameters.
    rows : int, optional
        How many records are wanted; all by default.
    now : callable, default time.time
        The clock, in seconds since 1970.
    one_pass : bool, default False
        Conversations only; see :func:`conversations`.
    down_to : int, optional
        Conversations only, in milliseconds since 1970; see :func:`conversations`.
    known : frozenset[int], default frozenset()
        Messages only: fingerprints at which the thread ends; see :func:`thread`.
    noticed : callable, optional
        Conversations only; see :func:`conversations`.

    Returns
    -------
    PageQueries
        A generator of queries; each page is sent back to it.
    """
    if route.name == "get_messages_in_conversation":
        return thread(query, known)
    if is_timed(route, query):
        passes: dict[str, Any] = {"one_pass": one_pass, "down_to": down_to, "noticed": noticed}
        return conversations(query, rows, now(), **passes)
    if "page_number" in route.parameters:
        return numbered(query)
    return single(query)


def is_timed(route: Route, query: Mapping[str, str]) -> bool:
    """Whether reading a list can go on after a pause, because it is anchored in time."""
    timed = route.name in ("get_messages_in_conversation", "list_conversations")
    return timed and not any(name.startswith("order_") for name in query)


def single(query: Mapping[str, str]) -> PageQueries:
    """Ask once: the operation's answer is whole."""
    yield dict(query)
    return ""


def numbered(query: Mapping[str, str]) -> PageQueries:
    """Read page numbers until a page is empty (*documented*; a short page is no end).

    A page on which every record is known already is the end, too: a server that ignored the
    number would send the same records for ever, whatever else it changes on them. It may also
    bring some new ones with each answer. New records at the top of a list push as many to its next
    page, where they come again; that is no reason to end it, unless it is more than half of the
    page, and of many pages in a row: such a list grows as fast as it is read.

    Page n begins behind n - 1 pages, whatever their size, as long as it is one size: all pages
    but the last hold as many rows as the first. Where they do not, rows may lie between two.
    Where ``per_page`` may be chosen, page 2 begins no later than a short page 1 ended.
    """
    known, sizes, incomplete, asked = SeenRecords(), list[int](), "", dict(query)
    for number in itertools.count(1):
        page = yield {**asked, "page_number": str(number)}
        records = decode(_records, page.body).data
        if not records:
            return incomplete
        fresh = known.add(records)
        if not fresh:
            return NOTHING_NEW
        if known.repeated > _MOST_REPEATED:
            return REPEATED
        sizes.append(len(records))
        most, last = sizes[0], sizes[-1]
        # The last page may be shorter; but where rows come again on it, it may be a cut one.
        if (
            last > most
            or any(size != most for size in sizes[:-1])
            or (last < most and fresh < last)
        ):
            incomplete = UNEVEN
        if number == 1 and PER_PAGE_MIN <= last < int(query.get("per_page", 0)):
            asked["per_page"] = str(last)
    raise AssertionError("a list ends")


def thread(query: Mapping[str, str], archived: frozenset[int] = frozenset()) -> PageQueries:
    """Read a thread from its newest batch to its oldest.

    206 says that older messages exist, 200 that this was the last batch (*documented*).
    Whether ``timestamp_before`` includes its own instant is unknown. One millisecond past
    the oldest timestamp seen is right under both readings: messages that share that instant
    and did not fit into the batch come again, and nothing is skipped. The reader drops the
    fingerprints that it has already.

    A batch with nothing new means that one instant fills it whole, or that the server
    ignores the cursor; so does one that is no older, new or not. The next query steps back to just
    before that instant, and if still nothing older comes that is the end. Either way the thread may
    lack messages.

    Whoever has ``archived`` a message has all that are older: its batch is the last.
    """
    archived_ids = {str(fingerprint).encode() for fingerprint in archived}
    known: set[bytes] = set()
    cursor: int | None = None
    incomplete, repeated = "", False
    while True:
        bound = {} if cursor is None else {"timestamp_before": str(cursor)}
        page = yield {**query, **bound}
        messages = decode(_messages, page.body).data
        if page.status != 206 or any(bytes(one.fingerprint) in archived_ids for one in messages):
            return incomplete
        times = [at for message in messages if (at := milliseconds(message.timestamp)) is not None]
        if not times:
            return NOTHING_NEW
        # A message without a fingerprint is known by all that is read of it: its time.
        ids = {bytes(one.fingerprint) or b"at %r" % one.timestamp for one in messages}
        fresh, oldest = ids - known, min(times)
        known |= ids
        # Each request goes back in time, or is the last one: so there is an end.
        if fresh and (cursor is None or oldest + 1 < cursor):
            cursor, repeated = oldest + 1, False
        elif repeated or cursor is None or cursor <= oldest:
            return NOTHING_NEW
        else:
            cursor, incomplete, repeated = oldest - 1, NOTHING_NEW, True
