"""Senders that are killed at random moments: the truth holds each message exactly once."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data.rest.retry import RetryPolicy
from crisp_data.sandbox import Sandbox
from tests.reliability.children import processes

pytestmark = [pytest.mark.reliability("kills"), pytest.mark.needs("kills")]

MESSAGES = 50

SLOW = pytest.mark.slow

# Off POSIX multiprocessing has one word for all that end a process.
KILLED = -signal.SIGKILL if os.name == "posix" else -signal.SIGTERM

# Patience that outlasts a share of lost answers, in milliseconds. Nothing settles by itself
# here: the tests wait until the sandbox has nothing in its hands.
PATIENCE = RetryPolicy(tries=20, first=0.0002, longest=0.002, confirm_after=0.0)


def connect(card, folder):
    return crisp.connect(
        card["website_id"],
        **{name: card[name] for name in ("identifier", "key", "tier")},
        base_url=card["url"],
        state_dir=Path(folder),
        cache_dir=Path(folder),
        retry=PATIENCE,
        quota=10**6,
        writes=True,
        progress=False,
    )


def send(ws, run, ids):
    """The same call, whoever makes it again."""
    frame = pd.DataFrame({"session_id": ids, "number": range(len(ids))})
    frame = frame.assign(state="unresolved", is_blocked=False)
    template = f"run {run}, message {{{{ number }}}}"
    batch = f"run {run}"
    return ws.send_many(frame, template=template, batch=batch, confirm=True, quiet_days=None)


def send_as_a_child(card, folder, run, ids, begun):
    ws = connect(card, folder)
    begun.send("begun")
    send(ws, run, ids)


def resume_as_a_child(card, folder, rounds, barrier, shares):
    """Resume once a round, at the same moment as the other; tell how many it took."""
    ws, took = connect(card, folder), 0
    confirm = ws.outbox._delivery.confirm

    def counted(held):
        nonlocal took
        took += 1
        confirm(held)

    ws.outbox._delivery.confirm = counted
    barrier.wait(60)
    for _ in range(rounds):
        barrier.wait(60)
        for _ in range(3):  # the second begins in the middle of what the other sends
            ws.outbox.resume()
        shares.put(took)
        took = 0
        barrier.wait(60)


class Watched(Sandbox):
    """A sandbox that tells when so many requests more have come."""

    def __init__(self, **options):
        super().__init__(**options)
        self.awaited, self.reached = 0, threading.Event()

    def expect(self, requests):
        self.awaited = requests
        self.reached.clear()

    def respond(self, request):
        reply = super().respond(request)
        self.awaited -= 1
        if self.awaited == 0:
            self.reached.set()
        return reply

    def known(self):
        """Return the connections that are open now."""
        return set(self._server.connections)

    def rest(self, known):
        """Wait until nothing is in its hands that a killed client may have sent."""
        # Connections are taken in their order: after this answer there is none before it.
        with urllib.request.urlopen(f"{self.host}/_sandbox/stats", timeout=60) as answer:
            answer.read()
        until(lambda: not self.known() - known)


def until(done, seconds=60):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.0005)


@contextmanager
def sandbox_that_loses_answers(seed=3):
    with Watched(seed=seed, conversations=90) as sandbox:
        sandbox.faults(share=0.1, drop="before")
        sandbox.faults(share=0.1 / 0.9, drop="after")  # of what the first rule lets through
        yield sandbox


def kill(child):
    alive = child.is_alive()
    if alive:
        child.kill()
    child.join(60)
    assert child.exitcode in (0, KILLED)
    return child.exitcode != 0


def kill_a_sender(sandbox, folder, run, ids, chance, whole):
    """Kill a sending at a random moment, from before its first request to after its last."""
    known, (hear, begun) = sandbox.known(), processes.Pipe(duplex=False)
    arguments = (sandbox.card(), folder, run, ids, begun)
    child = processes.Process(target=send_as_a_child, args=arguments, daemon=True)
    requests = round(1.25 * len(ids))
    sandbox.expect(chance.randint(0, requests))
    child.start()
    begun.close()  # here: else the end of a child that failed would not be heard
    assert hear.poll(120)
    assert hear.recv() == "begun"
    while child.is_alive() and sandbox.awaited > 0:
        sandbox.reached.wait(0.02)
    time.sleep(chance.uniform(0, 2 * whole / requests))  # and not only between two requests
    killed = kill(child)
    sandbox.rest(known)
    return killed


def texts(sandbox, start="run "):
    found = (row["content"] for row in sandbox.truth("messages"))
    return Counter(text for text in found if isinstance(text, str) and text.startswith(start))


def lane(folder, seed, runs, out):
    """Kill so many sendings, and resume each; tell how many were met in the middle."""
    chance, met = random.Random(seed), Counter()
    with sandbox_that_loses_answers(seed) as sandbox:
        ids = sorted(row["session_id"] for row in sandbox.truth("conversations"))[:MESSAGES]
        ws = connect(sandbox.card(), folder)
        begun = time.monotonic()
        send(ws, "undisturbed", ids)
        whole = time.monotonic() - begun
        for run in range(runs):
            met["killed"] += kill_a_sender(sandbox, folder, run, ids, chance, whole)
            states = Counter(row.state for row in ws.outbox._journal.rows(f"run {run}"))
            met["amid"] += 0 < states["sent"] < MESSAGES
            if run % 2:
                ws.outbox.resume()
            # The same call goes on where that was not, or was killed before the journal.
            met["sent"] += int(send(ws, run, ids)["state"].eq("sent").sum())
        found = texts(sandbox)
    expected = {f"run {run}, message {n}" for run in range(runs) for n in range(MESSAGES)}
    expected |= {f"run undisturbed, message {n}" for n in range(MESSAGES)}
    met["lacking"] = len(expected - set(found))
    met["twice"] = sum(count > 1 for count in found.values())
    met["strange"] = len(set(found) - expected)
    out.put(met)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("runs", "least"), [(4, 1), pytest.param(20, 11, marks=SLOW)])
def test_killed_sendings_hold_each_message_once(runs, least, tmp_path, reliability):
    """In two lanes, for there are two cores: each has a sandbox and an outbox of its own."""
    out, lanes, met = processes.Queue(), 2, Counter()
    children = [
        processes.Process(target=lane, args=(str(tmp_path / str(seed)), seed, runs // lanes, out))
        for seed in range(lanes)
    ]
    for child in children:
        child.start()
    try:
        for _ in children:
            until(lambda: not out.empty() or any(one.exitcode for one in children), 540)
            assert not any(one.exitcode for one in children), "a lane failed; its words are above"
            met += out.get(timeout=60)
        for child in children:
            child.join(60)
    finally:
        for child in children:  # which have children of their own, and so are no daemons
            child.kill()
    assert (met["lacking"], met["twice"], met["strange"]) == (0, 0, 0)
    assert met["sent"] == runs * MESSAGES
    reliability.count(runs, "sendings killed")
    assert met["killed"] >= met["amid"] >= least, "killed too early or too late to prove anything"


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("rounds", "least"), [(3, 0), pytest.param(10, 3, marks=SLOW)])
def test_two_that_resume_at_once_send_nothing_twice(rounds, least, tmp_path, reliability):
    chance, folder, shared = random.Random(5), str(tmp_path), 0
    with sandbox_that_loses_answers() as sandbox:
        card = sandbox.card()
        ids = sorted(row["session_id"] for row in sandbox.truth("conversations"))[:12]
        ws = connect(card, folder)
        begun = time.monotonic()
        send(ws, "undisturbed", ids)
        whole = time.monotonic() - begun
        barrier, shares = processes.Barrier(3), processes.Queue()
        arguments = (card, folder, rounds, barrier, shares)
        pair = [
            processes.Process(target=resume_as_a_child, args=arguments, daemon=True)
            for _ in range(2)
        ]
        for one in pair:
            one.start()
        barrier.wait(60)
        for run in range(rounds):
            kill_a_sender(sandbox, folder, run, ids, chance, whole)
            barrier.wait(60)
            took = shares.get(timeout=60), shares.get(timeout=60)
            barrier.wait(60)
            shared += min(took) > 0
            states = {row.state for row in ws.outbox._journal.rows(f"run {run}")}
            assert states <= {"sent"}
            send(ws, run, ids)  # for whom the kill came before the journal
        for one in pair:
            one.join(60)
            assert one.exitcode == 0
        found = texts(sandbox)
    assert len(found) == (rounds + 1) * len(ids)
    reliability.count(rounds, "outboxes resumed by two at once")
    assert set(found.values()) == {1}
    assert shared >= least, "they hardly met"
