"""expand() keeps every value as it was, in a dtype that says what it is."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crisp_data as crisp
from crisp_data import export, tables
from crisp_data.errors import BadParameter

BIG = 7234567890123456789


def expanded(*rows: object) -> pd.DataFrame:
    texts = [row if row is None or isinstance(row, str) else json.dumps(row) for row in rows]
    return crisp.expand(pd.DataFrame({"data": pd.array(texts, dtype="str")}), "data")


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([BIG, None], "Int64"),
        ([2**63 - 1, -(2**63), None], "Int64"),
        ([2**64 - 1, 0, None], "UInt64"),
        ([2**64, 1, None], "object"),
        ([-1, 2**64 - 1], "object"),
        ([1, 2.5, None], "Float64"),
        ([2**53 + 1, 0.5], "object"),
        ([1e300, -0.0, None], "Float64"),
        ([True, False, None], "boolean"),
        ([True, 1], "object"),
        (["a", "", None], "str"),
        ([1, "a", 2.5, None], "object"),
        ([[1, [BIG]], [], None], "object"),
        ([{}, None], "object"),
        ([None, None], "object"),
    ],
)
def test_values_and_dtypes_where_some_rows_lack_the_key(values, dtype):
    found = expanded(*[{"k": value} for value in values], {}, None)["k"]
    assert str(found.dtype) == dtype
    back = [None if pd.api.types.is_scalar(v) and pd.isna(v) else v for v in found]
    wanted = [*map(tupled, values), None, None]
    assert back == wanted
    if dtype == "object":  # True is not 1
        assert list(map(repr, back)) == list(map(repr, wanted))


def tupled(value: object) -> object:
    return tuple(map(tupled, value)) if isinstance(value, list) else value


def test_lists_are_tuples_which_pandas_can_compare():
    found = expanded({"tags": ["a", ["b"]]}, {"tags": []}, {"tags": ["a", ["b"]]}, {})
    assert len(found.drop_duplicates()) == 3
    assert found["tags"].value_counts().tolist() == [2, 1]
    assert found["tags"].explode().tolist()[:2] == ["a", ("b",)]


def test_a_dotted_key_and_a_nested_one_are_two_columns():
    found = expanded({"a.b": 1, "a": {"b": 2}})
    assert found.to_dict("records") == [{'"a.b"': 1, "a.b": 2}]
    # A key has one name, whatever the other rows hold.
    assert expanded({"a.b": 1}).columns.tolist() == ['"a.b"']
    assert expanded({"a": {"b": 2}}).columns.tolist() == ["a.b"]


def test_an_object_and_a_value_under_one_key_are_both_kept():
    found = expanded({"a": 1}, {"a": {"b": 2}}, {"a": {}})
    assert found["a"].tolist() == [1, None, {}]
    assert found["a.b"].tolist() == [pd.NA, 2, pd.NA]


keys = st.text('ab."\\', max_size=3)
leaves = st.none() | st.booleans() | st.integers() | st.text("ab", max_size=2) | st.just({})
objects = st.recursive(leaves, lambda inner: st.dictionaries(keys, inner, max_size=3), max_leaves=6)


def plain(value: object) -> str:
    return repr(value.item() if hasattr(value, "item") else value)


def paths(value: dict, before: tuple = ()):
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from paths(inner, (*before, key))
        else:
            yield (*before, key), inner


@given(st.lists(st.dictionaries(keys, objects, max_size=3), min_size=1, max_size=3))
def test_no_two_paths_share_a_column(rows):
    found = expanded(*rows)
    wanted = [dict(paths(row)) for row in rows]
    assert len(found.columns) == len({path for row in wanted for path in row})
    for position, row in enumerate(wanted):
        cells = [found[name].tolist()[position] for name in found]
        there = [v for v in cells if isinstance(v, dict) or not pd.isna(v)]
        assert sorted(map(plain, there)) == sorted(repr(v) for v in row.values() if v is not None)


def test_rows_index_and_names_that_the_frame_has_already():
    frame = pd.DataFrame(
        {"email": ["x"] * 3, "data": ['{"email":"y","index":1}', None, "null"]}, index=[7, 7, 9]
    )
    found = crisp.expand(frame, "data")
    assert found.index.tolist() == [7, 7, 9]
    assert found.columns.tolist() == ["email", "index"]
    assert found["email"].tolist()[0] == "y"


def test_what_no_double_and_no_unicode_holds_is_readable():
    found = expanded('{"n":1e400,"s":"cut \\ud83d","x":NaN,"\\ud83d":1}')
    assert found["n"].tolist() == ["1e400"]
    assert found["s"].tolist() == ["cut \ufffd"]
    assert found["x"].tolist() == [None]
    assert found["\ufffd"].tolist() == [1]


@pytest.mark.parametrize(
    "values", [["[1]"], ["5"], ["{broken"], ['{"a":1} secret'], [5], [True], [["a"]], ["[" * 10**5]]
)
def test_what_holds_no_objects_is_refused(values):
    frame = pd.DataFrame({"data": pd.Series(values, dtype=object)})
    with pytest.raises(BadParameter, match="does not hold JSON objects") as caught:
        tables.expand(frame, "data")
    assert "secret" not in str(caught.value)


def test_two_columns_of_one_name():
    frame = pd.DataFrame([["{}", "{}"]], columns=["data", "data"])
    with pytest.raises(BadParameter, match="Two columns"):
        crisp.expand(frame, "data")


@pytest.mark.parametrize("ending", export.ENDINGS)
def test_what_was_expanded_can_be_written(tmp_path, ending):
    found = expanded({"big": BIG, "l": [1, "a"], "e": {}, "huge": 2**70, "n": None}, {})
    back = crisp.read(crisp.write(tmp_path / f"a{ending}", found))
    assert int(back["big"][0]) == BIG
    assert back["l"][0] == '[1,"a"]'
    assert back["huge"][0] == str(2**70)
    assert pd.isna(back["big"][1])


@pytest.mark.parametrize("cell", [{1: 2}, {"a": {None: 1}}, {"a": 1, ("b",): 2}])
def test_keys_that_are_no_text_are_refused_by_name(cell):
    with pytest.raises(crisp.BadParameter, match="'data' does not hold JSON objects"):
        crisp.expand(pd.DataFrame({"data": pd.Series([cell], dtype=object)}), "data")


@pytest.mark.parametrize("column", [["data"], {"data"}, 5, None])
def test_what_names_no_column_is_refused(column):
    with pytest.raises(BadParameter, match="There is no column"):
        tables.expand(pd.DataFrame({"data": ["{}"]}), column)


def test_what_is_no_frame_is_refused_as_such():
    with pytest.raises(BadParameter, match="Series is not a DataFrame"):
        tables.expand(pd.Series(["{}"], name="data"), "data")


def test_text_that_is_not_unicode_stays_what_it_is():
    values = ["a\ud800", "b", None]
    found = crisp.expand(pd.DataFrame({"data": [{"name": value} for value in values]}), "data")
    assert found["name"].tolist() == values
