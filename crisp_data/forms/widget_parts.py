"""The few widgets that forms share."""

from __future__ import annotations

import html
from collections.abc import Callable

import ipywidgets as widgets


def row(*children: widgets.Widget) -> widgets.Box:
    """Put widgets side by side; where there is no room they stand below one another."""
    return widgets.Box(children).add_class("crisp-row")


def stack(*children: widgets.Widget) -> widgets.VBox:
    """Put widgets below one another; in a row it takes its share, 300 pixels at least."""
    return widgets.VBox(children).add_class("crisp-pane")


def button(
    label: str, pressed: Callable[[], object] | None = None, kind: str = "", *, small: bool = False
) -> widgets.Button:
    """Make a button; ``kind`` is "primary", one a form, or "danger" for what cannot be undone.

    Parameters
    ----------
    label : str
        What the button says.
    pressed : callable, optional
        Called at each click.
    kind : str, optional
        "primary", "danger" or nothing.
    small : bool, default False
        Whether to draw it small.

    Returns
    -------
    widgets.Button
        The button.
    """
    made = widgets.Button(description=label)
    if pressed is not None:
        made.on_click(lambda _: pressed())
    if kind:
        made.add_class(f"crisp-{kind}")
    return made.add_class("crisp-small") if small else made


def heading(words: str) -> widgets.HTML:
    """Make a heading inside a form; the words are escaped here."""
    return widgets.HTML(f"<h3>{html.escape(words)}</h3>").add_class("crisp-heading")


def set_class(widget: widgets.Widget, name: str, present: bool) -> None:
    """Give a widget a CSS class, or take it away.

    Parameters
    ----------
    widget : widgets.Widget
        The widget.
    name : str
        The class.
    present : bool
        Whether the widget has it from now on.
    """
    (widget.add_class if present else widget.remove_class)(name)


def show(widget: widgets.Widget, shown: bool) -> None:
    """Show a widget, or take it off the page and out of the order of the Tab key."""
    widget.layout.display = None if shown else "none"


def close(widget: widgets.Widget) -> None:
    """Close a widget with all that is in it: ipywidgets closes the outermost only."""
    for child in getattr(widget, "children", ()):
        close(child)
    widget.close()
