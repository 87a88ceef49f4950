"""The seeded data: repeatable to the byte, lazy, and as irregular as the real thing."""

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from statistics import mean, median

import pytest
import requests

from crisp_data.sandbox import Sandbox, calendar, conversations, messages, scripts

TYPES = {
    *("text", "note", "file", "animation", "audio"),
    *("picker", "field", "carousel", "event"),
}

DIGEST = """
import hashlib, json
from crisp_data.sandbox import Sandbox
box = Sandbox(seed=5, conversations=40)
digest = hashlib.sha256()
for website_id in box.website_ids:
    for table in ("conversations", "messages", "people", "operators", "inboxes", "campaigns"):
        digest.update(json.dumps(box.truth(table, website_id)).encode())
found = f"{digest.hexdigest()} {box.identifier} {box.key}"
"""


@pytest.fixture(scope="module")
def box():
    return Sandbox(seed=1, conversations=1000)


@pytest.fixture(scope="module")
def rows(box):
    return box.truth("conversations")


@pytest.fixture(scope="module")
def threads(box):
    threads = {}
    for row in box.truth("messages"):
        threads.setdefault(row["session_id"], []).append(row)
    return threads


def test_the_same_seed_gives_the_same_bytes_in_every_process():
    here = {}
    exec(DIGEST, here)
    env = os.environ | {"PYTHONHASHSEED": "4242"}
    there = [sys.executable, "-c", DIGEST + "print(found)"]
    ran = subprocess.run(there, env=env, check=True, capture_output=True, text=True)
    assert ran.stdout.split() == here["found"].split()


def test_the_same_seed_and_calls_give_the_same_bytes_over_http(make):
    def play():
        box, api = make(seed=9)
        box.churn(2)
        session_id = box.truth("conversations")[3]["session_id"]
        body = {"type": "text", "from": "operator", "origin": "chat", "content": "Hello"}
        api.post(f"conversation/{session_id}/message", json=body)
        api.post("conversation", json={})
        answers = [api.get(f"conversations/{page}") for page in (1, 2, 3)]
        answers.append(api.get(f"conversation/{session_id}/messages"))
        return hashlib.sha256(b"".join(one.content for one in answers)).hexdigest(), [
            one.headers["Date"] for one in answers
        ]

    assert play() == play()


def test_another_seed_gives_other_data():
    one, two = (Sandbox(seed=seed, conversations=5) for seed in (1, 2))
    assert one.website_id != two.website_id
    assert one.truth("conversations") != two.truth("conversations")


def test_no_record_is_made_before_it_is_read(monkeypatch):
    made = Counter()

    def counting(function, name):
        def count(*args):
            made[name] += 1
            return function(*args)

        return count

    monkeypatch.setattr("crisp_data.sandbox.state.record", counting(conversations.record, "row"))
    monkeypatch.setattr("crisp_data.sandbox.state.message", counting(messages.message, "message"))
    box = Sandbox(conversations=500)
    assert made == {}
    box.truth("conversations")
    assert made == {"row": 500}


def test_conversations_are_ordered_and_complete(rows):
    assert len(rows) == len({row["session_id"] for row in rows}) == 1000
    keys = [(-row["updated_at"], row["session_id"]) for row in rows]
    assert keys == sorted(keys)


def test_the_facts_that_lists_filter_by_are_those_of_the_record(box, rows):
    website = box._world.website()
    for row in rows:
        assert website.conversations[row["session_id"]].facts == conversations.Facts.of(row)


def test_a_conversation_is_not_older_than_its_messages(rows, threads):
    for row in rows:
        thread = threads[row["session_id"]]
        assert row["updated_at"] >= max(one["timestamp"] for one in thread)
        assert row["created_at"] == min(one["timestamp"] for one in thread)
        last = {one["fingerprint"] for one in thread if one["timestamp"] == thread[-1]["timestamp"]}
        assert row["preview_message"]["fingerprint"] in last


def test_messages_belong_to_their_thread(box, threads):
    for session_id, thread in threads.items():
        assert {one["session_id"] for one in thread} == {session_id}
        assert {one["website_id"] for one in thread} == {box.website_id}
        fingerprints = [one["fingerprint"] for one in thread]
        assert len(set(fingerprints)) == len(fingerprints)
        assert all(0 <= fingerprint < 10**15 for fingerprint in fingerprints)
        keys = [(one["timestamp"], one["fingerprint"]) for one in thread]
        assert keys == sorted(keys)


def test_all_nine_types_appear_and_bots_are_marked(threads):
    everything = [one for thread in threads.values() for one in thread]
    assert {one["type"] for one in everything} == TYPES
    assert {one["from"] for one in everything if one["automated"]} == {"operator"}
    events = [one["content"] for one in everything if one["type"] == "event"]
    assert {event["namespace"] for event in events} == {"state:resolved"}


def test_threads_have_a_long_tail(threads):
    lengths = [len(thread) for thread in threads.values()]
    assert min(lengths) == 1
    assert 6 <= median(lengths) <= 10
    assert 10 <= mean(lengths) <= 16
    assert max(lengths) > 150


def test_a_small_sandbox_has_a_long_thread_too():
    numbers = Counter(row["session_id"] for row in Sandbox(conversations=20).truth("messages"))
    assert max(numbers.values()) > 100


def test_timestamps_tie_at_the_borders_of_batches(threads):
    thread = max(threads.values(), key=len)
    borders = range(len(thread) - 20, 0, -20)
    assert all(thread[k]["timestamp"] == thread[k - 1]["timestamp"] for k in borders)


def test_some_conversations_are_reopened_after_they_were_resolved(threads):
    reopened = [
        thread
        for thread in threads.values()
        if any(one["type"] == "event" for one in thread[:-1]) and thread[-1]["type"] != "event"
    ]
    assert reopened


def test_one_instant_of_updates_fills_more_than_a_page(rows):
    shared = sorted(Counter(row["updated_at"] for row in rows).values())
    assert shared[-3] >= 60
    assert shared.count(1) > 500


def test_arrivals_follow_the_day_and_the_week(rows):
    times = [datetime.fromtimestamp(row["created_at"] / 1000, UTC) for row in rows]
    hours = Counter(time.hour for time in times)
    days = Counter(time.weekday() for time in times)
    assert hours[10] > 4 * hours[3]
    assert min(days[day] for day in range(5)) > max(days[5], days[6])
    assert max(times) < datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert min(times) < datetime(2026, 8, 10, tzinfo=UTC)


def test_operators_answer_on_their_days(threads):
    days = {operator.first_name: operator.days for operator in calendar.OPERATORS}
    for thread in threads.values():
        for one in thread:
            if one["from"] == "operator" and one["user"] and not one["automated"]:
                day = datetime.fromtimestamp(one["timestamp"] / 1000, UTC).weekday()
                assert day in days[one["user"]["nickname"]]


def test_operators_differ_in_speed(threads):
    waits = {}
    for thread in threads.values():
        first = next((one for one in thread if one["from"] == "operator" and one["user"]), None)
        if first is not None and not first["automated"]:
            wait = first["timestamp"] - thread[0]["timestamp"]
            waits.setdefault(first["user"].get("nickname"), []).append(wait)
    medians = sorted(median(found) for found in waits.values())
    assert len(medians) == 5
    assert medians[-1] > 4 * medians[0]


def test_the_data_is_untidy(rows):
    text = json.dumps(rows)
    metas = [row["meta"] for row in rows]
    systems = [((meta.get("device") or {}).get("system") or {}) for meta in metas]
    assert any(meta.get("email") is None for meta in metas)
    assert any(meta.get("email") == "" for meta in metas)
    assert any(isinstance(meta.get("address"), int) for meta in metas)
    assert any(isinstance(system.get("os"), str) for system in systems)
    assert any("device" not in meta for meta in metas)
    assert any("topic" not in row for row in rows)
    assert any("ai_summary" in row for row in rows)
    assert any("<script>" in str(meta["nickname"]) for meta in metas)
    assert {type((meta.get("data") or {}).get("orders")) for meta in metas} >= {int, str}
    assert "\\u6771\\u4eac" in text  # 東京
    assert "\\u062f" in text  # Arabic


def test_some_previews_are_cut_inside_an_emoji(rows):
    cut = [row for row in rows if row["preview_message"]["excerpt"].endswith("\ud83d")]
    assert len(cut) == len(range(scripts.CUT_AT, 1000, scripts.CUT_EVERY))
    assert all("😀" in row["last_message"] for row in cut)


def test_profiles_match_the_conversations(box, rows):
    people = {person["people_id"]: person for person in box.truth("people")}
    linked = [row for row in rows if row["people_id"]]
    assert len(linked) > 500
    for row in linked:
        person = people[row["people_id"]]
        assert person["email"] == row["meta"]["email"] or row["meta"]["email"] == ""
        assert person["created_at"] <= row["created_at"]


def test_an_empty_workspace_can_be_made():
    assert Sandbox(conversations=0).truth("conversations") == []


@pytest.mark.parametrize("option", [{"tier": "root"}, {"batch_size": 0}, {"conversations": -1}])
def test_impossible_options_are_refused(option):
    with pytest.raises(ValueError, match=r"tier|batch_size"):
        Sandbox(**{"conversations": 1, **option})


def test_sandboxes_of_the_same_options_share_what_was_drawn_and_nothing_that_changes(monkeypatch):
    def rows():
        return one.truth("conversations"), one.truth("messages"), one.truth("people")

    one = Sandbox(seed=77, conversations=12)
    before = rows()
    monkeypatch.setattr("crisp_data.sandbox.seeded.facts", pytest.fail)
    two = Sandbox(seed=77, conversations=12)
    assert (two.truth("conversations"), two.truth("messages"), two.truth("people")) == before
    with two:
        two.churn(1, kinds=("message", "conversation", "state", "removal"))
        with requests.Session() as session:
            for _ in range(40):
                session.get(two.url, timeout=60)
    assert two.truth("conversations") != before[0]
    assert rows() == before
    two.reset()
    assert two.truth("conversations") == before[0]
