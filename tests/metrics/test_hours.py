"""Business hours: against a clock that is read minute by minute, and against the calendar."""

from __future__ import annotations

from datetime import date

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from crisp_data import metrics
from crisp_data.errors import BadParameter

from .oracle import Hours

PARIS = "Europe/Paris"
HOUR = 3_600_000
OFFICE = metrics.BusinessHours({"mon-fri": "09:00-18:00"}, tz=PARIS)


def at(text: str, tz: str = PARIS) -> int:
    return round(pd.Timestamp(text, tz=tz).timestamp() * 1000)


def between(hours: metrics.BusinessHours, start: str, end: str, tz: str = PARIS) -> float:
    """Open hours between two times on the wall."""
    (found,) = hours.between(np.array([at(start, tz)]), np.array([at(end, tz)]))
    return found / HOUR


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-10-05 10:00", "2026-10-05 11:30", 1.5),
        ("2026-10-05 08:00", "2026-10-05 09:30", 0.5),
        ("2026-10-05 17:00", "2026-10-06 10:00", 2),
        ("2026-10-02 17:00", "2026-10-05 10:00", 2),  # over a weekend
        ("2026-10-03 10:00", "2026-10-04 20:00", 0),
        ("2026-10-05 18:00", "2026-10-06 09:00", 0),
        ("2026-10-05 00:00", "2026-10-12 00:00", 45),
        ("2026-10-23 09:00", "2026-10-26 10:00", 10),  # clocks change in between: no matter
        ("2026-10-05 10:00", "2026-10-05 10:00", 0),
    ],
)
def test_an_office_in_paris(start, end, hours):
    assert between(OFFICE, start, end) == hours


ALWAYS = {"mon-sun": "00:00-24:00"}
NIGHT = {"sun": "01:00-04:00"}


@pytest.mark.reliability("transitions")
@pytest.mark.parametrize(
    ("tz", "week", "day", "hours"),
    [
        (PARIS, ALWAYS, "2026-10-25", 25),
        (PARIS, ALWAYS, "2026-03-29", 23),
        (PARIS, NIGHT, "2026-10-25", 4),  # from two to three is there twice
        (PARIS, NIGHT, "2026-03-29", 2),  # and is not there
        (PARIS, {"sun": "02:00-02:30"}, "2026-10-25", 1),
        # Opened again, or closed, by the change itself and by no time on the wall.
        (PARIS, {"sun": "01:00-02:30"}, "2026-10-25", 2),
        (PARIS, {"sun": "01:00-02:30"}, "2026-03-29", 1),
        (PARIS, {"sun": "02:00-02:30"}, "2026-03-29", 0),
        ("Australia/Lord_Howe", ALWAYS, "2026-04-05", 24.5),
        ("Australia/Lord_Howe", ALWAYS, "2026-10-04", 23.5),
        ("Asia/Kathmandu", ALWAYS, "2026-10-25", 24),
        ("America/Havana", ALWAYS, "2025-11-02", 25),  # clocks change at midnight
        ("America/Santiago", ALWAYS, "2026-09-06", 23),  # a day without a midnight
    ],
)
def test_nights_on_which_clocks_change(tz, week, day, hours):
    opening = metrics.BusinessHours(week, tz=tz)
    after = (pd.Timestamp(day) + pd.Timedelta(days=1)).strftime("%Y-%m-%d")
    start = pd.Timestamp(day).tz_localize(tz, ambiguous=True, nonexistent="shift_forward")
    end = pd.Timestamp(after).tz_localize(tz, ambiguous=True)
    ms = [np.array([round(moment.timestamp() * 1000)]) for moment in (start, end)]
    assert opening.between(*ms)[0] / HOUR == hours


@pytest.mark.parametrize("day", ["2026-10-06", date(2026, 10, 6), pd.Timestamp("2026-10-06")])
def test_holidays(day):
    hours = metrics.BusinessHours({"mon-fri": "09:00-18:00"}, tz=PARIS, holidays=[day])
    assert between(hours, "2026-10-05 17:00", "2026-10-07 10:00") == 2
    assert repr(hours) == "BusinessHours(mon-fri 09:00-18:00, Europe/Paris, 1 holiday)"


class Country(dict):
    """As an object of the package holidays: it knows the years it was made for or asked for."""

    def __init__(self, years=()):
        self.years = set()
        for year in years:
            self.fill(year)

    def fill(self, year):
        self.years.add(year)
        self[date(year, 10, 6)] = "Tuesday, in 2026"

    def __contains__(self, day):
        self.fill(day.year)
        return super().__contains__(day)


def open_hours(holidays):
    return metrics.BusinessHours({"mon-fri": "09:00-18:00"}, tz=PARIS, holidays=holidays)


def test_holidays_that_fill_when_asked_are_refused_while_they_are_empty():
    country = Country()
    with pytest.raises(BadParameter, match="no day would be closed") as caught:
        open_hours(country)
    assert "years=" in caught.value.hint
    assert date(2026, 10, 6) in country
    assert between(open_hours(country), "2026-10-05 17:00", "2026-10-07 10:00") == 2


def test_a_year_that_the_holidays_do_not_know_is_refused():
    hours = open_hours(Country([2026]))
    assert between(hours, "2026-10-05 17:00", "2026-10-07 10:00") == 2
    for start, end in (
        ("2025-12-30 17:00", "2026-01-02 10:00"),
        ("2026-12-30 17:00", "2027-01-01"),
    ):
        with pytest.raises(BadParameter, match=r"no day of 202[57]") as caught:
            between(hours, start, end)
        assert "years=range(202" in caught.value.hint
    assert between(open_hours(Country([2026, 2027])), "2026-12-31 17:00", "2027-01-01 10:00") == 2
    assert between(open_hours([]), "2026-12-31 17:00", "2027-01-01 10:00") == 2


@settings(derandomize=True)
@given(
    zone=st.sampled_from([PARIS, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    spans=st.dictionaries(
        st.integers(0, 6),
        st.lists(st.integers(0, 1440), min_size=2, max_size=6, unique=True).map(sorted),
        min_size=1,
    ),
    night=st.sampled_from(["2026-03-08", "2026-03-28", "2026-04-04", "2026-10-24", "2026-10-31"]),
    moments=st.lists(
        st.tuples(st.integers(0, 72 * 3_600_000), st.integers(0, 20 * 3_600_000)), max_size=8
    ),
    holiday=st.integers(0, 4),
)
def test_minutes_of_any_hours(zone, spans, night, moments, holiday):
    """Opening hours to the minute, read off a clock minute by minute."""
    week = {day: list(zip(cuts[::2], cuts[1::2], strict=False)) for day, cuts in spans.items()}
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    written_hours = {
        names[day]: ", ".join(
            f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in pairs
        )
        for day, pairs in week.items()
    }
    closed = [(pd.Timestamp(night) + pd.Timedelta(days=holiday)).strftime("%Y-%m-%d")]
    fast = metrics.BusinessHours(written_hours, tz=zone, holidays=closed)
    slow = Hours(zone, week, closed)
    first = at(night, zone)
    start = np.array([first + begin for begin, _ in moments], np.int64)
    end = np.array([first + begin + lasts for begin, lasts in moments], np.int64)
    expected = [slow.between(int(a), int(b), step=60_000) for a, b in zip(start, end, strict=True)]
    assert fast.between(start, end).tolist() == expected


def test_open_always_is_the_calendar():
    ends = np.random.default_rng(1).integers(0, at("2040-01-01"), (2, 1_000))
    start, end = np.sort(ends, axis=0)
    hours = metrics.BusinessHours(ALWAYS, tz=PARIS)
    assert (hours.between(start, end) == end - start).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tz": "Mars"}, "no time zone"),
        ({"week": {}}, "mapping"),
        ({"week": "09:00-18:00"}, "mapping"),
        ({"week": {"mo": "09:00-18:00"}}, "'mo' is not a day"),
        ({"week": {"fri-mon": "09:00-18:00"}}, "ends before it begins"),
        ({"week": {"mon": "9-18"}}, "'9-18' is not a span"),
        ({"week": {"mon": "18:00-09:00"}}, "does not end after"),
        ({"week": {"mon": "09:00-24:30"}}, "does not end after"),
        ({"week": {"mon": "09:00-12:00, 11:00-13:00"}}, "overlap"),
        ({"week": {"mon": "09:00-12:00", "mon-tue": "11:00-13:00"}}, "overlap"),
        ({"holidays": "2026-12-25"}, "holidays must be a list"),
        ({"holidays": ["Christmas"]}, "A holiday is not a date"),
        ({"holidays": [None]}, "A holiday is not a date"),
    ],
)
def test_refusals(options, words):
    with pytest.raises(BadParameter, match=words) as caught:
        metrics.BusinessHours(**{"week": {"mon": "09:00-18:00"}, "tz": PARIS, **options})
    assert caught.value.hint


def test_hours_of_another_kind():
    with pytest.raises(BadParameter, match="must be a BusinessHours"):
        metrics.responses(metrics.thread("09:00 customer"), hours="09:00-18:00")
