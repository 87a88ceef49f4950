"""The form to answer a customer: find and read on the left, write and send on the right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from crisp_data import outgoing
from crisp_data.counts import count
from crisp_data.errors import CrispError
from crisp_data.filters import STATES
from crisp_data.forms import conversation, field_widgets, form
from crisp_data.forms.background import BackgroundTask
from crisp_data.forms.compose_html import head, place
from crisp_data.forms.compose_model import ComposeModel, PendingMessage
from crisp_data.forms.draft import OPTIONS, FormField, called
from crisp_data.forms.form import MOMENT, Form, button, heading, show
from crisp_data.forms.html import escape, plain, service
from crisp_data.forms.inbox import labels
from crisp_data.forms.preview import preview
from crisp_data.forms.protocol import Workspace
from crisp_data.outbox import Receipt
from crisp_data.rest import waits

_STATES = [("Any state", ""), *((state.capitalize(), state) for state in STATES)]
_FLAGS = ("stealth", "automated")


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
        self.composer, self._left = ComposeModel(ws), widgets.HTML()
        super().__init__(ws, "Write to a customer", "Find a conversation, read it and answer it.")
        self.receipt: Receipt | None = None
        self.runner = BackgroundTask(self, lambda: (0, 0, "Waiting for Crisp's answer"))
        self._asked: PendingMessage | None = None
        self._filling = self._told = False
        panes = widgets.Box([self._finding(), self._reading(), self._writing()])
        panes.add_class("crisp-compose")
        frame = widgets.Box([panes])
        frame.add_class("crisp-frame")
        self.body.children = [frame]
        # Next to the button that brought it: the end of the form may be far from there.
        self.box.children = [child for child in self.box.children if child is not self._notice]
        self._try(self.composer.inbox.load)
        self._list()
        if session_id is not None:
            self._open(session_id)
        self._show_thread()
        self._edited()

    # The panes

    def _finding(self) -> widgets.Widget:
        self._text = widgets.Text(description="Find", placeholder="Name, e-mail or segment")
        self._state = widgets.Dropdown(options=_STATES, description="State")
        self._search = button("Search all of Crisp · 1 request", small=True)
        self._reload = button("Read the list again · 1 request", small=True)
        self._summary = widgets.HTML()
        self._rows = widgets.ToggleButtons(description="Conversations")
        self._newer, self._older = button("Newer", small=True), button("Older", small=True)
        self._text.observe(self._on_narrow, "value")
        self._state.observe(self._on_narrow, "value")
        # Not on_submit, which ipywidgets has deprecated: it cannot be told from leaving the box.
        self._text.on_msg(self._on_enter)
        self._search.on_click(lambda _: self._on_search())
        self._reload.on_click(lambda _: self._on_reload())
        self._newer.on_click(lambda _: self._on_page(self.composer.inbox.newer))
        self._older.on_click(lambda _: self._on_page(self.composer.inbox.older))
        self._rows.observe(self._on_choice, "value")
        self._rows.add_class("crisp-list")
        return _pane(
            "crisp-finding",
            heading("Conversations"),
            self._text,
            self._state,
            self._search,
            self._summary,
            self._rows,
            form.row(self._newer, self._older),
            self._reload,
        )

    def _reading(self) -> widgets.Widget:
        self._who, self._thread = widgets.HTML(), widgets.HTML()
        self._earlier = button("Earlier messages · 1 request", small=True)
        self._again = button("Read again · 1 request", small=True)
        self._earlier.on_click(lambda _: self._on_earlier())
        self._again.on_click(lambda _: self._on_again())
        tools = form.row(self._earlier, self._again)
        return _pane("crisp-reading", self._who, tools, self._thread)

    def _writing(self) -> widgets.Widget:
        kinds = [(kind.__name__, name) for name, kind in outgoing.TYPES.items()]
        self._type = widgets.Dropdown(options=kinds, value="text", description="Type")
        self._type.observe(self._on_type, "value")
        self._blanks, self._mentions = form.stack(), form.stack()
        self._mentions.add_class("crisp-mentions")
        self._load = button("Mention colleagues · 1 request", small=True)
        self._load.on_click(lambda _: self._on_load())
        self._options = form.stack(*self._option_blanks())
        self._fold = button("Sender and options", small=True)
        self._fold.on_click(lambda _: self._on_fold())
        show(self._options, False)
        self._preview, self._question = widgets.HTML(), widgets.HTML()
        self._send = button("Send …", "primary")
        self._cancel, self._confirm = button("Cancel"), button("Send now", "primary")
        self._send.on_click(lambda _: self._on_send())
        self._cancel.on_click(lambda _: self._ask(None))
        self._confirm.on_click(lambda _: self._on_confirm())
        buttons = form.row(self._cancel, self._confirm)
        self._confirming = form.stack(self._question, buttons, self.runner.box)
        self._confirming.add_class("crisp-confirm")
        self._why_not = widgets.HTML()
        self._fill()
        return _pane(
            "crisp-writing",
            heading("Your message"),
            self._type,
            self._blanks,
            self._mentions,
            heading("Preview"),
            self._preview,
            self._fold,
            self._options,
            self._why_not,
            self._send,
            self._confirming,
            self._notice,
            self._left,
        )

    def _option_blanks(self) -> list[widgets.Widget]:
        made = [
            FormField(name, name, called(name), "flag" if name in _FLAGS else "line", False)
            for name in OPTIONS
        ]
        return field_widgets.fill(made, self.composer.draft.options, self._edited)

    # What happens

    def _on_narrow(self, _: Any) -> None:
        # Nothing delays this: a browser sends the next text only once this one was shown.
        self.composer.inbox.narrow(self._text.value, self._state.value)
        self._list()

    def _on_enter(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("event") == "submit":
            self._on_search()

    def _on_search(self) -> None:
        with self.reading(self._search):
            self.composer.inbox.search()
        self._list()

    def _on_reload(self) -> None:
        with self.reading(self._reload):
            self.composer.inbox.load(refresh=True)
        self._list()

    def _on_page(self, turn: Callable[[], None]) -> None:
        with self.reading(self._older):
            turn()
        self._list()

    def _on_choice(self, change: dict[str, Any]) -> None:
        if not self._filling and change["new"] is not None:
            with waits.at_most(MOMENT):
                self._open(change["new"])

    def _open(self, session_id: str) -> None:
        self.quiet()
        # At once, for the list marks the new one already: nobody is to see another's thread.
        self._who.value = head(self.composer.inbox.row(session_id))
        self._thread.value = place("Reading its messages …")
        show(self._earlier, False)
        show(self._again, False)
        if self._try(lambda: self.composer.open(session_id)):
            self._first_blank().focus()
        self._list()
        self._show_thread()
        self._edited()

    def _on_earlier(self) -> None:
        with self.reading(self._earlier):
            if self.composer.conversation is not None:
                self.composer.conversation.earlier()
        self._show_thread()

    def _on_again(self) -> None:
        with self.reading(self._again):
            self._read_again()

    def _on_type(self, change: dict[str, Any]) -> None:
        self.composer.draft.type = change["new"]
        self._fill()
        self._edited()

    def _on_load(self) -> None:
        with self.reading(self._load):
            self.composer.operator_names(load=True)
        self._fill_mentions()

    def _on_fold(self) -> None:
        shown = self._options.layout.display == "none"
        show(self._options, shown)
        self._fold.description = "Hide sender and options" if shown else "Sender and options"

    def _on_send(self) -> None:
        self.quiet()
        try:
            self._ask(self.composer.ask())
        except CrispError as error:
            self.fail(error)

    def _on_confirm(self) -> None:
        # Of a double click the second half comes when there is nothing left to confirm.
        if self._asked is None or self.runner.running:
            return
        asked, self._asked = self._asked, None
        self._cancel.disabled = True
        self.runner.start(self._confirm, lambda: self._deliver(asked), "Sending …")

    def _deliver(self, asked: PendingMessage) -> None:
        """Send, in the runner's thread: after a lost answer that may take several requests."""
        try:
            outcome = self.composer.send(asked)
            hints = [outcome.hint]
            if outcome.receipt is not None:
                self.receipt = outcome.receipt
                hints += [f"Fingerprint {self.receipt.fingerprint}.", self._follow(self.receipt)]
            self.say(outcome.what, "\n".join(hints), outcome.kind)
            self._told = outcome.kind == "done"
        finally:
            self._cancel.disabled = False
            done = self.composer.draft.untouched  # else somebody may be writing there just now
            if done:
                self._fill()
            self._edited()
            self._ask(None)
        if done:
            self._first_blank().focus()
        elif outcome.kind == "error":
            self._send.focus()

    # What is shown

    def _list(self) -> None:
        inbox, opened = self.composer.inbox, self.composer.conversation
        found = labels(inbox.shown)
        here = opened.session_id if opened else None
        self._filling = True  # ipywidgets chooses the first option by itself
        self._rows.options = found
        self._rows.value = here if here in [value for _, value in found] else None
        self._filling = False
        self._summary.value = _soft(inbox.summary)
        self._search.disabled = not inbox.text.strip()
        self._older.description = "Older · 1 request" if inbox.older_costs else "Older"
        self._older.disabled, self._newer.disabled = not inbox.has_older, not inbox.has_newer

    def _show_thread(self) -> None:
        opened = self.composer.conversation
        self._who.value = head(opened.row if opened else None)
        self._thread.value = _thread_html(opened) if opened else ""
        show(self._earlier, opened is not None and opened.has_earlier)
        show(self._again, opened is not None)
        self.refresh()

    def refresh(self) -> None:
        """Bring banner, quota and what the outbox holds up to date; spends nothing."""
        super().refresh()
        self._left.value = _soft(self.composer.waiting)

    def _fill(self) -> None:
        """Show the blanks of the type; each type keeps its own until it was sent."""
        draft, old = self.composer.draft, self._blanks.children
        self._blanks.children = field_widgets.fill(draft.blanks, draft.values, self._edited)
        for blank in old:
            form.close(blank)
        self._fill_mentions()

    def _fill_mentions(self) -> None:
        """Below a note, a box for each colleague whom it may tell, once their names are known."""
        draft, old = self.composer.draft, self._mentions.children
        show(self._mentions, draft.type == "note")
        if draft.type == "note":
            names = self.composer.operator_names()
            boxes = [self._mention(user_id, name) for user_id, name in names.items()]
            self._mentions.children = boxes or [self._load]
            for box in old:
                if box is not self._load:
                    form.close(box)

    def _mention(self, user_id: str, name: str) -> widgets.Checkbox:
        draft = self.composer.draft
        words = f"Mention {plain(name or user_id)}"
        box = widgets.Checkbox(user_id in draft.mentions, description=words, indent=False)

        def keep(change: dict[str, Any]) -> None:
            (draft.mentions.add if change["new"] else draft.mentions.discard)(user_id)
            self._edited()

        box.observe(keep, "value")
        return box

    def _edited(self) -> None:
        """Draw the preview anew; a question that was asked about other words is withdrawn."""
        if not self.runner.running:
            self._ask(None)
            if self._told and not self.composer.draft.untouched:
                self._told = False
                self.quiet()  # the words "Sent to" are not to stand below what is written next
        draft, why = self.composer.draft, self.composer.refusal
        lacks = draft.lacks
        if lacks:
            empty = "A preview of your message appears here."
            self._preview.value = place(empty if draft.untouched else f"To correct: {lacks}")
        else:
            self._preview.value = preview(draft.message(), self.composer.website)
        self._send.disabled = bool(why)
        self._why_not.value = _soft(why)

    def _ask(self, asked: PendingMessage | None) -> None:
        self._asked = asked
        show(self._confirming, asked is not None)
        show(self._send, asked is None)
        if asked is not None:
            # The banner may be far above it, on a small screen.
            where = service(self.ws)
            if where == "live":
                self._confirm.add_class("crisp-danger")
            self._question.value = f"<p role='alert'>{where.upper()}: {escape(asked.question)}</p>"
            self._confirm.description = "Send now"
            self._cancel.focus()

    # What may fail

    def _try(self, read: Callable[[], None]) -> bool:
        try:
            read()
        except CrispError as error:
            self.fail(error)
            return False
        return True

    def _follow(self, receipt: Receipt) -> str:
        """Read the thread with the new message; that it cannot be read does not unsend it."""
        opened = self.composer.conversation
        if opened is None or opened.session_id != receipt.session_id:
            return ""
        try:
            self._read_again()
        except CrispError as error:
            return f"The thread could not be read again: {error.what}"
        return (
            "" if opened.has(receipt.fingerprint) else ("The thread does not show the message yet.")
        )

    def _read_again(self) -> None:
        if self.composer.conversation is not None:
            self.composer.conversation.read()
        self._show_thread()

    def _first_blank(self) -> widgets.Widget:
        return self._blanks.children[0]

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


def _thread_html(opened: conversation.Conversation) -> str:
    """The thread, and above it why it may lack messages."""
    return _soft(opened.incomplete) + conversation.html(opened.entries)


def _soft(words: str) -> str:
    return f"<p class='crisp-soft'>{escape(words)}</p>" if words else ""


def _pane(name: str, *children: widgets.Widget) -> widgets.VBox:
    pane = widgets.VBox(children)
    pane.add_class("crisp-pane")
    pane.add_class(name)
    return pane
