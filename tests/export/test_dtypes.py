"""Whatever dtype pandas and pyarrow hold: written as a person reads it, or refused by name."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from uuid import UUID

import dateutil.tz
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crisp_data import export
from crisp_data.errors import BadParameter

ENDINGS = (".csv", ".csv.gz", ".jsonl", ".xlsx", ".parquet")
ID = UUID(int=5)
NS = pd.Timestamp("2026-01-01T00:00:00.000000001")


class Colour(Enum):
    RED = 1


def arrow(kind: pa.DataType, *values: object) -> pd.Series:
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(values, kind)])))


def made(array: pa.Array) -> pd.Series:
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([array])))


def stored(kind: pa.DataType, storage: pa.Array) -> pd.Series:
    return made(pa.ExtensionArray.from_storage(kind, storage))


def objects(*values: object) -> pd.Series:
    column = pd.Series([None] * len(values), dtype=object)
    for row, value in enumerate(values):
        column.iat[row] = value
    return column


def paris(unit: str) -> pd.Series:
    naive = pd.Series(["2026-10-25T00:30:00", None]).astype(f"datetime64[{unit}]")
    return naive.dt.tz_localize("UTC").dt.tz_convert("Europe/Paris")


# What makes the column, and the cells that a reader of CSV sees; "" is missing.
WRITTEN = {
    **{
        f"numpy {name}": (lambda name=name: pd.Series(np.array([0, 7], name)), ["0", "7"])
        for name in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
    },
    "numpy uint64 beyond int64": (
        lambda: pd.Series([2**64 - 1, 1], dtype="uint64"),
        [str(2**64 - 1), "1"],
    ),
    "numpy float16": (lambda: pd.Series(np.array([0.5, np.nan], "float16")), ["0.5", ""]),
    "numpy float32": (lambda: pd.Series(np.array([0.1, np.nan], "float32")), ["0.1", ""]),
    "numpy float64": (lambda: pd.Series([0.1, 1e22]), ["0.1", "1e+22"]),
    "numpy bool": (lambda: pd.Series([True, False]), ["true", "false"]),
    "Int8": (lambda: pd.Series([1, None], dtype="Int8"), ["1", ""]),
    "Int64": (lambda: pd.Series([2**63 - 1, None], dtype="Int64"), [str(2**63 - 1), ""]),
    "UInt64": (lambda: pd.Series([2**64 - 1, None], dtype="UInt64"), [str(2**64 - 1), ""]),
    "Float32": (lambda: pd.Series([0.1, None], dtype="Float32"), ["0.1", ""]),
    "Float64": (lambda: pd.Series([0.1, None], dtype="Float64"), ["0.1", ""]),
    "boolean": (lambda: pd.Series([True, None], dtype="boolean"), ["true", ""]),
    "str": (lambda: pd.Series(["a", None], dtype="str"), ["a", ""]),
    "string": (lambda: pd.Series(["a", None], dtype="string"), ["a", ""]),
    **{
        f"datetime64[{unit}]": (
            lambda unit=unit: pd.Series(["2026-10-25T02:30:00", None]).astype(
                f"datetime64[{unit}]"
            ),
            [f"2026-10-25T02:30:00{zeros}", ""],
        )
        for unit, zeros in {"s": "", "ms": ".000", "us": ".000000", "ns": ".000000000"}.items()
    },
    **{
        f"datetime64[{unit}, Paris]": (
            lambda unit=unit: paris(unit),
            [f"2026-10-25T02:30:00{zeros}+02:00", ""],
        )
        for unit, zeros in {"s": "", "ms": ".000", "us": ".000000", "ns": ".000000000"}.items()
    },
    "datetime64 of a fixed offset": (
        lambda: pd.Series([pd.Timestamp("2026-01-01T00:00+05:30")]),
        ["2026-01-01T00:00:00.000000+05:30"],
    ),
    "datetime64 of dateutil's zone": (
        lambda: pd.Series([pd.Timestamp(2026, 1, 1, tz=dateutil.tz.UTC)]),
        ["2026-01-01T00:00:00.000000+00:00"],
    ),
    **{
        f"timedelta64[{unit}]": (
            lambda unit=unit: pd.Series(pd.to_timedelta(["1 days 00:00:01", None])).astype(
                f"timedelta64[{unit}]"
            ),
            ["86401", ""],
        )
        for unit in ("s", "ms", "us", "ns")
    },
    "timedelta64 that no double holds": (
        lambda: pd.Series([pd.Timedelta(2**62 + 1, "ns"), pd.Timedelta(-(2**62) - 1, "ns")]),
        ["4611686018.427387905", "-4611686018.427387905"],
    ),
    **{
        f"period[{freq}]": (
            lambda freq=freq: pd.Series(
                pd.array([pd.Period("2026-01-05 03:04", freq), pd.NaT], dtype=f"period[{freq}]")
            ),
            [text, ""],
        )
        for freq, text in {
            "Y": "2026",
            "Q": "2026Q1",
            "M": "2026-01",
            "W-SUN": "2026-01-05/2026-01-11",
            "D": "2026-01-05",
            "2D": "2026-01-05",
            "h": "2026-01-05 03:00",
            "min": "2026-01-05 03:04",
        }.items()
    },
    "interval of whole numbers": (lambda: pd.Series(pd.interval_range(0, 2)), ["(0, 1]", "(1, 2]"]),
    "interval with a gap": (
        lambda: pd.Series(pd.arrays.IntervalArray.from_tuples([(0.0, 0.5), None], closed="left")),
        ["[0.0, 0.5)", ""],
    ),
    "interval of times": (
        lambda: pd.Series(pd.interval_range(pd.Timestamp("2026-01-01", tz="UTC"), periods=1)),
        ["(2026-01-01 00:00:00+00:00, 2026-01-02 00:00:00+00:00]"],
    ),
    "category of text": (lambda: pd.Series(["a", None]).astype("category"), ["a", ""]),
    "category of whole numbers": (
        lambda: pd.Series(pd.Categorical.from_codes([0, -1], [2**63 - 1, 5])),
        [str(2**63 - 1), ""],
    ),
    "category of real numbers": (lambda: pd.Series([0.5, None]).astype("category"), ["0.5", ""]),
    "category of flags": (lambda: pd.Series([True, False]).astype("category"), ["true", "false"]),
    "category of times": (
        lambda: paris("ms").astype("category"),
        ["2026-10-25T02:30:00.000+02:00", ""],
    ),
    "category of intervals": (
        lambda: pd.cut(pd.Series([1, 3, None]), [0, 2, 4]),
        ["(0, 2]", "(2, 4]", ""],
    ),
    "category of periods": (
        lambda: pd.Series(pd.PeriodIndex(["2026-01", None], freq="M")).astype("category"),
        ["2026-01", ""],
    ),
    "sparse whole numbers": (lambda: pd.Series(pd.arrays.SparseArray([0, 7])), ["0", "7"]),
    "sparse real numbers": (lambda: pd.Series(pd.arrays.SparseArray([np.nan, 0.5])), ["", "0.5"]),
    "sparse flags": (lambda: pd.Series(pd.arrays.SparseArray([True, False])), ["true", "false"]),
    "arrow string": (lambda: arrow(pa.string(), "a", None), ["a", ""]),
    "arrow large_string": (lambda: arrow(pa.large_string(), "a", None), ["a", ""]),
    "arrow string_view": (lambda: arrow(pa.string_view(), "a", None), ["a", ""]),
    "arrow binary": (lambda: arrow(pa.binary(), b"\x00\xff", None), ["AP8=", ""]),
    "arrow large_binary": (lambda: arrow(pa.large_binary(), b"a", None), ["YQ==", ""]),
    "arrow binary_view": (lambda: arrow(pa.binary_view(), b"a", None), ["YQ==", ""]),
    "arrow fixed_size_binary": (lambda: arrow(pa.binary(2), b"ab", None), ["YWI=", ""]),
    "arrow decimal32": (lambda: arrow(pa.decimal32(5, 2), Decimal("1.50"), None), ["1.50", ""]),
    "arrow decimal128": (
        lambda: arrow(pa.decimal128(20, 2), Decimal("123456789012345678.90"), None),
        ["123456789012345678.90", ""],
    ),
    "arrow decimal256": (lambda: arrow(pa.decimal256(60, 2), Decimal("1.50"), None), ["1.50", ""]),
    "arrow decimal of hundreds": (
        lambda: arrow(pa.decimal128(5, -2), Decimal("1200"), None),
        ["1200", ""],
    ),
    "arrow date32": (lambda: arrow(pa.date32(), date(2026, 1, 1), None), ["2026-01-01", ""]),
    "arrow date64": (lambda: arrow(pa.date64(), date(2026, 1, 1), None), ["2026-01-01", ""]),
    "arrow time32": (lambda: arrow(pa.time32("s"), time(1, 2, 3), None), ["01:02:03", ""]),
    "arrow time64": (
        lambda: made(pa.array([1_000_000_001, None], pa.int64()).cast(pa.time64("ns"))),
        ["00:00:01.000000001", ""],
    ),
    "arrow duration": (lambda: arrow(pa.duration("ms"), timedelta(seconds=1.5), None), ["1.5", ""]),
    "arrow month_day_nano_interval": (
        lambda: arrow(pa.month_day_nano_interval(), pa.MonthDayNano([1, 2, 3]), None),
        ["P1M2DT0.000000003S", ""],
    ),
    "arrow timestamp": (
        lambda: arrow(pa.timestamp("ms"), datetime(2026, 1, 1), None),
        ["2026-01-01T00:00:00.000", ""],
    ),
    "arrow timestamp in a zone": (
        lambda: arrow(pa.timestamp("ms", "Europe/Paris"), datetime(2026, 1, 1), None),
        ["2026-01-01T01:00:00.000+01:00", ""],
    ),
    "arrow list": (lambda: arrow(pa.list_(pa.string()), ["a"], None), ['["a"]', ""]),
    "arrow large_list": (lambda: arrow(pa.large_list(pa.int64()), [1], None), ["[1]", ""]),
    "arrow fixed_size_list": (lambda: arrow(pa.list_(pa.int64(), 2), [1, 2], None), ["[1,2]", ""]),
    "arrow list_view": (
        lambda: arrow(pa.list_view(pa.int64()), [1, 2], None, [], [3]),
        ["[1,2]", "", "[]", "[3]"],
    ),
    "arrow large_list_view": (lambda: arrow(pa.large_list_view(pa.int64()), [1]), ["[1]"]),
    "arrow list of times": (
        lambda: arrow(pa.list_(pa.timestamp("ns", "UTC")), [NS.value], None),
        ['["2026-01-01T00:00:00.000000001+00:00"]', ""],
    ),
    "arrow list of durations": (
        lambda: arrow(pa.list_(pa.duration("ns")), [timedelta(1)], None),
        ["[86400.0]", ""],
    ),
    "arrow list of bytes": (lambda: arrow(pa.list_(pa.binary()), [b"\xff"]), ['["/w=="]']),
    "arrow struct": (
        lambda: arrow(pa.struct({"a": pa.int64(), "b": pa.string()}), {"a": 1, "b": "x"}, None),
        ['{"a":1,"b":"x"}', ""],
    ),
    "arrow map": (
        lambda: arrow(pa.map_(pa.string(), pa.int64()), [("a", 1)], None),
        ['[["a",1]]', ""],
    ),
    "arrow dictionary": (lambda: made(pa.array(["a", None]).dictionary_encode()), ["a", ""]),
    "arrow dictionary with a gap among its values": (
        lambda: made(pa.DictionaryArray.from_arrays([0, 1, None], pa.array(["a", None]))),
        ["a", "", ""],
    ),
    "arrow dictionary of lists": (
        lambda: made(pa.DictionaryArray.from_arrays([0, None], pa.array([["a"]]))),
        ['["a"]', ""],
    ),
    "arrow run_end_encoded": (
        lambda: made(pa.RunEndEncodedArray.from_arrays([2, 3], ["a", None])),
        ["a", "a", ""],
    ),
    "arrow uuid": (
        lambda: stored(pa.uuid(), pa.array([ID.bytes, None], pa.binary(16))),
        [str(ID), ""],
    ),
    "arrow json": (
        lambda: stored(pa.json_(pa.string()), pa.array(['{"a":1}', None])),
        ['{"a":1}', ""],
    ),
    "arrow bool8": (lambda: stored(pa.bool8(), pa.array([1, None], pa.int8())), ["true", ""]),
    "arrow null": (lambda: arrow(pa.null(), None, None), ["", ""]),
    "arrow float16": (lambda: arrow(pa.float16(), np.float16(0.5), None), ["0.5", ""]),
    "arrow float32": (lambda: arrow(pa.float32(), 0.1, None), ["0.1", ""]),
    "objects: whole and real numbers": (lambda: objects(1, 2.5), ["1", "2.5"]),
    "objects: a large number and a gap": (
        lambda: objects(7234567890123456789, float("nan")),
        ["7234567890123456789", ""],
    ),
    "objects: numbers of more than 64 bits": (lambda: objects(2**70, 1), [str(2**70), "1"]),
    "objects: numbers of 64 bits": (lambda: objects(2**64 - 1, None), [str(2**64 - 1), ""]),
    "objects: numpy's scalars": (lambda: objects(np.int64(1), np.uint8(2)), ["1", "2"]),
    "objects: text": (lambda: objects("a", np.str_("b"), None), ["a", "b", ""]),
    "objects: nothing": (lambda: objects(None, pd.NA, pd.NaT), ["", "", ""]),
    "objects: dict": (lambda: objects({"a": 1}, {"b": None}), ['{"a":1}', '{"b":null}']),
    "objects: list": (lambda: objects(["a"], None), ['["a"]', ""]),
    "objects: empty lists": (lambda: objects([], []), ["[]", "[]"]),
    "objects: list of several types": (lambda: objects(["a", 1, 2**70]), [f'["a",1,{2**70}]']),
    "objects: list of dicts": (
        lambda: objects([{"a": 1}], [{"b": 2}]),
        ['[{"a":1}]', '[{"b":2}]'],
    ),
    "objects: list of whatever": (
        lambda: objects([Decimal("1.10"), ID, date(2026, 1, 1), NS, b"a", float("nan")]),
        [f'["1.10","{ID}","2026-01-01","{NS.isoformat()}","YQ==",null]'],
    ),
    "objects: set": (lambda: objects({"b", "a"}, None), ['["a","b"]', ""]),
    "objects: tuple": (lambda: objects((1, "a")), ['[1,"a"]']),
    "objects: array": (lambda: objects(np.array([1, 2]), None), ["[1,2]", ""]),
    "objects: Decimal": (lambda: objects(Decimal("1.10"), Decimal("2.5")), ["1.10", "2.50"]),
    "objects: date": (lambda: objects(date(2026, 1, 1), None), ["2026-01-01", ""]),
    "objects: datetime": (lambda: objects(NS, None), [NS.isoformat(), ""]),
    "objects: datetimes of several zones": (
        lambda: objects(
            datetime(2026, 1, 1, tzinfo=UTC),
            datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))),
        ),
        ["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00+02:00"],
    ),
    "objects: time": (lambda: objects(time(1, 2), None), ["01:02:00.000000", ""]),
    "objects: timedelta": (lambda: objects(timedelta(1), None), ["86400", ""]),
    "objects: path": (lambda: objects(PurePosixPath("/a"), None), ["/a", ""]),
    "objects: UUID": (lambda: objects(ID, None), [str(ID), ""]),
    "objects: Period": (lambda: objects(pd.Period("2026-01"), None), ["2026-01", ""]),
    "objects: Interval": (lambda: objects(pd.Interval(0, 1), None), ["(0, 1]", ""]),
    "objects: bytes": (lambda: objects(b"a\xff", bytearray(b"a"), None), ["Yf8=", "YQ==", ""]),
}

REFUSED = {
    "complex64": lambda: pd.Series(np.array([1j], "complex64")),
    "complex128": lambda: pd.Series([1j]),
    "arrow sparse union": lambda: made(
        pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1]), pa.array(["b"])])
    ),
    "arrow dense union": lambda: made(
        pa.UnionArray.from_dense(
            pa.array([0, 1], pa.int8()),
            pa.array([0, 0], pa.int32()),
            [pa.array([1]), pa.array(["b"])],
        )
    ),
    "arrow tensor": lambda: stored(
        pa.fixed_shape_tensor(pa.int64(), [2]), pa.array([[1, 2]], pa.list_(pa.int64(), 2))
    ),
    "arrow opaque": lambda: stored(
        pa.opaque(pa.binary(), "geometry", "postgis"), pa.array([b"secret"])
    ),
    "arrow zone that does not exist": lambda: arrow(pa.timestamp("ms", "Nowhere/Place"), 0),
    "datetime64 of a zone without a name": lambda: pd.Series(
        [pd.Timestamp(2026, 1, 1, tz=timezone(timedelta(seconds=561)))]
    ),
    "category of several types": lambda: pd.Series(["secret", 1]).astype("category"),
    "objects: text and numbers": lambda: objects("secret", 1),
    "objects: flags and numbers": lambda: objects(True, 1),
    "objects: day and time": lambda: objects(date(2026, 1, 1), datetime(2026, 1, 1, 3)),
    "objects: with a zone and without": lambda: objects(
        datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
    ),
    "objects: fractions beside what no double holds": lambda: objects(2**53 + 1, 0.5),
    "objects: infinite Decimal": lambda: objects(Decimal("inf")),
    "objects: enum": lambda: objects(Colour.RED),
    "objects: complex": lambda: objects(1j),
    "objects: object": lambda: objects(object()),
    "objects: exception": lambda: objects(ValueError("secret")),
    "objects: frame": lambda: objects(pd.DataFrame({"secret": [1]})),
    "objects: dict of numbers": lambda: objects({1: "secret"}),
    "objects: list of objects": lambda: objects([object()]),
    "objects: not Unicode": lambda: objects("secret\ud83d"),
    "objects: not Unicode within": lambda: objects({"a": "secret\ud83d"}),
}
# JSON and ISO 8601 do not reach as far as Parquet.
REFUSED_AS_TEXT = {
    "infinite within a list": lambda: arrow(pa.list_(pa.float64()), [float("inf")]),
    "year 20000": lambda: pd.Series(np.array(["20000-01-01"], "M8[s]")),
}


def column(make) -> pd.Series:
    try:
        return make()
    except AttributeError as missing:
        pytest.skip(f"this pyarrow lacks a type: {missing}")


def matches(back: object, original: object, shown: str) -> bool:
    """Tell whether what was read is the value, or the text or number that a person sees."""
    if shown == "":
        return bool(pd.isna(back))
    if isinstance(back, (list, tuple, dict, np.ndarray)):
        plain = back if isinstance(back, dict) else list(back)
        return plain == json.loads(shown) or original in (plain, back)
    if isinstance(back, (bool, np.bool_)):
        return str(back).lower() == shown
    if isinstance(back, float):
        return back == float(shown) or np.float32(back) == np.float32(shown)
    if isinstance(back, (int, np.integer)):
        return back == int(shown)
    return str(back) == shown or bool(back == original)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", WRITTEN)
def test_written_as_a_person_reads_it_and_read_back(tmp_path, name, ending):
    make, shown = WRITTEN[name]
    values = column(make)
    path = export.write(tmp_path / f"a{ending}", pd.DataFrame({"c": values}))
    if ending == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            assert [row[0] if row else "" for row in csv.reader(file)] == ["c", *shown]
    if ending == ".jsonl":
        found = [json.loads(line)["c"] for line in path.read_text("utf-8").splitlines()]
        for value, text in zip(found, shown, strict=True):
            assert matches(value, None, text) if text else value is None
    back = export.read(path)["c"]
    assert len(back) == len(values)
    for one, original, text in zip(back, values, shown, strict=True):
        if isinstance(one, pd.Timestamp):
            assert one == pd.Timestamp(original)
            assert (one.tzinfo is None) == (pd.Timestamp(original).tzinfo is None)
        elif isinstance(one, pd.Timedelta):
            assert one == pd.Timedelta(original)
        else:
            assert matches(one, original, text), (one, original, text)


@pytest.mark.parametrize("ending", [".xlsx", ".parquet"])
@pytest.mark.parametrize("name", [name for name in WRITTEN if name.startswith("period")])
def test_periods_come_back_as_periods_where_the_file_says_so(tmp_path, name, ending):
    frame = pd.DataFrame({"c": WRITTEN[name][0]()})
    back = export.read(export.write(tmp_path / f"a{ending}", frame))
    pd.testing.assert_frame_equal(back, frame)


def test_a_period_in_parquet_is_text_to_other_readers(tmp_path):
    polars = pytest.importorskip("polars")
    frame = pd.DataFrame({"c": pd.PeriodIndex(["2026-01"], freq="M")})
    path = export.write(tmp_path / "a.parquet", frame)
    assert polars.read_parquet(path)["c"].to_list() == ["2026-01"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", [*REFUSED, *REFUSED_AS_TEXT])
def test_refused_by_name_before_a_file_is_touched(tmp_path, name, ending):
    values = column((REFUSED | REFUSED_AS_TEXT)[name])
    path = tmp_path / f"a{ending}"
    path.write_bytes(b"old")
    if name in REFUSED_AS_TEXT and ending == ".parquet":
        export.write(path, pd.DataFrame({"c": values}))
        return
    with pytest.raises(BadParameter, match="Column 'c' ") as caught:
        export.write(path, pd.DataFrame({"n": [1] * len(values), "c": values}))
    assert str(values.dtype)[:40] in str(caught.value)
    assert "{column}" not in caught.value.hint
    assert caught.value.hint
    assert "secret" not in str(caught.value)
    assert " at 0x" not in str(caught.value)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("duration", "written"),
    [
        (pd.Timedelta(200, "D") + pd.Timedelta(1, "ns"), '"17280000.000000001"'),
        (-pd.Timedelta(200, "D") - pd.Timedelta(1, "ns"), '"-17280000.000000001"'),
        (np.timedelta64(2**62 + 1, "us"), '"4611686018427.387905"'),
        (np.timedelta64(2**53 + 1, "s"), '"9007199254740993"'),
        (pd.Timedelta(200, "D"), "17280000.0"),
        (timedelta(microseconds=100_001), "0.100001"),
        (pd.NaT, "null"),
        (np.timedelta64("NaT"), "null"),
    ],
)
def test_a_duration_within_a_value_keeps_its_digits(tmp_path, duration, written):
    path = tmp_path / "frame.csv"
    export.write(path, pd.DataFrame({"x": [{"for": duration}]}))
    assert export.read(path)["x"].tolist() == ['{"for":' + written + "}"]


def test_a_number_that_is_not_finite_is_refused_before_there_is_a_file(tmp_path):
    frame = pd.DataFrame({"c": [0.5, float("inf")]})
    with pytest.raises(BadParameter, match="not finite"):
        export.write(tmp_path / "a.jsonl", frame)
    assert not list(tmp_path.iterdir())


def test_no_rows_of_any_dtype(tmp_path):
    for name, (make, _) in WRITTEN.items():
        frame = pd.DataFrame({"c": column(make)}).iloc[:0]
        for ending in (".csv", ".jsonl", ".parquet"):
            path = export.write(tmp_path / f"a{ending}", frame)
            assert len(export.read(path)) == 0, name


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (pd.MultiIndex.from_tuples([("a", "b")]), "several levels"),
        ([("a", "b")], "the name must be text"),
        ([1], "the name must be text"),
        ([None], "the name must be text"),
        (pd.Index(["a\ud83d"], dtype=object), "not valid Unicode"),
    ],
)
@pytest.mark.parametrize("ending", ENDINGS)
def test_names_that_no_file_has(tmp_path, columns, words, ending):
    frame = pd.DataFrame([[1]])
    frame.columns = columns
    with pytest.raises(BadParameter, match=words) as caught:
        export.write(tmp_path / f"a{ending}", frame)
    assert caught.value.hint
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("index", [["x", "y"], [(1, 2), (3, 4)], pd.date_range("2026", periods=2)])
def test_an_index_that_holds_data_is_not_dropped_in_silence(tmp_path, index, ending):
    frame = pd.DataFrame({"c": pd.PeriodIndex(["2026-01", "2026-02"], freq="M")})
    frame.index = pd.Index(index)
    with pytest.raises(BadParameter, match="index holds data"):
        export.write(tmp_path / f"a{ending}", frame)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_rows_of_a_filtered_frame_stay_with_their_values(tmp_path, ending):
    frame = pd.DataFrame(
        {
            "p": pd.PeriodIndex(["2026-01", "2026-02", "2026-03"], freq="M"),
            "k": pd.Categorical.from_codes([0, 1, -1], [2**60, 2**61]),
            "n": ["a", "b", "c"],
        }
    )[::-2]
    back = export.read(export.write(tmp_path / f"a{ending}", frame))
    assert [str(period) for period in back["p"]] == ["2026-03", "2026-01"]
    assert back["n"].tolist() == ["c", "a"]
    assert pd.isna(back["k"][0])
    assert int(back["k"][1]) == 2**60


def test_a_frame_is_left_as_it_was(tmp_path):
    frame = pd.DataFrame({"c": objects({"a": 1}, None), "p": pd.period_range("2026", periods=2)})
    before = frame.dtypes.tolist()
    export.write(tmp_path / "a.csv", frame)
    assert frame.dtypes.tolist() == before


@pytest.mark.parametrize(
    ("kind", "value", "spelled"),
    [
        (pa.decimal32(5, 2), Decimal("1.50"), pa.decimal128(5, 2)),
        (pa.decimal64(15, 2), Decimal("1.50"), pa.decimal128(15, 2)),
        (pa.list_(pa.int64(), 2), [1, 2], pa.list_(pa.int64())),
        (
            pa.struct([pa.field("a", pa.list_(pa.int64(), 2))]),
            {"a": [1, 2]},
            pa.struct([pa.field("a", pa.list_(pa.int64()))]),
        ),
        (
            pa.large_list(pa.struct([pa.field("a", pa.decimal32(5, 2))])),
            [{"a": Decimal("1.50")}, {"a": None}],
            pa.large_list(pa.struct([pa.field("a", pa.decimal128(5, 2))])),
        ),
        (
            pa.map_(pa.string(), pa.list_(pa.int64(), 2)),
            [("a", [1, 2])],
            pa.map_(pa.string(), pa.list_(pa.int64())),
        ),
    ],
    ids=str,
)
def test_what_few_pyarrows_read_is_stored_as_what_all_read(tmp_path, kind, value, spelled):
    """A fixed_size_list with a gap is written, and then read by new ones only."""
    frame = pd.DataFrame({"c": arrow(kind, value, None)})
    path = export.write(tmp_path / "a.parquet", frame)
    found = pq.read_table(path)["c"]
    assert found.type == spelled
    assert found.to_pylist() == [value, None]


@pytest.mark.parametrize("dtype", ["float64", "Float64", "object", "float64[pyarrow]"])
def test_numbers_that_are_not_finite_are_read_back_from_a_workbook(tmp_path, dtype):
    frame = pd.DataFrame({"c": pd.Series([float("-inf"), float("inf"), -1.5], dtype=dtype)})
    again = export.read(export.write(tmp_path / "f.xlsx", frame))
    assert again["c"].tolist() == [float("-inf"), float("inf"), -1.5]


NOT_UNPACKED = {
    f"{way} of {kind}": (lambda kind=kind, make=make: made(make(pa.array(["a"]).cast(kind))))
    for kind in (pa.string_view(), pa.binary_view())
    for way, make in {
        "dictionary": lambda values: pa.DictionaryArray.from_arrays(pa.array([0]), values),
        "run ends": lambda values: pa.RunEndEncodedArray.from_arrays([1], values),
    }.items()
} | {
    "signalling decimal": lambda: objects(Decimal("sNaN")),
}


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", NOT_UNPACKED)
def test_what_pyarrow_itself_does_not_convert_is_refused_by_name(tmp_path, name, ending):
    frame = pd.DataFrame({"c": NOT_UNPACKED[name]()})
    with pytest.raises(BadParameter, match="Column 'c'"):
        export.write(tmp_path / f"f{ending}", frame)
    assert not list(tmp_path.iterdir())
