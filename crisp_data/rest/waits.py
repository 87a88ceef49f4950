"""Waits that end at once where whoever wanted the result has gone.

``time.sleep`` in the main thread ends with Ctrl-C; in a worker thread nothing reaches it. So
the threads of a pull wait on an event which the pull sets when it ends, however it ends, and
every thread but the main one looks each second whether the program is ending.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar

from crisp_data.local.forks import PerProcess

_LOOK = 1.0  # seconds between two looks at whether the program is ending


def _idle_thread() -> tuple[ThreadPoolExecutor, threading.Thread]:
    pool = ThreadPoolExecutor(1, thread_name_prefix="program-end")
    return pool, pool.submit(threading.current_thread).result()


# Tells that the program is ending: a pool ends its idle threads before the interpreter waits for
# those at work, and atexit comes only after that wait.
_idle = PerProcess(_idle_thread)

_ended: ContextVar[threading.Event | None] = ContextVar("crisp_data_ended", default=None)


@contextmanager
def ended_by(event: threading.Event) -> Iterator[None]:
    """Let waits of this thread end with :class:`CancelledError` once the event is set."""
    _check(event)  # a pool that ends with the program still runs what it had queued
    token = _ended.set(event)
    try:
        yield
    finally:
        _ended.reset(token)


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
    event = _ended.get()
    if event is None and threading.current_thread() is threading.main_thread():
        time.sleep(seconds)
        return
    event, until = event or threading.Event(), time.monotonic() + seconds
    _check(event)
    while (left := until - time.monotonic()) > 0:
        event.wait(min(left, _LOOK))
        _check(event)


def _check(event: threading.Event) -> None:
    if event.is_set() or _program_ends():
        raise CancelledError("The pull that this thread belonged to has ended.")


def _program_ends() -> bool:
    try:
        return not _idle.get()[1].is_alive()
    except RuntimeError:  # it began to end before the idle thread was made
        return True
