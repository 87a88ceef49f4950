"""What is used of the day's requests, as text and as HTML without a stylesheet or a script.

Colours are the reader's own where they can be (``currentColor``), so that dark and light
themes both read well.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from crisp_data.plurals import count

if TYPE_CHECKING:
    from crisp_data.quota.ledger import Ledger

# Middling tones: they stand out on white and on black.
_FILL = {
    "used": "#2f7ed8",
    "left": "transparent",
    "reserved": "repeating-linear-gradient(45deg,#8a8f98 0 3px,transparent 3px 6px)",
}
_CELL = "text-align:left;background:transparent;padding:1px 12px 1px 0"
_NUMBER = "text-align:right;background:transparent;padding:1px 12px 1px 0"


def as_text(ledger: Ledger) -> str:
    """Write what is used and left of today, and by which operations."""
    used = [f"  {used:>7,}  {operation}" for operation, used in ledger.by_operation().items()]
    return "\n".join([*_lines(ledger), *used])


def as_html(ledger: Ledger) -> str:
    """Draw the same."""
    return block(bar(ledger), _lines(ledger), ledger.by_operation())


def bar(ledger: Ledger) -> str:
    """Draw how the day divides into requests used, left, and reserved for writes."""
    left, reserved = ledger.left_for_reads, ledger.reserved_for_writes
    parts = {"used": ledger.used, "left": left, "reserved": reserved}
    pieces, room = [], 100.0
    for name, number in parts.items():
        width = min(room, 100 * number / ledger.limit)  # a lowered limit leaves more used
        room -= width
        pieces.append(f"<div style='width:{width:.2f}%;background:{_FILL[name]}'></div>")
    label = ", ".join(f"{number:,} {name}" for name, number in parts.items())
    return (
        f"<div role='img' aria-label='{label}' style='display:flex;height:10px;width:100%;"
        "max-width:420px;border:1px solid currentColor;border-radius:3px;overflow:hidden'>"
        f"{''.join(pieces)}</div>"
    )


def block(above: str, lines: Iterable[str], table: Mapping[str, int]) -> str:
    """Put lines of text and a table of names and figures below a drawing.

    Parameters
    ----------
    above : str
        HTML of the drawing.
    lines : Iterable[str]
        Lines of text; escaped here.
    table : Mapping[str, int]
        Figures by name; escaped here.

    Returns
    -------
    str
        HTML.
    """
    text = "".join(f"<div>{html.escape(line)}</div>" for line in lines)
    rows = "".join(
        f"<tr style='background:transparent'><td style='{_NUMBER}'>{value:,}</td>"
        f"<td style='{_CELL}'>{html.escape(name)}</td></tr>"
        for name, value in table.items()
    )
    return f"<div>{above}{text}{f'<table>{rows}</table>' if rows else ''}</div>"


def _lines(ledger: Ledger) -> list[str]:
    lines = [
        f"{ledger.used:,} of {count(ledger.limit, 'request')} used today, {ledger.left:,} "
        f"left ({ledger.reserved_for_writes:,} reserved for writes)",
        f"resets at {ledger.resets_at:%Y-%m-%d %H:%M} UTC",
    ]
    if refusal := ledger.refusal:
        lines.append(
            f"Crisp itself refused further requests today ({refusal}); reopen() tries again"
        )
    return lines
