"""Answering a customer, without a widget: find, read, write, confirm, send."""

from __future__ import annotations

from dataclasses import dataclass

from crisp_data.errors import (
    BadParameter,
    CrispError,
    InvalidData,
    InvalidMessage,
    QuotaExceeded,
    ReadOnly,
    UnknownOutcome,
)
from crisp_data.forms.conversation import Conversation
from crisp_data.forms.draft import Draft
from crisp_data.forms.inbox import Inbox
from crisp_data.forms.operator_names import operator_names
from crisp_data.forms.protocol import Workspace
from crisp_data.outbox import Receipt
from crisp_data.outgoing import Message


@dataclass(frozen=True)
class PendingMessage:
    """What is about to be sent, word by word, and the question that names to whom.

    What the question shows is what is sent, whatever is written in the form meanwhile.
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
    receipt: Receipt | None = None
    hint: str = ""


class ComposeModel:
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
    >>> from crisp_data.forms.compose_model import ComposeModel
    >>> composer = ComposeModel(ws)
    >>> composer.open(ws.conversations(limit=1)["session_id"][0])
    >>> composer.draft.values["content"] = "Your order is on its way."
    >>> pending = composer.ask()
    >>> pending.question
    'Send to Grace Patel at Acme?'
    >>> composer.send(pending).what
    'Sent to Grace Patel.'
    """

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self.inbox = Inbox(ws)
        self.conversation: Conversation | None = None
        self.draft = Draft()
        self._colleagues: dict[str, str] = {}

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

    def operator_names(self, load: bool = False) -> dict[str, str]:
        """Whom a note may mention: names by ``user_id``; with ``load`` for one request at most."""
        # Stored here: each message that is sent makes the cache forget the website's lists.
        self._colleagues = self._colleagues or operator_names(self._ws, load)
        return self._colleagues

    @property
    def website(self) -> str:
        """What the customer knows the website by."""
        return self._ws.name or self._ws.website_id

    @property
    def refusal(self) -> str:
        """Why nothing can be sent, whatever is written; empty where it can."""
        if not self._ws.client.writes:
            return "This connection only reads. To send, connect with connect(writes=True)."
        if self.conversation is None:
            return "Choose a conversation first."
        return ""

    def ask(self) -> PendingMessage:
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
            raise InvalidMessage(self.draft.explain(error)) from None
        who = self.conversation.who
        question = _QUESTIONS.get(message.type, "Send to {who} at {website}?")
        question = question.format(who=who, website=self.website)
        return PendingMessage(self.conversation.session_id, message, who, question)

    def send(self, pending: PendingMessage) -> Outcome:
        """Send what was confirmed, exactly once, and say how that ended.

        What was sent is taken out of the draft. What was not stays there: the same words sent
        again are taken up where they were left, and looked up first where they may have gone.
        """
        try:
            # Beforehand, for what is refused later is left unsent in the outbox.
            self._ws.quota.check_affordable(1, write=True)
            receipt = self._ws.send(pending.session_id, pending.message)
        except CrispError as error:
            return failure(error)
        if not self.draft.problem and self.draft.message() == pending.message:
            self.draft.clear()
        done = _DONE.get(pending.message.type, "Sent to")
        return Outcome("done", f"{done} {pending.who}.", receipt)

    @property
    def unsent(self) -> str:
        """What the outbox holds that has not gone, in words; empty where there is nothing."""
        counts = self._ws.outbox.counts
        found = [f"{counts[state]:,} {state}" for state in ("queued", "unknown") if counts[state]]
        if not found:
            return ""
        return (
            "The outbox holds messages that may not have been sent: "
            f"{', '.join(found)}. ws.outbox.resume() looks up those that may have been "
            "sent, and sends the rest."
        )


#: The question where the customer sees nothing.
_QUESTIONS = {
    "note": "Add this note to the conversation with {who} at {website}?",
    "event": "Add this event to the conversation with {who} at {website}?",
}
_DONE = {"note": "Note added for", "event": "Event added for"}


def failure(error: CrispError) -> Outcome:
    """Put what ended a sending into plain words."""
    if isinstance(error, QuotaExceeded):
        spent, until = "The budget is used up", ""
        if error.resets_at is not None:
            spent = "Today's requests are used up"
            until = f"The quota resets at {error.resets_at:%Y-%m-%d %H:%M} UTC. "
        hint = f"{until}Your text stays here."
        return Outcome("error", f"{spent}, so nothing was sent.", hint=hint)
    if isinstance(error, UnknownOutcome):
        return Outcome(
            "error",
            "It is not known whether the customer has this message.",
            hint=(
                f"{error.what} It is not sent again automatically. Send the same text once more "
                "in a while: it is looked up first, and sent only if Crisp does not have it."
            ),
        )
    if isinstance(error, InvalidData):
        words = error.detail or error.reason
        return Outcome(
            "error",
            f"Crisp refused the message: {words}",
            hint=("Nothing was sent. Correct the message here."),
        )
    return Outcome("error", error.what, hint=error.hint)
