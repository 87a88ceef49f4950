"""What is said where the day's quota does not suffice: which limit, and what can be done."""

from __future__ import annotations

from datetime import datetime

from crisp_data.errors import QuotaExceeded


def day_spent(left: int, limit: int, resets_at: datetime, refusal: str) -> QuotaExceeded:
    """Make the error for a request for which the day has nothing left.

    Parameters
    ----------
    left : int
        Requests left for its kind.
    limit : int
        Requests a day.
    resets_at : datetime
        When the day begins anew.
    refusal : str
        How Crisp itself refused; empty where it is the count that does.

    Returns
    -------
    QuotaExceeded
        The error to raise.
    """
    if not refusal:
        return QuotaExceeded(1, left, limit, resets_at)
    why = f"Crisp itself refused further requests today ({refusal})"
    return QuotaExceeded(1, left, limit, resets_at, why=why, hint=_CLOSED.format(resets_at))


def too_much(
    needed: int, left: int, limit: int, resets_at: datetime, *, write: bool
) -> QuotaExceeded:
    """Make the error for work that is known to need more than is left today.

    Parameters
    ----------
    needed : int
        Requests it needs at least.
    left : int
        Requests left for its kind.
    limit : int
        Requests a day.
    resets_at : datetime
        When the day begins anew.
    write : bool
        Whether it is messages to be sent.

    Returns
    -------
    QuotaExceeded
        The error to raise.
    """
    why = "Today's quota is too small, so nothing was started"
    hint = (_FEWER_MESSAGES if write else _FEWER_ROWS).format(resets_at)
    return QuotaExceeded(needed, left, limit, resets_at, why=why, hint=hint)


_FEWER_ROWS = (
    "It resets at {:%Y-%m-%d %H:%M} UTC. Request fewer conversations; or let the pull "
    "wait for the reset and continue, with connect(on_quota='wait'); or store them with "
    "ws.archive(...).sync(), which continues tomorrow where it stopped."
)
_FEWER_MESSAGES = (
    "It resets at {:%Y-%m-%d %H:%M} UTC. Send to fewer people today: with the same "
    "batch name the next call sends to the rest, and to nobody twice."
)
_CLOSED = (
    "The quota is marked as used up until {:%Y-%m-%d %H:%M} UTC, and further requests "
    "are refused here at no cost. If Crisp accepts requests sooner: ws.quota.reopen(), "
    "or 'crisp-data quota --reopen'. This error's partial holds what was already pulled."
)
