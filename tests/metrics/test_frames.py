"""What every measure promises of frames: declared shape, nothing changed, nothing assumed."""

from __future__ import annotations

import json
import zoneinfo
from datetime import timedelta, timezone
from functools import partial
from importlib import resources

import numpy as np
import pandas as pd
import pytest
from dateutil.tz import gettz, tzfile, tzoffset

import crisp_data as crisp
from crisp_data import metrics, tables
from crisp_data.errors import BadParameter
from crisp_data.metrics import message_arrays
from crisp_data.sandbox import Sandbox
from tests.marks import needs_dateutil_zones

PARIS = "Europe/Paris"
HOURS = metrics.BusinessHours({"mon-fri": "09:00-18:00"}, tz=PARIS)
OF_MESSAGES = {
    "tickets": metrics.tickets,
    "resolution": partial(metrics.resolution, hours=HOURS),
    "reopenings": partial(metrics.reopenings, hours=HOURS),
    "one_touch": metrics.one_touch,
    "responses": partial(metrics.responses, hours=HOURS),
    "first_response": metrics.first_response,
    "waiting": partial(metrics.waiting, longer_than="5 minutes"),
    "backlog": metrics.backlog,
    "by_operator": metrics.by_operator,
    "load": metrics.load,
}
each = pytest.mark.parametrize("measure", OF_MESSAGES.values(), ids=OF_MESSAGES)


@pytest.fixture(scope="module")
def messages() -> pd.DataFrame:
    builder = tables.Builder("messages", tz=PARIS)
    records = Sandbox(seed=4, conversations=80).truth("messages")
    builder.add(json.dumps({"data": records}).encode())
    return builder.frame()


@each
def test_an_empty_frame_gives_the_shape_of_a_full_one(measure, messages):
    full = measure(messages)
    empty = measure(tables.empty("messages", PARIS))
    assert len(full) > 0
    assert empty.empty
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()
    timeless = messages.assign(timestamp=messages["timestamp"].where(messages["timestamp"].isna()))
    assert measure(timeless).dtypes.to_dict() == full.dtypes.to_dict()
    assert measure(timeless).empty


@each
def test_a_file_read_in_arrow_s_own_types_is_as_good(measure, messages, tmp_path):
    crisp.write(tmp_path / "m.parquet", messages)
    arrow = pd.read_parquet(tmp_path / "m.parquet", dtype_backend="pyarrow")
    pd.testing.assert_frame_equal(measure(arrow), measure(messages), check_dtype=False)


@each
def test_the_declared_dtypes(measure, messages):
    allowed = {"str", "Int64", "bool", "boolean", "timedelta64[ms]", f"datetime64[ms, {PARIS}]"}
    found = measure(messages)
    for name, dtype in found.dtypes.items():
        assert str(dtype) in allowed or name == "outcome", name
    assert isinstance(found.index, pd.RangeIndex)
    assert "Returns" in (getattr(measure, "func", measure).__doc__ or "")
    doc = getattr(measure, "func", measure).__doc__
    assert all(f"``{name}``" in doc or "As in" in doc or "Columns as" in doc for name in found)


@each
def test_a_missing_column_is_named(measure, messages):
    for column in message_arrays.COLUMNS:
        with pytest.raises(BadParameter, match=f"'{column}'") as caught:
            measure(messages.drop(columns=column))
        assert "ws.messages()" in caught.value.hint
    with pytest.raises(BadParameter, match="dict is not a DataFrame"):
        measure({})


@each
def test_the_frame_stays_and_its_order_does_not_matter(measure, messages):
    before = messages.copy()
    expected = measure(messages)
    pd.testing.assert_frame_equal(messages, before)
    shuffled = messages.sample(frac=1, random_state=1)  # a mixed index, too
    found = measure(shuffled)
    if "session_id" in found:
        keys = [name for name in ("session_id", "ticket", "question") if name in found]
        found, expected = (f.sort_values(keys, ignore_index=True) for f in (found, expected))
    pd.testing.assert_frame_equal(found, expected)


@each
def test_other_columns_and_repeated_labels_do_not_matter(measure, messages):
    lean = messages[list(message_arrays.COLUMNS)].set_axis(np.zeros(len(messages)), axis=0)
    pd.testing.assert_frame_equal(measure(lean), measure(messages))


@each
def test_frames_of_other_dtypes(measure, messages, folder):
    """What comes back from a CSV file, from objects, or in nanoseconds measures the same."""
    expected = measure(messages)
    crisp.write(folder / "m.csv", messages)
    again = crisp.read(folder / "m.csv", "messages", tz=PARIS)
    pd.testing.assert_frame_equal(measure(again), expected)
    floats = messages.assign(fingerprint=messages["fingerprint"].astype("float64"))
    pd.testing.assert_frame_equal(measure(floats), expected)
    objects = messages.astype(dict.fromkeys(messages.columns.drop("timestamp"), object))
    pd.testing.assert_frame_equal(measure(objects), expected)
    fine = messages.assign(timestamp=messages["timestamp"].dt.as_unit("ns"))
    pd.testing.assert_frame_equal(measure(fine), expected)


@each
def test_one_message(measure):
    for line in (
        "09:00 customer",
        "09:00 Ana",
        "09:00 bot",
        "09:00 Ana note",
        "09:00 Ana resolved",
    ):
        one = metrics.thread(line, tz=PARIS)
        assert measure(one).dtypes.equals(measure(tables.empty("messages", PARIS)).dtypes)


@each
def test_refusals(measure, messages):
    naive = messages.assign(timestamp=messages["timestamp"].dt.tz_localize(None))
    with pytest.raises(BadParameter, match="no times with a zone"):
        measure(naive)
    for column in ("fingerprint", "automated"):
        with pytest.raises(BadParameter, match=f"{column!r} does not hold"):
            measure(messages.assign(**{column: "maybe"}))
    for now in ("soon", pd.NaT, 7):
        with pytest.raises(BadParameter, match="now"):
            measure(messages, now=now)


@pytest.mark.parametrize("name", ["tickets", "resolution", "one_touch", "responses", "by_operator"])
def test_per_is_one_of_two(name, messages):
    with pytest.raises(BadParameter, match="per='day'") as caught:
        OF_MESSAGES[name](messages, per="day")
    assert "conversation" in caught.value.hint


def test_now_is_read_in_the_frames_zone():
    thread = metrics.thread("09:00 customer", "10:00 Ana", tz=PARIS)
    for now in ("2026-10-05 09:30", pd.Timestamp("2026-10-05 07:30", tz="UTC")):
        found = metrics.responses(thread, now=now)
        assert found["duration"].tolist() == [pd.Timedelta(minutes=30)]
        assert found["outcome"].tolist() == ["waiting"]
    assert metrics.responses(thread)["asked_at"].dtype == f"datetime64[ms, {PARIS}]"


def test_without_now_one_looks_at_the_latest_time_of_the_frame():
    threads = [
        metrics.thread("09:00 customer"),
        metrics.thread("11:00 Ana", session_id="session_2"),
    ]
    found = metrics.responses(pd.concat(threads))
    assert found["duration"].tolist() == [pd.Timedelta(hours=2)]


def test_missing_fingerprints_come_last_among_those_of_one_time():
    thread = metrics.thread("09:00 customer", "09:30 Ana", "09:30 customer")
    thread["fingerprint"] = pd.array([1, None, 2], dtype="Int64")
    found = metrics.responses(thread)
    assert found["duration"].tolist() == [pd.Timedelta(minutes=30)]
    thread["fingerprint"] = pd.array([1, 2, None], dtype="Int64")
    assert len(metrics.responses(thread)) == 2


def test_rows_that_tie_in_everything_stay_as_they_came():
    thread = metrics.thread("09:30 customer", "09:30 Ana", "09:30 customer")
    thread["fingerprint"] = pd.array([None] * 3, dtype="Int64")
    assert metrics.responses(thread)["outcome"].tolist() == ["answered", "waiting"]


def test_years_far_apart():
    """Where session and time are no one number of 64 bits any more."""
    thread = metrics.thread("0001-01-02 09:00 customer", "9998-01-01 09:00 Ana")
    many = thread.iloc[np.tile([0, 1], 40_000)].reset_index(drop=True)
    many["session_id"] = pd.Series(np.repeat(range(40_000), 2)).astype("str")
    found = metrics.responses(many)
    assert found["session_id"].tolist() == many["session_id"].unique().tolist()
    assert (found["outcome"] == "answered").all()
    assert found["duration"].unique().tolist() == [thread["timestamp"].diff().max()]


def test_as_long_as_is_not_longer_than():
    thread = metrics.thread("2026-10-05 09:00 customer", "2026-10-07 09:00 Ana note")
    assert metrics.waiting(thread, longer_than="2 days").empty
    assert len(metrics.waiting(thread, longer_than="47 hours")) == 1
    assert len(metrics.waiting(thread, now="2026-10-05 09:00")) == 1


def test_missing_sessions_take_part_in_nothing():
    thread = metrics.thread("09:00 customer", "09:10 Ana", "09:20 customer")
    thread.loc[1, "session_id"] = None
    assert metrics.responses(thread)["outcome"].tolist() == ["waiting"]
    assert metrics.tickets(thread)["operator_messages"].tolist() == [0]
    thread.loc[2, "session_id"] = None
    assert metrics.responses(thread)["duration"].tolist() == [pd.Timedelta(0)]


def test_bots_may_be_one_name():
    thread = metrics.thread("09:00 customer", "09:10 Ana", "09:20 Ben")
    assert metrics.responses(thread, bots="Ana")["user_id"].tolist() == ["ben"]
    assert metrics.responses(thread, bots=["ana"])["user_id"].tolist() == ["ben"]
    assert metrics.responses(thread, bots=["ana", "Ben"])["censored"].tolist() == [True]


@pytest.fixture(scope="module")
def box() -> Sandbox:
    return Sandbox(seed=4, conversations=300)


class TestWaitingOfConversations:
    @pytest.fixture
    def conversations(self, box):
        builder = tables.Builder("conversations", tz=PARIS)
        builder.add(json.dumps({"data": box.truth("conversations")}).encode())
        return builder.frame()

    def test_it_is_what_the_records_say(self, box, conversations):
        now = pd.Timestamp("2026-11-02 09:00", tz="UTC")
        at = round(now.timestamp() * 1000)
        found = metrics.waiting(conversations, now=now, longer_than="2 days")
        limit = 2 * 86_400_000
        expected = sorted(
            (-(at - record["waiting_since"]), record["session_id"])
            for record in box.truth("conversations")
            if record.get("waiting_since")
            and record["state"] != "resolved"
            and at - record["waiting_since"] > limit
        )
        assert len(expected) > 3
        waits = found["duration"].to_numpy("m8[ms]").view("i8")
        assert list(zip(-waits, found["session_id"], strict=True)) == expected
        assert found["waiting_since"].dtype == f"datetime64[ms, {PARIS}]"

    def test_resolved_ones_do_not_wait(self, conversations):
        since = conversations["created_at"]
        frame = conversations.assign(waiting_since=since)
        found = metrics.waiting(frame)
        assert set(found["session_id"]) == set(
            frame.loc[frame["state"] != "resolved", "session_id"]
        )

    def test_now_is_the_latest_update_and_hours_count(self, conversations):
        found = metrics.waiting(conversations)
        latest = conversations["updated_at"].max()
        assert (found["waiting_since"] + found["duration"] == latest).all()
        open_time = metrics.waiting(conversations, hours=HOURS)
        assert open_time["duration"].sum() < found["duration"].sum()
        first = conversations["waiting_since"].min()
        assert len(metrics.waiting(conversations, now=first)) == 1

    def test_who_waits_later_does_not_wait_yet_though_all_is_closed(self, conversations):
        saturday = pd.Timestamp("2026-10-10 10:00", tz=PARIS).as_unit("ms")
        frame = conversations.head(1).assign(waiting_since=saturday, state="pending")
        for hour, rows in (9, 0), (10, 1), (11, 1):
            now = f"2026-10-10 {hour:02}:00"
            assert len(metrics.waiting(frame, now=now, hours=HOURS)) == rows

    def test_shape_and_refusals(self, conversations):
        empty = metrics.waiting(tables.empty("conversations", PARIS))
        assert empty.dtypes.equals(metrics.waiting(conversations).dtypes)
        for column in ("session_id", "state", "updated_at"):
            with pytest.raises(BadParameter, match=column):
                metrics.waiting(conversations.drop(columns=column))
        with pytest.raises(BadParameter, match="longer_than"):
            metrics.waiting(conversations, longer_than="long")


def test_every_public_function_is_exported():
    public = {name for name in vars(metrics) if callable(getattr(metrics, name)) and name[0] != "_"}
    assert public == set(metrics.__all__)


FIXED = timezone(timedelta(hours=1), "CET")  # as datetime.now().astimezone() gives in winter


def as_on_windows(name):
    """A zone of dateutil's from a file with a path of Windows, where this place has such files."""
    with open(gettz(name)._filename, "rb") as file:
        return tzfile(file, r"C:\Python\tzdata\zoneinfo\Europe\Paris")


@each
@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (lambda: FIXED, "+01:00"),
        pytest.param(lambda: gettz(PARIS), PARIS, marks=needs_dateutil_zones),
        pytest.param(lambda: as_on_windows(PARIS), PARIS, marks=needs_dateutil_zones),
    ],
)
def test_a_zone_is_what_it_is_and_not_what_it_is_called(measure, messages, zone, name):
    """A fixed offset may be called as a zone that changes its clocks, or as none at all."""
    given = messages.assign(timestamp=messages["timestamp"].dt.tz_convert(zone()))
    expected = messages.assign(timestamp=messages["timestamp"].dt.tz_convert(name))
    pd.testing.assert_frame_equal(measure(given), measure(expected))


def test_months_of_a_fixed_offset_that_is_called_like_a_zone(messages):
    times = pd.to_datetime(["2026-06-30 22:30Z", "2026-07-01 00:30Z"]).as_unit("ms")
    found = metrics.volume(pd.DataFrame({"at": times.tz_convert(FIXED)}), by="month", at="at")
    assert found["month"].dt.strftime("%Y-%m").tolist() == ["2026-06", "2026-07"]
    assert found["count"].tolist() == [1, 1]


@each
def test_a_zone_without_a_name_is_refused(measure, messages):
    with resources.files("tzdata.zoneinfo").joinpath("Europe", "Paris").open("rb") as file:
        nameless = zoneinfo.ZoneInfo.from_file(file)
    for zone in (nameless, tzoffset("X", 3600)):
        given = messages.assign(timestamp=messages["timestamp"].dt.tz_convert(zone))
        with pytest.raises(BadParameter, match=r"'timestamp'.*without a standard name") as caught:
            measure(given)
        assert "tz_convert" in caught.value.hint


@each
def test_a_name_that_two_columns_have_is_refused(measure, messages):
    """As pd.concat(..., axis=1) makes them: nobody knows which of the two is meant."""
    twice = pd.concat([messages, messages[["timestamp"]]], axis=1)
    with pytest.raises(BadParameter, match="Two columns have the name 'timestamp'"):
        measure(twice)
