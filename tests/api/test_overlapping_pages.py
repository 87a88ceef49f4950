"""Lists by page number from which rows are removed, and to which rows come, while they are read."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable

import pytest

from crisp_data.api import paging
from crisp_data.api.envelope import Page
from crisp_data.api.page_numbers import count_pages
from tests.api.test_endless import RECORDS, ended
from tests.marks import slow

pytestmark = pytest.mark.reliability("pages")

Query = dict[str, str]
Move = Callable[[list[int], int], None]


def stand_still(rows: list[int], request: int) -> None:
    """Nothing happens between two requests."""


def page(records: list[object]) -> Page:
    return Page(json.dumps({"error": False, "reason": "listed", "data": records}).encode(), 200)


def pull(
    rows: list[int], move: Move = stand_still, size: Callable[[int], int] = lambda asked: asked
) -> tuple[set[int], str, int]:
    """Give the rows that are missing though they were there throughout, why, and the requests."""
    found, throughout, turns = set[int](), set(rows), itertools.count(1)

    def server(query: Query) -> Page:
        held = size(int(query["per_page"]))
        first = held * (int(query["page_number"]) - 1)
        taken = rows[first : first + held]
        found.update(taken)
        move(rows, next(turns))
        throughout.intersection_update(rows)
        return page([{"people_id": one} for one in taken])

    requests, incomplete = ended(paging.numbered({"per_page": "50"}), server, 1_000)
    return throughout - found, incomplete, requests


@pytest.mark.parametrize("removed", [1, 2, 3, 30, 70])
@pytest.mark.parametrize("after", range(1, 6))
def test_no_row_is_lost_where_rows_above_are_removed(after: int, removed: int) -> None:
    def move(rows: list[int], request: int) -> None:
        if request == after:
            del rows[:removed]

    missing, incomplete, requests = pull(list(range(200)), move)
    assert (missing, incomplete) == (set(), "")
    assert requests <= 6 + (6 if removed > 3 else 2)


@pytest.mark.parametrize("most", [1, 5, 30])
@pytest.mark.parametrize("lists", [15, *slow(200)])
def test_lists_that_move_are_whole_or_say_so(lists: int, most: int) -> None:
    chance, new, warned = random.Random(most), itertools.count(1_000), 0

    def move(rows: list[int], request: int) -> None:
        if chance.random() < 0.4:
            for one in chance.sample(rows, min(len(rows), chance.randint(1, most))):
                rows.remove(one)
        if chance.random() < 0.3:
            rows[:0] = itertools.islice(new, chance.randint(1, most))

    for _ in range(lists):
        size = chance.choice([50, 50, 30, chance.randint(22, 50)])
        count = chance.randint(size, 450)
        missing, incomplete, _ = pull(list(range(count)), move, lambda asked, s=size: min(asked, s))
        assert not missing or incomplete, (count, size)
        warned += bool(incomplete)
    assert most == 30 or warned <= lists // 20


@pytest.mark.parametrize("size", [5, 20, 21, 22, 50, *slow(*range(1, 50))])
@pytest.mark.parametrize("fixed", [False, True])
def test_pages_of_one_size_are_whole_whatever_is_asked_for(size: int, fixed: bool) -> None:
    """A server that holds fewer rows than asked for, and one that ignores ``per_page``."""
    for count in (0, 1, size - 1, size, size + 1, 50, 51, 2 * size, 2 * size + 1, 130):
        held = (lambda asked: size) if fixed else (lambda asked: min(asked, size))
        assert pull(list(range(count)), size=held)[:2] == (set(), ""), count


@pytest.mark.parametrize("count", [0, 1, 19, 20, 21, 22, 49, 50])
def test_a_list_of_one_page_costs_what_it_did(count: int) -> None:
    assert pull(list(range(count))) == (set(), "", 1 + (count > 0))


def test_a_long_list_costs_a_fifth_more_at_most() -> None:
    for count in (51, 98, 99, 144, 200, 500, 2_000):
        _, _, requests = pull(list(range(count)))
        assert requests == count_pages(count) + 1
        assert requests <= 2 + 1.22 * count / 50


def test_the_last_row_read_may_be_removed() -> None:
    def move(rows: list[int], request: int) -> None:
        if request in (1, 2, 6):
            rows.remove(rows[49] if request == 1 else rows[-1])

    assert pull(list(range(150)), move)[:2] == (set(), "")


def test_rows_that_come_in_bulk_above_do_not_end_a_list() -> None:
    def move(rows: list[int], request: int) -> None:
        if request == 2:
            rows[:0] = range(1_000, 1_300)

    assert pull(list(range(200)), move)[:2] == (set(), "")


@pytest.mark.parametrize("new", [0, 1, 20])
@pytest.mark.parametrize("kind", RECORDS)
def test_a_server_that_ignores_the_number_ends(kind: str, new: int) -> None:
    turns = itertools.count()

    def server(query: Query) -> Page:
        turn = next(turns)
        return page([RECORDS[kind](n - new * turn, 0 if new else turn) for n in range(50)])

    requests, incomplete = ended(paging.numbered({"per_page": "50"}), server)
    assert requests <= (15 if new else 2)
    assert incomplete in (paging.REPEATED, paging.NOTHING_NEW)


def test_a_server_on_which_no_page_joins_is_read_as_it_comes_and_says_so() -> None:
    """Each answer has other identifiers."""
    turns = itertools.count(1)

    def server(query: Query) -> Page:
        turn, number = next(turns), int(query["page_number"])
        size = int(query["per_page"]) if number <= 4 else 0
        return page([{"people_id": f"{turn} {n}"} for n in range(size)])

    assert ended(paging.numbered({"per_page": "50"}), server)[1] == paging.UNEVEN


def test_records_without_identifiers_further_down_are_read_as_they_come() -> None:
    def server(query: Query) -> Page:
        first = 50 * (int(query["page_number"]) - 1)
        rows = range(first, min(first + 50, 150))
        return page([{"people_id": n} if n < 50 else {"name": f"n{n}"} for n in rows])

    assert ended(paging.numbered({"per_page": "50"}), server)[1] == paging.UNEVEN
