"""Walks as the archive takes them: a lap at a time, past the cache, down to what is known."""

import gc
import sqlite3
import time
from datetime import datetime
from types import SimpleNamespace

import pytest

import crisp_data as crisp
from crisp_data.api import list_pass
from crisp_data.rest import message_threads, page_iterator
from crisp_data.rest.cache import Cache
from crisp_data.sandbox import Sandbox
from tests.marks import slow


def spent(sandbox, operation="list_conversations"):
    return sandbox.stats()["by_operation"].get(operation, 0)


def walk(ws, **options):
    return ws.client.pages("list_conversations", website_id=ws.website_id, **options)


def kept(ws):
    with sqlite3.connect(ws.client.cache_path) as db:
        return db.execute("SELECT count(*) FROM responses").fetchone()[0]


def milliseconds(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_page_says_what_was_asked(ws):
    first, second, *_ = walk(ws, filter_not_resolved=1, filter_date_end="2026-10-25T00:00:00.000Z")
    assert first.query["filter_not_resolved"] == second.query["filter_not_resolved"] == "1"
    assert first.query["filter_date_end"] == "2026-10-25T00:00:00.000Z"
    assert milliseconds(second.query["filter_date_end"]) <= milliseconds(
        first.query["filter_date_end"]
    )
    thread = ws.client.pages(
        "get_messages_in_conversation",
        website_id=ws.website_id,
        session_id=first.records[0]["session_id"],
    )
    assert next(thread).query == {}


def test_what_is_not_kept_neither_enters_the_cache_nor_comes_from_it(sandbox, ws):
    ids = list(ws.conversations(limit=10)["session_id"])
    ws.messages(ids)
    before, cost = kept(ws), sandbox.stats()["requests"]
    for _ in range(2):
        pages = list(walk(ws, use_cache=False))
        people = ws.client.pages("list_people_profiles", website_id=ws.website_id, use_cache=False)
        pages += list(people)
        read = list(message_threads.read(ws.client, ws.website_id, ids, use_cache=False))
        cost += len(pages) + sum(len(thread.bodies) for thread in read)
        assert not any(page.from_cache for page in pages)
        assert sandbox.stats()["requests"] == cost
        assert kept(ws) == before > 0
    assert ws.conversations(limit=10)["session_id"].tolist() == ids
    ws.messages(ids)
    assert sandbox.stats()["requests"] == cost, "what was kept before is still there"


def test_a_lap_down_to_what_page_one_holds_costs_one_request(sandbox, ws):
    times = [row["updated_at"] for row in sandbox.truth("conversations")]
    before = spent(sandbox)
    (page,) = walk(ws, use_cache=False, down_to=times[49] + 1)
    assert spent(sandbox) == before + 1
    assert "filter_date_start" not in page.query


def test_a_lap_goes_as_deep_as_it_is_told_and_no_deeper(sandbox, ws):
    rows = sandbox.truth("conversations")
    down_to = rows[80]["updated_at"]
    pages = list(walk(ws, use_cache=False, down_to=down_to))
    found = {record["session_id"] for page in pages for record in page.records}
    assert found >= {row["session_id"] for row in rows if row["updated_at"] >= down_to}
    assert all(page.records[-1]["updated_at"] >= down_to for page in pages[:-1])
    assert pages[-1].records[-1]["updated_at"] < down_to


def test_a_lap_costs_no_second_look(sandbox, ws):
    pages = walk(ws, use_cache=False, one_pass=True)
    found = {record["session_id"] for page in pages for record in page.records}
    once = spent(sandbox)
    assert (found, pages.incomplete) == (
        {r["session_id"] for r in sandbox.truth("conversations")},
        "",
    )
    list(walk(ws, use_cache=False))
    assert spent(sandbox) - once == once + 1


@pytest.mark.parametrize("inclusive", [False, True])
@pytest.mark.parametrize("seed", [0, 3, *slow(1, 2, 4, 5)])
def test_what_lies_above_a_bound_was_on_the_pages_before(seed, inclusive):
    """The promise an archive commits its work on, held against the truth at every page."""
    with Sandbox(seed=seed, conversations=400, inclusive_dates=inclusive) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        rows = sandbox.truth("conversations")
        times, existed = [row["updated_at"] for row in rows], {row["session_id"] for row in rows}
        down_to = times[[60, 200, 399, 399, 100, 300][seed]] if seed != 3 else None
        end = datetime.fromtimestamp((times[40] + 1) / 1000).astimezone() if seed % 2 else None
        sandbox.churn(every=1, changes=2)
        own_end = times[0] if end is None else times[40]
        found, checked = set(), 0
        pages = walk(
            ws,
            use_cache=False,
            one_pass=True,
            down_to=down_to,
            **({"filter_date_end": end} if end else {}),
        )
        now = {row["session_id"]: row["updated_at"] for row in rows}
        for page in pages:
            if checked and "filter_date_end" in page.query:
                bound = milliseconds(page.query["filter_date_end"])
                due = {name for name, at in now.items() if bound <= at <= own_end}
                assert due <= found
            found |= {record["session_id"] for record in page.records}
            checked += 1
            now = {row["session_id"]: row["updated_at"] for row in sandbox.truth("conversations")}
        assert pages.incomplete == ""
        assert checked >= 2
        due = {name for name, at in now.items() if (down_to or 0) <= at <= own_end}
        assert due <= found
        assert due <= existed


def test_a_lap_by_number_moves_no_bound_and_says_so():
    with Sandbox(seed=1, conversations=300, date_filter=False) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        times = [row["updated_at"] for row in sandbox.truth("conversations")]
        pages = walk(ws, use_cache=False, down_to=times[220])
        found = set()
        bounds = []
        for page in pages:
            found |= {record["session_id"] for record in page.records}
            bounds.append("filter_date_end" in page.query)
        assert pages.incomplete == list_pass.BY_NUMBER
        assert found >= {row["session_id"] for row in sandbox.truth("conversations")[:221]}
        assert bounds.count(True) == 1, "the one request that showed that it is ignored"


def test_a_thread_ends_at_the_first_batch_with_a_known_message():
    with Sandbox(seed=1, conversations=60, batch_size=5) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        of = {}
        for row in sandbox.truth("messages"):
            of.setdefault(row["session_id"], []).append(row["fingerprint"])
        long = max(of, key=lambda session_id: len(of[session_id]))
        assert len(of[long]) > 12
        operation = "get_messages_in_conversation"

        def read(known):
            before = spent(sandbox, operation)
            (thread,) = message_threads.read(
                ws.client, ws.website_id, [long], use_cache=False, known={long: frozenset(known)}
            )
            assert thread.incomplete == ""
            assert spent(sandbox, operation) - before == len(thread.bodies)
            return thread.bodies

        whole = read([])
        assert len(whole) >= 3
        assert read([of[long][-1]]) == whole[:1]
        assert read(of[long][:-5]) == whole[:2]
        assert read(of[long][:1]) == whole
        assert read([7]) == whole


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("list_people_profiles", {"one_pass": True}),
        ("list_people_profiles", {"down_to": 1_790_000_000_000}),
        ("list_conversations", {"known": frozenset({1})}),
        ("list_conversations", {"one_pass": True, "order_date_created": 1}),
    ],
)
def test_what_a_list_does_not_take_costs_nothing(sandbox, ws, operation, arguments):
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter):
        ws.client.pages(operation, website_id=ws.website_id, **arguments)
    assert sandbox.stats()["requests"] == before


@pytest.fixture(scope="module")
def people():
    """A website of 200 profiles: four pages of a list by number, and an empty one."""
    with Sandbox(seed=1, conversations=400) as sandbox:
        yield sandbox


def connect(sandbox, folder, **options):
    return crisp.connect(sandbox=sandbox, cache_dir=folder, sleep=lambda seconds: None, **options)


def test_a_list_by_number_serves_every_limit_that_it_reaches(people, folder):
    """One record says how far it was read: the limits do not push each other out."""
    ws, operation = connect(people, folder), "list_people_profiles"
    order = list(ws.people(limit=120)["people_id"])
    before = spent(people, operation)
    for limit in (60, 120, 100, 1, 120):
        assert list(ws.people(limit=limit)["people_id"]) == order[:limit]
    assert spent(people, operation) == before
    whole = list(ws.people()["people_id"])
    before = spent(people, operation)
    for limit in (60, 200, None, 1_000, 120):
        assert list(ws.people(limit=limit)["people_id"]) == whole[:limit]
    assert spent(people, operation) == before


def test_page_one_read_anew_ends_what_was_noted_of_the_list(people, folder):
    ws, operation = connect(people, folder), "list_people_profiles"
    ws.people()
    ws.people(limit=60, refresh=True)
    before = spent(people, operation)
    assert (len(ws.people(limit=60)), len(ws.people(limit=98))) == (60, 98)
    assert spent(people, operation) == before
    pages = ws.client.pages(operation, website_id=ws.website_id)
    assert pages.cached() == (2, False)
    assert list(ws.people()["people_id"]) == list(ws.people(refresh=True)["people_id"])


def test_a_row_that_moved_is_not_counted_twice(people, folder):
    """A profile came in above between two pages: the last of page 1 is on page 2 again."""
    ws, operation = connect(people, folder / "reads"), "list_people_profiles"
    writer = connect(people, folder / "writes", writes=True)
    pages = ws.client.pages(operation, website_id=ws.website_id, rows=100)
    rows = list(next(pages).records)
    new = {"email": "new@example.org", "person": {"nickname": "New"}}
    writer.client.post(f"website/{ws.website_id}/people/profile", json=new)
    rows += [row for page in pages for row in page.records]
    assert len({row["people_id"] for row in rows}) >= 100
    before = spent(people, operation)
    assert len(ws.people(limit=100)) == 100
    assert spent(people, operation) == before


def test_no_page_is_older_than_the_one_before_it(people, folder, monkeypatch):
    """Two read one list, its cached pages are dropped, and it moves: no row slips between."""
    writer, operation = connect(people, folder / "writes", writes=True), "list_people_profiles"
    ws = connect(people, folder / "reads")
    began = time.time()
    monkeypatch.setattr(page_iterator, "time", SimpleNamespace(time=lambda: began))  # both at once
    first, second = (ws.client.pages(operation, website_id=ws.website_id) for _ in range(2))
    due = [row["people_id"] for _ in range(3) for row in next(first).records]
    taken = [next(second) for _ in range(2)]
    assert all(page.from_cache for page in taken)
    ws.client.purge_cache()
    next(first)
    new = {"email": "newer@example.org", "person": {"nickname": "Newer"}}
    writer.client.post(f"website/{ws.website_id}/people/profile", json=new)
    taken += second
    assert set(due) <= {row["people_id"] for page in taken for row in page.records}


def test_an_empty_list_by_number_costs_nothing_again(people, folder):
    ws, operation = connect(people, folder), "list_people_profiles"
    assert ws.people(search="nobody is called so").empty
    before = spent(people, operation)
    assert ws.people(search="nobody is called so").empty
    assert spent(people, operation) == before


@pytest.mark.parametrize("operation", ["list_conversations", "list_people_profiles"])
def test_a_list_that_is_left_is_collected_without_a_word(ws, monkeypatch, operation):
    """It may be collected while this very thread holds a lock of the cache's, in any allocation."""
    noted = []
    put_list = Cache.put_list
    monkeypatch.setattr(Cache, "put_list", lambda *some: noted.append(1) or put_list(*some))
    pages = ws.client.pages(operation, website_id=ws.website_id)
    next(pages)
    pages.close()
    assert noted
    noted.clear()
    pages = ws.client.pages(operation, website_id=ws.website_id, refresh=True)
    next(pages)
    del pages
    gc.collect()
    assert not noted
