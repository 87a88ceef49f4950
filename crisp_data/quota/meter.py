"""How figures about requests look in a notebook: HTML without a stylesheet or a script.

Colours are the reader's own where they can be (``currentColor``), so that dark and light
themes both read well.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

# Middling tones: they stand out on white and on black.
_FILL = {
    "used": "#2f7ed8",
    "left": "transparent",
    "kept": "repeating-linear-gradient(45deg,#8a8f98 0 3px,transparent 3px 6px)",
}
_CELL = "text-align:left;background:transparent;padding:1px 12px 1px 0"
_NUMBER = "text-align:right;background:transparent;padding:1px 12px 1px 0"


def bar(parts: Mapping[str, int], whole: int) -> str:
    """Draw how a whole is divided into parts called "used", "left" and "kept"."""
    shown, pieces, room = [], [], 100.0
    for name, count in parts.items():
        width = min(room, max(0.0, 100 * count / whole))
        room -= width
        shown.append(f"{count:,} {name}")
        pieces.append(f"<div style='width:{width:.2f}%;background:{_FILL[name]}'></div>")
    return (
        f"<div role='img' aria-label='{html.escape(', '.join(shown))}' style='display:flex;"
        "height:10px;width:100%;max-width:420px;border:1px solid currentColor;"
        f"border-radius:3px;overflow:hidden'>{''.join(pieces)}</div>"
    )


def block(above: str, lines: Iterable[str], table: Mapping[str, object]) -> str:
    """Put lines of text and a table of names and figures below a drawing.

    Parameters
    ----------
    above : str
        HTML of the drawing.
    lines : Iterable[str]
        Lines of text; escaped here.
    table : Mapping[str, object]
        Figures by name; escaped here.

    Returns
    -------
    str
        HTML.
    """
    text = "".join(f"<div>{html.escape(line)}</div>" for line in lines)
    rows = "".join(
        f"<tr style='background:transparent'><td style='{_NUMBER}'>{_figure(value)}</td>"
        f"<td style='{_CELL}'>{html.escape(name)}</td></tr>"
        for name, value in table.items()
    )
    return f"<div>{above}{text}{f'<table>{rows}</table>' if rows else ''}</div>"


def _figure(value: object) -> str:
    return html.escape(f"{value:,}" if isinstance(value, int) else str(value))
