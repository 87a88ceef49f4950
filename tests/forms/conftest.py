"""What every test of a form may ask for."""

import ipywidgets as widgets
import pytest

EVIL = "<script>alert(1)</script><img src=x onerror=alert(2)> $x$ and $y$"


@pytest.fixture(autouse=True)
def handlers_raise(monkeypatch):
    """ipywidgets swallows what a handler raises; here it is the test's."""

    def call(self, *args, **options):
        for callback in [*self.callbacks]:
            callback(*args, **options)

    monkeypatch.setattr(widgets.CallbackDispatcher, "__call__", call)
    yield
    widgets.Widget.close_all()


@pytest.fixture
def spent(sandbox):
    """How many requests reached the sandbox since it was asked last."""
    before = sandbox.stats()["requests"]

    def since():
        nonlocal before
        now = sandbox.stats()["requests"]
        before, found = now, now - before
        return found

    return since


@pytest.fixture
def evil(ws):
    """The conversations of a website with a customer who calls himself by HTML."""
    session_id = ws.conversations(limit=1)["session_id"][0]
    where = {"website_id": ws.website_id, "session_id": session_id}
    body = {"nickname": EVIL, "segments": [EVIL]}
    ws.client.call("update_conversation_metas", json=body, **where)
    frame = ws.conversations(refresh=True)
    assert EVIL in set(frame["nickname"])
    return frame
