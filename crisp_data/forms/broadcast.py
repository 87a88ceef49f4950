"""The form of ``ws.broadcast()``: recipients, message, dry run and sending."""

from __future__ import annotations

from functools import partial

import ipywidgets as widgets
import pandas as pd

from crisp_data.errors import BadParameter
from crisp_data.forms import html
from crisp_data.forms.broadcast_html import REST, card, question, tally
from crisp_data.forms.broadcast_model import BroadcastModel
from crisp_data.forms.form import Form
from crisp_data.forms.protocol import Workspace
from crisp_data.forms.row_picker import RowPicker
from crisp_data.forms.widget_parts import button, heading, row, set_class, show, stack
from crisp_data.plurals import count

_BUTTONS = 8  # columns with a button of their own; the others are typed

_INCLUDE = {
    "resolved": "Include resolved conversations",
    "blocked": "Include blocked people",
    "duplicate": "Allow a second message to one conversation",
}


class Broadcast(Form):
    """One message to many conversations, with a dry run before it is sent.

    Parameters
    ----------
    ws : Workspace
    conversations : DataFrame
        Those to choose from, with the columns that the template names.

    Attributes
    ----------
    broadcaster : BroadcastModel
        The same without widgets.
    result, dry : DataFrame or None
        As there.
    """

    def __init__(self, ws: Workspace, conversations: pd.DataFrame) -> None:
        self.broadcaster = BroadcastModel(ws, conversations)
        self._number = 0  # the preview shown
        self._total = 0  # how many messages are being sent
        super().__init__(
            ws,
            "Send to many",
            "Each person gets one message. Nothing is sent until you type the number of "
            "recipients.",
            progress=self._progress,
            stop=self.broadcaster.stop,
        )
        self.body.children = [
            heading("1. Recipients"),
            RowPicker(self.broadcaster, self._changed).box,
            heading("2. Message"),
            row(self._message_fields(), self._preview_pane()),
            heading("3. Check"),
            *self._check_fields(),
            self._confirm_pane(),
            self.runner.box,
        ]
        self._tables = widgets.HTML()
        self.below.children = [self._tables]
        for field in [*self._fields.values(), self._quiet_days, *self._include.values()]:
            field.observe(lambda _: self._changed(), "value")
        self._changed()

    @property
    def result(self) -> pd.DataFrame | None:
        """What became of the last sending."""
        return self.broadcaster.result

    @property
    def dry(self) -> pd.DataFrame | None:
        """The last dry run."""
        return self.broadcaster.dry

    def refresh(self) -> None:
        """Bring banner, quota and buttons up to date; spends nothing."""
        super().refresh()
        self._offer_next_step()

    def error_note(self) -> str:
        """Say what was sent before an error.

        Returns
        -------
        str
            A line of text; empty where there is nothing to say.
        """
        if not self._total or self.result is None:
            return ""
        return f"{tally(self.result)}. {REST}"

    def lines(self) -> list[str]:
        """What a page without a kernel says.

        Returns
        -------
        list[str]
            Lines of text.
        """
        model = self.broadcaster
        selected = f"{model.selected.sum():,} of {count(len(model.frame), 'conversation')} selected"
        return [selected, *([] if self.result is None else [f"form.result: {tally(self.result)}"])]

    # Its parts

    def _message_fields(self) -> widgets.Widget:
        template = widgets.Textarea(
            description="Message", rows=6, placeholder="Hello {{ nickname }}, …"
        )
        nickname = widgets.Text(description="Signed", placeholder="the name that customers see")
        batch = widgets.Text(description="Batch name", placeholder="optional")
        self._fields = {"template": template, "nickname": nickname, "batch": batch}
        columns = self.broadcaster.columns[:_BUTTONS]
        inserts = [button(name, partial(self._insert, name), small=True) for name in columns]
        hint = widgets.HTML("<span class='crisp-soft'>Insert a column:</span>")
        return stack(template, hint, row(*inserts), row(nickname, batch))

    def _preview_pane(self) -> widgets.Widget:
        self._preview = widgets.HTML()
        self._previous = button("Previous preview", lambda: self._turn(-1), small=True)
        self._next = button("Next preview", lambda: self._turn(1), small=True)
        return stack(self._preview, row(self._previous, self._next))

    def _check_fields(self) -> list[widgets.Widget]:
        self._quiet_days = widgets.Text(
            "30",
            description="Leave out people who have not written for (days)",
            placeholder="nobody",
        )
        self._include = {
            what: widgets.Checkbox(description=label) for what, label in _INCLUDE.items()
        }
        self._dry_run = button("Dry run", self._start_dry_run)
        return [row(self._quiet_days, *self._include.values()), row(self._dry_run)]

    def _confirm_pane(self) -> widgets.Widget:
        self._question = widgets.HTML()
        self._typed = widgets.Text(description="Number of recipients")
        self._typed.observe(lambda _: self._offer_next_step(), "value")
        self._send = button("Send", self._start_sending)
        self._confirm = stack(heading("4. Send"), self._question, row(self._typed, self._send))
        return self._confirm.add_class("crisp-confirm")

    # What happens

    def _changed(self) -> None:
        """Take the fields over; a dry run does not hold for other ones."""
        model = self.broadcaster
        for name, field in self._fields.items():
            setattr(model, name, field.value)
        model.include = tuple(what for what, box in self._include.items() if box.value)
        try:
            model.quiet_days = _days(self._quiet_days.value)
        except BadParameter:  # shown at the dry run: it may be half typed
            model.dry = None
        if not self.runner.running:
            self.clear_notice()
        self._turn(0)
        self._offer_next_step()

    def _insert(self, column: str) -> None:
        self._fields["template"].value += f"{{{{ {column} }}}}"

    def _turn(self, steps: int) -> None:
        """Show the message as one of the recipients will read it."""
        selected = int(self.broadcaster.selected.sum())
        self._number = min(max(0, self._number + steps), max(0, selected - 1))
        self._previous.disabled = self._number == 0
        self._next.disabled = self._number + 1 >= selected
        if not selected:
            self._preview.value = card("Preview", "Select a conversation to see a preview.")
            return
        title = f"Preview {self._number + 1:,} of {selected:,}"
        try:
            name, text, reason = self.broadcaster.preview(self._number)
        except BadParameter as error:
            self._preview.value = card(title, str(error))
            return
        title = f"{title}: to {name}"
        self._preview.value = card(title, f"Left out: {reason}" if reason else text, not reason)

    def _offer_next_step(self) -> None:
        """Offer the dry run, or the sending that it allows."""
        model = self.broadcaster
        recipients = model.recipients
        show(self._confirm, bool(recipients))
        if recipients is None and not self._total:
            self._tables.value = ""
        typed = self._typed.value.strip() == str(recipients)
        self._send.disabled = not (recipients and typed and model.ws.client.writes)
        self._send.description = f"Send {count(recipients or 0, 'message')}"
        self._question.value = question(model.ws, recipients or 0)
        strong = "crisp-danger" if html.service(model.ws) == "live" else "crisp-primary"
        set_class(self._dry_run, "crisp-primary", not recipients)
        set_class(self._send, strong, bool(recipients))

    def _progress(self) -> tuple[int, int, str]:
        model = self.broadcaster
        if self._total:
            return model.done, self._total, f"{model.done:,} of {count(self._total, 'message')}"
        return 0, 0, f"{count(model.spending.used, 'request')} to check who is left out"

    def _start_dry_run(self) -> None:
        self._total = 0
        self.runner.start(self._dry_run, self._do_dry_run, "Looking …")

    def _start_sending(self) -> None:
        # Read here, in the kernel's own thread: a second click finds the field empty.
        typed, self._typed.value = self._typed.value, ""
        self._total = self.broadcaster.recipients or 0
        self._question.value = f"<p>Sending to {count(self._total, 'customer')}.</p>"
        self.runner.start(self._send, lambda: self._do_send(typed), "Sending …")

    def _do_dry_run(self) -> None:
        model = self.broadcaster
        _days(self._quiet_days.value)
        with self.unless_stopped(model.spending):
            dry = model.dry_run()
            left_out = dry["reason"] != ""
            self._show_tables(
                dry,
                ("Left out", left_out, ["to", "reason", "text"]),
                ("To send", ~left_out, ["to", "text"]),
            )
            to_send = count(int((~left_out).sum()), "message")
            said = f"{to_send} to send, {left_out.sum():,} left out."
            self.say(said, "Nothing was sent.", "info")

    def _do_send(self, typed: str) -> None:
        model = self.broadcaster
        result = model.send(typed)
        sent = result["state"] == "sent"
        self._show_tables(
            result,
            ("Not sent", ~sent, ["to", "state", "reason"]),
            ("Sent", sent, ["to", "text", "sent_at", "fingerprint"]),
        )
        complete = (
            model.done == self._total and not result["state"].isin(["failed", "unknown"]).any()
        )
        self.say(
            f"{tally(result)}.",
            "The whole frame is in form.result." + ("" if complete else f" {REST}"),
            "done" if complete else "info",
        )

    def _show_tables(self, frame: pd.DataFrame, *parts: tuple[str, pd.Series, list[str]]) -> None:
        """Draw the rows of each part that has some, below its title."""
        frame = frame.assign(to=self.broadcaster.names_of(frame["session_id"]))
        tables = [(title, frame[rows], columns) for title, rows, columns in parts]
        self._tables.value = "".join(html.table(*table) for table in tables if len(table[1]))


def _days(text: str) -> int | None:
    if text.strip() and not text.strip().isdecimal():
        raise BadParameter(
            "The days must be a whole number.", "Leave the field empty to skip this check."
        )
    return int(text) if text.strip() else None
