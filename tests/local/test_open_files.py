"""Open files stay as few as threads at work, however much is pulled."""

import errno
import gc
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import urllib3.util.connection

import crisp_data as crisp
from crisp_data import config
from crisp_data.sandbox import Sandbox

pytestmark = pytest.mark.reliability("descriptors")


def opened():
    """Files and sockets that this process has open."""
    me = psutil.Process()
    count = me.num_handles() if os.name == "nt" else me.num_fds()
    if not count:
        pytest.skip("this system does not count what is open")
    return count


@contextmanager
def nothing_collected():
    """What is closed only when the collector comes by may be thousands of files by then."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def pull_often(sandbox, pulls, threads):
    ws = crisp.connect(sandbox=sandbox, workers=8, quota=10**7)
    ids = list(ws.conversations()["session_id"])[:threads]
    with nothing_collected():
        for _ in range(3):
            ws.messages(ids, refresh=True)
        before = opened()
        most = 0
        for _ in range(pulls):
            ws.messages(ids, refresh=True)
            most = max(most, opened())
    # As many more as workers may have been at a file at once: cache, log and index, ledger's too.
    assert most <= before + 8 * 6
    return ws, before


def test_they_are_flat_over_many_pulls(sandbox, reliability):
    ws, before = pull_often(sandbox, pulls=25, threads=16)
    reliability.count(25, "pulls")
    ws.close()
    assert opened() < before
    assert len(ws.operators()) > 0  # what is closed is opened again


@pytest.mark.slow
def test_they_are_flat_over_the_pages_of_a_sync(tmp_path):
    with Sandbox(seed=3, conversations=300, batch_size=20) as sandbox:
        ws = crisp.connect(sandbox=sandbox, workers=8)
        seen = []
        archive = ws.archive(tmp_path / "acme")
        compact = archive._compact

        def watched():
            seen.append(opened())
            compact()

        archive._compact = watched
        with nothing_collected():
            archive.sync()
    assert len(seen) > 5
    assert max(seen[2:]) <= seen[1] + 8 * 6


def test_a_closed_workspace_holds_no_file(sandbox):
    """Windows would not let its folders be deleted."""
    ws = crisp.connect(sandbox=sandbox, writes=True)
    ws.send(ws.conversations(limit=1)["session_id"][0], "Hello")
    folders = {ws.client.state_dir, ws.client.cache_path.parent}
    names = {path.name for one in folders for path in one.iterdir()}
    assert {"outbox.sqlite", "quota.sqlite", ws.client.cache_path.name} <= names
    ws.close()
    held = [Path(file.path) for file in psutil.Process().open_files()]
    assert not [path for path in held if any(path.is_relative_to(one) for one in folders)]
    for one in folders:
        shutil.rmtree(one)
    assert ws.outbox.counts["sent"] == 0  # what is closed is opened again


@pytest.mark.slow
def test_they_are_flat_over_hundreds_of_pulls(sandbox, reliability):
    pull_often(sandbox, pulls=200, threads=16)
    reliability.count(200, "pulls")


@pytest.mark.slow
def test_they_are_flat_over_thousands_of_conversations(tmp_path, reliability):
    reliability.count(2_000, "conversations synced")
    with Sandbox(seed=3, conversations=2_000) as sandbox:
        ws = crisp.connect(sandbox=sandbox, workers=8, quota=10**7)
        seen = []
        archive = ws.archive(tmp_path / "acme")
        compact = archive._compact
        archive._compact = lambda: (seen.append(opened()), compact())
        with nothing_collected():
            archive.sync()
    assert len(seen) > 35
    assert max(seen[2:]) <= seen[1] + 8 * 6


def test_connections_are_as_many_as_are_used_at_once(ws):
    """A thread's end leaves none behind, and the next one takes over."""
    for _ in range(20):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: ws.quota.used, range(4)))
    assert 1 <= len(ws.quota._file._pool._idle) <= 2


def refused(*arguments, **options):
    raise OSError(errno.EMFILE, "Too many open files")


def test_a_file_too_many_is_told(sandbox, ws, monkeypatch):
    """Not as trouble of the folder, or of the network: neither is to be mended."""
    ws.client.close()
    before = sandbox.stats()["requests"]
    with monkeypatch.context() as files:
        files.setattr(config.os, "open", refused)
        for read in (lambda: ws.operators(refresh=True), lambda: ws.quota.used, ws.client.cached):
            with pytest.raises(crisp.FileTrouble) as caught:
                read()
            assert "ulimit" in caught.value.hint
    with monkeypatch.context() as sockets:
        sockets.setattr(urllib3.util.connection, "create_connection", refused)
        with pytest.raises(crisp.Unreachable) as caught:
            ws.operators(refresh=True)
        assert "ulimit" in caught.value.hint
    assert sandbox.stats()["requests"] == before
    assert len(ws.operators(refresh=True)) > 0
    assert ws.quota.used == sandbox.stats()["requests"]


_WARNED = """
import gc
import crisp_data as crisp

ws = crisp.connect(sandbox=True, workers=4)
ws.messages(ws.conversations(limit=12))
ws.outbox.counts
if {close}:
    ws.close()
sandbox = ws.sandbox
del ws
gc.collect()
sandbox.stop()
"""


@pytest.mark.parametrize(
    "close",
    [pytest.param(True, marks=pytest.mark.slow, id="closed"), pytest.param(False, id="dropped")],
)
def test_nothing_is_left_to_the_collector(close):
    """Python 3.13 warns of each connection to SQLite that nobody closed."""
    done = subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", _WARNED.format(close=close)],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    assert "ResourceWarning" not in done.stderr
