"""One message to Crisp, exactly once.

Crisp has no idempotency key: the same message twice is two messages. But a message may carry
a fingerprint of ours, and can be looked up by it (*stated*). So whenever it is not known
whether a message was sent, it is looked up before it is sent again, and where the look-up
fails it is not sent again.

Where Crisp gives a message another fingerprint than ours after all, a warning says so, and from
then on nothing is sent again on the word of a look-up that finds nothing. Until the first answer
has shown which of the two it does, the thread is read as well, for the message's own words.
"""

from __future__ import annotations

import itertools
import json
import math
import sqlite3
import time
from typing import Any, NoReturn

from crisp_data import errors
from crisp_data.api import path_and_query, routes
from crisp_data.errors import ApiError, CrispError, UnknownOutcome, warn
from crisp_data.outbox.journal import Journal
from crisp_data.outbox.message_record import Row
from crisp_data.rest import answer_checks, write_errors
from crisp_data.rest.client import Client

# Crisp's words for a message that is not there: "message_not_found" is *assumed*, and so the
# other two count as well. A 404 in other words may be a proxy's, which says nothing.
_ABSENT = ("message_not_found", "conversation_not_found", "not_found")

# Refusals after which a look-up is cheaper than to believe them: "it exists already", "too
# early", and the rate limits.
_LIMITS = frozenset({420, 423, 429})
_OPEN = _LIMITS | {409, 425}

# Seconds by which two clocks may differ: one set by another time zone is hours off. A large value
# may leave a message unknown that could be sent again; a small one would send it twice.
_SKEW = 24 * 3600.0

_LAST_MS = 253_402_300_800_000  # the year 10000: no frame holds a later time


_ACCEPTED = (
    "It is not known whether message {0.fingerprint} was sent: Crisp's answer was a success, but "
    "could not be read, and the look-up does not find the message, or not yet."
)
_NOT_THERE = "Crisp was asked for it afterwards and did not have it."


class Delivery:
    """Sends the messages of a journal to the website that it is of."""

    def __init__(self, client: Client, website_id: str, journal: Journal) -> None:
        self._client, self._website_id, self._journal = client, website_id, journal
        self._findable = True  # until an answer does not name our number

    def send(self, row: Row) -> None:
        """Send a message that nobody holds; nothing where another process was first.

        Raises
        ------
        ApiError
            Crisp refused it: it has ``failed``, or was rate limited and is ``queued``.
        UnknownOutcome
            Nobody knows whether it was sent: it is ``unknown``.
        Unreachable, QuotaExceeded, ...
            It was surely not sent: it is ``queued``.
        """
        held = self._journal.claim(row)
        if held is not None:
            self.confirm(held)

    def confirm(self, held: Row) -> None:
        """Send a message that this process holds."""
        try:
            try:
                self._confirm(held)
            except BaseException:
                # What has come to a state of its own is let go already; this changes nothing.
                self._journal.confirm(held, "unknown", "interrupted")
                raise
        except errors.NotCounted:  # of the ledger's file: the journal has it written down
            raise
        except (sqlite3.Error, errors.FileTrouble) as error:
            why = error.what if isinstance(error, errors.FileTrouble) else f"{error}."
            raise UnknownOutcome(
                f"The outcome of message {held.fingerprint} cannot be recorded: {why}",
                "The message is not sent again automatically. When the disk can be "
                "written to again, the same line, or ws.outbox.resume(), sends it only "
                "if Crisp does not have it.",
            ) from error
        finally:
            self._journal.let_go(held)

    def _confirm(self, held: Row) -> None:
        error: CrispError | None = None
        for attempt in itertools.count(1):
            if held.tried_at is not None:
                self._client.sleep(self._pause(held.tried_at, error, attempt - 1))
                if (sent_at := self._look_up(held)) is not None:
                    return self._journal.confirm(held, "sent", sent_at=sent_at)
            if error is not None and write_errors.was_accepted(error):
                self._end(held, "unknown", UnknownOutcome(_ACCEPTED.format(held)), error)
            if error is not None and attempt > self._client.retry.tries:
                if write_errors.is_unknown(error):
                    error.hint = _NOT_THERE
                self._end(held, "queued", error)
            before = held
            trying = self._journal.trying(held)
            if trying is None:  # silent for so long that another machine took it over
                return None
            held = trying
            try:
                given = self._post(held)
            except CrispError as raised:
                if not _may_be_sent(raised):
                    state = "failed" if isinstance(raised, ApiError) else "queued"
                    self._end(before, state, raised)
                error = raised
            else:  # apart: what goes wrong from here on is no word of Crisp's
                self._journal.confirm(held, "sent", sent_at=self._client.now())
                return self._compare(held, given)
        raise AssertionError("the last attempt returns or raises")

    def _post(self, held: Row) -> Any:
        """Send it, and give the number by which Crisp calls it."""
        body = json.loads(held.body or "null") | {"fingerprint": held.fingerprint}
        answer = self._client.call(
            "send_message_in_conversation",
            website_id=self._website_id,
            session_id=held.session_id,
            json=body,
        )
        return answer.get("fingerprint") if isinstance(answer, dict) else None

    def _compare(self, held: Row, given: Any) -> None:
        """Write down whether Crisp takes over our numbers, and warn where it does not.

        What is no number tells nothing, and is not shown: it may be anything.
        """
        if isinstance(given, bool) or not isinstance(given, (int, float)):
            return
        ours = given == held.fingerprint
        if self._journal.numbering() is not ours:
            self._journal.numbered(ours)
        if not ours:
            self._findable = False
            warn(
                f"Message {held.fingerprint} was sent, but Crisp numbered it {given}. "
                "Messages whose answers are lost therefore cannot be looked up and stay "
                "unknown."
            )

    def _pause(self, tried_at: float, error: CrispError | None, attempts: int) -> float:
        """Seconds until a look-up can tell, and until it is worth while to send again."""
        retry = self._client.retry
        if error is None:  # of a process that was killed, or an earlier call
            return min(
                retry.confirm_after, max(0.0, retry.confirm_after - (time.time() - tried_at))
            )
        if isinstance(error, ApiError) and error.status in _LIMITS:
            asked = error.retry_after
            return retry.wait(attempts) if asked is None else min(asked, retry.longest)
        return max(retry.confirm_after, retry.wait(attempts))

    def _look_up(self, held: Row) -> float | None:
        """Say when the message was sent; None where Crisp does not have it.

        It is asked for anew and not cached. Crisp caches answers too (*documented*), and whether
        it forgets a "not found" when a message comes is not known: each attempt's look-up has
        an address of its own. (Crisp ignores parameters that it does not know, *observed*.)
        """
        arguments: dict[str, Any] = {
            "website_id": self._website_id,
            "session_id": held.session_id,
            "fingerprint": held.fingerprint,
        }
        path, _ = path_and_query.fill(routes.lookup("get_message_in_conversation"), arguments)
        query = {"attempt": str(held.tries)} if held.tries > 1 else {}
        try:
            found = self._client.get(path, query, use_cache=False, for_write=True)
            if not isinstance(found, dict) or found.get("fingerprint") != held.fingerprint:
                raise errors.BadAnswer("The look-up returned another message.")
        except errors.NotFound as error:
            if error.reason in _ABSENT and self._findable and self._absent(held):
                return None
            self._lost(held, error)
        except CrispError as error:
            self._lost(held, error)
        self._client.drop(path)  # who was killed after sending has not
        at = _milliseconds(found.get("timestamp"))
        return self._client.now() if at is None else at / 1000

    def _absent(self, held: Row) -> bool:
        """Whether to believe that what is not found by its number is not there."""
        ours = self._journal.numbering()
        if ours is not None:
            return ours
        try:
            return not self._said(held)
        except CrispError:
            return False

    def _said(self, held: Row) -> bool:
        """Whether such a message came into the thread since this one was written down.

        Of a text the words tell; of anything else the type must do, for Crisp may add to it.
        """
        body = json.loads(held.body or "null")
        since = min((held.added_at - _SKEW) * 1000, body.get("timestamp", math.inf))
        if held.added_at > self._client.now():  # by a clock that was ahead: the whole thread, then
            since = -math.inf
        operation = "get_messages_in_conversation"
        pages = self._client.pages(
            operation,
            website_id=self._website_id,
            session_id=held.session_id,
            use_cache=False,
            for_write=True,
        )
        for page in pages:
            records = [answer_checks.record(one, operation) for one in page.records]
            for message in records:
                alike = (message.get("from"), message.get("type")) == ("operator", body["type"])
                same = message.get("content") == body["content"]
                at = _milliseconds(message.get("timestamp"))
                new = at is None or at >= since
                if alike and new and (same or not isinstance(body["content"], str)):
                    return True
            times = [_milliseconds(one.get("timestamp")) for one in records]
            if min((since if at is None else at for at in times), default=0) < since:
                break
        return False

    def _lost(self, held: Row, error: CrispError) -> NoReturn:
        unknown = UnknownOutcome(
            f"It is not known whether message {held.fingerprint} was sent: its answer "
            f"was lost, and the look-up failed as well ({type(error).__name__})."
        )
        self._end(held, "unknown", unknown, error)

    def _end(
        self, held: Row, state: str, error: CrispError, cause: CrispError | None = None
    ) -> NoReturn:
        self._journal.confirm(held, state, _words(cause or error))
        raise error from cause


def _may_be_sent(error: CrispError) -> bool:
    """Whether the message may have been sent although this came of it: anything not known may."""
    refused = isinstance(error, ApiError) and error.status in _OPEN
    return refused or write_errors.is_unknown(error)


def _milliseconds(value: Any) -> float | None:
    """Give a time as Crisp writes it; None for what is none, or not of this era."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 < value < _LAST_MS else None


def _words(error: CrispError) -> str:
    """What the journal notes of an error: Crisp's own words where there are any."""
    if isinstance(error, ApiError):
        return f"{error.status} {error.reason}" + (f": {error.detail}" if error.detail else "")
    return type(error).__name__
