"""Whether and when a call is tried again, and when a refusal is the day's own limit."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeGuard

from crisp_data import errors
from crisp_data.api import envelope
from crisp_data.errors import (
    ApiError,
    BadAnswer,
    CrispError,
    FileTrouble,
    Offline,
    PlanLimit,
    QuotaExceeded,
    RateLimited,
)
from crisp_data.quota.ledger import Ledger, Reservation
from crisp_data.rest import waits
from crisp_data.rest.call import Answer, Call
from crisp_data.rest.transport import Transport


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
        return min(self.longest, doubled * random.uniform(0.75, 1.25))


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
        """Tell a spent day from a passing limit, by the rule that :class:`Retry` states."""
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


@dataclass(frozen=True)
class Retry:
    """Reserves, sends, waits, reserves and sends again.

    A write is sent once, for nobody can know whether a lost answer means lost work. What a read
    meets on the way is met here: rate limits, failures, lost or truncated answers, the end of
    the day's quota.

    Crisp says 420, 423 or 429 both for a passing limit and for a day that is spent. The two are
    told apart by how long it lasts. It is the day where the answer asks to wait for longer
    than ``policy.longest``, or where a read is still refused after all its tries and their
    waits since the first refusal came to ``RATE_LIMIT_WINDOW`` seconds. Then the day is
    closed in the ledger, and every later read and write of any process meets
    :class:`QuotaExceeded` there, at no cost. All else is a short pause: a read waits and goes
    on. A write, sent once, can tell the day by a long ``Retry-After`` alone, and by 420 or 429
    only: 423 on a write is a quota of the workspace's plan.

    Waiting for the reset is for :class:`crisp_data.rest.request_sender.RequestSender`: here the
    lock of a single flight may be held, and others would hang on it for hours.

    Attributes
    ----------
    policy : RetryPolicy
        How long.
    ledger : Ledger
        Counts each attempt before it is sent.
    sleep : callable
        Waits so many seconds.
    transport : Transport
        Sends one attempt.
    """

    policy: RetryPolicy
    ledger: Ledger
    sleep: Callable[[float], None]
    transport: Transport

    def send(self, call: Call) -> Answer:
        """Send a call until it is answered or its error is final.

        Parameters
        ----------
        call : Call
            What is asked.

        Returns
        -------
        Answer
            The answer, a success.

        Raises
        ------
        ApiError, BadAnswer, Offline
            As of the last attempt.
        QuotaExceeded
            The day, or a budget, has nothing left.
        """
        tries = Attempts(self.policy, call.repeats)
        while True:
            reservation = self._reserve(call, tries.last)
            try:
                return self.transport.send(call, reservation)
            except (Offline, BadAnswer, ApiError) as error:
                tries.failed(error, reservation.days[0])
                if tries.met_the_day(error):
                    spent = self.ledger.close(tries.day, f"{error.status} {error.reason}")
                    if not call.repeats:
                        raise spent from error
                    # The ledger now refuses, unless the day has turned between the first
                    # refusal and the last: then all begins anew.
                    tries = Attempts(self.policy, call.repeats, error)
                elif (pause := tries.pause(error)) is None or not waits.allowed(pause):
                    raise
                else:
                    self.sleep(pause)

    def _reserve(self, call: Call, last: CrispError | None) -> Reservation:
        """Count the next attempt; a refusal says what the attempt before met."""
        try:
            return self.ledger.reserve(call.operation, write=call.for_write or not call.reads)
        except FileTrouble as error:
            raise errors.NotCounted(
                f"{error.what} Nothing was sent.", error.hint
            ) from error.__cause__
        except QuotaExceeded as spent:
            raise spent from last
