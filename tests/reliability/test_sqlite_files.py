"""The SQLite files under a whole workspace: cut anywhere, of another program, locked on and off."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import warnings
from collections import Counter
from contextlib import closing, contextmanager

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data.local import database_opening
from crisp_data.sandbox import Sandbox
from tests.marks import slow
from tests.reliability.children import connect, counted

pytestmark = [pytest.mark.reliability("sqlite"), pytest.mark.timeout(600)]
MESSAGES = 3
SEND = "send_message_in_conversation"
TABLES = {"cache": "responses", "quota": "day", "outbox": "message"}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(database_opening, "_OTHER", 0.05)


@pytest.fixture(scope="module")
def world():
    with Sandbox(seed=1, conversations=8) as sandbox:
        yield sandbox


@pytest.fixture
def used(world, tmp_path):
    """A folder whose files have been used and closed, and which of them is which."""
    ws = connect(world.card(), tmp_path / "used")
    ws.messages(ws.conversations())
    send(ws, tmp_path.name)
    paths = {"cache": ws.client.cache_path}
    paths |= {name: ws.client.state_dir / f"{name}.sqlite" for name in ("quota", "outbox")}
    ws.close()
    return tmp_path / "used", paths


def send(ws, batch):
    """The same call, whoever makes it again."""
    ids = [row["session_id"] for row in ws.client.get(LIST.format(ws.website_id), refresh=True)]
    frame = pd.DataFrame({"session_id": ids[:MESSAGES], "number": range(MESSAGES)})
    frame = frame.assign(state="unresolved", is_blocked=False)
    options = {"template": batch + " {{ number }}", "batch": batch, "quiet_days": None}
    return ws.send_many(frame, **options, confirm=True)


LIST = "website/{}/conversations/1"


def texts(world, batch):
    found = Counter(str(row["content"]) for row in world.truth("messages"))
    return [found[f"{batch} {number}"] for number in range(MESSAGES)]


def use(world, folder, batch):
    """Pull and send again; give the error where it was refused."""
    ws = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", crisp.CrispWarning)
            ws = connect(world.card(), folder)
            assert len(ws.conversations()) == len(world.truth("conversations"))
            send(ws, batch)
    except crisp.CrispError as error:
        return error
    finally:
        if ws is not None:
            ws.close()
    return None


@pytest.mark.parametrize("times", [3, *slow(30)])
@pytest.mark.parametrize("name", TABLES)
def test_a_file_that_was_cut_anywhere_sends_and_spends_nothing_twice(
    world, used, tmp_path, name, times, reliability
):
    folder, paths = used
    whole = paths[name].read_bytes()
    cuts, refused = [1 + len(whole) * number // times for number in range(times)], 0
    for cut in cuts:
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        path = copy / paths[name].relative_to(folder)
        path.write_bytes(whole[:cut])
        before, spent = counted(folder), world.stats()["requests"]
        error = use(world, copy, tmp_path.name)
        asked = world.stats()["requests"] - spent
        assert texts(world, tmp_path.name) == [1] * MESSAGES, cut
        if error is not None:
            refused += 1
            assert isinstance(error, crisp.FileTrouble), error
            assert "damaged" in str(error)
            if name == "quota":
                assert (asked, path.read_bytes()) == (0, whole[:cut])
        if name != "quota" or error is None:
            assert counted(copy) == before + asked
        shutil.rmtree(copy)
    assert refused >= len(cuts) / 2 or name == "cache"
    reliability.count(len(cuts), "files cut at a byte")


@pytest.mark.parametrize("named", ["as ours", "otherwise"])
@pytest.mark.parametrize("name", TABLES)
def test_a_file_of_another_program_keeps_what_is_in_it(world, used, name, named, tmp_path):
    folder, paths = used
    table = TABLES[name] if named == "as ours" else "invoice"
    paths[name].unlink()
    with closing(sqlite3.connect(paths[name])) as db:
        db.execute(f"CREATE TABLE {table} (number, total)")
        db.execute(f"INSERT INTO {table} VALUES (17, 2)")
        db.commit()
    sent = world.stats()["by_operation"][SEND]
    error = use(world, folder, "another " + tmp_path.name)
    with closing(sqlite3.connect(paths[name])) as db:
        assert db.execute(f"SELECT * FROM {table}").fetchall() == [(17, 2)]
        if named == "otherwise":  # not even a table of ours was added
            assert db.execute("SELECT name FROM sqlite_master").fetchall() == [(table,)]
    assert isinstance(error, crisp.CrispError)
    assert world.stats()["by_operation"][SEND] == sent
    assert str(paths[name]) in str(error) or f"{name}_dir" in str(error)


@contextmanager
def locked_on_and_off(paths, turns):
    """Another program that takes each file for itself, and lets go, so many times."""
    stop, taken = threading.Event(), Counter()

    def hold(path):
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as db:
            while taken[path] < turns and not stop.wait(0.002):
                db.execute("BEGIN EXCLUSIVE")
                taken[path] += 1
                stop.wait(0.01)
                db.execute("COMMIT")

    threads = [threading.Thread(target=hold, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    try:
        yield lambda: min(taken[path] for path in paths) >= turns
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


@pytest.mark.parametrize("turns", [10, *slow(150)])
def test_files_that_another_program_locks_on_and_off(world, used, tmp_path, turns, reliability):
    folder, paths = used
    ws, before = connect(world.card(), folder), world.stats()["requests"]
    counted_before, number, truth = counted(folder), 0, world.truth("conversations")
    with (
        locked_on_and_off(paths.values(), turns) as enough,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        while not enough():
            number += 1
            batch = f"{tmp_path.name} {number}"
            assert len(ws.messages(truth[0]["session_id"], refresh=True)) > 0
            send(ws, batch)
            assert texts(world, batch) == [1] * MESSAGES
    ws.close()
    assert counted(folder) - counted_before == world.stats()["requests"] - before
    reliability.count(turns * len(paths), "locks taken and let go by another program")
