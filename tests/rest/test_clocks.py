"""A clock that was ahead, and was set back: nothing from the future is fresh."""

import os
import time
from datetime import timedelta

import pytest

from crisp_data.local.process_lease import LEASE, ProcessLease
from crisp_data.rest import single_flight

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
    store = ws.client._session()._store
    for key in list(store.responses):
        response = store.get_response(key)
        later = timedelta(seconds=seconds)
        response.created_at, response.expires = (
            response.created_at + later,
            response.expires + later,
        )
        store.responses[key] = response


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
    single_flight.mark_written(tmp_path, ["a"])
    path = single_flight._mark(tmp_path, "a")
    ahead = time.time() + AHEAD
    os.utime(path, (ahead, ahead))
    asked = time.time()
    assert single_flight.written_since(tmp_path, ["a"], asked)
    assert os.stat(path).st_mtime <= time.time() + 2
    assert not single_flight.written_since(tmp_path, ["a"], asked + 60)


def test_what_was_asked_before_the_clock_was_set_back_is_not_kept(sandbox, ws, clock, monkeypatch):
    """Whether something was written since cannot be told by any mark."""
    wire = ws.client._transport
    attempt = wire._attempt

    def set_back(*arguments, **options):
        clock(0)
        return attempt(*arguments, **options)

    clock(AHEAD)
    monkeypatch.setattr(wire, "_attempt", set_back)
    ws.operators()
    before = spent(sandbox)
    ws.operators()
    assert spent(sandbox) == before + 1


def test_a_lease_from_the_future_is_no_lease():
    now = time.time()
    elsewhere = {"host": "another", "pid": 1, "born": 0.0, "token": "t"}
    assert ProcessLease(since=now, until=now + LEASE, **elsewhere).at_work(now)
    late = now + 600  # clocks differ a little
    assert ProcessLease(since=late, until=late + LEASE, **elsewhere).at_work(now)
    wrong = now + AHEAD
    assert not ProcessLease(since=wrong, until=wrong + LEASE, **elsewhere).at_work(now)
