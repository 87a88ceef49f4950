"""Counts by the clock, the calendar and columns are what pandas counts."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from crisp_data import metrics, tables
from crisp_data.errors import BadParameter
from crisp_data.sandbox import Sandbox
from tests import clock_changes

ZONES = ["UTC", "Europe/Paris", "America/New_York", "Asia/Kolkata"]
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]


@pytest.fixture(scope="module")
def website():
    box = Sandbox(seed=2, conversations=150)
    frames = {}
    for table in ("messages", "conversations"):
        builder = tables.Builder(table)
        builder.add(json.dumps({"data": box.truth(table)}).encode())
        frames[table] = builder.frame()
    return frames


def wall(frame, tz, column="timestamp"):
    return frame[column].dt.tz_convert(tz).dt.tz_localize(None)


@pytest.mark.parametrize("tz", ZONES)
@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_calendar_periods(website, by, tz):
    messages = website["messages"].sample(frac=1, random_state=1)
    found = metrics.volume(messages, by=by, tz=tz)
    form = {"day": "D", "week": "W-SUN", "month": "M"}[by]
    expected = messages.groupby(wall(messages, tz).dt.to_period(form)).size()
    expected = expected.reindex(
        pd.period_range(expected.index.min(), expected.index.max(), freq=form), fill_value=0
    )
    assert found.columns.tolist() == [by, "count"]
    assert found[by].dtype == f"datetime64[ms, {tz}]"
    assert found[by].dt.tz_localize(None).tolist() == expected.index.start_time.tolist()
    assert found["count"].tolist() == expected.tolist()
    assert found["count"].sum() == len(messages)


@pytest.mark.parametrize("tz", ZONES)
def test_weekday_by_hour(website, tz):
    messages = website["messages"]
    found = metrics.volume(messages, by=["weekday", "hour"], tz=tz)
    clock = wall(messages, tz)
    expected = pd.crosstab(clock.dt.day_of_week, clock.dt.hour)
    expected = expected.reindex(index=range(7), columns=range(24), fill_value=0)
    assert found["count"].to_numpy(int).reshape(7, 24).tolist() == expected.to_numpy().tolist()
    assert found["weekday"].tolist() == np.repeat(DAYS, 24).tolist()
    assert found["weekday"].dtype.ordered
    assert found["hour"].tolist() == [*range(24)] * 7
    one = metrics.volume(messages, by="hour", tz=tz)["count"]
    assert one.tolist() == expected.sum().tolist()


def test_a_column_beside_a_period(website):
    conversations = website["conversations"]
    found = metrics.volume(conversations, by=["origin", "month"], tz="Europe/Paris")
    months = wall(conversations, "Europe/Paris", "created_at").dt.to_period("M")
    expected = pd.crosstab(conversations["origin"], months)
    assert found["count"].tolist() == expected.to_numpy().ravel().tolist()
    assert found["origin"].tolist() == np.repeat(expected.index, len(expected.columns)).tolist()


def test_what_is_missing_comes_last(website):
    conversations = website["conversations"].assign(
        topic=lambda f: f["topic"].where(f.index % 3 > 0)
    )
    found = metrics.volume(conversations, by="topic")
    expected = conversations["topic"].value_counts(dropna=False).sort_index(na_position="last")
    assert found["count"].tolist() == expected.tolist()
    assert pd.isna(found["topic"].iloc[-1])
    assert found["topic"].dtype == conversations["topic"].dtype


def test_categories_keep_their_dtype(website):
    found = metrics.volume(website["messages"], by="type")
    assert found["type"].dtype == website["messages"]["type"].dtype
    counts = website["messages"]["type"].value_counts()
    assert found.set_index("type")["count"].to_dict() == counts[counts > 0].to_dict()


def test_which_times_are_counted(website):
    conversations = website["conversations"]
    updated = metrics.volume(conversations, by="month", at="updated_at")
    assert updated["count"].sum() == len(conversations)
    answers = metrics.responses(website["messages"])
    assert metrics.volume(answers, by="month")["count"].sum() == len(answers)
    answered = metrics.volume(answers, by="month", at="answered_at")
    assert answered["count"].sum() == answers["answered_at"].notna().sum()


def test_a_day_without_a_midnight():
    thread = metrics.thread("2026-09-05 12:00 customer", "2026-09-07 12:00 customer")
    found = metrics.volume(thread, tz="America/Santiago")
    assert found["day"].dt.hour.tolist() == [0, 1, 0]
    assert found["count"].tolist() == [1, 0, 1]


def test_the_hour_that_autumn_repeats_is_one_hour_of_the_day():
    thread = metrics.thread(
        "2026-10-25 00:30 customer", "2026-10-25 01:30 customer", "2026-10-25 02:30 customer"
    )
    found = metrics.volume(thread, by="hour", tz="Europe/Paris")
    assert found.query("count > 0")["hour"].tolist() == [2, 3]
    assert found["count"].max() == 2


def test_nothing_to_count(website):
    empty = tables.empty("messages", "Europe/Paris")
    for by in ("hour", "weekday", "day", "week", "month", "type", ["weekday", "day"]):
        found = metrics.volume(empty, by=by)
        full = metrics.volume(metrics.thread("09:00 customer", tz="Europe/Paris"), by=by)
        assert found.dtypes.to_dict() == full.dtypes.to_dict()
        assert found["count"].sum() == 0
    assert metrics.volume(website["messages"].iloc[:0])["count"].empty


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"by": "year"}, "no column 'year'"),
        ({"by": []}, "by must list what to count by"),
        ({"by": ["day", "day"]}, "each once"),
        ({"by": "count"}, "by must list"),
        ({"at": "created_at"}, "no column 'created_at'"),
        ({"at": "content"}, "no times with a zone"),
        ({"tz": "Mars"}, "no time zone 'Mars'"),
    ],
)
def test_refusals(website, options, words):
    with pytest.raises(BadParameter, match=words) as caught:
        metrics.volume(website["messages"], **options)
    assert caught.value.hint


def test_backlog_refusals(website):
    with pytest.raises(BadParameter, match="by='hour'"):
        metrics.backlog(website["messages"], by="hour")
    with pytest.raises(BadParameter, match="Mars"):
        metrics.backlog(website["messages"], tz="Mars")


def test_backlog_adds_up(website):
    messages = website["messages"]
    found = metrics.backlog(messages, by="week", tz="Europe/Paris")
    done = metrics.resolution(messages)
    assert found["opened"].sum() == len(done)
    assert found["resolved"].sum() == (~done["censored"]).sum()
    assert found["open"].iloc[-1] == done["censored"].sum()
    assert found["waiting"].iloc[-1] == len(metrics.waiting(messages))


@pytest.mark.parametrize("bots_answer", [False, True])
def test_load_is_what_pandas_counts(website, bots_answer):
    messages = website["messages"]
    found = metrics.load(messages, tz="Asia/Kolkata", bots_answer=bots_answer)
    wrote = messages[
        (messages["from"] == "operator")
        & ~messages["type"].isin(["note", "event"])
        & (bots_answer | ~messages["automated"].fillna(False).astype(bool))
    ]
    keys = [wrote["user_id"], wrote["nickname"].where(wrote["user_id"].isna())]
    hour = wall(wrote, "Asia/Kolkata").dt.hour
    expected = wrote.groupby([*keys, hour], dropna=False).size()
    there = found[found["messages"] > 0]
    assert sorted(there["messages"]) == sorted(expected)
    assert there.groupby("hour")["messages"].sum().to_dict() == hour.value_counts().to_dict()
    people = wrote.groupby(keys, dropna=False).ngroups
    assert len(found) == 24 * people
    assert found["nickname"].notna().any()
    names = wrote.dropna(subset=["user_id", "nickname"]).groupby("user_id")["nickname"].last()
    last_names = found.dropna(subset="user_id").groupby("user_id")["nickname"].last()
    assert last_names.to_dict() == names.to_dict()
    options = {"tz": "Asia/Kolkata", "bots_answer": bots_answer}
    by_day = metrics.load(messages, by=["weekday", "hour"], **options)
    there = by_day[by_day["messages"] > 0]
    clock = wall(wrote, "Asia/Kolkata")
    days = clock.dt.day_name().str[:3]
    expected = wrote.groupby([days, hour]).size()
    found = there.groupby(["weekday", "hour"], observed=True)["messages"].sum()
    assert found.to_dict() == expected.to_dict()


@pytest.mark.parametrize("by", ["segments", "locales"])
def test_lists_are_no_groups(website, by):
    conversations = website["conversations"]
    for frame in (conversations, conversations.astype({by: object})):
        with pytest.raises(BadParameter, match=f"'{by}' holds values .* such as lists") as refusal:
            metrics.volume(frame, by=by)
        assert "metrics.join" in str(refusal.value)


def test_one_name_or_several_and_nothing_else(website):
    with pytest.raises(BadParameter, match="int is not a name"):
        metrics.responses(website["messages"], bots=5)


@pytest.mark.reliability("transitions")
@pytest.mark.parametrize("zone", clock_changes.SOME)
@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_periods_begin_where_the_wall_says_so(zone, by):
    """Also about each change of a clock, at a midnight that is skipped or comes twice."""
    times = [
        at
        for change in clock_changes.changes_of(zone, 2024, 2026)
        for at in clock_changes.moments_near(change)
    ]
    frame = pd.DataFrame({"timestamp": pd.to_datetime(times, utc=True)})
    found = metrics.volume(frame, by=by, tz=zone)
    assert found["count"].sum() == len(times)
    starts = found[by].dt.tz_convert("UTC")
    for at in times:
        wall = clock_changes.wall(at, zone)
        day = datetime(wall.year, wall.month, wall.day)
        first = {
            "day": day,
            "week": day - timedelta(days=day.weekday()),
            "month": day.replace(day=1),
        }[by]
        assert starts[starts <= at].iloc[-1] == clock_changes.shown(first, zone)
