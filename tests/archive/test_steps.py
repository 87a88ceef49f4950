"""Killed between any two steps, an archive is completed by whoever comes next.

A step is a commit to a table or the removal of its history: they are counted, not timed.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from deltalake import DeltaTable

import crisp_data as crisp
from crisp_data.archive import table
from crisp_data.archive.state import StateTable

from .conftest import Api, Killed, assert_exact, kills, move_in_time
from .test_forget import files_that_hold

pytestmark = pytest.mark.reliability("kills")


def test_a_person_is_forgotten_whatever_step_it_was_killed_at(few, steps, every, tmp_path):
    sandbox, ws = few
    ids = [row["session_id"] for row in sandbox.truth("conversations")]
    email = next(r["meta"]["email"] for r in sandbox.truth("conversations") if r["meta"]["email"])
    Api(ws).say(ids[-1], f"Ask {email}")
    whole = ws.archive(tmp_path / "shelf")
    whole.sync(also=["people"])
    theirs = whole.conversations().query("email == @email")["session_id"].tolist()

    def again(archive):
        assert archive.forget(email=email)["people"] <= 1

    def sync(archive):
        with pytest.raises(crisp.CrispError):  # completed before Crisp is asked for anything
            offline(ws, archive.sync)

    def another(archive):
        archive.forget(session_id="session_that_never_was")

    for last, archive in kills(steps, every, whole, lambda copy: copy.forget(email=email)):
        if StateTable(archive._storage).load().forgetting is None and last < 2:
            assert len(archive.conversations()) == len(ids)  # nothing was promised yet
            again(archive)
        (again, sync, another)[last % 3](archive)
        folder = Path(archive._storage.root)
        assert files_that_hold(folder, email, *theirs) == []
        assert StateTable(archive._storage).load().forgetting is None
        assert len(archive.conversations()) == len(ids) - len(theirs)
        assert archive.messages(ids[-1])["content"].iloc[-1] == "Ask [forgotten]"


def offline(ws, work):
    """Work where Crisp refuses everything."""
    send = ws.client._transport.send

    def refused(*arguments, **options):
        raise crisp.Unreachable("nobody there")

    ws.client._transport.send = refused
    try:
        work()
    finally:
        ws.client._transport.send = send


def test_the_cache_of_a_killed_forget_is_purged_by_the_next(few, steps, tmp_path, monkeypatch):
    _, ws = few
    archive = ws.archive(tmp_path / "shelf")
    archive.sync()
    email = archive.conversations()["email"].dropna().iloc[0]
    purge, purged = ws.client.purge_cache, []

    def killed():
        raise Killed

    monkeypatch.setattr(ws.client, "purge_cache", killed)
    with pytest.raises(Killed):
        archive.forget(email=email)
    monkeypatch.setattr(ws.client, "purge_cache", lambda: purged.append(purge()))
    archive.sync()
    assert len(purged) == 1
    archive.sync()
    assert len(purged) == 1


FORGET = """
import os, sys
import crisp_data as crisp
from crisp_data.archive import table
write, left = table.write_deltalake, int(sys.argv[3])
def step(*arguments, **options):
    global left
    if not left:
        os._exit(9)
    left -= 1
    return write(*arguments, **options)
table.write_deltalake = step
crisp.Archive(sys.argv[1]).forget(email=sys.argv[2])
"""


def test_a_process_that_ends_between_two_tables(few, tmp_path):
    _, ws = few
    archive = ws.archive(tmp_path / "shelf")
    archive.sync()
    email = archive.conversations()["email"].dropna().iloc[0]
    arguments = [sys.executable, "-c", FORGET, str(tmp_path / "shelf"), email, "1"]
    assert subprocess.run(arguments, check=False, env=dict(os.environ)).returncode == 9
    assert email in set(archive.conversations()["email"])  # their messages went first
    archive.forget(email=email)
    assert files_that_hold(tmp_path / "shelf", email) == []


def test_a_sync_is_exact_whatever_step_it_was_killed_at(few, steps, every, tmp_path):
    """New, grown and changed conversations, one of which is of another month by then."""
    sandbox, ws = few
    api, rows = Api(ws), sandbox.truth("conversations")
    before = ws.archive(tmp_path / "shelf")
    before.sync()
    api.say(rows[-1]["session_id"], "Once more")
    api.call("change_conversation_state", rows[2]["session_id"], json={"state": "pending"})
    made = ws.client.call("create_new_conversation", website_id=ws.website_id)["session_id"]
    api.say(made, "Hello")

    def threads():
        return sandbox.stats()["by_operation"]["get_messages_in_conversation"]

    for _, archive in kills(steps, every, before, lambda copy: copy.sync()):
        asked = threads()
        move_in_time(sandbox)
        archive.sync()
        assert_exact(archive, sandbox)
        assert threads() - asked <= 2
        assert archive.sync().requests == 1
        assert StateTable(archive._storage).load().page is None


def test_a_mark_of_what_is_gone_is_completed(few, steps, tmp_path):
    sandbox, ws = few
    archive = ws.archive(tmp_path / "shelf")
    archive.sync()
    gone = sandbox.truth("conversations")[0]["session_id"]
    Api(ws).call("remove_conversation", gone)
    mark = table.ArchiveTable.mark

    def killed(self, *arguments):
        if not self.name == "messages":
            raise Killed
        mark(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table.ArchiveTable, "mark", killed)
        with pytest.raises(Killed):
            archive.sync(deep=True)
    assert gone in set(archive.conversations()["session_id"])
    archive.sync()
    assert gone not in set(archive.conversations()["session_id"])
    assert archive.messages(gone, deleted=True)["deleted_at"].notna().all()


def test_the_intent_names_nobody_in_the_log(few, steps, tmp_path):
    """While it is under way the state must name the person; Delta's log must not."""
    _, ws = few
    archive = ws.archive(tmp_path / "shelf")
    archive.sync()
    email = archive.conversations()["email"].dropna().iloc[0]
    assert steps.run(lambda: archive.forget(email=email), last=2)
    assert StateTable(archive._storage).load().forgetting.email == email
    logs = [path for path in (tmp_path / "shelf").rglob("_delta_log/*") if path.is_file()]
    assert logs
    assert [path for path in logs if email.encode() in path.read_bytes()] == []
    assert DeltaTable(tmp_path / "shelf" / "sync").version() > 0


def test_whose_thread_no_conversation_tells_of_yet_is_read_again(few, tmp_path):
    """Killed between a thread and its conversation: nobody knows by then whose words they are."""
    sandbox, ws = few
    archive = ws.archive(tmp_path / "shelf")
    append = table.ArchiveTable.append

    def killed(self, rows):
        if self.name == "conversations":
            raise Killed
        append(self, rows)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table.ArchiveTable, "append", killed)
        with pytest.raises(Killed):
            archive.sync()
    said = sandbox.truth("messages")[0]["session_id"]
    assert files_that_hold(tmp_path / "shelf", said)
    archive.forget(email="somebody@shop.example")
    assert files_that_hold(tmp_path / "shelf" / "messages", said) == []
    archive.sync()
    assert_exact(archive, sandbox)


@pytest.mark.parametrize("last", [4, 5, 6])
def test_a_forget_after_a_killed_sync_takes_no_thread_of_others(few, steps, tmp_path, last):
    """A page whose conversations are committed is not read again: its threads must stay."""
    sandbox, ws = few
    archive = ws.archive(tmp_path / "shelf")
    assert steps.run(archive.sync, last)
    archive = ws.archive(tmp_path / "shelf")
    archive.forget(email="nobody@nowhere.example")
    archive.sync()
    assert_exact(archive, sandbox)
