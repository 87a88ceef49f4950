"""Messages one after another: so many a minute, until all are sent or somebody says stop."""

from __future__ import annotations

import numbers
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError

from crisp_data.errors import (
    ApiError,
    BadParameter,
    DomainRestricted,
    Forbidden,
    MethodNotAllowed,
    NotSubscribed,
    Unauthorized,
    UnknownOutcome,
)
from crisp_data.outbox.delivery import Delivery
from crisp_data.outbox.journal import Journal
from crisp_data.outbox.journal_rows import Row
from crisp_data.rest import waits
from crisp_data.rest.client import Client

#: Messages a minute on the live service, where nothing else is said: as fast as a diligent
#: operator, and far below what meets a rate limit (*assumed*: Crisp tells no figure).
PER_MINUTE = 60.0

Progress = Callable[[int, int], None]
"""Called after each message: how many are done, of how many."""

# Refusals of the token rather than of one message: the next one would meet the same.
_OF_THE_TOKEN = (Unauthorized, Forbidden, NotSubscribed, MethodNotAllowed, DomainRestricted)


def run(delivery: Delivery, journal: Journal, rows: Sequence[Row], pace: Pace) -> Iterator[int]:
    """Send messages, giving after each how many are done.

    Where Crisp refuses one for what it is, the others go on. They also do where one that was
    in doubt before still is, and that is told at the end: else none behind it would ever go.
    Only what follows in the same conversation waits for it. Whatever else goes wrong ends it,
    for it would meet the next one too.

    Parameters
    ----------
    delivery : Delivery
        Sends one message and looks it up.
    journal : Journal
        Where the messages' states are written.
    rows : Sequence[Row]
        The messages, in the order in which they go.
    pace : Pace
        How fast they go, and when to stop.

    Yields
    ------
    int
        How many messages are done.

    Raises
    ------
    ApiError
        Crisp refuses for a reason that the next message would meet too.
    UnknownOutcome
        It is not known whether a message was sent.
    """
    doubts: dict[str, UnknownOutcome] = {}
    for done, row in enumerate(rows, 1):
        if row.session_id in doubts:
            continue
        if not pace.wait():
            return
        try:
            delivery.send(row)
        except UnknownOutcome as error:
            if row.tried_at is None:
                raise
            doubts[row.session_id] = error
            continue
        except ApiError as error:
            now = journal.row(row.fingerprint)
            if now is None or now.state != "failed" or isinstance(error, _OF_THE_TOKEN):
                raise
        yield done
    for incomplete in doubts.values():
        raise incomplete


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
            with waits.ended_by(self._stop):
                if pause > 0:
                    self._client.sleep(pause)
        except CancelledError:
            return False
        return not self._stop.is_set()
