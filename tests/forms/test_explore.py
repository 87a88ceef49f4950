"""Exploring: what a price promises, what the code shown does, what a stop leaves."""

import copy
import threading
import warnings

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import crisp_data as crisp
from crisp_data.forms.explore_model import ExploreModel, Query

from .conftest import EVIL
from .user import control, fill, press, said, shows, texts


@pytest.fixture
def explorer(ws):
    return ExploreModel(ws)


@pytest.fixture
def form(ws):
    return ws.explore()


def run(code, ws):
    """Run the code that a form shows; its last name is the frame."""
    names = {"ws": ws}
    exec(code, names)
    return list(names.values())[-1]


def press_and_wait(form, label):
    press(form, label)
    assert form.join(60)


def known(ws, table, column):
    return getattr(ws, table)()[column].dropna().iloc[0]


QUERIES = {
    "all": {"limit": None},
    "state": {"state": "unresolved"},
    "days ago": {"since": "30 days ago", "until": "2 days ago"},
    "dates": {"since": "2026-09-01", "until": "2026-10-15"},
    "segment": {"segment": "billing", "state": "resolved"},
    "nobody": {"assigned": False},
    "operator": {"assigned": ("operators", "user_id")},
    "inbox": {"inbox": ("inboxes", "inbox_id")},
    "search": {"search": 'it\'s "quoted"'},
    "name": {"search": ("conversations", "nickname"), "limit": 7},
    "people": {"table": "people", "limit": None},
    "some people": {"table": "people", "since": "300 days ago", "limit": 20},
}


@pytest.mark.parametrize("given", QUERIES.values(), ids=QUERIES)
def test_the_code_shown_pulls_the_same_frame(form, ws, given):
    given = {
        name: known(ws, *value) if isinstance(value, tuple) else value
        for name, value in given.items()
    }
    fill(form, "Table", given.get("table", "conversations"))
    fill(form, "Limit", str(given.get("limit", 60) or ""))
    people = given.get("table") == "people"
    fill(form, "Created since" if people else "Updated since", given.get("since") or "")
    for name in ("until", "segment", "search"):
        fill(form, name.capitalize(), given.get(name) or "")
    fill(form, "State", given.get("state", ""))
    press_and_wait(form, "Load operators and inboxes")
    fill(form, "Assigned to", given.get("assigned", ""))
    fill(form, "Inbox", given.get("inbox", ""))
    press_and_wait(form, "Show count and cost")
    press_and_wait(form, "Pull")
    assert "crisp-error" not in said(form)
    pull = getattr(ws, given.pop("table", "conversations"))
    assert_frame_equal(form.result, pull(**{"limit": 60, **given}))
    assert form.result.empty == ("quoted" in form.code), "frames that are empty are equal"
    assert_frame_equal(run(form.code, ws), form.result)


def test_messages_are_of_the_conversations_pulled(form, ws, sandbox):
    fill(form, "Limit", "5")
    press_and_wait(form, "Show count and cost")
    press_and_wait(form, "Pull")
    chosen = set(form.conversations["session_id"])
    press_and_wait(form, "Pull their messages")
    truth = [one for one in sandbox.truth("messages") if one["session_id"] in chosen]
    assert set(form.result["fingerprint"]) == {one["fingerprint"] for one in truth}
    assert_frame_equal(run(form.code, ws), form.result)


@pytest.mark.parametrize(
    "given",
    [{}, {"limit": 60}, {"state": "resolved", "limit": 40}, {"since": "30 days ago"},
     {"table": "people"}, {"table": "people", "limit": 55}, {"table": "people", "limit": 20}],
)  # fmt: skip
def test_a_pull_costs_what_its_price_said(explorer, spent, given):
    plan = explorer.price(Query(**given))
    assert spent() <= 3
    frame = explorer.pull()
    cost = spent()
    assert plan.low <= cost
    assert plan.high is None or cost <= plan.high
    assert explorer.spending.used == cost
    if plan.rows is not None and given.get("state") is None:
        assert plan.rows.low <= len(frame)
        assert plan.rows.high is None or len(frame) <= plan.rows.high
    assert explorer.price(Query(**given)).high == 0, "all of it is in the cache now"
    assert spent() == 0


def test_days_ago_are_the_same_days_a_minute_later(explorer, sandbox, spent, ws):
    """Price, pull and code mean one period, and each finds the other's pages in the cache."""
    plan = explorer.price(Query(since="30 days ago", until="1 hour ago", limit=20))
    assert spent() == 1
    sandbox.clock(advance_s=150)
    assert "ago" not in explorer.code
    frame = explorer.pull()
    assert (plan.high, spent()) == (0, 0)
    assert_frame_equal(run(explorer.code, ws), frame)
    assert spent() == 0


def test_opening_a_form_spends_nothing_and_names_cost_three(ws, spent):
    form = ws.explore()
    assert spent() == 0
    assert shows(form, "Load operators and inboxes")
    assert not shows(form, "Pull their messages"), "nothing was pulled yet"
    press_and_wait(form, "Load operators and inboxes")
    assert spent() == 3
    assert not shows(form, "Load operators and inboxes")
    assert set(ws.operators()["user_id"]) < {
        value for _, value in control(form, "Assigned to").options
    }
    again = ws.explore()
    assert control(again, "Assigned to").options == control(form, "Assigned to").options
    assert spent() == 0


def test_another_question_needs_another_price(form, spent):
    assert control(form, "Pull").disabled
    press_and_wait(form, "Show count and cost")
    assert not control(form, "Pull").disabled
    spent()
    fill(form, "State", "resolved")
    assert control(form, "Pull").disabled
    assert form.explorer.plan is None
    assert "state='resolved'" in form.code
    assert spent() == 0


def test_filters_changed_during_a_pull_are_another_question(form, monkeypatch):
    fill(form, "Limit", "60")
    press_and_wait(form, "Show count and cost")
    gate, pull = threading.Event(), form.explorer.ws.conversations

    def held(**options):
        assert gate.wait(30)
        return pull(**options)

    monkeypatch.setattr(form.explorer.ws, "conversations", held, raising=False)
    press(form, "Pull")
    fill(form, "State", "resolved")
    gate.set()
    assert form.join(60)
    assert set(form.result["state"]) > {"resolved"}
    assert "state" not in form.code
    assert control(form, "Pull").disabled, "what the filters say now has no price"


def test_filters_changed_while_the_price_is_asked_have_none(form, monkeypatch):
    gate, price = threading.Event(), form.explorer.price

    def held(query):
        assert gate.wait(30)
        return price(query)

    monkeypatch.setattr(form.explorer, "price", held)
    press(form, "Show count and cost")
    fill(form, "State", "resolved")
    gate.set()
    assert form.join(60)
    assert "crisp-price" not in texts(form)
    assert control(form, "Pull").disabled


def test_the_code_for_messages_names_their_own_conversations(form, ws):
    fill(form, "Limit", "3")
    press_and_wait(form, "Show count and cost")
    press_and_wait(form, "Pull")
    fill(form, "State", "resolved")
    press_and_wait(form, "Show count and cost")
    press_and_wait(form, "Pull their messages")
    assert "resolved" not in form.code
    assert_frame_equal(run(form.code, ws), form.result)


@pytest.mark.parametrize(
    ("label", "text", "words"),
    [
        ("Limit", "many", "whole number"),
        ("Limit", "0", "at least 1"),
        ("Updated since", "soon", "since"),
    ],
)
def test_a_filter_that_cannot_be_read_spends_nothing(form, spent, label, text, words):
    fill(form, label, text)
    press_and_wait(form, "Show count and cost")
    assert words in said(form)
    assert "role='alert'" in said(form)
    assert control(form, "Pull").disabled
    assert spent() == 0


def test_stop_sends_no_further_request_and_keeps_what_came(ws, spent, monkeypatch):
    form = ws.explore()
    fill(form, "Limit", "")
    press_and_wait(form, "Show count and cost")
    quota, reserve = ws.client.quota, ws.client.quota.reserve
    calls = []

    def stop_at_the_second(*args, **options):
        calls.append(args)
        if len(calls) == 2:
            press(form, "Stop")
        return reserve(*args, **options)

    monkeypatch.setattr(quota, "reserve", stop_at_the_second)
    spent()
    press_and_wait(form, "Pull")
    assert spent() == 1
    assert form.result is None
    assert len(form.partial) > 50
    assert "Stopped" in said(form)
    assert f"{len(form.partial):,} rows" in said(form)
    monkeypatch.undo()
    press_and_wait(form, "Pull")
    assert len(form.result) > len(form.partial if form.partial is not None else [])


def test_an_exhausted_quota_is_reported_with_what_came(sandbox, waits):
    ws = crisp.connect(sandbox=sandbox, quota=4, reserve_for_writes=0, sleep=waits.append)
    form = ws.explore()
    fill(form, "Limit", "")
    press_and_wait(form, "Show count and cost")
    press_and_wait(form, "Pull")
    assert "role='alert'" in said(form)
    assert "form.partial" in said(form)
    assert form.partial["session_id"].is_unique
    assert len(form.partial) >= 50
    assert "0 of 4 requests left today" in texts(form)


def test_what_a_pull_warns_of_is_in_the_form(form, monkeypatch):
    fill(form, "Limit", "5")
    press_and_wait(form, "Show count and cost")
    pull = form.explorer.ws.conversations

    def doubtful(**options):
        warnings.warn("3 threads may lack messages.", crisp.CrispWarning, stacklevel=2)
        return pull(**options)

    monkeypatch.setattr(form.explorer.ws, "conversations", doubtful, raising=False)
    press_and_wait(form, "Pull")
    assert "3 threads may lack messages." in said(form)
    assert "crisp-info" in said(form)


def test_customers_words_are_text(evil, form):
    fill(form, "Limit", "")
    press_and_wait(form, "Show count and cost")
    press_and_wait(form, "Pull")
    assert EVIL in set(form.result["nickname"])
    assert "&lt;script&gt;" in texts(form)
    assert "<script" not in texts(form)
    assert "<img" not in texts(form)
    assert "script" not in repr(form)


def test_the_notebooks_own_workspace_keeps_its_bars(sandbox):
    ws = crisp.connect(sandbox=sandbox, progress=True)
    form = ws.explore()
    assert ws._pulls.progress
    assert not form.ws._pulls.progress
    assert form.ws._pulls.estimator is ws._pulls.estimator  # what was learned is shared
    assert form.ws.client is ws.client
    assert copy.copy(ws).quota.used == ws.quota.used


def test_the_frame_is_the_tables_own(form):
    fill(form, "Table", "people")
    press_and_wait(form, "Show count and cost")
    press_and_wait(form, "Pull")
    assert list(form.result.columns) == crisp.schema("people")["column"].tolist()
    assert isinstance(form.result, pd.DataFrame)
    assert not shows(form, "Pull their messages")
