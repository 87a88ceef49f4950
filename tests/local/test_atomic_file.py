"""Files that appear whole or not at all, by the rules of Windows too.

Windows syncs no file that is open for reading only, and renames none that is open anywhere.
"""

import os
import time
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import psutil
import pytest

import crisp_data as crisp
from crisp_data import export, report, transcripts
from crisp_data.errors import FileTrouble
from crisp_data.local import atomic_file


@pytest.fixture
def slept(monkeypatch):
    """The seconds that were waited between two tries at renaming."""
    seconds = []
    monkeypatch.setattr(
        atomic_file, "time", SimpleNamespace(sleep=seconds.append, time=time.time), raising=False
    )
    return seconds


@pytest.fixture
def windows(monkeypatch, slept):
    """Refuse what Windows refuses; on Windows it does so itself."""
    fsync, replace, rename = os.fsync, os.replace, os.rename

    def refuse_open(*paths):
        for opened in psutil.Process().open_files():
            if any(Path(opened.path).is_relative_to(os.path.realpath(path)) for path in paths):
                raise PermissionError(13, "sharing violation", str(paths[0]))

    def strict_fsync(descriptor):
        os.write(descriptor, b"")  # which nobody may who only reads
        fsync(descriptor)

    def strict_replace(source, target):
        refuse_open(source, target)
        if Path(target).is_dir() and Path(source) != Path(target):
            raise PermissionError(13, "there is a folder", str(target))
        replace(source, target)

    def strict_rename(source, target):
        refuse_open(source, target)
        rename(source, target)

    if os.name == "posix":
        monkeypatch.setattr(atomic_file, "_sync_folder", lambda folder: None)
        monkeypatch.setattr(os, "fsync", strict_fsync)
        monkeypatch.setattr(os, "replace", strict_replace)
        monkeypatch.setattr(os, "rename", strict_rename)


@pytest.fixture
def messages(ws):
    return ws.messages(ws.conversations(limit=2))


ENDINGS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet", ".xlsx")


@pytest.mark.reliability("windows")
@pytest.mark.usefixtures("windows")
class TestWindows:
    @pytest.mark.parametrize("ending", ENDINGS)
    def test_a_file_is_written_and_written_over(self, ws, messages, tmp_path, ending):
        path = tmp_path / f"messages{ending}"
        for frame in (messages, messages.head(1).reset_index(drop=True)):
            assert len(crisp.read(ws.to(path, frame), "messages")) == len(frame)

    @pytest.mark.parametrize("there", [False, True])
    def test_transcripts_into_a_folder(self, messages, tmp_path, there):
        if there:
            (tmp_path / "threads").mkdir()
        paths = transcripts.write(tmp_path / "threads", messages, format="markdown")
        assert sorted((tmp_path / "threads").iterdir()) == sorted(paths)
        assert len(paths) == messages["session_id"].nunique()

    @pytest.mark.slow
    def test_a_report(self, ws, tmp_path):
        for _ in range(2):
            assert report.write(tmp_path / "report.html", ws).stat().st_size > 1000

    def test_a_file_that_another_has_open_is_told_before_anything_is_spent(
        self, messages, tmp_path
    ):
        for write in (
            lambda path: export.write(path.with_suffix(".csv"), messages),
            lambda path: transcripts.write(path.with_suffix(".md"), messages),
            lambda path: report.check(path.with_suffix(".html")),
        ):
            for ending in (".csv", ".md", ".html"):
                (tmp_path / f"old{ending}").write_text("old")
            with (
                (tmp_path / "old.csv").open(),
                (tmp_path / "old.md").open(),
                (tmp_path / "old.html").open(),
                pytest.raises(FileTrouble, match=r"old\.\w+ cannot be written") as caught,
            ):
                write(tmp_path / "old")
            assert "spreadsheet" in caught.value.hint
            assert all(path.read_text() == "old" for path in tmp_path.glob("old.*"))

    def test_a_file_that_is_opened_while_it_is_written_stays(self, tmp_path, slept):
        path = tmp_path / "a.csv"
        path.write_text("old")
        with path.open() as opened:
            with pytest.raises(FileTrouble), atomic_file.whole_file(path) as file:
                file.write(b"new")
            assert opened.read() == "old"
        assert list(tmp_path.glob("*.part")) == []
        assert path.read_text() == "old"
        assert len(slept) == 3


def test_a_scanner_that_looks_at_a_new_file_is_waited_for(tmp_path, slept, monkeypatch):
    replace = os.replace

    def replace_the_third_time(source, target):
        if len(slept) < 2:
            raise PermissionError(13, "sharing violation", str(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_the_third_time)
    with atomic_file.whole_file(tmp_path / "a.csv") as file:
        file.write(b"new")
    assert (tmp_path / "a.csv").read_bytes() == b"new"
    assert len(slept) == 2


def test_an_empty_folder_stays_where_none_could_take_its_place(tmp_path, slept, monkeypatch):
    (tmp_path / "threads").mkdir()

    def refuse(source, target):
        raise PermissionError(13, "sharing violation", str(source))

    monkeypatch.setattr(os, "replace", refuse)
    with (
        pytest.raises(FileTrouble, match="threads cannot"),
        atomic_file.whole_folder(tmp_path / "threads") as folder,
    ):
        (folder / "a.md").write_text("a")
    assert [path.name for path in tmp_path.iterdir()] == ["threads"]
    assert list((tmp_path / "threads").iterdir()) == []
    assert slept


@pytest.mark.parametrize("make", [atomic_file.whole_file, atomic_file.whole_folder])
def test_a_folder_that_may_not_be_written_is_told(tmp_path, monkeypatch, make):
    """On Windows os.access() does not know it: only trying does."""

    def refuse(self, *_, **__):
        raise PermissionError(13, "access denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(FileTrouble, match="cannot be written"), make(tmp_path / "new"):
        raise AssertionError("there is nothing to write to")


def test_a_working_folder_that_is_gone_is_told_where_a_path_begins_in_it(
    monkeypatch, sandbox, tmp_path
):
    ws = crisp.connect(sandbox=sandbox)
    frame = ws.operators()

    def gone():
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(os, "getcwd", gone)
    for work in (
        lambda: ws.to("a.csv", frame),
        lambda: ws.archive("shelf"),
        lambda: crisp.report.write("a.html", ws),
        lambda: crisp.transcripts.write("a.html", frame, frame),
        lambda: crisp.read("a.csv"),
        lambda: crisp.connect(sandbox=sandbox, state_dir="state"),
        lambda: crisp.connect(sandbox=sandbox, cache_dir="cache"),
    ):
        with pytest.raises(crisp.BadParameter, match="working folder of this process was deleted"):
            work()
    assert len(crisp.read(ws.to(tmp_path / "a.csv", frame))) == len(frame)


def test_what_a_killed_writer_left_goes_with_the_next_file_a_day_later(tmp_path):
    stale, fresh, folder = (tmp_path / f".crisp-data-{one}.part" for one in ("0a", "0b", "0c"))
    others = [tmp_path / "mine.part", tmp_path / ".crisp-data-mine"]
    folder.mkdir()
    for path in (stale, fresh, folder / "a.html", *others):
        path.write_text("Hello Grace")
    yesterday = stale.stat().st_mtime - 86_401
    for path in (stale, folder, *others):
        os.utime(path, (yesterday, yesterday))
    frame = crisp.read(crisp.write(tmp_path / "a.csv", pd.DataFrame({"a": ["b"]})))
    assert len(frame) == 1
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted(
        ["a.csv", fresh.name, *(one.name for one in others)]
    )


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize("linked", [False, True])
@pytest.mark.parametrize("name", ["a.csv", "a.html"])
def test_a_pipe_is_not_replaced_by_a_file(tmp_path, name, linked, ws):
    pipe = tmp_path / ("real" if linked else name)
    os.mkfifo(pipe)
    if linked:
        (tmp_path / name).symlink_to(pipe)
    empty = pd.DataFrame()
    writers = {
        "a.csv": [lambda path: crisp.write(path, pd.DataFrame({"a": [1]}))],
        "a.html": [
            lambda path: report.write(path, ws),
            lambda path: transcripts.write(path, empty, empty),
        ],
    }
    for write in writers[name]:
        with pytest.raises(crisp.BadParameter, match="is a device or a pipe"):
            write(tmp_path / name)
    assert pipe.is_fifo()
