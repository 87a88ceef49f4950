"""The fields of a message, its options and its preview, in the form to answer a customer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from crisp_data import outgoing
from crisp_data.forms import field_widgets
from crisp_data.forms.compose_html import placeholder
from crisp_data.forms.compose_model import ComposeModel
from crisp_data.forms.draft import option_fields
from crisp_data.forms.form import Form
from crisp_data.forms.html import plain
from crisp_data.forms.preview import preview
from crisp_data.forms.widget_parts import button, close, heading, show, stack


class MessageEditor:
    """The widgets over the draft of a :class:`~crisp_data.forms.compose_model.ComposeModel`.

    Parameters
    ----------
    composer : ComposeModel
        Whose draft is written.
    form : Form
        Shows errors, and disables a button while its work is done.
    changed : callable
        Called after each change of the draft.

    Attributes
    ----------
    widgets : list of Widget
        What stands in the pane, from the top.
    """

    def __init__(self, composer: ComposeModel, form: Form, changed: Callable[[], None]) -> None:
        self._composer, self._draft, self._form = composer, composer.draft, form
        self._changed = changed
        types = [(kind.__name__, name) for name, kind in outgoing.TYPES.items()]
        self._type = widgets.Dropdown(options=types, value=self._draft.type, description="Type")
        self._type.observe(self._on_type, "value")
        self._fields = stack()
        self._mentions = stack().add_class("crisp-mentions")
        self._load = button("Mention colleagues · 1 request", self._load_names, small=True)
        self._preview = widgets.HTML()
        options = field_widgets.fill(option_fields(), self._draft.options, changed)
        self._options = stack(*options)
        self._toggle = button("Sender and options", self._toggle_options, small=True)
        show(self._options, False)
        self.widgets = [
            heading("Your message"),
            self._type,
            self._fields,
            self._mentions,
            heading("Preview"),
            self._preview,
            self._toggle,
            self._options,
        ]
        self.fill()

    def fill(self) -> None:
        """Show the fields of the type; the values of each stay until it was sent."""
        old = self._fields.children
        fields = field_widgets.fill(self._draft.fields, self._draft.values, self._changed)
        self._fields.children = fields
        for field in old:
            close(field)
        self._fill_mentions()

    def focus(self) -> None:
        """Move the keyboard's focus to the first field."""
        self._fields.children[0].focus()

    def draw_preview(self) -> None:
        """Draw the message as its reader will see it, or say what is wrong with it."""
        problem = self._draft.problem
        if not problem:
            self._preview.value = preview(self._draft.message(), self._composer.website)
        elif self._draft.is_empty:
            self._preview.value = placeholder("A preview of your message appears here.")
        else:
            self._preview.value = placeholder(f"To correct: {problem}")

    def _on_type(self, change: dict[str, Any]) -> None:
        self._draft.type = change["new"]
        self.fill()
        self._changed()

    def _toggle_options(self) -> None:
        shown = self._options.layout.display == "none"
        show(self._options, shown)
        self._toggle.description = "Hide sender and options" if shown else "Sender and options"

    def _load_names(self) -> None:
        with self._form.reading(self._load):
            self._composer.operator_names(load=True)
        self._fill_mentions()

    def _fill_mentions(self) -> None:
        """Below a note, show a box for each colleague whom it may notify, once they are known."""
        show(self._mentions, self._draft.type == "note")
        if self._draft.type != "note":
            return
        old, names = self._mentions.children, self._composer.operator_names()
        boxes = [self._mention(user_id, name) for user_id, name in names.items()]
        self._mentions.children = boxes or [self._load]
        for box in old:
            if box is not self._load:
                close(box)

    def _mention(self, user_id: str, name: str) -> widgets.Checkbox:
        mentions = self._draft.mentions
        label = f"Mention {plain(name or user_id)}"
        box = widgets.Checkbox(user_id in mentions, description=label, indent=False)

        def ticked(change: dict[str, Any]) -> None:
            (mentions.add if change["new"] else mentions.discard)(user_id)
            self._changed()

        box.observe(ticked, "value")
        return box
