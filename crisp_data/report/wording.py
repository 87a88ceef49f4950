"""Figures and their changes in words."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd

from crisp_data.dates import is_repeated
from crisp_data.plots import style
from crisp_data.plurals import count

Kind = Literal["count", "duration", "share"]
NOTHING = "–"
_MORE = {"count": ("more", "fewer"), "duration": ("longer", "shorter"), "share": ("up", "down")}


def as_text(kind: Kind, value: Any) -> str:
    """Write a figure: ``1,234``, ``35 min``, ``84%``; a dash where there is none.

    Examples
    --------
    >>> from crisp_data.report.wording import as_text
    >>> as_text("count", 1234), as_text("duration", pd.Timedelta("35 min")), as_text("share", 0.844)
    ('1,234', '35 min', '84%')
    """
    if value is None or pd.isna(value):
        return NOTHING
    if kind == "duration":
        return style.duration(value)
    return f"{value:,}" if kind == "count" else f"{value:.0%}"


def moment(at: pd.Timestamp, *, time: bool = True) -> str:
    """Write a moment, or its day: ``2 Nov 2026, 10:00``.

    A time that a clock change repeats names its zone: ``25 Oct 2026, 02:30 CET``.
    """
    day = f"{at:%d %b %Y}".lstrip("0")
    if not time:
        return day
    return f"{day}, {at:%H:%M}" + (f" {at:%Z}" if is_repeated(at) else "")


def change(kind: Kind, now: Any, before: Any) -> tuple[str, int]:
    """Say how a figure differs from that of the period before, and in which direction.

    Two figures that read the same are the same; so much the difference is worth.

    Parameters
    ----------
    kind : Kind
        What the figure counts, which decides how it is written.
    now : object
        The figure.
    before : object
        The figure of the period before.

    Returns
    -------
    tuple[str, int]
        The words; and 1 for more, -1 for less, 0 for the same.

    Examples
    --------
    >>> from crisp_data.report.wording import change
    >>> change("count", 12, 16)
    ('4 fewer (−25%)', -1)
    >>> change("share", 0.846, 0.79)
    ('6 points up', 1)
    >>> change("duration", pd.Timedelta("40 min"), pd.Timedelta("30 min"))
    ('10 min longer (+33%)', 1)
    """
    if NOTHING in (as_text(kind, now), as_text(kind, before)):
        return "not comparable", 0
    if as_text(kind, now) == as_text(kind, before):
        return "no change", 0
    direction = 1 if now > before else -1
    word = _MORE[kind][direction < 0]
    if kind == "share":
        points = abs(round(now * 100) - round(before * 100))
        return f"{count(points, 'point')} {word}", direction
    by = as_text(kind, abs(now - before))
    return f"{by} {word}{_percent(now, before)}", direction


def _percent(now: Any, before: Any) -> str:
    """Say a change in percent, where there was something that it is a part of."""
    percent = round(now / before * 100 - 100) if before else 0
    return f" ({percent:+,}%)".replace("-", "−") if percent else ""
