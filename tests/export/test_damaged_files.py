"""Files that are damaged, of others, or hostile; disks that are full; other programs' CSV."""

from __future__ import annotations

import csv
import errno
import gzip
import io
import os
import random
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import openpyxl
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from crisp_data import export, report, transcripts
from crisp_data.errors import BadParameter, CrispError, FileTrouble
from crisp_data.local import atomic_file

from .test_files import full, text_frame

FRAME = full("messages", "Europe/Paris")
SECRET = "a customer's word"


def refused_or_read(path: Path) -> None:
    """Read a file both ways: it gives a frame, or an error that says what to do."""
    for table in (None, "messages"):
        error = None
        try:
            assert isinstance(export.read(path, table), pd.DataFrame)
        except CrispError as raised:
            error = raised
        if error is not None:
            assert error.hint
            assert SECRET not in str(error)
            assert path.name in str(error) or "the same name" in str(error)


def written(folder: Path, ending: str) -> tuple[Path, bytes]:
    frame = FRAME.assign(content=SECRET)
    path = export.write(folder / f"a{ending}", frame.astype({"content": "str"}), "messages")
    return path, path.read_bytes()


@pytest.mark.parametrize("ending", export.ENDINGS)
def test_a_file_that_was_cut(tmp_path, ending):
    path, whole = written(tmp_path, ending)
    for left in (0, 1, 4, 50, len(whole) // 3, len(whole) // 2, len(whole) - 40, len(whole) - 5):
        path.write_bytes(whole[:left])
        refused_or_read(path)
        if ending not in (".csv", ".jsonl"):  # which end wherever a row does
            with pytest.raises(CrispError):
                export.read(path)


def spoiled(folder, ending, seeds):
    path, whole = written(folder, ending)
    for seed in seeds:
        chance, data = random.Random(seed), bytearray(whole)
        for _ in range(chance.choice([1, 1, 3, 20])):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        refused_or_read(path)


@pytest.mark.parametrize("ending", export.ENDINGS)
def test_a_file_with_other_bytes(tmp_path, ending):
    spoiled(tmp_path, ending, range(12))


@pytest.mark.slow
@pytest.mark.parametrize("ending", export.ENDINGS)
def test_many_files_with_other_bytes(tmp_path, ending):
    spoiled(tmp_path, ending, range(12, 300))


@pytest.mark.parametrize("ending", export.ENDINGS)
def test_a_file_with_another_ending(tmp_path, ending):
    path = tmp_path / f"b{ending}"
    for other in set(export.ENDINGS) - {ending}:
        path.write_bytes(written(tmp_path, other)[1])
        refused_or_read(path)


CONTENTS = {
    "nothing": b"",
    "zeros": bytes(1000),
    "UTF-16": "a,b\n1,2\n".encode("utf-16"),
    "Latin 1": b'"a"\n"\xe9"\n',
    "an open quote": b'"a\n',
    "rows of other lengths": b"a,b\n1\n1,2,3\n",
    "names twice": b"a,a\n1,2\n",
    "no object": b"5\n",
    "a number too large": b'{"a":1e999}\n{"a":' + b"9" * 5000 + b"}\n",
    "half an emoji": b'{"a":"\\ud83d"}\n',
    "marks of Parquet alone": b"PAR1PAR1",
    "a mark of ZIP alone": b"PK\x03\x04" * 10,
}


@pytest.mark.parametrize("ending", export.ENDINGS)
@pytest.mark.parametrize("name", CONTENTS)
def test_a_file_of_somebody_else(tmp_path, ending, name):
    content = CONTENTS[name]
    path = tmp_path / f"a{ending}"
    path.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)
    refused_or_read(path)


def rewritten(path: Path, change) -> Path:
    """Write a workbook with other parts."""
    with ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    change(parts)
    with ZipFile(path, "w", ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return path


PARTS = ["[Content_Types].xml", "xl/workbook.xml", "xl/styles.xml", "xl/worksheets/sheet1.xml"]
PARTS += ["xl/worksheets/sheet2.xml", "xl/_rels/workbook.xml.rels", "docProps/core.xml"]


@pytest.mark.parametrize("part", PARTS)
def test_a_workbook_with_a_part_that_is_missing_or_another(tmp_path, part):
    for change in (
        lambda parts: parts.pop(part),
        lambda parts: parts.update({part: b""}),
        lambda parts: parts.update({part: b"<x/>"}),
        lambda parts: parts.update({part: parts[part][: len(parts[part]) // 2]}),
    ):
        refused_or_read(rewritten(written(tmp_path, ".xlsx")[0], change))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists what a process has open")
def test_a_workbook_that_is_refused_is_not_left_open(tmp_path):
    """Windows would not replace it."""
    path = rewritten(written(tmp_path, ".xlsx")[0], lambda parts: parts.pop("xl/workbook.xml"))
    with pytest.raises(CrispError) as caught:
        export.read(path)
    opened = [os.path.realpath(one) for one in Path("/proc/self/fd").iterdir()]
    assert str(path) not in opened
    assert caught.value.hint


def edited(path: Path, change) -> Path:
    """Save a workbook as a person changed it."""
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda book: book.remove(book.worksheets[0]),
        lambda book: book.move_sheet("about", -1),
        lambda book: book.create_sheet("mine", 0).append(["something", "else"]),
    ],
    ids=["gone", "moved", "another before it"],
)
def test_a_workbook_whose_first_sheet_is_another(tmp_path, change):
    path = edited(written(tmp_path, ".xlsx")[0], change)
    with pytest.raises(BadParameter, match="does not begin with the sheet that was written"):
        export.read(path)


CHANGES = {
    "no rows in about": lambda book: book["about"].delete_rows(1, 99),
    "one column in about": lambda book: book["about"].delete_cols(2, 2),
    "no cell": lambda book: book.worksheets[0].delete_rows(1, 99),
    "a name twice": lambda book: book.worksheets[0].cell(1, 2, book.worksheets[0]["A1"].value),
    "a unit that is none": lambda book: book["about"].cell(2, 2, "datetime64[foo]"),
    "a zone that is none": lambda book: book["about"].cell(2, 2, "datetime64[ms, Nowhere/X]"),
    "another type": lambda book: [row[1].__setattr__("value", "list") for row in book["about"]],
    "a chart": lambda book: book.create_chartsheet("mine", 0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_workbook_that_was_edited(tmp_path, name):
    refused_or_read(edited(written(tmp_path, ".xlsx")[0], CHANGES[name]))


VALUES = ["hello", 3.5, True, pd.Timestamp(2026, 1, 1), "#REF!", 1e300]


def with_another_value(folder, columns):
    path, _ = written(folder, ".xlsx")
    book = openpyxl.load_workbook(path)
    for name in columns:
        cell = book.worksheets[0].cell(2, list(FRAME).index(name) + 1)
        before, looks = cell.value, cell.number_format
        for value in VALUES:
            cell.value = value
            book.save(path)
            refused_or_read(path)
        cell.value, cell.number_format = before, looks


@pytest.mark.parametrize("column", ["timestamp", "fingerprint", "mentions"])
def test_a_workbook_with_a_value_of_another_type(tmp_path, column):
    with_another_value(tmp_path, [column])


@pytest.mark.slow
def test_a_workbook_with_a_value_of_another_type_in_each_column(tmp_path):
    with_another_value(tmp_path, FRAME.columns)


def test_names_that_stand_twice_are_told(tmp_path):
    (tmp_path / "a.csv").write_text("content,content\na,b\n")
    with pytest.raises(BadParameter, match="same name"):
        export.read(tmp_path / "a.csv")


def test_what_the_system_refuses_is_told(tmp_path, monkeypatch):
    path = export.write(tmp_path / "a.csv", text_frame("a"))

    def failed(*arguments):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(export, "open", failed, raising=False)
    with pytest.raises(FileTrouble, match="cannot be read: Input/output error"):
        export.read(path)


@pytest.fixture(params=[0, 700])
def full_disk(request, monkeypatch):
    """Let what is being written be no longer than so many bytes, as a disk that is full."""

    class Full(io.FileIO):
        def write(self, data):
            if self.tell() + len(data) > request.param:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(data)

    plain = Path.open

    def opened(self, mode="r", *arguments, **options):
        if ".part" not in str(self) or mode == "r+b":
            return plain(self, mode, *arguments, **options)
        return io.BufferedWriter(Full(self, mode.replace("b", "")), 64)

    monkeypatch.setattr(Path, "open", opened)


LONG = pd.DataFrame({"content": [random.Random(n).randbytes(20).hex() for n in range(500)]})


@pytest.mark.reliability("disks")
@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("ending", export.ENDINGS)
def test_a_full_disk_leaves_the_old_file(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"old")
    with pytest.raises(FileTrouble, match="the disk is full") as caught:
        export.write(path, LONG)
    assert "Free some space" in caught.value.hint
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.reliability("disks")
@pytest.mark.usefixtures("full_disk")
@pytest.mark.parametrize("name", ["a.html", "a.jsonl", "threads"])
def test_so_do_transcripts(tmp_path, ws, name):
    messages = ws.messages(ws.conversations(limit=5))
    with pytest.raises(FileTrouble, match="the disk is full"):
        transcripts.write(tmp_path / name, messages, format=None if "." in name else "html")
    assert not list(tmp_path.iterdir())


@pytest.mark.reliability("disks")
@pytest.mark.slow
@pytest.mark.usefixtures("full_disk")
def test_so_does_a_report(tmp_path, ws):
    with pytest.raises(FileTrouble, match="the disk is full"):
        report.write(tmp_path / "a.html", ws)
    assert not list(tmp_path.iterdir())


@pytest.mark.reliability("disks")
def test_a_full_disk_of_temporary_files(tmp_path, monkeypatch):
    """The rows of a workbook are gathered there."""
    plain = io.open

    def opened(file, *arguments, **options):
        made = plain(file, *arguments, **options)
        if "crisp-data-" in str(file):
            made.write = lambda text: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left"))
        return made

    monkeypatch.setattr("xlsxwriter.worksheet.open", opened, raising=False)
    with pytest.raises(FileTrouble, match="the disk is full"):
        export.write(tmp_path / "a.xlsx", LONG)
    assert not list(tmp_path.iterdir())


@pytest.mark.reliability("disks")
@pytest.mark.parametrize("code", sorted(atomic_file._NO_SPACE))
def test_another_error_of_the_disk_is_named(tmp_path, code):
    words = pytest.raises(FileTrouble, match="What was there is unchanged")
    with words, atomic_file.whole_file(tmp_path / "a"):
        raise OSError(code, os.strerror(code))
    assert not list(tmp_path.iterdir())


class TestCsvOfOtherPrograms:
    def test_a_blank_line_at_the_end_is_no_row(self, tmp_path):
        path = export.write(tmp_path / "a.csv", pd.DataFrame({"a": ["x", None], "b": ["y", None]}))
        before = export.read(path)
        for more in (b"\n", b"\r\n", b"\n\n\n"):
            path.write_bytes(path.read_bytes() + more)
            assert_frame_equal(export.read(path), before)

    def test_an_empty_last_cell_stays_missing(self, tmp_path):
        for frame in (text_frame("a", None), pd.DataFrame({"a": ["x", "y"], "b": ["z", None]})):
            path = export.write(tmp_path / "a.csv", frame)
            back = export.read(path)
            assert_frame_equal(back, frame.astype("str"))
            path.write_bytes(path.read_bytes().rstrip(b"\n") + b"\n")
            assert len(export.read(path)) == (len(frame) if len(frame.columns) > 1 else 1)

    @pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
    def test_the_mark_by_which_excel_knows_utf_8(self, tmp_path, ending):
        frame = pd.DataFrame({"é": ["ü", None], "b": ["", "=1"]})
        plain = export.write(tmp_path / f"a{ending}", frame)
        marked = export.write(tmp_path / f"b{ending}", frame, bom=True)
        opened = gzip.open if ending.endswith(".gz") else open
        with opened(plain, "rb") as one, opened(marked, "rb") as two:
            assert two.read() == b"\xef\xbb\xbf" + one.read()
        assert_frame_equal(export.read(marked), export.read(plain))
        with opened(marked, "rt", encoding="utf-8-sig", newline="") as file:
            assert next(csv.reader(file)) == ["é", "b"]

    @pytest.mark.parametrize("ending", [".jsonl", ".parquet", ".xlsx"])
    def test_no_other_format_has_one(self, tmp_path, ending):
        with pytest.raises(BadParameter, match="no byte order mark"):
            export.write(tmp_path / f"a{ending}", text_frame("a"), bom=True)
        assert not list(tmp_path.iterdir())
