"""What stays open as time goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from crisp_data import metrics
from crisp_data.metrics.frame_checks import check_tz_or, milliseconds
from crisp_data.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINES = {
    "open": ("open tickets", style.BLUE, "-"),
    "waiting": ("questions without an answer", style.VERMILION, "--"),
}


def backlog(
    messages: pd.DataFrame,
    ax: Axes | None = None,
    *,
    by: str = "day",
    tz: str | None = None,
    bots: str | Iterable[str] = (),
    bots_answer: bool = False,
    since: Any = None,
    now: Any = None,
) -> Axes:
    """Draw how many tickets are open, and how many questions wait, as time goes on.

    Parameters
    ----------
    messages : pandas.DataFrame
        As in :func:`crisp_data.metrics.backlog`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure as wide as a notebook where none is given.
    by : str, default "day"
        As in :func:`crisp_data.metrics.backlog`.
    tz : str, optional
        As in :func:`crisp_data.metrics.backlog`.
    bots : str or Iterable[str], optional
        As in :func:`crisp_data.metrics.backlog`.
    bots_answer : bool, default False
        As in :func:`crisp_data.metrics.backlog`.
    since : object, optional
        As in :func:`crisp_data.metrics.backlog`.
    now : object, optional
        As in :func:`crisp_data.metrics.backlog`.

    Returns
    -------
    matplotlib.axes.Axes
        Two lines of steps, ``open`` and ``waiting``: over each period the count at its end, on
        the clock of the zone. The last count is that at ``now``.

    Raises
    ------
    BadParameter
        As in :func:`crisp_data.metrics.backlog`.

    Examples
    --------
    >>> from crisp_data import plots
    >>> ax = plots.backlog(ws.messages(ws.conversations(limit=40)), by="week")
    >>> ax.get_xlabel()
    'Week (UTC), as each ended'
    """
    counts = metrics.backlog(
        messages, by=by, tz=tz, bots=bots, bots_answer=bots_answer, since=since, now=now
    )
    zone = check_tz_or(tz, milliseconds(messages, "timestamp")[1])
    ax = ax or style.new_axes()
    style.x_label(ax, f"{by.capitalize()} ({zone}), as each ended")
    style.y_label(ax, "Tickets and questions")
    if counts.empty:
        style.title(ax, "Backlog")
        return style.explain_empty(ax, "No customer's messages to show.")
    starts = style.wall_clock(counts["start"])
    edges = starts.append(pd.DatetimeIndex([style.end_of(starts[-1], by)]))
    names, lines = [], []
    for column, (name, colour, dashes) in _LINES.items():
        heights = counts[column].to_numpy(int)
        steps = [*heights, heights[-1]]
        (line,) = ax.plot(edges, steps, color=colour, linestyle=dashes, linewidth=2, label=column)
        line.set_drawstyle("steps-post")
        lines.append(line)
        names.append(f"{name}, {heights[-1]:,} now")
    under = [*counts["open"].astype(int), 0]
    ax.fill_between(edges, under, step="post", color=style.BLUE, alpha=0.1, linewidth=0)
    style.date_axis(ax, starts, by)
    ax.margins(x=0.01)
    ax.set_ylim(top=max(1, counts[["open", "waiting"]].to_numpy(int).max() * 1.08))
    style.count_axis(ax)
    style.remove_frame(ax, grid=True)
    columns = 1 if style.is_narrow(ax) else 2
    style.title(ax, "Backlog", 2 // columns)
    style.legend(ax, lines, names, columns)
    return ax
