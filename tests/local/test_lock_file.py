"""A file of locks: for threads and processes, with a time beside each."""

import gc
import os
import shutil
import struct
import threading
import time

import pytest

from crisp_data.local.lock_file import LOCKS, lock_file
from tests.reliability.children import processes


@pytest.fixture
def locks(tmp_path):
    return lock_file(tmp_path / "folder" / "locks")


def _try(path, numbers, results):
    results.put([lock_file(path).acquire(number) for number in numbers])


def elsewhere(locks, numbers):
    """Try to take locks in another process, which then ends."""
    results = processes.Queue()
    other = processes.Process(target=_try, args=(locks.path, numbers, results), daemon=True)
    other.start()
    got = results.get(timeout=60)
    other.join(30)
    assert other.exitcode == 0
    return got


def test_a_lock_keeps_out_threads_and_processes_until_it_is_given_back(locks):
    assert locks.acquire(0)
    assert locks.acquire(LOCKS - 1)
    assert not locks.acquire(0)
    got = []
    thread = threading.Thread(target=lambda: got.append(locks.acquire(LOCKS - 1)))
    thread.start()
    thread.join(30)
    assert got == [False]
    assert elsewhere(locks, [0, 1, LOCKS - 1]) == [False, True, False]
    locks.release(0)
    assert elsewhere(locks, [0, LOCKS - 1]) == [True, False]
    assert locks.acquire(0)  # who died gave it back
    assert locks.acquire(1)


def test_a_file_has_one_handle_however_it_is_named(locks, tmp_path):
    assert locks.acquire(3)
    assert lock_file(tmp_path / "folder" / ".." / "folder" / "locks") is locks
    assert elsewhere(locks, [3]) == [False]


def test_times_are_seen_by_every_reader(locks, tmp_path):
    assert locks.read_time(5) == 0.0
    locks.write_time(5, 1795000000.123456)
    locks.write_time(2 * LOCKS - 1, 2.5)
    assert locks.acquire(LOCKS - 1)  # a lock lies beside all times: Windows reads no locked byte
    places = (4, 5, LOCKS, 2 * LOCKS - 1)
    assert [locks.read_time(place) for place in places] == [0, 1795000000.123456, 0, 2.5]
    path = locks.path
    del locks
    gc.collect()
    assert lock_file(path).read_time(5) == 1795000000.123456


def test_where_there_is_no_file_there_are_no_times_and_no_locks(tmp_path):
    (tmp_path / "locks").mkdir()
    locks = lock_file(tmp_path / "locks")
    locks.write_time(0, 7.0)
    assert locks.read_time(0) == 0.0
    for _ in range(2):  # no lock of threads is left behind
        with pytest.raises(IsADirectoryError if os.name == "posix" else PermissionError):
            locks.acquire(0)


@pytest.mark.needs("modes")
def test_the_file_is_private(locks):
    locks.write_time(0, 1.0)
    assert os.stat(locks.path).st_mode & 0o077 == 0
    assert os.stat(locks.path.parent).st_mode & 0o077 == 0


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no list of open files")
def test_a_handle_that_nobody_holds_leaves_no_file_open(tmp_path):
    def opened():
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    before = opened()
    for number in range(20):
        lock_file(tmp_path / f"{number}").write_time(0, 1.0)
    assert opened() == before


def test_who_closes_a_file_takes_no_lock_from_another(locks):
    assert locks.acquire(0)
    locks.close()
    assert elsewhere(locks, [0]) == [False]
    locks.release(0)
    locks.write_time(0, 1.0)
    locks.close()
    locks.path.unlink()  # which Windows lets nobody do while it is open
    assert locks.read_time(0) == 0.0
    assert locks.acquire(0)


@pytest.mark.skipif(os.name == "nt", reason="Windows deletes no file that is open")
def test_a_file_that_was_deleted_is_left_for_the_one_with_its_name(locks, tmp_path):
    locks.write_time(0, 1.0)
    assert locks.acquire(3)
    shutil.rmtree(locks.path.parent)
    locks.write_time(0, 2.0)
    assert locks.acquire(4)
    assert elsewhere(locks, [3, 4]) == [True, False]  # 3 was locked in the file that is gone
    assert struct.unpack("<d", locks.path.read_bytes()[:8]) == (2.0,)
    locks.release(3)


def test_no_time_is_written_after_a_later_one(locks, monkeypatch):
    """Whoever took the time first, and was then held up, would hide what came meanwhile."""
    took, other, clock, times = threading.Event(), threading.Event(), time.time, []

    def taken():
        moment = clock()
        times.append(moment)
        if len(times) == 1:
            took.set()
            other.wait(0.3)  # as long as this lasts, the other cannot come between
        return moment

    def late():
        assert took.wait(30)
        locks.write_now(5)
        other.set()

    thread = threading.Thread(target=late)
    thread.start()
    monkeypatch.setattr(time, "time", taken)
    locks.write_now(5)
    thread.join(30)
    assert len(times) == 2
    assert locks.read_time(5) == max(times)
