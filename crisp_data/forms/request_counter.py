"""What a piece of work spends while it runs, and how it is made to spend no more."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from crisp_data.forms.protocol import Workspace
from crisp_data.quota.budget import Budget


class RequestCounter:
    """Counts the requests of a block, and ends it at its next one.

    A read cannot be interrupted from another thread, but a budget can be emptied: then the
    next request is refused before it is sent, and what came until then is in the error.
    Whatever else the workspace reads meanwhile counts, too, and is refused, too.

    Attributes
    ----------
    stopped : bool
        Whether the running block, or else the last one, was stopped.

    Examples
    --------
    >>> spending = RequestCounter(ws)
    >>> with spending.counted():
    ...     conversations = ws.conversations(limit=20)
    >>> spending.used
    1
    """

    def __init__(self, ws: Workspace) -> None:
        self._ws, self._budget = ws, Budget(0)
        self.stopped = False

    @property
    def used(self) -> int:
        """Requests that the running block, or else the last one, has spent."""
        return self._budget.used

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what the block spends."""
        self.stopped = False
        with self._ws.budget(sys.maxsize) as self._budget:
            yield

    def stop(self) -> None:
        """Let the running block spend nothing more."""
        self.stopped = True
        self._budget.limit = self._budget.used
