"""A file that another program holds, or that is cut short: told in seconds, never waited for."""

import _thread
import signal
import sqlite3
import threading
import time
import warnings
from concurrent.futures import CancelledError
from contextlib import ExitStack, closing, contextmanager

import pytest
from click.testing import CliRunner
from requests_cache import SQLiteCache
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError

import crisp_data as crisp
from crisp_data.cli import main, status
from crisp_data.local import cancellation, connection_pool, database_opening, sqlite_file
from crisp_data.local.sqlite_file import Database
from crisp_data.outbox.journal import Journal
from crisp_data.quota.ledger import Reservation
from crisp_data.rest import cache_access, cache_file, cache_purge
from tests.local.forked import Child

pytestmark = pytest.mark.reliability("sqlite")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(cache_access, "HELD_WAIT", 0.05)
    monkeypatch.setattr(sqlite_file, "BUSY_WAIT", 0.05)
    monkeypatch.setattr(database_opening, "OPEN_WAIT", 0.05)


@contextmanager
def held(path, how):
    """Hold a file as another program would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        if how == "ALONE":  # then not even reading is allowed
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            other.execute("CREATE TABLE IF NOT EXISTS mine (x)")
            other.execute("COMMIT")
        else:
            other.execute(f"BEGIN {how}")
        yield


HOW = ["IMMEDIATE", "EXCLUSIVE", "ALONE"]


@pytest.mark.parametrize("how", HOW)
def test_a_pull_goes_on_without_a_cache_that_is_held(sandbox, ws, how):
    ws.client.close()
    before = sandbox.stats()["requests"]
    with held(ws.client.cache_path, how):
        with pytest.warns(crisp.CrispWarning, match="locked by another program.*cost again"):
            assert len(ws.operators(refresh=True)) > 0
        with warnings.catch_warnings():  # told once, and not waited for again
            warnings.simplefilter("error")
            assert len(ws.operators(refresh=True)) > 0
        assert sandbox.stats()["requests"] == before + 2
    assert len(ws.operators(refresh=True)) > 0
    before = sandbox.stats()["requests"]
    assert len(ws.operators()) > 0
    assert sandbox.stats()["requests"] == before


class Clock:
    """Stands for time and waits: it goes on where somebody waits, and nobody really does."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds
        time.sleep(0.001)  # lets others work


@pytest.fixture
def clock(monkeypatch):
    """A clock for the waits of the cache, which are as long as they really are."""
    clock = Clock()
    # Nobody holds the ledger, and on a busy machine workers that open it wait for each other.
    monkeypatch.setattr(sqlite_file, "BUSY_WAIT", 30.0)
    monkeypatch.setattr(database_opening, "OPEN_WAIT", 30.0)
    monkeypatch.setattr(cache_access, "HELD_WAIT", 5.0)
    monkeypatch.setattr(cache_access, "time", clock)
    monkeypatch.setattr(cache_access, "waits", clock)
    return clock


@contextmanager
def warned_once(words):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    found = [str(one.message) for one in caught if issubclass(one.category, crisp.CrispWarning)]
    assert sum("locked by another program" in text for text in found) == 1
    assert words in found[0]


@pytest.mark.parametrize("how", HOW)
def test_many_messages_wait_once_for_a_cache_that_is_held(sandbox, ws, clock, how):
    """It was one wait, and one warning, for each."""
    frame = ws.conversations(state="unresolved", limit=8)
    ws.close()
    began = clock.now
    with held(ws.client.cache_path, how), warned_once("no longer waited for"):
        again = {"template": "Hello", "batch": "one", "confirm": True, "quiet_days": None}
        assert (ws.send_many(frame, **again)["state"] == "sent").all()
        ws.operators(refresh=True)
    assert 5 <= clock.now - began < 5.2
    ws.operators(refresh=True)  # which can be stored: it is free again
    ws.close()
    began = clock.now
    with held(ws.client.cache_path, how), warned_once("locked"):  # by another, say
        ws.operators(refresh=True)
    assert 5 <= clock.now - began < 5.2


@pytest.mark.parametrize("how", HOW)
def test_workers_wait_once_for_a_cache_that_is_held(sandbox, clock, how):
    ws = crisp.connect(sandbox=sandbox, workers=4)
    ids = list(ws.conversations(limit=20)["session_id"])
    ws.client.close()
    began = clock.now
    with held(ws.client.cache_path, how), warned_once("locked"):
        assert len(ws.messages(ids)) > 0
    assert 5 <= clock.now - began < 5.4


def test_who_asks_for_the_cache_itself_waits_for_the_others_too(sandbox, ws, clock):
    ws.client.close()
    with held(ws.client.cache_path, "ALONE"):
        with pytest.raises(crisp.FileTrouble, match="locked by another program"):
            ws.client.cached()
        assert "locked by another program" in repr(ws)
        with pytest.warns(crisp.CrispWarning, match="locked"):
            ws.operators()
        assert 5 <= clock.now < 5.1
    assert ws.client.cached() > 0


def state_of(ws, session_id):
    return ws.client.get(f"website/{ws.website_id}/conversation/{session_id}/state")["state"]


def change_state(ws, session_id, state):
    ws.client.patch(f"website/{ws.website_id}/conversation/{session_id}/state", {"state": state})


@pytest.mark.parametrize("interrupted", [False, True])
@pytest.mark.parametrize("how", HOW)
def test_what_a_write_made_stale_is_never_given(sandbox, ws, clock, monkeypatch, how, interrupted):
    """Not while the file is held, where it can be read, and not afterwards."""
    session_id = ws.conversations(state="unresolved", limit=1)["session_id"][0]
    assert state_of(ws, session_id) == "unresolved"
    ws.client.close()
    with held(ws.client.cache_path, how), warnings.catch_warnings():
        warnings.simplefilter("ignore", crisp.CrispWarning)
        if interrupted:
            with monkeypatch.context() as waiting:
                waiting.setattr(clock, "sleep", interrupt)
                with pytest.raises(KeyboardInterrupt):
                    change_state(ws, session_id, "resolved")
        else:
            change_state(ws, session_id, "resolved")
        assert state_of(ws, session_id) == "resolved"
    assert state_of(ws, session_id) == "resolved"
    other = crisp.connect(sandbox=sandbox)  # as another process: the file has it no more
    before = sandbox.stats()["requests"]
    assert state_of(other, session_id) == "resolved"
    assert state_of(ws, session_id) == "resolved"
    assert sandbox.stats()["requests"] <= before + 1


@pytest.mark.parametrize("how", HOW)
def test_nor_is_it_given_to_another_client(sandbox, ws, clock, how):
    """Nor to one of another process: what they share is a file."""
    one, two = ws.conversations(state="unresolved", limit=2)["session_id"]
    assert state_of(ws, one) == state_of(ws, two) == "unresolved"
    other = crisp.connect(sandbox=sandbox)
    ws.client.close()
    other.client.close()
    with held(ws.client.cache_path, how), warnings.catch_warnings():
        warnings.simplefilter("ignore", crisp.CrispWarning)
        change_state(ws, one, "resolved")
        assert state_of(other, one) == "resolved"
    other = crisp.connect(sandbox=sandbox)
    assert state_of(other, one) == "resolved"
    assert one not in set(other.conversations(state="unresolved", limit=2)["session_id"])
    before = sandbox.stats()["requests"]
    assert state_of(other, two) == "unresolved"  # with which the write had nothing to do
    assert state_of(other, one) == "resolved"
    assert sandbox.stats()["requests"] == before


@pytest.mark.needs("fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_nor_to_a_fork(sandbox, ws, clock):
    session_id = ws.conversations(state="unresolved", limit=1)["session_id"][0]
    assert state_of(ws, session_id) == "unresolved"
    ws.client.close()
    with held(ws.client.cache_path, "IMMEDIATE"), warnings.catch_warnings():
        warnings.simplefilter("ignore", crisp.CrispWarning)
        change_state(ws, session_id, "resolved")
    assert Child(lambda: state_of(ws, session_id)).result() == "resolved"


def interrupt(seconds):
    raise KeyboardInterrupt


def test_nor_where_it_cannot_be_deleted_for_another_reason(sandbox, ws):
    session_id = ws.conversations(state="unresolved", limit=1)["session_id"][0]
    assert state_of(ws, session_id) == "unresolved"
    with ws.client._cache.file.responses.connection() as db:
        denied = {sqlite3.SQLITE_DELETE: sqlite3.SQLITE_DENY}
        db.set_authorizer(lambda action, *_: denied.get(action, sqlite3.SQLITE_OK))
        with pytest.warns(crisp.CrispWarning, match="before a write"):
            change_state(ws, session_id, "resolved")
        assert state_of(ws, session_id) == "resolved"
        db.set_authorizer(None)
    assert state_of(ws, session_id) == "resolved"
    before = sandbox.stats()["requests"]
    assert state_of(ws, session_id) == "resolved"  # from the cache, which is used again
    assert sandbox.stats()["requests"] == before


@pytest.mark.parametrize("raised", [crisp.FileTrouble("Too many files."), OSError(5, "I/O error")])
def test_what_is_done_at_crisp_stands_whatever_is_wrong_with_the_cache(ws, monkeypatch, raised):
    session_id = ws.conversations(state="unresolved", limit=1)["session_id"][0]
    assert state_of(ws, session_id) == "unresolved"

    def refused(*arguments):
        raise raised

    with monkeypatch.context() as files:
        files.setattr(ws.client._cache.file.pool, "_taken", refused)
        with pytest.warns(crisp.CrispWarning, match="before a write"):
            change_state(ws, session_id, "resolved")
    assert state_of(ws, session_id) == "resolved"


def test_a_purge_of_a_cache_that_is_held_ends(ws, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(clock, "sleep", lambda seconds: setattr(clock, "now", clock.now + 2.5))
    monkeypatch.setattr(cache_purge, "time", clock)
    ws.client.close()
    with held(ws.client.cache_path, "ALONE"):
        with pytest.raises(crisp.FileTrouble, match=r"for 10 s: nothing was deleted") as caught:
            ws.client.purge_cache()
        assert "Close that program and run the same line again" in caught.value.hint
    ws.client.purge_cache()
    assert ws.client.cached() == 0


def test_several_caches_that_are_held_are_waited_for_together(sandbox, ws, monkeypatch):
    clock, given = Clock(), []

    def clear(path, wait):
        given.append(wait)
        clock.sleep(wait)
        raise crisp.FileTrouble("It is held.")

    monkeypatch.setattr(status, "time", clock)
    monkeypatch.setattr(cache_purge, "clear", clear)
    folder = ws.client.cache_path.parent
    monkeypatch.setenv("CRISP_CACHE_DIR", str(folder))
    (folder / f"{'4' * 32}.sqlite").touch()
    (folder / f"{'4' * 32}.flights").mkdir()
    assert CliRunner().invoke(main, ["cache", "clear", "--yes"]).exit_code == 1
    assert given == [10, 0]


def test_so_does_a_connection_that_begins(sandbox, tmp_path):
    settings = crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "other").client
    path = tmp_path / "new" / settings.cache_path.name
    with held(path, "EXCLUSIVE"):
        with pytest.warns(crisp.CrispWarning, match="locked by another"):
            ws = crisp.connect(sandbox=sandbox, cache_dir=path.parent)
        assert len(ws.messages(ws.conversations(limit=4))) > 0


def test_what_asks_for_the_cache_itself_is_told(ws):
    ws.client.close()
    with held(ws.client.cache_path, "ALONE"):
        with pytest.raises(crisp.FileTrouble, match="locked by another program"):
            ws.client.cached()
        assert "locked by another program" in repr(ws)
        with pytest.raises(crisp.FileTrouble, match="nothing was deleted"):
            ws.client.purge_cache(wait=0.1)
        with pytest.warns(crisp.CrispWarning, match="locked"):
            assert not ws.client.is_cached("get_website", website_id=ws.website_id)


def test_a_write_is_done_and_what_it_left_is_told(sandbox, ws):
    with (
        held(ws.client.cache_path, "IMMEDIATE"),
        pytest.warns(crisp.CrispWarning, match="locked by"),
    ):
        made = ws.client.call("create_new_conversation", website_id=ws.website_id)
    assert any(row["session_id"] == made["session_id"] for row in sandbox.truth("conversations"))


@pytest.mark.parametrize("how", HOW)
def test_a_message_that_the_ledger_cannot_count_is_not_sent(sandbox, ws, monkeypatch, how):
    """Nobody need look it up: it stays in the queue, and the same line sends it."""
    session_id = ws.conversations(limit=1)["session_id"][0]
    monkeypatch.setattr(ws.client, "sleep", lambda seconds: pytest.fail("it waited"))
    ws.client.close()
    before = sandbox.stats()["requests"]
    with held(ws.client.state_dir / "quota.sqlite", how):
        with pytest.raises(
            crisp.FileTrouble, match=r"quota\.sqlite.*[Nn]othing was sent"
        ) as caught:
            ws.send(session_id, "Hello")
        assert "ws.outbox.resume()" in caught.value.hint
        assert ws.outbox.counts["queued"] == 1
    assert sandbox.stats()["requests"] == before
    assert ws.send(session_id, "Hello").state == "sent"
    assert ws.outbox.counts == dict.fromkeys(ws.outbox.counts, 0) | {"sent": 1}
    assert sandbox.stats()["requests"] == before + 1


class Watched(database_opening.Connection):
    """Notes for how many seconds a statement was to wait where it waited in vain."""

    waited = []  # noqa: RUF012  # of all

    def execute(self, *arguments):
        try:
            return super().execute(*arguments)
        except sqlite3.OperationalError:
            self.waited.append(self.wait)
            raise


@pytest.mark.parametrize(
    "pull",
    [
        lambda ws, frame: ws.messages(list(frame["session_id"]), refresh=True),
        lambda ws, frame: ws.send_many(frame, template="Hello", confirm=True, quiet_days=None),
    ],
    ids=["messages", "send_many"],
)
def test_workers_wait_once_for_a_ledger_that_is_held(sandbox, monkeypatch, pull):
    """They took turns: each waited for as long as the one before."""
    monkeypatch.setattr(sqlite_file, "BUSY_WAIT", 0.2)
    monkeypatch.setattr(connection_pool, "HELD_PAUSE", 60)  # however slow the machine
    monkeypatch.setattr(database_opening, "Connection", Watched)
    ws = crisp.connect(sandbox=sandbox, workers=4, writes=True)
    frame = ws.conversations(state="unresolved", limit=8)
    ws.close()
    assert ws.quota.used > 0  # and the ledger is open again
    before = sandbox.stats()["requests"]
    Watched.waited.clear()
    with held(ws.client.state_dir / "quota.sqlite", "IMMEDIATE"):
        with pytest.raises(crisp.FileTrouble, match="locked by another process"):
            pull(ws, frame)
        assert sum(Watched.waited) == 0.2
        with pytest.raises(crisp.FileTrouble, match="locked by another process"):
            ws.operators(refresh=True)  # at once
        assert sum(Watched.waited) == 0.2
    assert sandbox.stats()["requests"] == before
    assert len(ws.operators(refresh=True)) > 0  # also at once: it is free
    ws.quota._file._pool._held_until = 0.0  # later
    with ws.quota._file.connection() as db:
        assert db.wait == 0.2


class Waiting(database_opening.Connection):
    """Tells when a transaction is about to wait for who holds the file."""

    waits = threading.Event()

    def execute(self, *arguments):
        if arguments[0] == "BEGIN IMMEDIATE":
            self.waits.set()
        return super().execute(*arguments)


@pytest.fixture
def held_for_long(monkeypatch, sandbox):
    """A workspace whose files are open, held by another program until it is told to let go."""
    ws = crisp.connect(sandbox=sandbox, writes=True)
    ids = list(ws.conversations(limit=4)["session_id"])
    ws.close()
    monkeypatch.setattr(sqlite_file, "BUSY_WAIT", 600.0)
    monkeypatch.setattr(database_opening, "Connection", Waiting)
    ws = crisp.connect(sandbox=sandbox, writes=True)
    assert (ws.quota.used > 0, ws.outbox.left()) == (True, 0)
    with ExitStack() as files:
        for name in ("quota", "outbox"):
            path = ws.client.state_dir / f"{name}.sqlite"
            db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            files.enter_context(closing(db)).execute("BEGIN IMMEDIATE")
        Waiting.waits.clear()
        yield ws, ids, files.close


@pytest.mark.needs("interrupts")
@pytest.mark.parametrize(
    "use",
    [
        lambda ws, ids: ws.operators(refresh=True),
        lambda ws, ids: ws.send(ids[0], "Hello"),
        lambda ws, ids: ws.outbox.cancel(),
    ],
    ids=["ledger", "outbox", "outbox, cancel"],
)
def test_who_waits_for_a_file_hears_an_interrupt(held_for_long, use, request):
    """SQLite waited in C, where Python runs no handler: Ctrl-C came after 30 seconds."""
    # A shell lets what it runs in the background ignore interrupts.
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, former))
    ws, ids, let_go = held_for_long
    heard, late = threading.Event(), []

    def interrupt_main():
        assert Waiting.waits.wait(60)
        _thread.interrupt_main()
        if not heard.wait(10):
            late.append(True)
            let_go()

    thread = threading.Thread(target=interrupt_main)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        use(ws, ids)
    heard.set()
    thread.join(60)
    assert not late
    let_go()
    use(ws, ids)


def test_so_does_a_worker_whose_pull_has_ended(held_for_long):
    """The program ended 30 seconds after its Ctrl-C: the interpreter waits for its threads."""
    ws, _, let_go = held_for_long
    ended, raised = threading.Event(), []

    def work():
        try:
            with cancellation.ended_by(ended):
                ws.operators(refresh=True)
        except BaseException as error:
            raised.append(type(error))

    worker = threading.Thread(target=work)
    worker.start()
    assert Waiting.waits.wait(60)
    ended.set()
    worker.join(10)
    in_time = list(raised)
    let_go()
    worker.join(60)
    assert in_time == [CancelledError]
    assert len(ws.operators(refresh=True)) > 0


def test_a_turn_that_was_waited_for_shortens_the_wait_that_follows(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_file, "BUSY_WAIT", 0.3)
    database, found = ledger_of(tmp_path / "file.sqlite"), []
    taken, leave = threading.Event(), threading.Event()

    def hold():
        with database.transaction():
            taken.set()
            assert leave.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(60)
    with database._pool.writing() as db:
        found.append(db.wait)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            db.execute("BEGIN IMMEDIATE")
    leave.set()
    holder.join(60)
    assert found == [0]


def test_a_ledger_that_takes_nothing_back_hides_no_other_trouble(ws, monkeypatch):
    """A request that could not be sent stays counted then: too much, never too little."""

    def refused(*arguments, **options):
        raise crisp.FileTrouble("The ledger is held.")

    monkeypatch.setattr(ws.quota._file, "add", refused, raising=True)
    monkeypatch.setattr(ws.quota, "reserve", lambda *_, **__: Reservation("read", ["day"], []))
    monkeypatch.setattr(HTTPConnectionPool, "urlopen", gone)
    with pytest.raises(crisp.Unreachable):
        ws.operators(refresh=True)


def gone(*arguments, **options):
    raise ConnectTimeoutError


def ledger_of(path):
    return Database(path, "CREATE TABLE IF NOT EXISTS day (x);")


def journal_of(path):
    return Journal(path, "service", "account", "website")


@pytest.mark.parametrize("make", [ledger_of, journal_of])
@pytest.mark.parametrize("how", HOW)
def test_opening_a_file_that_is_held_is_told(tmp_path, make, how):
    path = tmp_path / "file.sqlite"
    database = make(path)
    with database.connection():
        pass
    database.disconnect()
    with held(path, how):
        began = time.monotonic()
        with pytest.raises(crisp.FileTrouble, match="locked by another process"):
            make(path).transaction().__enter__()
        assert time.monotonic() - began < 20  # it was 50 minutes
    with make(path).transaction():
        pass


@pytest.mark.parametrize("make", [ledger_of, journal_of])
@pytest.mark.parametrize("left", [0, 50, 100, 1024, 4096, 5000, 8192])
def test_opening_a_file_that_was_cut_is_told(tmp_path, make, left):
    """In its middle, in a page, or to nothing: SQLite would take an empty file for a new one."""
    path = tmp_path / "file.sqlite"
    database = make(path)
    with database.transaction() as db:
        db.execute("CREATE TABLE filler (x)")
        db.execute("INSERT INTO filler VALUES (zeroblob(100000))")
    database.disconnect()
    with path.open("r+b") as file:
        file.truncate(left)
    began = time.monotonic()
    with pytest.raises(crisp.FileTrouble, match="damaged"), make(path).connection() as db:
        db.execute("SELECT sum(length(x)) FROM filler").fetchone()
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("make", [ledger_of, journal_of])
@pytest.mark.parametrize("where", ["schema", "text"])
def test_a_file_with_bytes_that_are_no_text_is_told(tmp_path, make, where):
    """Python cannot read SQLite's own words about such a schema, nor the text."""
    path = tmp_path / "file.sqlite"
    database = make(path)
    with database.transaction() as db:
        db.execute("CREATE TABLE filler (x)")
        db.execute("INSERT INTO filler VALUES (CAST(x'ff41' AS TEXT))")
    database.disconnect()
    if where == "schema":
        spoil(path, b"filler")
    with pytest.raises(crisp.FileTrouble, match="damaged"), make(path).connection() as db:
        db.execute("SELECT x FROM filler").fetchone()


def test_so_is_a_cache_with_such_bytes(sandbox, tmp_path):
    options = {"sandbox": sandbox, "cache_dir": tmp_path, "state_dir": tmp_path / "state"}
    ws = crisp.connect(**options)
    path = ws.client.cache_path
    ws.client.close()
    spoil(path, b"responses")
    with pytest.raises(crisp.FileTrouble, match="damaged"):
        crisp.connect(**options)
    cache_purge.clear(path, 1)
    assert len(crisp.connect(**options).conversations(limit=3)) == 3


def spoil(path, table):
    content = path.read_bytes()
    assert table in content
    content = content.replace(b"CREATE TABLE " + table, b"CREATE FABLE " + table)
    path.write_bytes(content.replace(table, b"\xff" + table[1:]))


def test_the_table_is_the_one_that_the_library_makes(tmp_path):
    def tables(path):
        with closing(sqlite3.connect(path)) as db:
            query = (
                "SELECT name, type FROM sqlite_master WHERE tbl_name = 'responses' ORDER BY name"
            )
            columns = db.execute("PRAGMA table_info(responses)").fetchall()
            return db.execute(query).fetchall(), columns

    theirs = SQLiteCache(tmp_path / "theirs.sqlite")
    file = cache_file.open_file(tmp_path / "ours.sqlite")
    assert tables(tmp_path / "ours.sqlite") == tables(tmp_path / "theirs.sqlite")
    theirs.close()
    file.pool.close()
