"""Reads that wait for the day's reset: by the clock, once, and never a write."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import crisp_data as crisp
from crisp_data.quota import wait_for_reset
from crisp_data.quota.ledger import Ledger
from crisp_data.sandbox import Sandbox
from tests.marks import slow

NEW_DAY = datetime(2026, 11, 3, tzinfo=UTC)


def fast_forward(box: Sandbox) -> Callable[[float], None]:
    """A sleep that lets the sandbox's clock run instead."""
    return lambda seconds: box.clock(advance_s=seconds)


def spent(ws: crisp.Workspace) -> None:
    """Spend what reads may spend today."""
    while ws.quota.left_for_reads:
        ws.quota.reserve("spent")


@pytest.mark.parametrize("workers", [8, *slow(1)])
def test_a_pull_longer_than_a_day_goes_on_tomorrow(workers: int) -> None:
    """Three days of a small quota; the sandbox has the same one and refuses nothing."""
    with Sandbox(seed=3, conversations=100, quota=50) as box:
        ws = crisp.connect(
            sandbox=box, quota=50, on_quota="wait", sleep=fast_forward(box), workers=workers
        )
        messages = ws.messages(ws.conversations())
        truth = {(row["session_id"], row["fingerprint"]) for row in box.truth("messages")}
        assert set(zip(messages["session_id"], messages["fingerprint"], strict=True)) == truth
        assert len(messages) == len(truth)
        assert set(box.stats()["by_status"]) <= {"200", "206"}
        assert box.stats()["requests"] > 100
        assert box.now >= NEW_DAY
        assert ws.quota.used == box.stats()["requests"] - 2 * (50 - ws.quota.reserved_for_writes)


def test_the_wait_ends_after_the_margin_of_the_reset(sandbox: Sandbox) -> None:
    ws = crisp.connect(sandbox=sandbox, quota=60, on_quota="wait", sleep=fast_forward(sandbox))
    spent(ws)
    ws.operators()
    late = (sandbox.now - NEW_DAY).total_seconds()
    assert 5 <= late < 6  # charged to the new day alone, and no later than needed
    assert ws.quota.by_operation() == {"list_website_operators": 1}


@pytest.mark.reliability("clocks")
def test_a_clock_that_jumps_ends_the_wait(sandbox: Sandbox) -> None:
    """Someone sets the clock, or a laptop sleeps: the sleeps themselves took a minute."""
    slept = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            sandbox.clock(advance_s=24 * 3600)

    ws = crisp.connect(sandbox=sandbox, quota=60, on_quota="wait", sleep=sleep)
    spent(ws)
    ws.operators()
    assert len(slept) == 2
    assert sum(slept) <= 60


def test_a_day_that_is_reopened_ends_the_wait(sandbox: Sandbox) -> None:
    ws = crisp.connect(sandbox=sandbox, on_quota="wait", sleep=lambda _: ws.quota.reopen())
    ws.quota.close(ws.quota.days.today, "429 rate_limited")
    assert len(ws.operators()) > 0
    assert sandbox.now < NEW_DAY


def test_a_write_is_never_made_to_wait(sandbox: Sandbox, waits: list[float]) -> None:
    ws = crisp.connect(
        sandbox=sandbox, quota=60, on_quota="wait", reserve_for_writes=0, sleep=waits.append
    )
    spent(ws)
    with pytest.raises(crisp.QuotaExceeded):
        ws.client.call("create_new_conversation", website_id=ws.website_id)
    assert waits == []
    assert "create_new_conversation" not in sandbox.stats()["by_operation"]


def test_a_budget_is_not_waited_for(sandbox: Sandbox, waits: list[float]) -> None:
    ws = crisp.connect(sandbox=sandbox, on_quota="wait", sleep=waits.append)
    with ws.budget(0), pytest.raises(crisp.QuotaExceeded):
        ws.operators()
    assert waits == []


def test_on_quota_is_checked(sandbox: Sandbox) -> None:
    with pytest.raises(crisp.BadParameter, match="one of: raise, wait"):
        crisp.connect(sandbox=sandbox, on_quota="sleep")


@pytest.mark.parametrize(("progress", "bars"), [(True, 1), (False, 0), (None, 0)])
def test_one_bar_however_many_threads_wait(
    sandbox: Sandbox,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    progress: bool | None,
    bars: int,
) -> None:
    """All eight stand at the barrier, so all eight wait."""
    together, came = threading.Barrier(8, timeout=60), threading.local()

    def sleep(seconds: float) -> None:
        if not hasattr(came, "once"):
            came.once = True
            together.wait()
        sandbox.clock(advance_s=seconds)

    ws = crisp.connect(
        sandbox=sandbox, quota=60, on_quota="wait", workers=8, sleep=sleep, progress=progress
    )
    ids = list(ws.conversations()["session_id"])[:8]
    spent(ws)
    shown, tqdm = [], wait_for_reset.tqdm

    def bar(**options: object) -> object:
        shown.extend([options["desc"]] * (not options["disable"]))
        return tqdm(**options)

    monkeypatch.setattr(wait_for_reset, "tqdm", bar)
    capsys.readouterr()
    ws.messages(ids)
    assert not came.__dict__  # the main thread did not wait itself
    assert shown == ["waiting for the quota to reset at 2026-11-03 00:00 UTC"] * bars
    assert (shown[:1] == []) == (capsys.readouterr().err == "")


def test_a_ledger_says_how_long_until_reads_go_on(tmp_path: Path) -> None:
    now = [datetime(2026, 11, 2, 12, tzinfo=UTC).timestamp()]
    ledger = Ledger(tmp_path / "q", "a", 10, reserve_for_writes=0.2, now=lambda: now[0])
    for _ in range(8):
        assert ledger.opens_in() == 0
        ledger.reserve("list")
    assert ledger.opens_in() == 12 * 3600 + 5  # two are left, and kept for writes
    now[0] += 12 * 3600 + 2
    assert ledger.opens_in() == 3
    now[0] += 3
    assert ledger.opens_in() == 0


def test_who_waits_for_the_reset_holds_up_nobody(sandbox: Sandbox, folder: Path) -> None:
    """Another that asks for the same at the same time, and does not wait, is told at once."""
    waiting_now, told = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        waiting_now.set()
        assert told.wait(30)
        sandbox.clock(advance_s=24 * 3600)

    patient = crisp.connect(sandbox=sandbox, quota=60, on_quota="wait", sleep=sleep)
    hasty = crisp.connect(sandbox=sandbox, quota=60)
    spent(hasty)
    pull = threading.Thread(target=patient.operators)
    pull.start()
    assert waiting_now.wait(30)
    with pytest.raises(crisp.QuotaExceeded):
        hasty.operators()
    told.set()
    pull.join(30)
    assert sandbox.stats()["by_operation"]["list_website_operators"] == 1
