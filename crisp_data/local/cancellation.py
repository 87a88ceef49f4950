"""Whether what a thread works for has ended: its pull, or the program.

Ctrl-C reaches the main thread alone. So the threads of a pull know an event which the pull sets
when it ends, however it ends, and every thread but the main one can see that the program ends.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar

from crisp_data.local.forks import PerProcess


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
    token = _ended.set(event)
    try:
        check()  # a pool that ends with the program still runs what it had queued
        yield
    finally:
        _ended.reset(token)


def ending_event() -> threading.Event | None:
    """Give the event to wait on; None in the main thread where no event ends it but Ctrl-C."""
    event = _ended.get()
    if event is None and threading.current_thread() is threading.main_thread():
        return None
    return event or threading.Event()


def check() -> None:
    """Raise where nobody wants the result of this thread any more.

    Raises
    ------
    CancelledError
        In a worker, where its pull or the program has ended.
    """
    event = ending_event()
    if event is not None and (event.is_set() or _program_ends()):
        raise CancelledError("The pull that this thread belonged to has ended.")


def _program_ends() -> bool:
    try:
        return not _idle.get()[1].is_alive()
    except RuntimeError:  # it began to end before the idle thread was made
        return True
