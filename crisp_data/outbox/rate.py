"""How many messages go in a minute, and none after the stop."""

from __future__ import annotations

import numbers
import threading
import time
from concurrent.futures import CancelledError

from crisp_data.errors import BadParameter
from crisp_data.local.cancellation import ended_by
from crisp_data.rest.client import Client

#: Messages a minute on the live service, where nothing else is said: as fast as a diligent
#: operator, and far below what meets a rate limit (*assumed*: Crisp tells no figure).
PER_MINUTE = 60.0


class Pace:
    """So many messages a minute, and none after the stop."""

    def __init__(
        self, client: Client, per_minute: float | None, stop: threading.Event | None
    ) -> None:
        if per_minute is None:
            # The sandbox has no limits, and notebooks recorded on it stay quick.
            per_minute = PER_MINUTE if client.settings.live else float("inf")
        number = isinstance(per_minute, numbers.Real) and not isinstance(per_minute, bool)
        if not number or not per_minute > 0:
            raise BadParameter("per_minute must be a number of messages per minute, more than 0.")
        self._client, self._gap = client, 60.0 / per_minute
        self._stop, self._next = stop, 0.0

    def wait(self) -> bool:
        """Wait for the next message's turn; False where there is none any more."""
        now = time.monotonic()
        pause, self._next = self._next - now, max(self._next, now) + self._gap
        if self._stop is None:
            if pause > 0:
                self._client.sleep(pause)
            return True
        try:
            with ended_by(self._stop):
                if pause > 0:
                    self._client.sleep(pause)
        except CancelledError:
            return False
        return not self._stop.is_set()
