"""Figures and axes that a notebook shows without ``pyplot``.

The only module of the room that imports matplotlib at its top; it is imported when one draws.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure


class Page(Figure):
    """A figure with a canvas of its own, which no list of open figures holds."""

    def __init__(self, width: float, height: float) -> None:
        super().__init__(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(self)

    def _repr_png_(self) -> bytes:
        return _png(self)


class Chart(Axes):
    """Axes that show the figure they are on where they are a cell's last line."""

    def _repr_png_(self) -> bytes:
        return _png(self.figure.canvas.figure)


def chart(on: Page | SubFigure, *place: Any) -> Axes:
    """Add axes to a page or a part of it, at a place of its grid or as the only ones."""
    return on.add_subplot(*place, axes_class=Chart)


def _png(figure: Any) -> bytes:
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()
