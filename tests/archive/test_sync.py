"""What a sync brings, and what it costs; the sandbox's truth and its count are the referee."""

import dataclasses
import json
import math
import re

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data import tables
from crisp_data.archive import table as archive_table
from crisp_data.rest import message_threads
from crisp_data.sandbox import Sandbox
from tests.marks import slow

from .conftest import Api, assert_equals_truth


@pytest.fixture
def sandbox():
    """Three pages of conversations, so that a sync can end between two of them."""
    with Sandbox(seed=1, conversations=120) as box:
        yield box


@pytest.mark.parametrize("size", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_first_sync_has_the_least_price(size, tmp_path):
    with Sandbox(seed=2, conversations=size) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path / "shelf")
        before = sandbox.stats()["requests"]
        done = archive.sync()
        spent = sandbox.stats()["requests"] - before
        assert_equals_truth(archive, sandbox)
        threads = pd.DataFrame(sandbox.truth("messages")).groupby("session_id").size()
        least = size // 50 + 1 + int(sum(math.ceil(count / 40) for count in threads))
        assert least <= spent <= 1.03 * least
        assert done.requests == spent
        assert (done.conversations, done.threads, done.messages) == (size, size, threads.sum())


def test_nothing_changed_costs_one_request(archive, spent):
    archive.sync()
    spent()
    done = archive.sync()
    assert spent() == done.requests == 1
    assert (done.conversations, done.messages, done.threads) == (0, 0, 0)


@pytest.mark.parametrize("size", [200, pytest.param(2000, marks=pytest.mark.slow)])
def test_one_per_cent_changed_costs_the_least(size, tmp_path):
    with Sandbox(seed=3, conversations=size) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive, api = ws.archive(tmp_path / "shelf"), Api(ws)
        archive.sync()
        ids = [row["session_id"] for row in sandbox.truth("conversations")]
        for session_id in ids[50::100]:
            api.say(session_id)
        changed = len(ids[50::100])
        before = sandbox.stats()["requests"]
        archive.sync()
        spent = sandbox.stats()["requests"] - before
        assert spent == 1 + changed  # one page of the listing, one batch of each thread
        assert_equals_truth(archive, sandbox)


def test_a_known_preview_costs_no_thread(sandbox, archive, api, spent):
    archive.sync()
    session_id = sandbox.truth("conversations")[70]["session_id"]
    api.call("change_conversation_state", session_id, json={"state": "unresolved"})
    spent()
    done = archive.sync()
    assert (spent(), done.threads, done.conversations) == (1, 0, 1)
    assert_equals_truth(archive, sandbox)


def test_a_preview_that_is_an_older_message_costs_no_thread(sandbox, archive, api, spent):
    """The last message was removed: the listing shows the one before it, long archived."""
    rows = sandbox.truth("messages")
    counts = pd.Series([row["session_id"] for row in rows]).value_counts()
    session_id = counts[counts > 3].index[0]
    archive.sync()
    last = [row for row in rows if row["session_id"] == session_id][-1]
    api.call("remove_message_in_conversation", session_id, fingerprint=last["fingerprint"])
    spent()
    done = archive.sync()
    assert (spent(), done.threads, done.conversations) == (1, 0, 1)


@pytest.mark.parametrize(
    "new", [1, 41, *(pytest.param(new, marks=pytest.mark.slow) for new in (39, 40, 85))]
)
def test_a_grown_thread_costs_as_many_batches_as_are_new(sandbox, archive, api, spent, new):
    archive.sync()
    session_id = sandbox.truth("conversations")[30]["session_id"]
    for number in range(new):
        api.say(session_id, f"{number}")
    spent()
    archive.sync()
    # Batches of 40, each overlapping the one before by a message; the last must hold a known one.
    assert spent() - 1 == max(1, math.ceil(new / 39))
    assert_equals_truth(archive, sandbox)


def test_new_conversations_come_with_their_threads(sandbox, ws, archive, api):
    archive.sync()
    made = ws.client.call("create_new_conversation", website_id=ws.website_id)
    api.say(made["session_id"], "Hello")
    done = archive.sync()
    assert (done.conversations, done.messages) == (1, 1)
    assert_equals_truth(archive, sandbox)


def test_since_reaches_as_far_as_asked_and_further_when_asked(sandbox, archive, spent):
    archive.sync(since="2026-10-20")
    rows = sandbox.truth("conversations")
    edge = pd.Timestamp("2026-10-20", tz="UTC").value // 10**6
    recent = {row["session_id"] for row in rows if row["updated_at"] >= edge}
    assert recent <= set(archive.conversations()["session_id"])
    first = set(archive.conversations()["session_id"])
    assert first == recent
    held = len(first)
    assert held < len(rows)
    info = archive.info().set_index("table")
    assert info.loc["conversations", "complete_from"] == pd.Timestamp("2026-10-20", tz="UTC")
    spent()
    archive.sync()  # as far as before
    assert spent() == 1
    assert len(archive.conversations()) == held
    archive.sync(since="2026-09-20")
    threads_read = spent()
    archive.sync(since="2000-01-01")
    assert_equals_truth(archive, sandbox)
    # No thread that was there was read again: the rest is five pages of the listing, twice.
    threads = pd.Series([row["session_id"] for row in sandbox.truth("messages")]).value_counts()
    batches = sum(math.ceil(n / 39) for one, n in threads.items() if one not in first)
    assert threads_read + spent() <= batches + 10


@pytest.mark.parametrize("deep", [False, True])
def test_threads_older_than_asked_for_cost_nothing(tmp_path, deep):
    """The page shows 30 conversations; a few of them are of the last days."""
    with Sandbox(seed=1, conversations=30) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        edge = pd.Timestamp("2026-10-27 09:00", tz="UTC").value // 10**6
        rows = sandbox.truth("conversations")
        recent = {row["session_id"] for row in rows if row["updated_at"] >= edge}
        texts = [row for row in sandbox.truth("messages") if row["session_id"] in recent]
        number = len(recent)
        assert 1 < number < 15
        before = sandbox.stats()["requests"]
        done = archive.sync(since="6 days ago", deep=deep)
        assert done.requests == sandbox.stats()["requests"] - before == 1 + number
        assert (done.conversations, done.threads, done.messages) == (number, number, len(texts))
        assert set(archive.conversations()["session_id"]) == recent
        assert archive.sync().requests == 1
        archive.sync(since="2000-01-01")
        assert_equals_truth(archive, sandbox)
        # The rest of the page is not read again.
        assert archive.sync(since="6 days ago", deep=deep).requests == 1 + number * deep


def test_nothing_as_new_as_asked_for_costs_one_page(tmp_path):
    with Sandbox(seed=1, conversations=12) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        done = archive.sync(since="1 minute ago")
        assert (done.requests, done.conversations, len(archive.conversations())) == (1, 0, 0)
        archive.sync(since="2000-01-01")
        assert_equals_truth(archive, sandbox)


def test_what_is_claimed_is_read_at_any_age(tmp_path):
    """A conversation was taken for gone: the next sync meets it again, older than it asks for."""
    with Sandbox(seed=1, conversations=12) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        archive.sync()
        known = sandbox.truth("conversations")[7]["session_id"]
        for name in ("messages", "conversations"):
            archive._tables[name].mark(archive_table.having([known]), 1)
        assert archive.sync(since="1 minute ago").threads == 1
        assert_equals_truth(archive, sandbox)


def test_an_older_conversation_that_is_answered_comes_in(sandbox, archive, api):
    archive.sync(since="2026-10-20")
    oldest = sandbox.truth("conversations")[-1]["session_id"]
    assert oldest not in set(archive.conversations()["session_id"])
    api.say(oldest)
    archive.sync()
    thread = [row for row in sandbox.truth("messages") if row["session_id"] == oldest]
    assert len(archive.messages(oldest)) == len(thread)


def test_deep_finds_edits_and_deletions(sandbox, ws, archive, api, spent):
    archive.sync()
    rows = sandbox.truth("messages")
    counts = pd.Series([row["session_id"] for row in rows]).value_counts()
    edited, cut, removed = counts[counts > 3].index[:3]
    text = next(r for r in rows if r["session_id"] == edited and r["type"] == "text")
    api.call(
        "update_message_in_conversation",
        edited,
        fingerprint=text["fingerprint"],
        json={"content": "Written anew"},
    )
    first = next(row for row in rows if row["session_id"] == cut)
    api.call("remove_message_in_conversation", cut, fingerprint=first["fingerprint"])
    api.call("remove_conversation", removed)
    archive.sync()
    assert "Written anew" not in set(archive.messages()["content"])
    spent()
    done = archive.sync(deep=True)
    assert_equals_truth(archive, sandbox)
    assert done.gone == 1
    # Every thread once, the listing, its end, another look at its top, and one question about
    # the one that is gone.
    threads = pd.Series([row["session_id"] for row in sandbox.truth("messages")]).value_counts()
    assert spent() <= sum(math.ceil(count / 39) for count in threads) + 3 + 1 + 1 + 1
    with_deleted = archive.conversations(deleted=True)
    gone = with_deleted[with_deleted["deleted_at"].notna()]
    assert list(gone["session_id"]) == [removed]
    messages = archive.messages(deleted=True).query("session_id == @removed")
    assert messages["deleted_at"].notna().all()
    assert len(messages) == counts[removed]
    marked = archive.messages(cut, deleted=True)
    assert list(marked.loc[marked["deleted_at"].notna(), "fingerprint"]) == [first["fingerprint"]]


@pytest.mark.slow
def test_a_deep_sync_that_was_interrupted_goes_on(archive, sandbox, ws):
    archive.sync()
    quota = ws.client.quota
    quota.limit = quota.used + quota.reserved_for_writes + 70
    with pytest.raises(crisp.QuotaExceeded) as caught:
        archive.sync(deep=True)
    assert caught.value.partial.threads > 50
    quota.limit = 10_000
    done = archive.sync(deep=True)
    assert done.threads + caught.value.partial.threads == 120
    assert_equals_truth(archive, sandbox)


def test_small_tables_come_when_asked_for(sandbox, ws, archive, spent):
    archive.sync(also=["people", "operators", "inboxes", "campaigns"])
    for table in ("people", "operators", "inboxes", "campaigns"):
        pd.testing.assert_frame_equal(getattr(archive, table)(), getattr(ws, table)())
    spent()
    archive.sync()
    assert spent() == 1
    with pytest.raises(crisp.BadParameter, match="visitors"):
        archive.sync(also=["visitors"])


def test_a_website_without_conversations(tmp_path):
    with Sandbox(conversations=0) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        # An empty list proves nothing: once more, without the word for every inbox.
        assert archive.sync().requests == 2
        assert archive.sync().requests == 2
        assert archive.conversations().empty
        assert archive.messages().dtypes.equals(tables.empty("messages").dtypes)


@pytest.mark.parametrize("habits", [{"inclusive_dates": False}, {"inclusive_before": True}])
def test_either_reading_gives_the_same_rows(tmp_path, habits):
    with Sandbox(seed=5, conversations=100, batch_size=10, **habits) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        archive.sync(since="2026-10-01")
        archive.sync(since="2000-01-01")
        assert_equals_truth(archive, sandbox)


def test_a_filter_that_is_ignored_is_said_and_nothing_is_claimed(tmp_path):
    with Sandbox(seed=3, conversations=90, date_filter=False) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path / "shelf")
        with pytest.warns(crisp.CrispWarning, match="by page number"):
            archive.sync()
        assert_equals_truth(archive, sandbox, told=True)
        assert archive.info()["complete_to"].isna().all()
        before = sandbox.stats()["by_operation"]["get_messages_in_conversation"]
        with pytest.warns(crisp.CrispWarning, match="by page number"):
            archive.sync()
        assert sandbox.stats()["by_operation"]["get_messages_in_conversation"] == before


@pytest.mark.reliability("pages")
@pytest.mark.parametrize("size", [21, *slow(*range(1, 21), *range(22, 51))])
@pytest.mark.parametrize("date_filter", [False, True])
def test_an_archive_is_whole_for_every_size_of_pages(size, date_filter, tmp_path):
    with Sandbox(seed=7, conversations=43, page_sizes=(size,), date_filter=date_filter) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        whole = date_filter or size >= 43  # (what one page holds needs no date)
        if whole:
            archive.sync()
        else:
            with pytest.warns(crisp.CrispWarning, match="by page number"):
                archive.sync()
        assert_equals_truth(archive, sandbox, told=not whole)


@pytest.mark.parametrize("size", [21, *slow(1, 5, 20, 22, 30, 50)])
@pytest.mark.parametrize("inclusive", [True, *slow(False)])
def test_an_archive_grows_back_in_time_for_every_size_of_pages(size, inclusive, tmp_path):
    """What a page shows of the time before is left out, claimed by nobody, and read later."""
    habits = {"page_sizes": (size,), "inclusive_dates": inclusive}
    with Sandbox(seed=7, conversations=43, **habits) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        times = sorted(row["updated_at"] for row in sandbox.truth("conversations"))
        for at in (times[35], times[30] + 1, times[10], 0):
            archive.sync(since=pd.Timestamp(at, unit="ms", tz="UTC"))
            assert len(archive.conversations()) == sum(one >= at for one in times)
        assert_equals_truth(archive, sandbox)


def test_an_archive_is_of_one_website(sandbox, archive, tmp_path):
    archive.sync()
    other = crisp.connect(
        sandbox.website_ids[1],
        identifier=sandbox.identifier,
        key=sandbox.key,
        base_url=sandbox.url,
    )
    with pytest.raises(crisp.BadParameter, match="another website"):
        other.archive(tmp_path / "shelf").sync()


def test_without_a_workspace_it_reads_and_says_so(archive, tmp_path):
    archive.sync()
    reader = crisp.Archive(tmp_path / "shelf")
    assert reader.conversations().equals(archive.conversations())
    with pytest.raises(crisp.CrispError, match=r"ws\.archive"):
        reader.sync()


@pytest.mark.reliability("pages")
@pytest.mark.slow
def test_churn_while_it_syncs_loses_nothing(tmp_path):
    with Sandbox(seed=8, conversations=120) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        existed = {row["session_id"] for row in sandbox.truth("conversations")}
        sandbox.churn(every=2)
        archive.sync()
        # What moved to the top behind the walk's back was met by another look there.
        assert existed <= set(archive.conversations()["session_id"])
        sandbox.churn()
        archive.sync()
        assert_equals_truth(archive, sandbox)


def test_a_field_that_crisp_adds_is_kept(sandbox, archive):
    archive.sync()
    extra = archive.conversations()["extra"].dropna()
    assert any("ai_summary" in json.loads(text) for text in extra)


def test_what_was_gone_and_is_back_is_whole_again(sandbox, archive, api):
    """Crisp told that it is gone, wrongly, and tells of it again."""
    archive.sync()
    session_id = sandbox.truth("conversations")[40]["session_id"]
    api.say(session_id)
    sandbox.faults(
        operation="get_messages_in_conversation", status=404, reason="conversation_not_found"
    )
    assert archive.sync().gone == 1
    sandbox.faults()
    api.call("change_conversation_state", session_id, json={"state": "pending"})
    archive.sync()
    assert_equals_truth(archive, sandbox)


def test_what_was_never_kept_is_not_empty(archive, tmp_path):
    with pytest.raises(crisp.BadParameter, match="no archive at"):
        crisp.Archive(tmp_path / "elsewhere").conversations()
    archive.sync()
    with pytest.raises(crisp.BadParameter, match="does not hold people"):
        archive.people()
    for wrong in (["nickname", "sesion_id"], "sesion_id"):
        with pytest.raises(crisp.BadParameter, match="'sesion_id'"):
            archive.conversations(columns=wrong)


@pytest.mark.slow
def test_a_long_sync_shows_its_plan_before_it_goes_on(ws, sandbox, archive, api, capsys):
    spent = sandbox.stats()["requests"]
    done = archive.sync()
    what, share = capsys.readouterr().err.splitlines()
    expected = int(re.match(r"sync: about (\d+) requests, at least \d+$", what)[1])
    assert 0.75 * done.requests < expected < 1.25 * done.requests
    assert "of a day's 5,000" in share
    assert done.requests == sandbox.stats()["requests"] - spent
    api.say(sandbox.truth("conversations")[0]["session_id"])
    archive.sync()
    assert capsys.readouterr().err == ""
    archive.sync(deep=True)
    assert "at least 122" in capsys.readouterr().err  # 120 threads, and more than one page
    quiet = crisp.connect(sandbox=sandbox, progress=False)
    quiet.archive(archive._storage.root + "-quiet").sync()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("syncs", [8, pytest.param(25, marks=pytest.mark.slow)])
def test_files_do_not_pile_up(sandbox, archive, api, monkeypatch, tmp_path, syncs):
    """Each sync writes small files; they become few by themselves, and the log is cut."""
    monkeypatch.setattr(archive_table, "_FILES", 2)
    archive.sync()
    months = len(archive._tables["messages"].delta().partitions())
    for number in range(syncs):
        api.say(sandbox.truth("conversations")[-1 - number]["session_id"])
        archive.sync()
        assert archive.info()["files"].max() <= 2 * months
    assert_equals_truth(archive, sandbox)
    for table in ("conversations", "messages", "sync"):
        assert len(list((tmp_path / "shelf" / table / "_delta_log").iterdir())) < 2 * syncs


@pytest.mark.slow
def test_a_message_without_a_fingerprint_stays_when_its_thread_grows(
    sandbox, archive, api, monkeypatch
):
    read, odd = message_threads.read, []

    def stripped(*arguments, **options):
        for thread in read(*arguments, **options):
            for mark in odd:
                pattern = rb'"fingerprint": ?%d,' % mark
                thread.bodies = [re.sub(pattern, b"", body) for body in thread.bodies]
            yield thread

    monkeypatch.setattr(message_threads, "read", stripped)
    session_id = sandbox.truth("conversations")[0]["session_id"]

    def nameless():
        return int(archive.messages(session_id)["fingerprint"].isna().sum())

    odd.append(api.say(session_id, "one"))
    api.say(session_id, "two")
    archive.sync()
    assert nameless() == 1
    odd.append(api.say(session_id, "three"))
    api.say(session_id, "four")
    for deep in (False, True):
        archive.sync(deep=deep)
        assert nameless() == 2


def test_what_may_be_missing_is_said_until_it_is_there(tmp_path):
    with Sandbox(1, 60, page_sizes=(10,), ignore_page_number=True) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        listed = {row["session_id"] for row in sandbox.truth("conversations")}
        for _ in range(3):
            with pytest.warns(crisp.CrispWarning, match="may be missing"):
                archive.sync()
            with pytest.warns(crisp.CrispWarning, match="may lack conversations"):
                assert len(listed - set(archive.conversations()["session_id"])) == 1


def test_what_may_be_missing_is_said_after_an_interruption_too(tmp_path):
    """It ends below the instant whose rows the server does not show, and saves its bounds."""
    with Sandbox(3, 90, page_sizes=(10,), ignore_page_number=True) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path / "shelf")
        listed = {row["session_id"] for row in sandbox.truth("conversations")}
        with pytest.raises(crisp.QuotaExceeded), ws.budget(119):
            archive.sync()
        with pytest.warns(crisp.CrispWarning, match="may be missing"):
            archive.sync()
        with pytest.warns(crisp.CrispWarning, match="may lack conversations"):
            assert len(listed - set(archive.conversations()["session_id"])) == 1


def test_the_plan_of_a_sync_announces_no_more_than_the_list_can_cost(tmp_path, capsys):
    with Sandbox(seed=1, conversations=120, ignore_page_number=True) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        with pytest.warns(crisp.CrispWarning, match="may be missing"):
            done = archive.sync()
        announced = re.findall(r"[\d,]+(?= requests)", capsys.readouterr().err)
        assert all(int(one.replace(",", "")) <= done.requests for one in announced)


@pytest.mark.parametrize("speak", [False, True])
def test_the_plan_of_a_sync_after_a_burst(tmp_path, monkeypatch, speak):
    """Sixty changed within a minute. Where nothing was said in them, no thread is to be read."""
    with Sandbox(seed=1, conversations=64) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        archive, api = ws.archive(tmp_path / "shelf"), Api(ws)
        archive.sync()
        plans, real = [], archive._checks.before_sync
        monkeypatch.setattr(archive._checks, "before_sync", lambda *one: plans.append(real(*one)))
        sandbox.clock(advance_s=3 * 86_400)
        for row in sandbox.truth("conversations")[-60:]:
            if speak:
                api.say(row["session_id"])
            else:
                state = {"state": "unresolved"}
                api.call("change_conversation_state", row["session_id"], json=state)
            sandbox.clock(advance_s=1)
        done = archive.sync()
        planned = plans[0]
        assert done.threads == (60 if speak else 0)
        assert planned.low <= min(done.requests, planned.requests)
        assert planned.requests <= 1.3 * done.requests  # ("about 4,881 requests, at least 1,110")


class OddSandbox(Sandbox):
    """A sandbox in which the first message of each thread says what it likes of its thread."""

    odd: object = None

    def respond(self, request):
        answer = super().respond(request)
        if request.target.partition("?")[0].endswith("/messages"):
            body = json.loads(answer.body)
            if self.odd is ...:
                del body["data"][0]["session_id"]
            else:
                body["data"][0]["session_id"] = self.odd
            answer = dataclasses.replace(answer, body=json.dumps(body).encode())
        return answer


@pytest.mark.parametrize("odd", ["session_00000000-0000-4000-8000-000000000000", "", None, 7, ...])
def test_a_message_belongs_to_the_thread_that_was_asked_for(odd, tmp_path):
    """Whatever it says itself, in the archive as in a pull."""
    with OddSandbox(seed=1, conversations=4) as sandbox:
        sandbox.odd = odd
        ws = crisp.connect(sandbox=sandbox)
        archive = ws.archive(tmp_path / "shelf")
        archive.sync()
        assert archive.sync().requests == 1
        found, pulled = archive.messages(), ws.messages(archive.conversations())
        own = {}
        for row in sandbox.truth("messages"):
            own.setdefault(row["session_id"], set()).add(row["fingerprint"])
        assert found.groupby("session_id")["fingerprint"].agg(set).to_dict() == own
        pd.testing.assert_frame_equal(found, pulled)
        assert archive.sync(deep=True).messages == len(found)
        pd.testing.assert_frame_equal(archive.messages(), pulled)
