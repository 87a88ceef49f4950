"""The vectorised figures equal those of the slow oracle: on generated threads, on the sandbox."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from crisp_data import metrics, tables
from crisp_data.sandbox import Sandbox

from . import oracle

THREADS = 50  # in each example

# Nights on which clocks change, and a quiet one in between.
ZONES = {
    "Europe/Paris": ["2026-10-24T20:00", "2026-03-28T22:00", "2026-10-02T14:00"],
    "America/New_York": ["2026-10-31T22:00", "2026-03-07T22:00", "2026-06-05T12:00"],
    "Australia/Lord_Howe": ["2026-04-04T08:00", "2026-10-03T08:00", "2026-07-04T02:00"],
}
WEEKS = [
    {"mon-fri": "09:00-12:30, 14:00-18:00", "sat": "10:00-13:00"},
    {"mon-sun": "00:00-24:00"},
    {"sat-sun": "01:30-02:15, 02:30-03:00, 22:00-24:00", "mon": "00:00-01:45"},
]
PLAIN_WEEKS = [
    {**{day: [(540, 750), (840, 1080)] for day in range(5)}, 5: [(600, 780)]},
    {day: [(0, 1440)] for day in range(7)},
    {**{day: [(90, 135), (150, 180), (1320, 1440)] for day in (5, 6)}, 0: [(0, 105)]},
]
HOLIDAYS = ["2026-10-26", "2026-03-08", "2026-07-05"]

RESOLVED = {"namespace": "state:resolved", "text": "Resolved"}
OTHER_EVENT = {"namespace": "participant:added", "text": "state:resolved"}
# What is written, as parts of Crisp's record. Customers and operators come most often.
KINDS = [
    {"type": "text", "from": "user", "content": "?"},
    {"type": "text", "from": "operator", "content": "!", "automated": False},
    {"type": "event", "from": "operator", "content": RESOLVED},
    {"type": "file", "from": "user", "content": {"name": "a", "url": "b", "type": "c"}},
    {"type": "text", "from": "operator", "content": "!"},
    {"type": "note", "from": "operator", "content": "state:resolved"},
    {"type": "text", "from": "operator", "content": "Hello", "automated": True},
    {"type": "event", "from": "user", "content": RESOLVED, "automated": True},
    {"type": "event", "from": "operator", "content": OTHER_EVENT},
    {"type": "event", "from": "operator", "content": "state:resolved"},
    {"type": "poll", "from": "user", "content": {"new": 1}},
    {"type": None, "from": "operator", "content": None, "automated": "false"},
    {"type": "text", "from": "robot", "content": "state:resolved"},
    {"type": "note", "from": "user", "content": None, "automated": True},
]
USERS = [
    {"user_id": "op-1", "nickname": "Ana"},
    {"user_id": "op-2", "nickname": "Ben"},
    {"user_id": "op-2", "nickname": "Benjamin"},
    {"nickname": "Ana"},
    {"user_id": "helper", "nickname": "Botty"},
    {"user_id": None, "nickname": "Helper"},
    None,
    {},
]
BOTS = ["helper", "Helper"]
MINUTE = 60_000
BACKLOG_BY = ("day", "week", "month")
GAPS = [0, 0, 1, 999, 7 * MINUTE, 45 * MINUTE, 180 * MINUTE, 1_000 * MINUTE, None]


def milliseconds(text, zone):
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return round(moment.timestamp() * 1000)


def thread(session_id, start, spoken):
    """Make records of one conversation; their fingerprints are in no order."""
    at, records = start, []
    for k, (kind, gap, user) in enumerate(spoken):
        at += GAPS[gap] or 0
        records.append(
            {
                **KINDS[kind],
                "session_id": session_id,
                "fingerprint": k * 7919 % 101,
                "timestamp": None if GAPS[gap] is None else at,
                "user": USERS[user],
            }
        )
    return records


TURN = st.tuples(
    st.one_of(st.integers(0, 2), st.integers(0, len(KINDS) - 1)),
    st.integers(0, len(GAPS) - 1),
    st.integers(0, len(USERS) - 1),
)
THREAD = st.lists(TURN, min_size=1, max_size=9)


def to_frame(records, tz="UTC"):
    builder = tables.Builder("messages", tz=tz)
    builder.add(json.dumps({"data": records}).encode())
    return builder.frame()


def rows_of(frame):
    """A frame as plain rows: times and durations in milliseconds, missing is None."""
    columns = {}
    for name, values in frame.items():
        if isinstance(values.dtype, pd.DatetimeTZDtype):
            assert values.dt.unit == "ms"
            plain = values.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("M8[ms]").view("i8")
        elif values.dtype.kind == "m":
            assert values.dt.unit == "ms"
            plain = values.to_numpy("m8[ms]").view("i8")
        else:
            plain = values.to_numpy(object)
        gone = values.isna()
        columns[name] = [None if n else v for n, v in zip(gone, plain, strict=True)]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def agree(frame, expected):
    """The frame holds the expected rows; the order of conversations is the frame's own."""
    rows = rows_of(frame)

    def by_session(found):
        return sorted(found, key=lambda row: row["session_id"])  # stable: tickets stay in order

    assert by_session(rows) == by_session(expected)
    assert list(frame.columns) == list(expected[0]) if expected else frame.empty


VARIANTS = [
    {"per": per, "bots": bots, "bots_answer": bots_answer}
    for per in ("ticket", "conversation")
    for bots, bots_answer in (((), False), (BOTS, False), (BOTS, True))
]


def agree_on_everything(frame, records, variant, zone, hours, slow_hours, now, longer_than):
    """Every figure that the oracle knows; one with hours, its neighbour without."""
    given_now = None if now is None else pd.Timestamp(now, unit="ms", tz="UTC")
    fast, slow = {**variant, "now": given_now}, {**variant, "now": now}
    agree(metrics.tickets(frame, **fast), oracle.tickets(records, **slow))
    agree(metrics.one_touch(frame, **fast), oracle.one_touch(records, **slow))
    agree(metrics.first_response(frame, **fast), oracle.first_response(records, **slow))
    fast["hours"], slow["hours"] = hours, slow_hours
    agree(metrics.responses(frame, **fast), oracle.responses(records, **slow))
    agree_on_operators(metrics.by_operator(frame, **fast), oracle.by_operator(records, **slow))
    del fast["bots_answer"], slow["bots_answer"]
    agree(metrics.resolution(frame, **fast), oracle.resolution(records, **slow))
    fast, slow = ({**options, **variant} for options in (fast, slow))
    del fast["per"], slow["per"]
    limit = pd.Timedelta(longer_than, unit="ms")
    found = metrics.waiting(frame, **fast, longer_than=limit)
    assert rows_of(found) == oracle.waiting(records, **slow, longer_than=longer_than)
    again = metrics.reopenings(frame, hours=hours, now=given_now)
    agree(again, oracle.reopenings(records, hours=slow_hours, now=now))
    del fast["hours"], slow["hours"]
    by = BACKLOG_BY[len(frame) % 3]
    found = metrics.backlog(frame, by=by, tz=zone, **fast)
    expected = oracle.backlog(records, zone, by, **slow)
    starts = found["start"].dt.tz_localize(None).tolist()
    assert starts == [row.pop("start") for row in expected]
    assert rows_of(found.drop(columns="start")) == expected


def agree_on_operators(frame, expected):
    def key(row):
        return (row["user_id"] or "", *sorted(str(name) for name in row["names"]))

    rows = rows_of(frame)
    names = [row.pop("nickname") for row in rows]
    assert [row["messages"] for row in rows] == sorted((r["messages"] for r in rows), reverse=True)
    for row, name in zip(rows, names, strict=True):
        row["names"] = {name} if name is not None else set()
    assert len(rows) == len(expected)
    for row, known in zip(sorted(rows, key=key), sorted(expected, key=key), strict=True):
        took = known.pop("took")
        assert row.pop("names") <= known.pop("names")
        for column, share in (("median_response", 0.5), ("p90_response", 0.9)):
            measured = row.pop(column)
            assert (measured is None) == (not took)
            if took:
                # Between two neighbours in proportion; halves of a millisecond may go either way.
                place = share * (len(took) - 1)
                low, part = took[int(place)], place % 1
                high = took[min(int(place) + 1, len(took) - 1)]
                assert abs(measured - (low + part * (high - low))) <= 1
        assert row == known


SLOW_HOURS = {
    (zone, week): oracle.Hours(zone, PLAIN_WEEKS[week], HOLIDAYS)
    for zone in ZONES
    for week in range(len(WEEKS))
}


seen: list[int] = []
many = given(
    threads=st.lists(THREAD, min_size=THREADS, max_size=THREADS),
    variant=st.sampled_from(VARIANTS),
    zone=st.sampled_from(sorted(ZONES)),
    night=st.integers(0, 2),
    week=st.integers(0, 2),
    later=st.sampled_from([None, -300 * MINUTE, 0, 500 * MINUTE]),
    shuffle=st.integers(0, 2**32 - 1),
)


def check_generated(threads, variant, zone, night, week, later, shuffle):
    start = milliseconds(ZONES[zone][night], zone)
    records = [
        record
        for number, spoken in enumerate(threads)
        for record in thread(f"session_{number}", start + number * 13 * MINUTE, spoken)
    ]
    times = [r["timestamp"] for r in records if r["timestamp"] is not None]
    seen.append(len({r["session_id"] for r in records if r["timestamp"] is not None}))
    order = np.random.default_rng(shuffle).permutation(len(records))
    frame = to_frame(records, zone).iloc[order]
    before = frame.copy()
    now = None if later is None or not times else max(times) + later
    hours = metrics.BusinessHours(WEEKS[week], tz=zone, holidays=HOLIDAYS)
    slow_hours = SLOW_HOURS[zone, week]
    agree_on_everything(
        frame, records, variant, zone, hours, slow_hours, now, longer_than=30 * MINUTE
    )
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("examples", [6, pytest.param(55, marks=pytest.mark.slow)])
def test_the_oracle_agrees_on_generated_threads(examples):
    seen.clear()
    options = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    options(many(check_generated))()
    assert sum(seen) >= 45 * examples


@pytest.fixture(scope="module", params=[100, pytest.param(500, marks=pytest.mark.slow)])
def website(request):
    """Raw records of so many conversations, and the frames that they become."""
    box = Sandbox(seed=1, conversations=request.param)
    records = box.truth("messages")
    assert len({record["session_id"] for record in records}) == request.param
    return records, to_frame(records, "Europe/Paris").sample(frac=1, random_state=1)


@pytest.mark.timeout(600)
def test_the_oracle_agrees_on_the_whole_sandbox(website):
    records, frame = website
    hours = metrics.BusinessHours(WEEKS[0], tz="Europe/Paris", holidays=HOLIDAYS)
    slow_hours = SLOW_HOURS["Europe/Paris", 0]
    one = next(record["user"]["user_id"] for record in records if record["type"] == "note")
    for variant in (
        {"per": "ticket", "bots": (), "bots_answer": False},
        {"per": "conversation", "bots": ["Jonas", one], "bots_answer": True},
    ):
        agree_on_everything(
            frame,
            records,
            variant,
            "Europe/Paris",
            hours,
            slow_hours,
            now=None,
            longer_than=48 * 60 * MINUTE,
        )
