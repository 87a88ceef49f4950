"""Conversations of a server that ignores the dates, on pages of any size: whole, or told."""

from __future__ import annotations

import random

import pytest

from crisp_data.api import conversation_paging, list_pass
from crisp_data.api.numbered_pages import UNEVEN
from tests.api.test_page_sizes import (
    FIFTY,
    START,
    Listing,
    Page,
    alternating,
    changing,
    constant,
    drive,
    found,
    page,
    restless,
)
from tests.reliability.record import Recorder

pytestmark = pytest.mark.reliability("pages")


def spread(count: int) -> dict[str, int]:
    return {f"session_{n:04}": START + 1000 * n for n in range(count)}


@pytest.mark.parametrize("ignores_dates", [True, False])
@pytest.mark.parametrize("size", range(1, 51))
def test_pages_of_one_size_are_whole(size: int, ignores_dates: bool) -> None:
    for count in (1, 19, 20, 21, 30, 40, 42, 101):
        server = Listing(spread(count), constant(size), ignores_dates=ignores_dates)
        pages, incomplete = drive(conversation_paging.conversations(FIFTY), server)
        assert found(pages) == set(server.updated), count
        if ignores_dates:
            assert incomplete in ("", list_pass.BY_NUMBER)
            # Some show that the dates are ignored (pages of one row do so late), some the end,
            # and one what moved meanwhile. Pages of 21 to 39 rows overlap by up to half.
            around = 7 if size > 1 else 12
            assert len(pages) <= around + (2 if 20 < size < 40 else 1) * count / min(size, 20)
        else:
            assert incomplete == ""


@pytest.mark.parametrize("count", [21, 68, 130])
@pytest.mark.parametrize("sizes", [(21, 33, 35), (20, 50), (50, 20), (49, 50, 21), (30, 31, 32)])
def test_pages_that_change_between_the_documented_sizes_are_whole(
    sizes: tuple[int, ...], count: int
) -> None:
    server = Listing(spread(count), alternating(*sizes), ignores_dates=True)
    pages, incomplete = drive(conversation_paging.conversations(FIFTY), server)
    assert found(pages) == set(server.updated)
    assert incomplete in ("", list_pass.BY_NUMBER)


def check_changing(seeds: range) -> None:
    lost, unnoticed = 0, 0
    for seed in seeds:
        chance = random.Random(seed)
        low, high = sorted(chance.sample(range(1, 51), 2))
        server = Listing(
            spread(chance.randint(21, 150)), changing(str(seed), low, high), ignores_dates=True
        )
        pages, incomplete = drive(conversation_paging.conversations(FIFTY), server)
        if found(pages) != set(server.updated):
            lost += 1
            assert low < 20, f"seed {seed}: no page was smaller than any that may be asked for"
            assert "page size" in incomplete, f"seed {seed}"
            unnoticed += incomplete != UNEVEN
    assert lost <= len(seeds) / 3
    assert unnoticed <= len(seeds) / 50


def test_pages_that_change_to_any_size_are_whole_or_told() -> None:
    check_changing(range(60))


@pytest.mark.slow
def test_pages_that_change_to_any_size_are_whole_or_told_in_a_thousand_lists(
    reliability: Recorder,
) -> None:
    check_changing(range(60, 1060))
    reliability.count(1000, "random lists")


def check_moving(seeds: range) -> None:
    told = 0
    for seed in seeds:
        chance = random.Random(f"moving {seed}")
        server = Listing(
            spread(chance.randint(21, 200)),
            constant(chance.randint(20, 50)),
            ignores_dates=True,
            churn=restless(chance),
        )
        before = set(server.updated)
        pages, incomplete = drive(conversation_paging.conversations(FIFTY), server)
        told += incomplete == UNEVEN
        assert found(pages) >= before & set(server.updated) or incomplete, f"seed {seed}"
    assert told <= len(seeds) / 3


def test_a_list_that_moves_is_whole_or_told() -> None:
    check_moving(range(60))


@pytest.mark.slow
def test_a_list_that_moves_is_whole_or_told_in_a_thousand_lists(reliability: Recorder) -> None:
    check_moving(range(60, 1060))
    reliability.count(1000, "random lists")


@pytest.mark.parametrize("size", [1, 5, 13, 19])
def test_rows_that_no_page_number_shows_are_told(size: int) -> None:
    """Page 2 begins behind 20 rows or more, and page 1 holds fewer."""
    server = Listing(spread(101), constant(size), ignores_dates=True, skips=True)
    pages, incomplete = drive(conversation_paging.conversations(FIFTY), server)
    assert found(pages) < set(server.updated)
    assert incomplete == UNEVEN


@pytest.mark.parametrize("new", ["first", "last"])
@pytest.mark.parametrize("moves", [False, True])
def test_a_server_that_ignores_all_and_brings_one_new_row_an_answer_ends(
    new: str, moves: bool
) -> None:
    answers = 0

    def server(query: dict[str, str]) -> Page:
        nonlocal answers
        answers += 1
        names = range(answers, answers + 50)
        newest = [*names] if new == "last" else [*reversed(names)]
        at = START + 1000 * answers * moves
        return page([{"session_id": f"s{n}", "updated_at": at} for n in newest])

    pages, incomplete = drive(conversation_paging.conversations(FIFTY), server)
    assert len(pages) <= 60
    assert incomplete
