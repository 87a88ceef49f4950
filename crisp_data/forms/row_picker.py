"""A list of rows with boxes to tick, a page of them at a time: ten thousand freeze nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import ipywidgets as widgets
import pandas as pd

from crisp_data.forms import html
from crisp_data.forms.broadcast_model import DESCRIBING, BroadcastModel
from crisp_data.forms.widget_parts import button, row, show, stack

PAGE = 8  # rows on a page


class RowPicker:
    """Ticks rows of a :class:`BroadcastModel`: a search, a page of boxes, all and none.

    Parameters
    ----------
    broadcaster : BroadcastModel
    changed : callable
        Called after each change of what is selected.

    Attributes
    ----------
    box : ipywidgets.VBox
    """

    def __init__(self, broadcaster: BroadcastModel, changed: Callable[[], None]) -> None:
        self._model, self._changed = broadcaster, changed
        self._found, self._page = broadcaster.find(), 0
        self._search = widgets.Text(
            description="Search", placeholder="name, e-mail, segment, state", continuous_update=True
        )
        self._search.observe(lambda _: self._find(), "value")
        select_all = button(
            "Select all matches", lambda: self._select(self._found, True), small=True
        )
        everybody = range(len(broadcaster.frame))
        select_none = button("Select none", lambda: self._select(everybody, False), small=True)
        self._previous = button("Previous page", lambda: self._turn(-1), small=True)
        self._next = button("Next page", lambda: self._turn(1), small=True)
        self._count = widgets.HTML()
        self._boxes = [widgets.Checkbox() for _ in range(PAGE)]
        self._facts = [widgets.HTML() for _ in range(PAGE)]
        pairs = zip(self._boxes, self._facts, strict=True)
        self._rows = [row(*pair).add_class("crisp-pick") for pair in pairs]
        self.box = stack(
            row(self._search, select_all, select_none),
            widgets.VBox(self._rows).add_class("crisp-picks"),
            row(self._previous, self._next, self._count),
        )
        for number, box in enumerate(self._boxes):
            box.observe(lambda change, number=number: self._ticked(number, change.new), "value")
        self._draw()

    def _find(self) -> None:
        self._found, self._page = self._model.find(self._search.value), 0
        self._draw()

    def _turn(self, pages: int) -> None:
        last = max(0, (len(self._found) - 1) // PAGE)
        self._page = min(max(0, self._page + pages), last)
        self._draw()

    def _select(self, positions: Iterable[int], selected: bool) -> None:
        self._model.select(positions, selected)
        self._draw()
        self._changed()

    def _ticked(self, number: int, selected: bool) -> None:
        position = self._shown[number]
        if selected != self._model.selected[position]:  # else the box was filled, not ticked
            self._model.select([position], selected)
            self._draw_count()
            self._changed()

    @property
    def _shown(self) -> list[int]:
        return self._found[self._page * PAGE : (self._page + 1) * PAGE]

    def _draw(self) -> None:
        """Fill the page's boxes, which are not made anew."""
        for number, line in enumerate(self._rows):
            show(line, number < len(self._shown))
        for position, box, facts in zip(self._shown, self._boxes, self._facts, strict=False):
            box.description = html.plain(self._model.names.iloc[position])
            box.value = bool(self._model.selected[position])
            facts.value = _facts(self._model.frame.iloc[position])
        self._draw_count()

    def _draw_count(self) -> None:
        found, first = len(self._found), self._page * PAGE
        shown = f"{first + 1:,} to {min(first + PAGE, found):,} of {found:,}" if found else "none"
        self._count.value = (
            f"<span role='status'>{shown} found, "
            f"<strong>{int(self._model.selected.sum()):,} selected</strong></span>"
        )
        self._previous.disabled = self._page == 0
        self._next.disabled = first + PAGE >= found


def _facts(cells: pd.Series) -> str:
    names = [name for name in DESCRIBING[1:] if name in cells]
    words = [html.cell_text(cells[name], 60) for name in names]
    spans = "".join(f"<span>{html.escape(one)}</span>" for one in words if one)
    return f"<div class='crisp-facts'>{spans}</div>"
