"""Disks of some hundred kilobytes that fill up: real ones, in a mount that only a child sees."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections import Counter
from contextlib import closing, suppress
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data.local import database_opening
from crisp_data.sandbox import Sandbox
from tests.marks import slow
from tests.reliability.children import connect, counted

ROOT = Path(__file__).parents[2]
PAGE = 4096  # what a file on such a disk takes at least
MESSAGES = 3
# Space left, in blocks of that size: some, and those about the ends of where a message can be sent
# and not written down, with some between.
BLOCKS = [0, 4, 20, 28, 50, 68, 74, *range(76, 80), 83, 86, 90, 94, 98, 102, *range(104, 110)]


def on_a_small_disk(kilobytes, work, folder, *given):
    """Do what a function of this module does, where a folder is a disk of its own."""
    folder.mkdir(exist_ok=True)
    size = f"size={kilobytes}k"
    script = f'mount -t tmpfs -o {size} none "$1" && shift && exec "$@"'
    code = "import sys; from tests.reliability import test_disks; test_disks.main()"
    child = [sys.executable, "-c", code, work, json.dumps([str(folder), *given])]
    return subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(folder), *child],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder.parent)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def main():
    """What such a child runs: a function of this module, by name."""
    work, given = sys.argv[1:]
    folder, *given = json.loads(given)
    globals()[work](Path(folder), *given)


def mounts():
    """Whether somebody may make such a disk here."""
    tried = ["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
    there = shutil.which("unshare") and Path("/mnt").is_dir()
    return bool(there) and not subprocess.run(tried, capture_output=True, check=False).returncode


def fill(folder, leave):
    """Fill a disk but for so many bytes; gives the file that does."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        with suppress(OSError):
            while True:
                file.write(bytes(PAGE))
        file.truncate(max(0, file.tell() - leave))
    return path


pytestmark = [
    pytest.mark.reliability("disks"),
    pytest.mark.skipif(not mounts(), reason="this system lets nobody mount a small disk"),
    pytest.mark.timeout(600),
]


# What the children do: each fills its disk, and goes on with space again


def export_again(folder, leaves):
    """A file is written over another, whole or not at all."""
    frame = pd.DataFrame({"content": [os.urandom(200).hex() for _ in range(500)]})
    for ending, leave in product((".csv", ".csv.gz", ".jsonl", ".xlsx", ".parquet"), leaves):
        path = folder / f"a{ending}"
        path.write_bytes(b"old")
        filler = fill(folder, leave)
        with pytest.raises(crisp.FileTrouble, match="the disk is full"):
            crisp.write(path, frame)
        assert path.read_bytes() == b"old"
        assert {one.name for one in folder.iterdir()} == {path.name, "filler"}
        filler.unlink()
        assert len(crisp.read(crisp.write(path, frame))) == len(frame)
        path.unlink()


def pull_and_send(folder, card, leaves):
    """Cache, ledger and outbox on a disk that is full at another point each time.

    From 77 to 106 blocks there is space to send a message, and none to write that down. That the
    disk is full is said each time, and nobody waits for another one.
    """
    database_opening.time = SimpleNamespace(monotonic=time.monotonic)  # and no sleep
    for number, leave in enumerate(leaves):
        own = folder / "own"
        filler = fill(folder, leave * PAGE)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", crisp.CrispWarning)
            try:
                with closing(connect(card, own)) as ws:
                    send(ws, number)
            except crisp.CrispError as error:
                if "the disk is full" not in str(error):
                    raise
            filler.unlink()
            ws = connect(card, own)
            send(ws, number)
        assert ws.outbox.left() == 0, leave
        assert ws.outbox.counts["sent"] == MESSAGES
        print(counted(own))
        ws.close()
        shutil.rmtree(own)


def send(ws, number):
    ids = ws.conversations()["session_id"][:MESSAGES]
    frame = pd.DataFrame({"session_id": ids, "state": "unresolved", "is_blocked": False})
    frame["number"] = range(MESSAGES)
    options = {"template": f"{number}, {{{{ number }}}}", "batch": "one", "quiet_days": None}
    return ws.send_many(frame, **options, confirm=True)


def sync(folder, card, leaves, whole):
    """An archive on a disk that is full at another point each time."""
    for leave in leaves:
        ws, shelf = connect(card, Path(whole).with_name(f"files {leave}")), folder / "shelf"
        filler = fill(folder, leave * PAGE)
        try:
            ws.archive(shelf).sync()
        except crisp.CrispError as error:
            print("full" if "space" in str(error) else error, flush=True)
        filler.unlink()
        ws.archive(shelf).sync()
        for table in ("conversations", "messages"):
            found, expected = (
                getattr(crisp.Archive(path), table)() for path in (shelf, Path(whole))
            )
            pd.testing.assert_frame_equal(found, expected)
        shutil.rmtree(shelf)


# The tests


@pytest.mark.slow
def test_what_a_full_disk_takes_no_more_leaves_the_old_file(tmp_path, reliability):
    leaves = [0, PAGE, 5 * PAGE, 20 * PAGE]
    done = on_a_small_disk(600, "export_again", tmp_path / "disk", leaves)
    assert done.returncode == 0, done.stderr
    reliability.count(5 * len(leaves), "disks that filled up under a file")


@pytest.mark.parametrize("leaves", [[8, 66, 86], *slow(BLOCKS)], ids=len)
def test_what_was_sent_on_a_full_disk_is_sent_once(leaves, tmp_path, reliability):
    with Sandbox(seed=3, conversations=12) as sandbox:
        disk = tmp_path / "disk"
        done = on_a_small_disk(1500, "pull_and_send", disk, sandbox.card(), leaves)
        assert done.returncode == 0, done.stderr
        # What was counted and not sent stays counted; what was sent was counted.
        assert sum(map(int, done.stdout.split())) >= sandbox.stats()["requests"]
        texts = Counter(str(row["content"]) for row in sandbox.truth("messages"))
    for number in range(len(leaves)):
        assert [texts[f"{number}, {one}"] for one in range(MESSAGES)] == [1] * MESSAGES
    reliability.count(len(leaves), "disks that filled up while messages were sent")


@pytest.mark.slow
@pytest.mark.parametrize("leaves", [[*range(0, 16, 2)]], ids=len)
def test_an_archive_on_a_full_disk_is_completed(leaves, tmp_path, reliability):
    with Sandbox(seed=3, conversations=12) as sandbox:
        connect(sandbox.card(), tmp_path / "files").archive(tmp_path / "whole").sync()
        given = (sandbox.card(), leaves, str(tmp_path / "whole"))
        done = on_a_small_disk(3000, "sync", tmp_path / "disk", *given)
        assert done.returncode == 0, done.stderr
    assert done.stdout.count("full") > len(leaves) / 2, "the disks were too large"
    reliability.count(len(leaves), "disks that filled up during a sync")
