"""One odd byte on a page: read at the first try by all that reads, for no request more."""

import dataclasses
import shutil

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data.sandbox import Sandbox

pytestmark = pytest.mark.reliability("servers")


class Odd(Sandbox):
    """A sandbox with one odd value in the first record of each list."""

    value = b""

    def respond(self, request):
        made = super().respond(request)
        field = b'"data":[{"odd":' + self.value + b","
        body = made.body.replace(b'"data":[{', field, 1) if self.value else made.body
        return dataclasses.replace(made, body=body)


VALUES = {
    "not a number": (b'{"a":1.10,"b":NaN}', '{"odd":{"a":1.10,"b":null}}'),
    "no finite number": (b"[-Infinity,1e5]", '{"odd":[null,1e5]}'),
    "too large": (b"1e999", '{"odd":"1e999"}'),
    "too long": (b"7" * 5_000, '{"odd":"' + "7" * 5_000 + '"}'),
    "control character": (b'"a\nb\x00"', '{"odd":"a\\nb\\u0000"}'),
    "no UTF-8": (b'"a\xffb"', '{"odd":"a\ufffdb"}'),
    "half an emoji": (b'"a\\ud83d \\u00e9"', '{"odd":"a\ufffd \\u00e9"}'),
    "no escape": (b'"C:\\x"', '{"odd":"C:\ufffdx"}'),
}


@pytest.fixture(scope="module")
def clean():
    """What is read, and what it costs, where nothing is odd."""
    with Sandbox(seed=1, conversations=30) as sandbox:
        yield pulled(sandbox)


def pulled(sandbox):
    waits = []
    ws = crisp.connect(sandbox=sandbox, sleep=waits.append)
    before = sandbox.stats()["requests"]
    conversations = ws.conversations()
    frames = [conversations, ws.messages(conversations.head(3)), ws.people()]
    again = [ws.conversations(), ws.messages(conversations.head(3)), ws.people()]
    for one, two in zip(frames, again, strict=True):
        pd.testing.assert_frame_equal(one, two)
    assert not waits
    return frames, sandbox.stats()["requests"] - before


@pytest.mark.parametrize(("value", "read"), VALUES.values(), ids=VALUES)
def test_it_is_read_at_the_first_try_and_all_else_is_as_it_was(clean, value, read):
    with Odd(seed=1, conversations=30) as sandbox:
        crisp.connect(sandbox=sandbox)
        sandbox.value = value
        frames, requests = pulled(sandbox)
    assert requests == clean[1]
    for frame, expected in zip(frames, clean[0], strict=True):
        odd = frame["extra"].fillna("").str.contains('"odd":')
        assert odd.any()
        assert read[1:-1] in frame["extra"][odd].iloc[0]
        columns = [name for name in frame.columns if name != "extra"]
        pd.testing.assert_frame_equal(frame[columns], expected[columns])
        pd.testing.assert_series_equal(frame["extra"][~odd], expected["extra"][~odd])


def synced(sandbox, folder):
    ws = crisp.connect(sandbox=sandbox, sleep=pytest.fail)
    before = sandbox.stats()["requests"]
    archive = ws.archive(folder)
    archive.sync()
    crisp.write(folder / "all.parquet", archive.conversations())
    crisp.write(folder / "all.jsonl", archive.conversations())
    for name in ("all.parquet", "all.jsonl"):
        assert len(crisp.read(folder / name)) == 10
    return sandbox.stats()["requests"] - before, archive.conversations(), archive.messages()


def test_a_sync_passes_such_pages_and_exports_hold_them(tmp_path):
    with Odd(seed=1, conversations=10) as sandbox:
        requests, *frames = synced(sandbox, tmp_path / "clean")
    shutil.rmtree(tmp_path / "clean")
    with Odd(seed=1, conversations=10) as sandbox:
        crisp.connect(sandbox=sandbox)
        sandbox.value = b'["\\x\xff\n\\ud83d",NaN,' + b"7" * 5_000 + b"]"
        found, *odd = synced(sandbox, tmp_path / "odd")
    assert found == requests
    for one, two in zip(odd, frames, strict=True):
        pd.testing.assert_frame_equal(one.drop(columns="extra"), two.drop(columns="extra"))
        text = '"\ufffdx\ufffd\\n\ufffd",null,"777'
        assert one["extra"].fillna("").str.contains(text, regex=False).any()


def test_a_page_that_is_cut_and_odd_is_asked_for_again():
    with Odd(seed=1, conversations=30) as sandbox:
        waits = []
        ws = crisp.connect(sandbox=sandbox, sleep=waits.append)
        sandbox.value = b'"\xff"'
        sandbox.faults(operation="list_conversations", next=2, truncate=True)
        assert len(ws.conversations()) == 30
        assert len(waits) == 2
