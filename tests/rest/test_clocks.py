"""A clock that was ahead, and was set back: nothing from the future is fresh."""

import subprocess
import sys
import time
from datetime import timedelta

import msgspec
import psutil
import pytest

import crisp_data as crisp
from crisp_data.local.lock_file import lock_file
from crisp_data.local.process_lease import LEASE, ProcessLease
from crisp_data.outbox.message_record import owner_of, writer_of
from crisp_data.rest import single_flight
from tests.marks import slow

pytestmark = pytest.mark.reliability("clocks")

AHEAD = 3 * 86_400.0


def spent(sandbox):
    return sandbox.stats()["requests"]


@pytest.fixture
def clock(monkeypatch):
    """Sets this process's clock ahead by seconds, as files and answers come to be dated."""
    real, real_ns = time.time, time.time_ns
    ahead = [0.0]
    monkeypatch.setattr(time, "time", lambda: real() + ahead[0])
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + int(ahead[0] * 1e9))
    return lambda seconds: ahead.__setitem__(0, seconds)


def age(ws, seconds):
    """Date what is kept as if the clock had been ahead when it came."""
    file, later = ws.client._cache.file, timedelta(seconds=seconds)
    for key in list(file.responses):
        answer = file.responses[key]
        answer.created, answer.expires = answer.created + later, answer.expires + later
        file.responses[key] = answer
    for key in list(file.lists):
        read = file.lists[key]
        read.came, read.expires = read.came + seconds, read.expires + seconds
        file.lists[key] = read


@pytest.mark.parametrize("ahead", [60, 1800, AHEAD])
def test_an_answer_from_the_future_is_asked_for_again(sandbox, ws, ahead):
    ws.operators()
    age(ws, ahead)
    assert ws.client.cached() == 0
    before = spent(sandbox)
    ws.operators()
    assert spent(sandbox) == before + 1
    ws.operators()  # and replaced
    assert spent(sandbox) == before + 1
    assert ws.client.cached() == 1


def test_refresh_passes_an_answer_from_the_future_by(sandbox, ws):
    ws.operators()
    age(ws, AHEAD)
    before = spent(sandbox)
    ws.operators(refresh=True)
    assert spent(sandbox) == before + 1


@pytest.mark.parametrize("table", ["conversations", "people"])
def test_a_walk_from_the_future_is_walked_again(sandbox, ws, table):
    first = getattr(ws, table)()
    walked = spent(sandbox)
    age(ws, AHEAD)
    again = getattr(ws, table)()
    assert again.equals(first)
    assert spent(sandbox) - walked == walked - 1  # all but the name of the website
    assert getattr(ws, table)().equals(first)
    assert spent(sandbox) == 2 * walked - 1


def test_a_mark_from_the_future_does_not_keep_answers_out(sandbox, ws, clock):
    """What was written while the clock was ahead holds back what is on the wire, once."""
    session_id = sandbox.truth("conversations")[0]["session_id"]
    clock(AHEAD)
    ws.set_state(session_id, "resolved")
    clock(0)
    ws.operators()
    ws.operators()
    before = spent(sandbox)
    ws.operators()
    assert spent(sandbox) == before


def test_a_mark_from_the_future_counts_as_made_now(tmp_path):
    locks, mark = lock_file(tmp_path / "locks"), single_flight._mark("a")
    locks.write_time(mark, time.time() + AHEAD)
    asked = time.time()
    assert single_flight.written_since(locks, ["a"], asked)
    assert asked <= locks.read_time(mark) <= time.time()
    assert not single_flight.written_since(locks, ["a"], asked + 60)


def test_what_was_asked_before_the_clock_was_set_back_is_not_kept(sandbox, ws, clock, monkeypatch):
    """Whether something was written since cannot be told by any mark."""
    wire = ws.client._transport
    attempt = wire.send

    def set_back(*arguments, **options):
        clock(0)
        return attempt(*arguments, **options)

    clock(AHEAD)
    monkeypatch.setattr(wire, "send", set_back)
    ws.operators()
    before = spent(sandbox)
    ws.operators()
    assert spent(sandbox) == before + 1


@pytest.mark.parametrize("ahead", [AHEAD, *slow(3600.0, -AHEAD)])
def test_a_deep_sync_reads_all_again_though_the_clock_was_ahead(sandbox, tmp_path, ahead):
    """What was read by a clock that was ahead seems to have been read later than it begins."""
    offset = [ahead]
    ws = crisp.connect(sandbox=sandbox, now=lambda: sandbox.now.timestamp() + offset[0])
    archive = ws.archive(tmp_path / "acme")
    archive.sync(since="30 days ago")
    offset[0] = 0.0
    archive.sync()
    row = next(row for row in sandbox.truth("messages") if row["session_id"] in threads_of(archive))
    body = {"content": "Edited, which leaves no trace"}
    place = {"session_id": row["session_id"], "fingerprint": row["fingerprint"]}
    ws.client.call("update_message_in_conversation", website_id=ws.website_id, json=body, **place)
    kept = len(archive.conversations())
    for _ in range(2):
        assert archive.sync(deep=True).threads == kept
    texts = archive.messages(row["session_id"]).set_index("fingerprint")["content"]
    assert texts[row["fingerprint"]] == body["content"]


def threads_of(archive):
    return set(archive.conversations()["session_id"])


def test_a_lease_from_the_future_is_no_lease():
    now = time.time()
    elsewhere = {"host": "another", "pid": 1, "born": 0.0, "token": "t"}
    assert ProcessLease(since=now, until=now + LEASE, **elsewhere).at_work(now)
    late = now + 600  # clocks differ a little
    assert ProcessLease(since=late, until=late + LEASE, **elsewhere).at_work(now)
    wrong = now + AHEAD
    assert not ProcessLease(since=wrong, until=wrong + LEASE, **elsewhere).at_work(now)


_WRITES = """
import sys, time
from crisp_data.outbox.message_record import owner_of
from crisp_data.local.process_lease import ProcessLease

print(owner_of(ProcessLease.begin(time.time())), flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("seconds", [-3600, *slow(-3, 3, 3600)])
def test_a_writer_lives_though_the_clock_was_set(monkeypatch, seconds):
    """Linux reckons the birth of a process from the clock, and says another when that is set."""
    real = psutil.Process.create_time
    moved = 0 if sys.platform in ("win32", "darwin") else seconds
    with subprocess.Popen(
        [sys.executable, "-c", _WRITES], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        writer = writer_of(process.stdout.readline())
        own = ProcessLease.this(time.time())
        monkeypatch.setattr(psutil.Process, "create_time", lambda self: real(self) + moved)
        assert writer.at_work(time.time() + seconds)
        assert own.here()  # who was interrupted may go on with what is its own
        process.stdin.close()
        process.wait(60)
        assert not writer.at_work(time.time() + seconds)


def test_a_number_that_was_given_to_another_process_is_no_life():
    mine = ProcessLease.this(time.time())
    changed = {"born": mine.born - 60, "ticks": mine.ticks and mine.ticks - 6000}
    assert not msgspec.structs.replace(mine, **changed).alive(time.time())
    assert msgspec.structs.replace(mine, ticks=None).alive(time.time())  # an earlier version wrote
    assert writer_of(owner_of(mine)) == mine
