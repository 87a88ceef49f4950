"""Processes of their own that begin with everything imported: a second each is too much."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import crisp_data as crisp
import crisp_data.archive.archive
import crisp_data.outbox.outbox
import crisp_data.workspace.workspace
from crisp_data.rest.retry import RetryPolicy

#: The modules of their work, and what is imported only with the first connection, frame or table.
#: One list for all, for a run of the tests has one server that processes are forked from.
PRELOADED = [
    "tests.archive.test_kills",
    "tests.local.test_lock_file",
    "tests.outbox.test_kills",
    "tests.reliability.test_commit_points",
    "tests.reliability.test_interrupts",
    "tests.reliability.test_other_user",
    "tests.rest.test_cache_file",
    "tests.rest.test_cache_purge",
    "tests.rest.test_single_flight",
    "crisp_data.connection",
    "deltalake.fs",
    "pyarrow.pandas_compat",
]

if os.name == "posix":
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(PRELOADED)
else:
    processes = multiprocessing.get_context("spawn")

#: Waits for nothing that is not under way.
PATIENCE = RetryPolicy(tries=20, first=0.0002, longest=0.002, confirm_after=0.0)


def connect(card: dict[str, str], folder: Path | str, **options: object) -> crisp.Workspace:
    """Connect as a process of its own would, to a service that it knows by address alone."""
    token = {name: card[name] for name in ("identifier", "key", "tier")}
    places = {"state_dir": Path(folder, "state"), "cache_dir": Path(folder, "cache")}
    usual = {"retry": PATIENCE, "quota": 10**6, "writes": True, "progress": False}
    address = {"base_url": card["url"]}
    return crisp.connect(card["website_id"], **{**token, **places, **usual, **address, **options})


def counted(folder: Path | str) -> int:
    """Sum up what the ledger of such a process counted, on whatever days."""
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(Path(folder, "state", "quota.sqlite"))) as db:
        return int(db.execute("SELECT coalesce(sum(used), 0) FROM day").fetchone()[0])
