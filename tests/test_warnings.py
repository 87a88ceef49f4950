"""A warning stands at the line that called the package: there its reader can do something."""

import ast
import linecache
import re
import sqlite3
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data import privacy
from crisp_data.local import database_opening
from crisp_data.rest import cache_access
from crisp_data.sandbox import Sandbox
from tests.local.test_held_files import held
from tests.outbox.test_delivery import renumber


@contextmanager
def warned_at(words, call):
    """Expect a warning, and that its line is the one of this file with the call in it."""
    with pytest.warns(crisp.CrispWarning, match=words) as caught:
        yield
    found = [one for one in caught if re.search(words, str(one.message))]
    lines = [(one.filename, linecache.getline(one.filename, one.lineno)) for one in found]
    assert {name for name, _ in lines} == {__file__}, lines
    assert all(call in line for _, line in lines), lines


def test_nothing_else_warns_than_the_function_that_finds_the_line():
    root = Path(crisp.__file__).parent
    for path in root.rglob("*.py"):
        if path == root / "errors.py" or "sandbox" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = isinstance(node, ast.Attribute) and node.attr == "warn"
            assert not (named and getattr(node.value, "id", "") == "warnings"), path


def test_lists_that_may_lack_rows():
    with Sandbox(seed=1, conversations=60, ignore_page_number=True) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        with warned_at("new rows", "ws.people"):
            ws.people()
        with warned_at("new rows", "ws.inboxes"):
            ws.inboxes(refresh=True)
        with warned_at("new rows", "website_ids"):
            ws.client.website_ids(refresh=True)


def test_a_list_whose_filter_is_ignored_and_its_archive(tmp_path):
    with Sandbox(seed=3, conversations=60, date_filter=False) as sandbox:
        ws = crisp.connect(sandbox=sandbox, progress=True)
        with warned_at("by page number", "ws.conversations"):
            ws.conversations()
        archive = ws.archive(tmp_path / "shelf")
        with warned_at("by page number", "archive.sync"):
            archive.sync()


def test_a_small_table_of_an_archive(tmp_path):
    with Sandbox(seed=1, conversations=60, page_sizes=(50,), ignore_page_number=True) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        with warned_at("new rows", "archive.sync"):
            archive.sync(also=["people"])


def test_threads_that_are_not_there(ws):
    ids = list(ws.conversations(limit=2)["session_id"])
    ws.client.call("remove_conversation", website_id=ws.website_id, session_id=ids[1])
    with warned_at("not found at Crisp", "ws.messages"):
        ws.messages(ids)


@pytest.mark.needs("modes")
def test_an_archive_in_a_folder_that_others_may_read(ws, tmp_path):
    (tmp_path / "notes.txt").touch()
    tmp_path.chmod(0o755)
    archive = ws.archive(tmp_path)
    with warned_at("chmod 700", "archive.sync"):
        archive.sync(since="1 day ago")


def test_a_person_forgotten_without_a_workspace(ws, tmp_path):
    ws.archive(tmp_path / "shelf").sync(since="1 day ago")
    archive = crisp.Archive(tmp_path / "shelf")
    with warned_at("cache clear", "archive.forget"):
        archive.forget(email="nobody@acme.example")


def test_a_message_that_crisp_numbers_itself(ws, sandbox):
    session_id = sandbox.truth("conversations")[0]["session_id"]
    renumber(sandbox)
    with warned_at("Crisp numbered it 7", "ws.send"):
        ws.send(session_id, "Hello")


def test_the_same_text_under_another_name(ws):
    frame = ws.conversations(state="unresolved", limit=2)
    ws.send_many(frame, template="Hello", quiet_days=None, confirm=True)
    with warned_at("same text was sent before", "ws.send_many"):
        ws.send_many(frame, template="Hello", quiet_days=None, batch="another")
    with warned_at("same text was sent before", "ws.outbox.send_many"):
        ws.outbox.send_many(frame, "Hello", batch="another", rules=crisp.outbox.Rules((), None))


def test_a_random_key_of_private_files(ws, folder):
    frame = pd.DataFrame({"email": ["a@acme.example"]})
    with warned_at("random one", "privacy.pseudonymise"):
        privacy.pseudonymise(frame)
    with warned_at("random one", "privacy.Pseudonymiser"):
        privacy.Pseudonymiser()
    with warned_at("random one", "ws.to"):
        ws.to(folder / "private.csv", frame, private=True)


@pytest.fixture
def short_waits(monkeypatch):
    monkeypatch.setattr(cache_access, "HELD_WAIT", 0.05)
    monkeypatch.setattr(database_opening, "OPEN_WAIT", 0.05)


def test_a_cache_that_is_held(short_waits, ws):
    ids = list(ws.conversations(limit=3)["session_id"])
    ws.client.close()
    with (
        held(ws.client.cache_path, "IMMEDIATE"),
        warned_at("locked by another program", "ws.messages"),
    ):
        ws.messages(ids, refresh=True)  # in threads of their own


def test_a_cache_that_is_full(ws):
    with ws.client._cache.file.responses.connection() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
    with warned_at("could not be cached", "ws.conversations"):
        ws.conversations(limit=50)


def test_a_cache_from_which_nothing_can_be_dropped(ws):
    with ws.client._cache.file.responses.connection() as db:
        denied = {sqlite3.SQLITE_DELETE: sqlite3.SQLITE_DENY}
        db.set_authorizer(lambda action, *_: denied.get(action, sqlite3.SQLITE_OK))
    with warned_at("before a write", "ws.start_conversation"):
        ws.start_conversation()
