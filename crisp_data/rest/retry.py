"""Whether and when a request is tried again, and when a refusal is the day's own limit."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TypeGuard

from crisp_data import errors
from crisp_data.api import envelope
from crisp_data.errors import ApiError, CrispError, PlanLimit, RateLimited


@dataclass(frozen=True)
class RetryPolicy:
    """How long a read is tried again: 60 to 90 s outlasts a rate limit (*observed*).

    The eight tries wait for 95 to 159 seconds in all, so that what still refuses after them
    is no passing limit.

    Attributes
    ----------
    tries : int
        Attempts in all; each costs a request.
    first, longest : float
        Seconds of the first and the longest wait; each doubles the one before, with a
        quarter of jitter so that many kernels do not come back at once.
    unreachable : int
        Attempts where no connection could be made at all.
    confirm_after : float
        Seconds between a message whose answer was lost and the look-up that tells whether
        it was sent: what is in Crisp's hands by then, or not, stays so (*assumed*: "202
        dispatched" says that the work may come after the answer).
    """

    tries: int = 8
    first: float = 1.0
    longest: float = 120.0
    unreachable: int = 3
    confirm_after: float = 10.0

    def wait(self, attempt: int) -> float:
        """Seconds before the attempt after ``attempt`` (counted from 1)."""
        doubled = self.first * 2.0 ** (attempt - 1)
        return min(self.longest, doubled) * random.uniform(0.75, 1.25)


#: Seconds of refusals, one after another, after which no passing rate limit explains them.
RATE_LIMIT_WINDOW = 90.0


class Attempts:
    """The tries of one request: whether and when there is another, or the day is spent."""

    def __init__(self, retry: RetryPolicy, repeats: bool, last: CrispError | None = None) -> None:
        self._retry, self._repeats = retry, repeats
        self.last, self._made, self._refused = last, 0, 0.0
        self.day = ""  # on which the refusals began that have not ended since

    def failed(self, error: CrispError, day: str) -> None:
        """Take note of an attempt that failed, and of the day it was charged to."""
        self.last = error
        self._made += 1
        if isinstance(error, (RateLimited, PlanLimit)):
            self.day = self.day or day
        else:
            self.day, self._refused = "", 0.0

    def met_the_day(self, error: CrispError) -> TypeGuard[ApiError]:
        """Tell a spent day from a passing limit, by the rule that the transport states."""
        if not isinstance(error, (RateLimited, PlanLimit)):
            return False
        if error.retry_after is not None and error.retry_after > self._retry.longest:
            return self._repeats or isinstance(error, RateLimited)
        return (
            self._repeats and self._made >= self._retry.tries and self._refused >= RATE_LIMIT_WINDOW
        )

    def pause(self, error: CrispError) -> float | None:
        """Seconds until the next try; None where the error is final."""
        retry = self._retry
        tries = retry.unreachable if isinstance(error, errors.Unreachable) else retry.tries
        passing = not isinstance(error, ApiError) or error.status in envelope.PASSING
        final = not passing or isinstance(
            error,
            (errors.Redirected, errors.Untrusted, errors.ProxyFailed, errors.AnswerOutOfBounds),
        )
        if not self._repeats or self._made >= tries or final:
            return None
        asked = error.retry_after if isinstance(error, ApiError) else None
        if asked is not None and asked > retry.longest:
            return None
        pause = retry.wait(self._made) if asked is None else asked
        self._refused += pause if self.day else 0.0
        return pause
