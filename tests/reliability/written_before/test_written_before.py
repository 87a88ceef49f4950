"""What an earlier version wrote is opened and continued by this one; ``make.py`` made it."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
import urllib3.util.connection

import crisp_data as crisp
from crisp_data.sandbox import Sandbox
from tests.archive.conftest import Steps, assert_exact, kills, move_in_time

from .make import PORT, WORLD, connect

pytestmark = pytest.mark.reliability("formats")


@pytest.fixture(params=["6f58654"])
def files(request, tmp_path) -> Path:
    """The files of a commit, unpacked."""
    packed = Path(__file__).with_name(f"{request.param}.tar.xz")
    shutil.unpack_archive(packed, tmp_path / "before", filter="data")
    return tmp_path / "before"


@pytest.fixture
def world(monkeypatch):
    """The sandbox that they were of, met at the address that they know."""
    with Sandbox(**WORLD) as sandbox:
        there = sandbox.host.rpartition(":")[2]
        reach = urllib3.util.connection.create_connection

        def redirected(address, *arguments, **options):
            host, port = address
            return reach((host, int(there) if port == PORT else port), *arguments, **options)

        monkeypatch.setattr(urllib3.util.connection, "create_connection", redirected)
        yield sandbox


def assert_equals(archive, ws):
    """Hold an archive against what the workspace itself is told now."""
    conversations = ws.conversations(refresh=True)
    pd.testing.assert_frame_equal(archive.conversations(), conversations)
    pd.testing.assert_frame_equal(archive.messages(), ws.messages(conversations, refresh=True))


def messages_of(sandbox, text):
    return [row for row in sandbox.truth("messages") if row["content"] == text]


def test_an_archive_reads_the_same_and_is_listed_once_more(files, world, tmp_path):
    ws = connect(world, tmp_path)
    archive = ws.archive(files / "archive")
    assert_equals(archive, ws)
    assert (len(archive.people()), len(archive.operators())) == (
        len(world.truth("people")),
        len(world.truth("operators")),
    )
    info = archive.info().set_index("table")
    assert (info.loc["messages", "complete_from"], info.loc["messages", "gaps"]) == (
        pd.Timestamp(0, tz="UTC"),
        0,
    )
    # It was listed without the word for every inbox, so it may lack some: no thread is read.
    done = archive.sync()
    assert (done.requests, done.threads) == (4, 0)
    assert_equals(archive, ws)
    assert archive.sync().requests == 1


def test_an_archive_takes_what_is_new(files, world, tmp_path):
    ws = connect(world, tmp_path)
    archive = ws.archive(files / "archive")
    ws.send(world.truth("conversations")[-1]["session_id"], "And one more thing")
    done = archive.sync()
    assert (done.conversations, done.threads) == (1, 1)
    assert_equals(archive, ws)
    email = archive.conversations()["email"].dropna().iloc[0]
    assert archive.forget(email=email)["conversations"] >= 1
    assert email not in set(archive.conversations()["email"])


def test_an_interrupted_deep_sync_goes_on(files, world, tmp_path):
    ws = connect(world, tmp_path)
    archive = ws.archive(files / "interrupted")
    done = archive.sync(since="1970-01-01", deep=True)
    assert 0 < done.threads < WORLD["conversations"]  # what it had read again is not read once more
    assert_equals(archive, ws)
    assert archive.sync().requests == 1


@pytest.mark.slow
def test_a_sync_that_is_killed_at_any_step_goes_on(
    files, world, tmp_path, monkeypatch, reliability
):
    ws, killed = connect(world, tmp_path), 0
    archive = ws.archive(files / "interrupted")
    for row in world.truth("conversations")[::5]:
        ws.send(row["session_id"], "What came since")
    for _, copy in kills(
        Steps(monkeypatch), 1, archive, lambda copy: copy.sync(since="1970-01-01", deep=True)
    ):
        move_in_time(world)
        copy.sync(since="1970-01-01", deep=True)
        assert_exact(copy, world)
        killed += 1
    reliability.count(killed, "syncs killed while they continue an archive")


def test_a_cache_is_served_or_asked_again(files, world):
    ws = connect(world, files / "reader", lifetimes={"*": -1})
    before = world.stats()["requests"]
    listed = ws.conversations()
    assert list(listed["session_id"]) == [row["session_id"] for row in world.truth("conversations")]
    assert len(ws.operators()) == len(world.truth("operators"))
    assert world.stats()["requests"] - before <= 3  # what has not expired since is served


def test_a_ledger_goes_on_counting(files, world):
    used = json.loads((files / "reader" / "used.json").read_text())
    ws = connect(world, files / "reader", cache=False)
    assert ws.quota.used == used + world.stats()["requests"]
    assert world.stats()["requests"] > 0


def test_a_day_that_was_closed_stays_closed(files, world):
    with pytest.raises(crisp.QuotaExceeded):
        connect(world, files / "writer", cache=False)
    assert world.stats()["requests"] == 0


@pytest.fixture
def writer(files, world):
    """A workspace over the outbox, a day later: the rate limit of then is over."""
    world.clock(advance_s=24 * 3600)
    return connect(world, files / "writer")


def test_an_outbox_shows_what_it_held(writer):
    assert writer.outbox.counts == {
        "queued": 1,
        "sending": 1,
        "sent": 2,
        "failed": 0,
        "unknown": 1,
    }
    assert writer.outbox.left() == 3


def test_what_never_arrived_is_sent_once(writer, world):
    found = writer.outbox.resume()
    assert (found["state"] == "sent").all()
    again = writer.outbox.resume()
    assert len(again) == 0
    for text in ("Its answer was lost", "Its sender was killed"):
        assert len(messages_of(world, text)) == 1
    assert len(messages_of(world, "Sent before")) == 0  # nor is what was sent


def test_what_had_arrived_is_found_and_not_sent_again(files, writer, world):
    with closing(sqlite3.connect(files / "writer" / "state" / "outbox.sqlite")) as db:
        rows = db.execute(
            "SELECT session_id, fingerprint, body FROM message "
            "WHERE state IN ('unknown', 'sending')"
        ).fetchall()
    for session_id, fingerprint, body in rows:
        writer.client.call(
            "send_message_in_conversation",
            website_id=writer.website_id,
            session_id=session_id,
            json=json.loads(body) | {"fingerprint": fingerprint},
        )
    assert (writer.outbox.resume()["state"] == "sent").all()
    for text in ("Its answer was lost", "Its sender was killed"):
        assert len(messages_of(world, text)) == 1


def test_what_cannot_be_looked_up_stays_unknown(writer, world):
    world.faults(operation="get_message_in_conversation", status=500)
    sent = world.stats()["by_operation"].get("send_message_in_conversation", 0)
    with pytest.raises(crisp.UnknownOutcome):
        writer.outbox.resume()
    assert writer.outbox.counts["unknown"] >= 1
    assert world.stats()["by_operation"].get("send_message_in_conversation", 0) == sent
    assert len(messages_of(world, "Its answer was lost")) == 0


def test_a_batch_sends_to_nobody_twice(writer, world):
    ids = [row["session_id"] for row in world.truth("conversations")]
    frame = writer.conversations().set_index("session_id", drop=False).loc[ids[2:4]]
    options = {"template": "Hello {{ nickname }}", "batch": "november", "confirm": True}
    found = writer.send_many(frame, **options, quiet_days=None, include=["resolved", "blocked"])
    assert found["reason"].iloc[0].startswith("sent")
    hello = [row for row in world.truth("messages") if str(row["content"]).startswith("Hello ")]
    told = [row["session_id"] for row in hello if row["session_id"] in set(ids[2:4])]
    assert told.count(ids[2]) == 0
    assert told.count(ids[3]) == 1


@pytest.fixture(params=["outbox.sqlite", "quota.sqlite"])
def later(request, files):
    """A file of the writer's as a later version of the package would mark it."""
    path = files / "writer" / "state" / request.param
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    return path


def test_a_file_of_a_later_version_is_refused_and_left_as_it_is(later, files, world):
    before = later.read_bytes()
    world.clock(advance_s=24 * 3600)
    with pytest.raises(crisp.FileTrouble, match="later version of crisp_data") as caught:
        connect(world, files / "writer").outbox.resume()
    assert "Update crisp_data" in caught.value.hint
    assert later.read_bytes() == before
    assert "send_message_in_conversation" not in world.stats()["by_operation"]


def test_a_file_that_is_updated_meanwhile_is_let_alone(files, world):
    """A notebook is open, and the package is updated in another."""
    world.clock(advance_s=24 * 3600)
    ws = connect(world, files / "writer")
    assert ws.outbox.left() == 3
    with closing(sqlite3.connect(files / "writer" / "state" / "outbox.sqlite")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(crisp.FileTrouble, match="later version of crisp_data"):
        ws.outbox.resume()
    assert "send_message_in_conversation" not in world.stats()["by_operation"]


def test_what_is_opened_says_its_version_from_then_on(files, world):
    world.clock(advance_s=24 * 3600)
    connect(world, files / "writer").outbox.resume()
    for name in ("outbox", "quota"):
        path = files / "writer" / "state" / f"{name}.sqlite"
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA user_version").fetchone() == (1,)
