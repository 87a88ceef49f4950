"""Short pages whose rows share an instant: no end of a list, unless nothing follows."""

from __future__ import annotations

import itertools
import random
import warnings
from collections.abc import Iterator

import pytest

import crisp_data as crisp
from crisp_data.api import conversation_paging
from crisp_data.sandbox import Sandbox
from tests.api.test_page_sizes import (
    FIFTY,
    START,
    Listing,
    alternating,
    changing,
    constant,
    drive,
    found,
)

MINUTE = 60_000


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize(
    ("count", "sizes"), [(8, (2, 20)), (10, (2, 50)), (12, (2,)), (15, (3,)), (18, (4, 20))]
)
def test_conversations_changed_within_a_few_milliseconds_do_not_hide_those_below(
    count: int, sizes: tuple[int, ...], inclusive: bool
) -> None:
    with (
        Sandbox(seed=1, conversations=count, page_sizes=sizes, inclusive_dates=inclusive) as box,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        ws = crisp.connect(sandbox=box, writes=True)
        for row in box.truth("conversations")[: sizes[0]]:
            ws.set_state(row["session_id"], "resolved" if row["state"] != "resolved" else "pending")
        truth = box.truth("conversations")
        newest = [row["updated_at"] for row in truth[: sizes[0]]]
        assert max(newest) - min(newest) < sizes[0]
        pulled = ws.conversations(refresh=True)
    assert set(pulled["session_id"]) == {row["session_id"] for row in truth}


def read(times: list[int], sizes: Iterator[int], **server: bool) -> tuple[set[str], str, int]:
    """Read a list of these update times; return the rows lost, why, and the requests."""
    updated = {f"session_{n:03}": at for n, at in enumerate(times)}
    listing = Listing(updated, sizes, **server)
    pages, incomplete = drive(conversation_paging.conversations(FIFTY), listing)
    return set(updated) - {str(one) for one in found(pages)}, incomplete, len(pages)


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("skips", [True, False])
@pytest.mark.parametrize("above", [0, 49])
@pytest.mark.parametrize("size", [2, 3, 9, 19])
def test_what_is_older_than_an_instant_that_fills_a_page_is_found(
    size: int, above: int, skips: bool, inclusive: bool
) -> None:
    """Also where page 2 of 20 is empty, for it is full of what the first page did not show."""
    for crowd, below in itertools.product([1, 2, 3, 10, 15], [1, 2, 9, 17]):
        times = [START - MINUTE * (n + 1) for n in range(below)] + [START] * crowd
        times += [START + MINUTE * (n + 1) for n in range(above)]
        first = [50] if above else []
        for sizes in ([*first, size, 50], [*first, size, 20, 50], [*first, size]):
            lost, incomplete, _ = read(
                times,
                itertools.chain(sizes, constant(sizes[-1])),
                skips=skips,
                inclusive=inclusive,
            )
            assert not lost or incomplete, (crowd, below, sizes)
            # (A server that skips rows hides what one instant holds beyond a page.)
            changes = len(sizes) > 1
            assert not lost or changes or (skips and crowd > size), (crowd, below, sizes)


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("last", [2, 3, 7])
def test_more_rows_of_the_last_instant_are_found(last: int, inclusive: bool) -> None:
    for size, above in itertools.product([2, 3, 5, 8, 19], [0, 1, 5]):
        times = [START] * last + [START + MINUTE * (n + 1) for n in range(above)]
        assert read(times, constant(size), inclusive=inclusive)[0] == set(), (size, above)
        for other in (2, 20, 50):
            for sizes in (alternating(size, other), itertools.chain([size], constant(other))):
                lost, incomplete, _ = read(times, sizes, inclusive=inclusive)
                assert not lost or incomplete, (size, above, other)


@pytest.mark.parametrize("inclusive", [True, False])
def test_rows_a_millisecond_apart_cost_one_request_more_at_most(inclusive: bool) -> None:
    for count in range(2, 20):
        times = [START + n for n in range(count)]
        lost, incomplete, requests = read(times, constant(50), inclusive=inclusive)
        assert (lost, incomplete) == (set(), "")
        assert requests <= 3


def check_small_lists(seeds: range) -> None:
    """Small lists, ties at random, on pages of one size or of sizes that change."""
    doubtful = 0
    for seed in seeds:
        chance = random.Random(f"small {seed}")
        gaps = chance.choice([(0, 1), (0, 1, 2), (0, 1000), (1, 2), (0, 0, 0, 1, 1000), (1000,)])
        times = list(itertools.accumulate(chance.choices(gaps, k=chance.randint(1, 60))))
        # (A page of one row, where sizes change, cannot be told from the end.)
        few = chance.choices(range(2, 51), k=chance.randint(2, 4))
        sizes = chance.choice(
            [
                constant(chance.randint(1, 50)),
                changing(str(seed), min(few), max(few)),
                alternating(*few),
                itertools.chain(few, constant(50)),
            ]
        )
        lost, incomplete, _ = read(
            [START + at for at in times],
            sizes,
            inclusive=chance.random() < 0.5,
            ignores_dates=chance.random() < 0.2,
        )
        assert not lost or incomplete, f"seed {seed}"
        doubtful += bool(incomplete)
    assert doubtful <= len(seeds) / 3


def test_no_small_list_loses_a_row_in_silence() -> None:
    check_small_lists(range(250))


@pytest.mark.slow
def test_no_small_list_loses_a_row_in_silence_in_thousands_of_lists() -> None:
    check_small_lists(range(250, 5_250))
