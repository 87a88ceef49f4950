"""Ctrl-C at any moment: the program ends, and the next run ends where an undisturbed one ends."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter

import pandas as pd
import pytest

from crisp_data.sandbox import Sandbox
from tests.archive.conftest import assert_equals_truth
from tests.marks import slow
from tests.reliability.children import connect, counted, processes

pytestmark = [
    pytest.mark.reliability("interrupts"),
    pytest.mark.needs("interrupts"),
    pytest.mark.timeout(600),
]
INTERRUPTED, CONVERSATIONS, MESSAGES = 130, 40, 24


def pull(ws, folder):
    return ws.messages(ws.conversations())


def sync(ws, folder):
    archive = ws.archive(f"{folder}/shelf")
    archive.sync()
    return archive


def send(ws, folder):
    ids = ws.conversations()["session_id"][:MESSAGES]
    frame = pd.DataFrame({"session_id": ids, "number": range(len(ids))})
    frame = frame.assign(state="unresolved", is_blocked=False)
    options = {"template": "Message {{ number }}", "batch": "one", "quiet_days": None}
    return ws.send_many(frame, **options, confirm=True)


def work_as_a_child(work, card, folder):
    """Do the work until it is done or interrupted; a shell's background ignores interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        work(connect(card, folder), folder)
    except KeyboardInterrupt:
        os._exit(INTERRUPTED)
    os._exit(0)


class Watched(Sandbox):
    """A sandbox that tells when so many requests have come."""

    awaited, reached = 0, threading.Event()

    def expect(self, requests):
        self.awaited, self.reached = requests, threading.Event()

    def respond(self, request):
        reply = super().respond(request)
        self.awaited -= 1
        if self.awaited == 0:
            self.reached.set()
        return reply


def interrupt_one(work, sandbox, folder, chance, whole):
    """Interrupt the work a moment after one of its requests; say whether that ended it."""
    sandbox.expect(chance.randint(1, round(0.8 * whole)))
    child = processes.Process(target=work_as_a_child, args=(work, sandbox.card(), folder))
    child.start()
    while child.is_alive() and not sandbox.reached.wait(0.02):
        pass
    child.join(chance.uniform(0, 0.004))  # and not only while it waits for the answer
    if child.is_alive():
        os.kill(child.pid, signal.SIGINT)
    child.join(60)
    try:
        assert child.exitcode in (0, INTERRUPTED), "it neither ended nor was interrupted"
    finally:
        child.kill()
    return child.exitcode == INTERRUPTED


@pytest.mark.parametrize("times", [1, *slow(6)])
@pytest.mark.parametrize("work", [pull, sync, send])
def test_an_interrupt_at_any_moment(work, times, tmp_path, reliability):
    chance, hit, runs = random.Random(f"{work.__name__} {times}"), 0, 0
    while hit < times:
        assert runs < 4 * times, "too many ended before they could be interrupted"
        folder, runs = str(tmp_path / str(runs)), runs + 1
        with Watched(seed=2, conversations=CONVERSATIONS) as sandbox:
            whole = MESSAGES if work is send else CONVERSATIONS  # requests, and some more
            if not interrupt_one(work, sandbox, folder, chance, whole):
                continue
            hit += 1
            # What was counted and not sent: one request of each of the threads at work.
            sent = sandbox.stats()["requests"]
            assert sent <= counted(folder) <= sent + 8
            ws = connect(sandbox.card(), folder)
            done = work(ws, folder)
            if work is pull:
                assert len(done) == len(sandbox.truth("messages"))
            elif work is sync:
                assert_equals_truth(done, sandbox)
            else:
                assert (ws.outbox.counts["sent"], ws.outbox.left()) == (MESSAGES, 0)
                texts = Counter(str(row["content"]) for row in sandbox.truth("messages"))
                assert [texts[f"Message {number}"] for number in range(MESSAGES)] == [1] * MESSAGES
            assert sandbox.stats()["requests"] <= counted(folder)
    reliability.count(times, f"interrupts of a {work.__name__}")
