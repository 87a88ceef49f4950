"""A file that is deleted or replaced while it is open: SQLite would go on with the old one."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import crisp_data as crisp
from crisp_data.errors import CrispWarning, FileTrouble
from crisp_data.local.sqlite_file import Database
from crisp_data.quota.ledger import Ledger
from crisp_data.sandbox import Sandbox

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows deletes and renames no file that is open"
)

SETUP = "CREATE TABLE IF NOT EXISTS day (x);"
LOGS = ("-wal", "-shm")


def delete(path, *ends):
    for end in ends or ("", *LOGS):
        Path(f"{path}{end}").unlink()


DELETED = pytest.mark.parametrize("ends", [("", *LOGS), ("",)], ids=["all", "without its log"])


@DELETED
def test_a_deleted_ledger_is_begun_anew_with_what_it_counted(sandbox, ws, ends):
    path = ws.client.state_dir / "quota.sqlite"
    ws.operators(refresh=True)
    by_operation, before = ws.quota.by_operation(), sandbox.stats()["requests"]
    delete(path, *ends)
    with pytest.warns(CrispWarning, match=r"quota\.sqlite was deleted.*was carried over"):
        ws.operators(refresh=True)
    assert ws.quota.used == sandbox.stats()["requests"] == before + 1
    assert sum(ws.quota.by_operation().values()) == sum(by_operation.values()) + 1
    other = crisp.connect(sandbox=sandbox)
    other.operators(refresh=True)
    assert ws.quota.used == other.quota.used == sandbox.stats()["requests"]


@DELETED
def test_all_that_have_it_open_go_on_in_one(tmp_path, ends):
    """What it counted is carried over by each of them, and counted once."""
    path = tmp_path / "quota.sqlite"
    ledgers = [Ledger(path, "a", 100) for _ in range(3)]
    for ledger in ledgers:
        ledger.reserve("list")
    ledgers[0].close("2000-01-01", "429 rate_limited")
    delete(path, *ends)
    with pytest.warns(CrispWarning, match="carried over"):
        ledgers[0].reserve("list")
    for ledger in ledgers[1:]:  # a warning would be an error
        ledger.reserve("list")
    assert [ledger.used for ledger in ledgers] == [6, 6, 6]
    assert Ledger(path, "a", 100).by_operation() == {"list": 6}
    assert ledgers[2]._file.closed("2000-01-01") == "429 rate_limited"


_COUNTING = """
import sys, warnings
from pathlib import Path
from crisp_data.quota.ledger import Ledger
warnings.simplefilter("ignore")
ledger = Ledger(Path(sys.argv[1]), "a", 100)
for line in sys.stdin:
    ledger.reserve("list")
    print(ledger.used, flush=True)
"""


@DELETED
def test_so_do_processes(tmp_path, ends):
    path = tmp_path / "quota.sqlite"
    mine = Ledger(path, "a", 100)
    command = [sys.executable, "-c", _COUNTING, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:

        def theirs():
            process.stdin.write("count\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        try:
            mine.reserve("list")
            assert theirs() == 2
            delete(path, *ends)
            with pytest.warns(CrispWarning, match="carried over"):
                mine.reserve("list")
            assert mine.used == 3
            assert theirs() == 4
            assert mine.used == 4
            delete(path)
            assert theirs() == 5
            mine.reserve("list")
            assert mine.used == 6
            assert theirs() == 7
        finally:
            process.kill()


def test_a_ledger_of_which_nothing_is_open_any_more_is_told(tmp_path):
    """As before a fork, which closes all connections."""
    ledger = Ledger(tmp_path / "quota.sqlite", "a", 100)
    other = Ledger(tmp_path / "copy.sqlite", "a", 100)
    for one in (ledger, other, ledger):
        one.reserve("list")
    other.close_file()
    ledger._file._pool.close_idle()
    os.replace(tmp_path / "copy.sqlite", tmp_path / "quota.sqlite")
    with pytest.warns(CrispWarning, match="may be missing"):
        ledger.reserve("list")
    assert ledger.used == 2


def test_a_ledger_that_another_one_replaces(tmp_path):
    """A copy that was restored, say: for each day the higher count holds."""
    path, copy = tmp_path / "quota.sqlite", tmp_path / "copy.sqlite"
    ledger, other = Ledger(path, "a", 100), Ledger(copy, "a", 100)
    other.reserve("get")
    other.close_file()
    for _ in range(3):
        ledger.reserve("list")
    delete(path, *LOGS)
    os.replace(copy, path)
    with pytest.warns(CrispWarning, match="carried over"):
        ledger.reserve("list")
    assert ledger.used == 4


def test_a_log_is_not_read_into_another_file(tmp_path):
    """SQLite would read the log of the file that was replaced into the one that replaced it."""
    path, copy = tmp_path / "quota.sqlite", tmp_path / "copy.sqlite"
    ledger, other = Ledger(path, "a", 100), Ledger(copy, "a", 100)
    other.reserve("get")
    other.close_file()
    ledger.reserve("list")
    os.replace(copy, path)
    for _ in range(2):
        with pytest.raises(FileTrouble, match=r"the log of the former file") as caught:
            ledger.reserve("list")
        assert re.search(r"quota\.sqlite-wal and quota\.sqlite-shm away", caught.value.hint)
    delete(path, *LOGS)
    with pytest.warns(CrispWarning, match="carried over"):
        ledger.reserve("list")
    assert ledger.by_operation() == {"get": 1, "list": 2}


@pytest.mark.parametrize("name", ["outbox", "quota"])
def test_nor_is_that_of_a_process_that_was_killed(tmp_path, name):
    path = tmp_path / f"{name}.sqlite"
    script = (
        "import os, sys; from pathlib import Path; "
        "from crisp_data.local.sqlite_file import Database\n"
        f"with Database(Path(sys.argv[1]), {SETUP!r}).transaction() as db:\n"
        "    db.execute('INSERT INTO day VALUES (1)'); db.execute('COMMIT'); os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert done.returncode == 9
    delete(path, "")
    with pytest.raises(FileTrouble, match="is missing, and its log") as caught:
        Database(path, SETUP).transaction().__enter__()
    assert f"{name}.sqlite-wal and {name}.sqlite-shm away" in caught.value.hint
    assert not path.exists()
    delete(path, *LOGS)
    with Database(path, SETUP).connection() as db:
        assert db.execute("SELECT x FROM day").fetchall() == []


@DELETED
def test_a_deleted_outbox_sends_nothing(sandbox, tmp_path, ends):
    ws = crisp.connect(sandbox=sandbox, writes=True, state_dir=tmp_path / "state")
    path = tmp_path / "state" / "outbox.sqlite"
    frame = ws.conversations(state="unresolved", limit=3)
    again = {"template": "Hello", "batch": "one", "confirm": True, "quiet_days": None}
    ws.send_many(frame, **again)
    before = sandbox.stats()["requests"]
    shutil.copytree(tmp_path / "state", tmp_path / "aside")
    os.rename(path, tmp_path / "moved")
    for end in ends[1:]:
        os.rename(f"{path}{end}", tmp_path / f"moved{end}")
    for use in (
        lambda: ws.send_many(frame, **again),
        lambda: ws.send(frame["session_id"][0], "Hello"),
        ws.outbox.resume,
        lambda: ws.outbox.counts,
    ):
        with pytest.raises(FileTrouble, match=r"outbox\.sqlite was deleted or repl") as caught:
            use()
        assert "Put it back" in caught.value.hint
        assert "ws.close()" in caught.value.hint
    assert not path.exists()
    assert sandbox.stats()["requests"] == before
    for end in ends:
        os.rename(tmp_path / f"moved{end}", f"{path}{end}")
    ws.send_many(frame, **again)  # it is there again, and knows what was sent
    assert sandbox.stats()["by_operation"]["send_message_in_conversation"] == len(frame)
    delete(path)
    ws.close()  # it was meant
    assert ws.outbox.counts["sent"] == 0


def test_an_outbox_that_is_deleted_while_it_sends_ends_the_sending(sandbox, tmp_path):
    ws = crisp.connect(sandbox=sandbox, writes=True, state_dir=tmp_path / "state")
    frame = ws.conversations(state="unresolved", limit=5)

    def deleted(done, of):
        if done == 2:
            delete(tmp_path / "state" / "outbox.sqlite")

    with pytest.raises(FileTrouble, match="deleted or replaced"):
        ws.send_many(frame, template="Hello", confirm=True, quiet_days=None, progress=deleted)
    assert sandbox.stats()["by_operation"]["send_message_in_conversation"] == 2


@DELETED
def test_a_deleted_cache_is_begun_anew(sandbox, ws, ends):
    path = ws.client.cache_path
    found = ws.operators()
    delete(path, *ends)
    before = sandbox.stats()["requests"]
    assert ws.operators().equals(found)
    assert sandbox.stats()["requests"] == before + 1
    assert path.exists()
    assert ws.operators().equals(found)
    other = crisp.connect(sandbox=sandbox)
    before = sandbox.stats()["requests"]
    assert other.operators().equals(found)  # from the same file
    assert sandbox.stats()["requests"] == before


_IDLE = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA wal_autocheckpoint = 0")
db.execute("DELETE FROM responses")
db.execute("INSERT INTO responses VALUES ('a', zeroblob(100000), 1)")
print("ready", flush=True)
sys.stdin.readline()
"""


def test_nor_is_the_log_of_a_deleted_cache_that_another_process_has_open(sandbox, ws):
    found, path = ws.operators(), ws.client.cache_path
    ws.client.close()
    command = [sys.executable, "-c", _IDLE, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout.readline() == b"ready\n"
            delete(path, "")
            again = crisp.connect(sandbox=sandbox)
            assert again.operators().equals(found)
            before = sandbox.stats()["requests"]
            assert again.operators().equals(found)
            assert ws.operators().equals(found)
            assert sandbox.stats()["requests"] == before
            other.stdin.write(b"end\n")
            other.stdin.close()
            assert other.wait(60) == 0
            with again.client._cache.file.responses.connection() as db:
                assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert again.operators().equals(found)
            assert sandbox.stats()["requests"] == before
        finally:
            other.kill()


def test_what_reads_and_counts_at_once_goes_on(tmp_path):
    """Files that are deleted while eight threads use them."""
    with Sandbox(seed=1, conversations=60) as sandbox:
        places = {"state_dir": tmp_path / "state", "cache_dir": tmp_path / "cache"}
        ws = crisp.connect(sandbox=sandbox, workers=8, quota=10**6, **places)
        ids = list(ws.conversations()["session_id"])
        attempt, sent = ws.client._transport.send, []

        def deleting(*arguments, **options):
            sent.append(1)
            if len(sent) == 20:
                delete(ws.client.cache_path, "")
                delete(ws.client.state_dir / "quota.sqlite", "")
            return attempt(*arguments, **options)

        ws.client._transport.send = deleting
        with pytest.warns(CrispWarning, match="deleted or replaced"):
            found = ws.messages(ids)
        assert set(found["session_id"]) == set(ids)
        assert ws.quota.used == sandbox.stats()["requests"]
