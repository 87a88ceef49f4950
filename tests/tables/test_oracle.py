"""Frames from bytes equal what plain, slow Python reads from the same JSON."""

import json
from datetime import UTC, datetime, timedelta
from functools import reduce

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import example, given

from crisp_data import tables
from crisp_data.sandbox import Sandbox
from crisp_data.tables import builder as building
from crisp_data.tables.message_text import readable

MISSING = object()
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST, LAST = -62_135_596_800_000, 253_402_300_799_999  # 0001-01-01 to 9999-12-31


def envelope(records, ascii_only=False, separators=(",", ":")):
    body = {"error": False, "reason": "listed", "data": records}
    text = json.dumps(body, ensure_ascii=ascii_only, separators=separators)
    return text.encode("utf-8", "backslashreplace")


def at(record, path):
    return reduce(
        lambda value, key: value.get(key) if isinstance(value, dict) else None, path, record
    )


def fitting(column, value):
    """What the column shows of a JSON value, or MISSING where it cannot hold it."""
    name = column.kind.name
    if value is None or name == "json" or column.read:
        return value
    whole = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    fits = {
        "text": isinstance(value, str),
        "category": value in column.kind.categories if isinstance(value, str) else False,
        "flag": isinstance(value, bool),
        "integer": whole and -(2**63) <= value < 2**63,
        "time": whole and FIRST <= value <= LAST,
        "real": isinstance(value, float) or (whole and abs(value) <= 2**53),
        "texts": isinstance(value, list) and all(isinstance(item, str) for item in value),
    }[name]
    return value if fits else MISSING


def expected(table, record, constants):
    """One row as plain values, ``extra`` as a dict."""
    row, extra, known = {}, {}, {}
    for column in table.declared:
        for source in column.sources:
            known.setdefault(tuple(source.split(".")), column)
    known |= {tuple(path.split(".")): None for path in table.withheld}

    def walk(value, path):
        if value is None or (path in known and known[path] is None):
            return
        if path in known:
            if fitting(known[path], value) is MISSING:
                extra[".".join(path)] = value
        elif isinstance(value, dict) and any(p[: len(path)] == path for p in known):
            for key, part in value.items():
                walk(part, (*path, key))
        else:
            extra[".".join(path)] = value

    walk(record, ())
    for column in table.declared:
        found = [fitting(column, at(record, s.split("."))) for s in column.sources]
        row[column.name] = next((v for v in found if v is not None and v is not MISSING), None)
        if row[column.name] is None:
            row[column.name] = constants.get(column.name)
    if table.name == "messages":
        content = row["content"]
        row["content"] = readable(content)
        row["content_json"] = None if isinstance(content, str) else content
    return row | {"extra": extra or None}


def shown(table, frame):
    """The rows of a frame as plain values, JSON text parsed."""
    rows = []
    for record in frame.astype(object).to_dict("records"):
        row = {}
        for column in table.columns:
            value = record[column.name]
            if column.kind.name == "texts":
                value = None if value is None or value is pd.NA else list(value)
            elif pd.isna(value):
                value = None
            elif column.kind.name == "json":
                value = json.loads(value)
            elif column.kind.name == "time":
                value = (value.to_pydatetime() - EPOCH) // timedelta(milliseconds=1)
            row[column.name] = value
        rows.append(row)
    return rows


def whole(value):
    """Replace the halves of surrogate pairs, as the frame does."""
    text = json.dumps(value, ensure_ascii=False)
    return json.loads("".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text))


def unordered(name):
    """A builder that keeps every row where it came, so that rows can be compared one by one."""
    builder = tables.Builder(name)
    builder.table = tables.Table(name, "", builder.table.declared, key=builder.table.key)
    return builder


texts = st.text(st.characters(exclude_categories=()), max_size=8)
numbers = st.integers() | st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | texts
keys = st.text(st.characters(exclude_characters=".", exclude_categories=("Cs",)), max_size=4)
anything = st.recursive(
    scalars, lambda part: st.lists(part, max_size=3) | st.dictionaries(keys, part, max_size=3)
)


def right(column):
    """Values that the column is meant to hold, each sometimes written as a float."""
    kind = column.kind
    return {
        "text": texts,
        "category": st.sampled_from(kind.categories or ("",)),
        "flag": st.booleans(),
        "integer": st.integers(-(2**63), 2**63 - 1) | st.just(1.0),
        "time": st.integers(FIRST, LAST) | st.just(1.6e12),
        "real": numbers,
        "texts": st.lists(texts, max_size=3),
        "json": anything,
    }[kind.name]


@st.composite
def records(draw, table):
    record = {}
    columns = draw(st.lists(st.sampled_from(table.declared), max_size=6))
    for column in columns:
        *way, last = draw(st.sampled_from(column.sources)).split(".")
        place = record
        for key in way:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                break
            place = inner
            if draw(st.integers(0, 9)) == 0:
                place[draw(keys)] = draw(anything)
        else:
            place[last] = draw(st.one_of(right(column), anything))
    if draw(st.integers(0, 4)) == 0:
        record[draw(keys)] = draw(anything)
    if record and draw(st.integers(0, 9)) == 0:
        record[draw(st.sampled_from([*record]))] = draw(anything)
    return record


@st.composite
def answers(draw):
    name = draw(st.sampled_from([*tables.TABLES]))
    table = tables.TABLES[name]
    return name, draw(st.lists(st.lists(records(table), max_size=4), min_size=1, max_size=4))


def unidentified(table, pages):
    """Take away what identifies a row, so that no row is taken for another's double."""
    last = next(c for c in table.declared if c.name == table.key[-1])
    for record in (record for page in pages for record in page):
        for source in last.sources:
            *way, leaf = source.split(".")
            place = at(record, way) if way else record
            if isinstance(place, dict):
                place.pop(leaf, None)


@given(answers(), st.booleans(), st.sampled_from([(",", ":"), (", ", ": ")]))
@example(("operators", [[{"website_id": []}], [{"website_id": []}]]), False, (",", ":"))
@example(("messages", [[{"edited": "x"}, {"edited": True}], [{"user": 3}]]), True, (",", ":"))
@example(("people", [[{"score": 2**53 + 1}], [{"score": 2**53}]]), False, (",", ":"))
@example(("people", [[{"score": "x"}, {"score": -(2**53) - 1}, {"score": 7}]]), False, (",", ":"))
@example(("messages", [[{"edited": 5, "fingerprint": -(2**63) - 1}]]), False, (",", ":"))
@example(
    (
        "visitors",
        [
            [{"session_id": "", "geolocation": {"coordinates": {"latitude": []}}}],
            [{"": None}, {"geolocation": {"coordinates": {"": None, "latitude": 2.0**53 + 2}}}],
        ],
    ),
    False,
    (",", ":"),
)
def test_any_json_becomes_the_same_rows_as_in_plain_python(answer, ascii_only, separators):
    name, pages = answer
    table = tables.TABLES[name]
    unidentified(table, pages)
    constants = {} if name == "websites" else {"website_id": "w"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(building, "_BATCH", 3)
        builder = unordered(table.name)
        for page in pages:
            builder.add(envelope(page, ascii_only, separators), **constants)
    rows = [expected(table, whole(record), constants) for page in pages for record in page]
    assert shown(table, builder.frame()) == rows
    assert builder.frame().dtypes.equals(tables.empty(table.name).dtypes)


NUMBERS = [
    sign + number
    for sign in ("", "-")
    for number in (
        *("0", "0.0", "1", "1.0", "1.5", "0.1", "1e2", "1e22", "1e300", "5e-324"),
        *("9007199254740992", "9007199254740992.0"),  # 2**53
        *("9007199254740993", "9007199254740993.0", "9007199254740994", "9007199254740994.0"),
        *("9223372036854775807", "9223372036854775808", "9223372036854775808.0"),  # 2**63
        *("18446744073709551615", "18446744073709551616", "18446744073709551616.0"),  # 2**64
        *("123456789012345678", "123456789012345678.0", "1" + 30 * "0", "1" + 30 * "0" + ".0"),
    )
]


@pytest.mark.parametrize(
    ("name", "path", "column"),
    [
        ("visitors", ("geolocation", "coordinates", "latitude"), "latitude"),
        ("messages", ("fingerprint",), "fingerprint"),
        ("messages", ("timestamp",), "timestamp"),
    ],
)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_read_alike_whatever_stands_beside_it(name, path, column, number):
    """On a page that fits, beside a record that does not, and where its place held a list."""
    record, wrong = number, "[]"
    for key in reversed(path):
        record, wrong = f'{{"{key}":{record}}}', f'{{"{key}":{wrong}}}'
    found = []
    for pages in [record], [f'{{"?":1}},{record}'], [wrong, record], [f"{wrong},{record}", record]:
        builder = unordered(name)
        for page in pages:
            builder.add(f'{{"error":false,"reason":"listed","data":[{page}]}}'.encode())
        row = builder.frame().iloc[-1]
        extra = None if pd.isna(row["extra"]) else json.loads(row["extra"])
        found.append((row[column], extra))
    assert len({repr(one) for one in found}) == 1
    value, extra = found[0]
    assert (extra is None) == (not pd.isna(value))
    assert extra is not None or column == "timestamp" or value == json.loads(number)


@pytest.fixture(scope="module")
def sandbox():
    return Sandbox(seed=3, conversations=400)


@pytest.mark.parametrize("name", ["conversations", "messages", "people", "operators"])
def test_the_sandbox_s_records_survive_whole(sandbox, name):
    truth = sandbox.truth(name)
    table = tables.TABLES[name]
    builder = unordered(name)
    for start in range(0, len(truth), 40):
        builder.add(envelope(truth[start : start + 40]))
    assert shown(table, builder.frame()) == [expected(table, whole(r), {}) for r in truth]


def test_the_sandbox_s_threads_come_out_in_its_own_order(sandbox):
    truth = sandbox.truth("messages")
    builder = tables.Builder("messages")
    for session in dict.fromkeys(r["session_id"] for r in truth):
        thread = [r for r in truth if r["session_id"] == session]
        for end in range(len(thread), 0, -20):  # newest batch first, each overlapping the next
            builder.add(envelope(thread[max(end - 25, 0) : end]))
    frame = builder.frame()
    assert frame[["session_id", "fingerprint"]].values.tolist() == [
        [r["session_id"], r["fingerprint"]] for r in truth
    ]


def as_number(value):
    return ord(value) if isinstance(value, str) else value


def kept(table, rows):
    """The rows that stay, in order, by the rules of a table and one row at a time."""
    key = [next(c for c in table.declared if c.name == name).sources[0] for name in table.key]
    last = {tuple(row.get(k) for k in key): n for n, row in enumerate(rows)}
    stay = [
        row
        for n, row in enumerate(rows)
        if row.get(key[-1]) is None or last[tuple(row.get(k) for k in key)] == n
    ]
    first = {}
    for row in rows:
        first.setdefault(row.get("session_id"), len(first))
    ranks = {
        "arrival": lambda v: first[v],
        "ascending": as_number,
        "descending": lambda v: -as_number(v),
    }
    for name, how in reversed(table.order):  # sorts are stable, so the first rule goes last
        present = [row for row in stay if row.get(name) is not None]
        present.sort(key=lambda row, name=name, how=how: ranks[how](row[name]))
        stay = present + [row for row in stay if row.get(name) is None]
    return stay


@given(st.data())
def test_what_stays_of_doubles_is_what_stays_in_plain_python(data):
    name = data.draw(st.sampled_from(["messages", "conversations", "pages"]))
    few = {"session_id": st.sampled_from("ab"), "page_url": st.sampled_from("xy")}
    numbers = ("fingerprint", "timestamp", "updated_at", "created_at")
    fields = few | dict.fromkeys(numbers, st.integers(0, 3))
    known = {c.sources[0] for c in tables.TABLES[name].declared}
    optional = {key: draw for key, draw in fields.items() if key in known}
    session = {"session_id": optional.pop("session_id")}
    row = st.fixed_dictionaries(session, optional=optional)
    rows = data.draw(st.lists(row, max_size=12))
    builder = tables.Builder(name)
    for start in range(0, len(rows), 5):
        builder.add(envelope(rows[start : start + 5]))
    found = shown(tables.TABLES[name], builder.frame())
    assert [{k: v for k, v in r.items() if v is not None} for r in found] == kept(
        tables.TABLES[name], rows
    )
