"""Times, days and durations at the ends of their types: written exactly, or refused by name."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from crisp_data import export
from crisp_data.errors import BadParameter

from .test_dtypes import ENDINGS, made, objects

LOWEST, HIGHEST = -(2**63), 2**63 - 1
DAY_MS = 86_400_000
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
PARIS = ZoneInfo("Europe/Paris")


def numbered(kind: pa.DataType, number: int) -> pa.Array:
    """Make a value of a number, as a file or another library may, past pyarrow's checks."""
    width = pa.int32() if kind.bit_width == 32 else pa.int64()
    return pa.Array.from_buffers(kind, 1, pa.array([number], width).buffers())


def within(way: str, values: pa.Array) -> pa.Array:
    """Put a value into a column of itself, a list, a struct, a map, or a dictionary."""
    ways = {
        "itself": lambda: values,
        "list": lambda: pa.ListArray.from_arrays([0, 1], values),
        "struct": lambda: pa.StructArray.from_arrays([values], ["at"]),
        "map": lambda: pa.MapArray.from_arrays([0, 1], pa.array(["at"]), values),
        "dictionary": lambda: pa.DictionaryArray.from_arrays(pa.array([0]), values),
        "run ends": lambda: pa.RunEndEncodedArray.from_arrays([1], values),
        "list of dictionary": lambda: within("list", within("dictionary", values)),
        "list of run ends": lambda: within("list", within("run ends", values)),
    }
    return ways[way]()


WAYS = ("itself", "list", "struct", "map", "dictionary", "run ends")
WAYS += ("list of dictionary", "list of run ends")
CLOCKS = {pa.time32("s"): 1, pa.time32("ms"): 10**3, pa.time64("us"): 10**6, pa.time64("ns"): 10**9}
ZONES = (None, "UTC", "Europe/Paris", "+02:00")

# What no reader gives back, in any format.
REFUSED: list[tuple[pa.DataType, int, str]] = [
    *((pa.timestamp(unit, tz), LOWEST, "missing value") for unit in PER_SECOND for tz in ZONES),
    *((pa.timestamp("s", tz), HIGHEST, "years|unit holds") for tz in ZONES),
    *((pa.date32(), days, "years 1 to 9999") for days in (-(2**31), 2**31 - 1, -719_163, 2932_897)),
    *(
        (pa.date64(), days * DAY_MS, "years 1 to 9999")
        for days in (-(2**36), 2**36, -719_163, 2_932_897)
    ),
    (pa.date64(), LOWEST, "years 1 to 9999"),
    (pa.date64(), HIGHEST, "years 1 to 9999"),
    (pa.date64(), DAY_MS + 1, "a day with a time of the day"),
    *((kind, 86_400 * per, "outside 00:00 to 24:00") for kind, per in CLOCKS.items()),
    *((kind, -1, "outside 00:00 to 24:00") for kind in CLOCKS),
]
# And what text does not reach, or pandas does not.
REFUSED_AS_TEXT = [
    (pa.timestamp(unit, tz), HIGHEST, "years|unit holds") for unit in ("ms", "us") for tz in ZONES
]
REFUSED_IN_PARQUET = [(pa.duration(unit), LOWEST, "missing value") for unit in PER_SECOND]


def assert_refused(folder, ending: str, column: pd.Series, words: str) -> None:
    path = folder / f"a{ending}"
    path.write_bytes(b"old")
    with pytest.raises(BadParameter, match=f"Column 'at' .*({words})") as caught:
        export.write(path, pd.DataFrame({"at": column}))
    assert caught.value.hint
    assert path.read_bytes() == b"old"
    assert list(folder.iterdir()) == [path]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".xlsx", ".parquet"])
@pytest.mark.parametrize("way", WAYS)
def test_what_no_reader_knows_is_refused_by_name(tmp_path, ending, way):
    wrong = list(REFUSED)
    if ending == ".parquet":
        wrong += REFUSED_IN_PARQUET
    else:
        wrong += REFUSED_AS_TEXT
    for kind, number, words in wrong:
        if "run ends" in way and not (pa.types.is_timestamp(kind) or pa.types.is_duration(kind)):
            continue  # pyarrow checks these itself when it makes such a column
        nested_ns = kind == pa.time64("ns") and way not in ("itself", "dictionary", "run ends")
        why = f"{words}|no file format supports" if nested_ns else words
        assert_refused(tmp_path, ending, made(within(way, numbered(kind, number))), why)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("kind", "number", "shown"),
    [
        (pa.date32(), -719_162, "0001-01-01"),
        (pa.date32(), 2_932_896, "9999-12-31"),
        (pa.date64(), -719_162 * DAY_MS, "0001-01-01"),
        (pa.date64(), 2_932_896 * DAY_MS, "9999-12-31"),
        (pa.time32("s"), 86_399, "23:59:59"),
        (pa.time64("ns"), 86_400 * 10**9 - 1, "23:59:59.999999999"),
        (pa.timestamp("s"), 253_402_300_799, "9999-12-31T23:59:59"),
        (pa.timestamp("ns"), HIGHEST, "2262-04-11T23:47:16.854775807"),
        (pa.timestamp("ns"), LOWEST + 1, "1677-09-21T00:12:43.145224193"),
        (pa.duration("s"), HIGHEST, "9223372036854775807"),
        (pa.duration("ns"), LOWEST + 1, "-9223372036.854775807"),
    ],
    ids=str,
)
def test_the_last_that_a_reader_knows_is_written(tmp_path, ending, kind, number, shown):
    values = numbered(kind, number)
    frame = pd.DataFrame({"at": made(values), "k": made(within("dictionary", values))})
    path = export.write(tmp_path / f"a{ending}", frame)
    if ending == ".csv":
        assert path.read_text("utf-8").splitlines()[1] == f'"{shown}","{shown}"'
    back = export.read(path)
    for name in back:
        again = pa.array(back[name], from_pandas=True)
        if not pa.types.is_large_string(again.type):
            assert again.cast(kind).equals(values)
        else:
            assert again.to_pylist() == [shown]


@pytest.mark.parametrize("ending", ENDINGS)
def test_encodings_within_lists_are_still_written(tmp_path, ending):
    for way in ("list of dictionary", "list of run ends"):
        frame = pd.DataFrame({"at": made(within(way, pa.array([7])))})
        back = export.read(export.write(tmp_path / f"a{ending}", frame))["at"][0]
        assert str(back) in ("[7]", "(7,)")


@pytest.mark.parametrize("unit", PER_SECOND)
def test_the_lowest_duration_is_exact_as_text(tmp_path, unit):
    frame = pd.DataFrame({"at": made(numbered(pa.duration(unit), LOWEST))})
    text = export.read(export.write(tmp_path / "a.csv", frame))["at"][0]
    assert int(text.replace(".", "")) == LOWEST


EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("category", [False, True])
def test_a_time_of_the_day_keeps_its_distance_from_utc(tmp_path, ending, category):
    """Nine o'clock in two zones is not the same."""
    clocks = [time(9, tzinfo=UTC), time(9, tzinfo=EAST), None, time(9, 0, 0, 1, tzinfo=UTC)]
    column = objects(*clocks)
    frame = pd.DataFrame({"at": column.astype("category") if category else column})
    back = export.read(export.write(tmp_path / f"a{ending}", frame))["at"]
    shown = ["09:00:00+00:00", "09:00:00+02:00", None, "09:00:00.000001+00:00"]
    assert [None if pd.isna(text) else text for text in back] == shown
    again = [None if pd.isna(text) else time.fromisoformat(text) for text in back]
    assert again == clocks
    assert [at and at.utcoffset() for at in again] == [at and at.utcoffset() for at in clocks]


@pytest.mark.parametrize("ending", ENDINGS)
def test_so_does_one_within_a_list(tmp_path, ending):
    frame = pd.DataFrame({"at": objects([time(9, tzinfo=EAST)], {"at": time(9)})})
    path = export.write(tmp_path / f"a{ending}", frame)
    found = [str(value) for value in export.read(path)["at"]]
    assert "09:00:00+02:00" in found[0]
    assert '"09:00:00"' in found[1]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(
    ("value", "words"),
    [
        (time(9, tzinfo=PARIS), "whose distance from UTC depends on the date"),
        ([time(9, tzinfo=PARIS)], "whose distance from UTC depends on the date"),
        ({"at": time(9, tzinfo=PARIS)}, "whose distance from UTC depends on the date"),
        (np.timedelta64(5, "Y"), "mixes|no common unit"),
        (timedelta.max, "too long"),
        (datetime.max.replace(tzinfo=ZoneInfo("America/New_York")), "years 0 to 9999"),
    ],
    ids=str,
)
def test_what_would_lose_its_meaning_is_refused(tmp_path, ending, value, words):
    if ending == ".parquet" and isinstance(value, datetime):
        pytest.skip("Parquet holds the instant")
    assert_refused(tmp_path, ending, objects(value, None), words)


@pytest.mark.parametrize("ending", ENDINGS)
def test_times_of_the_day_with_a_zone_and_without_are_refused(tmp_path, ending):
    assert_refused(tmp_path, ending, objects(time(9), time(9, tzinfo=UTC)), "mixes")


@pytest.mark.parametrize("ending", ENDINGS)
def test_durations_of_numpy_are_durations(tmp_path, ending):
    """To numpy they are whole numbers as well, of any unit."""
    column = objects(np.timedelta64(90, "m"), np.timedelta64(1, "D"), None)
    back = export.read(export.write(tmp_path / f"a{ending}", pd.DataFrame({"at": column})))["at"]
    if ending == ".parquet":
        assert back.tolist()[:2] == [pd.Timedelta("90 min"), pd.Timedelta("1 day")]
    else:
        assert [float(value) for value in back[:2]] == [5400.0, 86400.0]
    assert pd.isna(back[2])


@pytest.mark.parametrize("ending", ENDINGS)
def test_days_of_python_are_all_written(tmp_path, ending):
    days = [date.min, date.max]
    back = export.read(export.write(tmp_path / f"a{ending}", pd.DataFrame({"at": objects(*days)})))
    assert [str(day) for day in back["at"]] == ["0001-01-01", "9999-12-31"]
