"""Every inbox is listed, whatever a list without a word shows, as the sandbox's truth has it."""

from contextlib import closing

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data.rest.all_inboxes import WebsiteInboxes
from crisp_data.sandbox import filters as sandbox_filters
from tests.inboxes import READINGS, four_inboxes
from tests.marks import slow


@pytest.fixture(params=["partitioned", *slow("open", "refused")])
def box(request):
    with four_inboxes(request.param) as sandbox:
        yield sandbox


@pytest.fixture
def partitioned():
    with four_inboxes("partitioned") as sandbox:
        yield sandbox


@pytest.fixture
def refused():
    with four_inboxes("refused") as sandbox:
        yield sandbox


def ids(rows):
    return [row["session_id"] for row in rows]


def listed(sandbox):
    return sandbox.stats()["by_operation"].get("list_conversations", 0)


def spent_by(sandbox, work):
    before = listed(sandbox)
    work()
    return listed(sandbox) - before


FILTERS = {
    "none": ({}, lambda row: True),
    "state": ({"state": "resolved"}, lambda row: row["state"] == "resolved"),
    "filtered here": ({"state": "unresolved"}, lambda row: row["state"] == "unresolved"),
    "unassigned": ({"assigned": False}, lambda row: not row["assigned"]),
    "segment": ({"segment": "billing"}, lambda row: "billing" in row["meta"]["segments"]),
    "search": ({"search": "@"}, None),
    "limit": ({"limit": 30}, None),
    "period": ({"since": "2026-09-01", "until": "2026-10-15"}, None),
}


QUICK = ("none",)


@pytest.mark.parametrize("name", [*QUICK, *slow(*(one for one in FILTERS if one not in QUICK))])
def test_a_pull_has_every_inbox_under_each_reading(name):
    """The same rows under each, at one request more than where a plain list shows everything."""
    arguments, wanted = FILTERS[name]
    frames, costs = {}, {}
    for reading in READINGS:
        with four_inboxes(reading) as sandbox:
            ws = crisp.connect(sandbox=sandbox)
            plan = ws.plan.conversations(**arguments)
            before = listed(sandbox)
            frames[reading] = ws.conversations(**arguments)
            assert plan.low <= listed(sandbox) - before <= plan.high
            fresh = crisp.connect(sandbox=sandbox, cache=False)
            costs[reading] = spent_by(sandbox, lambda ws=fresh: ws.conversations(**arguments))
            rows = sandbox.truth("conversations")
            if wanted is not None:
                expected = [row["session_id"] for row in rows if wanted(row)]
                assert list(frames[reading]["session_id"]) == expected
            assert len(frames[reading]) > 0
    for reading in READINGS:
        pd.testing.assert_frame_equal(frames[reading], frames["open"])
    with four_inboxes("open") as sandbox:  # what a list without the word would cost there
        ws = crisp.connect(sandbox=sandbox, cache=False)
        ws.client._all_inboxes.of(ws.website_id).refused = True
        least = spent_by(sandbox, lambda: ws.conversations(**arguments))
    assert costs["open"] == costs["partitioned"] == least
    assert costs["refused"] <= least + 1


def test_words_for_inboxes(box):
    ws, rows = crisp.connect(sandbox=box), box.truth("conversations")
    assert ws.conversations(inbox="all").equals(ws.conversations())
    main = [row["session_id"] for row in rows if row["inbox_id"] is None]
    assert list(ws.conversations(inbox="main")["session_id"]) == main
    assert list(ws.conversations(inbox="main", limit=7)["session_id"]) == main[:7]
    assert list(ws.conversations(inbox="agent")["session_id"]) == ids(rows[::5])
    for inbox_id in {row["inbox_id"] for row in rows} - {None}:
        of_it = [row["session_id"] for row in rows if row["inbox_id"] == inbox_id]
        assert list(ws.conversations(inbox=inbox_id)["session_id"]) == of_it
    for inbox in ("main", "agent"):
        ws.client.purge_cache()
        plan = ws.plan.conversations(inbox=inbox)
        pull = spent_by(box, lambda inbox=inbox: ws.conversations(inbox=inbox))
        assert plan.low <= pull <= plan.high


@pytest.mark.parametrize("inbox", ["All", "Main", "_internal:agent", "", "agents", 7, ["all"]])
def test_other_words_cost_nothing(sandbox, ws, inbox):
    before = sandbox.stats()["requests"]
    for pull in (ws.conversations, ws.plan.conversations):
        with pytest.raises(crisp.BadParameter, match="inbox"):
            pull(inbox=inbox)
    assert sandbox.stats()["requests"] == before


def test_a_refusal_costs_one_request_a_process(refused):
    ws = crisp.connect(sandbox=refused, cache=False)
    costs = [spent_by(refused, ws.conversations) for _ in range(3)]
    assert costs == [costs[1] + 1, costs[1], costs[1]]
    assert refused.stats()["by_status"]["400"] == 1


def test_a_refusal_is_known_to_who_reads_page_one_alone(refused):
    ws = crisp.connect(sandbox=refused)
    with closing(all_pages(ws)) as pages:
        next(pages)
    assert spent_by(refused, lambda: next(all_pages(ws))) == 0
    assert refused.stats()["by_status"]["400"] == 1


def all_pages(ws, **options):
    list_of = {"website_id": ws.website_id, "filter_inbox_id": "all"}
    return ws.client.pages("list_conversations", **list_of, **options)


def test_a_refusal_for_another_reason_is_not_remembered(partitioned):
    """Both were refused, so the word was not to blame."""
    ws = crisp.connect(sandbox=partitioned)
    partitioned.faults(operation="list_conversations", status=400, reason="invalid_data")
    with pytest.raises(crisp.errors.InvalidData) as caught:
        ws.conversations()
    assert caught.value.__context__ is None
    partitioned.faults()
    assert list(ws.conversations()["session_id"]) == ids(partitioned.truth("conversations"))


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 406}, {"drop": "before"}])
def test_other_errors_are_no_refusal(partitioned, fault):
    ws = crisp.connect(sandbox=partitioned, sleep=lambda seconds: None)
    partitioned.faults(operation="list_conversations", **fault)
    with pytest.raises(crisp.CrispError):
        ws.conversations()
    partitioned.faults()
    assert list(ws.conversations()["session_id"]) == ids(partitioned.truth("conversations"))


NOTHING = {"since": "2026-11-02T08:00", "until": "2026-11-02T08:30"}


def test_an_empty_list_is_believed_where_the_word_was_taken_before(partitioned, folder):
    def connect():
        return crisp.connect(sandbox=partitioned, state_dir=folder, cache=False)

    def nothing(ws):
        assert ws.conversations(**NOTHING).empty

    first = connect()
    assert spent_by(partitioned, lambda: nothing(first)) == 2
    first.conversations(limit=1)
    assert spent_by(partitioned, lambda: nothing(first)) == 1
    assert spent_by(partitioned, lambda: nothing(connect())) == 1, "another process knows it, too"


def test_what_is_known_is_of_one_website(partitioned, folder):
    options = {"sandbox": partitioned, "state_dir": folder, "cache": False}
    crisp.connect(**options).conversations(limit=1)
    other = crisp.connect(partitioned.website_ids[1], **options)
    assert spent_by(partitioned, lambda: other.conversations(**NOTHING)) == 2


def test_a_folder_that_takes_no_file_costs_a_request_and_no_error(tmp_path):
    (tmp_path / "file").touch()
    website = WebsiteInboxes(tmp_path / "file" / "below")
    website.accept()
    assert website.accepted, "as long as the process lives"
    assert not WebsiteInboxes(tmp_path / "file" / "below").accepted


@pytest.fixture
def unknown_word(monkeypatch):
    """A service that takes the word for the identifier of an inbox."""
    inbox = sandbox_filters._inbox

    def by_identifier(asked, reading):
        return (lambda one: False) if asked == "all" else inbox(asked, reading)

    monkeypatch.setattr(sandbox_filters, "_inbox", by_identifier)


def test_a_word_taken_for_an_inbox_that_holds_nothing(unknown_word):
    with four_inboxes("open") as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        everyone = ids(sandbox.truth("conversations"))
        plan = ws.plan.conversations()
        cost = spent_by(sandbox, lambda: list(ws.conversations()["session_id"]) == everyone)
        assert plan.low <= cost <= plan.high
        assert list(ws.conversations()["session_id"]) == everyone
        assert spent_by(sandbox, ws.conversations) == 0, "it is cached as any other list"
        assert ws.plan.conversations().requests == 0
        assert all_pages(ws).cached()[1]
        fresh = crisp.connect(sandbox=sandbox, cache=False)
        known = spent_by(sandbox, lambda: list(all_pages(fresh)))
        assert known == 1 + spent_by(sandbox, lambda: list(plain_pages(fresh)))


def plain_pages(ws):
    return ws.client.pages("list_conversations", website_id=ws.website_id)


def test_a_list_cached_without_the_word_is_no_list_of_all(partitioned):
    ws = crisp.connect(sandbox=partitioned)
    plain = [row["session_id"] for page in plain_pages(ws) for row in page.records]
    everyone = ids(partitioned.truth("conversations"))
    assert len(plain) < len(everyone)
    assert list(ws.conversations()["session_id"]) == everyone
    assert [row["session_id"] for page in plain_pages(ws) for row in page.records] == plain


def test_a_list_that_moves_loses_nothing(box):
    ws, existed = crisp.connect(sandbox=box), set(ids(box.truth("conversations")))
    box.churn(every=1, changes=2)
    conversations = ws.conversations()
    assert existed <= set(conversations["session_id"])
    assert conversations["session_id"].is_unique
