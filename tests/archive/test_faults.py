"""Faults of every kind: the archive is exact in the end, and says so when it is not yet."""

import socket
import threading
import time

import pytest

import crisp_data as crisp
from crisp_data.local.process_lease import LEASE
from crisp_data.rest import message_threads
from crisp_data.sandbox import Sandbox

from .conftest import assert_equals_truth, truth

FAULTS = [
    *({"status": status} for status in (420, 423, 429, 500, 502, 503)),
    {"status": 200, "reason": "internal_error"},
    {"drop": "before"},
    {"drop": "after"},
    {"truncate": True},
    {"malformed": True},
    {"latency_ms": 1},
]


def truths(sandbox):
    """The truth of both tables, in the order of the listing."""
    conversations = truth(sandbox, "conversations")
    return conversations, truth(sandbox, "messages", list(conversations["session_id"]))


def assert_partly_true(archive, conversations, messages):
    """What is there already is true, row for row, and that more may be missing is said."""
    with pytest.warns(crisp.CrispWarning, match="may lack conversations"):
        held = archive.conversations()
    ids = held["session_id"]
    rows = conversations.set_index("session_id", drop=False).loc[ids].reset_index(drop=True)
    assert held.equals(rows)
    found = archive.messages(held)
    assert found.equals(messages[messages["session_id"].isin(ids)].reset_index(drop=True))


# Each in a large world, and one of each kind in a small one.
CASES = [pytest.param(fault, 100, marks=pytest.mark.slow, id=str(fault)) for fault in FAULTS]
CASES += [pytest.param(FAULTS[n], 50, id=f"{FAULTS[n]}, small") for n in (2, 8, 10)]


@pytest.mark.reliability("servers")
@pytest.mark.parametrize(("fault", "conversations"), CASES)
def test_every_fault_at_ten_per_cent(fault, conversations, tmp_path):
    with Sandbox(seed=11, conversations=conversations, batch_size=20) as sandbox:
        ws = crisp.connect(sandbox=sandbox, sleep=lambda seconds: None, quota=10**6)
        archive = ws.archive(tmp_path / "shelf")
        expected = truths(sandbox)  # which faults do not change
        sandbox.faults(share=0.1, **fault)
        # Each try ends at one fault or at several, as its threads fall; there are some 30.
        for _ in range(300):
            try:
                archive.sync()
                break
            except crisp.CrispError:
                assert_partly_true(archive, *expected)
        else:
            pytest.fail("it never got through")
        sandbox.faults()
        assert_equals_truth(archive, sandbox)
        assert ws.quota.used == sandbox.stats()["requests"]


def test_an_error_that_stays_is_told_with_what_was_done(tmp_path):
    with Sandbox(seed=11, conversations=160) as sandbox:
        ws = crisp.connect(sandbox=sandbox, sleep=lambda seconds: None)
        archive = ws.archive(tmp_path / "shelf")
        archive.sync(since="2026-10-25")
        held = len(archive.conversations())
        sandbox.faults(operation="get_messages_in_conversation", status=500)
        with pytest.raises(crisp.ServerError) as caught:
            archive.sync(since="2000-01-01")
        assert (caught.value.partial.conversations, caught.value.partial.threads) == (0, 0)
        with pytest.warns(crisp.CrispWarning, match="may lack .* before 2026-10-25 00:00"):
            assert len(archive.conversations()) == held
        info = archive.info().set_index("table")
        assert info.loc["messages", "complete_from"].isoformat() == "2026-10-25T00:00:00+00:00"


def test_a_conversation_that_vanishes_meanwhile_is_left_out(tmp_path):
    with Sandbox(seed=11, conversations=60) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path / "shelf")
        archive.sync()
        newest = sandbox.truth("conversations")[0]["session_id"]
        body = {"type": "text", "from": "user", "origin": "chat", "content": "Still there?"}
        arguments = {"website_id": ws.website_id, "session_id": newest}
        ws.client.call("send_message_in_conversation", json=body, **arguments)
        # Listed, and gone before its thread is read.
        sandbox.faults(
            operation="get_messages_in_conversation", status=404, reason="conversation_not_found"
        )
        assert archive.sync().gone == 1
        sandbox.faults()
        assert newest not in set(archive.conversations()["session_id"])
        assert newest in set(archive.conversations(deleted=True)["session_id"])


@pytest.mark.slow
def test_a_conversation_that_vanishes_before_it_was_ever_kept(sandbox, ws, archive, api):
    """A spammer's, say, removed between the listing and its thread."""
    archive.sync()
    session_id = ws.client.call("create_new_conversation", website_id=ws.website_id)["session_id"]
    api.say(session_id, "Cheap watches")
    sandbox.faults(
        operation="get_messages_in_conversation", status=404, reason="conversation_not_found"
    )
    archive.sync()
    assert session_id not in set(archive.conversations(deleted=True)["session_id"])
    sandbox.faults()
    api.say(session_id, "It was not, after all")  # a refusal that was wrong does no harm
    archive.sync()
    assert_equals_truth(archive, sandbox)


def test_the_quota_ends_and_the_next_day_goes_on(tmp_path):
    with Sandbox(seed=11, conversations=160, quota=100) as sandbox:
        ws = crisp.connect(sandbox=sandbox, quota=100, reserve_for_writes=0)
        archive = ws.archive(tmp_path / "shelf")
        with pytest.raises(crisp.QuotaExceeded) as caught:
            archive.sync()
        assert sandbox.stats()["requests"] == 100
        assert caught.value.partial.threads > 80
        assert_partly_true(archive, *truths(sandbox))
        with pytest.warns(crisp.CrispWarning, match="may lack conversations"):
            assert len(archive.conversations()) > 80  # what was read is not read again
        sandbox.clock(advance_s=24 * 3600)
        done = archive.sync()
        assert done.threads + caught.value.partial.threads <= 160 + 4
        assert_equals_truth(archive, sandbox)


@pytest.mark.reliability("clocks")
@pytest.mark.slow
def test_the_clock_jumps_to_tomorrow_in_the_middle(tmp_path):
    """Both days are charged what was sent on them, and nothing is read twice or left out."""
    with Sandbox(seed=11, conversations=160, quota=150) as sandbox:
        ws = crisp.connect(sandbox=sandbox, quota=150, reserve_for_writes=0)
        archive = ws.archive(tmp_path / "shelf")
        reserve, asked, turn = ws.quota.reserve, 0, threading.Lock()

        def jumping(*arguments, **options):
            nonlocal asked
            with turn:  # else another could count itself before the jump, and reserve after it
                asked += 1
                if asked == 120:
                    sandbox.clock(advance_s=24 * 3600)
                return reserve(*arguments, **options)

        ws.quota.reserve = jumping
        archive.sync()
        assert_equals_truth(archive, sandbox)
        assert ws.quota.used == sandbox.stats()["requests"] - 120  # the name, and 119 yesterday
        assert archive.info()["complete_to"].notna().all()


def test_who_slept_through_its_lease_writes_nothing(sandbox, archive, tmp_path, monkeypatch):
    """A laptop that slept in the middle of a page, while another machine synced all of it."""
    read, clock, slept = message_threads.read, time.time, []

    def sleepy(*arguments, **options):
        yield from read(*arguments, **options)
        if not slept:
            slept.append(LEASE + 1)
            monkeypatch.setattr(time, "time", lambda: clock() + slept[0])
            with monkeypatch.context() as there:
                there.setattr(socket, "gethostname", lambda: "elsewhere")
                crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf").sync()

    monkeypatch.setattr(message_threads, "read", sleepy)
    with pytest.raises(crisp.CrispError, match="took over the archive"):
        archive.sync()
    assert slept
    assert_equals_truth(archive, sandbox)
    assert archive.sync().requests == 1


def test_what_went_wrong_with_the_files_is_told_with_the_way_on(archive, tmp_path):
    archive.sync()
    for path in (tmp_path / "shelf" / "messages").rglob("*.parquet"):
        path.unlink()
    with pytest.raises(crisp.CrispError, match="cannot be read: not found") as caught:
        crisp.Archive(tmp_path / "shelf").messages()
    assert "restore the folder from a copy" in caught.value.hint
    assert caught.value.__cause__ is None  # the library's words would stand in the traceback
    (tmp_path / "a file").touch()
    with pytest.raises(crisp.CrispError, match=r"No archive can be created at .*file.* exists"):
        type(archive)(tmp_path / "a file", client=archive._client, website_id="w").sync()
