"""What another user owns and lets one read: nothing is spent on what could not be written."""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from pathlib import Path
from types import SimpleNamespace

import pytest

import crisp_data as crisp
from crisp_data.local import database_opening
from crisp_data.sandbox import Sandbox
from tests.archive.conftest import assert_equals_truth
from tests.reliability.children import connect, processes

pytestmark = [
    pytest.mark.reliability("read_only"),
    pytest.mark.needs("modes"),
    pytest.mark.timeout(600),
]
NOBODY = 65534


def as_another_user(work, *given):
    """Work in a process of a user that permissions bind; root is bound by none."""
    hear, told = processes.Pipe(duplex=False)
    child = processes.Process(target=_as_another_user, args=(told, work, *given))
    child.start()
    told.close()
    child.join(120)
    assert child.exitcode == 0, "its words are above"
    return hear.recv()


def _as_another_user(told, work, *given):
    database_opening.time = SimpleNamespace(monotonic=time.monotonic)  # and no sleep: it is vain
    try:
        if os.geteuid() == 0:
            os.seteuid(NOBODY)
        told.send(work(*given))
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


@pytest.fixture
def place(tmp_path):
    """A folder that every user gets to, and where each may make files."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for parent in [tmp_path, *tmp_path.resolve().parents]:
        if parent.is_relative_to(temporary) and parent != temporary:
            parent.chmod(parent.stat().st_mode | 0o055)
    (tmp_path / "place").mkdir()
    (tmp_path / "place").chmod(0o777)
    return tmp_path / "place"


def readable(folder):
    """Let others read a folder and what is in it, and nobody write."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


@pytest.fixture
def world():
    with Sandbox(seed=1, conversations=12) as sandbox:
        yield sandbox


def said(error):
    return type(error).__name__, str(error)


def pull(card, folder):
    with pytest.raises(crisp.CrispError) as caught:
        connect(card, folder).conversations(refresh=True)
    return said(caught.value)


def send(card, folder, session_id):
    with pytest.raises(crisp.CrispError) as caught:
        connect(card, folder).send(session_id, "Hello")
    return said(caught.value)


@pytest.mark.parametrize("name", ["cache", "state"])
def test_nothing_is_asked_where_it_could_not_be_noted(world, place, name):
    ws = connect(world.card(), place)
    session_id = ws.conversations()["session_id"][0]
    ws.outbox.left()
    ws.close()
    other = "state" if name == "cache" else "cache"
    for path in [place / other, *(place / other).iterdir()]:
        path.chmod(0o777)
    readable(place / name)
    before = world.stats()["requests"]
    for found in (
        as_another_user(pull, world.card(), str(place)),
        as_another_user(send, world.card(), str(place), session_id),
    ):
        assert found[0] in ("FileTrouble", "BadParameter", "NotCounted"), found
        assert f"{name}_dir" in found[1]
    assert world.stats()["requests"] == before


def write(folder, frame):
    found = []
    for ending in (".csv", ".csv.gz", ".jsonl", ".xlsx", ".parquet"):
        with pytest.raises(crisp.FileTrouble) as caught:
            crisp.write(f"{folder}/a{ending}", frame)
        found.append(str(caught.value))
    return found


def test_a_file_in_a_folder_of_another_is_refused_and_stays(world, place):
    frame = connect(world.card(), place).conversations(limit=3)[["session_id"]]
    shelf = place / "shelf"
    shelf.mkdir()
    (shelf / "a.csv").write_bytes(b"old")
    readable(shelf)
    assert len(set(as_another_user(write, str(shelf), frame))) == 5
    assert [path.read_bytes() for path in shelf.iterdir()] == [b"old"]


def read_and_sync(card, folder, shelf, told):
    archive = crisp.Archive(shelf)
    frames = archive.conversations(), archive.messages(), archive.info()
    with pytest.raises(crisp.CrispError) as caught:
        connect(card, folder).archive(shelf).sync()
    with pytest.raises(crisp.CrispError) as forgotten:
        archive.forget(email=told)
    return [*map(len, frames)], said(caught.value), said(forgotten.value)


@pytest.mark.slow
def test_an_archive_of_another_is_read_and_not_written(world, place):
    mine = place / "mine"
    archive = connect(world.card(), mine).archive(place / "shelf")
    archive.sync()
    email = archive.conversations()["email"].dropna().iloc[0]
    readable(place / "shelf")
    before = world.stats()["requests"]
    lengths, synced, forgotten = as_another_user(
        read_and_sync, world.card(), str(place / "theirs"), str(place / "shelf"), email
    )
    assert lengths[:2] == [len(world.truth("conversations")), len(world.truth("messages"))]
    for kind, words in (synced, forgotten):
        assert kind == "FileTrouble", words
        assert str(place / "shelf") in words
        assert email not in words
    # Who asks for the website's name spends one request before the archive is looked at.
    assert world.stats()["requests"] - before <= 1
    assert_equals_truth(crisp.Archive(place / "shelf"), world)
