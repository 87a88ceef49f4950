"""A clock that jumps by days between two requests, for all of Python and its libraries at once."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime

import pandas as pd
import pytest
import time_machine

import crisp_data as crisp
from crisp_data.sandbox import Sandbox
from tests.archive.conftest import assert_equals_truth
from tests.marks import slow
from tests.reliability.children import connect, counted

pytestmark = [pytest.mark.reliability("clocks"), pytest.mark.timeout(600)]
DAY, MESSAGES = 86_400.0, 6
#: Far from midnight, where a request may be counted for the day before and for the day after.
NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)


@contextmanager
def jumping(ws, chance, every=3):
    """Let the clock jump, by up to three days, before and after one request in so many."""
    with time_machine.travel(NOON, tick=True) as clock:
        send = ws.client._transport.send

        def sent(*arguments, **options):
            for work in (lambda: None, lambda: send(*arguments, **options)):
                answer = work()
                if not chance.randrange(every):
                    clock.shift(chance.choice([1, 60, DAY, 3 * DAY]) * chance.choice([-1, 1]))
            return answer

        ws.client._transport.send = sent
        yield clock
        ws.client._transport.send = send


def send(ws, ids):
    frame = pd.DataFrame({"session_id": ids, "number": range(len(ids))})
    frame = frame.assign(state="unresolved", is_blocked=False)
    options = {"template": "Message {{ number }}", "batch": "one", "quiet_days": None}
    return ws.send_many(frame, **options, confirm=True)


@pytest.mark.parametrize("block", [range(1), *slow(range(1, 4))], ids=len)
def test_rows_counts_and_messages_are_exact_whatever_the_clock_does(block, tmp_path, reliability):
    for seed in block:
        folder, chance = tmp_path / str(seed), random.Random(seed)
        with Sandbox(seed=seed, conversations=30) as sandbox:
            ws = connect(sandbox.card(), folder, workers=1)
            with jumping(ws, chance):
                rows = sandbox.truth("conversations")
                ids = [row["session_id"] for row in rows]
                assert list(ws.conversations()["session_id"]) == ids
                assert len(ws.messages(ids)) == len(sandbox.truth("messages"))
                archive = ws.archive(folder / "shelf")
                archive.sync()
                assert_equals_truth(archive, sandbox)
                send(ws, ids[:MESSAGES])
                ws.outbox.resume()
                archive.sync()
                assert_equals_truth(archive, sandbox)
                assert (ws.outbox.counts["sent"], ws.outbox.left()) == (MESSAGES, 0)
                texts = Counter(str(row["content"]) for row in sandbox.truth("messages"))
                assert [texts[f"Message {number}"] for number in range(MESSAGES)] == [1] * MESSAGES
            assert counted(folder) == sandbox.stats()["requests"]
    reliability.count(len(block), "workspaces read and written by a clock that jumps")


@pytest.mark.parametrize("block", [range(1), *slow(range(1, 8))], ids=len)
def test_no_day_is_spent_twice_and_nothing_from_the_future_is_fresh(block, tmp_path, reliability):
    for seed in block:
        chance = random.Random(f"future {seed}")
        with (
            Sandbox(seed=seed, conversations=5) as sandbox,
            time_machine.travel(NOON, tick=True) as clock,
        ):
            ws = connect(sandbox.card(), tmp_path / str(seed), quota=20)
            clock.shift(chance.uniform(DAY, 30 * DAY))
            ws.operators()
            clock.move_to(NOON)
            spent = sandbox.stats()["requests"]
            assert ws.quota.used == spent  # what was counted for a day to come is today's
            for _ in range(2):
                ws.operators()
                assert sandbox.stats()["requests"] == spent + 1
            while ws.quota.left:
                clock.move_to(NOON.replace(hour=chance.randrange(3, 21)))
                ws.operators(refresh=True)
            with pytest.raises(crisp.QuotaExceeded):
                ws.operators(refresh=True)
            assert sandbox.stats()["requests"] == 20
    reliability.count(len(block), "ledgers and caches from the future")
