"""Heat maps over the hours of the day: when conversations begin, and who writes when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crisp_data import metrics
from crisp_data.metrics.frame_checks import check_tz_or, milliseconds
from crisp_data.plots import style
from crisp_data.plots.volume import NOTHING, read

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST_NAME = 18


def by_hour(conversations: pd.DataFrame, ax: Axes | None = None, tz: str | None = None) -> Axes:
    """Draw when conversations begin: a heat map of weekday by hour of the day.

    Parameters
    ----------
    conversations : pandas.DataFrame
        Frame of the ``conversations`` table; ``created_at`` is read.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure as wide as a notebook where none is given.
    tz : str, optional
        Time zone to count in; the frame's own where none is given.

    Returns
    -------
    matplotlib.axes.Axes
        One mesh of 7 by 24 counts of :func:`crisp_data.metrics.volume`, Monday on top, and
        beside it a bar that explains colours.

    Raises
    ------
    BadParameter
        ``tz`` is unknown, or the frame lacks ``created_at``.

    Examples
    --------
    >>> from crisp_data import plots
    >>> ax = plots.by_hour(ws.conversations(), tz="Europe/Paris")
    >>> ax.get_xlabel()
    'Hour of the day (Europe/Paris)'
    """
    created, zone, without = read(conversations, tz=tz)
    ax = ax or style.new_axes()
    style.title(ax, "Conversations created by weekday and hour")
    style.x_label(ax, f"Hour of the day ({zone})", style.note_without_time(without))
    if created.empty:
        return style.explain_empty(ax, NOTHING)
    counts = metrics.volume(created, by=["weekday", "hour"], at="created_at")
    cells = counts.pivot(index="weekday", columns="hour", values="count").to_numpy(int)
    _mesh(ax, cells, list(counts["weekday"].cat.categories), "Conversations")
    return ax


def load(
    messages: pd.DataFrame,
    ax: Axes | None = None,
    *,
    most: int = 12,
    tz: str | None = None,
    bots: str | Iterable[str] = (),
    bots_answer: bool = False,
    now: Any = None,
) -> Axes:
    """Draw what each operator writes by the hour of the day: a heat map of who by when.

    Parameters
    ----------
    messages : pandas.DataFrame
        As in :func:`crisp_data.metrics.load`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure as wide as a notebook where none is given.
    most : int
        How many operators to draw, those with most messages; the x axis says how many more
        there are.
    tz : str, optional
        As in :func:`crisp_data.metrics.load`.
    bots : str or Iterable[str], optional
        As in :func:`crisp_data.metrics.load`.
    bots_answer : bool, default False
        As in :func:`crisp_data.metrics.load`.
    now : object, optional
        As in :func:`crisp_data.metrics.load`.

    Returns
    -------
    matplotlib.axes.Axes
        One mesh, operators with most messages on top, and how many they wrote beside their
        names. A name that no font here can draw is replaced by the beginning of the ``user_id``.

    Raises
    ------
    BadParameter
        As in :func:`crisp_data.metrics.load`.

    Examples
    --------
    >>> from crisp_data import plots
    >>> ax = plots.load(ws.messages(ws.conversations(limit=40)), most=3)
    >>> len(ax.get_yticklabels())
    3
    """
    counts = metrics.load(messages, by="hour", tz=tz, bots=bots, bots_answer=bots_answer, now=now)
    zone = check_tz_or(tz, milliseconds(messages, "timestamp")[1])
    ax = ax or style.new_axes(rows=min(most, len(counts) // 24))
    style.title(ax, "Messages by operator and hour")
    # Each operator has all 24 hours, one after the other.
    cells = counts["messages"].to_numpy(int).reshape(-1, 24)
    people = counts[["user_id", "nickname"]].iloc[::24]
    order = np.argsort(-cells.sum(axis=1), kind="stable")[:most]
    more = len(cells) - len(order)
    hour = f"Hour of the day ({zone})"
    style.x_label(ax, hour, f"{more:,} more operators left out" if more else "")
    if not len(cells):
        return style.explain_empty(ax, "No operator's messages to show.")
    names = [_name(*who) for who in people.iloc[order].itertuples(index=False)]
    labels = [f"{name}  {cells[row].sum():,}" for name, row in zip(names, order, strict=True)]
    _mesh(ax, cells[order], labels, "Messages")
    return ax


def _name(user_id: Any, nickname: Any) -> str:
    if pd.notna(nickname) and str(nickname).strip() and style.drawable(nickname):
        return style.shown(nickname, _LONGEST_NAME)
    return "no name" if pd.isna(user_id) else style.shown(str(user_id)[:8], _LONGEST_NAME)


def _mesh(ax: Axes, cells: Any, rows: Sequence[str], unit: str) -> None:
    from matplotlib.ticker import MaxNLocator

    mesh = ax.pcolormesh(cells, cmap="YlGnBu", vmin=0, edgecolors="white", linewidth=0.5)
    hours = np.arange(0, 24, 4 if style.is_narrow(ax) else 2)
    ax.set_xticks(hours + 0.5, [f"{hour:02}" for hour in hours])
    ax.set_yticks(
        np.arange(len(rows)) + 0.5, rows, parse_math=False, fontfamily=style.font_families()
    )
    ax.tick_params(length=0)
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(mesh, ax=ax, ticks=MaxNLocator(5, integer=True), aspect=15, pad=0.02)
    bar.set_label(unit, fontsize=style.font_size(ax))
    bar.ax.tick_params(labelsize=style.font_size(ax))
    bar.outline.set_visible(False)
