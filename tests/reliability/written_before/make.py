"""What made the files beside this one, with the code of commit 6f58654.

``git checkout 6f58654``, then ``python make.py 6f58654`` makes ``6f58654.tar.xz``: two archives,
the cache and the ledger of a reader, the outbox of a writer. The tests open them with the code
of today.

The files know the address of the service that they are of, so the sandbox has a port of its
own here; a test leads connections to that address to a sandbox wherever it runs.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from unittest import mock

import crisp_data as crisp
from crisp_data.sandbox import Sandbox

PORT = 47017
WORLD = {"seed": 17, "conversations": 24, "weeks": 8}
LATELY = "2026-10-20"


def connect(sandbox: Sandbox, folder: Path, **options: object) -> crisp.Workspace:
    """Connect as to a service, with files in a folder."""

    def now() -> float:
        return sandbox.now.timestamp()

    card = {name: sandbox.card()[name] for name in ("identifier", "key", "tier")}
    return crisp.connect(
        sandbox.website_id,
        base_url=f"http://127.0.0.1:{PORT}/v1/",
        **card,
        writes=True,
        now=now,
        sleep=lambda seconds: None,
        cache_dir=folder / "cache",
        state_dir=folder / "state",
        quota=1000,
        **options,
    )


def whole_archive(ws: crisp.Workspace, folder: Path) -> None:
    """An archive that is complete, read in two steps, with two small tables."""
    archive = ws.archive(folder)
    archive.sync(since=LATELY)
    archive.sync(since="1970-01-01", also=["people", "operators"])


def interrupted_archive(sandbox: Sandbox, ws: crisp.Workspace, folder: Path) -> None:
    """An archive whose deep sync was ended by a fault, with threads still to be read."""
    archive = ws.archive(folder)
    archive.sync(since=LATELY)
    read = sandbox.stats()["by_operation"]["get_messages_in_conversation"]
    send = ws.client._transport.send

    def failing(*arguments: object, **options: object) -> object:
        if sandbox.stats()["by_operation"]["get_messages_in_conversation"] >= read + 12:
            raise crisp.Offline("cut")
        return send(*arguments, **options)

    ws.client._transport.send = failing
    try:
        archive.sync(since="1970-01-01", deep=True)
    except crisp.Offline:
        return
    raise AssertionError("it was not interrupted")


def outbox(sandbox: Sandbox, ws: crisp.Workspace) -> None:
    """One message of each state that is not simply failed; two of a batch, one of them sent."""
    from crisp_data.outbox.journal_rows import Entry  # where it was then

    from crisp_data.outgoing import Text

    ids = [row["session_id"] for row in sandbox.truth("conversations")]
    ws.send(ids[0], "Sent before")
    sandbox.faults(operation="send_message_in_conversation", drop="before")
    sandbox.faults(operation="get_message_in_conversation", status=500)
    with suppress(crisp.UnknownOutcome):
        ws.send(ids[1], "Its answer was lost")
    sandbox.faults()
    frame = ws.conversations().set_index("session_id", drop=False).loc[ids[2:4]]
    batch = {"template": "Hello {{ nickname }}", "batch": "november"}
    batch |= {"quiet_days": None, "include": ["resolved", "blocked"]}
    print(ws.send_many(frame.iloc[:1], **batch, confirm=True)[["reason", "state"]])
    sandbox.faults(operation="send_message_in_conversation", status=429)
    with suppress(crisp.CrispError):
        ws.send_many(frame, **batch, confirm=True)
    sandbox.faults()
    # Of a process of another machine, killed while it sent.
    with (
        mock.patch("socket.gethostname", return_value="elsewhere"),
        mock.patch("time.time", return_value=1_700_000_000.0),
    ):
        journal = ws.outbox._journal
        held = journal.take(Entry.of(Text("Its sender was killed"), ids[4]), ws.client.now())
        journal.trying(held)
    ws.quota.close("2026-11-02", "429 rate_limited")
    print(ws.outbox.frame()[["state", "batch", "tries"]])


def main(target: Path) -> None:
    """Make them all."""
    with Sandbox(port=PORT, **WORLD) as sandbox, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # Nothing of what is kept for the test ends by itself.
        ws = connect(sandbox, folder / "reader", lifetimes={"*": -1})
        ws.conversations()
        ws.operators()
        whole_archive(ws, folder / "archive")
        interrupted_archive(sandbox, ws, folder / "interrupted")
        ws.close()
        used = ws.quota.used
        writer = connect(sandbox, folder / "writer")
        outbox(sandbox, writer)
        writer.close()
        for path in folder.rglob("*.sqlite"):  # whole, without a log beside it
            with sqlite3.connect(path) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            db.close()
        for path in [*folder.rglob("*-wal"), *folder.rglob("*-shm")]:
            path.unlink()
        (folder / "reader" / "used.json").write_text(json.dumps(used))
        shutil.rmtree(folder / "writer" / "cache")
        shutil.make_archive(str(target), "xztar", folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
