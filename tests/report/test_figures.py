"""The figures are those of the metrics, on the sandbox's truth, and words agree with them."""

import math

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given

from crisp_data import metrics, report
from crisp_data.errors import BadParameter
from crisp_data.report import wording

from .conftest import PARIS

MONTHS = {"now": ("2026-10-01", "2026-11-01"), "before": ("2026-09-01", "2026-10-01")}


def span(name):
    start, end = (pd.Timestamp(day, tz=PARIS) for day in MONTHS[name])
    return start, end, end - pd.Timedelta("1 ms")


@pytest.fixture
def found(truth, now):
    return report.figures(*truth, tz=PARIS, now=now).set_index("figure")


@pytest.mark.parametrize("name", MONTHS)
def test_times_and_shares_are_those_of_the_metrics(truth, found, name):
    _, messages = truth
    start, end, last = span(name)
    answers = metrics.first_response(messages, now=last)
    answers = answers[answers["asked_at"].between(start, end, inclusive="left")]
    resolution = metrics.resolution(messages, now=last)
    resolution = resolution[resolution["asked_at"].between(start, end, inclusive="left")]
    tickets = metrics.tickets(messages, now=last)
    done = tickets["resolved_at"].between(start, end, inclusive="left")
    once = (tickets["touches"] == 1) & (tickets["reopenings"] == 0)
    reopened = metrics.reopenings(messages, now=last)["reopened_at"]
    waiting = metrics.waiting(messages, now=last)["waiting_since"]
    level = metrics.service_level(answers, within="1 hour")["share"][0]
    values = found[name]
    assert len(answers) > 50
    assert values["Median first response"] == metrics.median(answers)
    assert values["Answered within 1 h"] == level
    assert values["Median resolution"] == metrics.median(resolution)
    assert values["Resolved"] == done.sum() > 50
    assert values["Solved in one touch"] == once[done & tickets["asked_at"].notna()].mean()
    assert values["Reopened"] == (reopened >= start).sum() > 10
    assert values["Waiting at the end"] == (waiting >= start).sum() > 5


@pytest.mark.parametrize("name", MONTHS)
def test_counts_are_those_of_the_truth(box, found, name):
    """Counted in plain Python, record by record."""
    start, end = (1000 * moment.timestamp() for moment in span(name)[:2])
    people, messages = set(), 0
    whose = {row["session_id"]: row["people_id"] for row in box.truth("conversations")}
    for row in box.truth("messages"):
        if start <= row["timestamp"] < end and row["type"] not in ("note", "event"):
            messages += 1
            if row["from"] == "user":
                people.add(whose.get(row["session_id"]) or row["session_id"])
    created = sum(start <= row["created_at"] < end for row in box.truth("conversations"))
    assert found.loc["Conversations", name] == created > 50
    assert found.loc["Messages", name] == messages > 500
    assert found.loc["Customers", name] == len(people) > 50


def test_what_came_later_changes_nothing(truth, now):
    """Next week's report of a week is this week's."""
    conversations, messages = truth
    week = {"since": "2026-10-12", "until": "2026-10-18", "tz": PARIS}
    known = messages[messages["timestamp"] < pd.Timestamp("2026-10-19", tz=PARIS)]
    assert len(known) < len(messages) - 200
    pd.testing.assert_frame_equal(
        report.figures(conversations, known, now="2026-10-19", **week),
        report.figures(conversations, messages, now=now, **week),
    )


def test_open_time_and_bots(truth, now):
    hours = metrics.BusinessHours({"mon-fri": "09:00-18:00"}, tz=PARIS)
    who = truth[1].loc[truth[1]["from"] == "operator", "nickname"].mode()[0]
    found = report.figures(*truth, now=now, hours=hours, bots=who, within="30 minutes")
    start, end, last = span("now")
    answers = metrics.first_response(truth[1], now=last, hours=hours, bots=[who])
    answers = answers[answers["asked_at"].between(start, end, inclusive="left")]
    values = found.set_index("figure")["now"]
    assert values["Median first response"] == metrics.median(answers)
    assert (
        values["Answered within 30 min"]
        == (metrics.service_level(answers, within="30 min")["share"][0])
    )


def test_nothing_to_compare_with(truth, now):
    complete = ("2026-09-15", now)
    found = report.figures(*truth, tz=PARIS, now=now, complete=complete).set_index("figure")
    assert found["before"].isna().all()
    assert set(found["change"]) == {"not comparable"}
    assert found.loc["Conversations", "now"] > 0


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"within": "soon"}, "30 minutes"),
        ({"within": []}, "1 hour"),
        ({"hours": "9-18"}, "BusinessHours"),
        ({"tz": "Mars"}, "Europe/Paris"),
        ({"until": "2026-10-31"}, "since"),
    ],
)
def test_refused_before_anything_is_spent(box, acme, options, hint):
    spent = box.stats()["requests"]
    with pytest.raises(BadParameter) as refused:
        report.figures(acme, **options)
    assert hint in refused.value.hint
    assert box.stats()["requests"] == spent


@pytest.mark.parametrize(
    ("kind", "now", "before", "said"),
    [
        ("count", 12, 0, "12 more"),
        ("count", 0, 12, "12 fewer (−100%)"),
        ("count", 1000, 1001, "1 fewer"),
        ("share", 0.844, 0.836, "no change"),
        ("share", 0.846, 0.844, "1 point up"),
        ("share", pd.NA, 0.5, "not comparable"),
        ("duration", pd.Timedelta("90 min"), pd.Timedelta("60 min"), "30 min longer (+50%)"),
        ("duration", pd.Timedelta("301 s"), pd.Timedelta("300 s"), "no change"),
        ("duration", pd.NaT, pd.Timedelta("60 min"), "not comparable"),
    ],
)
def test_changes_in_words(kind, now, before, said):
    assert wording.change(kind, now, before)[0] == said


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_words_agree_with_the_figures_beside_them(now, before):
    said, direction = wording.change("count", now, before)
    assert direction == (now > before) - (now < before)
    if direction:
        by, word, *_ = said.split()
        signed = int(by.replace(",", "")) * (1 if word == "more" else -1)
        assert before + signed == now
    share, direction = wording.change("share", now / 10_000, before / 10_000)
    shown = [int(wording.as_text("share", value / 10_000)[:-1]) for value in (now, before)]
    assert direction == math.copysign(1, shown[0] - shown[1]) * (shown[0] != shown[1])
    if direction:
        assert int(share.split()[0]) == abs(shown[0] - shown[1])
