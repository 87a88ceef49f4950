"""What belongs to one process: made anew after a fork, never taken over from the parent.

A forked child has the parent's memory and none of its other threads. A lock that one of them
held stays held there for ever, and a handle of a library speaks for the parent.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A value that each process makes for itself, when it first asks for it.

    The parent's stays referenced in a child: what is collected there would be closed there.

    >>> lock = PerProcess(threading.Lock)
    >>> lock.get() is lock.get()
    True
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._made: dict[int, T] = {}
        self._making: dict[int, threading.Lock] = {}

    def get(self) -> T:
        """Give this process's own."""
        pid = os.getpid()
        if pid not in self._made:
            # setdefault is one step for all threads; a single lock might be held at the fork.
            with self._making.setdefault(pid, threading.Lock()):
                if pid not in self._made:
                    self._made[pid] = self._make()
        return self._made[pid]

    def made(self) -> T | None:
        """Give this process's own where it was asked for already."""
        return self._made.get(os.getpid())
