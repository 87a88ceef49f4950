"""Repair changes what no strict decoder reads, and nothing else."""

from __future__ import annotations

import json
import re
import time

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crisp_data import tables
from crisp_data.api import envelope, json_repair
from crisp_data.api.json_repair import loaded, repaired
from crisp_data.errors import BadAnswer

ODD = [
    (b"NaN", b"null"),
    (b"Infinity", b"null"),
    (b"-Infinity", b"null"),
    (b"1e999", b'"1e999"'),
    (b"-1E+999", b'"-1E+999"'),
    (b"7" * 5_000, b'"' + b"7" * 5_000 + b'"'),
    (b'"a\xffb"', '"a\ufffdb"'.encode()),
    (b'"\xe4\xb8"', '"\ufffd"'.encode()),
    (b'"\xed\xa0\xbd"', '"\ufffd\ufffd\ufffd"'.encode()),
    (b'"\\ud83d"', '"\ufffd"'.encode()),
    (b'"\\uDE00\\uD83D"', '"\ufffd\ufffd"'.encode()),
    (b'"\\ud83d\\ud83d\\ude00"', '"\ufffd\\ud83d\\ude00"'.encode()),
    (b'"\\\\\\ud83d"', '"\\\\\ufffd"'.encode()),
    (b'"C:\\x\\u12 \\U"', '"C:\ufffdx\ufffdu12 \ufffdU"'.encode()),
    (b'"a\nb\tc\x00d"', b'"a\\nb\\tc\\u0000d"'),
    (b'{"a\n\\ud83d":NaN}', '{"a\\n\ufffd":null}'.encode()),
]
# What looks odd and is none, or has to stay as it was written.
FINE = [
    b'"NaN, Infinity, 1e999"',
    b'"\\\\ud83d \\ud83d\\ude00 \\" \\/ \\u0000"',
    '"\u2028 \U0001f600 \x7f"'.encode(),
    b"1.10",
    b"-0.0e-7",
    b"123456789012345678901234567890",
    b'[ 1 ,\t2,\r\n{ "k" : [ true , null ] } ]',
    b'{"k":1,"k":2}',
]


def answer(*values: bytes) -> bytes:
    return b'{"error":false,"reason":"listed","data":[' + b",".join(values) + b"]}"


@pytest.mark.parametrize(("odd", "read"), ODD, ids=[repr(odd[:20]) for odd, _ in ODD])
def test_one_odd_value_is_replaced_and_all_else_is_byte_for_byte_the_same(
    odd: bytes, read: bytes
) -> None:
    body = answer(*FINE, odd, *FINE)
    assert repaired(body) == answer(*FINE, read, *FINE)
    assert repaired(repaired(body)) == repaired(body)
    fine = envelope.data(answer(*FINE))
    assert envelope.data(body) == [*fine, msgspec.json.decode(read), *fine]


def test_a_byte_order_mark_is_dropped() -> None:
    body = b"\xef\xbb\xbf" + answer(*FINE)
    assert repaired(body) == answer(*FINE)
    assert envelope.data(body) == envelope.data(answer(*FINE))


@pytest.mark.parametrize("body", [answer(*FINE), *FINE], ids=repr)
def test_what_is_strict_stays(body: bytes) -> None:
    assert repaired(body) == body


NO_JSON = [
    b'{"error":false,"data":[1,]}',
    b'{"error":false,"data":[1 2]}',
    b'{"error":false,"data":01}',
    b'{"error":false,"data":+1}',
    b'{"error":false,"data":.5}',
    b'{"error":false,"data":1.}',
    b'{"error":false,"data":-NaN}',
    b'{"error":false,"data":nan}',
    b'{"error":false,"data":undefined}',
    b"{\"error\":false,\"data\":'a'}",
    b'{"error":false,"data":"a\\"}',
    b'{"error":false,"data":1}\x00',
    b'{"error":false,\x00"data":1}',
    b'{"error":false,"data":1} // a comment',
    b'\xff\xfe{\x00}\x00',
]  # fmt: skip


@pytest.mark.parametrize("body", NO_JSON, ids=repr)
def test_what_would_be_a_guess_stays_an_error(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        envelope.data(body)


def test_a_cut_answer_stays_an_error_wherever_it_was_cut() -> None:
    """Each part of it that could be taken for the whole would end a list early."""
    body = answer(*FINE, *(odd for odd, _ in ODD if len(odd) < 100))
    assert envelope.data(body)
    for end in range(len(body)):
        with pytest.raises(BadAnswer):
            envelope.data(body[:end])


values = st.recursive(
    st.text(max_size=8) | st.integers() | st.floats() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@given(values, st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=3))))
@example([], [(0.5, b'"')])
def test_no_damage_makes_it_fail_otherwise_and_it_is_never_done_twice(
    value: object, damages: list[tuple[float, bytes]]
) -> None:
    body = json.dumps(value).encode()
    for at, damage in damages:
        place = round(at * len(body))
        body = body[:place] + damage + body[place + len(damage) :]
    once = repaired(body)
    assert repaired(once) == once
    once.decode()
    try:
        read = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return
    assert once == body
    assert msgspec.json.decode(once) == read


@given(values)
def test_it_reads_what_the_standard_library_writes(value: object) -> None:
    """Which writes NaN and Infinity; the referee reads them as null."""
    text = json.dumps(value)
    assert loaded(text) == json.loads(text, parse_constant=lambda name: None)


def test_a_clean_page_is_never_repaired(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_repair, "_ESCAPE", None)  # whoever repairs needs it
    with pytest.raises(AttributeError):
        envelope.data(answer(b"NaN"))
    body = answer(b'{"session_id":"s","content":"\\ud83d\\ude00","novel":{"k":[1.10]}}')
    page = envelope.Page(body, 200)
    assert envelope.refusal(200, body, None, "GET") is None
    assert len(page.records) == 1
    for table in ("messages", "conversations"):
        builder = tables.Builder(table)
        builder.add(body)
        assert len(builder.frame()) == 1


HARD = {
    "texts": b'["a\tb",NaN,"\\ud83d","\xff",1e999]',
    "open quotes": b'"a\n\\"',
    "backslashes": b'"\n\\\\\\',
    "halves": b"\\ud83d\\u12",
    "brackets": b'[{"\n',
    "digits": b"1 ",
    "dots": b"-1.5.",
    "words": b"NaN NaN",
}


class Counted:
    """Counts the bytes of a pattern's matches, and how often it had to be asked."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.pattern, self.calls = pattern, 0

    def sub(self, replace, body: bytes) -> bytes:
        def counting(found: re.Match[bytes]) -> bytes:
            self.calls += 1
            return replace(found)

        return self.pattern.sub(counting, body)


@pytest.mark.parametrize("piece", HARD.values(), ids=HARD)
def test_the_steps_of_a_repair_grow_with_the_length(
    piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = Counted(json_repair._TOKEN)
    monkeypatch.setattr(json_repair, "_TOKEN", token)
    steps = []
    for times in (500, 2_000):
        token.calls = 0
        repaired(b"[" + piece * times + b"]")
        steps.append(token.calls)
    assert steps[1] <= 4 * steps[0] + 10


@pytest.mark.slow
@pytest.mark.parametrize("piece", HARD.values(), ids=HARD)
def test_the_time_of_a_repair_grows_with_the_length(piece: bytes) -> None:
    """Eight times the page takes some eight times as long, and not sixty-four."""

    def seconds(times: int) -> float:
        body = b"[" + piece * times + b"]"
        found = []
        for _ in range(3):
            start = time.process_time()
            repaired(body)
            found.append(time.process_time() - start)
        return min(found)

    assert seconds(40_000) < 24 * seconds(5_000)
