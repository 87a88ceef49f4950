"""Listing conversations and people: pages, filters, orders and searches, against the truth."""

import json
from datetime import UTC, datetime

import pytest

LIST = "conversations/{page}"


def iso(at):
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def ids(rows):
    return [row["session_id"] for row in rows]


@pytest.fixture
def truth(sandbox):
    return sandbox.truth("conversations")


def test_pages_join_to_the_whole_list(api, truth):
    assert api.walk(LIST) == truth
    assert api.walk(LIST, per_page=50) == truth
    assert api.data("conversations/99") == []


@pytest.mark.parametrize(("size", "first"), [(None, 20), (20, 20), (37, 37), (50, 50)])
def test_a_page_has_the_size_asked_for(api, size, first):
    assert len(api.data("conversations/1", per_page=size)) == first


@pytest.mark.parametrize(
    ("size", "words"),
    [("19", "should be >= 20"), ("51", "should be <= 50"), ("many", "should be integer")],
)
@pytest.mark.parametrize("table", ["conversations", "people/profiles"])
def test_a_page_size_out_of_range_is_refused(api, table, size, words):
    answer = api.get(f"{table}/1", params={"per_page": size})
    assert answer.status_code == 400
    assert answer.json()["reason"] == "invalid_data"
    assert answer.json()["data"]["message"] == f"query.per_page {words}"


@pytest.mark.parametrize("page", ["0", "-1", "x"])
def test_there_is_no_page_before_the_first(api, page):
    assert api.get(f"conversations/{page}").json()["reason"] == "not_found"


def test_unknown_parameters_are_ignored(api, truth):
    assert api.walk(LIST, filter_unraed="1", per_page=50) == truth


FLAGS = {
    "filter_unread": lambda row: row["unread"]["operator"] > 0,
    "filter_resolved": lambda row: row["state"] == "resolved",
    "filter_not_resolved": lambda row: row["state"] != "resolved",
    "filter_mention": lambda row: row["mentions"],
    "filter_unassigned": lambda row: row["assigned"] is None,
}


@pytest.mark.parametrize("flag", FLAGS)
def test_a_flag_filters_and_0_does_not(api, truth, flag):
    expected = [row for row in truth if FLAGS[flag](row)]
    assert 0 < len(expected) < len(truth)
    assert api.walk(LIST, **{flag: 1}) == expected
    assert api.walk(LIST, **{flag: 0}) == truth


def test_filters_by_operator_and_inbox_and_together(api, truth):
    user_id = next(row["assigned"]["user_id"] for row in truth if row["assigned"])
    inbox_id = next(row["inbox_id"] for row in truth if row["inbox_id"])
    mine = [row for row in truth if (row["assigned"] or {}).get("user_id") == user_id]
    here = [row for row in truth if row["inbox_id"] == inbox_id]
    both = [row for row in mine if row in here and row["state"] == "resolved"]
    assert both
    assert api.walk(LIST, filter_assigned=user_id) == mine
    assert api.walk(LIST, filter_inbox_id=inbox_id) == here
    together = {"filter_assigned": user_id, "filter_inbox_id": inbox_id, "filter_resolved": 1}
    assert api.walk(LIST, **together) == both


def test_dates_compare_the_update_and_include_their_ends(api, truth):
    newest, oldest = truth[10]["updated_at"], truth[40]["updated_at"]
    expected = [row for row in truth if oldest <= row["updated_at"] <= newest]
    asked = {"filter_date_start": iso(oldest), "filter_date_end": iso(newest)}
    assert api.walk(LIST, **asked) == expected
    zulu = {name: value.replace("+00:00", "Z") for name, value in asked.items()}
    assert api.walk(LIST, **zulu) == expected


def test_dates_exclude_their_ends_under_the_other_reading(make):
    box, api = make(inclusive_dates=False)
    truth = box.truth("conversations")
    newest, oldest = truth[5]["updated_at"], truth[30]["updated_at"]
    asked = {"filter_date_start": iso(oldest), "filter_date_end": iso(newest)}
    expected = [row for row in truth if oldest < row["updated_at"] < newest]
    assert api.walk(LIST, **asked) == expected


def test_dates_are_ignored_where_asked_and_where_they_are_unix_seconds(api, truth, make):
    past = {"filter_date_end": "2020-01-01T00:00:00.000Z"}
    assert api.walk(LIST, **past) == []
    assert api.walk(LIST, filter_date_end="1577836800") == truth
    box, deaf = make(date_filter=False)
    assert deaf.walk(LIST, **past) == box.truth("conversations")


def test_orders(api, truth):
    created = sorted(truth, key=lambda row: (-row["created_at"], row["session_id"]))
    assert api.walk(LIST, order_date_created=1) == created
    assert api.walk(LIST, order_date_updated=1) == truth
    waiting = [row for row in truth if "waiting_since" in row]
    waiting.sort(key=lambda row: (row["waiting_since"], row["session_id"]))
    assert 0 < len(waiting) < len(truth)
    assert api.walk(LIST, order_date_waiting=1) == waiting


def test_empty_conversations_are_shown_on_demand(api, truth):
    assert ids(api.walk(LIST, include_empty=1)) == ids(truth)
    session_id = api.post("conversation").json()["data"]["session_id"]
    assert ids(api.walk(LIST)) == ids(truth)
    assert ids(api.walk(LIST, include_empty=1)) == [session_id, *ids(truth)]


def test_search_by_text_reads_names_and_messages(api, sandbox, truth):
    said = {
        row["session_id"]
        for row in sandbox.truth("messages")
        if "merci" in str(row["content"]).casefold()
    }
    assert said
    assert set(ids(api.walk(LIST, search_query="MERCI", search_type="text"))) == said
    email = next(row["meta"]["email"] for row in truth if row["meta"]["email"])
    found = api.walk(LIST, search_query=email, search_type="text")
    assert ids(found) == [row["session_id"] for row in truth if row["meta"]["email"] == email]


def test_search_by_segment(api, truth):
    expected = [row for row in truth if "vip" in row["meta"]["segments"]]
    assert expected
    assert api.walk(LIST, search_query="vip", search_type="segment") == expected


def rules(*found):
    names = ("model", "criterion", "operator", "query")
    return json.dumps([dict(zip(names, rule, strict=True)) for rule in found])


def search(api, query, **more):
    return ids(api.walk(LIST, search_query=query, search_type="filter", **more))


def test_search_by_filter(api, truth):
    def country(row):
        return (((row["meta"].get("device") or {}).get("geolocation")) or {}).get("country")

    path = "device.geolocation.country"
    french = [row for row in truth if country(row) == "FR"]
    resolved = [row for row in truth if row["state"] == "resolved"]
    one = ("session", path, "eq", ["FR"])
    two = ("session", "state", "eq", ["resolved"])
    assert search(api, rules(one)) == ids(french)
    assert search(api, rules(one, two)) == ids([row for row in french if row in resolved])
    either = [row for row in truth if row in french or row in resolved]
    assert search(api, rules(one, two), search_operator="or") == ids(either)
    others = [row for row in truth if country(row) != "FR"]
    assert search(api, rules(("session", path, "neq", ["FR"]))) == ids(others)
    instant = truth[30]["created_at"]
    later = [row for row in truth if row["created_at"] > instant]
    assert search(api, rules(("session", "created_at", "gt", [str(instant)]))) == ids(later)
    tagged = rules(("session", "meta.segments", "eq", ["vip", "trial"]))
    expected = [row for row in truth if {"vip", "trial"} & set(row["meta"]["segments"])]
    assert search(api, tagged) == ids(expected)


def test_search_by_filter_reaches_the_profile(api, sandbox, truth):
    vips = {row["people_id"] for row in sandbox.truth("people") if "vip" in row["segments"]}
    expected = [row for row in truth if row["people_id"] in vips]
    assert expected
    assert search(api, rules(("people", "segments", "eq", ["vip"]))) == ids(expected)


@pytest.mark.parametrize("query", ["vip", "{}", "[1]"])
def test_a_filter_search_that_is_no_list_is_refused(api, query):
    params = {"search_query": query, "search_type": "filter"}
    assert api.get("conversations/1", params=params).json()["reason"] == "invalid_data"


def test_an_unknown_search_type_is_refused(api):
    params = {"search_query": "x", "search_type": "magic"}
    assert api.get("conversations/1", params=params).status_code == 400


def test_a_filtered_list_follows_what_is_written(api, truth):
    unread = [row for row in truth if row["unread"]["operator"]]
    assert api.walk(LIST, filter_unread=1) == unread
    body = {"from": "user", "origin": "chat"}
    api.patch(f"conversation/{unread[0]['session_id']}/read", json=body)
    assert ids(api.walk(LIST, filter_unread=1)) == ids(unread[1:])


def test_206_on_lists_is_an_option(make):
    _, api = make(lists_206=True)
    codes = [api.get(f"conversations/{page}").status_code for page in (1, 2, 3, 4)]
    assert codes == [206, 206, 200, 200]


# People

PEOPLE = "people/profiles/{page}"


@pytest.fixture
def people(sandbox):
    rows = sandbox.truth("people")
    return sorted(rows, key=lambda row: (-row["created_at"], row["people_id"]))


def test_people_are_listed_newest_first(api, people):
    assert len(people) > 40
    assert api.walk(PEOPLE) == people
    assert api.walk(PEOPLE, per_page=50) == people


def test_people_filter_by_their_creation(api, people):
    start, end = people[30]["created_at"], people[3]["created_at"]
    asked = {"filter_date_start": iso(start), "filter_date_end": iso(end)}
    assert api.walk(PEOPLE, **asked) == people[3:31]


def test_people_sort_by_a_field(api, people):
    rows = api.walk(PEOPLE, sort_field="score", sort_order="ascending")
    assert rows == sorted(people, key=lambda row: (row["score"], row["people_id"]))


def test_people_are_searched(api, people):
    email = people[7]["email"]
    assert api.walk(PEOPLE, search_text=email[:-4].upper()) == [people[7]]
    assert api.walk(PEOPLE, search_filter=rules(("people", "email", "eq", [email]))) == [people[7]]
    french = [row for row in people if (row["person"]["geolocation"] or {}).get("country") == "FR"]
    query = rules(("people", "person.geolocation.country", "eq", ["FR"]))
    assert api.walk(PEOPLE, search_filter=query) == french
    both = rules(
        ("people", "geolocation.country", "eq", ["FR"]), ("people", "email", "eq", [email])
    )
    expected = [row for row in people if row in french or row is people[7]]
    assert api.walk(PEOPLE, search_filter=both, search_operator="or") == expected


def agent_held(sandbox):
    """Give every fifth conversation to the automation, in whatever inbox; return them."""
    held = ids(sandbox.truth("conversations"))[::5]
    sandbox.hold(held)
    return held


@pytest.mark.parametrize("reading", ["open", "partitioned", "refused"])
def test_a_list_shows_the_inboxes_of_its_reading(make, reading):
    sandbox, api = make(inboxes=reading)
    held, rows = agent_held(sandbox), sandbox.truth("conversations")
    main = [row for row in rows if row["inbox_id"] is None and row["session_id"] not in held]
    assert 0 < len(main) < len(rows)
    assert api.walk(LIST) == (main if reading == "partitioned" else rows)
    assert ids(api.walk(LIST, filter_inbox_id="_internal:agent")) == held
    inbox_id = next(row["inbox_id"] for row in rows if row["inbox_id"])
    of_it = [row for row in rows if row["inbox_id"] == inbox_id]
    assert api.walk(LIST, filter_inbox_id=inbox_id) == of_it
    if reading == "refused":
        answer = api.get("conversations/1", params={"filter_inbox_id": "all"})
        assert (answer.status_code, answer.json()["reason"]) == (400, "invalid_data")
    else:
        assert api.walk(LIST, filter_inbox_id="all") == rows


def test_an_operators_answer_takes_over_from_the_automation(make):
    sandbox, api = make(inboxes="partitioned")
    before = sandbox.truth("conversations")
    held = agent_held(sandbox)
    assert sandbox.truth("conversations") == before, "no field says who holds it"
    message = {"type": "text", "origin": "chat", "content": "Hello"}
    said = [{"from": "user"}, {"from": "operator", "automated": True}, {"from": "operator"}]
    said += [{"from": "operator", "type": "note"}]
    for session_id, words in zip(held, said, strict=False):
        assert api.post(f"conversation/{session_id}/message", json=message | words).ok
    listed = ids(api.walk(LIST, filter_inbox_id="_internal:agent"))
    assert set(listed) == set(held) - {held[2]}
    with pytest.raises(KeyError):
        sandbox.hold(["session_nobody"])


def test_an_unknown_reading_of_inboxes_is_refused(make):
    with pytest.raises(ValueError, match="open, partitioned, refused"):
        make(inboxes="closed")
