"""Plans: what a pull will cost, told before it starts; the sandbox counts what it did cost."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crisp_data as crisp
from crisp_data.quota import estimate
from crisp_data.quota.estimate import PAGE, Plan, Rows
from crisp_data.rest.cache_access import CacheAccess
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
    assert planned.low <= cost <= planned.high
    assert planned.low <= planned.requests <= planned.high
    again = ws.plan.conversations(**filters)
    if "state" not in filters:  # (what is filtered here may have been walked further)
        assert (again.requests, again.high, again.days) == (0, 0, 0)
    assert sent(box) - before == cost


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
        assert (planned.rows.sure, planned.rows.most, planned.high) == (PAGE, None, None)
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
        known = Rows(first, first, first, first, None, "")
    elif guess is None:
        known = Rows(PAGE, None, PAGE, None, None, "")
    else:
        known = Rows(PAGE, None, max(PAGE, guess // 4), guess * 4, guess, "")
    asked = 0
    while (page := known.probe()) is not None:
        known = known.known(page, max(0, min(PAGE, rows - (page - 1) * PAGE)))
        asked += 1
        assert known.sure <= rows <= (known.most if known.most is not None else rows)
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


@pytest.mark.parametrize("limit", [51, 98, 99, 140])
def test_a_plan_of_people_knows_that_pages_overlap(
    small: Sandbox, folder: Path, limit: int
) -> None:
    ws = connect(small, folder)
    planned = ws.plan.people(limit=limit)
    assert planned.requests == check_kept(small, ws, "people", limit=limit)


def test_a_plan_of_many_people_takes_no_time_to_count(small: Sandbox, folder: Path) -> None:
    planned = connect(small, folder).plan.people(limit=10**9)
    assert 1.2 * 10**9 / PAGE < planned.requests < planned.high < 1.25 * 10**9 / PAGE


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
