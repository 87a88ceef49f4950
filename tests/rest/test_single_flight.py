"""Equal requests at once reach the wire once: in threads, in processes, whoever dies meanwhile."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from requests_cache import DO_NOT_CACHE

import crisp_data as crisp
from crisp_data.local.lock_file import LOCKS, lock_file
from crisp_data.rest import single_flight
from tests.local.forked import Child
from tests.reliability.children import processes


def spent(sandbox):
    return sandbox.stats()["requests"]


def at_once(count, work):
    """Run it in so many threads that begin together; return what each returned or raised."""
    together = threading.Barrier(count)

    def one(number):
        together.wait(30)
        try:
            return work(number)
        except crisp.CrispError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


@pytest.fixture
def open_wire(ws, monkeypatch):
    """Hold every request on the wire until told: those who came later are then waiting."""
    gate, attempt = threading.Event(), ws.client._transport.send
    begun = threading.Semaphore(0)

    def waiting(*arguments, **options):
        begun.release()
        assert gate.wait(30)
        return attempt(*arguments, **options)

    monkeypatch.setattr(ws.client._transport, "send", waiting)
    ws.begun, ws.gate = begun, gate
    return ws


def pull(ws, refresh=False):
    conversations = ws.conversations(refresh=refresh)
    return conversations, ws.messages(conversations, refresh=refresh)


def cost_of_one(sandbox, folder, work):
    alone = crisp.connect(sandbox=sandbox, cache_dir=folder, state_dir=folder)
    before = spent(sandbox)
    work(alone)
    return spent(sandbox) - before


def test_equal_walks_in_threads_are_one(sandbox, ws, tmp_path):
    alone = cost_of_one(sandbox, tmp_path / "alone", pull)
    before = spent(sandbox)
    pulled = at_once(8, lambda number: pull(ws))
    assert spent(sandbox) - before == alone
    assert all(one[0].equals(pulled[0][0]) and one[1].equals(pulled[0][1]) for one in pulled)
    assert len(pulled[0][1]) == len(sandbox.truth("messages"))


@pytest.fixture
def entered(monkeypatch):
    """Count who has come to the lock of a single flight."""
    lock, come = single_flight.lock, threading.Semaphore(0)

    def counting(*arguments):
        come.release()
        return lock(*arguments)

    monkeypatch.setattr(single_flight, "lock", counting)
    return come


@pytest.mark.parametrize("before", ["", "whole", "half"])
def test_equal_pulls_by_number_that_begin_at_once_are_one(sandbox, open_wire, entered, before):
    """Also where half a list from before is read anew, or a whole one for the sake of freshness."""
    ws = open_wire
    if before:
        ws.gate.set()
        pages = ws.client.pages("list_people_profiles", website_id=ws.website_id)
        _ = next(pages) if before == "half" else list(pages)
        pages.close()
        ws.gate.clear()
    cost = -(-len(sandbox.truth("people")) // 50) + 1
    while entered.acquire(blocking=False):
        pass
    spent_before = spent(sandbox)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ws.people, refresh=before == "whole") for _ in range(8)]
        assert all(entered.acquire(timeout=30) for _ in asked)
        ws.gate.set()
        pulled = [one.result(60) for one in asked]
    assert spent(sandbox) - spent_before == cost
    assert all(one.equals(pulled[0]) for one in pulled)
    assert len(pulled[0]) == len(sandbox.truth("people"))


def test_a_list_by_number_that_is_half_read_is_not_joined(sandbox, ws):
    """Its pages would be of two moments; both are whole."""
    under_way = ws.client.pages("list_people_profiles", website_id=ws.website_id)
    ids = {record["people_id"] for record in next(under_way).records}
    before = spent(sandbox)
    people = ws.people()
    assert spent(sandbox) - before == -(-len(people) // 50) + 1
    ids |= {record["people_id"] for page in under_way for record in page.records}
    assert ids == set(people["people_id"])


def _in_a_process(arguments, together, results):
    ws = crisp.connect(**arguments)
    together.wait(60)
    conversations, messages = pull(ws)
    results.put((len(conversations), len(messages)))


def options(sandbox, folder):
    return {
        "website": sandbox.website_id,
        "identifier": sandbox.identifier,
        "key": sandbox.key,
        "tier": sandbox.tier,
        "base_url": sandbox.url,
        "cache_dir": folder,
        "state_dir": folder,
    }


@pytest.mark.reliability("forks")
@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 4])
def test_equal_walks_in_processes_are_one(sandbox, count, tmp_path):
    alone = cost_of_one(sandbox, tmp_path / "alone", pull)
    together, results = processes.Barrier(count), processes.Queue()
    crisp.connect(**options(sandbox, tmp_path))
    before = spent(sandbox)
    arguments = (options(sandbox, tmp_path), together, results)
    workers = [
        processes.Process(target=_in_a_process, args=arguments, daemon=True) for _ in range(count)
    ]
    for worker in workers:
        worker.start()
    found = {results.get(timeout=90) for _ in workers}
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    assert spent(sandbox) - before == alone
    assert found == {(len(sandbox.truth("conversations")), len(sandbox.truth("messages")))}


@pytest.mark.parametrize(
    "work",
    [
        lambda ws: ws.operators(refresh=True),
        lambda ws: ws.client.call("count_visitors", website_id=ws.website_id),
        lambda ws: ws.client.head(f"website/{ws.website_id}/people/profile/{ws.one}"),
    ],
    ids=["refresh", "of this moment", "head"],
)
def test_who_asked_before_the_answer_came_shares_it(sandbox, open_wire, entered, work):
    open_wire.one = sandbox.truth("people")[0]["people_id"]
    before = spent(sandbox)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(work, open_wire) for _ in range(8)]
        assert all(entered.acquire(timeout=30) for _ in asked)
        open_wire.gate.set()
        for one in asked:
            one.result(30)
    assert spent(sandbox) - before == 1


@pytest.mark.parametrize(
    "work",
    [
        lambda ws: ws.operators(refresh=True),
        lambda ws: ws.visitors(),
        lambda ws: ws.client.call("count_visitors", website_id=ws.website_id),
    ],
    ids=["refresh", "visitors", "of this moment"],
)
def test_nothing_older_than_the_asking_is_given(sandbox, ws, work):
    work(ws)
    before = spent(sandbox)
    work(ws)
    first = spent(sandbox) - before
    work(ws)
    assert first > 0
    assert spent(sandbox) - before == 2 * first


@pytest.mark.parametrize("refresh", [False, True])
def test_a_write_is_never_followed_by_what_was_before_it(sandbox, open_wire, refresh):
    """An answer that was under way while something was written is neither kept nor shared."""
    ws, attempt = open_wire, open_wire.client._transport.send
    session_id = sandbox.truth("conversations")[0]["session_id"]
    conversation = f"website/{ws.website_id}/conversation/{session_id}"

    def answered_and_held(call, reservation):
        answer = attempt(call, reservation)
        if call.method == "GET":
            ws.answered.set()
            assert ws.written.wait(30)
        return answer

    ws.gate.set()
    ws.answered, ws.written = threading.Event(), threading.Event()
    ws.client._transport.send = answered_and_held
    with ThreadPoolExecutor(2) as pool:
        old = pool.submit(ws.client.get, f"{conversation}/messages")
        assert ws.answered.wait(30)
        body = {"type": "text", "from": "operator", "origin": "chat", "content": "Hello"}
        ws.client.post(f"{conversation}/message", json=body)
        new = pool.submit(ws.client.get, f"{conversation}/messages", refresh=refresh)
        ws.written.set()
        assert all(message["content"] != "Hello" for message in old.result(30))
        assert any(message["content"] == "Hello" for message in new.result(30))
        again = ws.client.get(f"{conversation}/messages")
        assert any(message["content"] == "Hello" for message in again)


def test_an_error_is_not_shared(sandbox, ws):
    sandbox.faults(operation="list_website_operators", next=1, status=404, reason="not_found")
    before = spent(sandbox)
    results = at_once(4, lambda number: ws.operators())
    failed = [one for one in results if isinstance(one, crisp.NotFound)]
    assert len(failed) == 1
    assert spent(sandbox) - before == 2


@pytest.mark.parametrize("how", ["connection", "lifetime", "request"])
def test_what_is_not_kept_flies_alone(sandbox, how, tmp_path):
    never = {"connection": {"cache": False}, "lifetime": {"lifetimes": {"*": DO_NOT_CACHE}}}
    ws = crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "kept", **never.get(how, {}))
    asked = {"website_id": ws.website_id, "use_cache": how != "request"}
    kept, before = tmp_path / "kept", spent(sandbox)
    used = [path.read_bytes() for path in kept.glob("*.locks")]
    at_once(4, lambda number: list(ws.client.pages("list_website_operators", **asked)))
    assert spent(sandbox) - before == 4
    assert [path.read_bytes() for path in kept.glob("*.locks")] == used


def test_a_hit_waits_for_nobody(sandbox, open_wire):
    ws = open_wire
    ws.gate.set()
    ws.operators()
    ws.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(ws.operators, refresh=True)
        assert ws.begun.acquire(timeout=30)
        assert ws.begun.acquire(timeout=30)
        assert len(ws.operators()) > 0  # the very answer that is being asked for anew
        assert not slow.done()
        ws.gate.set()
        slow.result(30)


def _hold_and_wait(path, key, held):
    with single_flight.lock(lock_file(path), key, 0.0):
        held.set()
        time.sleep(300)


@pytest.mark.reliability("kills")
def test_a_killed_holder_holds_nothing(tmp_path):
    held = processes.Event()
    locks = lock_file(tmp_path / "locks")
    arguments = (locks.path, "a" * 32, held)
    holder = processes.Process(target=_hold_and_wait, args=arguments, daemon=True)
    holder.start()
    assert held.wait(60)
    got = threading.Event()

    def wait():
        with single_flight.lock(locks, "a" * 32, 0.0):
            got.set()

    waiter = threading.Thread(target=wait, daemon=True)
    waiter.start()
    assert not got.wait(0.2)
    holder.kill()
    assert got.wait(30)
    holder.join(30)
    waiter.join(30)


@pytest.mark.needs("fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_takes_no_flight_along(sandbox, open_wire):
    """Forked while another thread is on the wire: neither holds up the other, whoever ends."""
    ws = open_wire
    with ThreadPoolExecutor(1) as pool:
        flying = pool.submit(ws.operators)
        assert ws.begun.acquire(timeout=30)
        child = Child(lambda: time.sleep(300))
        try:
            ws.gate.set()
            flying.result(30)
            before = spent(sandbox)
            again = pool.submit(ws.operators, refresh=True)
            again.result(30)
            assert spent(sandbox) == before + 1
        finally:
            child.kill()


@pytest.mark.needs("fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_pulls_for_itself(sandbox, ws):
    """What a child was forked in the midst of is not held against it."""
    held, done = threading.Event(), threading.Event()
    locks = ws.client._cache.file.locks

    def hold():
        with single_flight.lock(locks, "b" * 32, 0.0):
            held.set()
            assert done.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(30)
    assert Child(lambda: len(ws.operators(refresh=True))).result() > 0
    taken = Child(lambda: lock_file(locks.path).acquire(int("b" * 8, 16) % LOCKS))
    assert taken.result() is False  # another process holds it
    done.set()
    holder.join(30)
    assert Child(lambda: lock_file(locks.path).acquire(int("b" * 8, 16) % LOCKS)).result() is True


def test_a_request_that_does_not_end_holds_nobody_up(sandbox, open_wire, monkeypatch):
    """Its process was stopped, say, or a debugger is at it: who waited for it asks for itself."""
    monkeypatch.setattr(single_flight, "LONGEST", 0.05)
    ws, before = open_wire, spent(sandbox)
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ws.operators, refresh=True) for _ in range(2)]
        try:
            assert all(ws.begun.acquire(timeout=10) for _ in asked)
        finally:
            ws.gate.set()
        assert all(len(one.result(30)) > 0 for one in asked)
    assert spent(sandbox) == before + 2


@pytest.mark.parametrize("trouble", ["no file", "no locks"])
def test_without_locks_each_asks_for_itself(sandbox, monkeypatch, tmp_path, trouble):
    if trouble == "no locks":

        def refuse(*_):
            raise OSError("this file system has no locks")

        monkeypatch.setattr("crisp_data.local.lock_file._try_lock", refuse)
    ws = crisp.connect(sandbox=sandbox, cache_dir=tmp_path / "cache", state_dir=tmp_path)
    if trouble == "no file":
        ws.client.close()
        (locks,) = (tmp_path / "cache").glob("*.locks")
        locks.unlink()
        locks.mkdir()
    before = spent(sandbox)
    assert len(ws.operators()) > 0
    assert len(ws.operators()) > 0
    assert spent(sandbox) == before + 1
