"""What an analyst may write for since and until, and what each is exactly."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import dateutil.tz
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisp_data import dates
from crisp_data.errors import BadParameter
from tests import clock_changes
from tests.windows import WindowsDatetime

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def read(value: object, name: str = "since", tz: str = "UTC", now: datetime = NOW) -> str:
    moment = dates.moment(value, name, tz=tz, now=now)
    assert moment is not None
    assert str(moment.tz) == "UTC"
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-10-01", "2026-10-01T00:00:00.000"),
        (" 2026-10-01 ", "2026-10-01T00:00:00.000"),
        ("2026-1-5", "2026-01-05T00:00:00.000"),
        ("2026-10-01 09:30", "2026-10-01T09:30:00.000"),
        ("2026-10-01T09:30:15.123456", "2026-10-01T09:30:15.123"),
        ("2026-10-01T09:30Z", "2026-10-01T09:30:00.000"),
        ("2026-10-01T09:30+02:00", "2026-10-01T07:30:00.000"),
        ("2026-10-01 10am", "2026-10-01T10:00:00.000"),
        (date(2026, 10, 1), "2026-10-01T00:00:00.000"),
        (datetime(2026, 10, 1, 9, 30), "2026-10-01T09:30:00.000"),
        (datetime(2026, 10, 1, 9, tzinfo=timezone(timedelta(hours=2))), "2026-10-01T07:00:00.000"),
        (pd.Timestamp("2026-10-01 09:30"), "2026-10-01T09:30:00.000"),
        (pd.Timestamp("2026-10-01 09:30", tz="Asia/Tokyo"), "2026-10-01T00:30:00.000"),
        (np.datetime64("2026-10-01T09:30:00.123456789"), "2026-10-01T09:30:00.123"),
        ("today", "2026-11-02T00:00:00.000"),
        ("Yesterday", "2026-11-01T00:00:00.000"),
        ("7 days ago", "2026-10-26T09:00:00.000"),
        ("1 Week ago", "2026-10-26T09:00:00.000"),
        ("90 minutes ago", "2026-11-02T07:30:00.000"),
        ("3 months ago", "2026-08-02T09:00:00.000"),
        ("1 year ago", "2025-11-02T09:00:00.000"),
    ],
)
def test_what_can_be_written(value: object, expected: str) -> None:
    assert read(value) == expected


@pytest.mark.parametrize("value", ["2026-10-01 09:30", datetime(2026, 10, 1, 9, 30)])
def test_naive_moments_are_read_in_the_stated_zone(value: object) -> None:
    assert read(value, tz="Europe/Paris") == "2026-10-01T07:30:00.000"


@pytest.mark.parametrize(
    "value",
    [
        "10",
        "monday",
        "",
        "   ",
        "now",
        "2026",
        "2026-",
        "2026-10",
        "2026-13-40",
        "2026-02-30",
        "2026-10-01..",
        "2026-10-01 banana",
        "2026-10-01 2026-11-01",
        "2026-10-01-05",
        "1700000000",
        "2026-10-01 09:30 EST",
        "２０２６-10-01",
        "2026-10-01\x00",
        "-7 days ago",
        "7 days",
        "99999999999 days ago",
        "3000 years ago",
        "7 days ago!",
        "2026-10-01 25:00",
        10,
        1.5,
        True,
        1_790_000_000_000,
        b"2026-10-01",
        [1],
        {},
        timedelta(1),
        pd.NaT,
        np.datetime64("NaT", "ns"),
        pd.NA,
        float("nan"),
        pd.Period("2026-10"),
        NOW.time(),
        np.datetime64(300_000, "Y"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("name", ["since", "until"])
def test_nonsense_is_refused(value: object, name: str) -> None:
    with pytest.raises(BadParameter, match=name) as caught:
        dates.moment(value, name, tz="Europe/Paris", now=NOW)
    assert "7 days ago" in caught.value.hint


@given(st.text(max_size=30) | st.from_regex(r"\d{4}-\d{1,3}[- T:\d]*", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in ("since", "until"):
        with suppress(BadParameter):
            read(text, name, "Africa/Cairo")


@pytest.mark.parametrize(
    "value", ["2026-10-01", date(2026, 10, 1), np.datetime64("2026-10-01"), "2026-10-1"]
)
def test_a_day_as_an_end_is_the_whole_day(value: object) -> None:
    assert read(value, "until") == "2026-10-01T23:59:59.999"
    assert read(value, "until", "Europe/Paris") == "2026-10-01T21:59:59.999"


@pytest.mark.parametrize(
    "value",
    [
        "2026-10-01 00:00",
        datetime(2026, 10, 1),
        pd.Timestamp("2026-10-01"),
        np.datetime64("2026-10-01T00"),
    ],
)
def test_a_midnight_that_was_written_is_a_moment(value: object) -> None:
    assert read(value, "until") == "2026-10-01T00:00:00.000"


def test_today_and_yesterday_are_days_of_the_stated_zone() -> None:
    late = datetime(2026, 11, 2, 23, 30, tzinfo=UTC)  # already the 3rd in Tokyo
    assert read("today", tz="Asia/Tokyo", now=late) == "2026-11-02T15:00:00.000"
    assert read("today", "until", "Asia/Tokyo", late) == "2026-11-03T14:59:59.999"
    assert read("yesterday", "until", "Asia/Tokyo", late) == "2026-11-02T14:59:59.999"


def test_days_and_months_ago_keep_the_wall_time_across_a_clock_change() -> None:
    # 10:00 in Paris, winter; three months before it was 10:00 in summer time.
    assert read("3 months ago", tz="Europe/Paris") == "2026-08-02T08:00:00.000"
    assert read("30 days ago", tz="Europe/Paris") == "2026-10-03T08:00:00.000"
    after = datetime(2026, 10, 25, 12, tzinfo=UTC)
    assert read("1 day ago", tz="Europe/Paris", now=after) == "2026-10-24T11:00:00.000"
    assert read("24 hours ago", tz="Europe/Paris", now=after) == "2026-10-24T12:00:00.000"


def test_an_hour_that_comes_twice_leaves_nothing_out() -> None:
    assert read("2026-10-25 02:30", "since", "Europe/Paris") == "2026-10-25T00:30:00.000"
    assert read("2026-10-25 02:30", "until", "Europe/Paris") == "2026-10-25T01:30:00.000"
    # Dublin's summer time is its standard time: the first pass is still the earlier one.
    assert read("2026-10-25 01:30", "since", "Europe/Dublin") == "2026-10-25T00:30:00.000"
    assert read("2026-10-25 01:30", "until", "Europe/Dublin") == "2026-10-25T01:30:00.000"


@pytest.mark.parametrize("name", ["since", "until"])
def test_an_hour_that_never_was_is_the_moment_of_the_change(name: str) -> None:
    assert read("2026-03-29 02:30", name, "Europe/Paris") == "2026-03-29T01:00:00.000"
    assert read("2026-04-24 00:30", name, "Africa/Cairo") == "2026-04-23T22:00:00.000"


def test_a_change_before_1970_is_found_on_windows_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "datetime", WindowsDatetime)
    assert read("1960-04-10 02:30", tz="Europe/London") == "1960-04-10T02:00:00.000"


@pytest.mark.reliability("transitions")
@pytest.mark.parametrize(
    ("zone", "day", "begins", "ends"),
    [
        ("Europe/Paris", "2026-03-29", "2026-03-28T23:00", "2026-03-29T21:59:59.999"),
        ("Europe/Paris", "2026-10-25", "2026-10-24T22:00", "2026-10-25T22:59:59.999"),
        # Midnight itself is skipped, or comes twice. (Cuba's last change: it kept the summer time
        # of 2026, which tzdata 2025b does not know, and the system's tzdata may be as old.)
        ("Africa/Cairo", "2026-04-23", "2026-04-22T22:00", "2026-04-23T21:59:59.999"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00", "2026-04-24T20:59:59.999"),
        ("America/Sao_Paulo", "2018-11-03", "2018-11-03T03:00", "2018-11-04T02:59:59.999"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", "2018-11-05T01:59:59.999"),
        ("America/Havana", "2025-11-01", "2025-11-01T04:00", "2025-11-02T03:59:59.999"),
        ("America/Havana", "2025-11-02", "2025-11-02T04:00", "2025-11-03T04:59:59.999"),
    ],
)
def test_days_on_which_the_clocks_change(zone: str, day: str, begins: str, ends: str) -> None:
    assert read(day, "since", zone) == pd.Timestamp(begins).isoformat(timespec="milliseconds")
    assert read(day, "until", zone) == ends
    noon = pd.Timestamp(f"{day} 12:00").tz_localize(zone).to_pydatetime()
    assert read("today", "since", zone, noon) == read(day, "since", zone)
    assert read("today", "until", zone, noon) == read(day, "until", zone)
    assert read("yesterday", "since", zone, noon + timedelta(days=1)) == read(day, "since", zone)
    assert read("yesterday", "until", zone, noon + timedelta(days=1)) == read(day, "until", zone)


@given(
    day=st.dates(date(1990, 1, 1), date(2035, 1, 1)),
    zone=st.sampled_from(
        [
            "UTC",
            "Europe/Paris",
            "Africa/Cairo",
            "America/Havana",
            "Asia/Beirut",
            "Asia/Tehran",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Asia/Kathmandu",
        ]
    ),
)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: str) -> None:
    end = dates.moment(day, "until", tz=zone, now=NOW)
    begin = dates.moment(day + timedelta(days=1), "since", tz=zone, now=NOW)
    assert begin - end == pd.Timedelta(milliseconds=1)


@pytest.mark.parametrize("until", ["9999-12-31", date.max, datetime.max])
def test_an_end_beyond_all_times_is_read_or_refused(until: object) -> None:
    for zone in ("UTC", "Asia/Tokyo", "America/Havana"):
        try:
            moment = dates.moment(until, "until", tz=zone, now=NOW)
        except BadParameter:
            continue
        assert moment.to_pydatetime().year == 9999


def test_open_ends_stay_open() -> None:
    assert dates.window(None, None, tz="UTC", now=NOW) == (None, None)


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        ("2026-10-02", "2026-10-01", "since is after until"),
        ("2026-11-03", None, "since is in the future"),
        (NOW + timedelta(milliseconds=1), None, "since is in the future"),
        ("2026-10-02 12:00", "2026-10-02 11:59", "since is after until"),
    ],
)
def test_a_period_that_can_hold_nothing_is_refused(since: str, until: str, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        dates.window(since, until, tz="UTC", now=NOW)


def test_one_day_and_one_instant_are_periods() -> None:
    start, end = dates.window("2026-10-01", "2026-10-01", tz="Asia/Tokyo", now=NOW)
    assert end - start == pd.Timedelta(days=1) - pd.Timedelta(milliseconds=1)
    assert dates.window(NOW, NOW, tz="UTC", now=NOW) == (pd.Timestamp(NOW), pd.Timestamp(NOW))
    assert dates.window("today", "2026-12-31", tz="UTC", now=NOW)[1].year == 2026


@pytest.mark.parametrize("tz", [None, 5, "", "Europe", "../etc", "Europe/Pariss", [], "a\0b"])
def test_time_zones_that_do_not_exist_are_refused(tz: object) -> None:
    with pytest.raises(BadParameter, match=r"no time zone|tz must"):
        dates.check_tz(tz)


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (ZoneInfo("Europe/Paris"), "Europe/Paris"),
        (UTC, "UTC"),
        (dateutil.tz.gettz("Europe/Paris"), "Europe/Paris"),
        (dateutil.tz.UTC, "UTC"),
    ],
)
def test_a_zone_is_taken_by_its_name(zone: tzinfo, name: str) -> None:
    assert dates.check_tz(zone) == name


def test_a_zone_without_a_standard_name_is_refused() -> None:
    with pytest.raises(BadParameter, match="no standard name"):
        dates.check_tz(timezone(timedelta(hours=2)))


def test_a_time_zone_is_named_as_it_was() -> None:
    assert dates.check_tz("Europe/Paris") == "Europe/Paris"


# Every change of a clock, against what zoneinfo says without pandas

AGO = {"0 days ago": 0, "1 day ago": 1, "1 week ago": 7}


def check_ago(zone: str, changes: Iterable[datetime]) -> None:
    for change in changes:
        for now in clock_changes.moments_near(change):
            for text, days in AGO.items():
                later = now + timedelta(days=days)  # so that the time asked for is near the change
                wall = clock_changes.wall(later, zone) - timedelta(days=days)
                for name in ("since", "until"):
                    found = dates.moment(text, name, tz=zone, now=later)
                    written = dates.moment(wall.isoformat(" "), name, tz=zone, now=later)
                    assert found == written, (zone, text, later)
                    assert found == clock_changes.shown(wall, zone, first=name == "since")
            for text, hours in (("0 hours ago", 0), ("180 minutes ago", 3)):
                found = dates.moment(text, "since", tz=zone, now=now)
                assert found == now - timedelta(hours=hours)


@pytest.mark.reliability("transitions")
@pytest.mark.parametrize("zone", clock_changes.SOME)
def test_ago_is_the_wall_time_written_out(zone: str) -> None:
    check_ago(zone, clock_changes.changes_of(zone, 2024, 2026)[:3])


@pytest.mark.reliability("transitions")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ago_is_the_wall_time_written_out_in_every_zone() -> None:
    zones = clock_changes.every_zone()
    assert len(zones) > 30
    for zone in zones:
        check_ago(zone, clock_changes.changes(zone))


@pytest.mark.reliability("transitions")
def test_many_times_are_placed_as_each_is() -> None:
    for zone in clock_changes.SOME:
        for change in clock_changes.changes_of(zone, 2024):
            walls = [clock_changes.wall(at, zone) for at in clock_changes.moments_near(change)]
            walls += [wall + timedelta(minutes=90) for wall in walls]  # some are skipped
            placed = dates.localize_index(pd.DatetimeIndex(walls), zone)
            assert placed.tz_convert("UTC").tolist() == [
                clock_changes.shown(wall, zone) for wall in walls
            ]


@pytest.mark.parametrize(
    ("now", "name", "text", "expected"),
    [
        ("2026-10-26T01:30", "until", "1 day ago", "2026-10-25T01:30:00.000"),
        ("2026-10-26T01:30", "since", "1 day ago", "2026-10-25T00:30:00.000"),
        ("2026-10-25T00:30", "until", "0 days ago", "2026-10-25T01:30:00.000"),
        ("2026-10-25T01:30", "since", "0 days ago", "2026-10-25T00:30:00.000"),
        ("2026-11-01T01:30", "until", "1 week ago", "2026-10-25T01:30:00.000"),
        ("2026-11-25T01:30", "until", "1 month ago", "2026-10-25T01:30:00.000"),
        ("2027-10-25T00:30", "until", "1 year ago", "2026-10-25T01:30:00.000"),
        ("2026-03-30T00:30", "since", "1 day ago", "2026-03-29T01:00:00.000"),
        ("2026-03-30T00:30", "until", "1 day ago", "2026-03-29T01:00:00.000"),
    ],
)
def test_ago_and_a_clock_change_in_paris(now: str, name: str, text: str, expected: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert read(text, name, "Europe/Paris", moment) == expected
