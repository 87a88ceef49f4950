"""An archive has every inbox, and is right under another reading after its next sync."""

import math
from collections import Counter

import pytest

import crisp_data as crisp
from tests.archive.conftest import Api, assert_equals_truth, assert_exact, kills
from tests.inboxes import READINGS, four_inboxes
from tests.marks import slow


def costs(sandbox, work):
    before = sandbox.stats()["requests"]
    work()
    return sandbox.stats()["requests"] - before


def listing(sandbox):
    return sandbox.stats()["by_operation"]["list_conversations"]


def without_the_word(ws, on=True):
    """Let a workspace sync as they did before the word was known, or again as they do now."""
    ws.client._all_inboxes.of(ws.website_id).refused = on


@pytest.mark.parametrize("reading", ["partitioned", "refused", *slow("open")])
def test_a_first_sync_costs_at_most_one_request_more(reading, tmp_path):
    with four_inboxes(reading, 20) as sandbox:
        batches = Counter(row["session_id"] for row in sandbox.truth("messages"))
        # The page, and one to see that it was the last.
        least = 2 + sum(math.ceil(count / 40) for count in batches.values())
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        assert costs(sandbox, archive.sync) == least + (reading == "refused")
        assert_equals_truth(archive, sandbox)
        assert costs(sandbox, archive.sync) == 1
        again = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        assert costs(sandbox, again.sync) == 1 + (reading == "refused")


PAIRS = [(one, other) for one in READINGS for other in READINGS]
QUICK = [("partitioned", "refused"), ("refused", "partitioned")]


@pytest.mark.parametrize(
    "readings", [*QUICK, *slow(*(pair for pair in PAIRS if pair not in QUICK))], ids=str
)
def test_an_archive_of_one_reading_is_right_under_another(readings, tmp_path):
    before, after = readings
    with four_inboxes(before, 16) as sandbox:
        crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf").sync()
    with four_inboxes(after, 16) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive, api = ws.archive(tmp_path / "shelf"), Api(ws)
        for row in sandbox.truth("conversations")[::7]:
            api.say(row["session_id"])
        archive.sync()
        assert_equals_truth(archive, sandbox)
        for row in sandbox.truth("conversations")[::11]:
            api.say(row["session_id"])
        done = archive.sync()
        assert done.requests == 1 + done.threads
        assert_equals_truth(archive, sandbox)


@pytest.mark.parametrize("since", [None, "2026-10-01"])
def test_an_archive_without_the_word_is_completed_once(since, tmp_path):
    with four_inboxes("partitioned", conversations=70) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path / "shelf")
        without_the_word(ws)
        archive.sync(since=since)
        before = len(archive.conversations())
        without_the_word(ws, False)
        listed = listing(sandbox)
        done = archive.sync()
        spent = listing(sandbox) - listed
        rows = sandbox.truth("conversations")
        if since is None:
            assert_equals_truth(archive, sandbox)
            assert done.conversations == done.threads == len(rows) - before > 0
            listed = listing(sandbox)
            crisp.connect(sandbox=sandbox).archive(tmp_path / "other").sync()
            # As a first list does, and what showed that it is to be read once more.
            assert spent <= listing(sandbox) - listed + 1
        else:
            start = archive.info()["complete_from"][0].timestamp() * 1000
            within = {row["session_id"] for row in rows if row["updated_at"] >= start}
            assert within <= set(archive.conversations()["session_id"])
        assert costs(sandbox, archive.sync) == 1


def test_a_deep_sync_completes_it_too(tmp_path):
    with four_inboxes("partitioned", 24) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive, quota = ws.archive(tmp_path / "shelf"), ws.client.quota
        without_the_word(ws)
        archive.sync()
        left = quota.limit
        quota.limit = quota.used + quota.reserved_for_writes + 5
        with pytest.raises(crisp.QuotaExceeded):
            archive.sync(deep=True)
        quota.limit = left
        without_the_word(ws, False)
        done = archive.sync(deep=True)
        assert_equals_truth(archive, sandbox)
        assert done.gone == 0
        assert costs(sandbox, archive.sync) == 1


def test_what_a_refusal_left_out_is_listed_once_the_word_is_taken(tmp_path):
    """Refused once, and another list shown meanwhile: the archive knows by which list it is."""
    with four_inboxes("partitioned", 24) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path / "shelf")
        archive.sync()
        api, inboxed = Api(ws), [r for r in sandbox.truth("conversations") if r["inbox_id"]]
        without_the_word(ws)
        api.say(inboxed[0]["session_id"])
        archive.sync()
        crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf").sync()
        assert_equals_truth(archive, sandbox)


@pytest.mark.reliability("kills")
def test_it_is_completed_whatever_ends_the_sync(steps, every, tmp_path, reliability):
    killed = 0
    with four_inboxes("partitioned", conversations=12) as sandbox:
        ws = crisp.connect(sandbox=sandbox, progress=False)
        archive = ws.archive(tmp_path / "shelf")
        without_the_word(ws)
        archive.sync()
        without_the_word(ws, False)
        for _, copy in kills(steps, every, archive, lambda copy: copy.sync()):
            copy.sync()
            assert_exact(copy, sandbox)
            killed += 1
    reliability.count(killed, "syncs killed while they list all inboxes")


def test_words_for_inboxes(tmp_path):
    with four_inboxes("partitioned", 24) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path / "shelf")
        archive.sync()
        assert archive.conversations(inbox="all").equals(ws.conversations())
        assert archive.conversations(inbox="main").equals(ws.conversations(inbox="main"))
        columns = archive.conversations(inbox="main", columns=["session_id"])
        assert len(columns) == len(ws.conversations(inbox="main"))
        with pytest.raises(crisp.BadParameter, match="automation"):
            archive.conversations(inbox="agent")
