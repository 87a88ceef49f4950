"""Frames equal to the sandbox's truth, row for row, whatever the service's unknown habits."""

import threading
import traceback
import warnings
from contextlib import closing
from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from crisp_api import Crisp

import crisp_data as crisp
from crisp_data import config, tables
from crisp_data.rest.client import Client
from crisp_data.sandbox import Sandbox
from crisp_data.sandbox.records import encode
from tests.marks import slow
from tests.rewritten import rewrite

SIZES = [300, pytest.param(2000, marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=SIZES)
def large(request):
    """Some hundred conversations or 2,000, read only."""
    with Sandbox(seed=2, conversations=request.param, batch_size=40) as box:
        yield box


def truth(sandbox, table, order=None):
    """The truth as a frame, by way of records and not of pages."""
    rows = sandbox.truth(table)
    if order is not None:
        place = {session_id: number for number, session_id in enumerate(order)}
        rows = sorted(
            rows, key=lambda row: (place[row["session_id"]], row["timestamp"], row["fingerprint"])
        )
    builder = tables.Builder(table)
    builder.add(encode({"error": False, "reason": "listed", "data": rows}))
    return builder.frame()


def assert_sound(conversations, messages, sandbox):
    pd.testing.assert_frame_equal(conversations, truth(sandbox, "conversations"))
    pd.testing.assert_frame_equal(
        messages, truth(sandbox, "messages", order=list(conversations["session_id"]))
    )
    rows = {row["session_id"]: row for row in sandbox.truth("conversations")}
    assert set(conversations["session_id"]) == set(rows)
    threads = {(row["session_id"], row["fingerprint"]) for row in sandbox.truth("messages")}
    assert len(messages) == len(threads)
    assert set(zip(messages["session_id"], messages["fingerprint"], strict=True)) == threads


def pull(sandbox):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ws = crisp.connect(sandbox=sandbox)
        conversations = ws.conversations()
        return conversations, ws.messages(conversations)


def test_all_conversations_equal_the_truth(large):
    before = large.stats()["requests"]
    conversations, messages = pull(large)
    assert_sound(conversations, messages, large)
    threads = messages.groupby("session_id").size()
    # A batch overlaps the one before by a message at least, and one may show the end.
    least = len(conversations) // 50 + int((-(-threads // 40)).sum())
    assert least <= large.stats()["requests"] - before <= 1.03 * least


def test_the_official_client_finds_the_same(large, monkeypatch):
    """Its own loops, written as its README suggests, over the same sandbox."""
    monkeypatch.setattr(Crisp, "REQUEST_HEADERS", dict(Crisp.REQUEST_HEADERS))
    official = Crisp()
    official.set_rest_host(large.host)
    official.set_tier(large.tier)
    official.authenticate(large.identifier, large.key)
    ids, page = [], 1
    while rows := official.website.list_conversations(large.website_id, page):
        ids += [row["session_id"] for row in rows]
        page += 1
    conversations, messages = pull(large)
    assert ids == list(conversations["session_id"])
    thread = messages.groupby("session_id")["fingerprint"].agg(set)
    for session_id in ids[:200]:
        found, query = set(), {}
        while True:
            batch = official.website.get_messages_in_conversation(
                large.website_id, session_id, query
            )
            if not {row["fingerprint"] for row in batch} - found:
                break
            found |= {row["fingerprint"] for row in batch}
            query = {"timestamp_before": batch[0]["timestamp"] + 1}
        assert found == thread[session_id]


@pytest.mark.parametrize(
    "habits",
    [
        {"batch_size": 20, "inclusive_before": True},
        *slow({"batch_size": 20}, {"inclusive_dates": False}),
        {"inclusive_dates": True, "lists_206": True},
    ],
    ids=str,
)
def test_either_reading_gives_the_same_rows(habits):
    with Sandbox(seed=3, conversations=150, **habits) as sandbox:
        assert_sound(*pull(sandbox), sandbox)


@pytest.mark.parametrize("size", [300, *slow(600)])
def test_batches_of_twenty(size):
    with Sandbox(seed=2, conversations=size, batch_size=20) as sandbox:
        assert_sound(*pull(sandbox), sandbox)


def test_a_filter_that_is_ignored_is_noticed_and_said():
    with Sandbox(seed=3, conversations=200, date_filter=False) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        with pytest.warns(crisp.CrispWarning, match="by page number"):
            conversations = ws.conversations()
        assert set(conversations["session_id"]) == {
            row["session_id"] for row in sandbox.truth("conversations")
        }


def test_a_list_that_moves_loses_nothing():
    with Sandbox(seed=4, conversations=400) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        existed = {row["session_id"] for row in sandbox.truth("conversations")}
        sandbox.churn(every=2)
        conversations = ws.conversations()
        assert existed <= set(conversations["session_id"])
        assert conversations["session_id"].is_unique


@pytest.mark.parametrize("state", ["pending", "unresolved", "resolved"])
def test_states(sandbox, ws, state):
    wanted = {r["session_id"] for r in sandbox.truth("conversations") if r["state"] == state}
    assert set(ws.conversations(state=state)["session_id"]) == wanted
    assert wanted


def test_period_compares_the_update(sandbox, ws):
    rows = sandbox.truth("conversations")
    times = sorted(row["updated_at"] for row in rows)
    start, end = (pd.Timestamp(times[i], unit="ms", tz="UTC") for i in (30, 60))
    found = ws.conversations(since=start, until=end)
    wanted = {r["session_id"] for r in rows if times[30] <= r["updated_at"] <= times[60]}
    assert set(found["session_id"]) == wanted
    assert sandbox.stats()["by_operation"]["list_conversations"] <= 3


@pytest.mark.parametrize("inclusive", [True, False])
def test_both_ends_of_a_period_belong_to_it(inclusive):
    with Sandbox(seed=5, conversations=120, inclusive_dates=inclusive) as sandbox:
        times = sorted(row["updated_at"] for row in sandbox.truth("conversations"))
        start, end = (pd.Timestamp(times[i], unit="ms", tz="UTC") for i in (30, 60))
        found = crisp.connect(sandbox=sandbox).conversations(since=start, until=end)
        assert len(found) == sum(times[30] <= time <= times[60] for time in times)


def test_a_limit_is_reached_through_what_is_filtered_here(sandbox, ws):
    wanted = [r["session_id"] for r in sandbox.truth("conversations") if r["state"] == "pending"]
    assert len(wanted) >= 2
    assert list(ws.conversations(state="pending", limit=2)["session_id"]) == wanted[:2]
    assert list(ws.conversations(state="pending", limit=100)["session_id"]) == wanted


def test_a_limit_goes_on_until_enough_are_left(large):
    """The last of them are some pages away, for few are pending."""
    wanted = [r["session_id"] for r in large.truth("conversations") if r["state"] == "pending"]
    assert len(wanted) > 8
    limit = len(wanted) * 3 // 4
    ws = crisp.connect(sandbox=large)
    assert list(ws.conversations(state="pending", limit=limit)["session_id"]) == wanted[:limit]


def test_a_period_holds_where_the_server_ignores_it():
    with Sandbox(seed=5, conversations=120, date_filter=False) as sandbox:
        times = sorted(row["updated_at"] for row in sandbox.truth("conversations"))
        start, end = (pd.Timestamp(times[i], unit="ms", tz="UTC") for i in (30, 60))
        with pytest.warns(crisp.CrispWarning):
            found = crisp.connect(sandbox=sandbox).conversations(since=start, until=end)
        assert len(found) == sum(times[30] <= time <= times[60] for time in times)


def test_a_thread_that_may_be_cut_is_told():
    """Three messages of one instant do not fit into a batch of two: nothing can show all."""
    with Sandbox(seed=1, conversations=10, batch_size=2, inclusive_before=True) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        made = ws.client.post(f"website/{ws.website_id}/conversation")
        thread = f"website/{ws.website_id}/conversation/{made['session_id']}/message"
        body = {"type": "text", "from": "user", "origin": "chat", "timestamp": 1_790_000_000_000}
        for number in range(5):
            ws.client.post(thread, json={**body, "content": str(number)})
        with pytest.warns(crisp.CrispWarning, match="1 thread may lack messages"):
            ws.messages(made["session_id"])


def test_period_in_a_zone(sandbox, ws):
    found = ws.conversations(since="2026-10-01", until="2026-10-01", tz="Asia/Tokyo")
    day = [
        row["session_id"]
        for row in sandbox.truth("conversations")
        if pd.Timestamp(row["updated_at"], unit="ms", tz="Asia/Tokyo").strftime("%F")
        == "2026-10-01"
    ]
    assert sorted(found["session_id"]) == sorted(day)
    assert str(found["updated_at"].dt.tz) == "Asia/Tokyo"


def test_segment_search_assigned_inbox(sandbox, ws):
    rows = sandbox.truth("conversations")
    segment = next(row["meta"]["segments"][0] for row in rows if row["meta"].get("segments"))
    with_segment = {
        row["session_id"] for row in rows if segment in (row["meta"].get("segments") or [])
    }
    assert set(ws.conversations(segment=segment)["session_id"]) == with_segment
    assigned = next(row["assigned"]["user_id"] for row in rows if row.get("assigned"))
    of_operator = {
        r["session_id"] for r in rows if (r.get("assigned") or {}).get("user_id") == assigned
    }
    assert set(ws.conversations(assigned=assigned)["session_id"]) == of_operator
    nobody = {r["session_id"] for r in rows if not (r.get("assigned") or {}).get("user_id")}
    assert set(ws.conversations(assigned=False)["session_id"]) == nobody
    inbox = next(row["inbox_id"] for row in rows if row.get("inbox_id"))
    of_inbox = {row["session_id"] for row in rows if row.get("inbox_id") == inbox}
    assert set(ws.conversations(inbox=inbox)["session_id"]) == of_inbox
    found = ws.conversations(search=next(r["meta"]["nickname"] for r in rows))
    assert 0 < len(found) < len(rows)


def test_a_limit_costs_no_more_than_it_needs(sandbox, ws):
    newest = [row["session_id"] for row in sandbox.truth("conversations")]
    assert list(ws.conversations(limit=20)["session_id"]) == newest[:20]
    assert sandbox.stats()["by_operation"]["list_conversations"] == 1
    assert list(ws.conversations(limit=20)["session_id"]) == newest[:20]
    assert sandbox.stats()["by_operation"]["list_conversations"] == 1
    assert list(ws.conversations(limit=100)["session_id"]) == newest[:100]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"since": "soon"}, "not a date or time"),
        ({"since": 1700000000}, "not a date or time"),
        ({"since": "2027-01-01"}, "future"),
        ({"since": "2026-10-02", "until": "2026-10-01"}, "after until"),
        ({"state": "open"}, "pending, unresolved, resolved"),
        ({"limit": 0}, "at least 1"),
        ({"tz": "Mars/Olympus"}, "IANA"),
        ({"segment": ["vip", "bug"]}, "segment must be one text, not a list"),
        ({"search": 7}, "search must be one text"),
        ({"inbox": True}, "ws.inboxes"),
        ({"inbox": "Sales"}, "must be an id; this is a name"),
        ({"assigned": "Ada"}, "must be an id; this is a name"),
        ({"assigned": True}, "False for unassigned"),
        ({"search": "half \ud83d"}, "search holds half of a surrogate pair"),
        ({"segment": "\ud83d"}, "segment holds half of a surrogate pair"),
        ({"state": pd.Series(["resolved", "pending"])}, "state must be one word, not a Series"),
        ({"state": np.array(["resolved", "pending"])}, "pending, unresolved, resolved"),
        ({"segment": pd.Series(["vip"])}, "segment must be one text, not a Series"),
        ({"assigned": pd.Series(["vip"])}, "assigned must be one text, not a Series"),
        ({"segment": ""}, "segment must not be empty"),
        ({"segment": " "}, "segment must not be empty"),
        ({"search": ""}, "search must not be empty"),
        ({"inbox": ""}, "inbox must not be empty"),
        ({"assigned": ""}, "assigned must not be empty"),
        ({"tz": ""}, "tz must not be empty"),
        ({"tz": pd.Series(["UTC"])}, "tz must be the name of a zone, not a Series"),
        ({"limit": np.bool_(True)}, "at least 1"),
        ({"limit": pd.Series([5])}, "at least 1"),
    ],
)
def test_nonsense_costs_nothing(sandbox, ws, arguments, words):
    before = sandbox.stats()["requests"]
    for pull in (ws.conversations, ws.plan.conversations):
        with pytest.raises(crisp.BadParameter, match=words):
            pull(**arguments)
    assert sandbox.stats()["requests"] == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"search": "half \ud83d"}, "search holds half"),
        ({"search": ""}, "search must not be empty"),
        ({"tz": ""}, "tz must not be empty"),
    ],
)
def test_nonsense_about_people_costs_nothing(sandbox, ws, arguments, words):
    before = sandbox.stats()["requests"]
    for pull in (ws.people, ws.plan.people):
        with pytest.raises(crisp.BadParameter, match=words):
            pull(**arguments)
    assert sandbox.stats()["requests"] == before


def test_numbers_of_numpy_and_zones_of_zoneinfo_are_taken(ws, tmp_path):
    paris = ws.conversations(limit=5, tz="Europe/Paris")
    assert ws.conversations(limit=np.int64(5), tz=ZoneInfo("Europe/Paris")).equals(paris)
    assert len(ws.people(limit=np.int32(7), tz=UTC)) == 7
    messages = ws.messages(paris, tz=ZoneInfo("Europe/Paris"))
    assert messages["timestamp"].dtype == paris["updated_at"].dtype
    path = crisp.write(str(tmp_path / "paris.csv"), paris)
    again = crisp.read(path, "conversations", tz=ZoneInfo("Europe/Paris"))
    assert again["updated_at"].dtype == paris["updated_at"].dtype
    assert ws.plan.people(limit=np.int64(7)).rows.low == 7
    with ws.budget(np.int64(0)) as budget:
        ws.conversations(limit=np.int64(5))
    assert (budget.used, budget.left) == (0, 0)
    assert "0 requests" in repr(ws.plan.conversations(limit=np.int64(5), tz=ZoneInfo("Asia/Tokyo")))


def test_a_connection_takes_numpy_zoneinfo_and_paths(sandbox, tmp_path):
    given = {"quota": np.int64(4_000), "workers": np.int8(2), "tz": ZoneInfo("Europe/Paris")}
    given |= {"writes": np.bool_(True), "progress": np.bool_(False)}
    folders = {"cache_dir": str(tmp_path / "c"), "state_dir": tmp_path / "s"}
    with closing(crisp.connect(sandbox=sandbox, **given, **folders)) as ws:
        assert (ws.tz, ws.quota.limit) == ("Europe/Paris", 4_000)
        assert str(ws.conversations(limit=1)["updated_at"].dtype) == "datetime64[ms, Europe/Paris]"
        assert "today" in repr(ws.plan.conversations(since="7 days ago"))
    assert list((tmp_path / "c").iterdir())
    assert list((tmp_path / "s").iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sandbox": "yes"}, "sandbox must be True or a Sandbox, not a str"),
        ({"sandbox": pd.Series([True, False])}, "sandbox must be True or a Sandbox"),
        ({"on_quota": pd.Series(["wait", "raise"])}, "on_quota must be one word, not a Series"),
        ({"on_quota": "sleep"}, "on_quota='sleep' is not known"),
        ({"sandbox": pd.DataFrame({"website_id": ["w"]})}, "sandbox must be True or a Sandbox"),
        ({"workers": pd.Series([2])}, "workers must be a whole number"),
        ({"workers": "4"}, "workers must be a whole number"),
    ],
)
def test_an_option_of_another_kind_is_named(sandbox, options, words):
    with pytest.raises(crisp.BadParameter, match=words):
        crisp.connect(**{"sandbox": sandbox, **options})


def test_a_form_begins_with_one_conversation(ws):
    with pytest.raises(crisp.BadParameter, match="not a session_id"):
        ws.compose(pd.Series(["a", "b"]))


@pytest.mark.parametrize("name", ["cache_dir", "state_dir"])
@pytest.mark.parametrize("wrong", [5, "a\0b", "a\ud83d"])
def test_a_folder_that_cannot_be_one_is_refused(sandbox, name, wrong):
    with pytest.raises(crisp.BadParameter, match=r"not a path|cannot have the name"):
        crisp.connect(sandbox=sandbox, **{name: wrong})
    assert sandbox.stats()["requests"] == 0


@pytest.mark.parametrize("name", ["website", "identifier", "tier"])
def test_a_setting_that_is_a_series_is_named(sandbox, name):
    with pytest.raises(crisp.BadParameter, match=f"{name} must be one text, not a Series"):
        crisp.connect(sandbox=sandbox, **{name: pd.Series(["a", "b"])})


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("worker", "workers"),
        ("onquota", "on_quota"),
        ("website_id", "website"),
        ("Key", "key"),
        ("identifer", "identifier"),
        ("timezone", "It takes: website, identifier"),
    ],
)
def test_a_mistyped_keyword_is_named_with_the_nearest(sandbox, wrong, right):
    for connect in (crisp.connect, crisp.login):
        with pytest.raises(crisp.BadParameter, match=f"no argument {wrong}=") as caught:
            connect(**{wrong: "a-secret", "base_url": sandbox.url})
        assert right in caught.value.hint
        seen = [*traceback.walk_tb(caught.value.__traceback__)][1:]  # beside this test's own frame
        assert not any("a-secret" in repr(frame.f_locals) for frame, _ in seen)


def test_messages_take_what_is_at_hand(ws):
    conversations = ws.conversations(limit=3)
    whole = ws.messages(conversations)
    assert ws.messages(conversations["session_id"]).equals(whole)
    assert ws.messages(list(conversations["session_id"])).equals(whole)
    one = conversations["session_id"][0]
    assert set(ws.messages(one)["session_id"]) == {one}
    for wrong in (conversations[["email"]], "jane", [1], None, 7):
        with pytest.raises(crisp.BadParameter):
            ws.messages(wrong)


@pytest.mark.parametrize("name", ["pages", "events", "files"])
@pytest.mark.parametrize("wrong", [None, 7, "jane", ["session_1", "session_2"], pd.DataFrame()])
def test_what_is_of_one_conversation_takes_one(ws, name, wrong):
    with pytest.raises(crisp.BadParameter, match="session_id"):
        getattr(ws, name)(wrong)


def test_a_deleted_conversation_is_told(ws):
    ids = list(ws.conversations(limit=3)["session_id"])
    ws.client.call("remove_conversation", website_id=ws.website_id, session_id=ids[1])
    with pytest.warns(crisp.CrispWarning, match="1 conversation not found at Crisp"):
        messages = ws.messages(ids)
    assert set(messages["session_id"]) == {ids[0], ids[2]}


def test_nothing_is_a_frame_too(ws):
    nothing = ws.conversations(since="2026-11-02 08:59:59")
    assert nothing.dtypes.equals(ws.conversations().dtypes)
    assert ws.messages(nothing).dtypes.equals(ws.messages(ws.conversations(limit=1)).dtypes)


def test_people_and_the_small_tables(sandbox, ws):
    people = ws.people()
    assert set(people["people_id"]) == {row["people_id"] for row in sandbox.truth("people")}
    operators = ws.operators()
    assert set(operators["user_id"]) == {
        row["details"]["user_id"] for row in sandbox.truth("operators")
    }
    assert len(ws.inboxes()) > 0
    assert len(ws.campaigns()) > 0
    assert len(ws.websites()) == len(sandbox.website_ids)
    session_ids = ws.conversations()["session_id"]
    for table in ("pages", "events", "files"):
        frames = [getattr(ws, table)(session_id) for session_id in session_ids[:30]]
        assert sum(map(len, frames)) > 0, table
        assert all(
            (frame["session_id"] == sid).all()
            for frame, sid in zip(frames, session_ids[:30], strict=True)
        )


def test_segments_joins_back(ws):
    conversations = ws.conversations()
    long = ws.segments(conversations)
    counts = conversations["segments"].map(len, na_action="ignore").fillna(0).sum()
    assert len(long) == counts > 0
    assert set(long["session_id"]) <= set(conversations["session_id"])


def test_choosing_a_website(sandbox):
    token = {
        "sandbox": None,
        "identifier": sandbox.identifier,
        "key": sandbox.key,
        "base_url": sandbox.url,
    }
    by_id = crisp.connect(sandbox.website_ids[1], **token)
    websites = by_id.websites().set_index("website_id")
    name, domain = websites.loc[by_id.website_id, ["name", "domain"]]
    assert crisp.connect(name.upper(), **token).website_id == by_id.website_id
    assert crisp.connect(domain, **token).website_id == by_id.website_id
    with pytest.raises(crisp.BadParameter, match="Choose one"):
        crisp.connect(**token)
    with pytest.raises(crisp.BadParameter, match=r"'nowhere.example' was requested"):
        crisp.connect("nowhere.example", **token)


@pytest.mark.parametrize("data", [None, [], "Acme", [None], [{}], [{"website_id": None}]])
@pytest.mark.parametrize("part", ["/website/", "/websites"])
def test_a_website_that_is_no_record_is_refused(sandbox, part, data):
    rewrite(sandbox, part, lambda found: data)
    website = sandbox.website_id if part == "/website/" else None
    options = {"identifier": sandbox.identifier, "key": sandbox.key, "tier": sandbox.tier}
    with pytest.raises((crisp.BadAnswer, crisp.BadParameter)):
        crisp.connect(website, base_url=sandbox.url, **options)


def test_a_website_token(sandbox):
    with Sandbox(seed=1, conversations=20, tier="website") as box:
        ws = crisp.connect(sandbox=box)
        assert ws.quota.limit == 10_000
        assert len(ws.conversations()) == 20
        assert list(ws.websites()["website_id"]) == [box.website_id]
        with pytest.raises(crisp.BadParameter, match="CRISP_WEBSITE_ID"):
            crisp.connect(
                "Acme", identifier=box.identifier, key=box.key, tier="website", base_url=box.url
            )


def test_over_https():
    with Sandbox(seed=1, conversations=20, tls=True) as box:
        assert box.url.startswith("https://")
        assert len(crisp.connect(sandbox=box).conversations()) == 20
        token = {"identifier": box.identifier, "key": box.key, "base_url": box.url}
        client = Client(config.resolve(**token))
        with pytest.raises(crisp.Offline, match="cannot prove its identity"):
            client.get(f"website/{box.website_id}")
        assert client.quota.used == 0


def test_a_name_that_may_not_be_read(sandbox):
    sandbox.faults(operation="get_website", status=403, reason="not_allowed")
    ws = crisp.connect(sandbox=sandbox)
    assert ws.name == ""
    assert ws.website_id in repr(ws)
    assert len(ws.conversations(limit=5)) == 5


def test_connect_starts_and_stops_a_sandbox():
    ws = crisp.connect(sandbox=True, sleep=lambda seconds: None)
    assert len(ws.conversations()) == 300
    ws.close()
    with pytest.raises(crisp.Offline):
        ws.visitors()


def test_a_sandbox_that_was_started_in_vain_is_stopped():
    def serving():
        return [thread for thread in threading.enumerate() if thread.name == "sandbox"]

    before = serving()
    for wrong in ({"website": "nowhere.example"}, {"tz": "Mars"}, {"quota": 0}, {"writs": True}):
        with pytest.raises((crisp.BadParameter, TypeError)):
            crisp.connect(sandbox=True, **wrong)
        assert serving() == before


def test_representations(ws):
    assert "sandbox" in repr(ws)
    assert "1 of 5,000 requests used" in repr(ws)
    assert "conversations(...)" in repr(ws.plan)
    ws.name = "<script>alert(1)</script>"
    assert "<script>" not in ws._repr_html_()


def test_a_zone_that_there_is_not_costs_no_request():
    """It is checked before the website's name is asked for."""
    with Sandbox(seed=1, conversations=3) as box:
        with pytest.raises(crisp.BadParameter, match="no time zone"):
            crisp.connect(sandbox=box, tz="Mars/Olympus")
        assert box.stats()["requests"] == 0


@pytest.mark.parametrize("name", ["writes", "progress", "cache"])
@pytest.mark.parametrize("value", ["no", "False", "", 0, [0]], ids=repr)
def test_what_is_neither_true_nor_false_switches_nothing_on(sandbox, name, value):
    """As a setting is that was read from a file."""
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter, match=f"{name} must be True or False"):
        crisp.connect(sandbox=sandbox, **{name: value})
    assert sandbox.stats()["requests"] == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"retry": 5}, "retry must be a RetryPolicy"),
        ({"retry": {"tries": 2}}, "retry must be a RetryPolicy"),
        ({"lifetimes": 5}, "lifetimes must be seconds"),
        ({"reserve_for_writes": "0.1"}, "reserve_for_writes must be a share"),
    ],
    ids=str,
)
def test_an_option_of_another_type_is_refused_at_once(sandbox, options, words):
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter, match=words):
        crisp.connect(sandbox=sandbox, **options)
    assert sandbox.stats()["requests"] == before
