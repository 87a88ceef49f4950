"""The day's limit held by many processes at once, some of them killed; the sandbox counts."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest

from crisp_data.sandbox import Sandbox
from tests.reliability.record import Recorder

pytestmark = pytest.mark.reliability("kills")

THREADS = 8

# Each line of input is one run: connect, and spend with eight threads until the day is spent.
WORKER = f"""
import json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import crisp_data as crisp

print("ready", flush=True)
for line in sys.stdin:
    given = json.loads(line)
    moment, website = given.pop("now"), given.pop("website_id")
    limit = given["quota"]
    given["state_dir"], given["cache_dir"] = Path(given["state_dir"]), Path(given["cache_dir"])

    def spend(_):
        try:
            while True:
                ws.client.call("count_visitors", website_id=website, refresh=True)
        except crisp.QuotaExceeded as error:
            assert (error.left, error.limit) == (0, limit), error

    try:
        ws = crisp.connect(
            website, reserve_for_writes=0, cache=False, now=lambda: moment, **given
        )
    except crisp.QuotaExceeded:
        pass
    else:
        with ThreadPoolExecutor({THREADS}) as pool:
            list(pool.map(spend, range({THREADS})))
    print("spent", flush=True)
"""


class Worker:
    """One process; its words are read by a thread, so that a kill cannot block the test."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.words: Queue[str] = Queue()
        self.listener = Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        with self.process.stdout as words:
            for line in words:
                self.words.put(line.strip())

    def begin(self, given: dict[str, object]) -> None:
        self.process.stdin.write(json.dumps(given) + "\n")
        self.process.stdin.flush()

    def hear(self, word: str) -> None:
        assert self.words.get(timeout=120) == word

    def kill(self) -> None:
        self.process.kill()  # SIGKILL: nothing can be written down any more
        self.process.wait(60)
        self.process.stdin.close()
        self.listener.join(60)


@contextmanager
def workers(processes: int) -> Iterator[list[Worker]]:
    team = [Worker() for _ in range(processes)]
    try:
        for worker in team:
            worker.hear("ready")
        yield team
    finally:
        for worker in team:
            worker.kill()


@pytest.mark.parametrize(
    ("runs", "limit", "processes"),
    [(1, 200, 2), pytest.param(4, 1_000, 4, marks=pytest.mark.slow)],
)
def test_a_limit_holds_while_processes_are_killed(
    runs: int, limit: int, processes: int, tmp_path: Path, reliability: Recorder
) -> None:
    """Processes of eight threads, a day or four; each day one is killed and another begins.

    A request that was counted and not sent is lost: one for each thread of the killed process.
    """
    chance = random.Random(7)
    with workers(processes) as team:
        for run in range(runs):
            with Sandbox(seed=run, conversations=5, quota=limit) as sandbox:
                card = sandbox.card()
                given = {
                    "quota": limit,
                    "identifier": card["identifier"],
                    "key": card["key"],
                    "tier": card["tier"],
                    "base_url": card["url"],
                    "website_id": card["website_id"],
                    "state_dir": str(tmp_path / str(run)),
                    "cache_dir": str(tmp_path / "cache"),
                    "now": sandbox.now.timestamp(),
                }
                for worker in team:
                    worker.begin(given)
                moment, victim = chance.randrange(20, limit - 50), chance.randrange(processes)
                while sandbox.stats()["requests"] < moment:
                    assert all(worker.process.poll() is None for worker in team)
                    time.sleep(0.005)
                team[victim].kill()
                team[victim] = Worker()
                team[victim].begin(given)  # it comes when it has started
                for worker in team:
                    if worker is team[victim]:
                        worker.hear("ready")
                    worker.hear("spent")
                stats = sandbox.stats()
                assert limit - 10 <= stats["requests"] <= limit, run
                assert "429" not in stats["by_status"], run
    reliability.count(runs, "readers killed")
