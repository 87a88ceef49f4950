"""Walks over servers whose pages hold fewer rows than asked for, or that never end.

The servers are written here, from the documents and not from the client: a list of rows, a
rule for how many rows a page holds, and what happens between two requests.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from crisp_data.api import conversation_paging
from crisp_data.api.envelope import Page, PageQueries
from tests.reliability.record import Recorder

pytestmark = pytest.mark.reliability("pages")

START = 1_790_000_000_000
FIFTY = {"per_page": "50"}
ENOUGH = 2_000  # requests: no walk over these few rows needs so many

Query = dict[str, str]
Record = dict[str, object]


def page(records: object, status: int = 200) -> Page:
    body = {"error": False, "reason": "listed", "data": records}
    return Page(json.dumps(body).encode(), status)


def drive(walk: PageQueries, server: Callable[[Query], Page]) -> tuple[list[Page], str]:
    """Run a walk to its end; return every page and why rows may be missing."""
    pages: list[Page] = []
    query = next(walk)
    while len(pages) < ENOUGH:
        pages.append(server(query))
        try:
            query = walk.send(pages[-1])
        except StopIteration as end:
            return pages, end.value
    pytest.fail("the walk does not end")


def found(pages: list[Page], key: str = "session_id") -> set[object]:
    return {record[key] for one in pages for record in one.records}


@dataclass
class Listing:
    """A list served newest update first, with pages of the server's own size.

    `sizes` gives the size of each page. `skips` says where page 2 begins: behind as many rows
    as a page holds, or behind as many as were asked for, however few came.
    """

    updated: dict[str, int]
    sizes: Iterator[int]
    skips: bool = False
    inclusive: bool = False
    ignores_dates: bool = False
    churn: Callable[[Listing], None] = lambda listing: None
    clock: int = START + 10**9
    asked: list[Query] = field(default_factory=list)

    def touch(self, name: str) -> None:
        self.clock += 1
        self.updated[name] = self.clock

    def _within(self, query: Query, at: int) -> bool:
        end = query.get("filter_date_end")
        if end is None or self.ignores_dates:
            return True
        limit = round(datetime.fromisoformat(end).timestamp() * 1000)
        return at <= limit if self.inclusive else at < limit

    def __call__(self, query: Query) -> Page:
        if self.asked:
            self.churn(self)
        self.asked.append(query)
        rows = [row for row in self.updated.items() if self._within(query, row[1])]
        rows.sort(key=lambda row: (-row[1], row[0]))
        asked = int(query.get("per_page", 20))
        assert 20 <= asked <= 50, "per_page is documented as 20 to 50"
        size = min(asked, next(self.sizes))
        first = (asked if self.skips else size) * (int(query["page_number"]) - 1)
        return page([{"session_id": n, "updated_at": at} for n, at in rows[first : first + size]])


def constant(size: int) -> Iterator[int]:
    while True:
        yield size


def changing(seed: str, low: int, high: int) -> Iterator[int]:
    chance = random.Random(seed)
    while True:
        yield chance.randint(low, high)


def alternating(*sizes: int) -> Iterator[int]:
    while True:
        yield from sizes


def rows_of(chance: random.Random, count: int) -> dict[str, int]:
    """Most instants hold one row, some a crowd; gaps of a millisecond and of hours."""
    updated: dict[str, int] = {}
    at = START
    while len(updated) < count:
        at += chance.choice([1, 2, 1000, 3_600_000])
        crowd = chance.choice([1] * 60 + [2, 3, 30])
        for _ in range(min(crowd, count - len(updated))):
            updated[f"session_{len(updated):04}"] = at
    return updated


def restless(chance: random.Random) -> Callable[[Listing], None]:
    """Between two requests rows move to the top, come in and are deleted."""
    rate = chance.choice([0.2, 1, 3])

    def churn(listing: Listing) -> None:
        for _ in range(int(chance.expovariate(1 / rate))):
            name = chance.choice(list(listing.updated))
            kind = chance.choice(["moved", "moved", "moved", "deleted", "new"])
            if kind == "deleted" and len(listing.updated) > 1:
                del listing.updated[name]
            else:
                listing.touch(name if kind == "moved" else f"session_new_{listing.clock}")

    return churn


SIZES: dict[str, Callable[[random.Random, str], Iterator[int]]] = {
    "constant": lambda chance, seed: constant(chance.randint(2, 49)),
    "changing": lambda chance, seed: changing(seed, *sorted(chance.sample(range(2, 51), 2))),
    "alternating": lambda chance, seed: alternating(*chance.choices(range(2, 51), k=3)),
}


# A server that begins page 2 behind rows that it did not give hides them from every request by
# number: there the sizes are those of the documents.
LARGER = {
    "constant": lambda chance, seed: constant(chance.randint(20, 49)),
    "changing": lambda chance, seed: changing(seed, *sorted(chance.sample(range(20, 51), 2))),
    "alternating": lambda chance, seed: alternating(*chance.choices(range(20, 51), k=3)),
}


def walked(seed: str, sizes: str, moves: bool, **server: bool) -> tuple[set[object], str, int]:
    """Walk one random list; return what was lost, the reason told, and the requests."""
    chance = random.Random(seed)
    # (A list of 20 rows or less, cut below the 20 that are documented to another size each
    # time, cannot be told from a whole one in two requests.)
    count = chance.choice([chance.randint(21, 60), 100, 100, chance.randint(60, 250)])
    updated = rows_of(chance, count)
    listing = Listing(
        dict(updated),
        (SIZES if not server.get("skips") else LARGER)[sizes](chance, seed),
        inclusive=chance.random() < 0.5,
        churn=restless(chance) if moves else lambda listing: None,
        **server,
    )
    pages, incomplete = drive(conversation_paging.conversations(FIFTY), listing)
    lost = set(updated) & set(listing.updated) - found(pages)
    return lost, incomplete, len(pages)


def check(seeds: range, sizes: str, moves: bool, skips: bool) -> None:
    wrong, doubtful = [], 0
    for seed in seeds:
        lost, incomplete, _ = walked(f"{sizes} {seed}", sizes, moves, skips=skips)
        wrong += [(seed, len(lost))] * bool(lost and not incomplete)
        doubtful += bool(incomplete)
    assert not wrong, "rows were lost and nothing was told"
    # A walk that always doubts would be right as well, and of no use.
    assert doubtful <= len(seeds) * (0.5 if moves else 0.25) + 1


KINDS = [(sizes, moves, skips) for sizes in SIZES for moves in (False, True)
         for skips in (False, True)]  # fmt: skip


@pytest.mark.parametrize(("sizes", "moves", "skips"), KINDS)
def test_no_page_size_loses_a_row_in_silence(
    sizes: str, moves: bool, skips: bool, reliability: Recorder
) -> None:
    check(range(8), sizes, moves, skips)
    reliability.count(8, "random lists")


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "moves", "skips"), KINDS)
def test_no_page_size_loses_a_row_in_silence_in_hundreds_of_walks(
    sizes: str, moves: bool, skips: bool, reliability: Recorder
) -> None:
    check(range(8, 258), sizes, moves, skips)
    reliability.count(250, "random lists")


@pytest.mark.parametrize("size", [20, 30, 39, 45, 49])
@pytest.mark.parametrize("count", [45, 68, 75, 120])
def test_no_page_is_asked_for_that_is_larger_than_documented(count: int, size: int) -> None:
    """Not even where it shows late that a server that cuts its pages ignores the dates, too."""
    updated = {f"session_{n:04}": START + 1000 * n for n in range(count)}
    listing = Listing(dict(updated), constant(size), ignores_dates=True)
    pages, incomplete = drive(conversation_paging.conversations(FIFTY), listing)
    assert found(pages) == set(updated) or incomplete
    assert {int(query["per_page"]) for query in listing.asked} <= set(range(20, 51))
