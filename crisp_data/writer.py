"""Who holds something that only one may write: an archive, or a message that is being sent.

A writer that was killed is recognised by its process where it ran on this machine, and
elsewhere by its silence.
"""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, datetime

import msgspec
import psutil

#: Seconds of silence after which a writer on another machine counts as gone. Every batch of
#: work is a sign of life, and a batch takes seconds.
LEASE = 900.0

# Seconds by which a process may seem to have been born earlier or later than before: it is
# reckoned from the boot, and the boot from the clock, in whole seconds (proc_stat's btime).
# A number is not given to another process so soon.
_SLEWED = 2.0


class Writer(msgspec.Struct, frozen=True):
    """A process that writes, and since when."""

    host: str
    pid: int
    born: float
    token: str
    since: float
    until: float

    @classmethod
    def this(cls, now: float) -> Writer:
        """Describe this process."""
        born = psutil.Process().create_time()
        return cls(socket.gethostname(), os.getpid(), born, secrets.token_hex(8), now, now + LEASE)

    def alive(self, now: float) -> bool:
        """Whether the writer may still be at work."""
        if self.host != socket.gethostname():
            return now < self.until
        try:
            return abs(psutil.Process(self.pid).create_time() - self.born) < _SLEWED
        except psutil.Error:
            return False

    def here(self) -> bool:
        """Whether it is the process that asks."""
        local = self.host == socket.gethostname() and self.pid == os.getpid()
        return local and self.alive(self.since)

    def __str__(self) -> str:
        since = datetime.fromtimestamp(self.since, UTC)
        return f"process {self.pid} on {self.host}, since {since:%Y-%m-%d %H:%M:%S} UTC"
