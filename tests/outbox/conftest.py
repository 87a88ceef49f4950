"""A workspace that may write, and the sandbox's truth as the referee of what was sent."""

from collections import Counter

import pytest

import crisp_data as crisp
from crisp_data.rest.retry import RetryPolicy

SEND = "send_message_in_conversation"
LOOK = "get_message_in_conversation"


def contents(sandbox):
    """How often the truth holds each text that an operator wrote."""
    return Counter(str(row["content"]) for row in sandbox.truth("messages"))


def asked(sandbox, operation):
    """How many requests of an operation reached the sandbox."""
    return sandbox.stats()["by_operation"].get(operation, 0)


def journal_of(ws):
    return ws.outbox._journal


@pytest.fixture
def session_id(sandbox):
    return sandbox.truth("conversations")[0]["session_id"]


@pytest.fixture
def frame(ws):
    """Some conversations, none of which anything speaks against."""
    return ws.conversations(state="unresolved", limit=6)[["session_id", "nickname"]]


@pytest.fixture
def few(sandbox, waits):
    """A workspace whose patience is soon at its end."""
    return crisp.connect(sandbox=sandbox, sleep=waits.append, retry=RetryPolicy(tries=2))
