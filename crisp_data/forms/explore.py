"""The form of ``ws.explore()``: filters, their price, the frame, and the code for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets
import pandas as pd

from crisp_data.counts import count
from crisp_data.errors import BadParameter, CrispError
from crisp_data.filters import STATES
from crisp_data.forms import form, html
from crisp_data.forms.background import BackgroundTask
from crisp_data.forms.explore_model import ExploreModel, Query
from crisp_data.forms.protocol import Workspace
from crisp_data.quota.estimate import Plan

_AGO = ["today", "yesterday", "7 days ago", "30 days ago", "3 months ago", "1 year ago"]
_PREVIEW = {
    "conversations": ["nickname", "email", "state", "segments", "last_message", "updated_at"],
    "people": ["nickname", "email", "company_name", "country", "segments", "created_at"],
    "messages": ["timestamp", "from", "type", "nickname", "content", "session_id"],
}
# "" is any: a dropdown takes None for nothing chosen, and shows nothing.
_ANYBODY: list[tuple[str, Any]] = [("anybody", ""), ("nobody", False)]
_ANY: list[tuple[str, Any]] = [("any", "")]


class Explore(form.Form):
    """Filters over a workspace's tables; what is pulled is in ``form.result``.

    Opening it spends nothing. The first button says how many rows there are, as far as Crisp
    tells, and what they cost; the second pulls them.

    Parameters
    ----------
    ws : Workspace

    Attributes
    ----------
    explorer : ExploreModel
        The same without widgets.
    result, conversations, partial : DataFrame or None
        As there.
    code : str
        The lines of Python that pull the same as ``result``.
    """

    def __init__(self, ws: Workspace) -> None:
        self.explorer = ExploreModel(ws)
        self._make()
        super().__init__(
            ws,
            "Explore",
            "Count and cost are shown first. Nothing is pulled until you press a button.",
        )
        self._lay_out()
        self._fill_names()
        self._changed()

    @property
    def result(self) -> pd.DataFrame | None:
        """The frame pulled last."""
        return self.explorer.result

    @property
    def conversations(self) -> pd.DataFrame | None:
        """The conversations pulled last."""
        return self.explorer.conversations

    @property
    def partial(self) -> pd.DataFrame | None:
        """What a pull had that did not come to its end."""
        return self.explorer.partial

    @property
    def code(self) -> str:
        """The lines of Python that do the same."""
        return str(self._code.value)

    def query(self) -> Query:
        """Read the filters.

        Returns
        -------
        Query
            What the filters ask for.

        Raises
        ------
        BadParameter
            The limit is no whole number.
        """
        text = self.limit.value.strip()
        if text and not text.isdecimal():
            raise BadParameter("limit must be a whole number.", "Leave it empty for all rows.")
        return Query(
            self.table.value,
            self.since.value.strip() or None,
            self.until.value.strip() or None,
            self.state.value or None,
            self.segment.value.strip() or None,
            None if self.assigned.value == "" else self.assigned.value,
            self.inbox.value or None,
            self.search.value.strip() or None,
            int(text) if text else None,
        )

    def join(self, timeout: float | None = None) -> bool:
        """Wait for a running pull to end; say whether it has.

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
        priced = self.explorer.plan is not None
        self.pull.disabled = not priced
        for one, primary in ((self.price, not priced), (self.pull, priced)):
            (one.add_class if primary else one.remove_class)("crisp-primary")

    def fail(self, error: BaseException) -> None:
        """Show an error, and where to find what came before it.

        Parameters
        ----------
        error : BaseException
            What went wrong.
        """
        super().fail(error)
        if isinstance(error, CrispError) and (kept := self._kept()):
            what, _, hint = str(error).partition("\n")
            self.say(what, f"{hint}\n{kept}", "error")

    def lines(self) -> list[str]:
        """What a page without a kernel says.

        Returns
        -------
        list[str]
            Lines of text.
        """
        frame = self.result
        pulled = (
            "nothing pulled yet" if frame is None else f"form.result: {count(len(frame), 'row')}"
        )
        return [pulled]

    # Its parts

    def _make(self) -> None:
        moment = {"options": _AGO, "ensure_option": False, "continuous_update": False}
        words = {"continuous_update": False}
        self.table = widgets.Dropdown(
            description="Table", options=[("Conversations", "conversations"), ("People", "people")]
        )
        self.since = widgets.Combobox(description="Since", placeholder="any time", **moment)
        self.until = widgets.Combobox(description="Until", placeholder="now", **moment)
        self.limit = widgets.Text("500", description="Limit", placeholder="all rows", **words)
        self.state = widgets.Dropdown(
            description="State", options=[*_ANY, *((one, one) for one in STATES)]
        )
        self.segment = widgets.Text(description="Segment", placeholder="any", **words)
        self.assigned = widgets.Dropdown(description="Assigned to", options=_ANYBODY)
        self.inbox = widgets.Dropdown(description="Inbox", options=_ANY)
        self.search = widgets.Text(description="Search", placeholder="words", **words)
        self.load = form.button("Load operators and inboxes (3 requests)", small=True)
        self.price = form.button("Show count and cost")
        self.pull = form.button("Pull")
        self.pull_messages = form.button("Pull their messages")
        self._priced, self._threads, self._preview = (widgets.HTML() for _ in range(3))
        self._code = widgets.Textarea(description="Code that does the same", rows=2)
        self._code.add_class("crisp-code")
        self.runner = BackgroundTask(self, self._progress, self.explorer.spending.stop)
        self._planned = 0
        for one in self._filters:
            one.observe(lambda _: self._changed(), "value")
        self.load.on_click(lambda _: self._start(self.load, self._load, "Loading …"))
        self.price.on_click(lambda _: self._ask())
        self.pull.on_click(lambda _: self._start(self.pull, self._pull, "Pulling …"))
        self.pull_messages.on_click(
            lambda _: self._start(self.pull_messages, self._pull_messages, "Pulling …")
        )

    @property
    def _filters(self) -> list[widgets.Widget]:
        both = [self.table, self.since, self.until, self.limit, self.search]
        return [*both, self.state, self.segment, self.assigned, self.inbox]

    def _lay_out(self) -> None:
        self._only_conversations = form.row(self.state, self.segment, self.assigned, self.inbox)
        self._more = form.row(self._threads, self.pull_messages)
        self.body.children = [
            form.row(self.table, self.since, self.until, self.limit, self.search),
            self._only_conversations,
            form.row(self.load),
            self._priced,
            form.row(self.price, self.pull),
            self.runner.box,
        ]
        self.below.children = [self._preview, self._more, self._code]
        form.show(self._more, False)

    def _fill_names(self, load: bool = False) -> None:
        names = self.explorer.names(load)
        people, inboxes = names["operators"], names["inboxes"]
        for dropdown, first, found in (
            (self.assigned, _ANYBODY, people),
            (self.inbox, _ANY, inboxes),
        ):
            kept = dropdown.value
            dropdown.options = [*first, *((name or one, one) for one, name in found.items())]
            dropdown.value = kept
        form.show(self.load, not people)

    # What happens

    def _changed(self) -> None:
        """Another question: what was priced does not hold for it."""
        self.explorer.plan = None
        conversations = self.table.value == "conversations"
        form.show(self._only_conversations, conversations)
        self.since.description = "Updated since" if conversations else "Created since"
        self._priced.value = ""
        self.refresh()
        try:
            self._write(self.query().code)
        except BadParameter as error:
            self.fail(error)
            return
        if not self.runner.running:
            self.quiet()

    def _write(self, code: str) -> None:
        self._code.value, self._code.rows = code, 2 + code.count("\n")

    def _ask(self) -> None:
        try:
            asked = self.query()  # as the filters stand when the button is pressed
        except BadParameter as error:
            self.fail(error)
            return
        self._start(self.price, lambda: self._price(asked), "Asking …")

    def _start(self, button: widgets.Button, work: Callable[[], None], doing: str) -> None:
        plan = None
        if button is self.pull:
            plan = self.explorer.plan
        elif button is self.pull_messages:
            plan = self.explorer.price_messages()
        self._planned = 0 if plan is None else plan.requests
        self.runner.start(button, lambda: self._unless_stopped(work), doing)

    def _unless_stopped(self, work: Callable[[], None]) -> None:
        try:
            work()
        except CrispError:
            if not self.explorer.spending.stopped:
                raise
            self.say("Stopped. No further requests were sent.", self._kept(), "info")

    def _progress(self) -> tuple[int, int, str]:
        spent, planned = self.explorer.spending.used, self._planned
        words = f"{spent:,} of about {count(planned, 'request')}"
        return spent, planned, words if planned else count(spent, "request")

    def _load(self) -> None:
        self._fill_names(load=True)

    def _price(self, asked: Query) -> None:
        plan = self.explorer.price(asked)
        if self.query() == asked:
            self._priced.value = _priced(plan, self.explorer.query)
            self._write(self.explorer.code)
        else:  # the filters were changed meanwhile
            self.explorer.plan = None

    def _pull(self) -> None:
        self._show(self.explorer.query.table, self.explorer.pull())

    def _pull_messages(self) -> None:
        self._show("messages", self.explorer.pull_messages())

    def _show(self, table: str, frame: pd.DataFrame) -> None:
        self._write(self.explorer.code)
        self._preview.value = html.table(table.capitalize(), frame, _PREVIEW[table])
        if table == "conversations":
            plan = self.explorer.price_messages()
            self._threads.value = f"<p>{'<br>'.join(map(html.escape, plan.lines))}</p>"
        form.show(self._more, table == "conversations" and not frame.empty)
        warned = "\n".join(self.explorer.warned)
        self.say(
            f"{count(len(frame), 'row')} for {count(self.explorer.spending.used, 'request')}.",
            f"The whole frame, {frame.shape[1]} columns, is in form.result.\n{warned}",
            "info" if warned else "done",
        )

    def _kept(self) -> str:
        rows = self.partial
        if rows is None or rows.empty:
            return ""
        return (
            f"{count(len(rows), 'row')} were read before that: form.partial. The cache holds them."
        )


def _priced(plan: Plan, query: Query) -> str:
    """Say in two lines how many rows are expected and what they cost."""
    rows = plan.rows
    if rows is None:
        many = "The cache holds all of it; pulling costs nothing."
    elif rows.low == rows.high:
        many = f"{rows.low:,} {query.table}"
    elif rows.high is None:
        many = f"At least {rows.low:,} {query.table}; Crisp shows the total only during the pull"
    elif rows.likely in (rows.low, rows.high):
        many = f"{rows.low:,} to {rows.high:,} {query.table}"
    else:
        many = f"About {rows.likely:,} {query.table} ({rows.low:,} to {rows.high:,})"
    lines = "".join(f"<p>{html.escape(line)}</p>" for line in [*plan.lines, plan.basis])
    return (
        "<div class='crisp-price' role='status' aria-live='polite'>"
        f"<p><strong>{html.escape(many)}</strong></p>{lines}</div>"
    )
