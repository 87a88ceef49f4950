"""A file that was cut to nothing is not a new one, and a new one is never empty."""

import errno
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

import crisp_data as crisp
from crisp_data.local.sqlite_file import Database
from crisp_data.outbox.journal import everything

pytestmark = pytest.mark.reliability("sqlite")

SETUP = "CREATE TABLE IF NOT EXISTS day (x);"


@pytest.fixture
def connect(sandbox, tmp_path):
    """Connect as a new process would: with files of its own, and nothing in memory."""

    def made():
        places = {"state_dir": tmp_path / "state", "cache_dir": tmp_path / "cache"}
        return crisp.connect(sandbox=sandbox, writes=True, **places)

    return made


def cut(ws, path, left=b""):
    """Cut a file that nobody has open to nothing, or to what is given; gives what it held."""
    ws.client.close()
    ws.outbox._journal.disconnect()
    ws.quota.close_file()
    before = path.read_bytes()
    path.write_bytes(left)
    return before


# SQLite takes a file of one byte for an empty one: "echo > outbox.sqlite" writes such a file.
@pytest.mark.parametrize("left", [b"", b"\n", b"S"])
def test_an_outbox_that_was_emptied_sends_nothing_again(sandbox, connect, tmp_path, left):
    ws, path = connect(), tmp_path / "state" / "outbox.sqlite"
    frame = ws.conversations(state="unresolved", limit=3)
    again = {"template": "Hello", "batch": "one", "confirm": True, "quiet_days": None}
    ws.send_many(frame, **again)
    sent = sandbox.stats()["by_operation"]["send_message_in_conversation"]
    assert sent > 0
    before = cut(ws, path, left)
    ws = connect()
    for use in (
        lambda: ws.send_many(frame, **again),
        lambda: ws.send(frame["session_id"][0], "Hello"),
        ws.outbox.resume,
        lambda: ws.outbox.counts,
        lambda: everything(path),
    ):
        with pytest.raises(crisp.FileTrouble, match="is empty") as caught:
            use()
        assert "Restore it" in caught.value.hint
    assert path.read_bytes() == left
    path.write_bytes(before)  # restored, it knows what was sent
    connect().send_many(frame, **again)
    assert sandbox.stats()["by_operation"]["send_message_in_conversation"] == sent


def test_an_emptied_outbox_that_was_moved_away_is_begun_anew(connect, tmp_path):
    ws, path = connect(), tmp_path / "state" / "outbox.sqlite"
    assert ws.outbox.left() == 0
    cut(ws, path)
    path.unlink()
    assert connect().outbox.counts == dict.fromkeys(ws.outbox.counts, 0)


@pytest.mark.parametrize("left", [b"", b"\n"])
def test_a_ledger_that_was_emptied_does_not_count_from_nothing(sandbox, connect, tmp_path, left):
    """It would spend the day's quota a second time."""
    ws = connect()
    ws.operators(refresh=True)
    before = cut(ws, tmp_path / "state" / "quota.sqlite", left)
    spent = sandbox.stats()["requests"]
    with pytest.raises(crisp.FileTrouble, match=r"quota\.sqlite is damaged: it is empty"):
        connect().operators(refresh=True)
    assert sandbox.stats()["requests"] == spent
    (tmp_path / "state" / "quota.sqlite").write_bytes(before)
    assert connect().quota.used > 0


# SQLite notices that a page is missing, and reads a part of one that is missing as zeros.
@pytest.mark.parametrize("lost", [1, 100, 4095, 4096, 4097])
@pytest.mark.parametrize("name", ["outbox", "quota"])
def test_a_file_that_lost_its_end_is_told(sandbox, connect, tmp_path, name, lost):
    ws, path = connect(), tmp_path / "state" / f"{name}.sqlite"
    frame = ws.conversations(state="unresolved", limit=3)
    again = {"template": "Hello", "batch": "one", "confirm": True, "quiet_days": None}
    ws.send_many(frame, **again)
    before = cut(ws, path)
    path.write_bytes(before[:-lost])
    with pytest.raises(crisp.FileTrouble, match=rf"{name}\.sqlite is damaged") as caught:
        connect().send_many(frame, **again)
    assert "Restore it from a copy. Or move it away" in caught.value.hint
    if lost < 4096:
        assert f"it lacks its last {lost:,} byte" in caught.value.what
    path.write_bytes(before)
    connect().send_many(frame, **again)
    assert sandbox.stats()["by_operation"]["send_message_in_conversation"] == len(frame)


@pytest.mark.parametrize("name", ["outbox", "quota"])
def test_a_file_of_which_any_page_is_zeros_is_told(sandbox, connect, tmp_path, name):
    """As of one that was cut while it was open, and written into behind the cut."""
    ws, path = connect(), tmp_path / "state" / f"{name}.sqlite"
    ws.send(ws.conversations(limit=1)["session_id"][0], "Hello")
    before, spent = cut(ws, path), sandbox.stats()["requests"]
    for page in range(len(before) // 4096):
        path.write_bytes(before)
        with path.open("r+b") as file:
            file.seek(4096 * page)
            file.write(bytes(4096))
        with pytest.raises(crisp.FileTrouble, match=rf"{name}\.sqlite is damaged") as caught:
            ws.send("session_1", "Hello")
        assert "Restore it from a copy. Or move it away" in caught.value.hint
        ws.close()
    assert page >= 3
    assert sandbox.stats()["requests"] == spent


@pytest.mark.needs("posix")  # Windows cuts no file that is mapped into memory
@pytest.mark.parametrize("lost", [1, 100, 4096, 4097, 8192, 16384])
@pytest.mark.parametrize(("copied", "least"), [(True, 1), (False, 16384)])
def test_a_file_that_lost_its_end_while_it_was_open_is_whole_or_told(tmp_path, lost, copied, least):
    """What it lost may be in its log still."""
    path, setup = tmp_path / "file.sqlite", SETUP + "CREATE INDEX IF NOT EXISTS one ON day (x);"
    with Database(path, setup).transaction() as db:
        db.executemany("INSERT INTO day VALUES (?)", [(f"{row:0500}",) for row in range(60)])
    user = Database(path, setup)
    with user.connection() as db:
        db.execute("INSERT INTO day VALUES (?)", (f"{60:0500}",))
        if copied:
            db.execute("PRAGMA wal_checkpoint")
        os.truncate(path, path.stat().st_size - lost)
        assert Path(f"{path}-wal").stat().st_size > 0
        refused = pytest.raises(crisp.FileTrouble, match="is damaged")
        with (
            refused if lost >= least else nullcontext(),
            Database(path, setup).connection() as other,
        ):
            assert other.execute("SELECT count(x) FROM day NOT INDEXED").fetchone() == (61,)
            assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def grown(path, rows=200):
    """Make a file whose last pages are in its log; gives it, open."""
    with Database(path, SETUP).transaction() as db:
        db.execute("INSERT INTO day VALUES (0)")
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA wal_autocheckpoint = 0")
    db.executemany("INSERT INTO day VALUES (?)", [(f"{row:01000}",) for row in range(rows)])
    return db


@pytest.mark.parametrize("header", ["old", "new"])
def test_a_file_whose_end_is_in_its_log_is_whole(tmp_path, header):
    """As a killed process leaves it, also in the middle of writing its pages into the file."""
    path, left = tmp_path / "file.sqlite", tmp_path / "left.sqlite"
    with closing(grown(path)) as db:
        assert path.stat().st_size < 4096 * db.execute("PRAGMA page_count").fetchone()[0]
        for end in ("", "-wal"):
            left.with_name(f"left.sqlite{end}").write_bytes(Path(f"{path}{end}").read_bytes())
    if header == "new":  # the first page is written first
        with left.open("r+b") as file:
            file.write(path.read_bytes()[:4096])
    with Database(left, SETUP).connection() as db:
        assert db.execute("SELECT count(*) FROM day").fetchone() == (201,)
    with Database(left, SETUP).connection() as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


_GROWING = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
print("ready", flush=True)
while True:
    for _ in range(20):
        db.execute("INSERT INTO day VALUES (zeroblob(3000))")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if db.execute("SELECT count(*) FROM day").fetchone()[0] > 2000:
        db.execute("DELETE FROM day")
        db.execute("VACUUM")
"""


@pytest.mark.parametrize("times", [20, pytest.param(600, marks=pytest.mark.slow)])
def test_a_file_that_others_lengthen_and_shorten_is_whole(tmp_path, times):
    path = tmp_path / "file.sqlite"
    with Database(path, SETUP).connection():
        pass
    command = [sys.executable, "-c", _GROWING, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout.readline() == b"ready\n"
            for _ in range(times):
                with Database(path, SETUP).connection() as db:
                    assert db.execute("SELECT count(*) FROM day").fetchone()[0] >= 0
            assert other.poll() is None
        finally:
            other.kill()


@pytest.mark.parametrize("left", [b"", b"\n"])
def test_a_cache_that_was_emptied_is_an_empty_cache(sandbox, connect, left):
    """It holds copies alone: what is lost costs its requests once more, and nothing else."""
    ws = connect()
    found = ws.operators()
    cut(ws, ws.client.cache_path, left)
    spent = sandbox.stats()["requests"]
    ws = connect()
    assert ws.operators().equals(found)
    assert sandbox.stats()["requests"] > spent
    spent = sandbox.stats()["requests"]
    assert ws.operators().equals(found)
    assert sandbox.stats()["requests"] == spent


@pytest.mark.reliability("kills")
@pytest.mark.parametrize(
    "moment", ["sqlite3.connect", "database_creation._name", "Path.unlink", "sqlite3.Connection"]
)
def test_who_is_killed_while_it_makes_a_file_leaves_none_or_a_whole_one(tmp_path, moment):
    path = tmp_path / "file.sqlite"
    script = f"""
import os, sqlite3
from pathlib import Path
from crisp_data.local import database_creation
from crisp_data.local.sqlite_file import Database
killed = lambda *arguments, **options: os._exit(9)
if {moment!r} == "sqlite3.Connection":  # in the middle of the transaction
    class Connection(sqlite3.Connection):
        def executescript(self, script):
            self.execute("BEGIN")
            self.execute("CREATE TABLE day (x)")
            killed()
    plain = sqlite3.connect
    sqlite3.connect = lambda *a, **k: plain(*a, factory=Connection, **k)
else:
    {moment} = killed
with Database(Path({str(path)!r}), {SETUP!r}).transaction():
    pass
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert done.returncode == 9, done.stderr
    assert not path.exists() or path.stat().st_size > 0
    with Database(path, SETUP).transaction() as db:
        db.execute("INSERT INTO day VALUES (1)")
    with Database(path, SETUP).connection() as db:
        assert db.execute("SELECT x FROM day").fetchall() == [(1,)]


@pytest.mark.reliability("windows")
@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_many_make_at_once_is_one(tmp_path, monkeypatch, links):
    """Also on a file system that has no links."""

    def refused(*paths):
        raise OSError(errno.EPERM, "Operation not permitted")

    if not links:
        monkeypatch.setattr(os, "link", refused, raising=False)
        monkeypatch.setattr(os, "rename", refused)
    path, ready = tmp_path / "new" / "file.sqlite", threading.Barrier(8)

    def make(number):
        database = Database(path, SETUP)
        ready.wait(60)
        with database.transaction() as db:
            db.execute("INSERT INTO day VALUES (?)", (number,))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with Database(path, SETUP).connection() as db:
        assert sorted(db.execute("SELECT x FROM day")) == [(number,) for number in range(8)]
    assert {name.name.partition("-")[0] for name in path.parent.iterdir()} == {path.name}
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
