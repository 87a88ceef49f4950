"""Walks against servers simulated here, in plain Python, that move while they are read."""

from __future__ import annotations

import json
import math
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisp_data.api import paging, path_and_query, routes
from crisp_data.api.conversation_paging import conversations
from crisp_data.api.envelope import Page, PageQueries
from crisp_data.api.list_pass import BY_NUMBER, LIST_MOVED
from crisp_data.api.page_numbers import next_page
from crisp_data.errors import BadAnswer

START = 1_790_000_000_000  # an instant in September 2026, in milliseconds
MANY = 1_000  # no walk of these tests needs so many requests: more is a loop


def blocks(count: int) -> list[object]:
    """Tell apart the first block of seeds, which is quick, and the others, which are slow."""
    return [0, *(pytest.param(block, marks=pytest.mark.slow) for block in range(1, count))]


def page(records: object, status: int = 200) -> Page:
    reason = {"error": False, "reason": "listed", "data": records}
    return Page(json.dumps(reason).encode(), status)


def drive(walk: PageQueries, answer: Callable[[dict[str, str]], Page]) -> tuple[list[Page], str]:
    """Run a walk to its end; return every page and the doubt."""
    pages: list[Page] = []
    query = next(walk)
    while len(pages) < MANY:
        pages.append(answer(query))
        try:
            query = walk.send(pages[-1])
        except StopIteration as end:
            return pages, end.value
    pytest.fail("the walk does not end")


def ids(pages: list[Page], key: str) -> Counter[object]:
    return Counter(record[key] for one in pages for record in one.records)


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def iso(moment: int) -> str:
    return path_and_query.iso(datetime.fromtimestamp(moment / 1000, UTC))


# Threads


@dataclass
class Thread:
    """A thread served newest batch first."""

    times: list[int]
    batch: int = 40
    inclusive: bool = False
    ignores_cursor: bool = False
    oldest_first: bool = True
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, query: dict[str, str]) -> Page:
        self.asked.append(query)
        rows = sorted(enumerate(self.times), key=lambda row: (row[1], row[0]), reverse=True)
        if "timestamp_before" in query and not self.ignores_cursor:
            before = int(query["timestamp_before"]) + self.inclusive
            rows = [row for row in rows if row[1] < before]
        found = rows[: self.batch]
        messages = [{"fingerprint": number, "timestamp": time} for number, time in found]
        if self.oldest_first:
            messages.reverse()
        return page(messages, 206 if len(rows) > self.batch else 200)


def most_requests(messages: int, batch: int) -> int:
    """A batch brings at least all but one row of news; one more to see the end."""
    return math.ceil(messages / max(1, batch - 1)) + 1


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("batch", [2, 3, 20, 40])
@pytest.mark.parametrize("count", [0, 1, 39, 40, 41, 79, 80, 81, 400])
def test_a_thread_of_distinct_instants_is_whole(count: int, batch: int, inclusive: bool) -> None:
    server = Thread([START + 7 * n for n in range(count)], batch, inclusive)
    pages, incomplete = drive(paging.thread({}), server)
    assert incomplete == ""
    assert set(ids(pages, "fingerprint")) == set(range(count))
    assert len(pages) <= most_requests(count, batch)


def test_a_thread_in_one_batch_costs_one_request() -> None:
    pages, incomplete = drive(paging.thread({}), Thread([START + n for n in range(40)], 40))
    assert (len(pages), incomplete) == (1, "")


@given(
    steps=st.lists(st.integers(0, 3), max_size=150),
    batch=st.integers(1, 40),
    inclusive=st.booleans(),
    oldest_first=st.booleans(),
)
def test_a_thread_without_doubt_has_every_message(
    steps: list[int], batch: int, inclusive: bool, oldest_first: bool
) -> None:
    times = [START + sum(steps[: n + 1]) for n in range(len(steps))]
    pages, incomplete = drive(
        paging.thread({}), Thread(times, batch, inclusive, False, oldest_first)
    )
    found = set(ids(pages, "fingerprint"))
    if incomplete == "":
        assert found == set(range(len(times)))
    # An instant is crowded where it can fill a batch together with its neighbour.
    crowd = max(Counter(times[n] // 2 * 2 for n in range(len(times))).values(), default=0)
    crowd = max(crowd, max(Counter((t + 1) // 2 * 2 for t in times).values(), default=0))
    if crowd < batch:
        assert (found, incomplete) == (set(range(len(times))), "")
    # Doubt costs at most two steps for each instant.
    assert len(pages) <= len(times) + 2 * len(set(times)) + 2


@pytest.mark.parametrize("inclusive", [False, True])
def test_equal_timestamps_at_the_border_of_batches_are_not_lost(inclusive: bool) -> None:
    times = [START + n // 8 for n in range(200)]  # eight a millisecond, batches of ten
    pages, incomplete = drive(paging.thread({}), Thread(times, 10, inclusive))
    assert set(ids(pages, "fingerprint")) >= set(range(200)) or incomplete
    times = [START + 10 * (n // 8) for n in range(200)]
    pages, incomplete = drive(paging.thread({}), Thread(times, 10, inclusive))
    assert (set(ids(pages, "fingerprint")), incomplete) == (set(range(200)), "")


def test_a_server_that_ignores_the_cursor_ends_the_walk_with_doubt() -> None:
    server = Thread([START + n for n in range(100)], 40, ignores_cursor=True)
    pages, incomplete = drive(paging.thread({}), server)
    assert incomplete == paging.NOTHING_NEW
    assert len(pages) <= 3


@pytest.mark.parametrize("inclusive", [False, True])
def test_an_instant_larger_than_a_batch_is_told_and_walked_past(inclusive: bool) -> None:
    times = [START + 10 * n for n in range(30)] + [START + 1000] * 50
    pages, incomplete = drive(paging.thread({}), Thread(times, 40, inclusive))
    assert incomplete == paging.NOTHING_NEW
    assert set(ids(pages, "fingerprint")) >= set(range(30))


def test_messages_that_arrive_meanwhile_hide_none_that_were_there() -> None:
    server = Thread([START + 5 * n for n in range(300)], 20)

    def busy(query: dict[str, str]) -> Page:
        answered = server(query)
        server.times.append(START + 10_000 + len(server.times))
        return answered

    pages, incomplete = drive(paging.thread({}), busy)
    assert incomplete == ""
    assert set(ids(pages, "fingerprint")) >= set(range(300))


def test_a_callers_own_cursor_is_where_the_thread_begins() -> None:
    server = Thread([START + 10 * n for n in range(100)], 20)
    pages, incomplete = drive(paging.thread({"timestamp_before": str(START + 500)}), server)
    assert incomplete == ""
    assert set(ids(pages, "fingerprint")) == set(range(50))


def test_a_thread_that_promises_more_and_sends_nothing_is_in_doubt() -> None:
    assert drive(paging.thread({}), lambda query: page([], 206)) == (
        [page([], 206)],
        paging.NOTHING_NEW,
    )
    assert drive(paging.thread({}), lambda query: page([], 200))[1] == ""


def test_messages_without_a_usable_time_do_not_break_the_thread() -> None:
    odd = [{"fingerprint": n, "timestamp": time} for n, time in enumerate([None, "soon", {}, 1.5])]
    assert drive(paging.thread({}), lambda query: page(odd, 200))[1] == ""
    pages, incomplete = drive(paging.thread({}), lambda query: page(odd[:3], 206))
    assert (len(pages), incomplete) == (1, paging.NOTHING_NEW)
    assert (
        drive(paging.thread({}), lambda query: page([{"timestamp": START}], 206))[1]
        == paging.NOTHING_NEW
    )


# Conversations


@dataclass
class Inbox:
    """A list of conversations that moves between the requests."""

    updated: dict[str, int]
    inclusive: bool = False
    ignores_dates: bool = False
    shuffled: bool = False
    churn: Callable[[Inbox], None] = lambda inbox: None
    clock: int = START + 1_000_000_000
    asked: list[dict[str, str]] = field(default_factory=list)

    def touch(self, session_id: str) -> None:
        self.clock += 1
        self.updated[session_id] = self.clock

    def __call__(self, query: dict[str, str]) -> Page:
        if self.asked:
            self.churn(self)
        self.asked.append(query)
        rows = sorted(self.updated.items(), key=lambda row: (-row[1], row[0]))
        if not self.ignores_dates:
            if "filter_date_end" in query:
                end = milliseconds(query["filter_date_end"]) + self.inclusive
                rows = [row for row in rows if row[1] < end]
            if "filter_date_start" in query:
                start = milliseconds(query["filter_date_start"]) - self.inclusive
                rows = [row for row in rows if row[1] > start]
        if self.shuffled:
            random.Random(1).shuffle(rows)
        size = int(query.get("per_page", 20))
        first = size * (int(query["page_number"]) - 1)
        found = rows[first : first + size]
        return page([{"session_id": name, "updated_at": time} for name, time in found])


def spread(count: int, step: int = 1000) -> dict[str, int]:
    return {f"session_{n}": START + step * n for n in range(count)}


def crowds(sizes: list[int], gaps: list[int]) -> dict[str, int]:
    """Instants so crowded, and so many milliseconds from the one before."""
    updated, time = {}, START
    for size, gap in zip(sizes, gaps, strict=True):
        time += gap
        updated |= {f"session_{len(updated) + n}": time for n in range(size)}
    return updated


FIFTY = {"per_page": "50"}


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 99, 100, 148, 149, 1000])
def test_a_list_at_rest_is_whole_and_costs_little(count: int, inclusive: bool) -> None:
    server = Inbox(spread(count), inclusive)
    pages, incomplete = drive(conversations(FIFTY), server)
    assert incomplete == ""
    assert set(ids(pages, "session_id")) == set(server.updated)
    # A page and its end are a snapshot. Beyond that all rows of a page but one are news, one
    # request sees the end and one what moved meanwhile.
    assert len(pages) <= (2 if count < 50 else (count - 50) // 49 + 2 + 2)


@given(
    instants=st.lists(st.tuples(st.integers(1, 150), st.integers(1, 3)), max_size=8),
    inclusive=st.booleans(),
    per_page=st.sampled_from([20, 50]),
)
def test_crowded_instants_are_walked_through(
    instants: list[tuple[int, int]], inclusive: bool, per_page: int
) -> None:
    updated = crowds([size for size, _ in instants], [gap for _, gap in instants])
    server = Inbox(updated, inclusive)
    pages, incomplete = drive(conversations({"per_page": str(per_page)}), server)
    assert incomplete == ""
    assert set(ids(pages, "session_id")) == set(updated)
    # A crowded page is read, read again until it shows nothing new, and then passed.
    assert len(pages) <= 4 * (len(updated) // per_page + 2 * len(instants) + 2)


def restless(chance: random.Random) -> Callable[[Inbox], None]:
    """Between two requests some rows move to the top, some are new."""
    rate = chance.choice([0.2, 1, 3, 8])
    new = chance.choice([0, 1, 2])

    def churn(inbox: Inbox) -> None:
        for _ in range(int(chance.expovariate(1 / rate))):
            inbox.touch(chance.choice(list(inbox.updated)))
        for n in range(chance.randint(0, new)):
            inbox.touch(f"session_new_{inbox.clock}_{n}")

    return churn


@pytest.mark.parametrize("block", blocks(8))
def test_nothing_is_lost_while_the_list_moves(block: int) -> None:
    for seed in range(40 * block, 40 * block + 40):
        chance = random.Random(seed)
        count = chance.randint(1, 500)
        server = Inbox(
            spread(count, chance.choice([1, 2, 1000])),
            inclusive=chance.random() < 0.5,
            churn=restless(chance),
        )
        before = set(server.updated)
        pages, incomplete = drive(conversations(FIFTY), server)
        if incomplete == "":
            assert before <= set(ids(pages, "session_id")), f"seed {seed}"
        else:
            assert incomplete == LIST_MOVED, f"seed {seed}"


@pytest.mark.parametrize("block", blocks(8))
def test_nothing_is_lost_while_crowded_instants_empty(block: int) -> None:
    """Rows leave an instant that fills pages, so that the pages behind them shift."""
    for seed in range(40 * block, 40 * block + 40):
        chance = random.Random(f"crowd {seed}")
        sizes = [chance.randint(1, 150) for _ in range(chance.randint(1, 5))]
        updated = crowds(sizes, [chance.choice([1, 1, 2, 1000]) for _ in sizes])
        leaving = chance.choice([0.3, 1, 3])

        def churn(inbox: Inbox, chance: random.Random = chance, rate: float = leaving) -> None:
            crowded = [name for name, time in inbox.updated.items() if time < START + 10**9]
            for _ in range(int(chance.expovariate(1 / rate))):
                if crowded:
                    inbox.touch(chance.choice(crowded))

        server = Inbox(updated, inclusive=chance.random() < 0.5, churn=churn)
        before = set(updated)
        pages, incomplete = drive(conversations(FIFTY), server)
        if incomplete == "":
            assert before <= set(ids(pages, "session_id")), f"seed {seed}"


def keeping_the_promise(server: Inbox, own_end: int) -> Callable[[dict[str, str]], Page]:
    """Check at every page with a moved bound that what lies above it was on those before."""
    found: set[object] = set()

    def answer(query: dict[str, str]) -> Page:
        answered = server(query)
        if found and "filter_date_end" in query:
            bound = milliseconds(query["filter_date_end"])
            due = {name for name, time in server.updated.items() if bound <= time <= own_end}
            assert due <= found
        found.update(record["session_id"] for record in answered.records)
        return answered

    return answer


@pytest.mark.parametrize("by_number", [False, True])
@pytest.mark.parametrize("block", blocks(4))
def test_a_lap_keeps_its_promise_while_rows_leave_and_arrive(block: int, by_number: bool) -> None:
    """Crowds and single rows; between two requests rows move up, come in and are deleted."""
    doubtful = 0
    for seed in range(25 * block, 25 * block + 25):
        chance = random.Random(f"lap {seed}")
        sizes = [chance.choice([1, 1, 1, 3, 40, 150]) for _ in range(chance.randint(5, 25))]
        updated = crowds(sizes, [chance.choice([1, 1, 2, 1000]) for _ in sizes])
        rate = chance.choice([0.2, 1, 3])

        def churn(inbox: Inbox, chance: random.Random = chance, rate: float = rate) -> None:
            for _ in range(int(chance.expovariate(1 / rate))):
                name = chance.choice(list(inbox.updated))
                kind = chance.choice(["moved", "moved", "deleted", "new"])
                if kind == "deleted":
                    del inbox.updated[name]
                else:
                    inbox.touch(name if kind == "moved" else f"session_new_{inbox.clock}")

        server = Inbox(
            updated, inclusive=chance.random() < 0.5, ignores_dates=by_number, churn=churn
        )
        before, own_end = set(updated), max(updated.values())
        answer = server if by_number else keeping_the_promise(server, own_end)
        pages, incomplete = drive(conversations(FIFTY, one_pass=True), answer)
        assert incomplete in ("", BY_NUMBER if by_number else LIST_MOVED)
        doubtful += incomplete == LIST_MOVED
        found = set(ids(pages, "session_id"))
        left = {name for name, time in server.updated.items() if time <= own_end}
        assert left <= found or incomplete == LIST_MOVED, f"seed {seed}"
        # And with the looks at the top that follow, nothing that existed and exists is lost.
        server.updated, server.asked = dict(updated), []
        pages, incomplete = drive(conversations(FIFTY), server)
        lost = before & set(server.updated) - set(ids(pages, "session_id"))
        assert not lost or incomplete == LIST_MOVED, f"seed {seed}"
    assert doubtful <= 2


@given(
    read=st.integers(0, 30_000),
    size=st.integers(20, 50),
    largest=st.integers(20, 50),
)
def test_a_page_by_number_holds_the_last_row_read_and_the_most_that_is_new(
    read: int, size: int, largest: int
) -> None:
    asked, number = next_page(read, size, largest)
    assert 20 <= asked <= largest
    every = [
        one * page - read
        for one in range(20, largest + 1)
        for page in [max(0, read - 1) // one + 1]
    ]
    if max(every) > 0:
        assert asked * (number - 1) <= max(0, read - 1)
        assert min(asked * number - read, size) == min(max(every), size)
    else:
        assert asked * (number - 1) == read


@pytest.mark.parametrize("own", [20, 30, 45])
def test_a_server_whose_pages_are_smaller_than_asked_is_learnt(own: int) -> None:
    """It costs one page that proves nothing, and crowds are still led through."""
    server = Inbox(crowds([1] * 60 + [130] + [1] * 60, [1000] * 121))
    pages, incomplete = drive(
        conversations(FIFTY),
        lambda query: server({**query, "per_page": str(min(own, int(query["per_page"])))}),
    )
    assert set(ids(pages, "session_id")) == set(server.updated)
    assert incomplete == ""
    if own > 20:
        # An empty page 1 ends such a list, and two requests more see that its last page is whole.
        assert len(pages) <= 250 / (own - 6) + 8


def test_a_list_that_never_rests_is_told_rather_than_chased() -> None:
    def churn(inbox: Inbox) -> None:
        for name in list(inbox.updated)[:60]:
            inbox.touch(name)

    pages, incomplete = drive(conversations(FIFTY), Inbox(spread(200), churn=churn))
    assert incomplete == LIST_MOVED
    assert len(pages) < 100


def test_an_empty_page_where_known_rows_were_due_is_no_end() -> None:
    """Read rows left, so that the page that was to overlap begins behind all that are left."""

    names = sorted(f"session_{n}" for n in range(58))

    def leave(inbox: Inbox) -> None:
        inbox.updated = dict.fromkeys(names[10:], START)

    server = Inbox(dict.fromkeys(names, START), churn=leave)
    pages, incomplete = drive(conversations(FIFTY, one_pass=True), server)
    assert (set(ids(pages, "session_id")), incomplete) == (set(names), "")


def test_an_instant_that_is_never_ordered_alike_twice_is_whole_or_told() -> None:
    """A server that orders equal times anew for each request can hide rows behind its pages."""
    told = [_unstable(seed) for seed in range(8)]
    assert LIST_MOVED in told


def _unstable(seed: int) -> str:
    server, order = Inbox(crowds([1] * 200 + [120, 40], [10] * 202)), random.Random(seed)
    server.updated |= {f"session_first_{n}": START + 10_000 + n for n in range(200)}

    def unstable(query: dict[str, str]) -> Page:
        names = list(server.updated)
        order.shuffle(names)
        places = {name: f"{place:04}" for place, name in enumerate(names)}
        renamed = {places[name]: time for name, time in server.updated.items()}
        back = {place: name for name, place in places.items()}
        server.asked.append(query)
        found = Inbox(renamed)(query).records
        return page([{**row, "session_id": back[row["session_id"]]} for row in found])

    pages, incomplete = drive(conversations(FIFTY, one_pass=True), unstable)
    assert incomplete == LIST_MOVED or set(ids(pages, "session_id")) == set(server.updated)
    assert len(pages) < 80
    # From there on no bound is moved: what lies above one was on the pages before it.
    bounds = [one["filter_date_end"] for one in server.asked if "filter_date_end" in one]
    assert min(map(milliseconds, bounds)) > START + 2010 or incomplete == ""
    return incomplete


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_server_that_ignores_the_dates_is_read_by_number_with_doubt(inclusive: bool) -> None:
    server = Inbox(spread(260), inclusive, ignores_dates=True)
    pages, incomplete = drive(conversations(FIFTY), server)
    assert incomplete == BY_NUMBER
    assert set(ids(pages, "session_id")) == set(server.updated)
    # One shows that the dates are ignored, one that the list ends, one what moved meanwhile.
    assert len(pages) <= 260 // 44 + 1 + 3


def test_a_server_that_does_not_sort_is_read_by_number_with_doubt() -> None:
    server = Inbox(spread(260), shuffled=True)
    pages, incomplete = drive(conversations(FIFTY), server)
    assert incomplete == BY_NUMBER
    assert set(ids(pages, "session_id")) == set(server.updated)
    assert len(pages) == math.ceil(260 / 50) + 1


@pytest.mark.parametrize("odd", [{}, {"updated_at": None}, {"updated_at": "yesterday"}])
def test_a_row_without_a_usable_time_costs_certainty_but_no_row(odd: dict[str, object]) -> None:
    def answer(query: dict[str, str]) -> Page:
        rows = [
            {"session_id": "session_1", "updated_at": START},
            {"session_id": "session_2", **odd},
        ]
        return page(rows if query["page_number"] == "1" else [])

    pages, incomplete = drive(conversations(FIFTY), answer)
    assert incomplete == BY_NUMBER
    assert set(ids(pages, "session_id")) == {"session_1", "session_2"}


def test_a_row_whose_id_is_of_the_wrong_type_does_not_break_the_walk() -> None:
    def answer(query: dict[str, str]) -> Page:
        return page([{"session_id": 7, "updated_at": START}] * (query["page_number"] == "1"))

    assert drive(conversations(FIFTY), answer)[1] == ""


def test_pages_shorter_than_asked_do_not_end_the_list() -> None:
    """A service that caps per_page by itself sends short pages all the way."""
    server = Inbox(spread(95))
    pages, incomplete = drive(
        conversations(FIFTY), lambda query: server({**query, "per_page": "10"})
    )
    assert incomplete == ""
    assert set(ids(pages, "session_id")) == set(server.updated)


@pytest.mark.parametrize("rows", [1, 50, 51, 99, 100, 300])
def test_no_more_is_read_than_the_rows_wanted(rows: int) -> None:
    server = Inbox(spread(2000))
    pages, incomplete = drive(conversations(FIFTY, rows), server)
    newest = {f"session_{n}" for n in range(2000 - rows, 2000)}
    assert incomplete == ""
    assert newest <= set(ids(pages, "session_id"))
    first = 1 + max(0, math.ceil((rows - 50) / 49))
    assert len(pages) <= first + (first > 1)  # a walk of one page is a snapshot


@pytest.mark.parametrize("kind", ["shuffled", "ignores_dates"])
@pytest.mark.parametrize("rows", [1, 50, 51, 120])
def test_no_more_is_read_than_the_rows_wanted_by_number_either(kind: str, rows: int) -> None:
    server = Inbox(spread(2000), **{kind: True})
    pages, _ = drive(conversations(FIFTY, rows), server)
    assert len(ids(pages, "session_id")) >= rows
    looks_again = kind == "ignores_dates" and rows > 50
    assert len(pages) <= math.ceil(rows / 50) + 1 + looks_again


@pytest.mark.parametrize("inclusive", [False, True])
def test_a_period_holds_what_lies_in_it(inclusive: bool) -> None:
    server = Inbox(spread(1000), inclusive)
    period = {
        "filter_date_start": iso(START + 200_500),
        "filter_date_end": iso(START + 700_500),
    }
    pages, incomplete = drive(conversations({**FIFTY, **period}), server)
    assert incomplete == ""
    assert set(ids(pages, "session_id")) == {f"session_{n}" for n in range(201, 701)}
    assert all(query["filter_date_start"] == period["filter_date_start"] for query in server.asked)
    assert all(milliseconds(query["filter_date_end"]) <= START + 700_501 for query in server.asked)


def test_the_end_of_a_period_is_never_moved_past_what_the_caller_said() -> None:
    end = START + 700_000  # a row lies exactly there
    server = Inbox(spread(1000, 1), inclusive=True)
    server.updated = {name: time + 699_500 for name, time in server.updated.items()}
    server.updated |= {f"session_at_the_end_{n}": end for n in range(120)}
    query = {**FIFTY, "filter_date_end": iso(end)}
    pages, incomplete = drive(conversations(query), server)
    assert incomplete == ""
    assert max(r["updated_at"] for one in pages for r in one.records) <= end


@pytest.mark.parametrize("block", blocks(4))
def test_nothing_is_lost_in_a_period_that_still_runs(block: int) -> None:
    """until='today': rows that move meanwhile stay inside the period."""
    for seed in range(25 * block, 25 * block + 25):
        chance = random.Random(seed)
        server = Inbox(spread(chance.randint(1, 400)), churn=restless(chance))
        before = set(server.updated)
        query = {**FIFTY, "filter_date_end": iso(START + 9_000_000_000)}
        pages, incomplete = drive(conversations(query), server)
        assert before <= set(ids(pages, "session_id")) or incomplete == LIST_MOVED, f"seed {seed}"


def test_a_period_that_is_over_is_walked_once() -> None:
    server = Inbox(spread(149))
    query = {**FIFTY, "filter_date_end": iso(START + 200_000)}
    later, sooner = (START + 200_000) / 1000 + 301, (START + 200_000) / 1000 + 299
    once, incomplete = drive(conversations(query, now=later), server)
    assert incomplete == ""
    assert set(ids(once, "session_id")) == set(server.updated)
    again, _ = drive(conversations(query, now=sooner), server)
    assert len(again) == len(once) + 1
    asked = routes.lookup("list_conversations")
    assert len(drive(paging.page_queries(asked, query, now=lambda: later), server)[0]) == len(once)


# Lists by page number, and what belongs to all


def test_a_numbered_list_ends_at_its_empty_page() -> None:
    def answer(query: dict[str, str]) -> Page:
        number = int(query["page_number"])
        return page([{"id": number}] * (number <= 4))

    pages, incomplete = drive(paging.numbered({"search_text": "x"}), answer)
    assert (len(pages), incomplete) == (5, "")


def test_a_numbered_list_that_repeats_itself_ends_with_doubt() -> None:
    pages, incomplete = drive(paging.numbered({}), lambda query: page([{"id": 1}, {"id": 2}]))
    assert (len(pages), incomplete) == (2, paging.NOTHING_NEW)


def test_each_request_keeps_the_callers_query() -> None:
    query = {"search_text": "x", "per_page": "50"}
    server = Inbox(spread(120))
    drive(conversations(query), server)
    assert server.asked[0] == {**query, "page_number": "1"}
    assert all(asked["search_text"] == "x" for asked in server.asked)  # per_page is the walk's own
    thread = Thread([START + n for n in range(90)])
    drive(paging.thread({"more": "1"}), thread)
    assert all(asked["more"] == "1" for asked in thread.asked)
    assert next(paging.numbered(query)) == {**query, "page_number": "1"}


@pytest.mark.parametrize(
    ("operation", "query", "kind"),
    [
        ("get_messages_in_conversation", {}, "thread"),
        ("list_conversations", FIFTY, "conversations"),
        ("list_conversations", {"order_date_waiting": "1"}, "numbered"),
        ("list_people_profiles", FIFTY, "numbered"),
        ("list_website_operators", {}, "single"),
    ],
)
def test_each_list_is_walked_its_own_way(operation: str, query: dict[str, str], kind: str) -> None:
    route = routes.lookup(operation)
    assert paging.page_queries(route, query).__name__ == kind
    assert paging.is_timed(route, query) is (kind in ("thread", "conversations"))


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": false, "reason": "listed"}',
        b'{"error": false, "reason": "listed", "data": null}',
        b'{"error": false, "reason": "listed", "data": {"message": "hello"}}',
        b'{"error": false, "reason": "listed", "data": [',
        b"<html></html>",
        b'{"data": ' + b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("walk", [paging.numbered, paging.thread, paging.conversations])
def test_what_holds_no_list_is_an_error_not_an_end(
    walk: Callable[[dict[str, str]], PageQueries], body: bytes
) -> None:
    running = walk({})
    next(running)
    with pytest.raises(BadAnswer):
        running.send(Page(body, 200))


def test_a_text_cut_inside_an_emoji_does_not_end_a_walk() -> None:
    for walk in (paging.numbered({}), paging.thread({}), conversations({})):
        next(walk)
        cut = rb'{"error": false, "reason": "listed", "data": [{"fingerprint": "\ud83d", '
        cut += (
            rb'"session_id": "\ud83d", "timestamp": 1790000000000, "updated_at": 1790000000000}]}'
        )
        assert walk.send(Page(cut, 206))
