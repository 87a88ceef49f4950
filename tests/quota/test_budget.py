"""Budgets: what a block may spend, by all its threads, and nothing of the day."""

from __future__ import annotations

import dataclasses
import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import Any

import pytest

import crisp_data as crisp
from crisp_data.quota.budget import Budgets
from crisp_data.sandbox import Sandbox


def sent(sandbox: Sandbox) -> int:
    return sandbox.stats()["requests"]


def test_a_budget_is_met_exactly_by_all_threads(sandbox: Sandbox) -> None:
    ws = crisp.connect(sandbox=sandbox, workers=8, sleep=lambda seconds: None)
    ids = list(ws.conversations()["session_id"])[:20]
    before = sent(sandbox)
    sandbox.faults(operation="get_messages_in_conversation", status=503, share=0.5)
    with ws.budget(22) as budget, pytest.raises(crisp.QuotaExceeded, match="budget") as caught:
        ws.messages(ids)
    assert sent(sandbox) - before == budget.used == 22
    assert (budget.left, budget.limit) == (0, 22)
    error = caught.value
    assert (error.left, error.limit, error.resets_at) == (0, 22, None)
    assert error.needed == 20 - error.partial["session_id"].nunique()
    assert "resets" not in str(error)
    assert ws.quota.left > 4_000


def test_what_the_cache_holds_spends_nothing(sandbox: Sandbox, ws: crisp.Workspace) -> None:
    ws.operators()
    with ws.budget(0) as budget:
        assert len(ws.operators()) > 0
        with pytest.raises(crisp.QuotaExceeded, match="budget of 0"):
            ws.inboxes()
    assert budget.used == 0
    assert len(ws.inboxes()) > 0  # the block is over


def test_nested_budgets_must_all_allow(sandbox: Sandbox, ws: crisp.Workspace) -> None:
    def ask() -> None:
        ws.client.call("count_visitors", website_id=ws.website_id, refresh=True)

    with ws.budget(3) as outer:
        with ws.budget(1) as inner:
            ask()
            with pytest.raises(crisp.QuotaExceeded, match="budget of 1 "):
                ask()
        with ws.budget(9) as wide:
            ask()
            ask()
            with pytest.raises(crisp.QuotaExceeded, match="budget of 3 "):
                ask()
    assert (outer.used, inner.used, wide.used) == (3, 1, 2)


def test_what_was_not_sent_goes_back(sandbox: Sandbox, ws: crisp.Workspace) -> None:
    with ws.budget(10) as budget:
        ws.operators()
        sandbox.stop()
        with pytest.raises(crisp.Offline):
            ws.inboxes()
    assert budget.used == 1


def test_what_the_day_refuses_goes_back(sandbox: Sandbox) -> None:
    ws = crisp.connect(sandbox=sandbox, quota=1)
    with ws.budget(5) as budget, pytest.raises(crisp.QuotaExceeded, match="day's quota"):
        ws.operators()
    assert budget.used == 0


def test_a_charge_goes_back_to_who_paid() -> None:
    """A budget that was opened meanwhile did not pay."""
    budgets = Budgets()
    with budgets.open(5) as first:
        paid = budgets.take()
        with budgets.open(5) as second:
            budgets.give_back(paid)
    assert (first.used, second.used) == (0, 0)


def test_threads_cannot_pass_a_budget_together() -> None:
    budgets, barrier = Budgets(), threading.Barrier(8, timeout=60)

    def spend(_: int) -> int:
        barrier.wait()
        granted = 0
        for _ in range(500):
            try:
                budgets.take()
            except crisp.QuotaExceeded:
                continue
            granted += 1
        return granted

    with budgets.open(1_000) as budget, ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(spend, range(8))) == 1_000
    assert budget.used == 1_000


def test_what_surely_costs_more_is_not_begun(sandbox: Sandbox, ws: crisp.Workspace) -> None:
    conversations = ws.conversations()
    before = sent(sandbox)
    with ws.budget(30) as budget, pytest.raises(crisp.QuotaExceeded, match="budget") as caught:
        ws.messages(conversations)
    assert caught.value.needed == len(conversations)
    assert len(caught.value.partial) == 0
    assert (sent(sandbox), budget.used) == (before, 0)


@pytest.mark.parametrize("requests", [-1, True, 2.5, "10", None])
def test_a_budget_is_a_whole_number(ws: crisp.Workspace, requests: object) -> None:
    with pytest.raises(crisp.BadParameter, match="whole number"), ws.budget(requests):
        pass


class Endless(Sandbox):
    """A sandbox with new people on every page."""

    def respond(self, request: Any) -> Any:
        made = super().respond(request)
        if "/people/profiles/" not in request.target:
            return made
        people = [{"people_id": str(uuid.uuid4()), "email": uuid.uuid4().hex} for _ in range(20)]
        body = json.dumps({"error": False, "reason": "listed", "data": people}).encode()
        return dataclasses.replace(made, status=200, body=body)


@pytest.mark.parametrize("limited", ["quota", "budget"])
def test_a_list_that_never_ends_is_ended_by_what_may_be_spent(limited: str) -> None:
    """No number of pages tells it from a long one."""
    with Endless(seed=1, conversations=12) as sandbox:
        ws = crisp.connect(sandbox=sandbox, quota=24 if limited == "quota" else 10_000)
        before = sandbox.stats()["requests"]
        with (
            pytest.raises(crisp.QuotaExceeded) as caught,
            ws.budget(15) if limited == "budget" else nullcontext(),
        ):
            ws.people()
        spent = sandbox.stats()["requests"] - before
        assert spent == (15 if limited == "budget" else ws.quota.used - before)
        assert len(caught.value.partial) == 20 * spent
        assert ws.quota.left_for_reads == 0 or limited == "budget"
