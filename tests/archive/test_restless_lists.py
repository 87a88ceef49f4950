"""Conversations that change again and again while they are archived."""

import json
import threading
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

import crisp_data as crisp
from crisp_data.archive.archive import Archive
from crisp_data.sandbox import Sandbox
from tests.rest.loopback import WEBSITE, Loopback, whole

from .conftest import assert_equals_truth

pytestmark = pytest.mark.reliability("pages")

START = 1_790_000_000_000


def conversation(number, updated_at):
    """A row of a listing that does not show the last message."""
    return {
        "session_id": f"session_{number}",
        "website_id": WEBSITE,
        "created_at": START - 10**6,
        "updated_at": updated_at,
        "state": "pending",
    }


def message(session_id, fingerprint):
    return {
        "session_id": session_id,
        "website_id": WEBSITE,
        "type": "text",
        "from": "user",
        "origin": "chat",
        "content": "Hello",
        "fingerprint": fingerprint,
        "timestamp": START - 5000,
    }


def in_milliseconds(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_a_thread_that_changes_at_every_look_is_read_twice_a_sync(tmp_path):
    """A server that ignores dates and page numbers; each answer lists later updates."""
    moving = threading.Event()
    moving.set()

    def rows(query, number):
        first = 50 * (1 if moving.is_set() else int(query["page_number"])) - 50
        bound = query.get("filter_date_end")
        end = 2**62 if moving.is_set() or bound is None else in_milliseconds(bound)
        listed = [conversation(n, START + 1000 * number * moving.is_set() - n) for n in range(60)]
        return [row for row in listed if row["updated_at"] < end][first : first + 50]

    def answer(connection, number):
        url = urlsplit(server.requests[number - 1].split()[1])
        query = dict(parse_qsl(url.query))
        query["page_number"] = url.path.rpartition("/")[2]
        if url.path.endswith("/messages"):
            data = [message(url.path.split("/")[-2], number if moving.is_set() else 0)]
        else:
            data = rows(query, number)
        body = json.dumps({"error": False, "reason": "resolved", "data": data}).encode()
        connection.sendall(whole(body))

    with Loopback(answer) as server:
        archive = Archive(
            tmp_path / "shelf",
            client=server.client(),
            website_id=WEBSITE,
        )
        for _ in range(2):
            before = len(server.requests)
            with pytest.warns(crisp.CrispWarning) as told:
                done = archive.sync()
            texts = " ".join(str(one.message) for one in told)
            assert "50 conversations changed more than once" in texts
            assert "by page number" in texts
            assert done.threads == 100
            assert len(server.requests) - before <= 140
        moving.clear()
        archive.sync()
        assert len(archive.conversations()) == 60
        newest = archive.messages().groupby("session_id")["fingerprint"].min()
        assert (newest == 0).all(), "the last change of each was read"
        assert archive.sync().requests == 1


@pytest.mark.slow
def test_what_changes_too_often_is_left_to_the_next_sync_and_no_more_than_that(tmp_path, capsys):
    with Sandbox(seed=8, conversations=120) as sandbox:
        archive = crisp.connect(sandbox=sandbox).archive(tmp_path / "shelf")
        existed = {row["session_id"] for row in sandbox.truth("conversations")}
        sandbox.churn(every=1, changes=3, kinds=("message",))
        with pytest.warns(crisp.CrispWarning, match="The next sync reads what is new"):
            done = archive.sync()
        assert done.threads <= 2 * len(existed)
        assert existed <= set(archive.conversations()["session_id"])
        sandbox.churn()
        archive.sync()
        assert_equals_truth(archive, sandbox)
        assert archive.sync().requests == 1
