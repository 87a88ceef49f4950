"""Waiting until the day's requests start anew, where ``on_quota="wait"`` asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from crisp_data.local.progress_bar import tqdm
from crisp_data.quota.ledger import Ledger

_SLICE = 30.0  # seconds: how soon a reset is noticed that came by a jump of the clock


@dataclass
class Reset:
    """Waits for the day's reset, with one bar however many threads wait.

    The ledger's clock decides, looked at again and again, and not the length of a sleep: a
    laptop that slept, a clock that was set, or a day reopened by hand end the wait too.
    """

    ledger: Ledger
    sleep: Callable[[float], None]
    progress: bool
    _shown: threading.Lock = field(default_factory=threading.Lock, init=False)

    def wait(self) -> None:
        """Return when reads may go on."""
        first = self._shown.acquire(blocking=False)
        try:
            total, resets_at = self.ledger.opens_in(), self.ledger.resets_at
            with tqdm(
                total=total,
                desc=f"waiting for the quota to reset at {resets_at:%Y-%m-%d %H:%M} UTC",
                bar_format="{desc}: {bar}| {elapsed} gone",
                leave=False,
                disable=not (self.progress and first),
            ) as bar:
                while (seconds := self.ledger.opens_in()) > 0:
                    bar.update(max(0.0, total - seconds - bar.n))
                    self.sleep(min(seconds, _SLICE))
        finally:
            if first:
                self._shown.release()
