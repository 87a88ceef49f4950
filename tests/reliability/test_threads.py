"""Threads end with the work that they were made for."""

from __future__ import annotations

import threading
import time

import psutil
import pytest

from crisp_data.sandbox import Sandbox
from tests.marks import slow
from tests.reliability.children import connect

pytestmark = [pytest.mark.reliability("descriptors"), pytest.mark.timeout(600)]


def everything(card, folder, number):
    """Pull, sync and send in eight threads, and close."""
    ws = connect(card, folder, workers=8)
    conversations = ws.conversations(refresh=True)
    ws.messages(conversations, refresh=True)
    ws.archive(folder / "shelf").sync()
    ws.send(conversations["session_id"][number % len(conversations)], f"Hello {number}")
    ws.close()


def ours():
    return [one.name for one in threading.enumerate() if one.name.startswith("crisp-data")]


@pytest.mark.parametrize("times", [1, *slow(6)])
def test_no_thread_is_left_by_a_workspace_that_was_closed(tmp_path, times, reliability):
    with Sandbox(seed=1, conversations=8) as sandbox:
        everything(sandbox.card(), tmp_path, 0)  # which makes the libraries' own pools
        before = psutil.Process().num_threads()
        for number in range(1, 1 + times):
            everything(sandbox.card(), tmp_path, number)
            assert ours() == []
        # The sandbox's threads end when they hear of it.
        end = time.monotonic() + 60
        while psutil.Process().num_threads() > before:
            assert time.monotonic() < end, "more threads than before"
            time.sleep(0.01)
    reliability.count(times, "workspaces opened, used by eight threads and closed")
