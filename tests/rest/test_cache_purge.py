"""`crisp-data cache clear`: the cache's own files only, emptied under whoever uses them."""

import os
import sqlite3
import sys
from contextlib import closing

import pytest
from click.testing import CliRunner

import crisp_data as crisp
from crisp_data.cli import main
from crisp_data.rest import cache_purge
from tests.reliability.children import processes

NEWS = {"template": "Hello", "batch": "news", "confirm": True, "quiet_days": None}


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """One folder for everything, with a database of another program in it."""
    folder = tmp_path / "all"
    folder.mkdir()
    monkeypatch.setenv("CRISP_CACHE_DIR", str(folder))
    monkeypatch.setenv("CRISP_STATE_DIR", str(folder))
    with closing(sqlite3.connect(folder / "others.sqlite")) as db:
        db.execute("CREATE TABLE responses (x)")
        db.execute("INSERT INTO responses VALUES ('theirs')")
        db.commit()
    return folder


def connect(sandbox, folder):
    return crisp.connect(sandbox=sandbox, cache_dir=folder, state_dir=folder)


def clear():
    return CliRunner().invoke(main, ["cache", "clear", "--yes"])


def test_only_the_caches_own_files_are_emptied(sandbox, shared):
    ws = connect(sandbox, shared)
    frame = ws.conversations(state="unresolved", limit=3)
    assert (ws.send_many(frame, **NEWS)["state"] == "sent").all()
    ws.operators()
    used, before = ws.quota.used, set(shared.iterdir())
    assert ws.client.cached() > 0
    done = clear()
    assert done.output == "1 cache emptied.\n"
    assert {path for path in before if path.suffix == ".sqlite"} <= set(shared.iterdir())
    again = connect(sandbox, shared)
    assert again.quota.used == used + 1  # the website's name was forgotten; the ledger was not
    sent = again.send_many(frame, **NEWS)
    assert sent["reason"].str.contains("sent").all()
    assert sum(row["content"] == "Hello" for row in sandbox.truth("messages")) == 3
    with closing(sqlite3.connect(shared / "others.sqlite")) as db:
        assert db.execute("SELECT x FROM responses").fetchall() == [("theirs",)]


def test_only_they_are_listed(sandbox, shared):
    ws = connect(sandbox, shared)
    told = CliRunner().invoke(main, ["cache", "info"]).output
    assert ws.client.cache_path.name in told
    assert not any(name in told for name in ("quota", "outbox", "others"))


def test_a_running_notebook_goes_on_with_the_same_file(sandbox, shared):
    """Also what is on the wire meanwhile is not kept."""
    ws = connect(sandbox, shared)
    ws.operators()
    identity = os.stat(ws.client.cache_path).st_ino
    attempt = ws.client._transport.send

    def answered_and_cleared(*arguments, **options):
        answer = attempt(*arguments, **options)
        assert clear().exit_code == 0
        return answer

    ws.client._transport.send = answered_and_cleared
    ws.operators(refresh=True)
    ws.client._transport.send = attempt
    assert ws.client.cached() == 0
    assert os.stat(ws.client.cache_path).st_ino == identity
    ws.operators()
    before = sandbox.stats()["requests"]
    assert len(ws.operators()) > 0
    assert sandbox.stats()["requests"] == before


def spoil(path):
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(b"no database" * 1000)


def test_a_damaged_file_is_deleted(sandbox, shared):
    ws = connect(sandbox, shared)
    ws.client.close()
    spoil(ws.client.cache_path)
    with pytest.raises(crisp.FileTrouble, match="damaged"):
        ws.operators()
    assert clear().output == "1 cache emptied.\n"
    assert not ws.client.cache_path.exists()
    assert len(ws.operators()) > 0  # the same workspace, without a restart
    assert ws.client.cached() > 0


def _keep_open(path, ready, leave):
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("SELECT count(*) FROM responses").fetchone()
        ready.set()
        leave.wait(120)


def test_a_damaged_file_that_another_process_has_open_is_left(sandbox, shared):
    ws = connect(sandbox, shared)
    ws.client.close()
    path = ws.client.cache_path
    ready, leave = processes.Event(), processes.Event()
    other = processes.Process(target=_keep_open, args=(path, ready, leave), daemon=True)
    other.start()
    assert ready.wait(90)
    with path.open("r+b") as file:  # no connection of this process is open
        file.write(b"no database")
    done = clear()
    assert done.exit_code == 1
    assert "damaged, and a program is using it" in done.output
    assert path.exists()
    leave.set()
    other.join(60)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows refuses by itself")
def test_a_damaged_file_that_this_process_uses_is_left(sandbox, ws):
    path = ws.client.cache_path
    ws.client.close()
    with ws.client._cache_file.get().pool.lease():
        assert not cache_purge._deleted(path)
    assert path.exists()


def test_another_programs_files_stay_though_they_are_named_like_a_cache(sandbox, shared):
    ws = connect(sandbox, shared)
    ws.operators()
    ws.client.close()
    written = {"0": b"", "1": b"no database", "2": b"SQLite format 3\x00 but damaged"}
    for name, content in written.items():
        (shared / f"{name * 32}.sqlite").write_bytes(content)
    with closing(sqlite3.connect(shared / f"{'3' * 32}.sqlite")) as db:
        db.execute("CREATE TABLE responses (x)")
    written["3"] = (shared / f"{'3' * 32}.sqlite").read_bytes()
    assert clear().output == "1 cache emptied.\n"
    assert written == {name: (shared / f"{name * 32}.sqlite").read_bytes() for name in written}


def test_what_is_no_file_is_left_though_it_is_named_like_a_cache(sandbox, shared):
    ws = connect(sandbox, shared)
    ws.operators()
    ws.client.close()
    for end in ("sqlite", "locks", "flights"):
        (shared / f"{'4' * 32}.{end}").mkdir()
    done = clear()
    assert (done.exit_code, done.output) == (0, "1 cache emptied.\n")


def test_a_cache_without_its_locks_is_emptied(sandbox, shared):
    ws = connect(sandbox, shared)
    ws.operators()
    ws.client.close()
    ws.client.cache_path.with_suffix(".locks").unlink()
    assert clear().output == "1 cache emptied.\n"
    assert connect(sandbox, shared).client.cached() == 1  # the website's name, asked for just now


def test_a_file_that_is_held_is_told(sandbox, shared, monkeypatch):
    monkeypatch.setattr("crisp_data.cli.status._CLEAR_WAIT", 0.1)
    ws = connect(sandbox, shared)
    with closing(sqlite3.connect(ws.client.cache_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = clear()
        other.execute("ROLLBACK")
    assert done.exit_code == 1
    assert "nothing was deleted from it" in done.output
    assert "Close that program" in done.output
