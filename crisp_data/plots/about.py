"""What conversations are about: segments, topics, and what else they are grouped by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crisp_data import metrics
from crisp_data.plots import style
from crisp_data.plots.volume import NOTHING, read

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PLURALS = {"country": "countries", "inbox": "inboxes"}


def about(
    conversations: pd.DataFrame, ax: Axes | None = None, *, on: str = "topic", most: int = 12
) -> Axes:
    """Draw how many conversations each topic has, or segment, country, language, inbox, origin.

    Parameters
    ----------
    conversations : pandas.DataFrame
        Frame of the ``conversations`` table.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure as wide as a notebook where none is given.
    on : str
        ``"segment"``, ``"topic"``, ``"country"``, ``"language"``, ``"inbox"`` or ``"origin"``,
        as in :func:`crisp_data.metrics.join`. A conversation counts in each of its segments.
    most : int
        How many to draw, the largest; the x axis says how many more there are.

    Returns
    -------
    matplotlib.axes.Axes
        One bar across for each, the largest on top, with its count. Last and grey, how many
        conversations have none.

    Raises
    ------
    BadParameter
        ``on`` is unknown, or the frame lacks a column.

    Examples
    --------
    >>> from crisp_data import plots
    >>> ax = plots.about(ws.conversations(), on="segment", most=5)
    >>> ax.get_title(loc="left"), len(ax.patches)
    ('Conversations by segment', 6)
    """
    created, _, without = read(conversations, "session_id", tz=None)
    rows = metrics.join(created, conversations, on=on)
    counts = metrics.volume(rows, by=on, at="created_at")
    ax = ax or style.new_axes(rows=min(most, len(counts)))
    style.title(ax, f"Conversations by {on}")
    named = counts[counts[on].notna()].sort_values("count", ascending=False, kind="stable")
    more = len(named) - most
    rest = f"{more:,} smaller {plural(on)} left out" if more > 0 else ""
    several = "one may be in several" if on == "segment" else ""
    style.x_label(ax, "Conversations", several, rest, style.note_without_time(without))
    if created.empty:
        return style.explain_empty(ax, NOTHING)
    top = pd.concat([named.head(most), counts[counts[on].isna()]])
    longest = 26 if style.is_narrow(ax) else 40
    names = [f"no {on}" if pd.isna(name) else style.shown(name, longest) for name in top[on]]
    colours = [style.GREY if pd.isna(name) else style.BLUE for name in top[on]]
    places = np.arange(len(top))
    bars = ax.barh(places, top["count"].to_numpy(int), 0.75, color=colours)
    ax.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize="small")
    small = "small" if len(top) > 8 else style.font_size(ax)
    ax.set_yticks(places, names, parse_math=False, fontfamily=style.font_families(), fontsize=small)
    ax.set_ylim(max(len(top), 3) - 0.4, -0.6)
    ax.margins(x=0.12)
    ax.tick_params(axis="y", length=0)
    # The numbers stand at the bars.
    ax.set_xticks([])
    style.remove_frame(ax)
    ax.spines["bottom"].set_visible(False)
    return ax


def plural(on: str) -> str:
    """Name several of what conversations are grouped by."""
    return _PLURALS.get(on, f"{on}s")
