"""Frames that left as text come back as they were; JSON columns open up."""

import io
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crisp_data import tables
from crisp_data.errors import BadParameter
from crisp_data.sandbox import Sandbox


@pytest.fixture(scope="module")
def frames():
    sandbox = Sandbox(seed=5, conversations=60)
    made = {}
    for name in ("conversations", "messages", "people", "operators"):
        records = json.dumps(sandbox.truth(name))
        builder = tables.Builder(name)
        builder.add(b'{"error":false,"data":' + records.encode() + b"}")
        made[name] = builder.frame()
    return made


def listed(frame):
    """Lists as JSON text, as a file of text holds them."""
    columns = [n for n, dtype in frame.dtypes.items() if isinstance(dtype, pd.ArrowDtype)]
    as_json = {
        name: [None if v is None or v is pd.NA else json.dumps(list(v)) for v in frame[name]]
        for name in columns
    }
    return frame.assign(**as_json)


NAMES = ["conversations", "messages", "people", "operators"]


@pytest.mark.parametrize("name", NAMES)
def test_csv_comes_back_equal(frames, name):
    text = listed(frames[name]).to_csv(index=False)
    read = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, na_values=["\0"])
    back = tables.conform(read, name)
    expected = frames[name].copy()
    for column in expected.select_dtypes("str"):  # CSV does not tell empty text from none
        expected[column] = expected[column].fillna("")
        back[column] = back[column].fillna("")
    pd.testing.assert_frame_equal(back, expected)


@pytest.mark.parametrize("name", NAMES)
def test_parquet_and_arrow_come_back_equal(frames, name):
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frames[name]), sink)
    pd.testing.assert_frame_equal(tables.conform(pq.read_table(sink), name), frames[name])


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_stays_itself_with_its_index(frames, name):
    frame = frames[name].set_axis(range(7, 7 + len(frames[name])))
    pd.testing.assert_frame_equal(tables.conform(frame, name), frame)


def test_a_zone_is_kept_unless_another_is_asked_for(frames):
    paris = frames["messages"].assign(
        timestamp=frames["messages"]["timestamp"].dt.tz_convert("Europe/Paris")
    )
    pd.testing.assert_frame_equal(tables.conform(paris, "messages"), paris)
    pd.testing.assert_frame_equal(tables.conform(paris, "messages", "UTC"), frames["messages"])


def test_missing_columns_come_back_empty_and_foreign_ones_stay(frames):
    some = frames["people"][["people_id"]].assign(mine=1.5)
    back = tables.conform(some, "people")
    pd.testing.assert_series_equal(back.dtypes[:-1], tables.empty("people").dtypes)
    assert back["email"].isna().all()
    assert back["mine"].tolist() == [1.5] * len(some)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("state", "closed"), ("status", "two"), ("status", 1.5), ("created_at", "yesterday"),
        ("is_blocked", "perhaps"), ("segments", "vip"), ("segments", "7"), ("email", b"\xff"),
    ],
)  # fmt: skip
def test_what_a_column_cannot_hold_is_refused_by_name(column, value):
    with pytest.raises(BadParameter, match=column) as caught:
        tables.conform(pd.DataFrame({column: [value]}), "conversations")
    assert str(value) not in str(caught.value)


def test_a_column_of_mixed_types_is_refused_by_name():
    with pytest.raises(BadParameter, match="'email' mixes types"):
        tables.conform(pd.DataFrame({"email": ["a@example.com", 3]}), "conversations")


def test_expand_gives_a_column_for_each_key_and_keeps_the_index():
    frame = pd.DataFrame({"data": ['{"plan":"pro","a":{"b":1}}', None, "{}"]}, index=[5, 3, 5])
    opened = tables.expand(frame, "data")
    assert opened.index.tolist() == [5, 3, 5]
    assert opened.columns.tolist() == ["plan", "a.b"]
    assert opened["plan"].tolist()[0] == "pro"
    assert opened["plan"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize("name", NAMES)
def test_expand_of_nothing_is_nothing(name):
    assert tables.expand(tables.empty(name), "extra").shape == (0, 0)


@pytest.mark.parametrize("text", ["[1]", "plain", '"x"'])
def test_expand_refuses_what_is_no_object(text):
    with pytest.raises(BadParameter, match="JSON objects"):
        tables.expand(pd.DataFrame({"data": [text]}), "data")


def test_expand_refuses_a_column_that_is_not_there():
    with pytest.raises(BadParameter, match="no column 'dta'"):
        tables.expand(tables.empty("events"), "dta")
