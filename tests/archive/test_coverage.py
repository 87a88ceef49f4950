"""Spans of time, held against plain sets of milliseconds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crisp_data.archive.coverage import Coverage

END = 60
spans = st.lists(st.tuples(st.integers(0, END), st.integers(0, END)), max_size=12)


def of(given_spans: list[tuple[int, int]]) -> tuple[Coverage, set[int]]:
    coverage, held = Coverage(), set[int]()
    for low, high in given_spans:
        coverage = coverage.add(low, high)
        held |= set(range(low, high))
    return coverage, held


@given(spans)
def test_what_is_added_is_held_and_nothing_else(given_spans: list[tuple[int, int]]) -> None:
    coverage, held = of(given_spans)
    assert {at for low, high in coverage.spans for at in range(low, high)} == held
    assert list(coverage.spans) == sorted(coverage.spans, reverse=True)
    for (low, _), (_, high) in zip(coverage.spans, coverage.spans[1:], strict=False):
        assert high < low  # those that touch are one


@given(spans, st.integers(0, END), st.integers(0, END))
def test_gaps_are_what_is_missing(given_spans: list[tuple[int, int]], low: int, high: int) -> None:
    coverage, held = of(given_spans)
    gaps = coverage.gaps(low, high)
    missing = [at for start, end in gaps for at in range(start, end)]
    assert sorted(missing) == [at for at in range(low, high) if at not in held]
    assert gaps == sorted(gaps, reverse=True)
    for start, end in gaps:
        assert coverage.add(start, end).gaps(start, end) == []


def test_the_newest_span() -> None:
    assert Coverage().newest is None
    assert of([(1, 5), (20, 30), (7, 9)])[0].newest == (20, 30)
