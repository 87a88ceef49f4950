"""What figures are grouped by, against the sandbox's own records."""

from __future__ import annotations

import json
from collections import Counter

import pandas as pd
import pytest

import crisp_data
from crisp_data import metrics, tables
from crisp_data.errors import BadParameter
from crisp_data.sandbox import Sandbox


@pytest.fixture(scope="module")
def box():
    return Sandbox(seed=3, conversations=400)


def framed(box, table):
    builder = tables.Builder(table)
    builder.add(json.dumps({"data": box.truth(table)}).encode())
    return builder.frame()


@pytest.fixture(scope="module")
def conversations(box):
    return framed(box, "conversations")


def truth(record, name):
    """What the raw record says of one conversation, as a list."""
    meta = record["meta"]
    device = meta.get("device") or {}
    found = {
        "segment": meta.get("segments") or [None],
        "topic": [record.get("topic")],
        "country": [(device.get("geolocation") or {}).get("country")],
        "language": [next(iter(device.get("locales") or []), None)],
        "inbox": [record["inbox_id"]],
        "origin": [meta["origin"]],
    }
    return found[name]


@pytest.mark.parametrize("name", ["segment", "topic", "country", "language", "inbox", "origin"])
def test_join_tells_what_the_record_says(box, conversations, name):
    records = {record["session_id"]: record for record in box.truth("conversations")}
    frame = conversations[["session_id"]].assign(number=range(len(conversations)))
    frame = pd.concat([frame, pd.DataFrame({"session_id": ["session_x"], "number": [-1]})])
    frame = frame.sample(frac=1, random_state=1)
    found = metrics.join(frame, conversations, on=name)
    expected = [
        (number, value)
        for session_id, number in zip(frame["session_id"], frame["number"], strict=True)
        for value in (truth(records[session_id], name) if session_id in records else [None])
    ]
    actual = [
        (n, None if pd.isna(v) else v) for n, v in zip(found["number"], found[name], strict=True)
    ]
    assert actual == expected
    assert found[name].dtype == "str"
    assert found.index.tolist() == list(range(len(found)))


def test_join_on_several_and_groups_add_up(box, conversations):
    answers = metrics.first_response(framed(box, "messages"))
    joined = metrics.join(answers, conversations, on=["country", "origin"])
    assert len(joined) == len(answers)
    levels = metrics.service_level(joined, within="1 hour", by=["country", "origin"])
    whole = metrics.service_level(answers, within="1 hour")
    for column in ("total", "in_time", "late", "undecided"):
        assert levels[column].sum() == whole[column].sum()


def test_languages_lose_their_region():
    frame = tables.empty("conversations").reindex(range(4))
    frame["session_id"] = ["a", "b", "c", "d"]
    frame["locales"] = pd.Series(
        [["pt-BR", "en"], ["EN_us"], [], None], dtype=tables.empty("conversations")["locales"].dtype
    )
    found = metrics.join(frame[["session_id"]], frame, on="language")["language"]
    assert found.tolist()[:2] == ["pt", "en"]
    assert found.isna().tolist() == [False, False, True, True]


def test_a_conversation_pulled_twice_counts_once(conversations):
    newer = conversations.assign(topic="new")
    twice = pd.concat([conversations, newer])
    found = metrics.join(conversations[["session_id"]], twice, on="topic")
    assert len(found) == len(conversations)
    assert set(found["topic"]) == {"new"}


def test_join_refusals(conversations):
    frame = conversations[["session_id"]]
    for wrong, words in [
        ({"on": "mood"}, "on='mood' is unknown"),
        ({"on": "origin", "frame": conversations}, "'origin' already"),
        ({"on": "topic", "conversations": frame}, "no column 'topic'"),
        ({"on": "topic", "frame": conversations[["state"]]}, "no column 'session_id'"),
        ({"on": "topic", "frame": [1]}, "A list is not a DataFrame"),
    ]:
        arguments = {"frame": frame, "conversations": conversations, **wrong}
        with pytest.raises(BadParameter, match=words):
            metrics.join(arguments["frame"], arguments["conversations"], on=arguments["on"])


def test_segments(box, conversations):
    found = metrics.segments(conversations)
    expected = Counter(
        (record["session_id"], segment)
        for record in box.truth("conversations")
        for segment in record["meta"].get("segments") or []
    )
    assert Counter(zip(found["session_id"], found["segment"], strict=True)) == expected
    assert metrics.segments(tables.empty("conversations")).dtypes.equals(found.dtypes)


def test_domains(conversations):
    found = metrics.domains(conversations.set_index("session_id"))
    expected = [
        email.rpartition("@")[2] if isinstance(email, str) and "@" in email else None
        for email in conversations["email"]
    ]
    assert [None if pd.isna(d) else d for d in found] == expected
    assert found.index.tolist() == conversations["session_id"].tolist()
    assert metrics.domains(tables.empty("people")).dtype == found.dtype == "str"


def test_contacts_of_conversations(box, conversations):
    found = metrics.contacts(conversations.sample(frac=1, random_state=1))
    people = {}
    for record in sorted(box.truth("conversations"), key=lambda r: r["updated_at"]):
        meta = record["meta"]
        key = (meta.get("email") or "").lower() or meta.get("phone")
        if key:
            people.setdefault(key, []).append(record)
    assert len(found) == len(people) > 100
    assert found["last_at"].is_monotonic_decreasing
    for _, row in found.iterrows():
        key = row["email"].lower() if isinstance(row["email"], str) else row["phone"]
        mine = people[key]
        assert row["rows"] == len(mine)
        assert row["first_at"] == pd.Timestamp(
            min(r["created_at"] for r in mine), unit="ms", tz="UTC"
        )
        assert row["last_at"] == pd.Timestamp(
            max(r["updated_at"] for r in mine), unit="ms", tz="UTC"
        )
        assert row["nickname"] == mine[-1]["meta"]["nickname"]
        segments = {s for r in mine for s in r["meta"].get("segments") or []}
        assert (
            row["segments"] == ", ".join(sorted(segments)) if segments else pd.isna(row["segments"])
        )
        countries = [c for r in mine for c in truth(r, "country") if c]
        assert row["country"] == countries[-1] if countries else pd.isna(row["country"])


def test_contacts_latest_word_and_cases():
    frame = tables.empty("conversations").reindex(range(4))
    frame["email"] = ["Ana@a.example ", "ana@A.example", None, ""]
    frame["phone"] = [None, "+1", "+2", None]
    frame["nickname"] = ["Ana", None, "Ben", "Nobody"]
    for column, days in (("created_at", [1, 2, 3, 4]), ("updated_at", [5, 9, 6, 7])):
        frame[column] = pd.to_datetime([f"2026-10-{day:02}" for day in days], utc=True).as_unit(
            "ms"
        )
    found = metrics.contacts(frame)
    assert found["email"].tolist()[0] == "ana@A.example"
    assert found["nickname"].tolist() == ["Ana", "Ben"]
    assert found["phone"].tolist() == ["+1", "+2"]
    assert found["rows"].tolist() == [2, 1]
    assert found["domain"].tolist()[0] == "a.example"


def test_contacts_of_people_and_of_nobody(box):
    people = framed(box, "people")
    found = metrics.contacts(people)
    reachable = people[["email", "phone"]].notna().any(axis=1)
    assert found["rows"].sum() == reachable.sum() > 0
    for table in ("people", "conversations"):
        nobody = metrics.contacts(tables.empty(table, "Europe/Paris"))
        assert nobody.dtypes.drop(["first_at", "last_at"]).equals(
            found.dtypes.drop(["first_at", "last_at"])
        )
        assert nobody["first_at"].dtype == "datetime64[ms, Europe/Paris]"


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("xxxx xx", True),
        ("xxx, xx!\nxxxx 😀", True),
        ("xx", True),
        ("x", False),
        ("...", False),
        ("", False),
        ("xxxx xx a", False),
        ("XXXX", False),
        ("日本xx語", False),
        ("éxx", False),
        ("xx" * 50_000 + "1", False),
    ],
)
def test_masked(text, hidden):
    for type_ in ("text", "note"):
        frame = pd.DataFrame({"type": [type_], "content": [text]}, index=[7])
        found = metrics.masked(frame)
        assert found.tolist() == [hidden]
        assert found.index.tolist() == [7]


def test_masked_says_nothing_of_what_is_no_text(box):
    messages = framed(box, "messages")
    found = metrics.masked(messages)
    texts = messages["type"].isin(["text", "note"]) & messages["content"].notna()
    assert found.notna().equals(texts)
    assert found.sum() == 0
    assert found.dtype == "boolean"
    half = messages.assign(content=messages["content"].where(messages.index % 2 > 0, "xxxx xx"))
    assert metrics.masked(half).mean() == (texts & (messages.index % 2 == 0)).sum() / texts.sum()
    assert metrics.masked(tables.empty("messages")).dtype == "boolean"


def test_lists_that_are_categories(conversations, tmp_path):
    """As somebody makes them to save memory: pandas explodes none of those."""
    measures = (
        metrics.segments,
        metrics.contacts,
        lambda frame: metrics.join(frame[["session_id"]], frame, on=["language", "segment"]),
    )
    as_categories = {"segments": "category", "locales": "category"}
    for measure in measures:
        pd.testing.assert_frame_equal(
            measure(conversations.astype(as_categories)), measure(conversations)
        )
    texts = conversations.assign(segments="a, b", locales="en, fr").astype(as_categories)
    for measure in measures:
        with pytest.raises(BadParameter, match=r"holds texts, not lists"):
            measure(texts)


def test_lists_that_a_plain_reader_made_texts(conversations, tmp_path):
    crisp_data.write(tmp_path / "c.csv", conversations)
    times = ["created_at", "updated_at"]
    plain = pd.read_csv(tmp_path / "c.csv", parse_dates=times)
    for measure in (
        metrics.segments,
        metrics.contacts,
        lambda frame: metrics.join(frame[["session_id"]], frame, on="language"),
    ):
        with pytest.raises(BadParameter, match=r"holds texts, not lists.\nRead .* crisp.read"):
            measure(plain)
    read = crisp_data.read(tmp_path / "c.csv", "conversations")
    pd.testing.assert_frame_equal(metrics.segments(read), metrics.segments(conversations))


@pytest.mark.parametrize("column", ["created_at", "updated_at"])
@pytest.mark.parametrize(
    "change", [lambda times: times.dt.tz_localize(None), lambda times: times.astype("str")]
)
def test_times_without_a_zone_are_refused_by_name(conversations, column, change):
    with pytest.raises(BadParameter, match=f"{column!r} holds no times with a zone"):
        metrics.contacts(conversations.assign(**{column: change(conversations[column])}))
