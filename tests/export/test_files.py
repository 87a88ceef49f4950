"""Files hold what the frame held, appear whole, and nothing in them runs."""

from __future__ import annotations

import csv
import gzip
import importlib
import json
import os
import stat
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from crisp_data import export, tables
from crisp_data.errors import BadParameter, CrispError
from crisp_data.export import columns, csv_file, xlsx_columns
from crisp_data.export.formula_guard import guard, unguard

PARIS = "Europe/Paris"
TEXTS = ["+33 6 12 34 56 78", "", "NA", "null", "None", "=1+1", "'=1", "\x00\r\n", "é😀", None]
JSON_TEXTS = [
    '{"a":1}',
    '["=x"]',
    '"text"',
    "null",
    "5",
    '{"a": 1}',
    '{"a":\n1}',
    "{broken}",
    r'{"cut":"\ud83d"}',
    None,
]
# 02:30 twice in the night when Paris leaves summer time, one of them with milliseconds.
MOMENTS = [1792888200000, 1792891800123, None, -1, 0, 1, 1e12, 1.7e12, 1.8e12, None]
NUMBERS = [0, -5, None, 2**53 + 1, 10**15, 10**15 - 1, 7, 8, 9, 2**63 - 1]
REALS = [0.0, -0.5, None, 48.8566, 1e22, 1e-7, 3.0, 4.0, 5.0, 6.0]
FLAGS = [True, False, None] * 3 + [True]
LISTS = [["a", "=b"], [], None, ["x", "y"], ["é\n"], ["'", '"'], ["1"], ["null"], [""], [","]]
VALUES = {"text": TEXTS, "json": JSON_TEXTS, "time": MOMENTS, "integer": NUMBERS, "real": REALS}
VALUES |= {"flag": FLAGS, "texts": LISTS}


def full(table: str, tz: str = "UTC") -> pd.DataFrame:
    """Every column of a table with values that like to get lost."""
    empty = tables.empty(table, tz)
    frame = {}
    for column in tables.TABLES[table].columns:
        kind = column.kind
        # Not in the order of the declaration, which must come back all the same.
        values = (list(kind.categories[::-1]) * 5 + [None] * 10)[:10] if kind.categories else None
        values = values or VALUES[kind.name]
        if kind.name == "time":
            values = pd.to_datetime(values, unit="ms", utc=True).tz_convert(tz)
        frame[column.name] = pd.Series(values, dtype=empty[column.name].dtype)
    return pd.DataFrame(frame)


def text_frame(*texts: str | None, name: str = "content") -> pd.DataFrame:
    return pd.DataFrame({name: pd.array(texts, dtype="str")})


@pytest.fixture(params=export.ENDINGS)
def path(request, tmp_path: Path) -> Path:
    return tmp_path / f"frame{request.param}"


class TestReadsBackEqual:
    @pytest.mark.parametrize("tz", ["UTC", PARIS])
    @pytest.mark.parametrize("table", tables.TABLES)
    def test_every_table(self, path, table, tz):
        frame = full(table, tz)
        assert export.write(path, frame, table) == path
        assert_frame_equal(export.read(path, table, tz), frame)

    @pytest.mark.parametrize("table", tables.TABLES)
    def test_every_table_without_rows(self, path, table):
        frame = tables.empty(table, PARIS)
        export.write(path, frame, table)
        assert_frame_equal(export.read(path, table, PARIS), frame)

    @pytest.mark.parametrize("ending", [".parquet", ".xlsx"])
    def test_parquet_and_xlsx_know_their_table_and_zone(self, tmp_path, ending):
        frame = full("messages", PARIS)
        path = export.write(tmp_path / f"messages{ending}", frame, "messages")
        assert_frame_equal(export.read(path), frame)

    def test_text_formats_give_instants_in_utc_unless_told(self, tmp_path):
        path = export.write(tmp_path / "m.csv", full("messages", PARIS), "messages")
        assert_frame_equal(export.read(path, "messages"), full("messages", "UTC"))

    def test_rows_over_several_slices(self, path, monkeypatch):
        monkeypatch.setattr(columns, "SLICE", 3)
        monkeypatch.setattr(columns.slices, "__defaults__", (3,))
        frame = full("messages", PARIS)
        export.write(path, frame, "messages")
        assert_frame_equal(export.read(path, "messages", PARIS), frame)

    def test_chosen_and_added_columns_in_their_order(self, path):
        frame = full("messages")[["content", "type", "timestamp"]].assign(mine=TEXTS)
        frame["mine"] = frame["mine"].astype("str")
        export.write(path, frame, "messages")
        assert_frame_equal(export.read(path, "messages"), frame)

    def test_rows_of_a_filtered_frame_are_numbered_anew(self, path):
        frame = text_frame("a", "b", "c")[1:]
        export.write(path, frame)
        assert export.read(path)["content"].tolist() == ["b", "c"]

    def test_rows_without_any_value_are_rows(self, path):
        frame = text_frame(None, "a", None, None)
        export.write(path, frame)
        assert_frame_equal(export.read(path), frame)

    @pytest.mark.parametrize("ending", [".parquet", ".xlsx", ".jsonl"])
    def test_a_frame_of_no_table(self, tmp_path, ending):
        frame = pd.DataFrame(
            {
                "day": pd.to_datetime(["2026-10-25", None]).tz_localize(PARIS).as_unit("us"),
                "naive": pd.to_datetime(["2026-10-25 02:30", None]).as_unit("ns"),
                "count": [1, 2],
                "share": [0.5, float("nan")],
                "state": pd.Categorical(["b", "a"]),
            }
        )
        back = export.read(export.write(tmp_path / f"any{ending}", frame))
        expected = frame.astype({"count": "Int64", "share": "Float64"})
        if ending == ".jsonl":  # knows strings and numbers only
            assert back["naive"].tolist()[0] == "2026-10-25T02:30:00.000000000"
            expected = expected.assign(day=back["day"], naive=back["naive"])
            expected["state"] = expected["state"].astype("str")
        elif ending == ".xlsx":  # categories as they come
            expected["state"] = expected["state"].cat.set_categories(["b", "a"])
        assert_frame_equal(back, expected)

    def test_times_that_no_spreadsheet_shows(self, tmp_path):
        times = pd.to_datetime(["1899-12-30T12:00", "2026-01-01T00:00"]).as_unit("ms")
        fine = pd.to_datetime(["2026-01-01T00:00:00.000001", None]).tz_localize(PARIS).as_unit("us")
        frame = pd.DataFrame({"old": times, "fine": fine})
        assert_frame_equal(export.read(export.write(tmp_path / "t.xlsx", frame)), frame)

    def test_csv_without_a_table_is_text(self, tmp_path):
        path = export.write(tmp_path / "m.csv", pd.DataFrame({"id": ["007", None], "n": [1, 2]}))
        assert export.read(path)["id"].tolist()[0] == "007"
        assert export.read(path)["n"].tolist() == ["1", "2"]

    def test_infinite_numbers(self, tmp_path):
        frame = pd.DataFrame({"ratio": pd.array([1.0, float("inf")], dtype="Float64")})
        for ending in (".parquet", ".xlsx"):
            assert_frame_equal(export.read(export.write(tmp_path / f"r{ending}", frame)), frame)
        with pytest.raises(BadParameter, match="not finite"):
            export.write(tmp_path / "r.jsonl", frame)

    def test_durations_are_seconds(self, tmp_path):
        frame = pd.DataFrame({"wait": pd.to_timedelta([1500, None], unit="ms")})
        back = export.read(export.write(tmp_path / "w.xlsx", frame))
        assert back["wait"].tolist() == [1.5, pd.NA]

    def test_the_same_frame_gives_the_same_bytes(self, tmp_path, monkeypatch):
        frame, hours = full("messages"), count(1_800_000_000, 3600)
        monkeypatch.setattr(gzip.time, "time", lambda: next(hours))
        for ending in (".csv.gz", ".jsonl.gz", ".parquet"):
            one = export.write(tmp_path / f"one{ending}", frame).read_bytes()
            assert export.write(tmp_path / f"two{ending}", frame).read_bytes() == one


# Everything that Unicode and XML find hard, often enough to meet next to each other.
nasty = st.text(
    st.sampled_from("'=+-@＝＠\t\r\n \0\x0b\x1f\ufeff\u200b\xa0\ufffe\"<>&;,_x0041rF5/😀é")
    | st.characters(codec="utf-8"),
    max_size=12,
)


class TestAnyText:
    @given(st.lists(nasty | st.none(), min_size=1, max_size=8))
    @example(["_x0041\x01", "_x0041_x0042_", "_x000D_", "__x005F_", "<r>x</r>", "'<r></r>"])
    @example([None])
    @example([""])
    def test_comes_back(self, tmp_path, texts):
        for ending in (".csv", ".xlsx", ".jsonl", ".parquet"):
            file = export.write(tmp_path / f"any{ending}", text_frame(*texts))
            back = export.read(file)["content"]
            assert [None if pd.isna(text) else text for text in back] == texts, ending

    @given(st.lists(nasty, min_size=1, max_size=4, unique=True))
    @example(["=cmd()", "", "a\nb"])
    def test_comes_back_as_a_name(self, tmp_path, names):
        frame = pd.DataFrame({name: ["x"] for name in names})
        for ending in (".csv", ".xlsx", ".jsonl", ".parquet"):
            file = export.write(tmp_path / f"any{ending}", frame)
            assert list(export.read(file)) == names, ending

    @given(nasty)
    def test_is_guarded_reversibly(self, text):
        column = pa.chunked_array([[text]])
        assert unguard(guard(column)).to_pylist() == [text]

    @given(st.lists(nasty, min_size=1, max_size=8))
    def test_is_read_alike_by_another_reader(self, tmp_path, texts):
        file = export.write(tmp_path / "any.csv", text_frame(*texts))
        with file.open(newline="", encoding="utf-8") as opened:
            rows = list(csv.reader(opened))
        assert rows[1:] == [[text] for text in guard(pa.chunked_array([texts])).to_pylist()]


RUN = ["=1+1", "+SUM(A1)", "-cmd|' /C calc'!A0", "@SUM(A1)", " =1", "\t=1", "\tx", "\rx", "\n-x"]
RUN += ["＝1", "＋a", "－a", "＠a", "\ufeff=1", "\u200b@x", "\xa0=1", "+33 6 ext", "- item", "--"]
STAY = ["+33 6 12 34 56 78", "+33612345678", "+1 (555) 010-9999", "-12", "-12.50", "-1,234.5"]
STAY += ["-1e-05", "+49 30/123456", "+33\xa06\u202f12", "a=1", "'tis", "12-13", "", "e-mail@x.org"]


class TestNothingRuns:
    @pytest.mark.parametrize("text", RUN)
    def test_what_would_run_gets_an_apostrophe(self, tmp_path, text):
        assert self.cells(tmp_path, text) == {f"'{text}"}

    @pytest.mark.parametrize("text", STAY)
    def test_phones_numbers_and_plain_text_stay(self, tmp_path, text):
        assert self.cells(tmp_path, text) == {text}

    def cells(self, folder: Path, text: str) -> set[str]:
        """Read the one cell from CSV and XLSX by readers that did not write it."""
        frame = text_frame(text)
        with export.write(folder / "a.csv", frame).open(newline="", encoding="utf-8") as file:
            from_csv = list(csv.reader(file))[1][0]
        book = openpyxl.load_workbook(export.write(folder / "a.xlsx", frame))
        from_xlsx = book.worksheets[0]["A2"].value or ""
        return {from_csv, from_xlsx.replace("_x000D_", "\r")}

    def test_no_cell_of_a_workbook_is_a_formula_or_a_link(self, tmp_path):
        texts = [*RUN, *STAY, "https://example.org", "{=1}", "<r>x</r>"]
        frame = text_frame(*texts, name="=HYPERLINK(1)")
        path = export.write(tmp_path / "a.xlsx", frame)
        book = openpyxl.load_workbook(path)
        cells = [cell for page in book for row in page for cell in row]
        assert {cell.data_type for cell in cells} <= {"s", "n"}
        assert not any(cell.hyperlink for cell in cells)
        assert len(cells) > len(texts)
        with ZipFile(path) as packed:
            assert not any(
                b"<f" in packed.read(name)
                for name in packed.namelist()
                if "sheet" in name and "worksheets" in name
            )

    def test_hostile_names_of_columns(self, tmp_path):
        frame = text_frame("x", name="=cmd()")
        assert export.write(tmp_path / "a.csv", frame).read_text().startswith('"\'=cmd()"\n')


class TestCsv:
    def test_missing_and_empty_differ(self, tmp_path):
        path = export.write(tmp_path / "a.csv", text_frame("", None, "NA"))
        assert path.read_bytes() == b'"content"\n""\n\n"NA"\n'

    def test_times_and_numbers(self, tmp_path):
        frame = full("messages", PARIS)[["timestamp", "fingerprint"]]
        text = export.write(tmp_path / "a.csv", frame).read_text().splitlines()
        assert text[1] == '"2026-10-25T02:30:00.000+02:00",0'
        assert text[2] == '"2026-10-25T02:30:00.123+01:00",-5'
        assert text[4] == '"1970-01-01T00:59:59.999+01:00",9007199254740993'

    def test_every_time_is_what_python_calls_iso_8601(self, tmp_path):
        hours = pd.date_range("1911-01-01", "2026-12-31", freq="1001h", tz=PARIS, unit="ms")
        path = export.write(tmp_path / "a.csv", pd.DataFrame({"t": hours}))
        with path.open(newline="") as file:
            written = [row[0] for row in list(csv.reader(file))[1:]]
        assert [datetime.fromisoformat(text) for text in written] == list(hours.to_pydatetime())

    def test_line_breaks_wherever_the_reader_cuts(self, tmp_path, monkeypatch):
        monkeypatch.setattr(csv_file, "_BLOCK", 100)
        frame = text_frame(*[f"{'a' * n}\n{n}\r\n" for n in range(60)])
        assert_frame_equal(export.read(export.write(tmp_path / "a.csv", frame)), frame)

    def test_compressed(self, tmp_path):
        plain = export.write(tmp_path / "a.csv", full("messages")).read_bytes()
        assert (
            gzip.decompress(export.write(tmp_path / "a.csv.gz", full("messages")).read_bytes())
            == plain
        )


class TestJsonLines:
    def test_json_columns_are_objects_for_any_reader(self, tmp_path):
        frame = full("messages", PARIS)
        path = export.write(tmp_path / "a.jsonl", frame, "messages")
        records = [json.loads(line) for line in path.read_text().splitlines()]
        assert len(records) == len(frame)
        assert all(list(record) == list(frame) for record in records)
        assert records[0]["content_json"] == {"a": 1}
        assert records[2]["content_json"] == '"text"'
        assert records[1]["timestamp"] == "2026-10-25T02:30:00.123+01:00"
        assert records[3]["fingerprint"] == 2**53 + 1

    def test_text_that_looks_like_json_stays_text(self, tmp_path):
        path = export.write(tmp_path / "a.jsonl", text_frame('{"a":1}'), "messages")
        assert json.loads(path.read_text()) == {"content": '{"a":1}'}

    def test_lines_of_other_keys_are_refused_not_dropped(self, tmp_path):
        path = tmp_path / "a.jsonl"
        path.write_text('{"content":"secret"}\n{"content":"a","more":1}\n')
        with pytest.raises(BadParameter, match="columns or types of values differ") as caught:
            export.read(path, "messages")
        assert "secret" not in str(caught.value)


class TestParquet:
    def test_pandas_reads_it_without_help(self, tmp_path):
        path = export.write(tmp_path / "a.parquet", full("conversations"), "conversations")
        plain = pd.read_parquet(path)
        assert plain["segments"].iloc[0].tolist() == LISTS[0]
        assert plain["nickname"].iloc[0] == TEXTS[0]

    def test_the_schema_is_plain_arrow_compressed_with_zstd(self, tmp_path):
        path = export.write(tmp_path / "a.parquet", full("conversations"), "conversations")
        file = pa.parquet.ParquetFile(path)
        assert list(file.schema_arrow.metadata) == [b"crisp_data.table"]
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"

    def test_the_file_is_closed_once_it_is_read(self, tmp_path, monkeypatch):
        """One that pyarrow opens is closed by its thread, at times later: seen 1 in 100 times."""
        path = export.write(tmp_path / "a.parquet", full("messages"), "messages")
        sources, read_table = [], pa.parquet.read_table
        monkeypatch.setattr(
            "pyarrow.parquet.read_table",
            lambda source, **given: sources.append(source) or read_table(source, **given),
        )
        assert len(export.read(path)) == 10
        assert [source.closed for source in sources] == [True]

    @pytest.mark.parametrize("engine", ["duckdb", "polars"])
    def test_other_engines_read_it(self, tmp_path, engine):
        library = importlib.import_module(engine)
        path = export.write(tmp_path / "a.parquet", full("messages"), "messages")
        rows = library.read_parquet(str(path))
        assert len(rows) == 10


class TestXlsx:
    def test_times_are_dates_that_show_their_offset(self, tmp_path):
        path = export.write(tmp_path / "a.xlsx", full("messages", PARIS), "messages")
        book = openpyxl.load_workbook(path)
        header = [cell.value for cell in book["messages"][1]]
        cells = book["messages"][get_column(header.index("timestamp"))]
        assert cells[1].value == datetime(2026, 10, 25, 2, 30)
        assert cells[2].value == datetime(2026, 10, 25, 2, 30, 0, 123000)
        assert cells[1].number_format.endswith('"+02:00"')
        assert cells[2].number_format.endswith('"+01:00"')
        assert cells[1].is_date
        about = {row[0].value: row[1].value for row in book["about"].iter_rows()}
        assert about["timestamp"] == f"datetime64[ms, {PARIS}]"

    def test_days_are_dates_and_decimals_are_numbers(self, tmp_path):
        days = pd.Series([date(2026, 1, 31), None, date(1900, 3, 1)], dtype=object)
        money = pd.Series([Decimal("1.10"), None, Decimal("-1234567890123.45")], dtype=object)
        arrow = pd.array([Decimal("0.30"), None, Decimal(2)], pd.ArrowDtype(pa.decimal128(20, 2)))
        kinds = pd.array(
            pa.array([20_000, None, 0], pa.int32()).cast(pa.date32()).cast(pa.date64())
        )
        columns = {"day": days, "money": money, "arrow": arrow, "date64": kinds}
        path = export.write(tmp_path / "a.xlsx", pd.DataFrame(columns))
        rows = list(openpyxl.load_workbook(path)["data"].iter_rows(min_row=2))
        assert [cell.value for cell in rows[0]][:3] == [datetime(2026, 1, 31), 1.1, 0.3]
        assert [cell.is_date for cell in rows[0]] == [True, False, False, True]
        assert rows[0][0].number_format == "yyyy-mm-dd"
        assert all(cell.value is None for cell in rows[1])
        back = export.read(path)
        for name, values in columns.items():
            assert [None if pd.isna(v) else v for v in back[name]] == [
                None if pd.isna(v) else v for v in values
            ]
        assert str(back["arrow"][0]) == "0.30"
        assert str(back["money"][2]) == "-1234567890123.45"

    def test_days_and_decimals_that_no_spreadsheet_holds_are_text(self, tmp_path):
        wide = [Decimal("12345678901234.56"), Decimal("0.01"), None]
        old = [date(1899, 12, 31), date(2026, 1, 1), None]
        frame = pd.DataFrame(
            {"w": pd.Series(wide, dtype=object), "o": pd.Series(old, dtype=object)}
        )
        path = export.write(tmp_path / "a.xlsx", frame)
        row = openpyxl.load_workbook(path)["data"][2]
        assert [cell.value for cell in row] == ["12345678901234.56", "1899-12-31"]
        back = export.read(path)
        assert [back["w"].tolist(), back["o"].tolist()] == [wide, old]

    def test_a_number_that_was_edited_beyond_its_decimals_is_refused(self, tmp_path):
        frame = pd.DataFrame({"money": [Decimal("1.10")]}, dtype=object)
        path = export.write(tmp_path / "a.xlsx", frame)
        book = openpyxl.load_workbook(path)
        book["data"]["A2"] = 1.5
        book.save(path)
        assert export.read(path)["money"].tolist() == [Decimal("1.50")]
        book["data"]["A2"] = 1.105
        book.save(path)
        with pytest.raises(BadParameter, match="types of values differ"):
            export.read(path)

    def test_fingerprints_are_text_whatever_their_size(self, tmp_path):
        path = export.write(tmp_path / "a.xlsx", pd.DataFrame({"preview_fingerprint": [7, 8]}))
        cells = [cell.value for cell in openpyxl.load_workbook(path)["data"]["A"]]
        assert cells == ["preview_fingerprint", "7", "8"]

    @pytest.mark.parametrize("most", [10**15, -(10**15), 2**53 + 1])
    def test_a_column_with_a_number_of_16_digits_is_text(self, tmp_path, monkeypatch, most):
        monkeypatch.setattr(columns.slices, "__defaults__", (2,))  # the long one comes late
        frame = pd.DataFrame({"n": pd.array([1, 2, 3, most], dtype="Int64")})
        path = export.write(tmp_path / "a.xlsx", frame)
        cells = [cell.value for cell in openpyxl.load_workbook(path)["data"]["A"]]
        assert cells == ["n", "1", "2", "3", str(most)]
        assert_frame_equal(export.read(path), frame)

    def test_small_counts_are_numbers(self, tmp_path):
        path = export.write(tmp_path / "a.xlsx", pd.DataFrame({"n": [10**15 - 1], "x": [0.25]}))
        row = openpyxl.load_workbook(path)["data"][2]
        assert [cell.value for cell in row] == [10**15 - 1, 0.25]

    def test_a_sheet_ends_somewhere(self, tmp_path, monkeypatch):
        frame = text_frame("a", "b")
        monkeypatch.setattr(xlsx_columns, "ROWS", 3)
        export.write(tmp_path / "fits.xlsx", frame)
        monkeypatch.setattr(xlsx_columns, "ROWS", 2)
        with pytest.raises(BadParameter, match="2 rows and 1 column do not fit") as caught:
            export.write(tmp_path / "over.xlsx", frame)
        assert ".parquet" in caught.value.hint
        assert [file.name for file in tmp_path.iterdir()] == ["fits.xlsx"]
        assert xlsx_columns.check_size(1, 1) is None

    @pytest.mark.parametrize("mark", ["a", "😀"])
    def test_a_cell_ends_somewhere(self, tmp_path, mark):
        most = xlsx_columns.CHARACTERS // (len(mark.encode("utf-16-le")) // 2)
        fits = text_frame(mark * most)
        assert_frame_equal(export.read(export.write(tmp_path / "fits.xlsx", fits)), fits)
        with pytest.raises(BadParameter, match="Column 'content' has 1 cell with") as caught:
            export.write(tmp_path / "over.xlsx", text_frame(mark * (most + 1)))
        assert mark * 10 not in str(caught.value)
        # The apostrophe counts as well.
        with pytest.raises(BadParameter):
            export.write(tmp_path / "over.xlsx", text_frame("=" * xlsx_columns.CHARACTERS))

    def test_a_workbook_of_others_is_refused(self, tmp_path):
        openpyxl.Workbook().save(tmp_path / "other.xlsx")
        with pytest.raises(BadParameter, match="no sheet 'about'"):
            export.read(tmp_path / "other.xlsx")


class TestWholeOrNotAtAll:
    @pytest.fixture
    def crash(self, monkeypatch):
        """Fail in the middle: the second slice never comes."""
        whole = columns.slices

        def half(*args):
            yield next(iter(whole(*args)))
            raise KeyboardInterrupt

        def arm():
            monkeypatch.setattr(columns, "slices", half)

        return arm

    def test_a_crash_leaves_the_old_file(self, path, crash, tmp_path):
        export.write(path, text_frame("old"))
        before = path.read_bytes()
        crash()
        with pytest.raises(KeyboardInterrupt):
            export.write(path, text_frame("new"))
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]

    def test_a_crash_leaves_nothing(self, path, crash, tmp_path):
        crash()
        with pytest.raises(KeyboardInterrupt):
            export.write(path, text_frame("new"))
        assert list(tmp_path.iterdir()) == []

    def test_bytes_reach_the_disk_before_the_name_does(self, tmp_path, monkeypatch):
        steps = []
        fsync, replace = os.fsync, os.replace
        monkeypatch.setattr(os, "fsync", lambda fd: (steps.append("fsync"), fsync(fd)))
        monkeypatch.setattr(os, "replace", lambda a, b: (steps.append("replace"), replace(a, b)))
        export.write(tmp_path / "a.csv", text_frame("a"))
        assert steps == ["fsync", "replace", *(["fsync"] if os.name == "posix" else [])]

    @pytest.mark.needs("modes")
    def test_permissions_are_those_of_open_or_of_the_old_file(self, tmp_path):
        before = os.umask(0o027)
        try:
            path = export.write(tmp_path / "a.csv", text_frame("a"))
            assert stat.S_IMODE(path.stat().st_mode) == 0o640
            path.chmod(0o600)
            export.write(path, text_frame("b"))
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        finally:
            os.umask(before)

    @pytest.mark.needs("symlinks")
    def test_a_link_keeps_pointing(self, tmp_path):
        target, link = tmp_path / "target.csv", tmp_path / "link.csv"
        export.write(target, text_frame("old"))
        link.symlink_to(target)
        export.write(link, text_frame("new"))
        assert link.is_symlink()
        assert "new" in target.read_text()


class TestRefusals:
    FRAME = text_frame("a")

    @pytest.mark.parametrize(
        ("name", "frame", "words"),
        [
            ("a.xls", FRAME, "names no format"),
            ("a", FRAME, "names no format"),
            ("missing/a.csv", FRAME, "no folder"),
            ("a.csv", FRAME["content"], "Series is not a DataFrame"),
            ("a.csv", [1], "list is not a DataFrame"),
            ("a.csv", pd.DataFrame(), "needs a name"),
            ("a.csv", pd.DataFrame({1: [2]}), "needs a name"),
            ("a.csv", pd.concat([FRAME, FRAME], axis=1), "same name"),
            ("a.csv", FRAME.set_index("content").assign(n=1), "index holds data"),
            ("a.csv", FRAME.set_axis(["x"]), "index holds data"),
            ("a.csv", pd.DataFrame({"content": ["secret", 1]}), "'content' mixes"),
            (
                "a.csv",
                pd.DataFrame({"content": pd.Series(["secret\ud83d"], dtype=object)}),
                "'content' mixes",
            ),
        ],
    )
    def test_what_cannot_be_written(self, tmp_path, name, frame, words):
        with pytest.raises(BadParameter, match=words) as caught:
            export.write(tmp_path / name, frame)
        assert caught.value.hint
        assert "secret" not in str(caught.value)
        assert not list(tmp_path.iterdir())

    def test_a_folder_in_the_place(self, tmp_path):
        (tmp_path / "a.csv").mkdir()
        with pytest.raises(BadParameter, match="is a folder"):
            export.write(tmp_path / "a.csv", self.FRAME)

    def test_path_and_frame_the_other_way_round(self):
        for call in (export.write, export.read):
            with pytest.raises(BadParameter, match="A DataFrame is not a path") as caught:
                call(self.FRAME, "a.csv")
            assert "path first" in caught.value.hint

    @pytest.mark.needs("symlinks")
    def test_a_folder_that_may_not_be_written_to(self, tmp_path, monkeypatch):
        # Root may write everywhere, so the system's answer is made up.
        monkeypatch.setattr("os.access", lambda path, mode: Path(path) != tmp_path)
        with pytest.raises(BadParameter, match="Nothing can be written"):
            export.check(tmp_path / "a.csv")
        (tmp_path / "open").mkdir()
        (tmp_path / "link.csv").symlink_to(tmp_path / "open" / "a.csv")
        assert export.check(tmp_path / "link.csv").name == "link.csv"

    def test_an_unknown_table(self, tmp_path):
        with pytest.raises(BadParameter, match="no table 'message'") as caught:
            export.write(tmp_path / "a.csv", self.FRAME, "message")
        assert "messages" in caught.value.hint

    def test_no_file(self, path):
        with pytest.raises(BadParameter, match="no file"):
            export.read(path)

    def test_a_file_that_holds_something_else(self, path):
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "wb") as file:
            file.write(b'"timestamp"\n"secret"\n{"content":"secret"}\n')
        with pytest.raises(CrispError) as caught:
            export.read(path, "messages")
        assert "secret" not in str(caught.value)
        assert caught.value.hint


def get_column(position: int) -> str:
    return openpyxl.utils.get_column_letter(position + 1)


@pytest.mark.needs("posix")
@pytest.mark.parametrize("name", ["Notes: October", "s3:x", "file:x", "~draft", "k=1", "a%20b"])
@pytest.mark.parametrize("ending", [".parquet", ".csv"])
def test_a_name_is_no_address_and_nobody_s_home(tmp_path, monkeypatch, name, ending):
    """Other systems allow no colon; to pyarrow it ends the scheme of an address."""
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame({"a": ["x"]})
    assert export.write(name + ending, frame).absolute() == tmp_path / (name + ending)
    assert_frame_equal(export.read(name + ending), frame)
