"""Who holds something that only one may write: an archive, or a message that is being sent.

A writer that was killed is recognised by its process where it ran on this machine, and
elsewhere by its silence.
"""

from __future__ import annotations

import os
import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil

#: Seconds of silence after which a writer on another machine counts as gone. Every batch of
#: work is a sign of life, and a batch takes seconds.
LEASE = 900.0

# Seconds by which another machine's clock may be ahead of ours. A lease that ends later was written
# by one that was wrong by more, and would stand for as long as that; who wrote it, if it still
# lives, finds at its next sign of life that it was replaced.
_AHEAD = 86_400.0

# Seconds by which a process may seem to have been born earlier or later than before, where only
# the clock tells. A number is not given to another process so soon.
_SLEWED = 2.0

# The tokens under which this process holds something just now. A file may name it and what it
# held have been let go all the same: it was interrupted, or the disk too full to say so.
_in_hand: set[str] = set()
if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_in_hand.clear)


def _start_ticks(pid: int) -> int | None:
    """Read when a process began, in clock ticks since the boot; None where no system tells.

    Linux alone reckons what psutil says of it from the clock, and says otherwise when that is set.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        return int(stat.rpartition(")")[2].split()[19])  # field 22; a name may hold blanks
    except (OSError, ValueError, IndexError):
        return None


class ProcessLease(msgspec.Struct, frozen=True):
    """A process that writes, and since when."""

    host: str
    pid: int
    born: float
    token: str
    since: float
    until: float
    ticks: int | None = None  # when it began, by no clock that can be set

    @classmethod
    def this(cls, now: float) -> ProcessLease:
        """Describe this process."""
        pid, born = os.getpid(), psutil.Process().create_time()
        token, ticks = secrets.token_hex(8), _start_ticks(pid)
        return cls(socket.gethostname(), pid, born, token, now, now + LEASE, ticks)

    @classmethod
    def begin(cls, now: float) -> ProcessLease:
        """Describe this process, which holds something from here to :meth:`end`."""
        writer = cls.this(now)
        _in_hand.add(writer.token)
        return writer

    def end(self) -> None:
        """Hold it no longer, whatever is written down."""
        _in_hand.discard(self.token)

    def at_work(self, now: float) -> bool:
        """Whether it may still hold it: here that is known, elsewhere signs of life tell."""
        if self.token in _in_hand and self.host == socket.gethostname():
            return True  # even where its clock was set, and its birth seems another
        return not self.here() and self.alive(now)

    def alive(self, now: float) -> bool:
        """Whether the process may still be there."""
        if self.host != socket.gethostname():
            return now < self.until < now + LEASE + _AHEAD
        if self.ticks is not None and (ticks := _start_ticks(self.pid)) is not None:
            return ticks == self.ticks
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
