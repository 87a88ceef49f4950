"""From a moment on: what came before is left out, and nothing else changes."""

import pandas as pd
import pytest

from crisp_data import metrics, plots, tables
from crisp_data.errors import BadParameter
from crisp_data.sandbox import Sandbox

SINCE = pd.Timestamp("2026-10-01", tz="UTC")
BEFORE = SINCE - pd.Timedelta("1 ms")


@pytest.fixture(scope="module")
def messages():
    import json

    builder = tables.Builder("messages")
    records = Sandbox(seed=2, conversations=150).truth("messages")
    builder.add(json.dumps({"error": False, "data": records}).encode())
    return builder.frame()


def test_what_operators_did_before_and_since_is_all_they_did(messages):
    counts = ["messages", "replies", "resolutions"]
    parts = [
        metrics.by_operator(messages, **span).assign(who=lambda f: f["user_id"].fillna("none"))
        for span in ({}, {"now": BEFORE}, {"since": SINCE})
    ]
    whole, before, since = (part.set_index("who")[counts] for part in parts)
    assert (since["messages"] > 0).sum() > 3
    pd.testing.assert_frame_equal(
        before.add(since, fill_value=0).loc[whole.index].astype("Int64"), whole
    )


def test_answers_since_took_their_whole_time(messages):
    """Also where the question was asked before."""
    who = messages.loc[messages["from"] == "operator", "user_id"].mode()[0]
    found = metrics.by_operator(messages, since=SINCE).set_index("user_id").loc[who]
    answers = metrics.responses(messages)
    theirs = answers[(answers["user_id"] == who) & (answers["answered_at"] >= SINCE)]
    assert found["replies"] == len(theirs) > 10
    assert found["median_response"] == theirs["duration"].quantile(0.5).floor("ms")


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_the_backlog_goes_on_from_what_was_open(messages, by):
    whole = metrics.backlog(messages, by=by)
    since = metrics.backlog(messages, by=by, since="2026-10-14 12:00")
    assert 0 < len(since) < len(whole)
    assert since["open"][0] > 10
    assert since["start"][0] <= pd.Timestamp("2026-10-14 12:00", tz="UTC")
    assert since["start"][1:].min() > pd.Timestamp("2026-10-14 12:00", tz="UTC") or len(since) == 1
    expected = whole.tail(len(since)).reset_index(drop=True)
    pd.testing.assert_frame_equal(since, expected)


def test_since_the_ends_of_time(messages):
    pd.testing.assert_frame_equal(
        metrics.backlog(messages, since="2000-01-01"), metrics.backlog(messages)
    )
    assert metrics.backlog(messages, since="2026-12-31").empty
    assert metrics.by_operator(messages, since="2026-12-31").empty
    with pytest.raises(BadParameter, match="since"):
        metrics.backlog(messages, since="soon")


def test_the_plot_begins_there_too(messages):
    ax = plots.backlog(messages, since=SINCE)
    counts = metrics.backlog(messages, since=SINCE)
    assert ax.lines[0].get_ydata()[:-1].tolist() == counts["open"].tolist()


def test_an_ordered_category_keeps_its_order_and_colours(messages):
    answers = metrics.first_response(messages)
    half = answers["asked_at"] < SINCE
    names = pd.CategoricalDtype(["later", "earlier"], ordered=True)
    for part in (half, ~half):
        period = pd.Series("later", answers.index).mask(part, "earlier").astype(names)
        ax = plots.curve(answers.assign(period=period), by="period")
        shown = [text.get_text().split()[0] for text in ax.get_legend().get_texts()]
        assert shown == ["later", "earlier"]
        assert ax.lines[0].get_linestyle() == "-"
