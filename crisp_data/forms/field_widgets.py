"""Widgets for the fields of a message. They write into a plain dict and know nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import ipywidgets as widgets

from crisp_data.forms import widget_parts as parts
from crisp_data.forms.draft import FormField

_CONTROLS = {
    "line": widgets.Text,
    "text": partial(widgets.Textarea, rows=3),
    "number": partial(widgets.BoundedFloatText, min=0, max=86_400),
    "checkbox": partial(widgets.Checkbox, indent=False),
}


def fill(
    fields: Sequence[FormField],
    values: dict[str, Any],
    changed: Callable[[], None],
    prefix: str = "",
) -> list[widgets.Widget]:
    """Make a widget for each field.

    Parameters
    ----------
    fields : sequence of FormField
        What is to be filled in.
    values : dict
        Where it is written, and what the widgets begin with.
    changed : callable
        Called after each change.
    prefix : str
        Which part of a list they belong to, at the start of each label: "Card 2, ".

    Returns
    -------
    list[widgets.Widget]
        The widgets, in the order of the fields.
    """
    return [
        _PartList(field, values, changed, prefix).box
        if field.kind == "list"
        else _control(field, values, changed, prefix)
        for field in fields
    ]


def _control(
    field: FormField, values: dict[str, Any], changed: Callable[[], None], prefix: str
) -> widgets.Widget:
    optional = "" if field.required or field.kind == "checkbox" else " (optional)"
    value = {"value": values[field.name]} if values.get(field.name) else {}
    control = _CONTROLS[field.kind](description=f"{prefix}{field.label}{optional}", **value)

    def store(change: dict[str, Any]) -> None:
        values[field.name] = change["new"]
        changed()

    control.observe(store, "value")
    return control


class _PartList:
    """Any number of equal parts: one button adds one, and each has one that removes it."""

    def __init__(
        self, field: FormField, values: dict[str, Any], changed: Callable[[], None], prefix: str
    ) -> None:
        self.box = widgets.VBox().add_class("crisp-several")
        self._field, self._changed, self._prefix = field, changed, prefix
        self._values: list[dict[str, Any]] = values.setdefault(field.name, [])
        if field.required and not self._values:
            self._values.append({})
        self._add = parts.button(f"Add a {field.part_label.lower()}", self._add_part, small=True)
        self._draw()

    def _draw(self) -> None:
        """Make every part anew: their numbers stand in their labels."""
        old = self.box.children[:-1]
        self.box.children = (*map(self._part, range(len(self._values))), self._add)
        for part in old:
            parts.close(part)

    def _part(self, position: int) -> widgets.Widget:
        name = f"{self._prefix}{self._field.part_label} {position + 1}"
        values = self._values[position]
        controls = fill(self._field.parts, values, self._changed, f"{name}, ")
        remove = parts.button(
            f"Remove {name.lower()}", lambda: self._remove_part(values), small=True
        )
        return widgets.VBox([*controls, remove]).add_class("crisp-part")

    def _add_part(self) -> None:
        self._values.append({})
        self._draw()
        self.box.children[-2].children[0].focus()
        self._changed()

    def _remove_part(self, values: dict[str, Any]) -> None:
        # By identity: two parts with equal values are two.
        self._values[:] = [part for part in self._values if part is not values]
        self._draw()
        self._add.focus()
        self._changed()
