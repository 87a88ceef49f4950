"""What is known of a write that went wrong: surely not done, or done for all that anybody knows.

A write is sent once. Where its answer is lost, cut, empty or not Crisp's own, the work may have
been done, and whoever repeats the line may do it twice. The error has to say so, and what to do
instead; the outbox looks such a message up.
"""

from __future__ import annotations

from typing import TypeVar

from crisp_data import errors
from crisp_data.errors import ApiError, CrispError

_E = TypeVar("_E", bound=CrispError)
_MAY_BE_DONE = "It may have been carried out."
_LOOK_FIRST = (
    "Do not repeat it before you have looked: read from Crisp what it was to change, with "
    "refresh=True, and repeat it only where Crisp does not have it."
)

# Raised before a socket saw the request.
_NEVER_LEFT = (
    errors.Unreachable,
    errors.Untrusted,
    errors.NotCounted,
    errors.ForkedProcess,
    errors.ReadOnly,
    errors.BadParameter,
)
_TIMED_OUT = 408  # on the server's side, below 500


def is_unknown(error: CrispError) -> bool:
    """Whether a write that ended in this error may have been done.

    Parameters
    ----------
    error : CrispError
        What the write ended in.

    Returns
    -------
    bool
        False only where it is known that it was not: never sent, or refused.
    """
    if isinstance(error, _NEVER_LEFT):
        return False
    if isinstance(error, errors.QuotaExceeded):
        # Ours, before a socket; or Crisp's own, and then it came of a refusal.
        return isinstance(error.__cause__, ApiError)
    if isinstance(error, ApiError):
        return error.status == _TIMED_OUT or not 400 <= error.status < 500
    return True


def was_accepted(error: CrispError) -> bool:
    """Whether the write was answered with a success whose rest could not be read.

    Parameters
    ----------
    error : CrispError
        What the write ended in.

    Returns
    -------
    bool
        Whether the answer's status was 2xx.
    """
    if not isinstance(error, (errors.BadAnswer, errors.Offline)):
        return False
    return error.status is not None and 200 <= error.status < 300


def explained(error: _E) -> _E:
    """Say of a write's error that it may have been done, and what to do, where that is so.

    Parameters
    ----------
    error : CrispError
        What the write ended in.

    Returns
    -------
    CrispError
        The same error.
    """
    if is_unknown(error) and not isinstance(error, errors.QuotaExceeded):
        error.what, error.hint = f"{error.what} {_MAY_BE_DONE}", _LOOK_FIRST
    return error
