"""Threads read side by side: in order, each request counted, nothing lost to a failure."""

import threading
from collections import Counter

import pytest

import crisp_data as crisp
from crisp_data.rest import message_threads, waits
from crisp_data.rest.retry import RetryPolicy
from crisp_data.sandbox import Sandbox


def connect(sandbox, workers, **options):
    return crisp.connect(sandbox=sandbox, workers=workers, sleep=lambda seconds: None, **options)


def test_any_number_of_workers_gives_the_same(sandbox, tmp_path):
    frames, spent = [], []
    for workers in (1, 4, 16):
        ws = connect(sandbox, workers, cache_dir=tmp_path / str(workers))
        before = sandbox.stats()["requests"]
        conversations = ws.conversations()
        frames.append(ws.messages(conversations))
        spent.append(sandbox.stats()["requests"] - before)
    assert frames[0].equals(frames[1])
    assert frames[0].equals(frames[2])
    assert len(set(spent)) == 1


def test_they_do_run_side_by_side(sandbox):
    """Four requests must be open at once, or the barrier breaks."""
    ws = connect(sandbox, 4)
    ids = list(ws.conversations(limit=4)["session_id"])
    together = threading.Barrier(4, timeout=60)
    attempt = ws.client._transport.send

    def waiting(*arguments, **options):
        together.wait()
        return attempt(*arguments, **options)

    ws.client._transport.send = waiting
    pulled = list(message_threads.read(ws.client, ws.website_id, ids))
    assert [thread.session_id for thread in pulled] == ids
    assert all(thread.error is None for thread in pulled)


@pytest.mark.slow
def test_faults_under_several_workers_lose_nothing():
    with Sandbox(seed=6, conversations=150, batch_size=20) as sandbox:
        ws = connect(sandbox, 8)
        conversations = ws.conversations()
        sandbox.faults(status=503, share=0.1)
        sandbox.faults(drop="after", share=0.1)
        sandbox.faults(truncate=True, share=0.1)
        messages = ws.messages(conversations)
        sandbox.faults()
        truth = {(row["session_id"], row["fingerprint"]) for row in sandbox.truth("messages")}
        assert set(zip(messages["session_id"], messages["fingerprint"], strict=True)) == truth
        assert ws.quota.used == sandbox.stats()["requests"]


def test_a_failure_keeps_the_others_and_begins_nothing_more(sandbox):
    ws = connect(sandbox, 2)
    ids = list(ws.conversations()["session_id"])
    ws.messages(ids[:10])
    sandbox.faults(operation="get_messages_in_conversation", status=500)
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.ServerError) as caught:
        ws.messages(ids)
    assert set(caught.value.partial["session_id"]) >= set(ids[:10])
    assert sandbox.stats()["requests"] - before < 7 * 12


@pytest.mark.parametrize("limit", [30, 31, 50])
def test_the_quota_is_met_exactly_by_all_together(sandbox, limit):
    """Every second answer is lost, so what seemed to suffice does not."""
    retry = RetryPolicy(tries=100)  # no thread shall fail for another reason
    ws = connect(sandbox, 8, quota=limit, reserve_for_writes=0, retry=retry)
    conversations = ws.conversations().head(ws.quota.left - 2)
    sandbox.faults(operation="get_messages_in_conversation", drop="after", share=0.5)
    with pytest.raises(crisp.QuotaExceeded) as caught:
        ws.messages(conversations)
    assert sandbox.stats()["requests"] == ws.quota.used == limit
    pulled = caught.value.partial["session_id"].nunique()
    assert pulled > 5
    assert caught.value.needed == len(conversations) - pulled


def test_threads_that_cannot_be_paid_are_not_begun(sandbox):
    ws = connect(sandbox, 8, quota=50, reserve_for_writes=0)
    ids = list(ws.conversations()["session_id"])
    ws.messages(ids[:10])
    before, left = sandbox.stats()["requests"], ws.quota.left
    with pytest.raises(crisp.QuotaExceeded, match="on_quota='wait'") as caught:
        ws.messages(ids)
    assert sandbox.stats()["requests"] == before
    assert (caught.value.needed, caught.value.left) == (len(ids) - 10, left)
    assert len(ws.messages(ids[:12])) > 0  # what is cached counts for nothing


def test_a_reader_that_is_left_begins_nothing_more(sandbox):
    ws = connect(sandbox, 1)
    ids = list(ws.conversations()["session_id"])
    pulled = message_threads.read(ws.client, ws.website_id, ids)
    next(pulled)
    pulled.close()
    for thread in threading.enumerate():
        if thread.name.startswith("crisp-data"):
            thread.join(60)
    assert sandbox.stats()["by_operation"]["get_messages_in_conversation"] < len(ids) / 2


@pytest.mark.parametrize("workers", [0, 65, True, 2.5])
def test_workers_are_checked(sandbox, workers):
    with pytest.raises(crisp.BadParameter, match="workers"):
        connect(sandbox, workers)


@pytest.mark.parametrize(("progress", "shown"), [(True, True), (False, False), (None, False)])
def test_progress_on_whatever_takes_longer_than_a_second(
    sandbox, capsys, monkeypatch, progress, shown
):
    """Silent when told, and on the sandbox unless told otherwise."""
    now, step = 0.0, 0.0

    def clock():
        nonlocal now
        now += step
        return now

    monkeypatch.setattr("tqdm.std.time", clock)
    ws = crisp.connect(sandbox=sandbox, workers=1, progress=progress)
    ids = list(ws.conversations(limit=8)["session_id"])
    assert capsys.readouterr().err == ""  # that took no second
    step = 0.4
    ws.messages(ids)
    assert ("threads" in capsys.readouterr().err) is shown


def test_a_thread_that_is_gone_leaves_no_rows_and_teaches_nothing(sandbox):
    """It may go between two batches; and a request for nothing is no measure of threads."""
    rows = Counter(row["session_id"] for row in sandbox.truth("messages"))
    ((session_id, most),) = rows.most_common(1)
    assert most > 40
    ws = connect(sandbox, 1)
    attempt = ws.client._transport.send

    def gone_by_the_second(call, reservation):
        if "timestamp_before" in call.url:
            sandbox.faults(status=404, reason="conversation_not_found", next=1)
        return attempt(call, reservation)

    ws.client._transport.send = gone_by_the_second
    before = ws._pulls.estimator.batches_per_thread
    with pytest.warns(crisp.CrispWarning, match="1 conversation not found at Crisp and left out"):
        assert len(ws.messages(session_id)) == 0
    assert ws._pulls.estimator.batches_per_thread == before


def test_a_bound_on_waiting_holds_in_every_worker(sandbox):
    ws = connect(sandbox, 2)
    ids = list(ws.conversations(limit=2)["session_id"])
    sandbox.faults(operation="get_messages_in_conversation", status=503)
    before = sandbox.stats()["requests"]
    with waits.at_most(0.0):
        threads = list(message_threads.read(ws.client, ws.website_id, ids))
    assert isinstance(threads[-1].error, crisp.ServerError)
    assert sandbox.stats()["requests"] - before <= len(ids)  # none was tried again
