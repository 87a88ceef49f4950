"""The form of ``ws.broadcast()``: who, what, a look at it, and the sending."""

from __future__ import annotations

import ipywidgets as widgets
import pandas as pd

from crisp_data.counts import count
from crisp_data.errors import BadParameter, CrispError
from crisp_data.forms import form, html
from crisp_data.forms.background import BackgroundTask
from crisp_data.forms.broadcast_model import BroadcastModel
from crisp_data.forms.protocol import Workspace
from crisp_data.forms.row_picker import RowPicker

_BUTTONS = 8  # columns with a button of their own; the others are typed

_INCLUDE = {
    "resolved": "Include resolved conversations",
    "blocked": "Include blocked people",
    "duplicate": "Allow a second message to one conversation",
}


class Broadcast(form.Form):
    """One message to many conversations, looked at before it goes.

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
        self._number = self._whole = 0  # the preview shown; how many messages are being sent
        self._make()
        super().__init__(
            ws,
            "Send to many",
            "Each person gets one message. Nothing is sent until you type the number of "
            "recipients.",
        )
        self._lay_out()
        self._changed()

    @property
    def result(self) -> pd.DataFrame | None:
        """What became of the last sending."""
        return self.broadcaster.result

    @property
    def dry(self) -> pd.DataFrame | None:
        """The last look at what would be sent."""
        return self.broadcaster.dry

    def join(self, timeout: float | None = None) -> bool:
        """Wait for a running look or sending to end; say whether it has.

        Parameters
        ----------
        timeout : float, optional
            Seconds to wait at most; None waits until it ends.

        Returns
        -------
        bool
            Whether it has ended.
        """
        return self.runner.join(timeout)

    def refresh(self) -> None:
        """Bring banner, quota and buttons up to date; spends nothing."""
        super().refresh()
        self._tell()

    def fail(self, error: BaseException) -> None:
        """Show an error, and what had gone before it.

        Parameters
        ----------
        error : BaseException
            What went wrong.
        """
        super().fail(error)
        if self._whole and self.result is not None and isinstance(error, CrispError):
            what, _, hint = str(error).partition("\n")
            self.say(what, f"{hint}\n{_tally(self.result)}. {_REST}", "error")

    def lines(self) -> list[str]:
        """What a page without a kernel says.

        Returns
        -------
        list[str]
            Lines of text.
        """
        of = self.broadcaster
        picked = f"{of.picked.sum():,} of {count(len(of.frame), 'conversation')} selected"
        return [picked, *([] if of.result is None else [f"form.result: {_tally(of.result)}"])]

    # Its parts

    def _make(self) -> None:
        of = self.broadcaster
        self.picker = RowPicker(of, self._changed)
        self.template = widgets.Textarea(
            description="Message", rows=6, placeholder="Hello {{ nickname }}, …"
        )
        self.inserts = [form.button(name, small=True) for name in of.columns[:_BUTTONS]]
        self.nickname = widgets.Text(
            description="Signed", placeholder=("the name that customers see")
        )
        self.batch = widgets.Text(description="Batch name", placeholder="optional")
        self.quiet_days = widgets.Text(
            "30",
            description=("Leave out people who have not written for (days)"),
            placeholder="nobody",
        )
        self.include = {
            word: widgets.Checkbox(description=words) for word, words in _INCLUDE.items()
        }
        self.back = form.button("Previous preview", small=True)
        self.on = form.button("Next preview", small=True)
        self.look = form.button("Dry run")
        self.typed = widgets.Text(description="Number of recipients")
        self.send = form.button("Send")
        self.runner = BackgroundTask(self, self._progress, of.stop)
        self._preview, self._question, self._tables = (widgets.HTML() for _ in range(3))
        self._confirm = form.stack(
            form.heading("4. Send"), self._question, form.row(self.typed, self.send)
        )
        self._confirm.add_class("crisp-confirm")
        for insert in self.inserts:
            insert.on_click(lambda pressed: self._insert(pressed.description))
        fields = [self.template, self.nickname, self.batch, self.quiet_days]
        for field in [*fields, *self.include.values()]:
            field.observe(lambda _: self._changed(), "value")
        self.typed.observe(lambda _: self._tell(), "value")
        self.back.on_click(lambda _: self._turn(-1))
        self.on.on_click(lambda _: self._turn(1))
        self.look.on_click(lambda _: self._start_look())
        self.send.on_click(lambda _: self._start_send())

    def _lay_out(self) -> None:
        insert = widgets.HTML("<span class='crisp-soft'>Insert a column:</span>")
        signed = form.row(self.nickname, self.batch)
        write = form.stack(self.template, insert, form.row(*self.inserts), signed)
        read = form.stack(self._preview, form.row(self.back, self.on))
        self.body.children = [
            form.heading("1. Recipients"),
            self.picker.box,
            form.heading("2. Message"),
            form.row(write, read),
            form.heading("3. Check"),
            form.row(self.quiet_days, *self.include.values()),
            form.row(self.look),
            self._confirm,
            self.runner.box,
        ]
        self.below.children = [self._tables]

    # What happens

    def _changed(self) -> None:
        """Take the fields over; what was looked at does not hold for others."""
        of = self.broadcaster
        of.template, of.nickname, of.batch = (
            field.value for field in (self.template, self.nickname, self.batch)
        )
        of.include = tuple(word for word, box in self.include.items() if box.value)
        try:
            of.quiet_days = _days(self.quiet_days.value)
        except BadParameter:  # told when somebody looks: it may be half typed
            of.dry = None
        if not self.runner.running:
            self.quiet()
        self._turn(0)
        self._tell()

    def _insert(self, name: str) -> None:
        self.template.value += f"{{{{ {name} }}}}"

    def _turn(self, steps: int) -> None:
        """Show the message as one of the recipients will read it."""
        picked = int(self.broadcaster.picked.sum())
        self._number = min(max(0, self._number + steps), max(0, picked - 1))
        self.back.disabled = self._number == 0
        self.on.disabled = self._number + 1 >= picked
        if not picked:
            self._preview.value = _card("Preview", "Select a conversation to see a preview.")
            return
        title = f"Preview {self._number + 1:,} of {picked:,}"
        try:
            name, text, reason = self.broadcaster.preview(self._number)
        except BadParameter as error:
            self._preview.value = _card(title, str(error))
            return
        to = f"{title}: to {name}"
        self._preview.value = _card(to, f"Left out: {reason}" if reason else text, not reason)

    def _tell(self) -> None:
        """Show what may be done next: a look, or the sending that it allows."""
        of = self.broadcaster
        recipients, live = of.recipients, html.service(of.ws) == "live"
        form.show(self._confirm, bool(recipients))
        if recipients is None and not self._whole:
            self._tables.value = ""
        typed = self.typed.value.strip() == str(recipients)
        self.send.disabled = not (recipients and typed and of.ws.client.writes)
        self.send.description = f"Send {count(recipients or 0, 'message')}"
        self._question.value = _question(of, recipients or 0)
        strong = "crisp-danger" if live else "crisp-primary"
        for button, kind, on in (
            (self.look, "crisp-primary", not recipients),
            (self.send, strong, recipients),
        ):
            (button.add_class if on else button.remove_class)(kind)

    def _progress(self) -> tuple[int, int, str]:
        of = self.broadcaster
        if self._whole:
            return of.done, self._whole, f"{of.done:,} of {count(self._whole, 'message')}"
        return 0, 0, f"{count(of.spending.used, 'request')} to check who is left out"

    def _start_look(self) -> None:
        self._whole = 0
        try:
            _days(self.quiet_days.value)
        except BadParameter as error:
            self.fail(error)
            return
        self.runner.start(self.look, self._look, "Looking …")

    def _start_send(self) -> None:
        # Read here, in the kernel's own thread: a second click finds the field empty.
        typed, self.typed.value = self.typed.value, ""
        self._whole = self.broadcaster.recipients or 0
        self._question.value = f"<p>Sending to {count(self._whole, 'customer')}.</p>"
        self.runner.start(self.send, lambda: self._send(typed), "Sending …")

    def _look(self) -> None:
        of = self.broadcaster
        try:
            dry = of.look()
        except CrispError:
            if not of.spending.stopped:
                raise
            self.say("Stopped. No further requests were sent.", kind="info")
            return
        left = dry["reason"] != ""
        shown = dry.assign(to=of.names[of.picked].to_numpy())
        self._tables.value = _table("Left out", shown[left], ["to", "reason", "text"]) + _table(
            "To send", shown[~left], ["to", "text"]
        )
        self.say(
            f"{count(int((~left).sum()), 'message')} to send, {left.sum():,} left out.",
            "Nothing was sent.",
            "info",
        )

    def _send(self, typed: str) -> None:
        of = self.broadcaster
        names = of.names[of.picked].to_numpy()
        result = of.send(typed)
        shown = result.assign(to=names)
        unsent = shown["state"] != "sent"
        self._tables.value = _table("Not sent", shown[unsent], ["to", "state", "reason"]) + _table(
            "Sent", shown[~unsent], ["to", "text", "sent_at", "fingerprint"]
        )
        whole = of.done == self._whole and not result["state"].isin(["failed", "unknown"]).any()
        self.say(
            f"{_tally(result)}.",
            "The whole frame is in form.result." + ("" if whole else f" {_REST}"),
            "done" if whole else "info",
        )


_REST = (
    "Unsent messages are in ws.outbox. The same message or batch name sends only those that "
    "were not sent."
)


def _days(text: str) -> int | None:
    if text.strip() and not text.strip().isdecimal():
        raise BadParameter(
            "The days must be a whole number.", "Leave the field empty to skip this check."
        )
    return int(text) if text.strip() else None


def _question(of: BroadcastModel, recipients: int) -> str:
    """Say what a typed number confirms: where, which website, how many."""
    if not of.ws.client.writes:
        return (
            "<p>This connection only reads. To send, connect with "
            "<code>connect(writes=True)</code>.</p>"
        )
    where = html.service(of.ws).upper()
    name = html.escape(of.ws.name or of.ws.website_id)
    return (
        f"<p><strong>{where}, {name}:</strong> {count(recipients, 'customer')} will get this "
        f"message. Type <strong>{recipients}</strong> to confirm.</p>"
    )


def _card(title: str, words: str, message: bool = False) -> str:
    """Draw a preview; customers' words and the template's are escaped here."""
    kind = "crisp-bubble" if message else "crisp-soft"
    return (
        f"<div class='crisp-card'><p><strong>{html.escape(title)}</strong></p>"
        f"<div class='{kind}'>{html.escape(words)}</div></div>"
    )


def _table(title: str, frame: pd.DataFrame, columns: list[str]) -> str:
    return "" if frame.empty else html.table(title, frame, columns)


def _tally(result: pd.DataFrame) -> str:
    """Count a result's states, such as "38 sent, 2 failed, 3 left out"."""
    counts = result["state"].value_counts()
    states = ["sent", "failed", "unknown", "sending", "queued"]
    found = [f"{counts[state]:,} {state}" for state in states if counts.get(state)]
    left = int(result["state"].isna().sum())
    return ", ".join([*found, *([f"{left:,} left out"] if left else [])]) or "nothing"
