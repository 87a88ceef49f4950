"""Servers whose lists never end: each walk does, within few requests, and says so."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
from collections.abc import Callable
from datetime import datetime

import pytest

from crisp_data.api import conversation_paging, list_pass, paging, routes
from crisp_data.api.envelope import Page, PageQueries

pytestmark = pytest.mark.reliability("servers")

START = 1_790_000_000_000
FEW = 40  # requests; the lists here hold 50 records

Query = dict[str, str]


def page(records: object, status: int = 200) -> Page:
    body = {"error": False, "reason": "listed", "data": records}
    return Page(json.dumps(body).encode(), status)


def ended(walk: PageQueries, server: Callable[[Query], Page], most: int = FEW) -> tuple[int, str]:
    query = next(walk)
    for number in itertools.count(1):
        assert number <= most, "the walk does not end"
        try:
            query = walk.send(server(query))
        except StopIteration as end:
            return number, end.value
    raise AssertionError


RECORDS: dict[str, Callable[[int, int], object]] = {
    "people": lambda n, next_page: {
        "people_id": f"p{n}",
        "score": next_page,
        "active": {"last": next_page},
    },
    "id": lambda n, next_page: {"id": n, "count": next_page},
    "two ids": lambda n, next_page: {"people_id": f"p{n}", "request_id": next_page * 100 + n},
    "events": lambda n, next_page: {"text": f"event {n}", "timestamp": START + next_page},
    "no id, nested": lambda n, next_page: {"value": n, "stats": {"seen": next_page}},
    "texts": lambda n, next_page: f"segment {n}",
    "numbers": lambda n, next_page: n,
}


@pytest.mark.parametrize("alternating", [False, True])
@pytest.mark.parametrize("kind", RECORDS)
def test_a_list_that_ignores_the_number_and_changes_a_field_ends(
    kind: str, alternating: bool
) -> None:
    """Also where two pages alternate, so that no page equals the one before."""
    turns = itertools.count()

    def server(query: Query) -> Page:
        next_page = next(turns)
        half = 50 * (next_page % 2) if alternating else 0
        return page([RECORDS[kind](half + n, next_page) for n in range(50)])

    requests, incomplete = ended(paging.numbered({}), server)
    assert incomplete == paging.NOTHING_NEW
    assert requests == (3 if alternating else 2)


@pytest.mark.parametrize(
    "record",
    [
        lambda n: {"user_id": "one", "text": f"change {n}"},  # an id, but not the record's own
        lambda n: {"text": "visited", "color": "blue", "timestamp": START - n},
        lambda n: {"text": f"event {n}"},
        lambda n: f"session_{n}",
        lambda n: {"session_id": f"session_{n}", "updated_at": START},
        lambda n: {"id": n, "user_id": f"operator_{n % 2}"},
        lambda n: {"id": n, "people_id": f"p{n // 2}", "user_id": "one"},
    ],
)
def test_no_list_that_goes_on_is_cut(record: Callable[[int], object]) -> None:
    def server(query: Query) -> Page:
        first = 20 * (int(query["page_number"]) - 1)
        return page([record(n) for n in range(first, min(first + 20, 330))])

    assert ended(paging.numbered({}), server) == (18, "")


@pytest.mark.parametrize("step", [0, 1, 1000])
def test_a_thread_whose_batches_are_always_new_and_never_older_ends(step: int) -> None:
    turns = itertools.count()

    def server(query: Query) -> Page:
        next_page = next(turns)
        times = [START + n + step * next_page for n in range(40)]
        return page(
            [{"fingerprint": 40 * next_page + n, "timestamp": at} for n, at in enumerate(times)],
            206,
        )

    requests, incomplete = ended(paging.thread({}), server)
    assert (requests <= 4, incomplete) == (True, paging.NOTHING_NEW)


def test_a_thread_of_the_same_messages_ever_older_ends() -> None:
    turns = itertools.count()

    def server(query: Query) -> Page:
        next_page = next(turns)
        return page(
            [{"fingerprint": n, "timestamp": START - 50 * next_page} for n in range(40)], 206
        )

    requests, incomplete = ended(paging.thread({}), server)
    assert (requests <= 4, incomplete) == (True, paging.NOTHING_NEW)


def test_messages_without_a_fingerprint_are_told_apart_by_their_time() -> None:
    def server(query: Query) -> Page:
        before = int(query.get("timestamp_before", START + 1000))
        times = [at for at in range(START, START + 1000, 10) if at < before]
        found = [{"timestamp": at} for at in times[-40:]]
        return page(found, 206 if len(times) > 40 else 200)

    assert ended(paging.thread({}), server) == (3, "")


@pytest.mark.parametrize("way", [1, -1, 0])
def test_conversations_that_ignore_all_and_change_their_time_end(way: int) -> None:
    turns = itertools.count()

    def server(query: Query) -> Page:
        at = START + way * 1000 * next(turns)
        return page([{"session_id": f"s{n}", "updated_at": at - n} for n in range(50)])

    requests, incomplete = ended(conversation_paging.conversations({"per_page": "50"}), server)
    assert requests <= 30
    assert incomplete in (paging.UNEVEN, list_pass.LIST_MOVED)


AT_MOST = 70  # requests; a list that moves much may need 34 pages without a new id

TIMES: dict[str, Callable[[int, int, int], int]] = {
    "older": lambda n, answer, end: START - 100 * answer - n,
    "older, as asked": lambda n, answer, end: end - n,
    "older, and below": lambda n, answer, end: end - 1 - n,
    "newer": lambda n, answer, end: START + 100 * answer - n,
    "the same": lambda n, answer, end: START - n,
}

IDS: dict[str, Callable[[int], dict[str, object]]] = {
    "texts": lambda n: {"session_id": f"session_{n}"},
    "numbers": lambda n: {"session_id": n},
    "lists": lambda n: {"session_id": [n]},
    "null": lambda n: {"session_id": None},
    "empty": lambda n: {"session_id": ""},
    "none": lambda n: {},
}


@pytest.mark.parametrize("count", [1, 2, 5, 19, 20, 30, 49, 50])
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("ids", IDS)
def test_the_same_conversations_end_whatever_time_they_show(
    ids: str, times: str, count: int
) -> None:
    answers = itertools.count()

    def server(query: Query) -> Page:
        until = query.get("filter_date_end")
        end = START if until is None else round(datetime.fromisoformat(until).timestamp() * 1000)
        answer = next(answers)
        return page(
            [{**IDS[ids](n), "updated_at": TIMES[times](n, answer, end)} for n in range(count)]
        )

    walk = conversation_paging.conversations({"per_page": "50"})
    requests, incomplete = ended(walk, server, AT_MOST)
    assert incomplete or (times == "the same" and requests <= 10)


@pytest.mark.parametrize("count", [2, 5, 20, 50])
def test_conversations_whose_ids_change_at_each_answer_end(count: int) -> None:
    """Where their times do not: a list that goes back in time is a long one."""
    answers = itertools.count()

    def server(query: Query) -> Page:
        answer = next(answers)
        return page(
            [{"session_id": f"s{answer}_{n}", "updated_at": START - n} for n in range(count)]
        )

    walk = conversation_paging.conversations({"per_page": "50"})
    assert ended(walk, server, AT_MOST)[1]


UNNAMED: dict[str, Callable[[int, int], dict[str, object]]] = {
    "two fields": lambda n, answer: {"email": f"a{n}@x.example", "seen": answer, "score": -answer},
    "numbers": lambda n, answer: {"place": n, "seen": 50 * answer + n, "score": -answer},
    "ever fewer": lambda n, answer: {"email": f"a{n}@x.example", "score": START - 50 * answer - n},
    "nested": lambda n, answer: {"profile": {"id": n}, "seen": answer, "score": 2 * answer},
    "null ids": lambda n, answer: {"people_id": None, "seen": answer, "score": 2 * answer},
    "empty ids": lambda n, answer: {"people_id": "", "name": f"x{n}", "a": answer, "b": answer},
    "lists as ids": lambda n, answer: {"id": [n], "seen": answer, "score": answer},
    "some null ids": lambda n, answer: {"id": n or None, "seen": answer, "score": answer},
    "ids that change": lambda n, answer: {"id": 50 * answer + n, "email": f"a{n}@x.example"},
    "ids that change, nested": lambda n, answer: {"id": f"{answer}.{n}", "who": {"name": n}},
}


@pytest.mark.parametrize("count", [1, 2, 9, 10, 50])
@pytest.mark.parametrize("kind", UNNAMED)
def test_records_that_nothing_names_end(kind: str, count: int) -> None:
    answers = itertools.count()

    def server(query: Query) -> Page:
        answer = next(answers)
        return page([UNNAMED[kind](n, answer) for n in range(count)])

    requests, incomplete = ended(paging.numbered({}), server)
    assert requests <= 12
    assert incomplete in (paging.REPEATED, paging.NOTHING_NEW)


@pytest.mark.parametrize("size", [2, 20])
@pytest.mark.parametrize(
    "record",
    [
        lambda n: {"people_id": f"p{n}"},
        lambda n: {"people_id": f"p{n}", "score": 0, "segments": []},
        lambda n: {"people_id": f"p{n}", "score": n % 2, "active": n % 2 == 0},
        lambda n: {"people_id": None, "email": f"a{n}@x.example", "country": "FR"},
    ],
)
def test_no_list_is_cut_whose_records_are_alike(record: Callable[[int], object], size: int) -> None:
    def server(query: Query) -> Page:
        first = size * (int(query["page_number"]) - 1)
        return page([record(n) for n in range(first, min(first + size, 20 * size))])

    assert ended(paging.numbered({}), server) == (21, "")


def test_conversations_ordered_otherwise_are_walked_by_number() -> None:
    turns = itertools.count()

    def server(query: Query) -> Page:
        return page([{"session_id": f"s{n}", "updated_at": next(turns)} for n in range(50)])

    route = routes.lookup("list_conversations")
    assert ended(paging.page_queries(route, {"order_date_created": "1"}), server) == (
        2,
        paging.NOTHING_NEW,
    )


def sized(sizes: list[int], count: int) -> Callable[[Query], Page]:
    """A list of people whose pages have these sizes in turn, or fewer where fewer are asked."""
    turns = itertools.cycle(sizes)

    def server(query: Query) -> Page:
        size = min(next(turns), int(query.get("per_page", 50)))
        first = size * (int(query["page_number"]) - 1)
        return page([{"people_id": n} for n in range(first, min(first + size, count))])

    return server


@pytest.mark.parametrize("size", [1, 7, 20, 30, 49, 50])
@pytest.mark.parametrize("count", [0, 1, 20, 49, 100])
def test_a_list_by_number_is_whole_for_every_size_of_its_pages(size: int, count: int) -> None:
    walk, found = paging.numbered({"per_page": "50"}), set[object]()
    server, query = sized([size], count), next(walk)
    while True:
        answered = server(query)
        found |= {record["people_id"] for record in answered.records}
        try:
            query = walk.send(answered)
        except StopIteration as end:
            incomplete = end.value
            break
    assert incomplete == ""
    assert found == set(range(count))


@pytest.mark.parametrize("sizes", [[50, 20], [50, 45, 50], [30, 50], [20, 35, 50], [50, 49]])
def test_a_list_by_number_whose_pages_change_their_size_is_whole_or_says_so(
    sizes: list[int],
) -> None:
    for count in range(51, 260):
        walk, found = paging.numbered({"per_page": "50"}), set[object]()
        server, query, incomplete = sized(sizes, count), next(walk), None
        while incomplete is None:
            answered = server(query)
            found |= {record["people_id"] for record in answered.records}
            try:
                query = walk.send(answered)
            except StopIteration as end:
                incomplete = end.value
        assert found == set(range(count)) or incomplete in (paging.UNEVEN, paging.NOTHING_NEW), (
            count
        )


@pytest.mark.parametrize("new", [1, 5, 20])
@pytest.mark.parametrize("at", ["first", "last", "anywhere"])
@pytest.mark.parametrize("kind", RECORDS)
def test_a_list_that_ignores_the_number_and_brings_new_records_ends(
    kind: str, at: str, new: int
) -> None:
    chance, ids, turns = random.Random(1), list(range(50)), itertools.count(50)

    def server(query: Query) -> Page:
        fresh = list(itertools.islice(turns, new))
        if at == "anywhere":
            for place, one in zip(chance.sample(range(50), new), fresh, strict=True):
                ids[place] = one
        else:
            ids[:] = fresh + ids[:-new] if at == "first" else ids[new:] + fresh
        return page([RECORDS[kind](n, 0) for n in ids])

    requests, incomplete = ended(paging.numbered({}), server)
    assert requests <= 15
    assert incomplete in (paging.REPEATED, paging.NOTHING_NEW)


@pytest.mark.parametrize("kind", RECORDS)
@pytest.mark.parametrize(("size", "most"), [(50, 25), (20, 10), (5, 2), (2, 1)])
def test_no_list_is_cut_that_grows_at_its_top(kind: str, size: int, most: int) -> None:
    """Between any two requests up to half a page comes in, and what follows moves on."""
    chance, top = random.Random(2), 0
    found: set[int] = set()
    walk = paging.numbered({})

    def server(query: Query) -> Page:
        nonlocal top
        top += chance.randint(0, most)
        first = size * (int(query["page_number"]) - 1) - top
        numbers = range(first, min(first + size, 700))
        found.update(numbers)
        return page([RECORDS[kind](n, 0) for n in numbers])

    query = next(walk)
    with contextlib.suppress(StopIteration):
        while True:
            query = walk.send(server(query))
    assert set(range(700)) <= found


@pytest.mark.parametrize("size", [2, 3, 9])
def test_a_few_people_may_come_in_the_same_order_again(size: int) -> None:
    """Small pages of changes, say, by as many operators as there are rows on a page."""

    def server(query: Query) -> Page:
        start = size * (int(query["page_number"]) - 1)
        rows = range(start, min(start + size, 5 * size))
        return page([{"id": n, "user_id": f"operator_{n % size}"} for n in rows])

    assert ended(paging.numbered({}), server) == (6, "")
