"""An archive held against the sandbox's truth, row for row."""

import shutil
from contextlib import nullcontext

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data import tables
from crisp_data.archive import state, storage, table
from crisp_data.sandbox import Sandbox
from crisp_data.sandbox.records import encode


def truth(sandbox, table, order=None):
    """The truth as a frame, by way of records and not of pages."""
    rows = sandbox.truth(table)
    if order is not None:
        place = {session_id: number for number, session_id in enumerate(order)}
        rows = [row for row in rows if row["session_id"] in place]
        rows.sort(key=lambda row: (place[row["session_id"]], row["timestamp"], row["fingerprint"]))
    builder = tables.Builder(table)
    builder.add(encode({"error": False, "reason": "listed", "data": rows}))
    return builder.frame()


def assert_equals_truth(archive, sandbox, told=False):
    """Hold both tables against the truth; ``told`` where reading them warns of gaps."""
    with _warned() if told else nullcontext():
        conversations = archive.conversations()
    with _warned() if told else nullcontext():
        messages = archive.messages()
    pd.testing.assert_frame_equal(conversations, truth(sandbox, "conversations"))
    order = list(conversations["session_id"])
    pd.testing.assert_frame_equal(messages, truth(sandbox, "messages", order))


def _warned():
    return pytest.warns(crisp.CrispWarning, match="may lack conversations")


@pytest.fixture
def sandbox():
    """Two pages of conversations: each is a thread to be read by each sync of the whole."""
    with Sandbox(seed=1, conversations=52) as box:
        yield box


@pytest.fixture
def archive(ws, tmp_path):
    """An archive of the small sandbox; nothing in it yet."""
    return ws.archive(tmp_path / "shelf")


class Api:
    """A second hand at the website: what it does is no request of the archive's."""

    def __init__(self, ws):
        self.ws = ws

    def call(self, operation, session_id, **rest):
        website_id = self.ws.website_id
        return self.ws.client.call(operation, website_id=website_id, session_id=session_id, **rest)

    def say(self, session_id, text="One more thing", side="user", **rest):
        body = {"type": "text", "from": side, "origin": "chat", "content": text, **rest}
        return self.call("send_message_in_conversation", session_id, json=body)["fingerprint"]


@pytest.fixture
def api(ws):
    return Api(ws)


@pytest.fixture
def spent(sandbox):
    """Count the requests since it was last asked."""
    seen = sandbox.stats()["requests"]

    def since():
        nonlocal seen
        before, seen = seen, sandbox.stats()["requests"]
        return seen - before

    return since


class Killed(BaseException):
    """As by a signal: nothing that comes after it is written either."""


class Steps:
    """Counts what is written, and lets nothing be written from a step on."""

    def __init__(self, monkeypatch):
        self.taken, self.last = 0, None
        for module in (state, table):
            monkeypatch.setattr(module, "write_deltalake", self.counted(module.write_deltalake))
        for module in (state, table):
            monkeypatch.setattr(module, "purge_history", self.counted(storage.purge_history))

    def counted(self, write):
        def step(*arguments, **options):
            if self.last is not None and self.taken >= self.last:
                raise Killed
            self.taken += 1
            return write(*arguments, **options)

        return step

    def run(self, work, last=None):
        """Work until a step; say whether it was killed there."""
        self.taken, self.last = 0, last
        try:
            work()
        except Killed:
            return True
        finally:
            self.last = None
        return False


@pytest.fixture
def steps(monkeypatch):
    return Steps(monkeypatch)


@pytest.fixture
def few():
    """A small workspace: a kill at each step is many syncs."""
    with Sandbox(seed=17, conversations=12, weeks=8) as sandbox:
        yield sandbox, crisp.connect(sandbox=sandbox, progress=False, sleep=lambda seconds: None)


@pytest.fixture(params=[7, pytest.param(1, marks=pytest.mark.slow)])
def every(request):
    """Which steps are tried: each seventh, or each."""
    return request.param


def kills(steps, every, archive, work):
    """Kill the same work on copies of an archive at one step after another, until it ends."""
    root, last, tried = archive._storage.root, 0, 0
    while True:
        copy = type(archive)(
            shutil.copytree(root, f"{root}-{last}"),
            client=archive._client,
            website_id=archive._website_id,
        )
        if not steps.run(lambda copy=copy: work(copy), last):
            break
        yield last, copy
        shutil.rmtree(copy._storage.root)
        last, tried = last + every, tried + 1
    assert tried * every > 4


def move_in_time(sandbox):
    """Let the newest conversation's moment of creation be told anew."""
    website = sandbox._world.website(None)
    newest = website.conversations[sandbox.truth("conversations")[0]["session_id"]]
    with website.edit(newest) as row:
        row["created_at"] += 31 * 24 * 3600 * 1000


def assert_exact(archive, sandbox):
    assert_equals_truth(archive, sandbox)
    for name in ("conversations", "messages"):
        rows = archive._tables[name].read(["session_id", "month"]).to_pandas()
        assert (rows.groupby("session_id")["month"].nunique() == 1).all()
    assert not archive.conversations(deleted=True)["session_id"].duplicated().any()
