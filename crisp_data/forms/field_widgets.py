"""Widgets for the blanks of a message. They write into a plain dict and know nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from crisp_data.forms import widget_parts as parts
from crisp_data.forms.draft import FormField

Changed = Callable[[], None]


def fill(
    blanks: Sequence[FormField], values: dict[str, Any], changed: Changed, of: str = ""
) -> list[widgets.Widget]:
    """Make a widget for each blank.

    Parameters
    ----------
    blanks : sequence of FormField
        What is to be filled in.
    values : dict
        Where it is written, and what the widgets begin with.
    changed : callable
        Called after each change.
    of : str
        Which part of a list they belong to, said in each label: "Card 2, ".

    Returns
    -------
    list[widgets.Widget]
        The widgets, in the order of the blanks.
    """
    return [_KINDS[blank.kind](blank, values, changed, of) for blank in blanks]


def _box(make: Callable[..., Any], empty: Any, **options: Any) -> Callable[..., widgets.Widget]:
    def made(blank: FormField, values: dict[str, Any], changed: Changed, of: str) -> widgets.Widget:
        optional = "" if blank.required or make is widgets.Checkbox else " (optional)"
        widget = make(
            value=values.get(blank.name) or empty,
            description=f"{of}{blank.label}{optional}",
            **options,
        )

        def keep(change: dict[str, Any]) -> None:
            values[blank.name] = change["new"]
            changed()

        widget.observe(keep, "value")
        return widget

    return made


class _Several:
    """Any number of equal parts, with a button to add one and one each to take it away."""

    def __init__(self, blank: FormField, values: dict[str, Any], changed: Changed, of: str) -> None:
        self.box = widgets.VBox().add_class("crisp-several")
        self._blank, self._changed, self._of = blank, changed, of
        self._values: list[dict[str, Any]] = values.setdefault(blank.name, [])
        if blank.required and not self._values:
            self._values.append({})
        self._add = parts.button(f"Add a {blank.one.lower()}", self._more, small=True)
        self._draw()

    def _draw(self) -> None:
        """Make every part anew: their numbers stand in their labels."""
        old, drawn = self.box.children[:-1], [self._part(n) for n in range(len(self._values))]
        self.box.children = (*drawn, self._add)
        for part in old:
            parts.close(part)

    def _part(self, position: int) -> widgets.Widget:
        name = f"{self._of}{self._blank.one} {position + 1}"
        values = self._values[position]
        inner = fill(self._blank.parts, values, self._changed, f"{name}, ")
        remove = parts.button(f"Remove {name.lower()}", lambda: self._less(values), small=True)
        return widgets.VBox([*inner, remove]).add_class("crisp-part")

    def _more(self) -> None:
        self._values.append({})
        self._draw()
        self.box.children[-2].children[0].focus()
        self._changed()

    def _less(self, values: dict[str, Any]) -> None:
        # By identity: two parts with equal words are two.
        self._values[:] = [one for one in self._values if one is not values]
        self._draw()
        self._add.focus()
        self._changed()


_KINDS: dict[str, Callable[..., widgets.Widget]] = {
    "line": _box(widgets.Text, ""),
    "words": _box(widgets.Textarea, "", rows=3),
    "number": _box(widgets.BoundedFloatText, 0.0, min=0, max=86_400),
    "flag": _box(widgets.Checkbox, False, indent=False),
    "list": lambda *given: _Several(*given).box,
}
