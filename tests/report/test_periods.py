"""Periods by the clock on the wall, and what came before them."""

from datetime import date

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given

from crisp_data.errors import BadParameter
from crisp_data.report.periods import Period, period

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
        (None, "2026-10-31", "beginning"),
        ("2026-10-31", "2026-10-01", "after until"),
        ("2027-01-01", None, "future"),
        ("soon", None, "7 days ago"),
    ],
)
def test_refused(since, until, words):
    with pytest.raises(BadParameter, match=words):
        period(since, until, tz=PARIS, now=NOW)
