"""Archived rows as frames: the filters of the workspace, and no more read than asked for."""

import os
import secrets
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import crisp_data as crisp
from crisp_data.archive.state import StateTable
from crisp_data.sandbox import Sandbox


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A larger archive, read only, with the workspace it came from."""
    with Sandbox(seed=9, conversations=150) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path_factory.mktemp("archive") / "shelf")
        archive.sync()
        yield ws, archive


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"since": "2026-10-01"},
        {"until": "2026-09-15"},
        {"since": "2026-09-20", "until": "2026-10-10", "tz": "Asia/Tokyo"},
        {"since": "10 days ago"},
        {"state": "resolved"},
        {"state": "pending", "since": "2026-10-01"},
        {"segment": "billing"},
        {"assigned": False},
        {"limit": 7},
        {"since": "2026-11-02 08:59:59"},
    ],
    ids=str,
)
def test_the_same_filters_give_the_same_frame(filled, filters):
    ws, archive = filled
    pd.testing.assert_frame_equal(archive.conversations(**filters), ws.conversations(**filters))


def test_operator_and_inbox(filled):
    ws, archive = filled
    rows = archive.conversations()
    for name, column in (("assigned", "assigned_user_id"), ("inbox", "inbox_id")):
        one = {name: rows[column].dropna().iloc[0]}
        found = archive.conversations(**one)
        assert len(found) > 0
        pd.testing.assert_frame_equal(found, ws.conversations(**one))


@pytest.mark.parametrize("count", [1, 3, 150])
def test_threads_in_the_order_asked_for(filled, count):
    ws, archive = filled
    some = ws.conversations().sample(count, random_state=3)
    pd.testing.assert_frame_equal(archive.messages(some), ws.messages(some))
    pd.testing.assert_frame_equal(
        archive.messages(list(some["session_id"]), tz="Europe/Paris"),
        ws.messages(some, tz="Europe/Paris"),
    )


def test_messages_of_a_period(filled):
    _, archive = filled
    everything = archive.messages()
    start, end = everything["timestamp"].sort_values().iloc[[100, 900]]
    found = archive.messages(since=start, until=end)
    wanted = everything[everything["timestamp"].between(start, end)].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, wanted)
    with pytest.warns(crisp.CrispWarning, match="does not have 1 conversation of those"):
        assert archive.messages("session_that-was-never").empty


def test_a_frame_that_names_its_conversations_twice_is_refused(filled):
    """As pd.concat(..., axis=1) makes one: its threads would be none, without a word."""
    ws, archive = filled
    some = archive.conversations(limit=3)
    twice = pd.concat([some, some[["session_id"]]], axis=1)
    for read in (archive.messages, ws.messages, ws.plan.messages):
        with pytest.raises(crisp.BadParameter, match="Two columns have the name 'session_id'"):
            read(twice)


@pytest.mark.parametrize("columns", [["content"], ["timestamp", "from"], ["extra", "session_id"]])
def test_columns_come_as_asked(filled, columns):
    _, archive = filled
    found = archive.messages(columns=columns)
    pd.testing.assert_frame_equal(found, archive.messages()[columns])
    some = archive.conversations(columns=["nickname"], state="pending", since="2026-10-01")
    whole = archive.conversations(state="pending", since="2026-10-01")
    pd.testing.assert_frame_equal(some, whole[["nickname"]])


def test_a_period_opens_no_other_file(filled):
    """Older months are replaced by nonsense: whoever looked into them would fail."""
    _, archive = filled
    shelf = Path(archive._storage.root)
    wanted = archive.messages(since="2026-10-20")
    listed = archive.conversations(since="2026-10-20")
    old = [
        path
        for table in ("messages", "conversations")
        for path in (shelf / table).glob("month=*/*.parquet")
        if path.parent.name < "month=2026-10"
    ]
    contents = {path: path.read_bytes() for path in old}
    assert len(contents) > 2
    # Old conversations may have been updated, or written in, of late: their files are needed.
    needless = [path for path in old if _newest(path) < pd.Timestamp("2026-10-20", tz="UTC")]
    assert needless
    try:
        for path in needless:
            path.write_bytes(b"nonsense" * (len(contents[path]) // 8 + 1))
        pd.testing.assert_frame_equal(archive.conversations(since="2026-10-20"), listed)
        columns = ["session_id", "updated_at"]
        assert len(archive.conversations(since="2026-10-20", columns=columns)) == len(listed)
        for path in needless:  # where threads are, the conversations say
            if path.is_relative_to(shelf / "conversations"):
                path.write_bytes(contents[path])
        found = archive.messages(listed, since="2026-10-20")
        assert set(found["fingerprint"]) <= set(wanted["fingerprint"])
        with pytest.raises(crisp.FileTrouble, match="a file is damaged"):
            archive.messages()
    finally:
        for path, content in contents.items():
            path.write_bytes(content)


def _newest(path):
    frame = pd.read_parquet(path)
    return frame["timestamp" if "timestamp" in frame else "updated_at"].max()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts bytes read")
def test_two_columns_are_less_to_read(tmp_path):
    """Long texts that no compression makes small stay where they are."""
    archive = crisp.Archive(tmp_path / "shelf")
    with StateTable(archive._storage).held("website"):
        pass
    for name in ("conversations", "messages"):
        table = archive._tables[name]
        rows = {field.name: pa.nulls(2_000, field.type) for field in table.schema}
        ids = [f"session_{number}" for number in range(2_000)]
        rows |= {"session_id": pa.array(ids), "month": pa.array(["2026-10"] * 2_000)}
        if name == "messages":
            rows["content"] = pa.array([secrets.token_hex(1_000) for _ in ids])
        table.append(pa.table(rows, table.schema))
    whole = _bytes_read(archive.messages)
    assert whole > 2_000 * 1_000
    assert _bytes_read(lambda: archive.messages(columns=["timestamp", "from"])) < whole / 10


def _bytes_read(work):
    def count():
        return int(Path("/proc/self/io").read_text().split("rchar:")[1].split()[0])

    work()
    before = count()
    work()
    return count() - before


def test_what_one_engine_wrote_others_read(filled):
    import duckdb
    import polars

    _, archive = filled
    messages = len(archive.messages())
    path = os.path.join(archive._storage.root, "messages")
    assert polars.read_delta(path).height == messages
    files = duckdb.read_parquet(os.path.join(path, "month=*", "*.parquet"))
    assert files.filter("deleted_at IS NULL").count("*").fetchall() == [(messages,)]


def test_info_says_how_far(filled):
    _, archive = filled
    info = archive.info().set_index("table")
    assert list(info.index) == ["conversations", "messages"]
    assert info.loc["conversations", "rows"] == 150
    assert info.loc["messages", "rows"] == len(archive.messages())
    assert (info["gaps"] == 0).all()
    assert (info["complete_from"] == pd.Timestamp(0, tz="UTC")).all()
    newest = archive.conversations()["updated_at"].max()
    assert (info["complete_to"] == newest).all()
    assert info["files"].between(1, 50).all()


@pytest.mark.parametrize("path", [None, "", 7])
def test_an_archive_has_a_path(path):
    with pytest.raises(crisp.BadParameter, match="needs a path"):
        crisp.Archive(path)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda one: one.conversations(columns=5), "columns must be a name or a list of names"),
        (lambda one: one.conversations(columns=["email", 5]), "there is a int in it"),
        (lambda one: one.conversations(state=pd.Series(["resolved", "pending"])), "one word"),
        (lambda one: one.conversations(segment=""), "segment must not be empty"),
        (lambda one: one.conversations(tz=""), "tz must not be empty"),
        (lambda one: one.messages(tz=""), "tz must not be empty"),
        (lambda one: one.people(tz=""), "tz must not be empty"),
        (lambda one: one.sync(also=None), "also must be a name or a list of names"),
        (lambda one: one.sync(also=[pd.Series(["people"])]), "there is a Series in it"),
        (lambda one: one.sync(also="everything"), "also='everything' is not known"),
        (lambda one: one.forget(email="half\ud83d@acme.example"), "not an e-mail address"),
        (lambda one: crisp.Archive("acme", storage_options=pd.Series(["a"])), "must be a dict"),
    ],
)
def test_nonsense_is_refused_by_name(archive, spent, ask, words):
    archive.sync(since="1 day ago", also="operators")
    spent()
    with pytest.raises(crisp.BadParameter, match=words):
        ask(archive)
    assert spent() == 0


def test_numbers_of_numpy_and_zones_of_zoneinfo_are_taken(archive, tmp_path):
    archive.sync(since="20 days ago", also="operators")
    few = archive.conversations(limit=np.int64(3), tz=ZoneInfo("Europe/Paris"))
    assert (len(few), str(few["updated_at"].dtype)) == (3, "datetime64[ms, Europe/Paris]")
    again = crisp.Archive(str(tmp_path / "shelf"), tz=ZoneInfo("Europe/Paris"))
    assert again.conversations(limit=3).equals(few)
    assert len(archive.operators()) > 0


@pytest.mark.parametrize("read", ["conversations", "messages"])
def test_a_column_that_is_asked_for_twice_is_refused(filled, read):
    _, archive = filled
    with pytest.raises(crisp.BadParameter, match="'session_id' is asked for twice") as caught:
        getattr(archive, read)(columns=["session_id", "website_id", "session_id"])
    assert "once" in caught.value.hint


LACKS = "may lack conversations"


@pytest.fixture(scope="module")
def recent(tmp_path_factory):
    """An archive of the last ten days, one page of three, of a workspace that has more."""
    with Sandbox(seed=9, conversations=150) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path_factory.mktemp("archive") / "shelf")
        archive.sync(since="10 days ago")
        yield ws, archive


@pytest.mark.parametrize("since", ["90 days ago", "11 days ago", "2020-01-01"])
@pytest.mark.parametrize("table", ["conversations", "messages"])
def test_a_period_that_was_not_read_whole_is_told(recent, table, since):
    with pytest.warns(crisp.CrispWarning, match=LACKS) as caught:
        getattr(recent[1], table)(since=since)
    assert "before 2026-10-23 09:00 (UTC)" in str(caught[0].message)


@pytest.mark.parametrize(
    "period", [{"since": "10 days ago"}, {"since": "7 days ago", "until": "2 days ago"}]
)
def test_a_period_that_was_read_whole_needs_no_word(recent, period):
    ws, archive = recent
    found = archive.conversations(**period)
    pd.testing.assert_frame_equal(found, ws.conversations(**period))
    archive.messages(**period)
    archive.messages(found)
    assert len(archive.conversations()) >= len(found)  # all that was asked for
    archive.messages()


def test_an_end_before_all_that_was_read_is_told(recent):
    words = r"since 2020-01-01 00:00 and before 2026-09-20 23:59 \(UTC\)"
    with pytest.warns(crisp.CrispWarning, match=words):
        recent[1].conversations(since="2020-01-01", until="2026-09-20")


def test_a_conversation_that_the_archive_does_not_have_is_told(recent):
    ws, archive = recent
    ids = ws.conversations()["session_id"]
    missing = len(set(ids) - set(archive.conversations()["session_id"]))
    assert missing > 1
    with pytest.warns(crisp.CrispWarning, match=f"does not have {missing} conversations of those"):
        found = archive.messages(ids)
    pd.testing.assert_frame_equal(found, archive.messages())


def test_nothing_since_then_is_complete(tmp_path):
    with Sandbox(seed=1, conversations=2) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path / "shelf")
        archive.sync(since="10 minutes ago")
        archive.conversations()
        with pytest.warns(crisp.CrispWarning, match=LACKS):
            archive.conversations(since="2 days ago")


def test_an_interrupted_first_sync_is_told_until_it_is_complete(tmp_path, sandbox):
    path, moved = tmp_path / "shelf", {"state_dir": tmp_path / "other", "cache_dir": tmp_path}
    with pytest.raises(crisp.QuotaExceeded):
        crisp.connect(sandbox=sandbox, quota=20).archive(path).sync()
    archive = crisp.Archive(path)
    for table in ("conversations", "messages"):
        with pytest.warns(crisp.CrispWarning, match=LACKS):
            getattr(archive, table)()
    crisp.connect(sandbox=sandbox, **moved).archive(path).sync()
    assert len(archive.conversations()) == len(sandbox.truth("conversations"))
    archive.messages()


@pytest.mark.parametrize("within", ["messages", "messages/of mine", "sync"])
def test_no_archive_is_created_within_the_table_of_another(ws, tmp_path, spent, within):
    """A vacuum of the outer one would delete it."""
    ws.archive(tmp_path / "shelf").sync(since="1 day ago")
    spent()
    with pytest.raises(crisp.BadParameter, match="this folder is part of a table"):
        ws.archive(tmp_path / "shelf" / within).sync()
    assert spent() == 0
