"""Messages sent one after another, until all are sent, somebody stops it, or an error ends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from crisp_data import errors
from crisp_data.errors import ApiError, UnknownOutcome
from crisp_data.local import progress_bar
from crisp_data.outbox.delivery import Delivery
from crisp_data.outbox.journal import Journal
from crisp_data.outbox.message_record import Row
from crisp_data.outbox.rate import Pace

Progress = Callable[[int, int], None]
"""Called after each message: how many are done, of how many."""

# Refusals of the token rather than of one message: the next one would meet the same.
_OF_THE_TOKEN = (
    errors.Unauthorized,
    errors.Forbidden,
    errors.NotSubscribed,
    errors.MethodNotAllowed,
    errors.DomainRestricted,
)


def send_rows(
    delivery: Delivery,
    journal: Journal,
    rows: Sequence[Row],
    pace: Pace,
    *,
    progress: Progress | None,
    bar: str,
) -> None:
    """Send messages in their order.

    Where Crisp refuses one for what it is, the others go on. They also do where the outcome of
    one that was tried before is still unknown, and that is raised at the end: else none behind it
    would ever go. Only what follows in the same conversation waits for it. Whatever else goes
    wrong ends it, for it would meet the next one too.

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
    progress : Progress or None
        Called after each message.
    bar : str
        What stands before a progress bar; empty where none is shown.

    Raises
    ------
    ApiError
        Crisp refuses for a reason that the next message would meet too.
    UnknownOutcome
        It is not known whether a message was sent.
    """
    unknown: dict[str, UnknownOutcome] = {}
    # Where none is shown none is made: it would leave locks behind where the process is killed.
    shown: Any = nullcontext()
    if bar:
        shown = progress_bar.tqdm(desc=bar, total=len(rows), unit=" messages", leave=False)
    with shown:
        for done, row in enumerate(rows, 1):
            if row.session_id in unknown:
                continue
            if not pace.wait():
                return
            try:
                delivery.send(row)
            except UnknownOutcome as error:
                if row.tried_at is None:
                    raise
                unknown[row.session_id] = error
                continue
            except ApiError as error:
                now = journal.row(row.fingerprint)
                if now is None or now.state != "failed" or isinstance(error, _OF_THE_TOKEN):
                    raise
            if bar:
                shown.update()
            if progress is not None:
                progress(done, len(rows))
    if unknown:
        raise next(iter(unknown.values()))
