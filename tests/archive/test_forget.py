"""Nothing of a forgotten person is left in any file, old versions and orphans included."""

import json
import os
import pathlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import crisp_data as crisp
from crisp_data.archive.state import StateTable


def texts_of(path):
    """Everything a file says: its bytes and, of a Parquet file, its cells and its metadata."""
    yield path.read_bytes()
    if path.suffix == ".parquet":
        rows = pq.ParquetFile(path)
        yield json.dumps(rows.read().to_pylist(), default=str, ensure_ascii=False).encode()
        yield str(rows.metadata.to_dict()).encode()


def files_that_hold(folder, text):
    needle = text.lower().encode()
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    assert paths
    return [path for path in paths if any(needle in one.lower() for one in texts_of(path))]


@pytest.fixture
def person(sandbox, ws, archive, api):
    """Somebody with conversations, a profile, and their address in other people's rows."""
    row = next(
        r for r in sandbox.truth("conversations") if r["meta"].get("email") and r["people_id"]
    )
    email = row["meta"]["email"]
    others = [
        r["session_id"] for r in sandbox.truth("conversations") if r["meta"].get("email") != email
    ]
    api.say(row["session_id"], f"I am {email}")
    archive.sync(also=["people", "operators"])
    api.say(row["session_id"], f"Write to {email.upper()}")
    api.say(others[0], f"My colleague {email.upper()} knows")
    api.say(
        others[1],
        {"name": f"{email}.pdf", "url": "https://x.example/1", "type": "a/b"},
        type="file",
    )
    ws.client.call(
        "update_conversation_metas",
        website_id=ws.website_id,
        session_id=others[2],
        json={"segments": [f"with-{email}"], "data": {"colleague": email}},
    )
    archive.sync(also=["people", "operators"])
    return email, others


def test_a_person_is_gone_from_every_file(sandbox, ws, archive, person, tmp_path):
    email, others = person
    shelf = tmp_path / "shelf"
    theirs = archive.conversations().query("email == @email")["session_id"].tolist()
    # An orphan: what a writer that was killed before its commit leaves behind.
    orphan = shelf / "messages" / "month=2026-10" / "part-00000-orphan.zstd.parquet"
    orphan.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table({"content": [email]}), orphan)
    before = len(archive.messages()), len(archive.conversations())
    assert len(files_that_hold(shelf, email)) >= 6
    reader = crisp.Archive(shelf)
    reader.messages()

    removed = archive.forget(email=email.title())

    assert files_that_hold(shelf, email) == []
    for session_id in theirs:
        assert files_that_hold(shelf, session_id) == []
    assert not set(archive.conversations()["session_id"]) & set(theirs)
    assert removed["conversations"] >= len(theirs)
    assert removed["people"] >= 1
    # Nobody else is.
    assert set(others) <= set(archive.conversations()["session_id"])
    assert len(archive.conversations()) == before[1] - len(theirs)
    truth = [row for row in sandbox.truth("messages") if row["session_id"] not in theirs]
    assert len(archive.messages()) == len(truth) < before[0]
    said = archive.messages(others[0])["content"]
    assert said.iloc[-1] == "My colleague [forgotten] knows"
    assert reader.messages().equals(archive.messages())


def test_the_cache_forgets_too(sandbox, ws, archive, person, tmp_path):
    email, _ = person
    ws.messages(ws.conversations(search=email))
    assert ws.client.cached() > 0
    archive.forget(email=email)
    assert ws.client.cached() == 0


def test_without_a_workspace_the_cache_is_named(archive, tmp_path):
    archive.sync()
    email = archive.conversations()["email"].dropna().iloc[0]
    with pytest.warns(crisp.CrispWarning, match="cache clear"):
        crisp.Archive(tmp_path / "shelf").forget(email=email)
    assert files_that_hold(tmp_path / "shelf", email) == []


def test_one_conversation(archive, ws, tmp_path):
    archive.sync()
    session_id = archive.conversations()["session_id"][7]
    assert archive.forget(session_id=session_id)["messages"] > 0
    assert files_that_hold(tmp_path / "shelf", session_id) == []
    assert len(archive.conversations()) == 119
    assert archive.forget(session_id=session_id) == {"conversations": 0, "messages": 0}


def test_somebody_who_never_wrote(archive, tmp_path):
    archive.sync(since="2 days ago", also=["people"])
    wrote = set(archive.conversations()["email"].dropna())
    email = next(one for one in archive.people()["email"].dropna() if one not in wrote)
    before = len(archive.messages())
    assert archive.forget(email=email)["people"] == 1
    assert files_that_hold(tmp_path / "shelf", email) == []
    assert email not in set(archive.people()["email"])
    assert len(archive.messages()) == before
    assert set(archive.forget(email=email).values()) == {0}


def test_an_address_that_ends_like_theirs_is_somebody_else_s(archive, ws, sandbox):
    rows = [row["session_id"] for row in sandbox.truth("conversations")[:2]]
    for session_id, email in zip(rows, ["jo@acme.example", "banjo@acme.example"], strict=True):
        where = {"website_id": ws.website_id, "session_id": session_id}
        ws.client.call("update_conversation_metas", **where, json={"email": email})
    archive.sync(also=["people"])
    assert archive.forget(email="jo@acme.example")["conversations"] == 1
    kept = archive.conversations().set_index("session_id")["email"]
    assert rows[0] not in kept
    assert kept[rows[1]] == "banjo@acme.example"


def test_a_quote_is_a_character_like_any_other(archive, api, ws, sandbox, tmp_path):
    row = sandbox.truth("conversations")[3]
    odd = "o'neil%_@example.com"
    ws.client.call(
        "update_conversation_metas",
        website_id=ws.website_id,
        session_id=row["session_id"],
        json={"email": odd},
    )
    archive.sync()
    assert archive.forget(email=odd)["conversations"] == 1
    assert files_that_hold(tmp_path / "shelf", odd) == []


def test_a_person_whom_only_others_mention(archive, api, sandbox, tmp_path):
    """Nobody's conversation is theirs: their address still leaves the words of others."""
    email = "colleague@elsewhere.example"
    api.say(sandbox.truth("conversations")[3]["session_id"], f"Write to {email} instead")
    archive.sync()
    held = len(archive.conversations())
    assert archive.forget(email=email) == {"conversations": 1, "messages": 1}
    assert files_that_hold(tmp_path / "shelf", email) == []
    assert len(archive.conversations()) == held
    assert archive.forget(email=email) == {"conversations": 0, "messages": 0}


@pytest.mark.parametrize(
    "given",
    [{}, {"email": "a@b.example", "session_id": "session_1"}, {"email": ""}, {"session_id": ""}],
)
def test_one_of_the_two_is_needed(archive, given):
    archive.sync()
    with pytest.raises(crisp.BadParameter, match="one of the two"):
        archive.forget(**given)
    assert len(archive.conversations()) == 120


def test_a_writer_keeps_others_from_forgetting(archive, tmp_path):
    archive.sync()
    state_table = StateTable(archive._storage)
    with state_table.held(state_table.load().website_id), pytest.raises(crisp.ArchiveBusy):
        archive.forget(email="a@b.example")


def test_there_must_be_an_archive(archive):
    with pytest.raises(crisp.BadParameter, match="no archive here"):
        archive.forget(email="a@b.example")


@pytest.mark.needs("modes")
def test_the_folder_is_private(archive, tmp_path):
    archive.sync()
    assert os.stat(tmp_path / "shelf").st_mode & 0o077 == 0
    log = pathlib.Path(tmp_path / "shelf" / "conversations" / "_delta_log")
    assert log.is_dir()
