"""People, batches, operators, inboxes, visitors, campaigns, settings, analytics."""

from collections import Counter
from datetime import UTC, datetime

import pytest

# People


@pytest.fixture
def person(sandbox):
    return sandbox.truth("people")[0]


def test_a_profile_is_read_by_id_and_by_email(api, person):
    assert api.data(f"people/profile/{person['people_id']}") == person
    assert api.data(f"people/profile/{person['email']}") == person
    gone = api.get("people/profile/nobody@example.com")
    assert (gone.status_code, gone.json()["reason"]) == (404, "people_not_found")


def test_a_profile_is_added_once(api, sandbox):
    body = {"email": "new@example.com", "person": {"nickname": "New"}, "segments": ["x"]}
    answer = api.post("people/profile", json=body)
    assert answer.status_code == 201
    row = api.data(f"people/profile/{answer.json()['data']['people_id']}")
    assert {name: row[name] for name in body} == body
    again = api.post("people/profile", json=body)
    assert (again.status_code, again.json()["reason"]) == (409, "people_exists")
    assert api.data("people/profiles/1")[0] == row
    assert api.data("people/stats") == {"total": len(sandbox.truth("people"))}


def test_a_profile_is_merged_replaced_and_removed(api, person):
    path = f"people/profile/{person['people_id']}"
    api.patch(path, json={"person": {"phone": "+33612345678"}})
    changed = api.data(path)
    assert changed["person"] == person["person"] | {"phone": "+33612345678"}
    assert changed["updated_at"] > person["updated_at"]
    api.put(path, json={"email": "a@b.example", "person": {"nickname": "A"}})
    assert api.data(path)["person"] == {"nickname": "A"}
    assert api.delete(path).json()["reason"] == "deleted"
    assert api.get(path).status_code == 404


def test_a_persons_conversations_are_those_that_name_them(api, sandbox):
    rows = sandbox.truth("conversations")
    people_id, _ = Counter(row["people_id"] for row in rows if row["people_id"]).most_common(1)[0]
    expected = [row["session_id"] for row in rows if row["people_id"] == people_id]
    found = api.walk(f"people/conversations/{people_id}/list/{{page}}")
    assert found == expected


def test_free_data_events_and_subscription_of_a_person(api, person):
    people_id = person["people_id"]
    before = api.data(f"people/data/{people_id}")["data"]
    api.patch(f"people/data/{people_id}", json={"data": {"vip": True}})
    assert api.data(f"people/data/{people_id}") == {"data": before | {"vip": True}}
    api.put(f"people/data/{people_id}", json={"data": {"only": 1}})
    assert api.data(f"people/data/{people_id}") == {"data": {"only": 1}}
    api.post(f"people/events/{people_id}", json={"text": "signup"})
    assert api.data(f"people/events/{people_id}/list/1")[0]["text"] == "signup"
    api.patch(f"people/subscription/{people_id}", json={"email": False})
    assert api.data(f"people/subscription/{people_id}") == {"email": False}


# Batches


def test_a_batch_gives_all_its_conversations_one_instant(api, sandbox):
    rows = sandbox.truth("conversations")
    chosen = [row["session_id"] for row in rows if row["state"] != "resolved"][:30]
    answer = api.patch("batch/resolve", json={"sessions": [*chosen, "session_unknown"]})
    assert answer.json()["reason"] == "updated"
    after = sandbox.truth("conversations")
    assert {row["session_id"] for row in after[:30]} == set(chosen)
    assert {row["state"] for row in after[:30]} == {"resolved"}
    assert len({row["updated_at"] for row in after[:30]}) == 1
    api.patch("batch/unresolve", json={"sessions": chosen[:2]})
    assert {row["state"] for row in sandbox.truth("conversations")[:2]} == {"unresolved"}


@pytest.mark.parametrize(
    ("name", "body", "seen"),
    [
        ("segments", {"segments": ["bulk"]}, lambda row: row["meta"]["segments"] == ["bulk"]),
        ("data", {"data": {"bulk": 1}}, lambda row: row["meta"]["data"]["bulk"] == 1),
        ("block", {"blocked": True}, lambda row: row["is_blocked"] is True),
        ("routing", {"assigned": {"user_id": "u"}}, lambda row: row["assigned"]["user_id"] == "u"),
        ("inbox", {"inbox_id": "i"}, lambda row: row["inbox_id"] == "i"),
        ("unread", {}, lambda row: row["unread"]["operator"] == 1),
        ("read", {}, lambda row: row["unread"]["operator"] == 0),
    ],
)
def test_every_batch_changes_its_conversations_and_no_others(api, sandbox, name, body, seen):
    before = sandbox.truth("conversations")
    chosen = {row["session_id"] for row in before[50:53]}
    answer = api.patch(f"batch/{name}", json={"sessions": sorted(chosen)} | body)
    assert answer.ok
    after = sandbox.truth("conversations")
    assert all(seen(row) for row in after if row["session_id"] in chosen)
    others = [row for row in before if row["session_id"] not in chosen]
    assert [row for row in after if row["session_id"] not in chosen] == others


def test_a_batch_removes_conversations_or_people(api, sandbox):
    first = sandbox.truth("conversations")[0]["session_id"]
    people = [row["people_id"] for row in sandbox.truth("people")[:2]]
    api.patch("batch/remove", json={"sessions": [first]})
    assert first not in {row["session_id"] for row in sandbox.truth("conversations")}
    api.patch("batch/remove", json={"people": {"profiles": people}})
    assert not set(people) & {row["people_id"] for row in sandbox.truth("people")}
    assert len(sandbox.truth("conversations")) == 119


def test_a_batch_over_people(api, sandbox, person):
    body = {"people": {"search": person["email"]}, "segments": ["bulk"]}
    api.patch("batch/segments", json=body)
    segments = Counter(tuple(row["segments"]) for row in sandbox.truth("people"))
    assert segments[("bulk",)] == 1


# The workspace


def test_operators_are_listed_and_changed(api, sandbox):
    rows = api.data("operators/list")
    assert rows == sandbox.truth("operators")
    assert len(rows) == 5
    user_id = rows[2]["details"]["user_id"]
    api.patch(f"operator/{user_id}", json={"role": "admin", "title": "Lead"})
    assert api.data(f"operator/{user_id}")["title"] == "Lead"
    api.delete(f"operator/{user_id}")
    assert api.get(f"operator/{user_id}").status_code == 404
    api.post("operator", json={"email": "new@acme.example", "role": "member", "verify": True})
    assert [row["type"] for row in api.data("operators/list")] == ["operator"] * 4 + ["invite"]
    assert len(api.data("operators/active")) == 5


def test_availability_follows_the_shifts(api, sandbox):
    def online():
        rows = api.data("availability/operators")
        return sum(row["type"] == "online" for row in rows)

    assert api.data("availability/status")["status"] == "online"
    assert online() == 2
    sandbox.clock(advance_s=14.5 * 3600)
    assert api.data("availability/status")["status"] == "offline"
    assert online() == 0


def test_inboxes_are_created_ordered_and_deleted(api, sandbox):
    rows = api.data("inboxes/list/1")
    assert [row["name"] for row in rows] == ["Billing", "Delivery", "Returns"]
    inbox_id = api.post("inbox", json={"name": "New"}).json()["data"]["inbox_id"]
    orders = [{"inbox_id": inbox_id, "order": 0}]
    assert api.patch("inboxes/batch/order", json={"orders": orders}).ok
    assert api.data("inboxes/list/1")[0]["name"] == "New"
    api.put(f"inbox/{inbox_id}", json={"name": "Newer"})
    assert api.data(f"inbox/{inbox_id}")["name"] == "Newer"
    billing = rows[0]["inbox_id"]
    assert any(row["inbox_id"] == billing for row in sandbox.truth("conversations"))
    api.delete(f"inbox/{billing}")
    assert not any(row["inbox_id"] == billing for row in sandbox.truth("conversations"))
    assert api.head(f"inbox/{billing}").status_code == 404


def test_visitors_are_who_is_online(api, sandbox):
    online = [row for row in sandbox.truth("conversations") if row["active"]["now"]]
    rows = api.walk("visitors/list/{page}")
    assert [row["session_id"] for row in rows] == [row["session_id"] for row in online]
    count = api.data("visitors/count")
    assert count["count"] == len(rows) > count["active"] > 0
    assert sum(row["visitors"]["count"] for row in api.data("visitors/map")) == len(rows)


def test_campaigns_are_listed_in_short_and_read_whole(api, sandbox):
    rows = api.walk("campaigns/list/{page}")
    assert len(rows) == 30
    whole = api.data(f"campaign/{rows[0]['campaign_id']}")
    assert "message" in whole
    assert "message" not in rows[0]
    assert whole | rows[0] == whole
    assert api.data("campaigns/tags") == ["news", "onboarding", "promo"]


def test_a_campaign_is_created_dispatched_and_removed(api):
    made = api.post("campaign", json={"type": "one_shot", "name": "N"}).json()["data"]
    path = f"campaign/{made['campaign_id']}"
    api.patch(path, json={"subject": "S", "recipients": {"segments": ["vip"]}})
    assert api.post(f"{path}/dispatch").status_code == 202
    row = api.data(path)
    assert (row["subject"], row["dispatched"], row["running"]) == ("S", True, True)
    api.post(f"{path}/pause")
    assert api.data(path)["running"] is False
    assert all(one["subscribed"] for one in api.walk(f"{path}/recipients/{{page}}"))
    opened = api.walk(f"{path}/statistics/opened/{{page}}")
    got = api.walk(f"{path}/recipients/{{page}}")
    assert {row["profile"]["people_id"] for row in opened} <= {row["people_id"] for row in got}
    assert api.get(f"{path}/statistics/eaten/1").status_code == 404
    api.delete(path)
    assert api.get(path).json()["reason"] == "campaign_not_found"


def test_campaign_templates(api):
    made = api.post("campaigns/template", json={"format": "markdown", "name": "T"}).json()["data"]
    path = f"campaigns/template/{made['template_id']}"
    api.put(path, json={"name": "T2", "content": "Hello"})
    assert api.data(path)["content"] == "Hello"
    assert [row["name"] for row in api.data("campaigns/templates/1")] == ["T2"]
    api.delete(path)
    assert api.head(path).status_code == 404


def test_settings_are_merged(api):
    before = api.data("settings")
    api.patch("settings", json={"name": "Acme 2", "contact": {"twitter": "@acme"}})
    after = api.data("settings")
    assert after["name"] == "Acme 2"
    assert after["contact"] == before["contact"] | {"twitter": "@acme"}


# Analytics


def report(api, metric, kind, split="day", timezone="UTC", start="2026-08-01", end="2026-11-30"):
    date = {"from": start, "to": end, "split": split, "timezone": timezone}
    return api.post("analytics/generate", json={"metric": metric, "type": kind, "date": date})


def test_analytics_count_conversations_per_day_of_a_zone(api, sandbox):
    days = Counter(
        datetime.fromtimestamp(row["created_at"] / 1000, UTC).date().isoformat()
        for row in sandbox.truth("conversations")
    )
    rows = report(api, "conversation", "total").json()["data"]
    assert {row["period"][:10]: row["value"] for row in rows} == days
    assert rows != report(api, "conversation", "total", timezone="Asia/Tokyo").json()["data"]
    first, last = sorted(days)[3], sorted(days)[9]
    some = report(api, "conversation", "total", start=first, end=f"{last}T23:59:59Z")
    within = {day: count for day, count in days.items() if first <= day <= last}
    assert {row["period"][:10]: row["value"] for row in some.json()["data"]} == within
    months = report(api, "message", "total", "month").json()["data"]
    assert sum(row["hits"] for row in months) == len(sandbox.truth("messages"))
    weeks = report(api, "conversation", "response_time", "week").json()["data"]
    assert {datetime.fromisoformat(row["period"]).weekday() for row in weeks} == {0}
    assert all(row["value"] > 0 for row in weeks)
    assert report(api, "conversation", "resolution_time", "hour").json()["data"]
    assert report(api, "rating", "mean").json()["data"] == []


def test_analytics_refuse_dates_and_zones_that_are_none(api):
    assert report(api, "conversation", "total", timezone="Mars/Olympus").status_code == 400
    date = {"from": "monday", "to": "2026-11-30", "split": "day"}
    body = {"metric": "conversation", "type": "total", "date": date}
    assert api.post("analytics/generate", json=body).status_code == 400
