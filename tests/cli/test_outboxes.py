"""The outbox on the command line: another notebook's messages, seen, sent or dropped."""

import threading

import pytest
from click.testing import CliRunner

import crisp_data as crisp
from crisp_data.cli import main
from tests.outbox.conftest import SEND, asked


@pytest.fixture
def run():
    return lambda *arguments, **options: CliRunner().invoke(main, arguments, **options)


@pytest.fixture
def left(sandbox, monkeypatch):
    """A workspace as the command opens it, with four messages queued."""
    for name in ("identifier", "key", "tier", "website_id"):
        monkeypatch.setenv(f"CRISP_{name.upper()}", getattr(sandbox, name))
    monkeypatch.setenv("CRISP_BASE_URL", sandbox.url)
    ws, stop = crisp.connect(writes=True, quota=10**6), threading.Event()
    stop.set()
    frame = ws.conversations(state="unresolved", limit=4)
    options = {"batch": "move", "quiet_days": None, "stop": stop}
    ws.send_many(frame, template="A word of mine", confirm=True, **options)
    return ws


def test_list_needs_no_connection_and_shows_no_text(run, left, sandbox, monkeypatch):
    monkeypatch.delenv("CRISP_KEY")
    spent = sandbox.stats()["requests"]
    done = run("outbox", "list")
    assert done.exit_code == 0, done.output
    names, row = (line.split() for line in done.output.splitlines())
    assert dict(zip(names, row, strict=True)) == {
        "service": sandbox.url,
        "website_id": sandbox.website_id,
        "batch": "move",
        "state": "queued",
        "messages": "4",
    }
    assert sandbox.stats()["requests"] == spent


def test_list_of_nothing_makes_no_file(run, tmp_path):
    assert "no messages" in run("outbox", "list").output
    assert not list(tmp_path.glob("state/outbox*"))


def test_resume_asks_and_names_the_website_and_the_number(run, left, sandbox):
    refused = run("outbox", "resume", input="n\n")
    assert refused.exit_code == 1
    assert "Send 4 messages to customers of Acme?" in refused.output
    assert asked(sandbox, SEND) == 0
    done = run("outbox", "resume", input="y\n")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == "4 sent"
    assert asked(sandbox, SEND) == 4
    assert "No messages are left" in run("outbox", "resume").output


def test_resume_takes_one_batch_without_asking(run, left, sandbox):
    assert "No messages are left" in run("outbox", "resume", "--batch", "another", "--yes").output
    assert "4 sent" in run("outbox", "resume", "--batch", "move", "--yes").output
    assert asked(sandbox, SEND) == 4


def test_resume_says_what_stays_unknown(run, left, sandbox):
    sandbox.faults(operation=SEND, status=401, reason="invalid_session")
    done = run("outbox", "resume", "--yes")
    assert done.exit_code == 1
    assert "401 invalid_session" in done.output
    assert asked(sandbox, SEND) == 1
    assert left.outbox.counts["queued"] == 3


def test_cancel(run, left, sandbox):
    assert run("outbox", "cancel", input="n\n").exit_code == 1
    assert left.outbox.counts["queued"] == 4
    done = run("outbox", "cancel", "--batch", "move", "--yes")
    assert "4 messages dropped" in done.output
    assert sum(left.outbox.counts.values()) == 0
    assert "0 messages dropped" in run("outbox", "cancel").output
    assert asked(sandbox, SEND) == 0
