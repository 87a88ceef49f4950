"""The left pane of the form to answer a customer: find a conversation and choose it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as widgets

from crisp_data.filters import STATES
from crisp_data.forms.form import MAX_WAIT_S, Form
from crisp_data.forms.html import soft
from crisp_data.forms.inbox import Inbox, labels
from crisp_data.forms.widget_parts import button, heading, row, stack
from crisp_data.rest import waits

_STATES = [("Any state", ""), *((state.capitalize(), state) for state in STATES)]


class ConversationList:
    """The widgets over an :class:`~crisp_data.forms.inbox.Inbox`.

    Parameters
    ----------
    inbox : Inbox
        What is searched and shown.
    form : Form
        Shows errors, and disables a button while its work is done.
    choose : callable
        Called with the ``session_id`` that somebody chose.

    Attributes
    ----------
    box : ipywidgets.VBox
        The pane.
    """

    def __init__(self, inbox: Inbox, form: Form, choose: Callable[[str], None]) -> None:
        self._inbox, self._form, self._choose = inbox, form, choose
        self._open: str | None = None
        self._filling = False
        self._text = widgets.Text(description="Find", placeholder="Name, e-mail or segment")
        self._state = widgets.Dropdown(options=_STATES, description="State")
        self._search = self._button("Search all of Crisp · 1 request", inbox.search)
        self._newer = self._button("Newer", inbox.newer)
        self._older = self._button("Older", inbox.older)
        reload = self._button("Read the list again · 1 request", partial(inbox.load, refresh=True))
        self._summary = widgets.HTML()
        self._rows = widgets.ToggleButtons(description="Conversations").add_class("crisp-list")
        self._text.observe(self._filter, "value")
        self._state.observe(self._filter, "value")
        # Not on_submit, which ipywidgets has deprecated: it looks the same as leaving the box.
        self._text.on_msg(self._on_message)
        self._rows.observe(self._on_choice, "value")
        self.box = stack(
            heading("Conversations"),
            self._text,
            self._state,
            self._search,
            self._summary,
            self._rows,
            row(self._newer, self._older),
            reload,
        ).add_class("crisp-finding")

    def draw(self, session_id: str | None) -> None:
        """Draw the list anew, with the open conversation marked in it."""
        inbox, self._open = self._inbox, session_id
        found = labels(inbox.shown)
        self._filling = True  # ipywidgets chooses the first option by itself
        self._rows.options = found
        self._rows.value = session_id if session_id in [key for _, key in found] else None
        self._filling = False
        self._summary.value = soft(inbox.summary)
        self._search.disabled = not inbox.text.strip()
        self._older.description = "Older · 1 request" if inbox.older_costs else "Older"
        self._older.disabled, self._newer.disabled = not inbox.has_older, not inbox.has_newer

    def _button(self, label: str, read: Callable[[], None]) -> widgets.Button:
        made = button(label, lambda: self._read(made, read), small=True)
        return made

    def _read(self, pressed: widgets.Button, read: Callable[[], None]) -> None:
        with self._form.reading(pressed):
            read()
        self.draw(self._open)

    def _filter(self, _: Any) -> None:
        # Nothing delays this: a browser sends the next text only once this one was shown.
        self._inbox.filter(self._text.value, self._state.value)
        self.draw(self._open)

    def _on_message(self, _: Any, content: dict[str, Any], __: Any) -> None:
        if content.get("event") == "submit":
            self._search.click()

    def _on_choice(self, change: dict[str, Any]) -> None:
        if not self._filling and change["new"] is not None:
            with waits.at_most(MAX_WAIT_S):
                self._choose(change["new"])
