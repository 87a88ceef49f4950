"""What can go wrong, each error with the way to mend it.

Policy: an error says what happened, which rule it met and what to do next. It never
carries a key, an e-mail address or the text of a message; paths are given as templates
(``/website/{website_id}/conversation/{session_id}``), because an identifier in a path may
itself be an e-mail address.

All classes derive from :class:`CrispError`, so ``except crisp.CrispError`` catches what
this package raises on purpose and nothing else.
"""

from __future__ import annotations

import re
import sys
import threading
import warnings
from datetime import datetime
from types import FrameType
from typing import Any

from crisp_data.terminal_text import printable


class CrispError(Exception):
    """Anything that this package refuses or could not do.

    Parameters
    ----------
    what : str
        What happened, in one sentence.
    hint : str, optional
        What to do next; by default that of the class.

    Attributes
    ----------
    hint : str
        What to do next, in one sentence.
    partial : object or None
        The frame of what a pull already had when the error ended it. Asked again while the
        cache keeps it, it costs nothing.

    Examples
    --------
    >>> try:
    ...     ws.conversations(state="closed")
    ... except crisp.CrispError as error:
    ...     print(error.hint)
    Use one of: pending, unresolved, resolved.
    """

    hint = ""
    partial: Any = None

    def __init__(self, what: str, hint: str | None = None) -> None:
        what = printable(what)  # a name in it may be anybody's
        super().__init__(what, hint)
        self.what = what
        if hint is not None:
            self.hint = hint

    def __str__(self) -> str:
        what, hint = printable(self.what), printable(self.hint)
        return f"{what}\n{hint}" if hint else what


class CredentialsMissing(CrispError):
    """No identifier, key or tier was found in the arguments, environment or keyring."""

    hint = (
        "Pass identifier=, key= and tier= to connect(), or set CRISP_IDENTIFIER, CRISP_KEY and "
        "CRISP_TIER, or run 'crisp-data login' once to keep them in the system's keyring. "
        "To try everything without a key: connect(sandbox=True)."
    )


class CrispWarning(UserWarning):
    """Something that the result itself cannot say, such as a thread that may lack messages."""

    def __str__(self) -> str:
        return printable(super().__str__())


def calling_line() -> dict[str, Any]:
    """Find the line that called this package, as :func:`warnings.warn_explicit` takes it.

    Of the package's frames the outermost counts: libraries call back into it, tqdm for one.
    """
    frame: FrameType | None = sys._getframe()
    outermost = sys._getframe()
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == __package__:
            outermost = frame
        frame = frame.f_back
    caller = outermost.f_back or outermost
    return {
        "filename": caller.f_code.co_filename,
        "lineno": caller.f_lineno,
        "module": caller.f_globals.get("__name__"),
        "registry": caller.f_globals.setdefault("__warningregistry__", {}),
    }


_thread = threading.local()


def work_for(line: dict[str, Any]) -> None:
    """Let what this thread warns of stand at the line for which it works."""
    _thread.line = line


def warn(words: str) -> None:
    """Warn at the line that called this package, however deep in it the reason was found."""
    line = getattr(_thread, "line", None) or calling_line()
    warnings.warn_explicit(words, CrispWarning, **line)


class BadParameter(CrispError, ValueError):
    """An argument was refused before any request was spent."""


class InvalidMessage(BadParameter):
    """A message that Crisp would refuse, refused before anything is sent.

    Attributes
    ----------
    path : str
        Where it does not fit, such as ``.content.choices[0].label``; empty for the whole.
    """

    hint = "Nothing was sent. Correct the field named in the message."
    path: str = ""


class ReadOnly(CrispError):
    """A write was tried on a connection that only reads."""

    hint = "Nothing was sent. To write, connect with connect(writes=True)."


class UnknownOutcome(CrispError):
    """A message of which nobody knows whether it was sent: it is ``unknown`` in the outbox.

    Its answer was lost, and the look-up that would have told failed as well.
    """

    hint = (
        "The message is not sent again automatically. ws.outbox.resume(), or running "
        "the same line again, looks it up and sends it only if Crisp does not have it."
    )


class ArchiveBusy(CrispError):
    """Somebody else writes into the archive; reading is free at all times.

    Parameters
    ----------
    writer : object
        Who writes.

    Attributes
    ----------
    writer : object
        Who: its ``host``, ``pid`` and moments, in seconds since 1970.
    """

    hint = (
        "Wait until it has finished, or stop it. Only one process at a time can write to an "
        "archive."
    )

    def __init__(self, writer: Any) -> None:
        super().__init__(f"The archive is being written by {writer}.")
        self.args = (writer,)
        self.writer = writer


class FileTrouble(CrispError):
    """A file cannot be read or written: an export, or one of the cache, ledger, outbox, archive."""

    hint = "Nothing else is wrong. Repair the file or its folder, then run the same line again."


#: The way on where the system refuses another open file.
TOO_MANY_FILES = (
    "This process has as many open files as the system allows. Close workspaces and files that "
    "you no longer use, or raise the limit (ulimit -n)."
)


class NotCounted(FileTrouble):
    """The ledger cannot count a request, which therefore was not sent."""


class ForkedProcess(CrispError):
    """A process that was forked cannot use what its parent had open."""

    hint = (
        "Nothing was read or sent. Start worker processes with "
        'multiprocessing.get_context("spawn"), and connect or open the archive in each '
        "of them."
    )


class Offline(CrispError):
    """No answer came: refused, timed out, or lost on the way.

    For a write this means that it is unknown whether Crisp did the work, unless it is
    ``Unreachable`` or ``Untrusted``; its hint then says so.

    Attributes
    ----------
    status : int or None
        The HTTP status, where the connection broke after it had come.
    """

    hint = "Check the network and https://status.crisp.chat, then run the same line again."
    status: int | None = None


class Unreachable(Offline):
    """No connection could be made; nothing was sent."""


class ProxyFailed(Unreachable):
    """The proxy that the environment names gave no connection; nothing was sent, nor counted."""

    hint = "Correct or unset the setting that names the proxy, then run the same line again."


class Untrusted(Offline):
    """The certificate is not one that this machine trusts; nothing was sent, not even the key."""

    hint = (
        "Check base_url. If your network inspects encrypted traffic, its owner has a file of "
        "certificates: set REQUESTS_CA_BUNDLE to that file. For the sandbox over HTTPS, pass its "
        "certificate file: ca=..."
    )


class BadAnswer(CrispError):
    """An answer came that is not the JSON envelope which Crisp documents.

    A write that is answered so may have been carried out; its hint then says so.

    Attributes
    ----------
    status : int or None
        The HTTP status of the answer, where the answer as a whole was at fault.
    """

    hint = "Run the same line again. If the error persists, a proxy may be rewriting answers."
    status: int | None = None


class Redirected(BadAnswer):
    """A redirect: following it could carry the credential to another host."""

    hint = "Check base_url: Crisp's API does not redirect."


class AnswerOutOfBounds(BadAnswer):
    """An answer is beyond what one answer may be; it was given up, and is not asked for again.

    The bounds are far above anything that Crisp answers. A write may have been carried out.
    """

    hint = (
        "Check base_url, and any proxy before it. If the answer is real, raise its bound: "
        "max_bytes, max_seconds or max_depth of connect()."
    )


class AnswerTooLarge(AnswerOutOfBounds):
    """An answer has more than ``max_bytes`` bytes, as it came or unpacked."""

    hint = (
        "Check base_url, and any proxy before it. If the answer is real, raise the bound: "
        "connect(max_bytes=...), or CRISP_MAX_BYTES in the environment."
    )


class AnswerTooSlow(AnswerOutOfBounds):
    """An answer was not whole ``max_seconds`` seconds after its request was sent."""

    hint = (
        "Check the network, base_url, and any proxy before it. On a slow network, raise the "
        "bound: connect(max_seconds=...), or CRISP_MAX_SECONDS in the environment."
    )


class AnswerTooDeep(AnswerOutOfBounds):
    """The JSON of an answer is nested in more than ``max_depth`` levels."""

    hint = (
        "Check base_url, and any proxy before it. If the answer is real, raise the bound: "
        "connect(max_depth=...), or CRISP_MAX_DEPTH in the environment."
    )


class QuotaExceeded(CrispError):
    """The day's requests are spent, or those of a budget; nothing was sent.

    Parameters
    ----------
    needed : int
        Requests asked for.
    left : int
        Requests still free.
    limit : int
        Requests allowed.
    resets_at : datetime or None
        When the day begins anew (UTC); None for a budget.
    partial : object, optional
        What a pull already had.
    why : str, optional
        The first sentence of the message, where it is another than usual.
    hint : str, optional
        What to do next, where it is other than usual.

    Attributes
    ----------
    needed, left, limit : int
        Requests asked for, still free, and allowed: of the day, or of the budget.
    resets_at : datetime or None
        When the day begins anew (UTC). None for a budget, which no waiting fills again.
    """

    def __init__(
        self,
        needed: int,
        left: int,
        limit: int,
        resets_at: datetime | None,
        partial: Any = None,
        why: str = "",
        hint: str = "",
    ) -> None:
        what = "Today's quota is used up" if resets_at else "The budget is used up"
        super().__init__(
            f"{why or what}: {needed:,} needed, {left:,} left of {limit:,}.",
            hint or (_DAY.format(resets_at) if resets_at else _BUDGET),
        )
        self.args = (needed, left, limit, resets_at, partial, why, hint)
        self.needed, self.left, self.limit = needed, left, limit
        self.resets_at = resets_at
        self.partial = partial

    def of_pull(self, needed: int, partial: Any) -> QuotaExceeded:
        """Make the same refusal for a whole pull: what it still needs and what it has.

        Parameters
        ----------
        needed : int
            Requests that the pull still needs.
        partial : object
            What the pull already has.

        Returns
        -------
        QuotaExceeded
            A new error; it is not raised here.
        """
        _, left, limit, resets_at, _, why, hint = self.args
        return QuotaExceeded(needed, left, limit, resets_at, partial, why, hint)


_DAY = (
    "It resets at {:%Y-%m-%d %H:%M} UTC; connect(on_quota='wait') waits until then. "
    "This error's partial holds what was already pulled. If Crisp granted you more, set "
    "connect(quota=...)."
)
_BUDGET = (
    "The day's own quota is in ws.quota. Continue outside the block, or open one with "
    "more requests: ws.budget(...). This error's partial holds what was already pulled."
)


_LONGEST = 1_000  # characters of a reason, or a detail: what is longer is no word of Crisp's
_ADDRESS = re.compile(r"[^\s@<>()\"',;:]+@[^\s@<>()\"',;:]+")  # an e-mail's, which no error shows


class ApiError(CrispError):
    """Crisp answered, and the answer is a refusal.

    Parameters
    ----------
    status : int
        HTTP status.
    reason : str
        Crisp's own word for it, such as ``invalid_data``.
    operation : str
        The operation that was asked, such as ``list_conversations``.
    detail : str, optional
        What else the answer said.

    Attributes
    ----------
    status : int
        HTTP status.
    reason : str
        Crisp's own word for it, such as ``invalid_data``.
    operation : str
        The operation that was asked, such as ``list_conversations``.
    detail : str
        The validator's words for ``invalid_data``, the missing scope for
        ``token_scope_forbidden``, otherwise empty.
    retry_after : float or None
        Seconds to wait, where the answer said so.
    """

    hint = "The operation's page on docs.crisp.chat/references/rest-api/v1 explains this reason."
    retry_after: float | None = None

    def __init__(self, status: int, reason: str, operation: str, detail: str = "") -> None:
        # (Cut before it is searched, which takes the square of a text's length.)
        reason, detail = (
            _ADDRESS.sub("(an e-mail address)", printable(text)[:_LONGEST])
            for text in (reason, detail)
        )
        tail = f": {detail}" if detail else ""
        super().__init__(f"{operation} was refused with {status} {reason}{tail}.")
        self.args = (status, reason, operation, detail)
        self.status, self.reason = status, reason
        self.operation, self.detail = operation, detail


class InvalidData(ApiError):
    """400: the request does not fit Crisp's schema; ``detail`` names the path."""

    hint = "Correct the field named in the message. Nothing was changed at Crisp."


class Unauthorized(ApiError):
    """401: Crisp does not tell a bad keypair from a missing or wrong tier."""

    hint = (
        "Check identifier, key and tier together: a plugin key needs tier='plugin', "
        "a website key tier='website'."
    )


class Forbidden(ApiError):
    """403: the token is valid but may not do this.

    Parameters
    ----------
    status : int
        HTTP status.
    reason : str
        Crisp's own word for it.
    operation : str
        The operation that was asked.
    detail : str, optional
        The missing scope.
    """

    def __init__(self, status: int, reason: str, operation: str, detail: str = "") -> None:
        super().__init__(status, reason, operation, detail)
        if reason == "restricted_route_tier":
            self.hint = (
                "This route is for user tokens only; plugin and website tokens cannot use it."
            )
        else:
            scope = f"'{detail}'" if detail else "the scope named on the operation's page"
            self.hint = (
                f"Request {scope} for the token (Crisp Marketplace, your plugin, "
                "Tokens), then have the owner accept it."
            )


class NotSubscribed(ApiError):
    """404 ``not_subscribed``: the plugin is not installed on this website."""

    hint = (
        "Install the plugin on this website. A development token works only on its "
        "trusted workspace; ws.websites() lists the websites it can read."
    )


class NotFound(ApiError):
    """404: there is no such route, website, conversation, message or person."""

    hint = "Check the identifiers. Anything deleted at Crisp is not found either."


class MethodNotAllowed(ApiError):
    """405: the path exists, this verb on it does not."""

    hint = "Call the operation by its name, client.call('...'); the verb is then chosen for you."


class DomainRestricted(ApiError):
    """406: the website's settings refuse this domain."""

    hint = "Check the list of allowed domains in the website's settings in Crisp."


class Conflict(ApiError):
    """409: it exists already."""

    hint = "Read the existing entry and update it instead of adding it."


class PlanLimit(ApiError):
    """423: a write quota of the workspace's plan is reached."""

    hint = (
        "Wait a minute and send again. If the error persists, the workspace's plan sets the limit."
    )


class RateLimited(ApiError):
    """420 or 429: too many requests in a short time, or the day's quota is spent."""

    hint = (
        "Wait a minute and run the same line again. If Crisp refuses for much longer, "
        "QuotaExceeded is raised instead: the day's quota at Crisp is then used up."
    )


class ServerError(ApiError):
    """5xx: Crisp or something before it failed."""

    hint = "Reads were already retried. See https://status.crisp.chat and try again later."


_BY_STATUS: dict[int, type[ApiError]] = {
    400: InvalidData,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    406: DomainRestricted,
    409: Conflict,
    420: RateLimited,
    422: InvalidData,
    423: PlanLimit,
    429: RateLimited,
}


def api_error(status: int, reason: str, operation: str, detail: str = "") -> ApiError:
    """Choose the class of error for an answer that Crisp marked as a failure.

    Parameters
    ----------
    status : int
        The HTTP status.
    reason : str
        Crisp's own word for it.
    operation : str
        The operation that was asked.
    detail : str, optional
        What else the answer said.

    Returns
    -------
    ApiError
        An error of the class that fits; it is not raised here.
    """
    if reason == "not_subscribed":
        kind: type[ApiError] = NotSubscribed
    elif status >= 500:
        kind = ServerError
    else:
        kind = _BY_STATUS.get(status, ApiError)
    return kind(status, reason, operation, detail)
