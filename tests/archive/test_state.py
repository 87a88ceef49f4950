"""Who may write: alive, killed, silent, elsewhere."""

import os
import socket
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path, PurePosixPath, PureWindowsPath

import msgspec
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

import crisp_data as crisp
from crisp_data.archive import state as states
from crisp_data.archive.state import ProcessLease, State, StateTable
from crisp_data.archive.storage import Storage


@pytest.fixture
def storage(tmp_path):
    return Storage(tmp_path / "shelf")


def held_by(storage, **changes):
    """Leave a writer in the row as if it were at work."""
    state_table = StateTable(storage)
    with state_table.held("website"):
        pass
    writer = msgspec.structs.replace(ProcessLease.this(time.time()), **changes)
    state_table._write(State("website", writer=writer))


def test_what_is_saved_is_loaded(storage):
    state_table = StateTable(storage)
    assert state_table.load() is None
    with state_table.held("website"):
        state_table.change(since=5)
    found = StateTable(storage).load()
    assert (found.website_id, found.since, found.writer) == ("website", 5, None)


def test_one_at_a_time(storage):
    with StateTable(storage).held("website"):
        with (
            pytest.raises(
                crisp.ArchiveBusy, match=f"process {os.getpid()} on {socket.gethostname()}"
            ),
            StateTable(storage).held("website"),
        ):
            pass
        with pytest.raises(crisp.ArchiveBusy), StateTable(storage).held("website"):
            pass
    with StateTable(storage).held("website"):
        pass


def test_of_many_at_once_one_gets_it(storage):
    with StateTable(storage).held("website"):
        pass
    together, got, busy = threading.Barrier(8, timeout=60), [], []

    def work():
        state_table = StateTable(storage)
        together.wait()
        try:
            with state_table.held("website"):
                got.append(state_table.state.writer.token)
                together.wait()  # nobody lets go before all have tried
        except crisp.ArchiveBusy as error:
            busy.append(error)
            together.wait()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (len(got), len(busy)) == (1, 7)


def test_who_was_killed_holds_nothing(storage):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait(60)
    held_by(storage, pid=dead.pid)
    with StateTable(storage).held("website"):
        pass


def test_a_process_that_got_the_number_of_a_killed_one_is_another(storage):
    held_by(storage, born=1.0)
    with StateTable(storage).held("website"):
        pass


def test_a_writer_elsewhere_counts_until_it_is_silent_for_long(storage):
    held_by(storage, host="elsewhere", until=time.time() + 60)
    with pytest.raises(crisp.ArchiveBusy, match="elsewhere"), StateTable(storage).held("website"):
        pass
    held_by(Storage(storage.root + "2"), host="elsewhere", until=time.time() - 1)
    with StateTable(Storage(storage.root + "2")).held("website"):
        pass


def test_a_silent_writer_that_was_replaced_learns_of_it(storage, monkeypatch):
    slow = StateTable(storage)
    with slow.held("website"):
        monkeypatch.setattr(states.ProcessLease, "at_work", lambda self, now: False)
        with StateTable(storage).held("website"), pytest.raises(crisp.ArchiveBusy):
            slow.change()
    assert StateTable(storage).load().writer is None  # and did not let go of what is not its own


@pytest.mark.reliability("interrupts")
def test_who_was_interrupted_while_letting_go_holds_nothing(storage, monkeypatch):
    """Ctrl-C, pressed twice: the kernel lives on, and is the only one who could say so."""
    letting_go = StateTable(storage)
    write = letting_go._write

    def interrupted(state):
        if state.writer is None:
            raise KeyboardInterrupt
        write(state)

    monkeypatch.setattr(letting_go, "_write", interrupted)
    with pytest.raises(KeyboardInterrupt), letting_go.held("website"):
        pass
    assert StateTable(storage).load().writer is not None
    with StateTable(storage).held("website"):
        pass


@pytest.mark.reliability("disks")
def test_a_full_disk_is_no_other_writer(storage, monkeypatch):
    """What cannot be written is told as such, and the archive is let go of."""
    full = []

    def write(*arguments, **options):
        if full.pop():
            raise DeltaError("Generic LocalFileSystem error: No space left on device (os error 28)")
        return write_deltalake(*arguments, **options)

    monkeypatch.setattr(states, "write_deltalake", write)
    full += [False, True, False]
    with (
        pytest.raises(crisp.CrispError, match="no space left") as caught,
        (state_table := StateTable(storage)).held("website"),
    ):
        state_table.change()
    assert "run the same line again" in str(caught.value)
    assert StateTable(storage).load().writer is None


@pytest.mark.reliability("disks")
def test_a_disk_that_fills_up_while_a_table_is_made_is_told(archive, monkeypatch):
    """The state is written by then, the other tables are not."""
    create = DeltaTable.create

    def full(path, *arguments, **options):
        if path.endswith("messages"):
            raise OSError("Generic LocalFileSystem error: No space left on device (os error 28)")
        return create(path, *arguments, **options)

    monkeypatch.setattr(DeltaTable, "create", full)
    with pytest.raises(crisp.FileTrouble, match="cannot be written: no space left"):
        archive.sync()
    monkeypatch.undo()
    assert archive.sync().conversations > 0


def test_every_save_is_a_sign_of_life(storage, monkeypatch):
    state_table = StateTable(storage)
    with state_table.held("website"):
        first = state_table.state.writer.until
        later = time.time() + 100
        monkeypatch.setattr(states.time, "time", lambda: later)
        state_table.change()
        assert state_table.state.writer.until == later + states.LEASE > first


@pytest.mark.slow
def test_the_row_does_not_grow(storage):
    state_table = StateTable(storage)
    with state_table.held("website"):
        for _ in range(300):
            state_table.change()
    files = [path for path in Path(storage.root).rglob("*") if path.is_file()]
    assert len(files) < 150


@pytest.mark.parametrize("name", ["My%20Archive", "a%2Fb/acme", "[acme]", "a|b", "a^b", "a\tb"])
def test_a_path_that_delta_misreads_is_refused_before_a_request(ws, spent, tmp_path, name):
    """One part of Delta writes to "My%20Archive" and another reads "My Archive"."""
    spent()
    for opened in (ws.archive, crisp.Archive):
        with pytest.raises(crisp.BadParameter, match="Delta Lake misreads"):
            opened(tmp_path / name)
    assert spent() == 0
    assert list(tmp_path.glob("*")) == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("s3://acme/a%20b", "cannot hold '%20'"),
        ("s3://acme/[a]", "cannot hold '\\['"),
        ("s3://acme/a\\b", "Delta Lake misreads"),
        ("s3://acme/a?b", "cannot hold '\\?'"),
        ("s3://acme/a#b", "cannot hold '#'"),
        ("s3://acme/a\nb", "Delta Lake misreads"),
        ("s3://acme/half\ud83d", "Delta Lake misreads"),
        ("s3://", "not the address"),
        ("s3:///acme", "not the address"),
        ("s3://acme/../b", "not the address"),
        ("s3://acme/./b", "not the address"),
        ("s3://acme/a//b", "not the address"),
        ("://acme", "not the address"),
        (PurePosixPath("s3://acme/b"), "A Path cannot hold an address"),
        (PureWindowsPath("s3://acme/b"), "A Path cannot hold an address"),
        ("half\ud83d", "cannot have the name"),
        ("a\0b", "cannot have the name"),
        ("", "needs a path"),
        (" ", "needs a path"),
        (None, "needs a path"),
    ],
)
def test_an_address_that_is_none_is_refused_before_a_library_sees_it(address, words, monkeypatch):
    monkeypatch.setattr("crisp_data.archive.storage.DeltaTable", None)
    with pytest.raises(crisp.BadParameter, match=words) as caught:
        crisp.Archive(address)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("address", "root"),
    [
        ("s3://bucket/acme", "s3://bucket/acme"),
        (" s3://bucket/acme/\n", "s3://bucket/acme"),
        ("s3://bucket", "s3://bucket"),
        ("gs://bucket/..a/b.c/d e", "gs://bucket/..a/b.c/d e"),
        ("abfss://container@account.dfs.core.windows.net/a", None),
    ],
)
def test_an_address_is_taken_as_it_is(address, root):
    assert Storage(address).root == (root or address)


def test_an_address_of_a_file_is_a_folder(tmp_path):
    folder = tmp_path / "acme of May"
    storage = Storage(folder.as_uri())
    assert (storage.root, storage.remote) == (str(folder), False)


@pytest.mark.needs("modes")
@pytest.mark.parametrize("kind", ["new", "empty", "empty and private"])
def test_a_folder_that_was_there_is_made_private(tmp_path, kind):
    folder = tmp_path / "acme"
    if kind != "new":
        folder.mkdir()
        folder.chmod(0o700 if "private" in kind else 0o775)
    with StateTable(Storage(folder)).held("website"):
        pass
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.chmod(0o750)  # shared on purpose later on: then it stays so
    with StateTable(Storage(folder)).held("website"):
        pass
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


@pytest.mark.needs("modes")
def test_a_folder_that_holds_other_files_is_warned_of(tmp_path):
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "notes.txt").touch()
    (tmp_path / "acme").chmod(0o755)
    with (
        pytest.warns(crisp.CrispWarning, match="chmod 700"),
        StateTable(Storage(tmp_path / "acme")).held("website"),
    ):
        pass
    assert stat.S_IMODE((tmp_path / "acme").stat().st_mode) == 0o755
    with StateTable(Storage(tmp_path / "acme")).held("website"):
        pass  # said once


@pytest.mark.parametrize("name", ["100% of acme #1?", "é & (b) {c}; 'd'"])
def test_a_path_of_other_signs_is_the_path(tmp_path, name):
    elsewhere = Storage(tmp_path / name)
    with StateTable(elsewhere).held("website"):
        pass
    assert StateTable(elsewhere).load().website_id == "website"
    assert (tmp_path / name / "sync" / "_delta_log").is_dir()


@pytest.mark.needs("posix")
def test_a_folder_may_begin_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Storage("~acme").root == str(tmp_path / "~acme")
