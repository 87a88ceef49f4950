"""A forked child shares nothing with its parent that two cannot use at once."""

import multiprocessing
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest
from tqdm.auto import tqdm

import crisp_data as crisp
from crisp_data.local import connection_pool, database_opening, private
from crisp_data.local.forks import PerProcess
from crisp_data.rest import message_threads
from tests.local.forked import MARKS, Child
from tests.marks import slow

pytestmark = [*MARKS, pytest.mark.reliability("forks")]
CHILDREN = 3


def warm(ws, ids):
    """Use several connections of the pool, so that there is something to take over."""
    with ThreadPoolExecutor(ws.client.workers) as pool:
        list(pool.map(lambda session_id: ws.messages(session_id, refresh=True), ids[:8]))


def wrong_answers(ws, ids):
    """How many of the answers belong to another request than the one that was sent."""
    wrong = 0
    for session_id in ids:
        path = f"website/{ws.website_id}/conversation/{session_id}"
        wrong += ws.client.get(path, refresh=True)["session_id"] != session_id
    return wrong


def test_every_answer_belongs_to_its_request(sandbox, ws, reliability):
    ids = list(ws.conversations()["session_id"])
    warm(ws, ids)
    before = sandbox.stats()["requests"]
    parts = [ids[at :: CHILDREN + 1] for at in range(CHILDREN + 1)]
    children = [Child(lambda part=part: wrong_answers(ws, part)) for part in parts[1:]]
    assert wrong_answers(ws, parts[0]) == 0
    assert [child.result() for child in children] == [0] * CHILDREN
    assert sandbox.stats()["requests"] - before == len(ids)
    assert ws.quota.used == sandbox.stats()["requests"]
    reliability.count(len(ids), "reads in four processes at once")
    spent = sandbox.stats()["requests"]
    for session_id in ids:  # nor is anything wrong kept
        kept = ws.client.get(f"website/{ws.website_id}/conversation/{session_id}")
        assert kept["session_id"] == session_id
    assert sandbox.stats()["requests"] == spent


def test_every_message_arrives_whole_and_once(sandbox, ws, reliability):
    ids = list(ws.conversations()["session_id"])
    warm(ws, ids)

    def send(child):
        for number in range(5):
            ws.send(ids[number], crisp.outgoing.Text(f"{child} {number} " + "x" * 3000))

    children = [Child(lambda child=child: send(child)) for child in range(CHILDREN)]
    send("parent")
    for child in children:
        child.result()
    texts = [str(row["content"]) for row in sandbox.truth("messages")]
    who = [*map(str, range(CHILDREN)), "parent"]
    assert Counter(text for text in texts if "xxx" in text) == Counter(
        f"{name} {number} " + "x" * 3000 for name in who for number in range(5)
    )
    assert ws.outbox.counts["sent"] == 5 * len(who)
    reliability.count(5 * len(who), "messages from four processes at once")


def test_a_pool_of_forked_workers_maps(sandbox, ws, monkeypatch):
    """As an analyst writes it: the workspace is a global of the notebook."""
    ids = list(ws.conversations()["session_id"][:12])
    warm(ws, ids)
    monkeypatch.setattr(sys.modules[__name__], "_notebook", ws, raising=False)
    with multiprocessing.get_context("fork").Pool(4) as pool:
        frames = pool.map_async(_messages, ids).get(60)
    assert [set(frame["session_id"]) for frame in frames] == [{one} for one in ids]


def _messages(session_id):
    return sys.modules[__name__]._notebook.messages(session_id, refresh=True)


@contextmanager
def ended_where_it_fails():
    """Kill all workers then: an executor waits for the work that each has in hand."""
    try:
        yield
    except BaseException:
        for worker in multiprocessing.active_children():
            worker.kill()
        raise


@pytest.mark.parametrize("kind", ["Pool", "ProcessPoolExecutor"])
def test_a_pool_of_forked_workers_maps_a_method(sandbox, ws, kind):
    """Which is pickled, though the workers have its workspace; its key is not."""
    from concurrent.futures import ProcessPoolExecutor

    ids = list(ws.conversations()["session_id"][:8])
    warm(ws, ids)
    paths = [f"website/{ws.website_id}/conversation/{session_id}" for session_id in ids]
    context = multiprocessing.get_context("fork")
    before = sandbox.stats()["requests"]
    if kind == "Pool":
        with context.Pool(3) as pool:
            frames = pool.map_async(partial(ws.messages, refresh=True), ids).get(60)
            found = pool.map_async(ws.client.get, paths).get(60)
    else:
        with ProcessPoolExecutor(3, mp_context=context) as pool, ended_where_it_fails():
            frames = list(pool.map(partial(ws.messages, refresh=True), ids, timeout=60))
            found = list(pool.map(ws.client.get, paths, timeout=60))
    assert [set(frame["session_id"]) for frame in frames] == [{one} for one in ids]
    assert [one["session_id"] for one in found] == ids
    assert sandbox.stats()["requests"] - before >= 2 * len(ids)
    assert ws.quota.used == sandbox.stats()["requests"]


@pytest.mark.parametrize("kind", ["fork", "pool before", "pool within"])
def test_a_budget_is_not_spent_once_by_each_process(sandbox, ws, kind):
    """A child has a copy of it; a pool that was made before the block does not know it."""
    ids = list(ws.conversations()["session_id"][:6])
    before, context = sandbox.stats()["requests"], multiprocessing.get_context("fork")
    refused = partial(pytest.raises, crisp.ForkedProcess, match="A budget of 2 requests is open")
    if kind == "fork":
        with ws.budget(2) as budget:
            children = [Child(lambda: ws.messages(ids, refresh=True)) for _ in range(CHILDREN)]
            for child in children:
                with refused() as caught:
                    child.result()
    elif kind == "pool before":
        with context.Pool(2) as pool, ws.budget(2) as budget:
            with refused() as caught:
                pool.map_async(partial(ws.messages, refresh=True), ids).get(60)
            with refused():
                pool.map_async(ws.client.get, [f"website/{ws.website_id}"]).get(60)
    else:
        with ws.budget(2) as budget, context.Pool(2) as pool, refused() as caught:
            pool.map_async(partial(ws.messages, refresh=True), ids).get(60)
    assert "Open the budget in the function" in caught.value.hint
    assert sandbox.stats()["requests"] == before
    assert (budget.used, ws.quota.used) == (0, before)


def test_a_budget_that_a_child_opens_bounds_it(sandbox, ws):
    """What its parent has open is no longer asked then; what only counts never is."""
    ids = list(ws.conversations()["session_id"][:6])
    before = sandbox.stats()["requests"]

    def work():
        with ws.budget(2) as own, pytest.raises(crisp.QuotaExceeded, match="budget of 2"):
            [ws.messages(session_id, refresh=True) for session_id in ids]
        with ws.budget(sys.maxsize), pytest.raises(crisp.ForkedProcess, match="of 9 requests"):
            ws.messages(ids[0], refresh=True)
        return own.used

    with ws.budget(9) as budget, ws.budget(sys.maxsize):
        children = [Child(work) for _ in range(CHILDREN)]
        assert [child.result() for child in children] == [2] * CHILDREN
        ws.messages(ids[0], refresh=True)
    assert budget.used == 1
    with ws.budget(sys.maxsize):
        assert len(Child(lambda: ws.messages(ids[1], refresh=True)).result()) > 0
    assert sandbox.stats()["requests"] - before == 2 * CHILDREN + 2
    assert ws.quota.used == sandbox.stats()["requests"]


def test_a_worker_that_did_not_inherit_the_workspace_is_told(sandbox, ws):
    """When it uses it: an error while a task is read would let the pool wait for ever."""
    ids = list(ws.conversations(limit=2)["session_id"])
    with multiprocessing.get_context("fork").Pool(1) as pool:
        later = crisp.connect(sandbox=sandbox)
        with pytest.raises(crisp.ForkedProcess, match="connect") as caught:
            pool.map_async(later.messages, ids).get(60)
        assert "initializer" in caught.value.hint
        assert [len(frame) > 0 for frame in pool.map_async(ws.messages, ids).get(60)] == [True] * 2
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        for method in (ws.messages, ws.client.get):
            with pytest.raises(crisp.ForkedProcess, match="did not begin as a fork"):
                pool.map_async(method, ids).get(60)


def test_no_pickle_holds_the_key(ws):
    from multiprocessing.reduction import ForkingPickler

    for thing in (ws, ws.client, ws.messages):
        pickled = bytes(ForkingPickler.dumps(thing))
        token = ws.client.settings.credentials
        assert token.key.encode() not in pickled
        assert token.identifier.encode() not in pickled
        with pytest.raises(TypeError, match="cannot be pickled"):  # nothing that might reach a disk
            pickle.dumps(thing)


# What another thread of the parent holds at that moment


def hold(context):
    """Enter a context in a thread; returns what leaves it, and the thread."""
    inside, leave = threading.Event(), threading.Event()

    def work():
        with context:
            inside.set()
            assert leave.wait(60)

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(30)
    return leave, thread


def test_a_transaction_is_waited_for(ws):
    """SQLite in the child would go on believing that it is under way, for ever."""
    inside, ended = threading.Event(), threading.Event()

    def write():
        with ws.quota._file.transaction():
            inside.set()
            while connection_pool._gate.forking is None:  # until a fork is under way
                os.sched_yield()
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    assert inside.wait(30)
    used = ws.quota.used
    child = Child(lambda: (ended.is_set(), ws.quota.reserve("child").operation))
    assert child.result() == (True, "child")
    writer.join(30)
    assert ws.quota.used == used + 1


def test_a_transaction_that_lasts_is_left_to_the_parent(ws, monkeypatch):
    monkeypatch.setattr(connection_pool, "FORK_WAIT", 0.05)
    ids = list(ws.conversations(limit=2)["session_id"])
    leave, thread = hold(ws.quota._file.transaction())
    child = Child(lambda: ws.messages(ids, refresh=True))
    with pytest.raises(crisp.ForkedProcess, match=r"quota\.sqlite") as caught:
        child.result(20)
    assert "spawn" in caught.value.hint
    other = sqlite3.connect(ws.client.state_dir / "quota.sqlite", timeout=0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):  # the child released nothing
        other.execute("BEGIN IMMEDIATE")
    other.close()
    leave.set()
    thread.join(30)
    assert len(ws.messages(ids)) > 0


def test_a_message_that_a_child_cannot_count_is_not_sent(sandbox, ws, monkeypatch):
    """Nor need it be looked up: it waits in the queue."""
    monkeypatch.setattr(connection_pool, "FORK_WAIT", 0.05)
    session_id = ws.conversations(limit=1)["session_id"][0]
    ws.send(session_id, "Before")
    leave, thread = hold(ws.quota._file.transaction())
    child = Child(lambda: ws.send(session_id, "After"))
    with pytest.raises(crisp.ForkedProcess):
        child.result(20)
    leave.set()
    thread.join(30)
    assert (ws.outbox.counts["queued"], ws.outbox.counts["unknown"]) == (1, 0)
    assert (ws.outbox.resume()["state"] == "sent").all()


def test_a_file_that_is_being_opened_is_left_to_the_parent_too(ws, monkeypatch):
    monkeypatch.setattr(connection_pool, "FORK_WAIT", 0.05)
    ws.client.close()
    opening, go, real = threading.Event(), threading.Event(), database_opening.open_database

    def slowly(*arguments, **options):
        db = real(*arguments, **options)
        opening.set()
        assert go.wait(60)
        return db

    with ThreadPoolExecutor(1) as pool, monkeypatch.context() as slow:
        slow.setattr(database_opening, "open_database", slowly)
        used = pool.submit(lambda: ws.quota.used)
        assert opening.wait(30)
        slow.undo()
        child = Child(lambda: ws.quota.used)
        go.set()
        with pytest.raises(crisp.ForkedProcess):
            child.result(20)
        assert used.result(30) == ws.quota.used


def test_a_child_holds_files_of_its_own(ws):
    """While it reads, nobody may take the file's log away: not even who had it open before."""
    path = ws.client.state_dir / "quota.sqlite"
    assert ws.quota.used > 0
    reading, go = os.pipe(), os.pipe()

    def read():
        with ws.quota._file.connection() as db:
            db.execute("BEGIN")
            first = db.execute("SELECT sum(used) FROM day").fetchone()
            os.write(reading[1], b"x")
            os.read(go[0], 1)
            return first == db.execute("SELECT sum(used) FROM day").fetchone()

    child = Child(read)
    os.read(reading[0], 1)
    ws.client.close()
    subprocess.run([sys.executable, "-c", _OPENED_AND_CLOSED, path], check=True, timeout=60)
    assert path.with_name("quota.sqlite-wal").exists()
    os.write(go[1], b"x")
    assert child.result()
    for end in (*reading, *go):
        os.close(end)


_OPENED_AND_CLOSED = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("CREATE TABLE other (x)")
db.commit()
db.close()
"""


@pytest.mark.parametrize("which", ["budgets", "files", "bars"])
def test_a_lock_holds_no_child_up(sandbox, ws, which, tmp_path):
    ids = list(ws.conversations(limit=2)["session_id"])
    lock = {"budgets": ws.quota.budgets._lock, "files": private._creating, "bars": tqdm.get_lock()}
    held = lock[which]
    leave, thread = hold(held.get() if isinstance(held, PerProcess) else held)
    try:

        def work():
            own = crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "new")
            return len(own.messages(ids, refresh=True)) and len(ws.messages(ids, refresh=True))

        assert Child(work).result() > 0
    finally:
        leave.set()
        thread.join(30)


# What has threads in the parent


def test_threads_that_read_stay_the_parents(ws):
    ids = list(ws.conversations(limit=8)["session_id"])
    reading = message_threads.read(ws.client, ws.website_id, ids)
    first = next(reading)
    with pytest.raises(crisp.ForkedProcess, match="threads"):
        Child(lambda: len(list(reading))).result(20)
    assert [first.session_id, *(one.session_id for one in reading)] == ids


def test_a_sandbox_stays_its_parents(sandbox):
    ws = crisp.connect(sandbox=True)
    box, folder = ws.sandbox, ws.client.cache_path.parent

    def end():
        found = len(ws.conversations(limit=5))
        ws.close()  # which would wait for a thread that is not there
        return found

    assert Child(end).result(20) == 5
    assert folder.is_dir()
    assert len(ws.conversations(limit=5, refresh=True)) == 5
    url = box.url
    child = Child(signal.pause)
    try:
        ws.close()
        # Refused, or reset by a child that is slow to close it: not taken by one that is deaf.
        with pytest.raises((urllib.error.URLError, ConnectionResetError)):
            urllib.request.urlopen(url, timeout=5)
    finally:
        child.kill()


_ENDS = """
import os, sys
import crisp_data as crisp
from crisp_data.sandbox import Sandbox

box = Sandbox(conversations=20, tls=True).start()
ws = crisp.connect(sandbox=box)
child = os.fork()
if child == 0:
    sys.exit(0)
os.waitpid(child, 0)
print(len(ws.conversations(refresh=True)), os.path.exists(box.ca), ws.client.cache_path.exists())
"""


def test_a_child_that_ends_as_a_program_does_removes_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", _ENDS], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.stdout == "20 True True\n", done.stderr


# Archives


_ARCHIVE = """
import os, sys
sys.path.insert(0, {tests!r})
from tests.local.forked import Child
import crisp_data as crisp
from crisp_data.errors import ForkedProcess

read = lambda: len(crisp.Archive({path!r}).conversations())
print(Child(read).result(60))
if {library!r}:
    from deltalake import DeltaTable
    DeltaTable({path!r} + "/conversations")
else:
    read()
try:
    Child(read).result(60)
except ForkedProcess as error:
    print("refused", "spawn" in str(error))
print(read())
"""


@pytest.mark.parametrize("library", [False, *slow(True)], ids=["by us", "by its user"])
def test_a_forked_reader_of_an_archive_reads_or_is_refused(ws, tmp_path, library):
    """A child may be the first to use Delta Lake, and not a second: its threads do not fork."""
    path = str(tmp_path / "acme")
    ws.archive(path).sync()
    script = _ARCHIVE.format(tests=os.path.dirname(__file__), path=path, library=library)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.stdout.split("\n")[:3] == ["120", "refused True", "120"], done.stderr


@pytest.mark.slow
def test_an_archive_in_a_task_is_refused_by_name(ws, tmp_path):
    """As an analyst writes it: the method of an archive that the notebook has read."""
    archive = ws.archive(tmp_path / "acme")
    archive.sync(since="60 days ago")
    ids = list(archive.conversations()["session_id"][:2])
    for start in ("fork", "spawn"):
        with (
            multiprocessing.get_context(start).Pool(1) as pool,
            pytest.raises(crisp.ForkedProcess, match=r"forked it|no such Archive") as caught,
        ):
            pool.map_async(archive.messages, ids).get(60)
        assert "open the archive" in caught.value.hint
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(archive)


def test_a_process_makes_its_own_and_keeps_the_parents():
    made = PerProcess(object)
    mine = made.get()
    assert made.get() is mine is made.made()
    assert Child(lambda: (made.made() is None, made.get() is not mine)).result() == (True, True)
    with ThreadPoolExecutor(8) as pool:
        anew = PerProcess(object)
        assert len(set(pool.map(lambda _: anew.get(), range(64)))) == 1
