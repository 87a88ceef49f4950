"""The file of answers emptied: nothing of what was in it is left, whoever uses it meanwhile."""

import os
import pickle
import re
import sqlite3
import stat
import subprocess
import sys
import threading
import zlib

import pytest

import crisp_data as crisp
from tests.local.forked import Child
from tests.reliability.children import processes

MARKER = "heron-7f3a"


@pytest.fixture
def kept(sandbox, tmp_path):
    """A workspace whose cache holds answers with the marker: live, replaced and deleted ones."""
    ws = crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "kept", state_dir=tmp_path / "state")
    ids = [row["session_id"] for row in sandbox.truth("conversations")]
    with ws.client._cache.file.responses.connection() as db:
        db.execute("PRAGMA secure_delete = OFF")  # as SQLite is by default; some systems' is not
    for session_id in ids[:20]:
        ws.client.post(
            f"website/{ws.website_id}/conversation/{session_id}/message",
            json={"type": "text", "from": "user", "origin": "chat", "content": MARKER * 200},
        )
        ws.messages(session_id)
        ws.messages(session_id, refresh=True)
    ws.conversations()
    ws.former = rows(ws)
    ws.client.patch(f"website/{ws.website_id}/conversation/{ids[0]}/state", {"state": "pending"})
    return ws


def rows(ws):
    """The compressed bodies of the rows in the file, read through SQLite."""
    with ws.client._cache.file.responses.connection() as db:
        return [value for (value,) in db.execute("SELECT value FROM responses")]


def deflated(packed):
    """The compressed answer in a row: the longest stretch that decompresses."""
    starts = [found.start() for found in re.finditer(b"\x78\x01", packed)]
    for start in starts:
        try:
            return packed[start:], zlib.decompressobj().decompress(packed[start:])
        except zlib.error:
            continue
    raise AssertionError("a row holds no compressed answer")


def bytes_on_disk(ws):
    """All bytes of the cache's files; read by a process whose closing them drops no lock here."""
    paths = sorted(ws.client.cache_path.parent.glob("*.sqlite*"))
    assert paths
    reader = [sys.executable, "-I", "-S", "-c", _READ, *map(str, paths)]
    found = pickle.loads(subprocess.run(reader, capture_output=True, check=True).stdout)
    return {path.name: content for path, content in zip(paths, found, strict=True)}


_READ = """
import pickle, sys
read = []
for path in sys.argv[1:]:
    with open(path, "rb") as file:
        read.append(file.read())
pickle.dump(read, sys.stdout.buffer)
"""


def test_nothing_is_left_of_any_answer(sandbox, kept):
    before = [deflated(packed) for packed in {*rows(kept), *kept.former}]
    assert len(before) > len(rows(kept))  # some were deleted since, without any care
    marked = [body for body, text in before if MARKER.encode() in text]
    assert len(marked) > 10
    pieces = [body[at : at + 24] for body in marked for at in range(0, len(body) - 24, 24)]
    on_disk = b"".join(bytes_on_disk(kept).values())
    assert sum(piece in on_disk for piece in pieces) > len(pieces) / 2  # the search does find

    kept.client.purge_cache()
    assert rows(kept) == []
    assert kept.client.cached() == 0
    files = bytes_on_disk(kept)
    for name, content in files.items():
        assert MARKER.encode() not in content
        assert not any(piece in content for piece in pieces), name
        assert b"\x78\x01" not in content or name.endswith("-shm")
        if os.name == "posix":
            assert stat.S_IMODE((kept.client.cache_path.parent / name).stat().st_mode) == 0o600

    spent = sandbox.stats()["requests"]
    assert MARKER in "".join(kept.messages(kept.conversations())["content"].dropna())
    assert sandbox.stats()["requests"] > spent


def _use(options, ready, stop, failures):
    try:
        ws = crisp.connect(**options)
        ids = list(ws.conversations()["session_id"])
        ready.release()
        while not stop.is_set():
            for session_id in ids[:5]:
                ws.messages(session_id)
        failures.put(None)
    except Exception as error:
        failures.put(repr(error))
        raise


@pytest.mark.reliability("forks")
@pytest.mark.slow
def test_others_go_on_meanwhile(sandbox, kept):
    """Threads and processes read and write while the cache is purged: none of them fails."""
    ready, stop, failures = processes.Semaphore(0), processes.Event(), processes.Queue()
    folder = kept.client.cache_path.parent
    options = {
        "website": sandbox.website_id,
        "identifier": sandbox.identifier,
        "key": sandbox.key,
        "tier": sandbox.tier,
        "base_url": sandbox.url,
        "cache_dir": folder,
        "state_dir": folder,
        "quota": 1_000_000,
    }
    use = {"target": _use, "args": (options, ready, stop, failures), "daemon": True}
    users = [processes.Process(**use), processes.Process(**use), threading.Thread(**use)]
    for user in users:
        user.start()
    assert all(ready.acquire(timeout=90) for _ in users)
    for _ in range(10):
        kept.client.purge_cache()
    stop.set()
    assert [failures.get(timeout=60) for _ in users] == [None] * len(users)
    for user in users:
        user.join(30)
    with kept.client._cache.file.responses.connection() as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def _read_on(path, reading, stop):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN")
    db.execute("SELECT count(*) FROM responses").fetchone()
    reading.set()
    stop.wait(300)
    db.execute("COMMIT")


def test_a_reader_is_waited_for_and_then_told(kept):
    reading, stop = processes.Event(), processes.Event()
    arguments = (kept.client.cache_path, reading, stop)
    reader = processes.Process(target=_read_on, args=arguments, daemon=True)
    reader.start()
    assert reading.wait(60)
    with pytest.raises(crisp.CrispError, match="Another process"):
        kept.client.purge_cache(wait=0.3)
    assert kept.client.cached() == 0
    purging = threading.Thread(target=kept.client.purge_cache)
    purging.start()
    stop.set()
    purging.join(30)
    assert not purging.is_alive()
    reader.join(30)
    assert not any(MARKER.encode() in content for content in bytes_on_disk(kept).values())
    assert bytes_on_disk(kept)[kept.client.cache_path.name + "-wal"] == b""


def test_what_is_on_the_wire_is_not_kept(sandbox, kept, monkeypatch):
    answered, purged = threading.Event(), threading.Event()
    attempt = kept.client._transport.send

    def answered_and_held(*arguments, **options):
        answer = attempt(*arguments, **options)
        answered.set()
        assert purged.wait(30)
        return answer

    monkeypatch.setattr(kept.client._transport, "send", answered_and_held)
    reader = threading.Thread(target=kept.operators)
    reader.start()
    assert answered.wait(30)
    kept.client.purge_cache()
    purged.set()
    reader.join(30)
    assert rows(kept) == []


def _connect_as_nobody(sandbox, folder):
    """Give the hint of the error with which the connection is refused to a process of no rights."""
    if os.geteuid() == 0:
        os.setuid(65534)
    with pytest.raises(crisp.CrispError) as caught:
        crisp.connect(sandbox=sandbox, cache_dir=folder / "cache", state_dir=folder / "state")
    return caught.value.hint


@pytest.mark.reliability("read_only")
@pytest.mark.needs("fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("what", ["folder", "file"])
def test_a_folder_that_cannot_be_written_is_told_before_anything_is_sent(sandbox, tmp_path, what):
    folder = tmp_path / "cache"
    folder.mkdir()
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    ws = crisp.connect(sandbox=sandbox, cache_dir=folder, state_dir=tmp_path / "state2")
    for path in folder.glob("*.sqlite*"):
        path.chmod(0o444)
    folder.chmod(0o555 if what == "folder" else 0o777)
    for parent in [tmp_path, *tmp_path.parents[:2]]:
        parent.chmod(parent.stat().st_mode | 0o055)
    spent = sandbox.stats()["requests"]
    try:
        assert "cache_dir" in Child(lambda: _connect_as_nobody(sandbox, tmp_path)).result(30)
    finally:
        folder.chmod(0o755)
    assert sandbox.stats()["requests"] == spent
    assert ws.name


@pytest.mark.reliability("disks")
def test_an_answer_that_cannot_be_kept_is_given_all_the_same(sandbox, ws):
    """The disk is full: what was paid for is not thrown away, and it is said."""
    with ws.client._cache.file.responses.connection() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
    spent = sandbox.stats()["requests"]
    with pytest.warns(crisp.CrispWarning, match="could not be cached"):
        assert len(ws.conversations(limit=50)) == 50
    assert sandbox.stats()["requests"] == spent + 1


def test_a_write_is_done_also_where_the_cache_cannot_drop_what_it_made_stale(ws):
    with ws.client._cache.file.responses.connection() as db:
        denied = {sqlite3.SQLITE_DELETE: sqlite3.SQLITE_DENY}
        db.set_authorizer(lambda action, *_: denied.get(action, sqlite3.SQLITE_OK))
    with pytest.warns(crisp.CrispWarning, match="from before a write"):
        made = ws.client.call("create_new_conversation", website_id=ws.website_id)
    assert made["session_id"]


@pytest.mark.reliability("sqlite")
def test_a_damaged_file_is_told_with_the_way_on(sandbox, ws, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ws.client.cache_path.name).write_bytes(b"no database" * 1000)
    spent = sandbox.stats()["requests"]
    with pytest.raises(crisp.CrispError, match="damaged") as caught:
        crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "other")
    assert "cache clear" in caught.value.hint
    assert sandbox.stats()["requests"] == spent


@pytest.mark.parametrize("meanwhile", ["a write", "a purge"])
def test_what_waits_to_be_stored_is_not_stored_where_it_holds_no_more(sandbox, tmp_path, meanwhile):
    """Another program may hold the file for a while, or another thread be first."""
    ws = crisp.connect(sandbox=sandbox, writes=True, cache_dir=tmp_path, state_dir=tmp_path)
    session_id = sandbox.truth("conversations")[0]["session_id"]
    asked = {"website_id": ws.website_id, "session_id": session_id}
    before = ws.client.call("get_conversation_state", **asked)["state"]
    state = "resolved" if before != "resolved" else "pending"
    ws.client.purge_cache()
    access = ws.client._cache.file._access
    write, waiting = access.write, [1]

    def waits(work, **options):
        if waiting and waiting.pop():
            if meanwhile == "a write":
                ws.set_state(session_id, state)
            else:
                ws.client.purge_cache()
        return write(work, **options)

    access.write = waits
    assert ws.client.call("get_conversation_state", **asked)["state"] == before
    assert not waiting
    assert not ws.client.is_cached("get_conversation_state", **asked)
    if meanwhile == "a write":
        assert ws.client.call("get_conversation_state", **asked)["state"] == state
