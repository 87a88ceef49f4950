"""The form of ``ws.explore()``: filters, their price, the frame, and the code for it."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets
import pandas as pd

from crisp_data.forms import html
from crisp_data.forms.explore_filters import ExploreFilters
from crisp_data.forms.explore_model import ExploreModel, Query
from crisp_data.forms.form import Form
from crisp_data.forms.protocol import Workspace
from crisp_data.forms.widget_parts import button, row, set_class, show
from crisp_data.plurals import count
from crisp_data.quota.estimate import Plan

_PREVIEW = {
    "conversations": ["nickname", "email", "state", "segments", "last_message", "updated_at"],
    "people": ["nickname", "email", "company_name", "country", "segments", "created_at"],
    "messages": ["timestamp", "from", "type", "nickname", "content", "session_id"],
}


class Explore(Form):
    """Filters over a workspace's tables; what is pulled is in ``form.result``.

    Opening it spends nothing. The first button says how many rows there are, as far as Crisp
    shows it, and what they cost; the second pulls them.

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
        self._filters = ExploreFilters(self._changed)
        self._planned = 0  # requests that the running pull is expected to spend
        self._cost, self._messages_cost, self._preview = (widgets.HTML() for _ in range(3))
        self._code = widgets.Textarea(description="Code that does the same", rows=2)
        self._code.add_class("crisp-code")
        self._load = button("Load operators and inboxes (3 requests)", self._start_load, small=True)
        self._show_cost = button("Show count and cost", self._start_price)
        self._pull = button("Pull", self._start_pull)
        self._pull_messages = button("Pull their messages", self._start_pull_messages)
        self._messages = row(self._messages_cost, self._pull_messages)
        show(self._messages, False)
        super().__init__(
            ws,
            "Explore",
            "Count and cost are shown first. Nothing is pulled until you press a button.",
            progress=self._progress,
            stop=self.explorer.spending.stop,
        )
        self.body.children = [
            *self._filters.rows,
            row(self._load),
            self._cost,
            row(self._show_cost, self._pull),
            self.runner.box,
        ]
        self.below.children = [self._preview, self._messages, self._code]
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
        """
        return self._filters.query()

    def refresh(self) -> None:
        """Bring banner, quota and buttons up to date; spends nothing."""
        super().refresh()
        priced = self.explorer.plan is not None
        self._pull.disabled = not priced
        set_class(self._show_cost, "crisp-primary", not priced)
        set_class(self._pull, "crisp-primary", priced)

    def error_note(self) -> str:
        """Say where to find what came before an error.

        Returns
        -------
        str
            A line of text; empty where there is nothing to say.
        """
        rows = self.partial
        if rows is None or rows.empty:
            return ""
        return (
            f"{count(len(rows), 'row')} were read before that: form.partial. The cache holds them."
        )

    def lines(self) -> list[str]:
        """What a page without a kernel says.

        Returns
        -------
        list[str]
            Lines of text.
        """
        if self.result is None:
            return ["nothing pulled yet"]
        return [f"form.result: {count(len(self.result), 'row')}"]

    # What happens

    def _changed(self) -> None:
        """Ask another question: what was priced does not hold for it."""
        self.explorer.plan = None
        self._filters.show_those_of_the_table()
        self._cost.value = ""
        self.refresh()
        readable = self.attempt(lambda: self._show_code(self.query().code))
        if readable and not self.runner.running:
            self.clear_notice()

    def _fill_names(self, load: bool = False) -> None:
        names = self.explorer.names(load)
        self._filters.fill_names(**names)
        show(self._load, not names["operators"])

    def _show_code(self, code: str) -> None:
        self._code.value, self._code.rows = code, 2 + code.count("\n")

    def _start_load(self) -> None:
        self._start(self._load, lambda: self._fill_names(load=True), "Loading …")

    def _start_price(self) -> None:
        def start() -> None:
            query = self.query()  # as the filters stand when the button is pressed
            self._start(self._show_cost, lambda: self._price(query), "Asking …")

        self.attempt(start)

    def _start_pull(self) -> None:
        model = self.explorer
        self._start(
            self._pull, lambda: self._show(model.query.table, model.pull()), "Pulling …", model.plan
        )

    def _start_pull_messages(self) -> None:
        model, pressed = self.explorer, self._pull_messages
        plan = model.price_messages()
        self._start(
            pressed, lambda: self._show("messages", model.pull_messages()), "Pulling …", plan
        )

    def _start(
        self,
        pressed: widgets.Button,
        work: Callable[[], None],
        doing: str,
        plan: Plan | None = None,
    ) -> None:
        def run() -> None:
            with self.unless_stopped(self.explorer.spending):
                work()

        self._planned = 0 if plan is None else plan.requests
        self.runner.start(pressed, run, doing)

    def _progress(self) -> tuple[int, int, str]:
        spent, planned = self.explorer.spending.used, self._planned
        words = f"{spent:,} of about {count(planned, 'request')}"
        return spent, planned, words if planned else count(spent, "request")

    def _price(self, query: Query) -> None:
        plan = self.explorer.price(query)
        if self.query() == query:
            self._cost.value = _cost(plan, self.explorer.query)
            self._show_code(self.explorer.code)
        else:  # the filters were changed meanwhile
            self.explorer.plan = None

    def _show(self, table: str, frame: pd.DataFrame) -> None:
        self._show_code(self.explorer.code)
        self._preview.value = html.table(table.capitalize(), frame, _PREVIEW[table])
        if table == "conversations":
            lines = map(html.escape, self.explorer.price_messages().lines)
            self._messages_cost.value = f"<p>{'<br>'.join(lines)}</p>"
        show(self._messages, table == "conversations" and not frame.empty)
        warning_texts = "\n".join(self.explorer.warning_texts)
        self.say(
            f"{count(len(frame), 'row')} for {count(self.explorer.spending.used, 'request')}.",
            f"The whole frame, {frame.shape[1]} columns, is in form.result.\n{warning_texts}",
            "info" if warning_texts else "done",
        )


def _cost(plan: Plan, query: Query) -> str:
    """Say in two lines how many rows are expected and what they cost."""
    rows = plan.rows
    if rows is None:
        many = "The cache holds all of it; pulling costs nothing."
    elif rows.low == rows.high:
        many = f"{rows.low:,} {query.table}"
    elif rows.high is None and rows.likely > rows.low:
        many = f"About {rows.likely:,} {query.table}, at least {rows.low:,}"
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
