"""Plans: what a pull will cost, told before it starts; the sandbox counts what it did cost."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crisp_data as crisp
from crisp_data.quota import estimate
from crisp_data.quota.estimate import PAGE, Plan, Rows, extrapolate
from crisp_data.rest.cache_access import CacheAccess
from crisp_data.rest.cost_estimator import CostEstimator
from crisp_data.sandbox import Sandbox


def sent(sandbox: Sandbox) -> int:
    return sandbox.stats()["requests"]


@pytest.fixture(scope="module")
def large() -> Iterator[Sandbox]:
    with Sandbox(seed=2, conversations=6_000, weeks=26) as box:
        yield box


@pytest.fixture(scope="module")
def small() -> Iterator[Sandbox]:
    with Sandbox(seed=5, conversations=300) as box:
        yield box


def connect(box: Sandbox, folder: Path, **options: object) -> crisp.Workspace:
    """With a cache of its own, for the sandbox serves several tests."""
    return crisp.connect(sandbox=box, cache_dir=folder, sleep=lambda seconds: None, **options)


PULLS = [
    {},
    {"since": "7 days ago"},
    {"since": "30 days ago"},
    {"since": "2026-09-20", "until": "2026-10-15"},
    {"until": "2026-09-15"},
    {"state": "resolved"},
    {"segment": "vip"},
    {"limit": 100},
    {"limit": 2_000},
    {"state": "pending", "limit": 30},
    {"since": "30 days ago", "limit": 10},
]


def test_a_plan_looks_once_for_each_thread(
    small: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing more is to be found of a thread whose first batch is not in the cache."""
    ws = connect(small, tmp_path)
    ids = list(ws.conversations(limit=150)["session_id"])
    read = 30
    ws.messages(ids[:read])
    looked, real = [], CacheAccess.read

    def watched(access: CacheAccess, work: object, **options: bool) -> object:
        looked.append(work)
        return real(access, work, **options)

    monkeypatch.setattr(CacheAccess, "read", watched)
    assert ws.plan.messages(ids).low == len(ids) - read
    assert len(looked) <= len(ids) + 3 * read


SIZES = [
    pytest.param("small", pull, marks=pytest.mark.slow if number % 2 else ())
    for number, pull in enumerate(PULLS)
]
LARGE = [pull for pull in PULLS if pull.get("state") or set(pull) <= {"since", "until"}]
SIZES += [
    pytest.param(
        "large", pull, marks=pytest.mark.timeout(300) if pull.get("state") else pytest.mark.slow
    )
    for pull in LARGE
]


@pytest.mark.parametrize(("size", "filters"), SIZES, ids=str)
def test_a_pull_costs_what_was_planned(
    request: pytest.FixtureRequest, folder: Path, size: str, filters: dict[str, object]
) -> None:
    box = request.getfixturevalue(size)
    ws = connect(box, folder)
    before = sent(box)
    planned = ws.plan.conversations(**filters)
    probed = sent(box) - before
    assert 1 <= probed <= (1 if "limit" in filters else 8)
    assert planned.left == ws.quota.left_for_reads
    before = sent(box)
    ws.conversations(**filters)
    cost = sent(box) - before
    check_bounds(planned, cost)
    again = ws.plan.conversations(**filters)
    if "state" not in filters:  # (what is filtered here may have been walked further)
        assert (again.requests, again.high, again.days) == (0, 0, 0)
    assert sent(box) - before == cost


def check_bounds(planned: Plan, cost: int) -> None:
    """What is said to be certain holds, and the one figure is within it."""
    assert planned.low <= min(cost, planned.requests)
    assert planned.high is None or max(cost, planned.requests) <= planned.high


def burst(box: Sandbox, ws: crisp.Workspace, number: int, ms: int | None) -> None:
    """Update the oldest conversations one by one, so many ms apart; None for all at one instant."""
    chosen = [row["session_id"] for row in box.truth("conversations")[-number:]]
    if ms is None:
        for step in ("batch_unresolve_conversations", "batch_resolve_conversations"):
            ws.client.call(step, website_id=ws.website_id, json={"sessions": chosen})
        return
    for session_id in chosen:
        ws.client.call(
            "change_conversation_state",
            website_id=ws.website_id,
            session_id=session_id,
            json={"state": "pending"},
        )
        box.clock(advance_s=ms / 1000)


BURSTS = st.lists(
    st.tuples(
        st.sampled_from([2, 10, 30, 50, 51, 60, 120]),
        st.sampled_from([None, 0, 1_000]),
        st.sampled_from([0, 3_600, 86_400, 5 * 86_400]),
    ),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize(
    "most", [2, pytest.param(40, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_what_a_plan_is_sure_of_holds_after_bursts(tmp_path: Path, most: int) -> None:
    @settings(max_examples=most, deadline=None, database=None, derandomize=most < 9)
    @given(st.sampled_from([10, 49, 60, 150]), BURSTS, st.lists(st.sampled_from(PULLS), max_size=3))
    def check(size: int, bursts: list[tuple[int, int | None, int]], pulls: list[object]) -> None:
        with Sandbox(seed=size, conversations=size) as box:
            by = connect(box, tmp_path / "by", quota=100_000)
            for number, ms, later in bursts:
                burst(box, by, number, ms)
                box.clock(advance_s=later)
            for filters in [{}, {"state": "resolved"}, {"since": "30 days ago"}, *pulls]:
                ws = connect(box, tmp_path / str(next(names)), quota=100_000)
                planned = ws.plan.conversations(**filters)
                before = sent(box)
                ws.conversations(**filters)
                check_bounds(planned, sent(box) - before)

    names = itertools.count()
    check()


def test_a_burst_of_updates_says_nothing_of_the_time_before(folder: Path) -> None:
    """Sixty conversations were resolved within a minute: no reason to expect so many a minute."""
    with Sandbox(seed=5, conversations=150) as box:
        burst(box, connect(box, folder / "by"), 60, 1_000)
        ws = connect(box, folder, quota=80, state_dir=folder)
        planned = ws.plan.conversations(since="30 days ago")
        before = sent(box)
        rows = len(ws.conversations(since="30 days ago"))
        check_bounds(planned, sent(box) - before)
        assert planned.rows.low <= rows <= planned.rows.high
        assert planned.high <= 30  # ("about 99 requests, 96 to 129")


def test_a_list_at_one_instant_costs_no_more_than_was_said(folder: Path) -> None:
    """Its end is looked for ten times."""
    with Sandbox(seed=1, conversations=10) as box:
        burst(box, connect(box, folder / "by"), 10, None)
        ws = connect(box, folder)
        planned = ws.plan.conversations()
        before = sent(box)
        ws.conversations()
        assert 2 < sent(box) - before <= planned.high


def test_times_that_cover_little_of_the_period_are_no_rate() -> None:
    day = 86_400_000
    page = [1_000 * day - number * 1_000 for number in range(PAGE)]  # one a second
    assert extrapolate(page, 999 * day).guess is None
    assert extrapolate(page, 1_000 * day - 98_000).guess == 100
    page = [1_000 * day - number * day // 25 for number in range(PAGE)]  # 25 a day
    assert extrapolate(page, 999 * day).guess == PAGE
    assert extrapolate(page, 990 * day).guess == 255
    assert extrapolate(page, 900 * day).guess is None
    said = extrapolate(page, 900 * day).basis
    assert said.endswith("within 2.0 days. That says little of the time before.")


def test_a_guess_that_was_wrong_is_let_go() -> None:
    rows = Rows(PAGE, None, 1_000_000, 4_000_000, "").known(97, 0)
    assert (rows.low, rows.likely, rows.high) == (PAGE, 489, 4_800)


def test_one_huge_thread_is_not_what_all_are_expected_to_be(small: Sandbox, folder: Path) -> None:
    estimator = CostEstimator(connect(small, folder).client, small.website_id)
    assert estimator.batches_per_thread == pytest.approx(1.1)
    estimator.saw(100)
    assert 3 < estimator.batches_per_thread < 3.2
    for _ in range(99):
        estimator.saw(1)
    assert estimator.batches_per_thread == 1.99


def test_a_plan_that_knows_only_the_least_says_so() -> None:
    planned = Plan("conversations", 2, 2, None, 4_900, 5_000, 4_900, "")
    assert planned.lines == [
        "conversations: at least 2 requests",
        "at least 0.0% of a day's 5,000, 4,900 left today for reads: done today at best",
    ]
    long = dataclasses.replace(planned, requests=9_900, low=9_900)
    assert long.lines[1].endswith("takes at least 3 days")


def test_page_1_of_a_plan_is_that_of_the_pull(small: Sandbox, folder: Path) -> None:
    """Together they cost no more than the pull alone, where no page number is asked for."""
    ws, alone = connect(small, folder / "a"), connect(small, folder / "b")
    before = sent(small)
    alone.conversations(since="2026-10-01")
    cost = sent(small) - before
    ws.plan.conversations(since="2026-10-01")
    ws.conversations(since="2026-10-01")
    assert sent(small) - before == 2 * cost


def test_threads_are_planned_by_what_the_cache_lacks(small: Sandbox, folder: Path) -> None:
    ws = connect(small, folder)
    ids = list(ws.conversations()["session_id"])
    before = sent(small)
    first = ws.plan.messages(ids)
    assert (first.low, first.high) == (300, None)
    assert first.requests == 330  # 1.1 batches a thread, assumed
    assert sent(small) == before
    ws.messages(ids[:100])
    spent = sent(small) - before
    rest = ws.plan.messages(ids)
    assert rest.low == 200
    assert rest.requests == -(-200 * spent // 100)  # as many batches a thread as were met
    assert f"{spent / 100:.2f}" in rest.basis
    assert ws.plan.messages(ids[:100]).high == 0
    assert ws.plan.messages(ids[:100], refresh=True).low == 100


def test_a_thread_that_is_kept_in_part_is_not_free(folder: Path) -> None:
    with Sandbox(seed=1, conversations=60, batch_size=5) as box:
        ws = connect(box, folder)
        ids = list(ws.conversations()["session_id"])
        for session_id in ids:
            operation = "get_messages_in_conversation"
            next(ws.client.pages(operation, website_id=ws.website_id, session_id=session_id))
        lengths = [row["session_id"] for row in box.truth("messages")]
        cut = sum(lengths.count(session_id) > 5 for session_id in ids)
        assert 0 < cut < len(ids)
        assert ws.plan.messages(ids).low == cut


def test_a_plan_is_frozen_and_plain(small: Sandbox, folder: Path) -> None:
    planned = connect(small, folder).plan.messages(["session_" + "0" * 8])
    with pytest.raises(dataclasses.FrozenInstanceError):
        planned.low = 3
    assert repr(planned).splitlines() == [
        "messages: about 2 requests, at least 1",
        f"0.0% of a day's 5,000, {planned.left:,} left today for reads: done today",
        "1 of 1 thread not in the cache; 1.10 batches per thread assumed.",
    ]
    shown = planned._repr_html_()
    assert "about 2 requests, at least 1" in shown
    assert "day&#x27;s" in shown  # escaped
    assert "http" not in shown


@pytest.mark.parametrize(
    ("requests", "left", "days"),
    [(0, 0, 0), (1, 1, 1), (100, 100, 1), (101, 100, 2), (10, 0, 2), (9_900, 100, 3)],
)
def test_days_begin_with_the_rest_of_today(requests: int, left: int, days: int) -> None:
    planned = Plan("messages", requests, requests, None, left, 5_000, 4_900, "")
    assert planned.days == days
    assert planned.of_today == requests / 5_000


def test_a_plan_is_of_the_day_on_which_it_is_made(sandbox: Sandbox, ws: crisp.Workspace) -> None:
    ids = list(ws.conversations()["session_id"])
    spent = ws.quota.used
    assert ws.plan.messages(ids).left == 4_900 - spent
    sandbox.clock(advance_s=24 * 3600)
    assert ws.plan.messages(ids).left == 4_900


@pytest.mark.slow
def test_a_server_that_ignores_the_dates_is_bounded_too(folder: Path) -> None:
    """A page by number that is older than since ends the list as an empty one does."""
    with Sandbox(seed=1, conversations=6_000, weeks=26, date_filter=False) as box:
        planned = connect(box, folder).plan.conversations(since="2026-08-01")
        rows = sum(row["updated_at"] >= 1785542400000 for row in box.truth("conversations"))
        assert planned.low <= estimate.list_requests(rows) <= planned.high


def test_a_server_that_ignores_page_numbers_shows_no_length(folder: Path) -> None:
    """Page 97 is page 1 again: no reason to believe in 4,850 conversations, nor to refuse them."""
    with Sandbox(seed=1, conversations=120, ignore_page_number=True) as box:
        ws = connect(box, folder, quota=80, state_dir=folder)
        before = sent(box)
        planned = ws.plan.conversations()
        assert sent(box) - before == 2
        assert (planned.rows.low, planned.rows.high, planned.high) == (PAGE, None, None)
        with pytest.warns(crisp.CrispWarning, match="may be missing"):
            assert len(ws.conversations()) == 120
        assert planned.low <= planned.requests <= sent(box) - before


# A pull shows its plan


@pytest.mark.slow
def test_a_long_pull_says_so_before_it_starts(
    large: Sandbox, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ws = connect(large, folder, quota=100_000)
    before = sent(large)
    conversations = ws.conversations()
    cost = sent(large) - before
    shown = capsys.readouterr()
    assert shown.out == ""
    first, second = shown.err.splitlines()
    assert first == "conversations: about 101 requests, at least 98"
    assert "done today" in second
    silent = connect(large, folder / "silent", quota=100_000, progress=False)
    before = sent(large)
    silent.conversations(limit=5_500)
    assert capsys.readouterr().err == ""
    assert cost > 100
    ws.conversations()
    assert capsys.readouterr().err == ""  # the cache has it, and it costs nothing
    ws.messages(conversations.head(120))
    assert capsys.readouterr().err.startswith("messages: about 132 requests, at least 120\n")


@pytest.mark.parametrize(
    ("size", "filters", "probes"),
    [
        ("small", {}, 1),  # nothing on page 1 says how far the list goes
        ("small", {"since": "14 days ago"}, 0),
        ("small", {"limit": 200}, 0),
        ("large", {"since": "7 days ago"}, 0),
        ("large", {"limit": 4_000}, 0),
    ],
)
def test_a_short_pull_says_nothing_and_asks_little(
    request: pytest.FixtureRequest,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    size: str,
    filters: dict[str, object],
    probes: int,
) -> None:
    box = request.getfixturevalue(size)
    ws = connect(box, folder)
    asked = []
    call = ws.client.call

    def watched(operation: str, **options: object) -> object:
        asked.append(options["page_number"])
        return call(operation, **options)

    ws.client.call = watched
    ws.conversations(**filters)
    assert asked == [estimate.BEYOND] * probes
    assert capsys.readouterr().err == ""


def test_a_list_that_cannot_be_paid_is_not_walked(large: Sandbox, folder: Path) -> None:
    ws = connect(large, folder, quota=80, state_dir=folder)
    before = sent(large)
    with pytest.raises(crisp.QuotaExceeded, match="nothing was started") as caught:
        ws.conversations()
    assert sent(large) - before == 2  # page 1, and the page that tells
    assert caught.value.needed >= 96
    assert len(caught.value.partial) == PAGE


# How the figures follow from what is known


@given(st.integers(0, 200_000), st.none() | st.integers(50, 400_000))
def test_probes_close_in_on_the_truth(rows: int, guess: int | None) -> None:
    """Whatever page 1 suggested, few questions end, and the truth is never excluded by one."""
    first = min(rows, PAGE)
    if first < PAGE:
        known = Rows(first, first, None, first, "")
    else:
        known = Rows(PAGE, None, guess, None if guess is None else guess * 4, "")
    asked = 0
    while (page := known.probe()) is not None:
        known = known.known(page, max(0, min(PAGE, rows - (page - 1) * PAGE)))
        asked += 1
        assert known.low <= rows <= (rows if known.high is None else known.high)
        assert asked <= 12
    assert known.low <= known.likely <= (known.likely if known.high is None else known.high)
    if guess is None:
        assert known.low <= rows <= known.high


@pytest.mark.parametrize("rows", [0, 1, 49, 50, 51, 99, 100, 148, 149])
def test_a_walk_costs_what_the_formula_says(folder: Path, rows: int) -> None:
    with Sandbox(seed=1, conversations=rows) as box:
        ws = connect(box, folder)
        before = sent(box)
        assert sum(1 for _ in ws.client.pages("list_conversations", website_id=ws.website_id)) > 0
        assert sent(box) - before == estimate.list_requests(rows)


# What the cache holds of other pulls


def check_kept(box: Sandbox, ws: crisp.Workspace, what: str, *of: object, **filters: object) -> int:
    """The pull costs what its plan says; give that."""
    planned = getattr(ws.plan, what)(*of, **filters)
    before = sent(box)
    getattr(ws, what)(*of, **filters)
    cost = sent(box) - before
    assert planned.low <= cost
    assert planned.high is None or cost <= planned.high
    return cost


def test_plans_know_what_pulls_with_other_limits_left(small: Sandbox, folder: Path) -> None:
    ws = connect(small, folder)
    for what in ("conversations", "people"):
        costs = [check_kept(small, ws, what, limit=limit) for limit in (60, 100, None, 55, 100)]
        assert costs[0] > 0
        assert costs[2] > 0
        assert costs[4] == 0
    for limit in (5, 2, 100):
        check_kept(small, ws, "conversations", state="pending", limit=limit)
        check_kept(small, ws, "conversations", state="pending", limit=limit)


def test_a_plan_of_a_list_whose_page_one_was_read_anew(small: Sandbox, folder: Path) -> None:
    ws = connect(small, folder)
    ws.people(limit=100)
    ws.client.call(
        "list_people_profiles", website_id=ws.website_id, page_number=1, per_page=50, refresh=True
    )
    assert check_kept(small, ws, "people", limit=100) >= 2


@pytest.mark.parametrize("limit", [None, 5, 50, 60])
def test_a_plan_to_refresh_people_does_not_count_on_the_cache(
    small: Sandbox, folder: Path, limit: int | None
) -> None:
    ws = connect(small, folder)
    ws.people(limit=limit)
    assert check_kept(small, ws, "people", limit=limit, refresh=True) >= 1


def test_a_plan_of_a_thread_whose_first_batch_was_read_anew(folder: Path) -> None:
    with Sandbox(seed=1, conversations=60, batch_size=5) as box:
        ws = connect(box, folder)
        messages = ws.messages(ws.conversations(limit=20))
        session_id = messages["session_id"].value_counts().index[0]
        newest = messages[messages["session_id"] == session_id]["fingerprint"].iloc[-1]
        thread = ws.client.pages(
            "get_messages_in_conversation",
            website_id=ws.website_id,
            session_id=session_id,
            known=frozenset({int(newest)}),
            refresh=True,
        )
        assert len(list(thread)) == 1
        assert check_kept(box, ws, "messages", [session_id]) >= 1
        assert check_kept(box, ws, "messages", [session_id]) == 0


def test_a_plan_of_what_is_not_all_in_the_cache_is_never_free(folder: Path) -> None:
    """Also where a server cuts its pages, and the cache holds more of them than rows explain."""
    with Sandbox(seed=3, conversations=120, page_sizes=(30,)) as box:
        ws = connect(box, folder)
        ws.conversations()
        assert check_kept(box, ws, "conversations", limit=101) == 1
