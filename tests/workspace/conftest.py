"""A conversation to write to, as the outbox's tests have it."""

from tests.outbox.conftest import session_id

__all__ = ["session_id"]
