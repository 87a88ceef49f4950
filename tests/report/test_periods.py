"""Periods by the clock on the wall, and what came before them."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given

from crisp_data.errors import BadParameter
from crisp_data.report.periods import Period, period
from tests import clock_changes

PARIS = "Europe/Paris"
NOW = pd.Timestamp("2026-11-02 09:00", tz="UTC")
HOUR = pd.Timedelta("1 hour")


def at(text, tz=PARIS):
    return pd.Timestamp(text, tz=tz)


def test_the_last_whole_month_of_the_zone():
    found = period(None, None, tz=PARIS, now=NOW)
    assert found == Period(at("2026-10-01"), at("2026-11-01"))
    assert found.end - found.start == 31 * 24 * HOUR + HOUR  # the night of 25 October repeats one
    assert found.before() == Period(at("2026-09-01"), at("2026-10-01"))
    assert (found.name, found.before().name) == ("October 2026", "September 2026")


def test_the_month_is_that_of_the_zone_and_not_of_utc():
    late = pd.Timestamp("2026-10-31 23:30", tz="UTC")
    assert period(None, None, tz="UTC", now=late).name == "September 2026"
    assert period(None, None, tz=PARIS, now=late).name == "October 2026"
    assert period(None, None, tz="America/New_York", now=late).name == "September 2026"


@pytest.mark.parametrize(
    ("since", "until", "hours", "before", "hours_before", "name"),
    [
        # Clocks go back on 25 October and forward on 29 March.
        ("2026-10-19", "2026-10-25", 169, "2026-10-12", 168, "12 Oct 2026 to 18 Oct 2026"),
        ("2026-10-26", "2026-11-01", 168, "2026-10-19", 169, "19 Oct 2026 to 25 Oct 2026"),
        ("2026-03-29", "2026-03-29", 23, "2026-03-28", 24, "28 Mar 2026"),
        ("2026-03-30", "2026-03-30", 24, "2026-03-29", 23, "29 Mar 2026"),
        ("2026-03-01", "2026-03-31", 743, "2026-02-01", 672, "February 2026"),
        ("2026-07-01", "2026-09-30", 2208, "2026-04-01", 2184, "April 2026 to June 2026"),
        ("2026-10-05 09:00", "2026-10-05 12:00", 3, "2026-10-05 06:00", 3,
         "5 Oct 2026, 06:00 to 5 Oct 2026, 09:00"),
    ],
)  # fmt: skip
def test_equally_long_by_the_wall(since, until, hours, before, hours_before, name):
    found = period(since, until, tz=PARIS, now=NOW)
    earlier = found.before()
    # A moment that ends a period is part of it, to its millisecond.
    exact = pd.Timedelta(0) if len(until) == 10 else pd.Timedelta("1 ms")
    assert found.end - found.start == hours * HOUR + exact
    assert earlier.end == found.start
    assert earlier.start == at(before) - exact
    assert earlier.end - earlier.start == hours_before * HOUR + exact
    assert earlier.name == name


@given(
    st.dates(date(2000, 1, 1), date(2026, 9, 20)),
    st.integers(0, 40),
    # Midnights that do not exist: Santiago and Beirut; half an hour: Lord Howe.
    st.sampled_from([PARIS, "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "UTC"]),
)  # fmt: skip
def test_days_before_days(first, more, tz):
    last = first + pd.Timedelta(days=more)
    found = period(first, last, tz=tz, now=NOW)
    earlier = found.before()
    assert earlier.end == found.start
    days = (found.end.tz_localize(None).normalize() - pd.Timestamp(first)).days
    assert days == more + 1
    if not found._months:
        assert earlier.start.date() == first - pd.Timedelta(days=days)
    rows = pd.Series([earlier.start, earlier.last, found.start, found.last, found.end])
    assert found.holds(rows).tolist() == [False, False, True, True, False]


def test_until_now_and_no_further():
    open_ended = period("2026-10-20", None, tz=PARIS, now=NOW)
    future = period("2026-10-20", "2027-01-01", tz=PARIS, now=NOW)
    assert open_ended == future
    assert open_ended.last == NOW
    assert open_ended.name == "20 Oct 2026, 00:00 to 2 Nov 2026, 10:00"


def test_missing_times_are_in_no_period():
    rows = pd.Series([pd.NaT, at("2026-10-05")]).astype("datetime64[ms, Europe/Paris]")
    assert period(None, None, tz=PARIS, now=NOW).holds(rows).tolist() == [False, True]


@pytest.mark.parametrize(
    ("since", "until", "words"),
    [
        (None, "2026-10-31", "needs a start"),
        ("2026-10-31", "2026-10-01", "after until"),
        ("2027-01-01", None, "future"),
        ("soon", None, "7 days ago"),
        ("0001-01-03", None, "came before it"),
        ("0001-01-02", "0001-01-05", "came before it"),
        ("2000 years ago", None, "came before it"),
    ],
)
def test_refused(since, until, words):
    with pytest.raises(BadParameter, match=words):
        period(since, until, tz=PARIS, now=NOW)


# Every change of a clock, against what zoneinfo says without pandas


SINCE = ("today", "1 day ago", "1 week ago", "90 minutes ago", "0 minutes ago")


def check_periods(zone: str, changes: Iterable[datetime], share: int = 1) -> None:
    """With a share, every moment looks back by one in so many of ``SINCE``, by others each year."""
    later = timedelta(days=3)
    for change in changes:
        changed = clock_changes.wall(change, zone).date()
        for day in (changed - timedelta(days=1), changed, changed + timedelta(days=1)):
            found = period(day, day, tz=zone, now=change + later)
            starts = [start_of(day + timedelta(days=more), zone) for more in (-1, 0, 1)]
            edges = [found.before().start, found.start, found.end]
            assert [utc(edge) for edge in edges] == starts, (zone, day)
            assert (found.days, found.before().days) == (1, 1)
            assert found.name == f"{day:%d %b %Y}".lstrip("0")
            week = period(day, day + timedelta(days=6), tz=zone, now=change + 3 * later)
            assert utc(week.before().start) == start_of(day - timedelta(days=7), zone)
            assert (week.days, week.before().days) == (7, 7)
        for number, now in enumerate(clock_changes.moments_near(change), change.year):
            check_now(zone, now, SINCE[number % share :: share])


def check_now(zone: str, now: datetime, looks_back: Iterable[str]) -> None:
    """Any report that is made about a change, or has an edge there."""
    day = clock_changes.wall(now, zone).date()
    month = period(None, None, tz=zone, now=now)
    assert utc(month.end) == start_of(day.replace(day=1), zone)
    assert utc(month.start) == start_of(month.last.date().replace(day=1), zone)
    assert month.before().end == month.start
    for since in looks_back:
        found = period(since, None, tz=zone, now=now)
        assert utc(found.last) == now
        earlier = found.before()
        assert earlier.start < earlier.end == found.start
        assert found.name
        assert earlier.name
    found = period(now, None, tz=zone, now=now + timedelta(days=10))
    assert utc(found.start) == now
    wall = clock_changes.wall
    length = wall(now + timedelta(days=10, milliseconds=1), zone) - nominal(now, zone)
    assert utc(found.before().start) == clock_changes.shown(nominal(now, zone) - length, zone)
    short = period(now, now + timedelta(hours=2), tz=zone, now=now + timedelta(days=10))
    assert short.before().end - short.before().start == short.end - short.start


def utc(edge: pd.Timestamp) -> pd.Timestamp:
    """Beside a datetime of another zone, no time of a repeated hour is equal to any."""
    return edge.tz_convert("UTC")


def start_of(day: date, zone: str) -> datetime:
    return clock_changes.shown(datetime(day.year, day.month, day.day), zone)


def nominal(at: datetime, zone: str) -> datetime:
    """What the wall shows; midnight, where a day begins that has none."""
    wall = clock_changes.wall(at, zone)
    return datetime(wall.year, wall.month, wall.day) if start_of(wall.date(), zone) == at else wall


@pytest.mark.reliability("transitions")
@pytest.mark.parametrize("zone", clock_changes.SOME)
def test_periods_about_a_clock_change(zone):
    check_periods(zone, clock_changes.changes_of(zone, 2024, 2026)[-2:])


@pytest.mark.reliability("transitions")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_periods_about_every_clock_change():
    for zone in clock_changes.every_zone():
        check_periods(zone, clock_changes.changes(zone), share=len(SINCE))


def test_the_day_before_a_day_without_midnight():
    found = period("2026-09-06", "2026-09-06", tz="America/Santiago", now=NOW)
    assert found.before() == Period(
        at("2026-09-05", "America/Santiago"), at("2026-09-06 01:00", "America/Santiago")
    )
    assert (found.name, found.before().name) == ("6 Sep 2026", "5 Sep 2026")


def test_both_passes_of_an_hour_are_distinguished():
    first, second = pd.Timestamp("2026-10-25 00:30Z"), pd.Timestamp("2026-10-25 01:30Z")
    found = period(first, second, tz=PARIS, now=NOW)
    assert found.name == "25 Oct 2026, 02:30 CEST to 25 Oct 2026, 02:30 CET"
    assert found.before().end - found.before().start == HOUR + pd.Timedelta("1 ms")
    assert found.before().name == "25 Oct 2026, 01:30 to 25 Oct 2026, 02:30 CEST"
