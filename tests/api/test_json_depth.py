"""The depth of JSON, against a walk over what a decoder reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisp_data.api.json_depth import deeper_than


def depth(value: object) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


texts = st.text(st.sampled_from('[]{}"\\,:a \u00e9'), max_size=6)
values = st.recursive(
    texts | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=15,
)


@given(values, st.integers(1, 6), st.booleans(), st.sampled_from([None, 1]))
def test_it_is_what_a_decoder_finds(value, levels, ascii_only, indent) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    assert deeper_than(body, levels) == (depth(value) > levels)


@pytest.mark.parametrize(
    ("body", "deeper"),
    [
        (b'["[[[[[["]', False),
        (b'["\\"[[[[", "\\\\", "[[\\\\\\"[["]', False),
        (b'["\\"[[[[", "\\\\", [[[]]]]', True),
        (b'["]",["]",["]",["["],"["],"["],"["]', True),  # as if all of them were closed
        (b"[{},{},{},[],[]]", False),
        (b'[{"a":[{}]}]', True),
        (b"[" * 9, True),
        (b'[{"a":[{"b":[', True),
        (b"\xef\xbb\xbf [[[[]]]]", True),
        (b"<html>[[[[[[", False),
        (b"", False),
    ],
)
def test_strings_and_cuts(body: bytes, deeper: bool) -> None:
    assert deeper_than(body, 3) is deeper
