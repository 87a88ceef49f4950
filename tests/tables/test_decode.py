"""What Crisp may send one day: it costs a value its column, never a row its place."""

import json
import random

import pandas as pd
import pytest

from crisp_data import tables
from crisp_data.tables import builder as building


def body(text):
    return b'{"error":false,"reason":"listed","data":[' + text + b"]}"


def one(name, text):
    builder = tables.Builder(name)
    builder.add(body(text))
    return builder.frame().iloc[0]


def test_unknown_fields_survive_at_every_level():
    row = one(
        "conversations",
        b'{"session_id":"s","new":{"a":[1.10,null]},"meta":{"deep":"x","email":"e"}}',
    )
    assert row["email"] == "e"
    assert row["extra"] == '{"meta.deep":"x","new":{"a":[1.10,null]}}'


@pytest.mark.parametrize("record", [b'{"session_id":"s","new":null}', b'{"session_id":"s"}', b"{}"])
def test_null_is_missing(record):
    assert pd.isna(one("conversations", record)["extra"])


@pytest.mark.parametrize(
    ("record", "column", "extra"),
    [
        (b'{"unread":{"operator":""}}', "unread_operator", {"unread.operator": ""}),
        (b'{"unread":{"operator":1.5}}', "unread_operator", {"unread.operator": 1.5}),
        (b'{"unread":{"operator":true}}', "unread_operator", {"unread.operator": True}),
        (b'{"status":9223372036854775808}', "status", {"status": 2**63}),
        (b'{"is_verified":"true"}', "is_verified", {"is_verified": "true"}),
        (b'{"meta":{"email":7}}', "email", {"meta.email": 7}),
        (b'{"meta":[]}', "email", {"meta": []}),
        (b'{"meta":{"device":"phone"}}', "country", {"meta.device": "phone"}),
        (b'{"meta":{"segments":["a",1]}}', "segments", {"meta.segments": ["a", 1]}),
        (b'{"meta":{"segments":"vip"}}', "segments", {"meta.segments": "vip"}),
        (b'{"created_at":"2026-01-01"}', "created_at", {"created_at": "2026-01-01"}),
        (b'{"created_at":99999999999999999}', "created_at", {"created_at": 99999999999999999}),
        (b'{"state":"snoozed"}', "state", {"state": "snoozed"}),
        (b'{"state":3}', "state", {"state": 3}),
        (b'{"preview_message":{"type":"poll"}}', "preview_type", {"preview_message.type": "poll"}),
        (b'{"meta":{"device":{"geolocation":{"coordinates":{"latitude":1' + b"0" * 400 + b"}}}}}",
         "latitude", {"meta.device.geolocation.coordinates.latitude": 10**400}),
        (b"3", "email", {"": 3}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 3])
def test_a_value_of_another_type_goes_to_extra(record, column, extra, times):
    builder = tables.Builder("conversations")
    for _ in range(times):  # the first time is met by surprise, the next ones are expected
        builder.add(body(record + b',{"session_id":"s"}'))
    frame = builder.frame()
    odd = frame[frame["extra"].notna()]
    assert len(odd) == times
    assert odd[column].isna().all()
    assert [json.loads(text) for text in odd["extra"]] == [extra] * times
    assert frame["session_id"].notna().sum() == 1


def test_a_whole_number_may_be_written_as_a_float():
    row = one("conversations", b'{"status":2.0,"created_at":1.7e12,"active":{"last":""}}')
    assert row["status"] == 2
    assert row["created_at"] == pd.Timestamp("2023-11-14T22:13:20Z")
    assert row["extra"] == '{"active.last":""}'


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        (rb'{"content":"cut \ud83d"}', "content", "cut \ufffd"),
        (rb'{"content":"\uDE00 cut \\ud83d \ud83d\ude00"}', "content", "\ufffd cut \\ud83d 😀"),
        (rb'{"content":"\\\ud83d","edited":"x"}', "content", "\\\ufffd"),
        (rb'{"content":{"text":"cut \ud83d"}}', "content", "cut \ufffd"),
        (rb'{"content":{"text":"cut \ud83d"}}', "content_json", '{"text":"cut \ufffd"}'),
        (rb'{"properties":{"k":"\ud83d"}}', "properties", '{"k":"\ufffd"}'),
        (rb'{"properties":{"k":"\ud83d\ude00"}}', "properties", r'{"k":"\ud83d\ude00"}'),
        (rb'{"user":{"nickname":"\ud83d"},"properties":["\udc00"]}', "properties", '["\ufffd"]'),
        (rb'{"content":"\ud83d","properties":"\\ud83d"}', "properties", r'"\\ud83d"'),
        (rb'{"novel":"\ud83d"}', "extra", '{"novel":"\ufffd"}'),
        (b'{"content":"bad \xff byte"}', "content", "bad \ufffd byte"),
        (b'{"properties":"bad \xff byte"}', "properties", '"bad \ufffd byte"'),
        (b'{"content":"line\nbreak"}', "content", "line\nbreak"),
        (b'{"properties":{"k":NaN},"content":"x"}', "properties", '{"k":null}'),
        (b'{"timestamp":-Infinity,"content":"x"}', "content", "x"),
        (rb'{"content":"C:\x41 \ud8 \/"}', "content", "C:�x41 �ud8 /"),
        (b'{"content":"x","properties":' + b"1" * 5000 + b"}", "properties", "1" * 5000),
        (b'{"timestamp":1e999,"content":"x"}', "extra", '{"timestamp":"1e999"}'),
        (b'{"novel":' + b"1" * 5000 + b"}", "extra", f'{{"novel":"{"1" * 5000}"}}'),
        (b'{"properties": {"k" : [1,\t2]} , "content": "a: b"}', "content", "a: b"),
    ],
)
def test_json_that_strict_decoders_refuse_loses_no_page(text, column, value):
    builder = tables.Builder("messages")
    builder.add(body(text + b',{"content":"fine"}'))
    frame = builder.frame()
    assert frame[column].iloc[0] == value
    assert frame["content"].iloc[1] == "fine"


@pytest.mark.parametrize("spaces", [{"indent": 2}, {"separators": (", ", ": ")}])
def test_json_is_compact_however_it_was_spaced(spaces):
    record = {"content": {"text": "a : b,  c", "id": "x"}, "properties": {"k": [1, {"l": "m n"}]}}
    spaced = json.dumps({"error": False, "data": [record]}, **spaces).encode()
    builder = tables.Builder("messages")
    builder.add(spaced)
    row = builder.frame().iloc[0]
    assert row["properties"] == '{"k":[1,{"l":"m n"}]}'
    assert row["content_json"] == '{"text":"a : b,  c","id":"x"}'


def test_line_breaks_inside_an_otherwise_compact_answer_are_dropped():
    row = one("messages", b'{"properties":{"k":\n1},"preview":[]}')
    assert row["properties"] == '{"k":1}'


def test_more_unknown_fields_than_the_decoder_learns_all_survive():
    builder = tables.Builder("events")
    keys = [f"key {i}" for i in range(3 * building._MOST_EXTRA_PATHS)] + [
        '"quoted"',
        "tab\t",
        "dotted.key",
        "",
    ]
    random.Random(1).shuffle(keys)
    for key in keys + keys[:50]:
        builder.add(json.dumps({"error": False, "data": [{key: 1}]}).encode())
    found = [json.loads(text) for text in builder.frame()["extra"]]
    assert found == [{key: 1} for key in keys + keys[:50]]
    assert len(builder._plan.extra_paths) == building._MOST_EXTRA_PATHS


def test_an_unknown_field_on_every_record_surprises_once(monkeypatch):
    surprises = []
    take_apart = tables.Builder._add_one_by_one
    monkeypatch.setattr(
        tables.Builder,
        "_add_one_by_one",
        lambda self, *given: surprises.append(1) or take_apart(self, *given),
    )
    builder = tables.Builder("messages")
    for n in range(50):
        builder.add(body(b'{"fingerprint":%d,"tomorrow":{"x":1},"edited":"no","user":"me"}' % n))
    assert len(surprises) == 1
    extra = builder.frame()["extra"]
    assert extra.unique().tolist() == ['{"edited":"no","tomorrow":{"x":1},"user":"me"}']


def test_rows_become_columns_batch_by_batch(monkeypatch):
    monkeypatch.setattr(building, "_BATCH", 10)
    builder = tables.Builder("messages")
    for n in range(95):
        builder.add(body(b'{"session_id":"s","fingerprint":%d}' % n))
        assert len(builder._rows) < 10
    assert len(builder) == 95
    assert builder.frame()["fingerprint"].tolist() == list(range(95))


@pytest.mark.parametrize(
    ("table", "source", "column"),
    [("people", "score", "score"), ("messages", "fingerprint", "fingerprint")],
)
@pytest.mark.parametrize("before", [b"", b'{"zz":1},', b'{"%s":"x"},'])
def test_a_whole_number_that_a_column_would_round_is_in_extra(table, source, column, before):
    number = 2**53 + 1 if table == "people" else -(2**63) - 1
    builder = tables.Builder(table)
    rows = before.replace(b"%s", source.encode()) + f'{{"{source}":{number}}}'.encode()
    builder.add(b'{"error":false,"data":[' + rows + b"]}", website_id="w")
    last = builder.frame().iloc[-1]
    assert pd.isna(last[column])
    assert json.loads(last["extra"]) == {source: number}


@pytest.mark.parametrize("number", [2**53, -(2**53), 0, 7, 0.5, 1e300, 7.0])
def test_a_number_that_is_exact_stays_in_its_column(number):
    builder = tables.Builder("people")
    builder.add(json.dumps({"data": [{"score": number}]}).encode(), website_id="w")
    assert builder.frame()["score"].tolist() == [float(number)]
