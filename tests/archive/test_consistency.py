"""An archive never says that it is complete where a part of it is missing, older or another."""

import json
import os
import shutil

import pandas as pd
import pytest
from deltalake import write_deltalake

import crisp_data as crisp
from crisp_data.archive import listed_conversation
from crisp_data.archive.state import FORMAT, StateTable
from crisp_data.sandbox import Sandbox
from tests.marks import slow
from tests.windows import WindowsDatetime

from .conftest import Api, assert_equals_truth, assert_exact, kills, move_in_time


@pytest.fixture
def archived(few, tmp_path):
    """A synced archive, and its folder."""
    archive = few[1].archive(tmp_path / "shelf")
    archive.sync()
    return archive, tmp_path / "shelf"


def rewritten(archive, **changes):
    """Write the state's row as another version of this package would."""
    state_table = StateTable(archive._storage)
    state_table.load()
    row = json.loads(state_table._table.to_pyarrow_table()["state"][0].as_py())
    row = {key: value for key, value in (row | changes).items() if value is not None}
    table = state_table._table.to_pyarrow_table().schema.empty_table().to_pydict()
    table["state"] = [json.dumps(row)]
    write_deltalake(state_table._table, pd.DataFrame(table).astype("object"), mode="overwrite")


def refused(archive, folder, what):
    """Nothing is read, written or claimed, by the archive that was open nor by another."""
    for one in (archive, crisp.Archive(folder)):
        for work in (
            one.info,
            one.conversations,
            one.messages,
            lambda one=one: one.now,
            lambda one=one: one.forget(email="a@b.example"),
        ):
            with pytest.raises(crisp.FileTrouble, match=what):
                work()
    with pytest.raises(crisp.FileTrouble, match=what) as caught:
        archive.sync()
    assert "new folder" in caught.value.hint


@pytest.mark.parametrize("name", ["messages", "conversations", "sync"])
def test_a_table_that_is_missing(archived, few, name, tmp_path):
    archive, folder = archived
    (folder / name).rename(tmp_path / name)
    spent = few[0].stats()["requests"]
    refused(archive, folder, f"not whole: its table {name} is missing")
    assert few[0].stats()["requests"] == spent
    (tmp_path / name).rename(folder / name)  # put back, it is whole again
    assert archive.sync().requests == 1
    assert_equals_truth(archive, few[0])


@pytest.mark.parametrize("name", ["messages", "conversations"])
def test_a_table_that_was_made_anew(archived, few, name, tmp_path):
    archive, folder = archived
    other = few[1].archive(tmp_path / "other")
    other.sync()
    shutil.rmtree(folder / name)
    shutil.copytree(tmp_path / "other" / name, folder / name)
    refused(archive, folder, f"not whole: its table {name} belongs to another archive")


@pytest.mark.parametrize("name", ["messages", "conversations"])
def test_a_table_that_is_older_than_the_rest(archived, few, name, tmp_path):
    archive, folder = archived
    shutil.copytree(folder / name, tmp_path / name)
    Api(few[1]).say(few[0].truth("conversations")[3]["session_id"])
    archive.sync()
    shutil.rmtree(folder / name)
    shutil.copytree(tmp_path / name, folder / name)
    refused(archive, folder, f"not whole: its table {name} is older than the rest")


@pytest.mark.parametrize("name", ["messages", "conversations", "sync"])
def test_a_commit_that_is_empty(archived, name, tmp_path):
    """As a disk leaves it that lost its power: to Delta it is a commit that did nothing."""
    archive, folder = archived
    sorted((folder / name / "_delta_log").glob("*.json"))[-1].write_bytes(b"")
    refused(archive, folder, f"not whole: a commit of its table {name} is empty")


def test_an_empty_commit_of_a_small_table_is_named_with_the_way_on(archived):
    archive, folder = archived
    archive.sync(also=["people"])
    sorted((folder / "people" / "_delta_log").glob("*.json"))[-1].write_bytes(b"")
    with pytest.raises(crisp.FileTrouble, match="a commit of its table people is empty"):
        archive.people()
    with pytest.raises(crisp.FileTrouble, match="from the table people") as caught:
        archive.forget(email="a@b.example")
    assert "delete the folder people" in caught.value.hint
    shutil.rmtree(folder / "people")
    archive.forget(email="a@b.example")


@pytest.mark.parametrize("name", ["messages", "conversations"])
def test_a_month_that_is_missing(archived, few, name):
    """Of which a listing without news would not even look at."""
    archive, folder = archived
    shutil.rmtree(min((folder / name).glob("month=*")))
    for work in (archive.info, crisp.Archive(folder).info, archive.sync):
        with pytest.raises(crisp.FileTrouble, match=f"a file of its table {name} is missing"):
            work()


@pytest.mark.parametrize("left", [0, -1, -1000])
@pytest.mark.parametrize("name", ["messages", "conversations"])
def test_a_file_that_was_cut(archived, few, name, left, tmp_path):
    """Also of a month that no listing looks at: what reads it would be the first to know."""
    archive, folder = archived
    path = min((folder / name).glob("month=*/*.parquet"))
    whole, spent = path.read_bytes(), few[0].stats()["requests"]
    path.write_bytes(whole[:left])
    for work in (archive.info, crisp.Archive(folder).info, archive.sync):
        with pytest.raises(crisp.FileTrouble, match=f"a file of its table {name} is cut") as caught:
            work()
        assert "Restore the whole folder" in caught.value.hint
    assert few[0].stats()["requests"] == spent
    path.write_bytes(whole)  # put back, it is whole again
    assert set(archive.info()["gaps"]) == {0}
    assert archive.sync().requests == 1


@pytest.mark.parametrize("spoil", [lambda path: os.truncate(path, 100), os.unlink])
def test_a_file_of_a_small_table_that_was_cut_is_written_anew(archived, few, spoil):
    archive, folder = archived
    archive.sync(also=["people"])
    people = archive.people()
    for path in (folder / "people").glob("*.parquet"):
        spoil(path)
    with pytest.raises(crisp.FileTrouble, match="a file of its table people is") as caught:
        archive.info()
    assert "sync(also=['people'])" in caught.value.hint
    archive.sync()  # conversations and messages are whole
    archive.sync(also=["people"])
    pd.testing.assert_frame_equal(archive.people(), people)
    assert set(archive.info()["table"]) == {"conversations", "messages", "people"}


def test_a_copy_of_the_whole_is_whole(archived, few, tmp_path):
    shutil.copytree(archived[1], tmp_path / "copy")
    copy = few[1].archive(tmp_path / "copy")
    assert copy.sync().requests == 1
    assert_equals_truth(copy, few[0])


def test_a_small_table_that_is_missing_is_asked_for_again(archived, few):
    archive, folder = archived
    archive.sync(also=["people"])
    shutil.rmtree(folder / "people")
    with pytest.raises(crisp.BadParameter, match=r"also=\['people'\]"):
        archive.people()
    archive.sync(also=["people"])
    assert len(archive.people()) == len(few[1].people())


@pytest.mark.parametrize("name", ["messages", "conversations"])
def test_a_table_that_is_missing_where_the_state_does_not_name_it(archived, few, name):
    """As of the first format: there are conversations, and a last message of each."""
    archive, folder = archived
    rewritten(archive, format=None, tables=None)
    shutil.rmtree(folder / name)
    refused(archive, folder, f"not whole: its table {name} is missing")


def committed(folder, name, **actions):
    """Add a commit to a table's log, as another program writes one."""
    log = folder / name / "_delta_log"
    number = max(int(path.stem) for path in log.glob("*.json")) + 1
    lines = [json.dumps({kind: action}) for kind, action in actions.items()]
    (log / f"{number:020}.json").write_text("\n".join(lines), "utf-8")


def protocol(reader, writer, *features):
    named = {"minReaderVersion": reader, "minWriterVersion": writer}
    if reader == 3:
        named["readerFeatures"] = list(features)
    if writer == 7:
        named["writerFeatures"] = list(features)
    return named


def mapped(folder, name):
    """The metadata of a table after ALTER TABLE ... SET ('delta.columnMapping.mode' = 'name')."""
    lines = (folder / name / "_delta_log" / f"{0:020}.json").read_text("utf-8").splitlines()
    (metadata,) = (json.loads(line)["metaData"] for line in lines if "metaData" in line)
    schema = json.loads(metadata["schemaString"])
    for number, field in enumerate(schema["fields"], start=1):
        field["metadata"] = {
            "delta.columnMapping.id": number,
            "delta.columnMapping.physicalName": f"col-{number}",
        }
    mode = {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "99"}
    configuration = {**metadata["configuration"], **mode}
    return {**metadata, "schemaString": json.dumps(schema), "configuration": configuration}


def assert_named(work, feature):
    with pytest.raises(crisp.FileTrouble, match=feature) as caught:
        work()
    assert "damaged" not in caught.value.what
    assert "not damaged" in caught.value.hint
    assert "new folder" in caught.value.hint


UNREADABLE = {
    "deletionVectors": protocol(3, 7, "deletionVectors"),
    "columnMapping": protocol(2, 5),
    "aFeatureOfTomorrow": protocol(3, 7, "aFeatureOfTomorrow"),
    "reader version 4": protocol(4, 8),
}


@pytest.mark.parametrize("name", ["conversations", "sync", "operators"])
@pytest.mark.parametrize("feature", UNREADABLE)
def test_a_feature_for_which_a_table_cannot_be_read_is_named(archived, few, feature, name):
    archive, folder = archived
    if name == "operators":
        archive.sync(also=["operators"])
    actions = {"metaData": mapped(folder, name)} if feature == "columnMapping" else {}
    committed(folder, name, protocol=UNREADABLE[feature], **actions)
    spent = few[0].stats()["requests"]
    for one in (archive, crisp.Archive(folder)):
        assert_named(one.operators if name == "operators" else one.conversations, feature)
        with pytest.raises(crisp.FileTrouble, match=feature):
            one.forget(email="a@b.example")
    assert_named(lambda: archive.sync(also=["operators"]), feature)
    assert few[0].stats()["requests"] == spent


UNWRITABLE = {
    "rowTracking": protocol(1, 7, "rowTracking"),
    "identityColumns": protocol(1, 6),
    "writer version 8": protocol(1, 8),
}


@pytest.mark.parametrize("name", ["messages", "sync"])
@pytest.mark.parametrize("feature", UNWRITABLE)
def test_a_feature_for_which_a_table_cannot_be_written_is_named(archived, few, feature, name):
    archive, folder = archived
    whole = archive.messages()
    committed(folder, name, protocol=UNWRITABLE[feature])
    spent = few[0].stats()["requests"]
    assert_named(archive.sync, feature)
    assert_named(lambda: archive.forget(email="a@b.example"), feature)
    assert few[0].stats()["requests"] == spent
    assert archive.messages().equals(whole), "it may be read all the same"


def test_features_that_are_supported_change_nothing(archived):
    archive, folder = archived
    committed(folder, "messages", protocol=protocol(3, 7, "timestampNtz"))
    committed(folder, "conversations", protocol=protocol(1, 7, "changeDataFeed", "invariants"))
    assert archive.sync(deep=True).threads == len(archive.conversations())


def test_a_later_format_is_refused_with_the_way_on(archived):
    archive, folder = archived
    rewritten(archive, format=FORMAT + 1, something="new")
    refused(archive, folder, "written by a later version of crisp_data")


def test_a_state_that_cannot_be_read(archived):
    archive, folder = archived
    rewritten(archive, website_id=7)
    refused(archive, folder, "its state is damaged")


def test_a_state_whose_text_is_damaged(archived):
    archive, folder = archived
    for path in (folder / "sync").glob("*.parquet"):
        whole = bytearray(path.read_bytes())
        at = whole.index(b'"website_id"')
        whole[at + 1] = 0xFF  # which no text of UTF-8 holds
        path.write_bytes(bytes(whole))
    refused(archive, folder, "a file is damaged")


MONTHS = [1_600_000_000_000, 1_790_000_000_000, None, 1_791_000_000_000]


def recreated(sandbox, session_id, created_at):
    """Let Crisp tell a conversation's moment of creation anew, or not at all."""
    website = sandbox._world.website(None)
    with website.edit(website.conversations[session_id]) as row:
        row["created_at"] = created_at


@pytest.mark.parametrize("deep", [False, *slow(True)])
def test_a_moment_of_creation_that_changes_moves_nothing(archived, few, deep):
    archive, _ = archived
    sandbox, ws = few
    session_id = sandbox.truth("conversations")[4]["session_id"]
    for number, created_at in enumerate(MONTHS):
        recreated(sandbox, session_id, created_at)
        if number % 2:
            Api(ws).say(session_id, f"{number}")
        archive.sync(deep=deep)
        assert_exact(archive, sandbox)
        assert archive.sync().requests == 1


def test_a_moment_of_creation_before_1970_is_archived_on_windows_too(archived, few, monkeypatch):
    archive, _ = archived
    sandbox, _ = few
    monkeypatch.setattr(listed_conversation, "datetime", WindowsDatetime)
    recreated(sandbox, sandbox.truth("conversations")[4]["session_id"], -1)
    archive.sync(deep=True)
    assert_exact(archive, sandbox)


@pytest.mark.slow
def test_what_an_earlier_version_kept_twice_is_kept_once(archived, few, steps, every):
    """Its conversation and its thread stood in two months; the later copy is the right one."""
    archive, _ = archived
    sandbox, ws = few
    session_id = sandbox.truth("conversations")[4]["session_id"]
    for name in ("conversations", "messages"):
        table = archive._tables[name]
        rows = table.read().cast(table.schema)
        rows = rows.filter([one == session_id for one in rows["session_id"].to_pylist()])
        month = rows.schema.get_field_index("month")
        table.append(rows.set_column(month, "month", [["2020-09"] * len(rows)]))
    rewritten(archive, format=None, tables=None)
    assert archive.conversations()["session_id"].duplicated().any()
    for _, copy in kills(steps, every, archive, lambda copy: copy.sync()):
        copy.sync()
        assert_exact(copy, sandbox)
    assert archive.sync().requests == 1
    assert_exact(archive, sandbox)
    Api(ws).say(session_id)
    archive.sync()
    assert_exact(archive, sandbox)


def test_whose_threads_are_read_is_said_by_the_session_alone(archived, few):
    """Whatever else the caller's frame holds: another zone, a merged or missing creation."""
    archive, _ = archived
    ws = few[1]
    conversations = archive.conversations()
    whole = archive.messages(conversations)
    frames = [
        conversations.assign(created_at=conversations["created_at"].dt.tz_convert("Asia/Tokyo")),
        conversations.assign(created_at=conversations["created_at"].dt.tz_localize(None)),
        conversations.assign(created_at=pd.Timestamp("2020-01-01", tz="UTC")),
        conversations.assign(created_at=pd.NaT),
        conversations.assign(created_at=conversations["created_at"].astype(object)),
        conversations.assign(created_at=conversations["created_at"].astype(str)),
        conversations.assign(created_at=7, updated_at=None, website_id="x", state="resolved"),
        conversations.drop(columns="created_at"),
        conversations[["session_id"]],
    ]
    for frame in frames:
        pd.testing.assert_frame_equal(archive.messages(frame), whole)
        pd.testing.assert_frame_equal(ws.messages(frame), whole)
        assert ws.plan.messages(frame).requests == 0  # all of it is in the cache by then


def test_a_moved_conversation_is_met_by_its_listing_in_the_same_sync(few, tmp_path):
    """Told anew between two pages of one sync, from the top down and again from the top."""
    with Sandbox(seed=17, conversations=130, weeks=8) as sandbox:
        ws = crisp.connect(sandbox=sandbox, progress=False)
        archive = ws.archive(tmp_path / "many")
        pages, seen = ws.client.pages, []

        def moving(operation, **options):
            walk = pages(operation, **options)
            if operation != "list_conversations":
                return walk
            return Moving(walk)

        class Moving:
            def __init__(self, walk):
                self.walk = walk

            def __iter__(self):
                for page in self.walk:
                    yield page
                    if len(seen) < 2:
                        seen.append(1)
                        move_in_time(sandbox)

            def __getattr__(self, name):
                return getattr(self.walk, name)

        ws.client.pages = moving
        archive.sync()
        assert len(seen) == 2
        archive.sync()
        assert_exact(archive, sandbox)


@pytest.mark.parametrize("last", [None, 3, 4, 5])
def test_a_copy_that_ended_after_the_conversations_is_completed(archived, few, steps, last):
    """They are newer than their threads and than the state: what they say last is not there.

    Also where the sync that completes it is killed at a step: the next one sees it as well.
    """
    (sandbox, ws), (archive, folder) = few, archived
    backup = folder.with_name("backup")
    shutil.copytree(folder, backup)
    for row in sandbox.truth("conversations")[2:7:2]:
        Api(ws).say(row["session_id"])
    archive.sync()
    shutil.copytree(folder / "conversations", backup / "conversations", dirs_exist_ok=True)
    copy = ws.archive(backup)
    if last is None:
        done = copy.sync()
        assert (done.threads, done.requests) == (3, 4)
    else:
        assert steps.run(copy.sync, last)
        copy = ws.archive(backup)
        copy.sync()
    assert_exact(copy, sandbox)
    assert copy.sync().requests == 1
