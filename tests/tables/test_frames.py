"""What every table promises, whatever rows came."""

import gc
import json

import pandas as pd
import pyarrow as pa
import pytest
from msgspec import ValidationError

from crisp_data import tables
from crisp_data.errors import BadAnswer, BadParameter
from crisp_data.tables import builder as building
from crisp_data.tables.message_text import originals, readable

NAMES = [
    "conversations", "messages", "people", "operators", "visitors", "inboxes",
    "campaigns", "pages", "events", "files", "websites",
]  # fmt: skip


def answer(*records):
    return json.dumps({"error": False, "reason": "listed", "data": records}).encode()


def built(name, *pages, tz="UTC", **constants):
    builder = tables.Builder(name, tz)
    for page in pages:
        builder.add(answer(*page), **constants)
    return builder.frame()


def test_the_tables_are_those_of_the_contract():
    assert list(tables.TABLES) == NAMES


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("pages", [[], [[]], [[{}]], [[{"neverseen": 1}, {}]]])
def test_columns_and_dtypes_do_not_depend_on_rows(name, pages):
    frame = built(name, *pages)
    pd.testing.assert_series_equal(frame.dtypes, tables.empty(name).dtypes)
    assert tables.TABLES[name].schema_in("UTC").names == frame.columns.tolist()
    assert len(frame) == sum(map(len, pages))


@pytest.mark.parametrize("name", NAMES)
def test_the_printed_schema_is_the_frame_s(name):
    schema = tables.schema(name)
    assert schema.columns.tolist() == ["column", "dtype", "meaning", "source"]
    assert dict(zip(schema["column"], schema["dtype"], strict=True)) == {
        column: str(dtype) for column, dtype in tables.empty(name).dtypes.items()
    }
    assert schema["meaning"].str.len().min() > 2
    assert schema["column"].is_unique


@pytest.mark.parametrize(
    "table",
    [None, 7, ["messages"], {}, b"messages", pd.Series(["messages"]), pd.DataFrame()],
    ids=lambda table: type(table).__name__,
)
def test_what_names_no_table_is_told_which_words_do(table):
    for work in (tables.schema, tables.empty):
        with pytest.raises(BadParameter, match=f"not by a {type(table).__name__}") as error:
            work(table)
        assert "messages, " in error.value.hint


@pytest.mark.parametrize("table", ["", " ", "message", "Messages", "\ud83d"])
def test_a_table_that_is_not_there_is_told_which_are(table):
    with pytest.raises(BadParameter, match="There is no table") as error:
        tables.schema(table)
    assert "messages, " in error.value.hint


@pytest.mark.parametrize("tz", ["", "Mars", "\ud83d", b"UTC", 7, pd.Series(["UTC"])], ids=ascii)
def test_the_printed_schema_has_a_zone_that_exists(tz):
    with pytest.raises(BadParameter):
        tables.schema("messages", tz=tz)


@pytest.mark.parametrize("name", NAMES)
def test_dtypes_are_those_of_the_house(name):
    dtypes = {
        "text": "str", "json": "str", "time": "datetime64[ms, UTC]", "integer": "Int64",
        "real": "Float64", "flag": "boolean", "category": "category",
        "texts": "object",
    }  # fmt: skip
    empty = tables.empty(name)
    for column in tables.TABLES[name].columns:
        assert str(empty.dtypes[column.name]) == dtypes[column.kind.name], column.name
        if column.kind.categories:
            assert tuple(empty[column.name].cat.categories) == column.kind.categories


@pytest.mark.parametrize("name", NAMES)
def test_no_column_is_declared_twice_and_keys_exist(name):
    table = tables.TABLES[name]
    names = [column.name for column in table.columns]
    assert len(names) == len(set(names))
    assert {*table.key, *(column for column, _ in table.order)} <= {*names}


def test_times_are_told_in_the_zone_asked_for():
    frame = built("pages", [{"timestamp": 1_700_000_000_000}], tz="Europe/Paris")
    assert frame["timestamp"].dtype == "datetime64[ms, Europe/Paris]"
    assert frame["timestamp"][0].isoformat() == "2023-11-14T23:13:20+01:00"
    assert frame.dtypes.equals(tables.empty("pages", "Europe/Paris").dtypes)


@pytest.mark.parametrize(
    ("zone", "words"),
    [("Mars/Base", "time zone"), ("../etc/passwd", "time zone"), ("", "tz must not be empty")],
)
def test_a_zone_that_does_not_exist_is_refused(zone, words):
    with pytest.raises(BadParameter, match=words):
        tables.Builder("pages", zone)


def test_a_table_that_does_not_exist_is_refused():
    with pytest.raises(BadParameter, match="conversations, messages"):
        tables.empty("tickets")


def test_one_object_is_one_row_and_an_empty_one_none():
    builder = tables.Builder("inboxes")
    builder.add(b'{"error":false,"reason":"resolved","data":{"inbox_id":"i","name":"Sales"}}')
    builder.add(b'{"error":false,"reason":"updated","data":{}}')
    builder.add(b'{"error":false,"reason":"listed","data":[]}')
    assert builder.frame()["name"].tolist() == ["Sales"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b'{"error":false,"data":[{"name":"x"', b'{"error":false,"data":7}',
        b'{"error":true,"reason":"not_found","data":{}}',
        b'{"error":true,"reason":"invalid_data","data":{"message":"x"}}',
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused_without_a_row(body):
    builder = tables.Builder("files")
    with pytest.raises(BadAnswer):
        builder.add(body)
    assert len(builder) == 0


def test_constants_fill_what_a_record_lacks_and_nothing_else():
    frame = built("events", [{"text": "a"}, {"text": "b", "website_id": "w2"}], website_id="w1")
    assert frame["website_id"].tolist() == ["w1", "w2"]
    for wrong in ("nonsense", "timestamp", "extra"):
        with pytest.raises(BadParameter, match=wrong):
            tables.Builder("events").add(answer(), **{wrong: "x"})


def test_the_conversation_that_was_asked_for_counts_and_another_is_in_extra():
    """Of more rows than one batch, the records of each answer count by themselves."""
    odd = [{"text": "a"}, {"text": "b", "session_id": "s2"}, {"text": "c", "session_id": None}]
    odd += [{"text": "d", "session_id": 7}, {"text": "e", "session_id": "s1", "x": 1}]
    builder = tables.Builder("events")
    for session_id in ("s1", "s2"):
        for _ in range(101):
            builder.add(answer(*odd), session_id=session_id)
    frame = builder.frame().drop_duplicates(["session_id", "text"])
    assert frame["session_id"].tolist() == 5 * ["s1"] + 5 * ["s2"]
    texts = [None if pd.isna(text) else text for text in frame["extra"]]
    seven, one = '{"session_id":7}', '{"x":1}'
    assert texts[:5] == [None, '{"session_id":"s2"}', None, seven, one]
    assert texts[5:] == [None, None, None, seven, '{"session_id":"s1","x":1}']


def test_the_record_added_last_wins():
    one, two = {"session_id": "s", "updated_at": 1}, {"session_id": "s", "updated_at": 2}
    builder = tables.Builder("conversations")
    builder.add(answer(two))
    builder.add(answer(one))
    assert len(builder) == 2
    assert builder.frame()["updated_at"].astype("int64").tolist() == [1]


def test_rows_that_nothing_identifies_all_stay():
    assert len(built("messages", [{"session_id": "s"}, {"session_id": "s"}])) == 2


def test_conversations_come_newest_first_then_by_session():
    rows = [("b", 5), ("a", 5), ("c", 9), ("d", None)]
    frame = built("conversations", [{"session_id": s, "updated_at": t} for s, t in rows])
    assert frame["session_id"].tolist() == ["c", "a", "b", "d"]


def test_messages_come_by_first_arrival_of_their_session_then_by_time():
    rows = [("z", 9, 1), ("a", 1, 1), ("z", 3, 7), ("z", 3, 2), ("a", 0, 3)]
    records = [{"session_id": s, "timestamp": t, "fingerprint": f} for s, t, f in rows]
    frame = built("messages", *([r] for r in records))
    assert frame["session_id"].tolist() == ["z", "z", "z", "a", "a"]
    assert frame["fingerprint"].tolist() == [2, 7, 1, 3, 1]


def test_a_builder_may_go_on_after_a_frame(monkeypatch):
    monkeypatch.setattr(building, "_BATCH", 2)
    builder = tables.Builder("messages")
    for fingerprint in (3, 1, 2):
        builder.add(answer({"session_id": "s", "fingerprint": fingerprint, "content": "old"}))
        builder.frame()
    builder.add(answer({"session_id": "s", "fingerprint": 1, "content": "new"}))
    frame = builder.frame()
    assert frame["fingerprint"].tolist() == [1, 2, 3]
    assert frame["content"].tolist() == ["new", "old", "old"]
    assert len(builder) == 4


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, None),
        ("as it is", "as it is"),
        ("", ""),
        ({"name": "a.pdf", "url": "https://x/a", "type": "application/pdf"}, "a.pdf https://x/a"),
        ({"url": "https://x/cat.gif", "type": "image/gif"}, "https://x/cat.gif"),
        ({"url": "https://x/a.mp3", "type": "audio/mp3", "duration": 12}, "https://x/a.mp3"),
        (
            {"id": "p", "text": "Plan?", "choices": [{"value": "f", "label": "Free"},
             {"value": "p", "label": "Pro", "selected": True}]},
            "Plan?\n[ ] Free\n[x] Pro",
        ),
        ({"id": "p", "choices": [{"value": "f"}, 3]}, "[ ] f"),
        ({"id": "f", "text": "E-mail?", "explain": "yours", "value": "a@b"}, "E-mail?\na@b"),
        (
            {"text": "Look", "targets": [{"title": "T", "description": "D", "actions": []}]},
            "Look\nT: D",
        ),
        ({"namespace": "state:resolved", "text": "Done"}, "state:resolved Done"),
        ({"namespace": "state:resolved"}, "state:resolved"),
        ({}, None),
        ({"text": 3, "choices": "x", "targets": None}, None),
        ([1, "é"], '[1,"é"]'),
    ],
)  # fmt: skip
def test_content_is_what_a_person_would_read(content, text):
    assert readable(content) == text
    kept = content if isinstance(content, str) or content is None else json.dumps(content)
    assert (originals([content])[0] is None) == (kept is content)


def test_secrets_never_enter_a_frame():
    key = "0123456789abcdef"
    operators = built("operators", [{"type": "operator", "details": {"key": key, "role": "owner"}}])
    websites = built("websites", [{"website_id": "w", "token": key}, {"token": [key], "x": 1}])
    assert operators["role"].tolist() == ["owner"]
    for frame in (operators, websites):
        assert key not in frame.to_csv()


def test_operators_are_read_wrapped_or_not_and_in_either_spelling():
    spellings = [
        {"details": {"user_id": "u1", "first_name": "Ada"}},
        {"user_id": "u2", "first_name": "Ada"},
        {"details": {"userID": "u3", "firstName": "Ada"}},
        {"userID": "u4", "firstName": "Ada"},
    ]
    frame = built("operators", spellings)
    assert frame["user_id"].tolist() == ["u1", "u2", "u3", "u4"]
    assert frame["first_name"].unique().tolist() == ["Ada"]
    assert frame["extra"].isna().all()


def test_no_error_tells_what_a_record_held():
    with pytest.raises(BadAnswer) as caught:
        tables.Builder("people").add(b'{"error":false,"data":[{"email":"me@example.com"')
    assert "example" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert not isinstance(caught.value, ValidationError)


def test_arrow_and_frame_say_the_same():
    builder = tables.Builder("files")
    builder.add(answer({"name": "a", "fingerprint": 1, "timestamp": 5}))
    table = builder.arrow()
    assert table.schema == tables.TABLES["files"].schema_in("UTC")
    pd.testing.assert_frame_equal(tables.to_frame(table), builder.frame())
    assert isinstance(table, pa.Table)


def test_a_table_s_memory_is_not_in_the_pool_that_keeps_what_is_freed(monkeypatch):
    monkeypatch.setattr(building, "_BATCH", 2)
    gc.collect()  # what other tests left must not be let go in between
    before = pa.system_memory_pool().bytes_allocated()
    builder = tables.Builder("messages")
    for n in range(40):
        record = {"session_id": "s" * 999, "fingerprint": n, "content": "c" * 999, "type": "text"}
        builder.add(answer(record | {"timestamp": -n, "preview": [], "mentions": ["m"], "new": 1}))
        if n % 20 == 0:
            builder.arrow()
    table = builder.arrow()
    held = pa.system_memory_pool().bytes_allocated() - before
    assert table.num_rows == 40
    assert held >= table.nbytes


@pytest.mark.parametrize("kind", ["text", "time", "json", "integer", "flag", "texts", "real"])
@pytest.mark.parametrize("first", [0, 1])
def test_a_batch_without_a_value_is_one_of_missing_values(kind, first, monkeypatch):
    monkeypatch.setattr(building, "_BATCH", 1)
    value = {
        "text": "",
        "time": 0,
        "json": [],
        "integer": 0,
        "flag": False,
        "texts": [],
        "real": 0.0,
    }
    column = next(c for c in tables.TABLES["people"].declared if c.kind.name == kind)
    record = value[kind]
    for key in reversed(column.sources[0].split(".")):
        record = {key: record}
    pages = [[record], [{}]] if first else [[{}], [record]]
    frame = built("people", *pages)
    assert frame[column.name].isna().tolist() == ([False, True] if first else [True, False])
    assert frame.dtypes.equals(tables.empty("people").dtypes)
