"""The referee is the sandbox: what is pulled while things change or break equals its truth."""

import warnings

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data import tables
from crisp_data.rest.retry import RetryPolicy
from crisp_data.sandbox import Sandbox
from crisp_data.sandbox.churn import ALL_KINDS, KINDS
from crisp_data.sandbox.records import encode
from tests.marks import slow

pytestmark = pytest.mark.reliability("pages")


def seeds(count, quick, blocks):
    """Blocks of seeds: a quick one, and slow ones of all the others."""
    rest = [range(quick + block, count, blocks) for block in range(blocks)]
    return [range(quick), *(pytest.param(block, marks=pytest.mark.slow) for block in rest)]


def frame(table, records):
    builder = tables.Builder(table)
    builder.add(encode({"error": False, "reason": "listed", "data": records}))
    return builder.frame()


def connect(sandbox, folder, **options):
    options = {"cache_dir": folder, "state_dir": folder, "sleep": lambda seconds: None} | options
    return crisp.connect(sandbox=sandbox, **options)


def changed(folder, seed, every=2, kinds=KINDS, **options):
    """Pull a list that changes all the while; return it with every version that there was."""
    with Sandbox(seed=seed, conversations=220, weeks=4, **options) as sandbox:
        ws, begin = connect(sandbox, folder), sandbox.now.timestamp() * 1000
        sandbox.churn(every=every, changes=1 + seed % 3, kinds=kinds)
        pulled = ws.conversations()
        sandbox.churn()
        history = sandbox.truth("conversations", history=True)
        removed = set()
        if "removal" in kinds:
            there = {row["session_id"] for row in sandbox.truth("conversations")}
            removed = {row["session_id"] for row in history} - there
    existed = {row["session_id"] for row in history if row["created_at"] <= begin}
    assert len(history) > len(existed), "nothing changed"
    return pulled, history, existed, removed


def assert_sound(pulled, history, existed):
    """Nobody missing, nobody twice, each as it really was at some moment, in every column."""
    assert existed <= set(pulled["session_id"])
    assert pulled["session_id"].is_unique
    versions = {(row["session_id"], row["updated_at"]): row for row in history}
    moments = pulled["updated_at"].astype("int64")
    rows = [versions[key] for key in zip(pulled["session_id"], moments, strict=True)]
    pd.testing.assert_frame_equal(pulled, frame("conversations", rows))


@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3))])
def test_the_listing_costs_less_than_half_of_a_plain_loop(seed, tmp_path):
    """At rest, with three instants of 60 to 120; a plain loop sees the end by an empty page."""
    with Sandbox(seed=seed, conversations=2000) as sandbox:
        pulled = connect(sandbox, tmp_path).conversations()
        spent = sandbox.stats()["by_operation"]["list_conversations"]
        assert spent <= 0.45 * (2000 / 20 + 1)
        # All rows of a page but one are news; the end, what moved, a page for the crowds, and
        # one to see whether the list is so long that its plan is to be shown.
        assert spent <= 1 + -(-1950 // 49) + 4
        rows = sandbox.truth("conversations")
        assert pulled["session_id"].tolist() == [row["session_id"] for row in rows]


# 220 conversations in 4 weeks: pages enough, and an instant of 60 to 80 that fills one.
@pytest.mark.parametrize("block", seeds(82, 2, 8), ids=str)
def test_a_list_that_changes_after_every_second_request(block, tmp_path, reliability):
    reliability.count(len(block), "workspaces that change")
    for seed in block:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pulled, history, existed, _ = changed(
                tmp_path / str(seed), seed, inclusive_dates=seed % 2 == 0
            )
        assert_sound(pulled, history, existed)


@pytest.mark.parametrize("block", seeds(16, 2, 2), ids=str)
def test_where_conversations_are_removed_nothing_else_gets_lost(block, tmp_path, reliability):
    """After every request, for what leaves the read part shifts the pages behind it."""
    reliability.count(len(block), "workspaces that change")
    gone = 0
    for seed in block:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pulled, history, existed, removed = changed(
                tmp_path / str(seed), seed, every=1, kinds=ALL_KINDS
            )
        gone += len(removed)
        assert_sound(pulled, history, existed - removed)
    assert gone >= len(block)


@pytest.mark.parametrize("kinds", [KINDS, ALL_KINDS], ids=["default", "removals"])
@pytest.mark.parametrize("block", seeds(8, 2, 1), ids=str)
def test_by_number_it_holds_too_and_is_told(kinds, block, tmp_path, reliability):
    reliability.count(len(block), "workspaces that change")
    for seed in block:
        with pytest.warns(crisp.CrispWarning, match="by page number"):
            pulled, history, existed, removed = changed(
                tmp_path / str(seed), seed, kinds=kinds, date_filter=False
            )
        assert_sound(pulled, history, existed - removed)


FAULTS = {
    **{str(status): {"status": status} for status in (420, 423, 429, 500, 502, 503)},
    "error under 200": {"status": 200, "reason": "internal_error"},
    "dropped before": {"drop": "before"},
    "dropped after": {"drop": "after"},
    "truncated": {"truncate": True},
    "malformed": {"malformed": True},
}


# Of faults that differ in their status alone one is quick.
CASES = [
    pytest.param(fault, marks=pytest.mark.slow if fault.isdigit() and fault != "429" else ())
    for fault in FAULTS
]


@pytest.mark.reliability("servers")
@pytest.mark.parametrize("tries", [1, *slow(7)])
@pytest.mark.parametrize("fault", CASES)
def test_a_pull_is_exact_or_says_what_is_missing(fault, tries, tmp_path):
    """With one try most pulls fail, with seven none, save where no try is worth a request."""
    told = 0
    with Sandbox(seed=1, conversations=70, batch_size=10) as sandbox:
        ws = connect(sandbox, tmp_path, retry=RetryPolicy(tries=tries))
        sandbox.faults(share=0.1, **FAULTS[fault])
        truth = {table: sandbox.truth(table) for table in ("conversations", "messages")}
        asked = [row["session_id"] for row in truth["conversations"]]
        pulls = {"conversations": ws.conversations, "messages": lambda: ws.messages(asked)}
        for table, pull in pulls.items():
            try:
                pulled, whole = pull(), True
            except crisp.CrispError as error:
                pulled, whole = error.partial, False
            told += not whole
            assert_part(table, pulled, truth[table], asked, whole)
        assert ws.quota.used == sandbox.stats()["requests"]
    assert (told > 0) is (tries == 1 or fault == "error under 200")


def assert_part(table, pulled, truth, asked, whole):
    """Rows equal to the truth's in every column, and all of them where nothing was said."""
    place = {session_id: number for number, session_id in enumerate(asked)}
    key = ["session_id", "fingerprint"] if table == "messages" else ["session_id"]
    rows = sorted(truth, key=lambda row: (place[row["session_id"]], row.get("timestamp", 0)))
    expected = frame(table, rows)
    assert not pulled.duplicated(key).any()
    if not whole:
        kept = pd.MultiIndex.from_frame(expected[key]).isin(pd.MultiIndex.from_frame(pulled[key]))
        assert kept.sum() == len(pulled)
        # (The thread that failed comes after those that came meanwhile.)
        expected, pulled = (
            one.sort_values(key, ignore_index=True) for one in (expected[kept], pulled)
        )
    pd.testing.assert_frame_equal(pulled, expected)
