"""A list of rows with boxes to tick, a page of them at a time: ten thousand freeze nothing."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets
import pandas as pd

from crisp_data.forms import form, html
from crisp_data.forms.broadcast_model import SHOWN, BroadcastModel

PAGE = 8  # rows on a page


class RowPicker:
    """Ticks rows of a :class:`BroadcastModel`: a search, a page of boxes, all and none.

    Parameters
    ----------
    broadcaster : Broadcaster
    changed : callable
        Called after each change of what is picked.

    Attributes
    ----------
    box : ipywidgets.VBox
    """

    def __init__(self, broadcaster: BroadcastModel, changed: Callable[[], None]) -> None:
        self._of, self._changed = broadcaster, changed
        self._found, self._page, self._drawing = broadcaster.find(), 0, False
        self.search = widgets.Text(
            description="Search", placeholder="name, e-mail, segment, state", continuous_update=True
        )
        self.all = form.button("Select all matches", small=True)
        self.none = form.button("Select none", small=True)
        self.back = form.button("Previous page", small=True)
        self.on = form.button("Next page", small=True)
        self._count = widgets.HTML()
        self.boxes = [widgets.Checkbox() for _ in range(PAGE)]
        self._facts = [widgets.HTML() for _ in range(PAGE)]
        rows = [form.row(*pair) for pair in zip(self.boxes, self._facts, strict=True)]
        for row in rows:
            row.add_class("crisp-pick")
        self._rows = rows
        pager = form.row(self.back, self.on, self._count)
        head = form.row(self.search, self.all, self.none)
        page = widgets.VBox(rows)
        page.add_class("crisp-picks")
        self.box = form.stack(head, page, pager)
        self.search.observe(lambda _: self._look_for(), "value")
        self.all.on_click(lambda _: self._pick(self._found, True))
        self.none.on_click(lambda _: self._pick(range(len(self._of.frame)), False))
        self.back.on_click(lambda _: self._turn(-1))
        self.on.on_click(lambda _: self._turn(1))
        for number, box in enumerate(self.boxes):
            box.observe(lambda change, number=number: self._ticked(number, change.new), "value")
        self._draw()

    def _look_for(self) -> None:
        self._found, self._page = self._of.find(self.search.value), 0
        self._draw()

    def _turn(self, pages: int) -> None:
        last = max(0, (len(self._found) - 1) // PAGE)
        self._page = min(max(0, self._page + pages), last)
        self._draw()

    def _pick(self, positions: list[int] | range, picked: bool) -> None:
        self._of.pick(positions, picked)
        self._draw()
        self._changed()

    def _ticked(self, number: int, picked: bool) -> None:
        if not self._drawing:
            self._of.pick([self._shown[number]], picked)
            self._tell()
            self._changed()

    @property
    def _shown(self) -> list[int]:
        return self._found[self._page * PAGE : (self._page + 1) * PAGE]

    def _draw(self) -> None:
        """Fill the page's boxes, which are not made anew."""
        self._drawing = True  # a box that is filled is not one that somebody ticks
        try:
            shown = self._shown
            for number, row in enumerate(self._rows):
                form.show(row, number < len(shown))
                if number < len(shown):
                    at = shown[number]
                    cells = self._of.frame.iloc[at]
                    self.boxes[number].description = html.plain(self._of.names.iloc[at])
                    self.boxes[number].value = bool(self._of.picked[at])
                    self._facts[number].value = _facts(cells)
        finally:
            self._drawing = False
        self._tell()

    def _tell(self) -> None:
        found, first = len(self._found), self._page * PAGE
        shown = f"{first + 1:,} to {min(first + PAGE, found):,} of {found:,}" if found else "none"
        self._count.value = (
            f"<span role='status'>{shown} found, "
            f"<strong>{int(self._of.picked.sum()):,} selected</strong></span>"
        )
        self.back.disabled = self._page == 0
        self.on.disabled = first + PAGE >= found


def _facts(cells: pd.Series) -> str:
    names = [name for name in SHOWN[1:] if name in cells]
    words = [html.word(cells[name], 60) for name in names]
    spans = "".join(f"<span>{html.escape(one)}</span>" for one in words if one)
    return f"<div class='crisp-facts'>{spans}</div>"
