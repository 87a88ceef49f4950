"""Lists of Arrow are tuples in a frame: each value, each gap and each empty one as it was."""

import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisp_data import export, tables
from crisp_data.privacy import pseudonymise
from crisp_data.tables.list_columns import is_plain_list, tuples

VALUES = {
    pa.string(): st.text(max_size=3),
    pa.large_string(): st.text("0,1", max_size=3),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.bool_(): st.booleans(),
}
KINDS = [make(inner) for inner in VALUES for make in (pa.list_, pa.large_list)]


def held(rows, kind):
    return [None if row is None else tuple(row) for row in pa.array(rows, kind).to_pylist()]


def seen(values):
    return [repr(value) for value in values]  # -0.0 is not 0.0, and True is not 1


@given(st.data())
def test_every_list_is_the_tuple_of_its_values(data):
    kind = data.draw(st.sampled_from(KINDS))
    one = st.none() | st.lists(st.none() | VALUES[kind.value_type], max_size=3)
    rows = data.draw(st.lists(one, max_size=8))
    cut = data.draw(st.integers(0, len(rows)))
    parts = [pa.array(rows, kind)[cut:], pa.array(rows, kind)[:cut]]
    found = tuples(pa.chunked_array(parts, kind))
    assert found.dtype == object
    assert seen(found) == seen(held([*rows[cut:], *rows[:cut]], kind))


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_gaps_slices_and_what_looks_alike(kind):
    few = {
        "bool": [True, False], "double": [-0.0, 0.0], "int64": [11, 1],
        "string": ["", ","], "large_string": ["1", "0,1"],
    }[str(kind.value_type)]  # fmt: skip
    rows = [few, [], None, few[:1], [None], [few[1], None], few[::-1], few, [few[0], few[0]], []]
    for start in (0, 3):
        part = pa.array(rows, kind)[start:]
        found = tuples(pa.chunked_array([part, part[:0]]))
        assert seen(found) == seen(held(rows[start:], kind))
    assert len({id(cell) for cell in tuples(pa.chunked_array([pa.array(rows, kind)]))}) == 8
    assert tuples(pa.chunked_array([], kind)).tolist() == []


def test_other_nested_types_stay_with_arrow():
    nested = [
        pa.list_(pa.list_(pa.string())), pa.list_(pa.struct({"a": pa.int8()})),
        pa.list_(pa.timestamp("ns")), pa.map_(pa.string(), pa.string()), pa.list_(pa.int8(), 2),
    ]  # fmt: skip
    for kind in nested:
        assert not is_plain_list(kind)
        frame = tables.to_frame(pa.table({"x": pa.array([None], kind)}))
        assert frame["x"].dtype == pd.ArrowDtype(kind)


UNUSUAL = [
    (pa.null(), [[], [], None, [None], [None, None]]),  # of pandas, where no list holds a value
    (pa.string_view(), [["a", None], [], None, ["b"], ["a", None]]),
    (pa.float16(), [[0.5, None], [], None, [-0.0], [0.5, None]]),
]


@pytest.mark.parametrize(("inner", "rows"), UNUSUAL, ids=["null", "string_view", "halffloat"])
@pytest.mark.parametrize("make", [pa.list_, pa.large_list], ids=["list", "large_list"])
def test_lists_of_an_unusual_type_are_tuples_too(inner, rows, make, tmp_path):
    kind = make(inner)
    parts = [pa.array(rows, kind)[2:], pa.array(rows, kind)[:2]]
    assert seen(tuples(pa.chunked_array(parts, kind))) == seen(held([*rows[2:], *rows[:2]], kind))
    pa.parquet.write_table(pa.table({"x": pa.array(rows, kind)}), tmp_path / "other.parquet")
    frame = export.read(tmp_path / "other.parquet")
    assert seen(frame["x"]) == seen(held(rows, kind))
    assert len(frame.drop_duplicates("x")) == 4
    assert frame["x"].str.len().tolist()[:2] == [len(rows[0]), 0]
    assert len(frame.explode("x")) == sum(max(1, len(row or ())) for row in rows)
    again = export.read(export.write(tmp_path / "again.parquet", frame))
    pd.testing.assert_frame_equal(again, frame)
    arrow = pd.DataFrame({"x": pd.Series(pd.arrays.ArrowExtensionArray(pa.array(rows, kind)))})
    for ending in ("parquet", "jsonl", *([] if pa.types.is_floating(inner) else ["xlsx"])):
        back = export.read(export.write(tmp_path / f"a.{ending}", arrow))
        assert seen(back["x"]) == seen(frame["x"])


@pytest.mark.parametrize("table", [None, "conversations"])
def test_a_file_of_pandas_in_which_every_list_is_empty(table, tmp_path):
    own = conversations([], [])
    own.to_parquet(tmp_path / "pandas.parquet")
    frame = export.read(tmp_path / "pandas.parquet", table)
    assert frame["segments"].tolist() == [(), ()]
    assert len(frame.drop_duplicates("segments")) == 1
    for ending in ("parquet", "jsonl", "xlsx"):
        back = export.read(export.write(tmp_path / f"a.{ending}", frame))
        assert back["segments"].tolist() == [(), ()]


def test_a_column_keeps_its_place_and_its_name():
    columns = [pa.array([["a"], None]), pa.array([1, 2]), pa.array([[], ["b", "a"]])]
    frame = tables.to_frame(pa.table(columns, ["x", "n", "x"]))
    assert frame.columns.tolist() == ["x", "n", "x"]
    assert frame.iloc[:, 0].tolist() == [("a",), None]
    assert frame.iloc[:, 2].tolist() == [(), ("b", "a")]


def test_the_schema_says_what_an_object_is():
    schema = tables.schema("conversations").set_index("column")
    objects = schema[schema["dtype"] == "object"]
    assert {"segments", "locales", "mentions"} <= set(objects.index)
    assert objects["meaning"].str.endswith(": a tuple of texts").all()
    assert not schema.drop(objects.index)["meaning"].str.contains("tuple").any()


def conversations(*segments):
    rows = [{"session_id": f"s{n}", "meta": {"segments": one}} for n, one in enumerate(segments)]
    builder = tables.Builder("conversations")
    builder.add(json.dumps({"error": False, "data": rows}).encode())
    return builder.frame()


@pytest.mark.parametrize("segments", [[None, None], [[], []], [["a"], None], []])
def test_a_file_has_lists_also_where_no_row_has_any(tmp_path, segments):
    frame = conversations(*segments)
    for gap in (None, np.nan, pd.NA):
        own = frame.assign(segments=frame["segments"].map(lambda v, g=gap: g if v is None else v))
        own["segments"] = own["segments"].astype(object)
        path = export.write(tmp_path / "a.parquet", own)
        schema = pa.parquet.read_schema(path)
        assert schema.field("segments").type == pa.list_(pa.string())
        pd.testing.assert_frame_equal(export.read(path), frame)


def test_tuples_of_text_are_lists_whoever_made_them(tmp_path):
    """Equal ones may be several objects; among ones of no text they are no lists of text."""
    made = [(word,) for word in ("a", "b", "a", "b")]
    assert len(set(map(id, made))) == len(made)
    frame = pd.DataFrame({"x": pd.Series([*made, None, ()], dtype=object)})
    back = pd.read_parquet(export.write(tmp_path / "a.parquet", frame))["x"]
    assert [None if v is None else tuple(v) for v in back] == [*made, None, ()]
    mixed = pd.DataFrame({"x": pd.Series([("a",), (1,), (True,)], dtype=object)})
    assert export.read(export.write(tmp_path / "a.parquet", mixed))["x"].tolist() == [
        '["a"]', "[1]", "[true]"
    ]  # fmt: skip


def test_private_lists_are_tuples_too():
    private = pseudonymise(conversations(["vip"], None, []), key="not-for-production")
    assert private["segments"].tolist() == [("vip",), None, ()]
    assert len(private.drop_duplicates("segments")) == 3
