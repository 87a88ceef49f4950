"""A file that another program holds, or that is cut short: told in seconds, never waited for."""

import sqlite3
import time
import warnings
from contextlib import closing, contextmanager

import pytest
from requests_cache import SQLiteCache
from urllib3 import HTTPConnectionPool
from urllib3.exceptions import ConnectTimeoutError

import crisp_data as crisp
from crisp_data.local import connection_pool, sqlite_file
from crisp_data.local.sqlite_file import Database
from crisp_data.outbox.journal import Journal
from crisp_data.quota.ledger import Reservation
from crisp_data.rest import cache_file, cache_purge

pytestmark = pytest.mark.reliability("sqlite")


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(cache_file, "HELD_WAIT", 0.05)
    monkeypatch.setattr(sqlite_file, "BUSY_WAIT", 0.05)
    monkeypatch.setattr(connection_pool, "OPEN_WAIT", 0.05)


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
    ws.client._cache_file.get().left_until = 0.0  # a minute later
    assert len(ws.operators(refresh=True)) > 0
    before = sandbox.stats()["requests"]
    assert len(ws.operators()) > 0
    assert sandbox.stats()["requests"] == before


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
        with pytest.raises(crisp.FileTrouble, match="still using"):
            ws.client.purge_cache(wait=0.1)
        with pytest.warns(crisp.CrispWarning, match="locked"):
            assert not ws.client.is_cached("get_website", website_id=ws.website_id)


def test_a_write_is_done_and_what_it_left_is_told(sandbox, ws):
    with held(ws.client.cache_path, "IMMEDIATE"), pytest.warns(crisp.CrispWarning, match="before"):
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
