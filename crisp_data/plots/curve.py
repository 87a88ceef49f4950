"""How long customers wait, as the curve "answered within"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crisp_data import metrics
from crisp_data.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_TICKS = {
    "1 s": 1,
    "10 s": 10,
    "1 min": 60,
    "10 min": 600,
    "1 h": 3_600,
    "8 h": 28_800,
    "1 day": 86_400,
    "1 week": 604_800,
    "1 month": 2_592_000,
    "1 year": 31_536_000,
    "10 years": 315_360_000,
}
_LONGEST_NAME = 24
#: The times of the service levels where none are given.
WITHIN = ("1 hour", "1 day")


def curve(
    found: pd.DataFrame,
    ax: Axes | None = None,
    *,
    within: Any = WITHIN,
    by: str | None = None,
    most: int = 6,
) -> Axes:
    """Draw which share is answered (or resolved) within each time, with service levels.

    Parameters
    ----------
    found : pandas.DataFrame
        What :func:`crisp_data.metrics.first_response`, ``responses`` or ``resolution``
        returned, with the column ``by``; in open time where that is.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure as wide as a notebook where none is given.
    within : str, Timedelta, or several
        Where the lines of service levels stand, such as ``["10 minutes", "1 hour"]``; each
        says the share of :func:`crisp_data.metrics.service_level`, which may differ a little
        from the curve's, for it leaves out what is undecided.
    by : str, optional
        A column to draw a curve for each of, such as one of :func:`crisp_data.metrics.join`.
        The lines of service levels then say no share.
    most : int
        How many curves to draw, of the largest groups; at most 6, and 4 where there is little
        width. The x axis says how many more there are. The largest come first; those of an ordered
        category in its order, so that a colour means the same in each of several plots.

    Returns
    -------
    matplotlib.axes.Axes
        One line for each curve of :func:`crisp_data.metrics.curve`: seconds across, on a scale
        of logarithms, to the longest that any took or lasts.

    Raises
    ------
    BadParameter
        The frame lacks a column, or ``within`` is no duration.

    Examples
    --------
    >>> from crisp_data import metrics, plots
    >>> answers = metrics.first_response(ws.messages(ws.conversations(limit=40)))
    >>> plots.curve(answers, within="1 hour").get_title(loc="left")
    'First responses: answered within'
    """
    groups = [] if by is None else [by]
    steps = metrics.curve(found, by=by)
    levels = metrics.service_level(found, within=within, by=by)
    ax = ax or style.new_axes()
    what = "resolved" if "resolved_at" in found else "answered"
    subject = {"answered": "Responses", "resolved": "Tickets"}[what]
    if what == "answered" and "question" not in found:
        subject = "First responses"
    style.y_label(ax, f"Share {what}")
    found = found.reset_index(drop=True)
    took = found["duration"].dropna()
    most = min(most, 4 if style.is_narrow(ax) else len(style.LINES))
    sizes = levels.drop_duplicates(groups or ["total"]).nlargest(most, "total")
    if by is not None and getattr(found[by].dtype, "ordered", False):
        sizes = sizes.sort_values(by)
    more = levels[groups].drop_duplicates().shape[0] - len(sizes) if groups else 0
    style.x_label(ax, f"Time until {what}", f"{more:,} smaller groups left out" if more else "")
    if took.empty:
        style.title(ax, f"{subject}: {what} within")
        return style.explain_empty(ax, "No durations to show.")
    _scale(ax, took, levels["within"])
    names, lines = [], []
    for (_, group), (colour, dashes) in zip(sizes.iterrows(), style.LINES, strict=False):
        own, durations = steps, took
        if by is not None:
            own = steps[_equals(steps[by], group[by])]
            durations = took[_equals(found[by], group[by])[took.index]]
        lines += _draw(ax, own, durations.max().total_seconds(), colour, dashes)
        names.append(_name(group[by]) + f" ({group['total']:,})" if by else "")
    columns = 1 if style.is_narrow(ax) else 3
    style.title(ax, f"{subject}: {what} within", -(-len(names) // columns) if by else 0)
    if by:
        style.legend(ax, lines, names, columns)
    _draw_levels(ax, levels, share=by is None)
    return ax


def _equals(values: pd.Series[Any], value: Any) -> pd.Series[Any]:
    return values.isna() if pd.isna(value) else values == value


def _name(value: Any) -> str:
    return "none" if pd.isna(value) else style.shown(value, _LONGEST_NAME)


def _draw(ax: Axes, steps: pd.DataFrame, longest: float, colour: str, dashes: str) -> Any:
    """Draw one curve, from zero to the longest time that is known."""
    seconds = steps["duration"].dt.total_seconds().to_numpy(float)
    shares = steps["share"].to_numpy(float)
    return ax.plot(
        [0.0, *seconds, longest],
        [0, *shares, shares[-1] if len(shares) else 0],
        color=colour,
        linestyle=dashes,
        linewidth=2,
        drawstyle="steps-post",
    )


def _scale(ax: Axes, took: pd.Series[Any], within: pd.Series[Any]) -> None:
    """Choose the times across so that service levels and most durations lie between."""
    from matplotlib.ticker import NullLocator, PercentFormatter

    marks = np.array(list(_TICKS.values()))
    seconds = took.dt.total_seconds().to_numpy(float)
    # What few answers take at most is drawn at the left edge, as a share.
    limits = within.dt.total_seconds().clip(lower=1).to_numpy(float)
    shortest = min(np.quantile(seconds, 0.02), limits.min(initial=np.inf))
    first = max(0, np.searchsorted(marks, shortest, side="right") - 1)
    longest = max(seconds.max(), limits.max(initial=0), marks[min(first + 1, len(marks) - 1)])
    last = np.searchsorted(marks, longest, side="right")
    ax.set_xscale("log")
    every = 2 if style.is_narrow(ax) and last - first > 5 else 1
    ax.set_xticks(marks[first:last:every], list(_TICKS)[first:last:every])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(marks[first] * 0.8, longest * 1.3)
    ax.set_ylim(0, 1.04)
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    style.remove_frame(ax, grid=True)


def _draw_levels(ax: Axes, levels: pd.DataFrame, *, share: bool) -> None:
    """Draw a line at each service level, and say beside it what it is."""
    shares = levels.groupby("within")["share"].mean()
    left, right = np.log(ax.get_xlim())
    for n, (within, known) in enumerate(shares.items()):
        seconds = max(pd.Timedelta(str(within)).total_seconds(), 1)
        label = style.duration(within)
        if share:
            label += ": undecided" if pd.isna(known) else f": {known:.0%}"
        ax.axvline(seconds, color="#444444", linestyle=(0, (4, 3)), linewidth=1)
        # Above a curve that is still low and below one that is high; to the left where the
        # right edge is near. Each on a line of its own, so that near ones do not overlap.
        low = pd.notna(known) and known < 0.4
        late = (np.log(seconds) - left) / (right - left) > 0.7
        ax.annotate(
            label,
            (seconds, 1 if low else 0),
            xycoords=("data", "axes fraction"),
            xytext=(-3 if late else 3, -14 * (n + 1) if low else 4 + 14 * n),
            textcoords="offset points",
            ha="right" if late else "left",
            fontsize="small",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
        )
