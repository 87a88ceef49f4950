"""A sync that is killed again and again ends where an undisturbed one ends."""

from __future__ import annotations

import math
import os
import random
import signal
import time

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data.sandbox import Sandbox
from tests.reliability.children import processes

from .conftest import assert_equals_truth

pytestmark = pytest.mark.reliability("kills")

# Off POSIX multiprocessing has one word for all that end a process.
KILLED = -signal.SIGKILL if os.name == "posix" else -signal.SIGTERM


def sync(card, folder, shelf, begun=None, since=None):
    """What a child does: connect as its own process would, and sync."""
    for name in ("CACHE_DIR", "STATE_DIR"):
        os.environ[f"CRISP_{name}"] = folder
    token = {name: card[name] for name in ("identifier", "key", "tier")}
    ws = crisp.connect(card["website_id"], base_url=card["url"], **token, quota=10**6)
    if begun is not None:
        begun.set()
    ws.archive(shelf).sync(since)


def kill_one(sandbox, folder, shelf, requests, seconds):
    """Start a sync, and kill it so many seconds after a request, unless it is done before."""
    begun = processes.Event()
    last = sandbox.stats()["requests"] + requests
    arguments = (sandbox.card(), folder, shelf, begun)
    child = processes.Process(target=sync, args=arguments, daemon=True)
    child.start()
    assert begun.wait(60)
    while child.is_alive() and sandbox.stats()["requests"] < last:
        time.sleep(0.001)
    child.join(seconds)
    was_killed = child.is_alive()
    if was_killed:
        child.kill()
    child.join(60)
    assert child.exitcode in (0, KILLED)
    return was_killed


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("conversations", "times", "least"),
    [(120, 1, 70), pytest.param(500, 8, 30, marks=pytest.mark.slow)],
)
def test_kills_lose_nothing_and_repeat_little(conversations, times, least, tmp_path, reliability):
    chance, pages = random.Random(7), conversations // 49 + 1
    with Sandbox(seed=2, conversations=conversations) as sandbox:
        folder = str(tmp_path / "state")
        start = time.monotonic()
        sync(sandbox.card(), folder, str(tmp_path / "undisturbed"))
        whole, undisturbed = time.monotonic() - start, sandbox.stats()["requests"]

        shelf, kills, runs = str(tmp_path / "shelf"), 0, 0
        while kills < times and runs < 4 * times:
            # On the average as far as a page of the listing goes with its threads: some get
            # through one or two, some through none. Counted, for a busy machine is slow; and a
            # little later, for writing and committing make no request.
            requests = chance.randrange(least, 2 * undisturbed // pages)
            seconds = chance.uniform(0, whole / pages / 4)
            kills += kill_one(sandbox, folder, shelf, requests, seconds)
            runs += 1
        assert kills == times
        reliability.count(kills, "syncs killed")
        with pytest.warns(crisp.CrispWarning, match="may lack conversations"):
            unfinished = len(crisp.Archive(shelf).conversations())
        assert unfinished < conversations, "killed too late to prove anything"
        assert unfinished > conversations / 20, "killed too early to prove anything"
        sync(sandbox.card(), folder, shelf)
        spent = sandbox.stats()["requests"] - undisturbed

        assert_equals_truth(crisp.Archive(shelf), sandbox)
        threads = pd.DataFrame(sandbox.truth("messages")).groupby("session_id").size()
        batch = 1 + 50 * math.ceil(threads.mean() / 40)
        assert spent <= 1.1 * undisturbed + kills * batch
        again = sandbox.stats()["requests"]
        assert crisp.Archive(shelf).info()["gaps"].sum() == 0
        sync(sandbox.card(), folder, shelf)
        assert sandbox.stats()["requests"] - again <= 1 + 1  # the website's name, and one page


@pytest.mark.reliability("interrupts")
def test_an_interrupt_lets_go_and_the_next_goes_on(tmp_path):
    """Ctrl-C between two batches: nothing is held, and nothing is read twice."""
    with Sandbox(seed=4, conversations=200) as sandbox:
        ws = crisp.connect(sandbox=sandbox, progress=False)
        archive = ws.archive(tmp_path / "shelf")
        asked = 0
        send = ws.client._transport.send

        def interrupted(*arguments, **options):
            nonlocal asked
            asked += 1
            if asked == 75:
                raise KeyboardInterrupt
            return send(*arguments, **options)

        ws.client._transport.send = interrupted
        with pytest.raises(KeyboardInterrupt):
            archive.sync()
        ws.client._transport.send = send
        before = sandbox.stats()["requests"]
        archive.sync()
        assert_equals_truth(archive, sandbox)
        threads = pd.DataFrame(sandbox.truth("messages")).groupby("session_id").size()
        least = 200 // 50 + 1 + int((-(-threads // 39)).sum())
        assert sandbox.stats()["requests"] - before < least - 50 + 6


def test_an_archive_has_one_writer_and_any_number_of_readers(tmp_path):
    with Sandbox(seed=4, conversations=120) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        archive.sync(since="2026-10-25")
        held = len(archive.conversations())
        sandbox.faults(operation="get_messages_in_conversation", latency_ms=2000)
        begun = processes.Event()
        folders = str(tmp_path / "state"), str(tmp_path / "shelf")
        arguments = (sandbox.card(), *folders, begun, "2000-01-01")
        child = processes.Process(target=sync, args=arguments, daemon=True)
        asked = threads_asked(sandbox)
        child.start()
        assert begun.wait(60)
        _until(lambda: threads_asked(sandbox) > asked)
        with pytest.raises(crisp.ArchiveBusy, match=f"process {child.pid} on ") as caught:
            archive.sync()
        assert caught.value.writer.pid == child.pid
        period = {"since": "2026-10-25"}  # (whether the other asks for more is not written yet)
        assert len(crisp.Archive(tmp_path / "shelf").conversations(**period)) == held
        child.kill()
        child.join(60)
        sandbox.faults()
        archive.sync(since="2000-01-01")  # who was killed holds nothing
        assert_equals_truth(archive, sandbox)


def threads_asked(sandbox):
    return sandbox.stats()["by_operation"].get("get_messages_in_conversation", 0)


def _until(done, seconds=60):
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)
