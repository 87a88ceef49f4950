"""Pages whose size changes from one request to the next."""

from __future__ import annotations

import itertools
import warnings

import pytest

import crisp_data as crisp
from crisp_data.api import conversation_paging
from crisp_data.sandbox import Sandbox
from tests.api.test_page_sizes import FIFTY, START, Listing, alternating, constant, drive, found

pytestmark = pytest.mark.reliability("pages")


@pytest.mark.parametrize("seed", [10, 11])
def test_no_page_size_is_asked_for_that_none_may_ask_for(seed):
    sizes = (21, 33, 35)
    with Sandbox(
        seed=seed, conversations=60, page_sizes=sizes, lists_206=True, date_filter=False
    ) as box:
        ws = crisp.connect(sandbox=box)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = ws.conversations()
        whole = len(found) == len(box.truth("conversations"))
        assert whole or any(issubclass(one.category, crisp.CrispWarning) for one in told)


@pytest.mark.parametrize("inclusive", [True, False])
def test_an_empty_page_of_another_size_is_not_taken_for_the_end(inclusive: bool) -> None:
    """Page 2 of 20 rows is empty behind page 1 of 15 rows, where 20 are left in all."""
    sizes = (31, 19, 27, 15)
    with (
        Sandbox(seed=16, conversations=20, page_sizes=sizes, inclusive_dates=inclusive) as box,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        conversations = crisp.connect(sandbox=box).conversations()
        truth = {str(one["session_id"]) for one in box.truth("conversations")}
    assert set(conversations["session_id"]) == truth


def listing(count: int, gap: int, *sizes: int, inclusive: bool) -> Listing:
    """Rows so many milliseconds apart, on pages of these sizes in turn."""
    updated = {f"session_{n:04}": START + gap * n for n in range(count)}
    turns = itertools.chain(sizes, constant(sizes[-1])) if len(sizes) > 2 else alternating(*sizes)
    return Listing(updated, turns, inclusive=inclusive)


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("gap", [1, 1000])
@pytest.mark.parametrize("first", [3, 9, 15, 19])
def test_conversations_are_whole_where_the_second_page_is_larger_or_smaller(
    first: int, gap: int, inclusive: bool
) -> None:
    for second, more in itertools.product([3, 8, 19, 27, 50], [1, 2, 5, 20, 40]):
        server = listing(first + more, gap, first, second, inclusive=inclusive)
        pages, incomplete = drive(conversation_paging.conversations(FIFTY), server)
        assert found(pages) == set(server.updated), (second, more)
        assert not incomplete, (second, more)


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("more", [2, 7, 19])
def test_conversations_are_whole_where_the_size_changes_further_down(
    more: int, inclusive: bool
) -> None:
    server = listing(112 + more, 1000, 50, 50, 14, 40, inclusive=inclusive)
    pages, incomplete = drive(conversation_paging.conversations(FIFTY), server)
    assert (found(pages), incomplete) == (set(server.updated), "")


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("size", [20, 34, 50])
@pytest.mark.parametrize("gap", [0, 2, 1000])
def test_the_end_of_a_short_list_costs_one_request(size: int, gap: int, inclusive: bool) -> None:
    for count in range(1, 20):
        server = listing(count, gap, size, size, inclusive=inclusive)
        pages, incomplete = drive(conversation_paging.conversations(FIFTY), server)
        assert found(pages) == set(server.updated)
        assert incomplete == ""
        # (That rows of one instant are all, and the last, takes more: see `last_instant`.)
        assert len(pages) == 2 or (gap == 0 and count > 1 and len(pages) <= 11), count


@pytest.mark.parametrize("inclusive", [True, False])
def test_the_last_page_of_another_size_hides_nothing_older(inclusive: bool) -> None:
    """Seven rows of one instant on pages of three; then page 3 of nine holds the last row only."""
    older = {f"session_older_{n:02}": START + 1000 * n for n in range(12)}
    crowd = {f"session_crowd_{n}": START + 500_000 for n in range(7)}
    newer = {f"session_newer_{n:02}": START + 600_000 + 1000 * n for n in range(51)}
    sizes = itertools.chain([3, 50, 3, 3, 3, 3, 9, 3], constant(50))
    server = Listing(older | crowd | newer, sizes, inclusive=inclusive)
    pages, incomplete = drive(conversation_paging.conversations(FIFTY), server)
    assert set(older) | set(newer) <= found(pages)
    assert set(crowd) <= found(pages) or incomplete
