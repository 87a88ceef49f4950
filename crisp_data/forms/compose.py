"""The form to answer a customer: find and read on the left, write and send on the right."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from crisp_data.errors import CrispError
from crisp_data.forms.compose_html import head, placeholder
from crisp_data.forms.compose_model import ComposeModel, PendingMessage
from crisp_data.forms.conversation import Conversation, thread_html
from crisp_data.forms.conversation_list import ConversationList
from crisp_data.forms.form import Form
from crisp_data.forms.html import escape, service, soft
from crisp_data.forms.message_editor import MessageEditor
from crisp_data.forms.protocol import Workspace
from crisp_data.forms.widget_parts import button, row, show, stack
from crisp_data.outbox import Receipt
from crisp_data.plurals import count


class Compose(Form):
    """The widgets over a :class:`~crisp_data.forms.compose_model.ComposeModel`.

    Parameters
    ----------
    ws : Workspace
        Whose customers.
    session_id : str, optional
        A conversation to begin with.

    Attributes
    ----------
    composer : ComposeModel
        The plain object that does the work; usable without the widgets.
    receipt : Receipt or None
        Of the message that was sent last.
    runner : BackgroundTask
        Sends without keeping the kernel; ``runner.join()`` waits for it.
    """

    styles = (*Form.styles, "compose.css")

    def __init__(self, ws: Workspace, session_id: str | None = None) -> None:
        self.composer = ComposeModel(ws)
        super().__init__(
            ws,
            "Write to a customer",
            "Find a conversation, read it and answer it.",
            progress=lambda: (0, 0, "Waiting for Crisp's answer"),
        )
        self.receipt: Receipt | None = None
        self._pending: PendingMessage | None = None  # what the question is about
        self._says_sent = False  # whether the notice says that a message was sent
        self._list = ConversationList(self.composer.inbox, self, self._open)
        self._editor = MessageEditor(self.composer, self, self._edited)
        panes = [self._list.box, self._reading_pane(), self._writing_pane()]
        grid = widgets.Box(panes).add_class("crisp-compose")
        self.body.children = [widgets.Box([grid]).add_class("crisp-frame")]
        # Next to the button that brought it: the end of the form may be far from there.
        self.box.children = [child for child in self.box.children if child is not self._notice]
        self.attempt(self.composer.inbox.load)
        if session_id is not None:
            self._open(session_id)
        else:
            self._show_conversation()

    def _reading_pane(self) -> widgets.Widget:
        self._who, self._thread = widgets.HTML(), widgets.HTML()
        self._earlier = self._reader("Earlier messages · 1 request", Conversation.earlier)
        self._again = self._reader("Read again · 1 request", Conversation.read)
        tools = row(self._earlier, self._again)
        return stack(self._who, tools, self._thread).add_class("crisp-reading")

    def _writing_pane(self) -> widgets.Widget:
        self._question, self._why_not, self._outbox = (widgets.HTML() for _ in range(3))
        self._send = button("Send …", self._ask_to_send, "primary")
        self._cancel = button("Cancel", lambda: self._ask(None))
        self._confirm = button("Send now", self._on_confirm, "primary")
        buttons = row(self._cancel, self._confirm)
        self._confirming = stack(self._question, buttons, self.runner.box)
        self._confirming.add_class("crisp-confirm")
        return stack(
            *self._editor.widgets,
            self._why_not,
            self._send,
            self._confirming,
            self._notice,
            self._outbox,
        ).add_class("crisp-writing")

    # Reading

    def _open(self, session_id: str) -> None:
        self.clear_notice()
        # At once, for the list marks the new one already: nobody is to see another's thread.
        self._who.value = head(self.composer.inbox.row(session_id))
        self._thread.value = placeholder("Reading its messages …")
        show(self._earlier, False)
        show(self._again, False)
        if self.attempt(lambda: self.composer.open(session_id)):
            self._editor.focus()
        self._show_conversation()

    def _reader(self, label: str, read: Callable[[Conversation], None]) -> widgets.Button:
        """Make a button that reads more of the open conversation."""

        def pressed() -> None:
            with self.reading(made):
                if self.composer.conversation is not None:
                    read(self.composer.conversation)
            self._show_thread()

        made = button(label, pressed, small=True)
        return made

    def _show_conversation(self) -> None:
        opened = self.composer.conversation
        self._list.draw(opened.session_id if opened else None)
        self._show_thread()
        self._edited()

    def _show_thread(self) -> None:
        opened = self.composer.conversation
        self._who.value = head(opened.row if opened else None)
        # Above the thread, why it may lack messages.
        self._thread.value = soft(opened.incomplete) + thread_html(opened.entries) if opened else ""
        show(self._earlier, opened is not None and opened.has_earlier)
        show(self._again, opened is not None)
        self.refresh()

    # Sending

    def _edited(self) -> None:
        """Draw the preview anew; a question about other words is withdrawn."""
        if not self.runner.running:
            self._ask(None)
            if self._says_sent and not self.composer.draft.is_empty:
                self._says_sent = False
                self.clear_notice()  # "Sent to" is not to stand below what is written next
        self._editor.draw_preview()
        why_not = self.composer.refusal
        self._send.disabled = bool(why_not)
        self._why_not.value = soft(why_not)

    def _ask_to_send(self) -> None:
        self.clear_notice()
        self.attempt(lambda: self._ask(self.composer.ask()))

    def _ask(self, pending: PendingMessage | None) -> None:
        self._pending = pending
        if pending is not None:
            # The banner may be far above it, on a small screen.
            where = service(self.ws)
            if where == "live":
                self._confirm.add_class("crisp-danger")
            question = escape(pending.question)
            # Before it is shown: else its buttons stand for a moment where "Send …" was.
            self._question.value = f"<p role='alert'>{where.upper()}: {question}</p>"
        show(self._confirming, pending is not None)
        show(self._send, pending is None)
        if pending is not None:
            self._cancel.focus()

    def _on_confirm(self) -> None:
        # Of a double click the second half comes when there is nothing left to confirm.
        if self._pending is None or self.runner.running:
            return
        pending, self._pending = self._pending, None
        self._cancel.disabled = True
        self.runner.start(self._confirm, lambda: self._deliver(pending), "Sending …")

    def _deliver(self, pending: PendingMessage) -> None:
        """Send, in the runner's thread: after a lost answer that may take several requests."""
        try:
            outcome = self.composer.send(pending)
            hints = [outcome.hint]
            if outcome.receipt is not None:
                self.receipt = outcome.receipt
                hints += [f"Fingerprint {self.receipt.fingerprint}.", self._follow(self.receipt)]
            self.say(outcome.what, "\n".join(hints), outcome.kind)
            self._says_sent = outcome.kind == "done"
        finally:
            self._cancel.disabled = False
            done = self.composer.draft.is_empty  # else somebody may be writing there just now
            if done:
                self._editor.fill()
            self._edited()
            self._ask(None)
        if done:
            self._editor.focus()
        elif outcome.kind == "error":
            self._send.focus()

    def _follow(self, receipt: Receipt) -> str:
        """Read the thread with the new message; that it cannot be read does not unsend it."""
        opened = self.composer.conversation
        if opened is None or opened.session_id != receipt.session_id:
            return ""
        try:
            opened.read()
        except CrispError as error:
            return f"The thread could not be read again: {error.what}"
        self._show_thread()
        if opened.has(receipt.fingerprint):
            return ""
        return "The thread does not show the message yet."

    # As every form

    def refresh(self) -> None:
        """Bring banner, quota and what the outbox holds up to date; spends nothing."""
        super().refresh()
        self._outbox.value = soft(self.composer.unsent)

    def lines(self) -> list[str]:
        """What a page without a kernel says.

        Returns
        -------
        list[str]
            Lines of text.
        """
        inbox, opened = self.composer.inbox, self.composer.conversation
        read = f"{count(len(inbox.matches), 'conversation')} to choose from"
        if opened is None:
            return [read, "none open"]
        return [read, f"one open, {count(len(opened.frame), 'message')} read"]
