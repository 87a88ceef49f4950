"""One time zone database: files and charts show the times that the frame shows."""

from __future__ import annotations

import ast
import csv
import json
import os
import shutil
import struct
import subprocess
import sys
import zoneinfo
from datetime import datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest

from crisp_data import export, plots, tables
from crisp_data.errors import BadParameter

PACKAGE = Path(__file__).parents[2] / "crisp_data"
VANCOUVER, LIST_MOVED = "America/Vancouver", "Test/Moved"
# Arrow's functions that look a zone up in the system's database.
KERNELS = {
    *("local_timestamp", "assume_timezone", "strftime", "strptime", "is_dst"),
    *("floor_temporal", "ceil_temporal", "round_temporal", "year_month_day", "is_leap_year"),
    *("hour", "minute", "day", "day_of_week", "day_of_year", "week", "month", "quarter", "year"),
    *("iso_week", "iso_year", "iso_calendar", "us_week", "us_year"),
}


def compiled(hours: int, name: str) -> bytes:
    """Compile a zone that is always so many hours from UTC, as RFC 8536 says."""
    kind = struct.pack(">lbb", hours * 3600, 0, 0) + name.encode() + b"\0"
    header = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, len(name) + 1)
    return (header + kind) * 2 + f"\n<{name}>{-hours}\n".encode()


def zone_files(folder: Path) -> Path:
    """Write a database of another year: Vancouver stays at -07:00, and a place is new."""
    for key, hours in {VANCOUVER: -7, LIST_MOVED: 5}.items():
        (folder / "zones" / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / "zones" / key).write_bytes(compiled(hours, f"{hours:+03}"))
    return folder / "zones"


@pytest.fixture
def own_zones(tmp_path):
    """Give pandas a place that the system does not know.

    A new one: pandas keeps the rules of a zone by its name as long as the process lives.
    """
    zoneinfo.reset_tzpath([str(zone_files(tmp_path)), *zoneinfo.TZPATH])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


def frame(zone: str) -> pd.DataFrame:
    instants = ["2026-12-01T00:00:00", None, "2026-11-01T09:30:00.123", "2027-03-14T10:30:00"]
    times = pd.to_datetime(pd.Series(instants, dtype="str"), format="ISO8601", utc=True)
    times = times.dt.as_unit("ms").dt.tz_convert(zone)
    held = pd.array(pa.array(times.dt.tz_convert("UTC")), dtype=pd.ArrowDtype(arrow_type(zone)))
    return pd.DataFrame({"t": times, "held": held, "c": times.astype("category")})


def arrow_type(zone: str) -> pa.DataType:
    return pa.timestamp("ms", zone)


def shown(times: pd.Series) -> list[str | None]:
    return [None if pd.isna(at) else at.isoformat(timespec="milliseconds") for at in times]


@pytest.mark.reliability("zones")
@pytest.mark.parametrize("column", ["t", "held", "c"])
def test_files_show_the_times_of_the_frame(tmp_path, own_zones, column):
    whole = frame(LIST_MOVED)
    assert whole["t"][0].utcoffset() == pd.Timedelta(hours=5)
    expected = shown(whole["t"])
    one = whole[[column]]
    with export.write(tmp_path / "a.csv", one).open(newline="") as file:
        assert [row[0] if row else None for row in csv.reader(file)][1:] == expected
    lines = export.write(tmp_path / "a.jsonl", one).read_text().splitlines()
    assert [json.loads(line)[column] for line in lines] == expected
    path = export.write(tmp_path / "a.xlsx", one)
    cells = [row[0] for row in openpyxl.load_workbook(path)["data"].iter_rows(min_row=2)]
    for cell, at in zip(cells, expected, strict=True):
        assert (cell.value is None) == (at is None)
        if at is not None:
            assert cell.value == datetime.fromisoformat(at).replace(tzinfo=None)
            assert at[-6:] in cell.number_format
    for ending in (".xlsx", ".parquet"):
        back = export.read(export.write(tmp_path / f"a{ending}", one))[column]
        assert shown(back) == expected


@pytest.mark.reliability("zones")
def test_where_pandas_and_the_system_differ_the_file_says_what_the_frame_says(tmp_path):
    """Vancouver in December 2026: -07:00 or -08:00, by the year of the database."""
    script = f"""
import csv, json, openpyxl, pandas as pd, crisp_data as crisp
at = pd.to_datetime([1796083200000], unit="ms", utc=True).tz_convert({VANCOUVER!r})
frame, folder = pd.DataFrame({{"t": at}}), {str(tmp_path)!r}
text = frame["t"][0].isoformat(timespec="milliseconds")
assert text == "2026-11-30T17:00:00.000-07:00"
frame["t"] = frame["t"].dt.as_unit("ms")
assert crisp.write(folder + "/a.csv", frame).read_text().splitlines()[1] == '"' + text + '"'
assert json.loads(crisp.write(folder + "/a.jsonl", frame).read_text()) == {{"t": text}}
cell = openpyxl.load_workbook(crisp.write(folder + "/a.xlsx", frame))["data"]["A2"]
assert cell.value.isoformat() == text[:19] and "-07:00" in cell.number_format
"""
    env = {**os.environ, "PYTHONTZPATH": str(zone_files(tmp_path))}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=env
    )
    assert done.returncode == 0, done.stderr


def test_every_zone_shows_the_times_of_the_frame(tmp_path):
    hours = pd.date_range("2026-01-01", "2027-12-31", freq="37h", tz="UTC", unit="ms")
    zones = ["Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago"]
    whole = pd.DataFrame({zone: hours.tz_convert(zone) for zone in (VANCOUVER, *zones)})
    with export.write(tmp_path / "a.csv", whole).open(newline="") as file:
        rows = list(csv.DictReader(file))
    for zone in whole:
        assert [row[zone] for row in rows] == shown(whole[zone])


@pytest.mark.reliability("zones")
def test_a_table_is_in_the_zone_that_pandas_knows(own_zones):
    at = tables.empty("messages", LIST_MOVED)["timestamp"].dt.tz
    assert at is zoneinfo.ZoneInfo(LIST_MOVED)


@pytest.mark.reliability("zones")
def test_a_chart_is_labelled_with_the_times_of_the_frame(own_zones):
    whole = frame(LIST_MOVED).dropna().rename(columns={"t": "created_at"}).assign(state="resolved")
    labels = {}
    for column in ("created_at", "held"):
        given = whole[[column, "state"]].set_axis(["created_at", "state"], axis=1).iloc[:1]
        ax = plots.volume(given, by="hour")
        ax.figure.canvas.draw()
        labels[column] = [label.get_text() for label in ax.get_xticklabels()]
    assert labels["created_at"] == labels["held"]
    assert any("05:00" in label for label in labels["created_at"])


def test_no_module_asks_arrow_for_a_zone():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("pc", "pa.compute"):
                assert node.attr not in KERNELS, path
            # By its name, matplotlib would look a zone up in a third database.
            if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(
                ("Date", "AutoDate")
            ):
                zones = [word.value for word in node.keywords if word.arg == "tz"]
                assert all(ast.unparse(zone) == "zone" for zone in zones), path


def _without_zones(*command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run where the system has no zone files, as in a slim container."""
    script = 'mount -t tmpfs none /usr/share/zoneinfo && exec "$@"'
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", *command],
        capture_output=True,
        text=True,
        check=False,
        env=env,
    )


needs_mounts = pytest.mark.skipif(
    not shutil.which("unshare")
    or not Path("/usr/share/zoneinfo").is_dir()
    or bool(_without_zones("true", env=dict(os.environ)).returncode),
    reason="this system lets nobody hide its zone files",
)


@pytest.mark.reliability("zones")
@needs_mounts
@pytest.mark.slow
def test_a_slim_container_writes_and_reads_every_format(tmp_path):
    script = f"""
import pandas as pd, crisp_data as crisp
from crisp_data import tables
times = pd.to_datetime([1796083200000, None], unit="ms", utc=True).as_unit("ms")
frame = tables.empty("messages", {VANCOUVER!r}).reindex([0, 1])
frame["timestamp"] = times.tz_convert({VANCOUVER!r})
for ending in (".csv", ".csv.gz", ".jsonl", ".xlsx", ".parquet"):
    path = crisp.write({str(tmp_path)!r} + "/a" + ending, frame, "messages")
    assert crisp.read(path, "messages", {VANCOUVER!r}).equals(frame), ending
"""
    done = _without_zones(sys.executable, "-c", script, env=dict(os.environ))
    assert done.returncode == 0, done.stderr


@pytest.mark.reliability("zones")
@needs_mounts
@pytest.mark.slow
def test_a_slim_container_runs_the_demo(tmp_path):
    places = {"CRISP_CACHE_DIR": str(tmp_path / "cache"), "CRISP_STATE_DIR": str(tmp_path / "s")}
    done = _without_zones(
        *(sys.executable, "-m", "crisp_data", "demo", "--output", str(tmp_path)),
        env={**os.environ, **places, "MPLCONFIGDIR": str(tmp_path / "mpl")},
    )
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("*.csv"))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Africa/Monrovia", "UTC"])
def test_times_before_1900_in_a_workbook(folder, zone, unit):
    instants = pd.Series(["1700-01-01", "1899-12-31T23:59:59", None, "1950-06-01"], dtype=object)
    times = instants.astype(f"datetime64[{unit}]").dt.tz_localize("UTC").dt.tz_convert(zone)
    frame = pd.DataFrame({"at": times})
    again = export.read(export.write(folder / "old.xlsx", frame))
    assert again["at"].dtype == times.dtype
    assert again["at"].astype("int64").equals(times.astype("int64"))


@pytest.mark.parametrize("zone", ["+05:30", "Asia/Kathmandu", "-05:00", "America/Vancouver"])
def test_times_that_their_zone_shows_beyond_nanoseconds(folder, zone):
    last = "2262-04-11T20:00:00" if zone in ("+05:30", "Asia/Kathmandu") else "1677-09-21T01:00:00"
    instants = pd.Series([last, None]).astype("datetime64[ns]").dt.tz_localize("UTC")
    frame = pd.DataFrame({"at": instants.dt.tz_convert(zone)})
    again = export.read(export.write(folder / "a.parquet", frame))["at"]
    assert again.dt.tz_convert("UTC").equals(instants)
    for ending in (".csv", ".jsonl", ".xlsx"):
        with pytest.raises(BadParameter, match=r"unit holds(.|\n)*as_unit\('us'\)"):
            export.write(folder / f"a{ending}", frame)
        assert not (folder / f"a{ending}").exists()
        export.write(folder / f"a{ending}", frame.assign(at=frame["at"].dt.as_unit("us")))
