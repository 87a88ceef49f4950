"""An archive held against the sandbox's truth, row for row."""

import json

import pandas as pd
import pytest

from crisp_data import tables


def truth(sandbox, table, order=None):
    """The truth as a frame, by way of records and not of pages."""
    rows = sandbox.truth(table)
    if order is not None:
        place = {session_id: number for number, session_id in enumerate(order)}
        rows = [row for row in rows if row["session_id"] in place]
        rows.sort(key=lambda row: (place[row["session_id"]], row["timestamp"], row["fingerprint"]))
    builder = tables.Builder(table)
    builder.add(json.dumps({"error": False, "reason": "listed", "data": rows}).encode())
    return builder.frame()


def assert_equals_truth(archive, sandbox):
    conversations = archive.conversations()
    pd.testing.assert_frame_equal(conversations, truth(sandbox, "conversations"))
    pd.testing.assert_frame_equal(
        archive.messages(), truth(sandbox, "messages", list(conversations["session_id"]))
    )


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
