"""A sender that is killed at any commit of outbox and ledger: each message is sent once.

Commits are counted, not timed. The archive's, and those of ``forget``, are in
``tests/archive/test_steps.py``.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from crisp_data.local import database_opening
from crisp_data.sandbox import Sandbox
from tests.reliability.children import connect, counted, processes

pytestmark = [pytest.mark.reliability("kills"), pytest.mark.timeout(600)]
MESSAGES, KILLED = 2, 9


def send(ws):
    """The same call, whoever makes it again."""
    ids = ws.conversations()["session_id"][:MESSAGES]
    frame = pd.DataFrame({"session_id": ids, "number": range(MESSAGES)})
    frame = frame.assign(state="unresolved", is_blocked=False)
    options = {"template": "Message {{ number }}", "batch": "one", "quiet_days": None}
    return ws.send_many(frame, **options, confirm=True)


class Connection(database_opening.Connection):
    """Ends the process before or after the commit of a given number."""

    last, after, commits = -1, False, 0

    def execute(self, statement, *arguments):
        if statement != "COMMIT":
            return super().execute(statement, *arguments)
        number, cls = Connection.commits, Connection
        Connection.commits += 1
        if number == cls.last and not cls.after:
            os._exit(KILLED)
        cursor = super().execute(statement, *arguments)
        if number == cls.last:
            os._exit(KILLED)
        return cursor


def send_as_a_child(card, folder, last, after, told):
    Connection.last, Connection.after = last, after
    database_opening.Connection = Connection
    send(connect(card, folder))
    told.send(Connection.commits)


def run(card, folder, last=-1, after=False):
    """Send in a process; give its commits, or None where it was killed."""
    hear, told = processes.Pipe(duplex=False)
    child = processes.Process(target=send_as_a_child, args=(card, folder, last, after, told))
    child.start()
    told.close()
    child.join(120)
    assert child.exitcode in (0, KILLED)
    return hear.recv() if child.exitcode == 0 else None


@pytest.mark.parametrize("every", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_each_message_is_sent_once_whatever_commit_its_sender_was_killed_at(
    every, tmp_path, reliability
):
    with Sandbox(seed=3, conversations=12) as sandbox:
        commits = run(sandbox.card(), tmp_path / "undisturbed")
    assert commits > 4 * MESSAGES  # noted, tried, reserved, confirmed
    kills = 0
    for last in range(0, commits, every):
        for after in (False, True):
            folder = tmp_path / f"{last} {after}"
            with Sandbox(seed=3, conversations=12) as sandbox:
                assert run(sandbox.card(), folder, last, after) is None
                kills += 1
                sent = sandbox.stats()["requests"]
                if Path(folder, "state", "quota.sqlite").exists():
                    assert sent <= counted(folder) <= sent + 1
                ws = connect(sandbox.card(), folder)
                if kills % 2:
                    ws.outbox.resume()
                send(ws)
                assert (ws.outbox.counts["sent"], ws.outbox.left()) == (MESSAGES, 0)
                texts = Counter(str(row["content"]) for row in sandbox.truth("messages"))
                assert [texts[f"Message {number}"] for number in range(MESSAGES)] == [1] * MESSAGES
                assert 0 <= counted(folder) - sandbox.stats()["requests"] <= 1
    reliability.count(kills, "senders killed at a commit")
