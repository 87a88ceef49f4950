"""The path and the query of a request: what is refused, and what leaves this machine."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from crisp_data.api import path_and_query, routes
from crisp_data.api.path_and_query import check_query, fill
from crisp_data.api.routes import Route, identify, lookup
from crisp_data.errors import BadParameter

ROUTES = routes.table()
CONVERSATIONS = lookup("list_conversations")
MESSAGES = lookup("get_messages_in_conversation")
PROFILE = lookup("get_people_profile")

identifiers = (
    st.text(min_size=1, max_size=40).filter(lambda text: text not in (".", ".."))
    | st.emails()
    | st.uuids().map(str)
)


@given(values=st.lists(identifiers, min_size=6, max_size=6))
@example(values=["a/b", "a%2Fb", "é🙂 ?#", "..a", "stats", "{website_id}"])
@example(values=["jane@example.com", "{people_id}", "a;b", "a\\b", "a\nb", "+"])
def test_every_path_that_is_filled_is_recognised(values: list[str]) -> None:
    for route in ROUTES:
        names = [name for name in route.parameters if name != "page_number"]
        arguments = dict(zip(names, values, strict=False))
        paged = {"page_number": 3} if "page_number" in route.parameters else {}
        path, query = fill(route, {**arguments, **paged})
        assert query == {}
        assert path.isascii()
        assert path.count("/") == route.path.count("/")
        parts = dict(zip(route.path.split("/"), path.split("/"), strict=True))
        for name, value in {**arguments, **paged}.items():
            assert unquote(parts[f"{{{name}}}"]) == str(value)
        found = identify(route.method, path)
        assert found is not None
        assert (found.method, found.path) == (route.method, route.path)


@given(value=identifiers)
@example(value="a/../../b")
@example(value="%2e%2e")
@example(value="...")
def test_a_path_arrives_as_it_was_filled(value: str) -> None:
    path, _ = fill(PROFILE, {"website_id": "w", "people_id": value})
    sent = requests.Request("GET", f"https://api.crisp.chat/v1{path}").prepare()
    assert sent.path_url.startswith("/v1/website/w/people/profile/")
    assert unquote(sent.path_url.removeprefix("/v1/website/w/people/profile/")) == value


@pytest.mark.parametrize("value", [".", ".."])
@pytest.mark.parametrize("route", [r for r in ROUTES if r.parameters], ids=lambda r: r.qualified)
def test_no_identifier_leads_to_another_path(route: Route, value: str) -> None:
    """Deleting the inbox ".." of a website would delete the website."""
    for name in route.parameters:
        arguments = {**dict.fromkeys(route.parameters, "1"), name: value}
        with pytest.raises(BadParameter, match=name):
            fill(route, arguments)


@pytest.mark.parametrize("value", [None, "", pd.NA, float("nan"), True, 1.5, b"x", ["x"], "\ud83d"])
def test_what_is_no_identifier_is_refused(value: object) -> None:
    with pytest.raises(BadParameter, match="people_id"):
        fill(PROFILE, {"website_id": "w", "people_id": value})


def test_numbers_are_identifiers() -> None:
    route = lookup("get_message_in_conversation")
    for number in (163239623329114, np.int64(163239623329114)):
        path, _ = fill(route, {"website_id": "w", "session_id": "s", "fingerprint": number})
        assert path == "/website/w/conversation/s/message/163239623329114"


def test_a_missing_part_of_the_path_is_named() -> None:
    with pytest.raises(BadParameter, match="needs website_id, people_id") as caught:
        fill(PROFILE, {})
    assert PROFILE.path in caught.value.hint


@pytest.mark.parametrize("page", [0, -1, "0", 1.5, "one", True, None, ""])
def test_pages_are_counted_from_one(page: object) -> None:
    with pytest.raises(BadParameter, match="page_number"):
        fill(CONVERSATIONS, {"website_id": "w", "page_number": page})


@pytest.mark.parametrize("page", [1, "1", np.int64(1)])
def test_a_page_is_a_number_however_it_is_written(page: object) -> None:
    path, _ = fill(CONVERSATIONS, {"website_id": "w", "page_number": page})
    assert path == "/website/w/conversations/1"


# Queries


def query(route: Route = CONVERSATIONS, **values: object) -> dict[str, str]:
    return check_query(route, values)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("filter_resolve", "filter_resolved"),
        ("perpage", "per_page"),
        ("filter_date_begin", "filter_date"),
        ("zzz", "per_page"),
    ],
)
def test_a_parameter_that_crisp_would_ignore_is_refused(wrong: str, right: str) -> None:
    with pytest.raises(BadParameter, match="silently ignore it") as caught:
        query(**{wrong: 1})
    assert right in caught.value.hint


def test_none_is_not_given() -> None:
    assert query(per_page=None, filter_unread=None) == {}


@pytest.mark.parametrize("operation", ["list_conversations", "list_people_profiles"])
def test_a_page_holds_20_to_50_rows(operation: str) -> None:
    route = lookup(operation)
    for size in (20, 50, "35"):
        assert query(route, per_page=size) == {"per_page": str(size)}
    for size in (0, 19, 51, 1000, -20, 20.0, "many", True, pd.NA):
        with pytest.raises(BadParameter, match="between 20 and 50"):
            query(route, per_page=size)


def test_flags_are_one_or_zero() -> None:
    for value, sent in ((1, "1"), (0, "0"), (True, "1"), (False, "0"), ("1", "1"), ("0", "0")):
        assert query(filter_unread=value) == {"filter_unread": sent}
    for value in (2, -1, "true", "yes", "", [1], 0.5):
        with pytest.raises(BadParameter, match="filter_unread must be 1 or 0"):
            query(filter_unread=value)


PARIS = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2018, 3, 1, 17, tzinfo=UTC),
        datetime(2018, 3, 1, 19, tzinfo=PARIS),
        pd.Timestamp("2018-03-01 17:00", tz="UTC"),
        pd.Timestamp("2018-03-01T17:00:00.000999Z"),
        "2018-03-01T17:00:00.000Z",
        "2018-03-01T17:00Z",
        "2018-03-01T19:00:00+02:00",
    ],
)
def test_dates_are_sent_as_crisp_documents_them(moment: object) -> None:
    assert query(filter_date_start=moment) == {"filter_date_start": "2018-03-01T17:00:00.000Z"}


@pytest.mark.parametrize(
    "moment",
    [
        1519923600,
        1519923600000,
        1519923600.0,
        "1519923600",
        "1519923600000",
        datetime(2018, 3, 1, 17),
        pd.Timestamp("2018-03-01"),
        pd.NaT,
        date(2018, 3, 1),
        "2018-03-01",
        "2018-03-01T17:00",
        "yesterday",
        "",
        True,
        "0001-01-01T00:00:00+14:00",
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
    ],
)
@pytest.mark.parametrize("name", ["filter_date_start", "filter_date_end"])
def test_dates_that_fail_in_silence_at_crisp_are_refused(name: str, moment: object) -> None:
    with pytest.raises(BadParameter, match=name):
        query(**{name: moment})


@pytest.mark.parametrize("name", ["timestamp_before", "timestamp_after", "timestamp_around"])
def test_timestamps_are_milliseconds(name: str) -> None:
    for value in (1519923600000, "1519923600000", np.int64(1519923600000)):
        assert query(MESSAGES, **{name: value}) == {name: "1519923600000"}
    seconds, microseconds, nanoseconds = 1519923600, 1519923600000000, 1519923600000000000
    for value in (seconds, microseconds, nanoseconds, 0, -1, "now", 1.5e12, True, pd.Timestamp(0)):
        with pytest.raises(BadParameter, match=name):
            query(MESSAGES, **{name: value})


CONDITION = {
    "model": "people",
    "criterion": "email",
    "operator": "eq",
    "query": ["jane@example.com"],
}


def test_a_text_is_searched_as_text_and_conditions_as_a_filter() -> None:
    assert query(search_query="refund") == {"search_query": "refund", "search_type": "text"}
    assert query(search_query="vip", search_type="segment")["search_type"] == "segment"
    found = query(search_query=[CONDITION])
    assert found["search_type"] == "filter"
    assert json.loads(found["search_query"]) == [CONDITION]
    assert query(search_query=(CONDITION,)) == found
    assert query(search_query=found["search_query"], search_type="filter") == found


@pytest.mark.parametrize(
    "search",
    [
        "",
        5,
        CONDITION,
        ["refund"],
        [{**CONDITION, "extra": 1}],
        [{"model": "people"}],
        [{**CONDITION, "query": [pd.Timestamp(0)]}],
        [{**CONDITION, "query": [float("nan")]}],
    ],
)
def test_a_search_that_means_nothing_is_refused(search: object) -> None:
    with pytest.raises(BadParameter, match="search_query"):
        query(search_query=search)


@pytest.mark.parametrize("kind", ["text", "segment"])
def test_conditions_are_not_searched_as_text(kind: str) -> None:
    with pytest.raises(BadParameter, match="filter"):
        query(search_query=[CONDITION], search_type=kind)


@pytest.mark.parametrize(
    ("name", "value"),
    [("search_type", "regex"), ("search_operator", "xor"), ("search_operator", ["and"])],
)
def test_words_are_those_of_crisp(name: str, value: object) -> None:
    with pytest.raises(BadParameter, match="must be one of"):
        query(**{name: value})


def test_people_have_their_own_names() -> None:
    people = lookup("list_people_profiles")
    found = query(people, search_text="jane", sort_field="created_at", search_filter=[CONDITION])
    assert json.loads(found["search_filter"]) == [CONDITION]
    assert "search_type" not in found
    with pytest.raises(BadParameter, match="search_query"):
        query(people, search_query="jane")


def test_operations_without_documented_parameters_send_what_is_given() -> None:
    route = lookup("list_helpdesk_redirections")
    moment = datetime(2018, 3, 1, 17, tzinfo=UTC)
    found = query(route, a=True, b=5, c=[1], d={"e": 1}, f=None, g=moment)
    assert found == {
        "a": "1",
        "b": "5",
        "c": "[1]",
        "d": '{"e": 1}',
        "g": path_and_query.iso(moment),
    }
    with pytest.raises(BadParameter, match="time zone"):
        query(route, g=datetime(2018, 3, 1, 17))


def test_a_query_that_was_checked_passes_unchanged() -> None:
    """The walks check what the client checked before."""
    once = query(
        per_page=50,
        filter_unread=True,
        search_query=[CONDITION],
        filter_date_end=pd.Timestamp("2018-03-01 17:00", tz="Europe/Paris"),
    )
    assert query(**once) == once
    thread = query(MESSAGES, timestamp_before=1519923600000)
    assert query(MESSAGES, **thread) == thread
