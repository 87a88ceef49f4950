"""Answering a customer, without a widget: find, read, write, be asked, send."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crisp_data.errors import (
    BadParameter,
    CrispError,
    InvalidData,
    InvalidMessage,
    QuotaExceeded,
    ReadOnly,
)
from crisp_data.forms.conversation import Conversation
from crisp_data.forms.draft import Draft
from crisp_data.forms.inbox import Inbox
from crisp_data.forms.walked import Read
from crisp_data.outgoing import Message


class Receipt(Protocol):
    """What is known of a message after it was sent."""

    @property
    def fingerprint(self) -> int:
        """Its number."""

    @property
    def state(self) -> str:
        """Where it stands in the outbox."""


class Writes(Read, Protocol):
    """What a form needs to know of a workspace to send."""

    def send(self, session_id: str, message: str | Message) -> Receipt:
        """Send a message, once."""


@dataclass(frozen=True)
class Asked:
    """What is about to be sent, word by word, and the question that names to whom.

    What was asked is what is sent, whatever is written in the form meanwhile.
    """

    session_id: str
    message: Message
    who: str
    question: str


@dataclass(frozen=True)
class Outcome:
    """How sending ended, for people: ``kind`` is "done", "info" or "error"."""

    kind: str
    what: str
    hint: str = ""
    fingerprint: int | None = None


class Composer:
    """Find a conversation, read it, write to it, and send what was confirmed.

    Parameters
    ----------
    ws : Workspace
        Whose customers.

    Attributes
    ----------
    inbox : Inbox
        To find a conversation.
    conversation : Conversation or None
        The one that is open.
    draft : Draft
        What is being written.

    Examples
    --------
    >>> from crisp_data.forms.composer import Composer
    >>> composer = Composer(ws)
    >>> composer.open(ws.conversations(limit=1)["session_id"][0])
    >>> composer.draft.values["content"] = "Your order is on its way."
    >>> asked = composer.ask()
    >>> asked.question
    'Send to Grace Patel at Acme?'
    >>> composer.send(asked).what
    'Sent to Grace Patel.'
    """

    def __init__(self, ws: Writes) -> None:
        self._ws = ws
        self.inbox = Inbox(ws)
        self.conversation: Conversation | None = None
        self.draft = Draft()

    def open(self, session_id: str) -> None:
        """Open a conversation: one request, and one more where the inbox does not know it.

        Raises
        ------
        NotFound
            There is no such conversation; the one that was open stays.
        """
        conversation = Conversation(self._ws, session_id, self.inbox.row(session_id))
        conversation.read()
        self.conversation = conversation

    @property
    def website(self) -> str:
        """What the customer knows the website by."""
        return self._ws.name or self._ws.website_id

    @property
    def refusal(self) -> str:
        """Why nothing can be sent, whatever is written; empty where it can."""
        if not self._ws.client.writes:
            return "This connection only reads. Open it with connect(writes=True) to send."
        if self.conversation is None:
            return "Choose a conversation first."
        return ""

    def ask(self) -> Asked:
        """Ask whether what is written is to be sent; spends and sends nothing.

        Raises
        ------
        ReadOnly
            The connection only reads.
        BadParameter
            No conversation is open.
        InvalidMessage
            Something is missing; the words are those of the labels.
        """
        if not self._ws.client.writes:
            raise ReadOnly("This connection only reads.")
        if self.conversation is None:
            raise BadParameter("No conversation is open.", "Choose one first.")
        try:
            message = self.draft.message()
        except InvalidMessage as error:
            raise InvalidMessage(self.draft.in_words(error)) from None
        who, what = self.conversation.who, _VERBS.get(message.type, "Send to {who} at {website}?")
        question = what.format(who=who, website=self.website)
        return Asked(self.conversation.session_id, message, who, question)

    def send(self, asked: Asked) -> Outcome:
        """Send what was asked, once, and say how that ended.

        A draft that went out, or may have gone out, is emptied, so that it is not sent again
        by a second thought; one that was refused stays to be mended.
        """
        try:
            receipt = self._ws.send(asked.session_id, asked.message)
        except CrispError as error:
            return refused(error)
        if receipt.state in _TOLD:
            self.draft.clear()
        kind, what, hint = _TOLD.get(receipt.state, _NOT_SENT)
        return Outcome(kind, what.format(who=asked.who), hint, receipt.fingerprint)


#: What a question calls it where the customer sees nothing.
_VERBS = {
    "note": "Add this note to the conversation with {who} at {website}?",
    "event": "Add this event to the conversation with {who} at {website}?",
}
_TOLD = {
    "sent": ("done", "Sent to {who}.", ""),
    "unknown": (
        "error",
        "It is not known whether {who} has this message.",
        "No answer came, and it could not be looked up either. It waits in the outbox and is "
        "never sent again by itself. Do not write it again before it was looked up: "
        "ws.outbox, or 'crisp-data outbox resume'.",
    ),
    "queued": (
        "info",
        "Not sent yet: it waits in the outbox.",
        "ws.outbox shows it; 'crisp-data outbox resume' sends it.",
    ),
}
_NOT_SENT = ("error", "It was not sent to {who}.", "The outbox says why: ws.outbox.")


def refused(error: CrispError) -> Outcome:
    """Put an error at sending into plain words."""
    if isinstance(error, QuotaExceeded):
        again = (
            f"The day begins anew at {error.resets_at:%Y-%m-%d %H:%M} UTC. "
            if (error.resets_at)
            else ""
        )
        spent = "Today's requests are spent" if error.resets_at else "The budget is spent"
        return Outcome("error", f"Nothing was sent: {spent}.", f"{again}What you wrote stays here.")
    if isinstance(error, InvalidData):
        words = error.detail or error.reason
        return Outcome("error", f"Crisp refused it: {words}", "Nothing was sent. Mend it here.")
    return Outcome("error", error.what, error.hint)
