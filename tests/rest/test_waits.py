"""Waits: none outlives the pull or the program that it belongs to."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager

import pytest

from crisp_data.local.cancellation import ended_by
from crisp_data.rest import waits as waiting
from crisp_data.sandbox import Sandbox
from tests.marks import slow


def test_a_worker_wakes_when_its_pull_ends() -> None:
    ended, awake = threading.Event(), []

    def work() -> None:
        with ended_by(ended):
            try:
                waiting.sleep(3600)
            except CancelledError:
                awake.append(True)

    worker = threading.Thread(target=work)
    worker.start()
    ended.set()
    worker.join(10)
    assert awake == [True]


def test_a_sleep_is_as_long_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    class Event:
        def wait(self, seconds: float) -> None:
            clock[0] += seconds

        def is_set(self) -> bool:
            return False

    monkeypatch.setattr(waiting.time, "monotonic", lambda: clock[0])
    with ended_by(Event()):
        waiting.sleep(61.5)
    assert clock[0] == 61.5


CHILD = """
import os
import crisp_data as crisp
from crisp_data.rest import message_threads, waits as waiting

def sleep(seconds):
    os.write(1, b"waiting\\n")  # in one piece, whichever thread it is
    waiting.sleep(3600)

ws = crisp.connect({website!r}, identifier={identifier!r}, key={key!r}, base_url={url!r},
                   sleep=sleep, workers=4, progress=False, {options})
ids = list(ws.conversations()["session_id"])
{then}
"""


@contextmanager
def child(sandbox: Sandbox, then: str, options: str) -> Iterator[subprocess.Popen[str]]:
    code = CHILD.format(
        website=sandbox.website_id,
        identifier=sandbox.identifier,
        key=sandbox.key,
        url=sandbox.url,
        then=then,
        options=options,
    )
    command = [sys.executable, "-c", code]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **streams) as process:
        try:
            yield process
        finally:
            process.kill()  # where the test failed, it would wait for an hour


# (The day is spent for all of them; or a service that is down lets each wait for its next try.)
WAITS = {"reset": "quota=20, on_quota='wait'", "retry": "quota=5_000"}


def hinder(sandbox: Sandbox, why: str) -> None:
    if why == "retry":
        sandbox.faults(operation="get_messages_in_conversation", status=503)


@pytest.mark.reliability("interrupts")
@pytest.mark.needs("interrupts")
@pytest.mark.parametrize("why", ["reset", *slow("retry")])
def test_ctrl_c_ends_a_pull_whose_workers_wait(sandbox: Sandbox, why: str) -> None:
    hinder(sandbox, why)
    with child(sandbox, "ws.messages(ids)", WAITS[why]) as process:
        for _ in range(4):  # all four workers sleep for an hour
            assert process.stdout.readline() == "waiting\n"
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=200)
        assert process.returncode != 0
        assert complaint.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("why", ["retry", *slow("reset")])
def test_no_wait_keeps_a_program_from_ending(sandbox: Sandbox, why: str) -> None:
    """A reader that nobody closes, a thread of the caller's own, and one of the caller's pool."""
    then = (
        "reader = message_threads.read(ws.client, ws.website_id, ids)\n"
        "import threading\n"
        "threading.Thread(target=lambda: next(reader)).start()\n"
        "threading.Thread(target=lambda: ws.messages(ids[:1], refresh=True)).start()\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "pool = ThreadPoolExecutor(1)\n"
        "pool.submit(ws.messages, ids[1:2], refresh=True)\n"
        "for _ in range(1_000_000):\n"
        "    if sum(t.name.startswith('crisp-data') for t in threading.enumerate()) >= 6: break\n"
        "print('leaving', flush=True)\n"
    )
    hinder(sandbox, why)
    with child(sandbox, then, WAITS[why]) as process:
        # Read all the while: a pipe on Windows is full after 4 KB, which two tracebacks exceed.
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert "leaving" in printed


def test_what_a_block_may_wait_for_is_bounded_in_all():
    assert waiting.allowed(1e6)
    with waiting.at_most(2.0):
        assert waiting.allowed(1.5)
        assert not waiting.allowed(1.0)
        assert waiting.allowed(0.5)
    assert waiting.allowed(1e6)
