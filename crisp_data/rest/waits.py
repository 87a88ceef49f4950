"""Waits that end at once where whoever wanted the result has gone.

``time.sleep`` in the main thread ends with Ctrl-C; in a worker thread nothing reaches it. So
a worker waits on the event that ends its pull, and looks each second whether the program ends.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from crisp_data.local import cancellation

_LOOK = 1.0  # seconds between two looks at whether the program is ending

_allowance: ContextVar[list[float] | None] = ContextVar("crisp_data_allowance", default=None)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Bound what the requests of a block may wait for in all; what needs longer fails at once."""
    token = _allowance.set([seconds])
    try:
        yield
    finally:
        _allowance.reset(token)


def allowed(seconds: float) -> bool:
    """Say whether a wait is within the bound of :func:`at_most`, and charge it where it is."""
    left = _allowance.get()
    if left is None:
        return True
    if seconds > left[0]:
        return False
    left[0] -= seconds
    return True


def sleep(seconds: float) -> None:
    """Sleep; what can interrupt the wait depends on the thread, as the module says.

    Raises
    ------
    CancelledError
        In a worker, where its pull or the program ended meanwhile.
    """
    event = cancellation.ending_event()
    if event is None:
        time.sleep(seconds)
        return
    until = time.monotonic() + seconds
    cancellation.check()
    while (left := until - time.monotonic()) > 0:
        event.wait(min(left, _LOOK))
        cancellation.check()
