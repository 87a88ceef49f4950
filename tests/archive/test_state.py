"""Who may write: alive, killed, silent, elsewhere."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest

import crisp_data as crisp
from crisp_data.archive import state as states
from crisp_data.archive.place import Place
from crisp_data.archive.state import Ledger, State, Writer


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path / "shelf")


def held_by(place, **changes):
    """Leave a writer in the row as if it were at work."""
    ledger = Ledger(place)
    with ledger.held("website"):
        pass
    writer = msgspec.structs.replace(Writer.this(time.time()), **changes)
    ledger._write(State("website", writer=writer))


def test_what_is_saved_is_loaded(place):
    ledger = Ledger(place)
    assert ledger.load() is None
    with ledger.held("website"):
        state = msgspec.structs.replace(ledger.state, since=5)
        ledger.save(state)
    found = Ledger(place).load()
    assert (found.website_id, found.since, found.writer) == ("website", 5, None)


def test_one_at_a_time(place):
    with Ledger(place).held("website"):
        with (
            pytest.raises(
                crisp.ArchiveBusy, match=f"process {os.getpid()} on {socket.gethostname()}"
            ),
            Ledger(place).held("website"),
        ):
            pass
        with pytest.raises(crisp.ArchiveBusy), Ledger(place).held("website"):
            pass
    with Ledger(place).held("website"):
        pass


def test_of_many_at_once_one_gets_it(place):
    with Ledger(place).held("website"):
        pass
    together, got, busy = threading.Barrier(8), [], []

    def work():
        ledger = Ledger(place)
        together.wait()
        try:
            with ledger.held("website"):
                got.append(ledger.state.writer.token)
                together.wait(60)  # nobody lets go before all have tried
        except crisp.ArchiveBusy as error:
            busy.append(error)
            together.wait(60)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(busy)) == (1, 7)


def test_who_was_killed_holds_nothing(place):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    held_by(place, pid=dead.pid)
    with Ledger(place).held("website"):
        pass


def test_a_process_that_got_the_number_of_a_killed_one_is_another(place):
    held_by(place, born=1.0)
    with Ledger(place).held("website"):
        pass


def test_a_writer_elsewhere_counts_until_it_is_silent_for_long(place):
    held_by(place, host="elsewhere", until=time.time() + 60)
    with pytest.raises(crisp.ArchiveBusy, match="elsewhere"), Ledger(place).held("website"):
        pass
    held_by(Place(place.root + "2"), host="elsewhere", until=time.time() - 1)
    with Ledger(Place(place.root + "2")).held("website"):
        pass


def test_a_silent_writer_that_was_replaced_learns_of_it(place, monkeypatch):
    slow = Ledger(place)
    with slow.held("website"):
        monkeypatch.setattr(states.Writer, "alive", lambda self, now: False)
        with Ledger(place).held("website"), pytest.raises(crisp.ArchiveBusy):
            slow.save(slow.state)
    assert Ledger(place).load().writer is None  # and did not let go of what is not its own


def test_every_save_is_a_sign_of_life(place, monkeypatch):
    ledger = Ledger(place)
    with ledger.held("website"):
        first = ledger.state.writer.until
        later = time.time() + 100
        monkeypatch.setattr(states.time, "time", lambda: later)
        ledger.save(ledger.state)
        assert ledger.state.writer.until == later + states.LEASE > first


def test_the_row_does_not_grow(place):
    ledger = Ledger(place)
    with ledger.held("website"):
        for _ in range(300):
            ledger.save(ledger.state)
    files = [path for path in Path(place.root).rglob("*") if path.is_file()]
    assert len(files) < 150
