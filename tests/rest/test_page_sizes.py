"""Pulls from servers whose pages hold fewer rows than asked for, or that ignore the number."""

import warnings

import pytest

import crisp_data as crisp
from crisp_data.sandbox import Sandbox
from tests.marks import slow

pytestmark = pytest.mark.reliability("pages")


def connect(sandbox):
    return crisp.connect(sandbox=sandbox, sleep=lambda seconds: None)


@pytest.mark.parametrize("sizes", [(30,), (20, 35, 50), *slow((12,), (5, 17, 40))])
@pytest.mark.parametrize("inclusive", [False, True])
def test_no_conversation_is_lost_in_silence(sizes, inclusive):
    for seed in (2, 3):
        with Sandbox(
            seed=seed, conversations=90, page_sizes=sizes, inclusive_dates=inclusive
        ) as sandbox:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                pulled = connect(sandbox).conversations()
            due = {row["session_id"] for row in sandbox.truth("conversations")}
            assert pulled["session_id"].is_unique
            assert set(pulled["session_id"]) == due or told


def test_people_on_pages_of_any_one_size_are_whole():
    with Sandbox(seed=1, conversations=120, page_sizes=(30,)) as sandbox:
        people = connect(sandbox).people()
        assert set(people["people_id"]) == {row["people_id"] for row in sandbox.truth("people")}


def test_a_server_that_ignores_the_number_costs_two_requests_and_is_told():
    with Sandbox(seed=1, conversations=120, ignore_page_number=True) as sandbox:
        ws = connect(sandbox)
        for pull in (ws.people, ws.inboxes, ws.campaigns, ws.client.website_ids):
            before = sandbox.stats()["requests"]
            with pytest.warns(crisp.CrispWarning, match="stopped sending new rows"):
                pulled = pull()
            assert sandbox.stats()["requests"] == before + 2
            assert len(pulled) > 0
        with pytest.warns(crisp.CrispWarning):
            ids = ws.client.website_ids(refresh=True)
        assert ids == sandbox.website_ids


@pytest.mark.parametrize("size", [2, 7, 21, *slow(*sorted({*range(1, 51)} - {2, 7, 21}))])
def test_conversations_come_whole_where_the_dates_are_ignored(size):
    with Sandbox(seed=7, conversations=101, page_sizes=(size,), date_filter=False) as sandbox:
        with pytest.warns(crisp.CrispWarning, match="by page number"):
            pulled = connect(sandbox).conversations()
        due = {row["session_id"] for row in sandbox.truth("conversations")}
        assert pulled["session_id"].is_unique
        assert set(pulled["session_id"]) == due


@pytest.mark.parametrize("size", [21, *slow(*range(1, 21), *range(22, 51))])
def test_conversations_come_whole_on_pages_of_one_size(size):
    with Sandbox(seed=7, conversations=101, page_sizes=(size,)) as sandbox:
        pulled = connect(sandbox).conversations()
        due = {row["session_id"] for row in sandbox.truth("conversations")}
        assert set(pulled["session_id"]) == due


@pytest.mark.parametrize("sizes", [(21, 33, 35), *slow((50, 20), (20, 35, 50), (5, 17, 40))])
@pytest.mark.parametrize("seed", [2, 4])
def test_pages_that_change_where_the_dates_are_ignored_are_whole_or_told(sizes, seed):
    with Sandbox(seed=seed, conversations=101, page_sizes=sizes, date_filter=False) as sandbox:
        with pytest.warns(crisp.CrispWarning, match="by page number") as told:
            pulled = connect(sandbox).conversations()
        due = {row["session_id"] for row in sandbox.truth("conversations")}
        whole = set(pulled["session_id"]) == due
        changed = "the server changed its page size" in str(told[0].message)
        assert whole or (changed and min(sizes) < 20)


def test_no_person_is_lost_where_others_are_removed_while_the_list_is_read():
    with Sandbox(seed=1, conversations=300) as sandbox:
        ws = connect(sandbox)
        writer = crisp.connect(sandbox=sandbox, writes=True)
        pages = ws.client.pages("list_people_profiles", website_id=ws.website_id)
        found = [row["people_id"] for row in next(pages).records]
        for gone in (found[0], found[7]):
            writer.client.call("remove_people_profile", website_id=ws.website_id, people_id=gone)
        found += [row["people_id"] for page in pages for row in page.records]
        assert {row["people_id"] for row in sandbox.truth("people")} <= set(found)
        assert pages.incomplete == ""
        left = len(ws.people(refresh=True))
        before = sandbox.stats()["requests"]
        assert len(ws.people()) == left == len(sandbox.truth("people"))
        assert sandbox.stats()["requests"] == before
