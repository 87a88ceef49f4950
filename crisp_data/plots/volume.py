"""How many conversations begin: period by period, and on which days of the week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from crisp_data import metrics
from crisp_data.dates import localize_index
from crisp_data.errors import BadParameter
from crisp_data.metrics.frame_checks import check_tz_or, milliseconds, needs, times
from crisp_data.plots import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A hatch beside each colour, for print without colours.
_STATES = {
    "resolved": (style.BLUE, ""),
    "unresolved": (style.VERMILION, "//"),
    "pending": (style.ORANGE, ".."),
    "no state": (style.GREY, "xx"),
}
_SHORTEST_DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 28}
_WEEKEND = "#ececec"
_MOST_WEEKENDS_DAYS = 130
NOTHING = "No conversations to show."


def volume(
    conversations: pd.DataFrame, ax: Axes | None = None, by: str = "day", tz: str | None = None
) -> Axes:
    """Draw how many conversations began in each period, stacked by the state they are in now.

    Counts are those of :func:`crisp_data.metrics.volume`.

    Parameters
    ----------
    conversations : pandas.DataFrame
        Frame of the ``conversations`` table; ``created_at`` and ``state`` are read.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure as wide as a notebook where none is given.
    by : {"day", "hour", "week", "month"}
        Calendar period in the time zone. Weeks begin on Monday. The hour that autumn repeats
        is two bars, a day of 23 or 25 hours is one. By day, Saturdays and Sundays are shaded
        where there are no more than 130 days.
    tz : str, optional
        Time zone to count in, such as ``"Europe/Paris"``; the frame's own where none is given.

    Returns
    -------
    matplotlib.axes.Axes
        One container of bars for each state, each bar above the date at which its period begins.

    Raises
    ------
    BadParameter
        ``by`` or ``tz`` is unknown, or the frame lacks a column.

    Examples
    --------
    >>> from crisp_data import plots
    >>> ax = plots.volume(ws.conversations(), by="week", tz="Europe/Paris")
    >>> ax.get_title(loc="left")
    'Conversations created per week'
    """
    if by not in _SHORTEST_DAYS:
        raise BadParameter(
            f"by={by!r} is not a period.", f"Use one of: {', '.join(_SHORTEST_DAYS)}."
        )
    created, zone, without = read(conversations, "state", tz=tz)
    ax = ax or style.new_axes()
    style.y_label(ax, "Conversations")
    style.x_label(ax, f"{by.capitalize()} of creation ({zone})", style.note_without_time(without))
    if created.empty:
        style.title(ax, f"Conversations created per {by}")
        return style.explain_empty(ax, NOTHING)
    counts = _counts(created, by)
    columns = 3 if style.is_narrow(ax) else 5
    entries = _draw_bars(ax, counts, by)
    style.date_axis(ax, pd.DatetimeIndex(counts.index), by, zone if by == "hour" else "UTC")
    if by == "day" and (weekend := _shade_weekends(ax, pd.DatetimeIndex(counts.index))):
        entries["weekend"] = weekend
    style.title(ax, f"Conversations created per {by}", -(-len(entries) // columns))
    style.legend(ax, list(entries.values()), entries, columns)
    return ax


def weekdays(conversations: pd.DataFrame, ax: Axes | None = None, tz: str | None = None) -> Axes:
    """Draw on which days of the week conversations begin.

    Parameters
    ----------
    conversations : pandas.DataFrame
        As in :func:`volume`; ``created_at`` is read.
    ax : Axes, optional
        As in :func:`volume`; ``created_at`` is read.
    tz : str, optional
        As in :func:`volume`; ``created_at`` is read.

    Returns
    -------
    matplotlib.axes.Axes
        Seven bars from Monday on, the counts of :func:`crisp_data.metrics.volume` above them.

    Raises
    ------
    BadParameter
        ``tz`` is unknown, or the frame lacks ``created_at``.

    Examples
    --------
    >>> from crisp_data import plots
    >>> [text.get_text() for text in plots.weekdays(ws.conversations()).get_xticklabels()]
    ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
    """
    created, zone, without = read(conversations, tz=tz)
    ax = ax or style.new_axes()
    style.title(ax, "Conversations created by weekday")
    style.x_label(ax, f"Weekday of creation ({zone})", style.note_without_time(without))
    style.y_label(ax, "Conversations")
    if created.empty:
        return style.explain_empty(ax, NOTHING)
    counts = metrics.volume(created, by="weekday", at="created_at")
    days = np.arange(7)
    colours = np.where(days < 5, style.BLUE, style.SKY)
    bars = ax.bar(days, counts["count"].to_numpy(int), 0.8, color=colours.tolist())
    ax.bar_label(bars, fmt="{:,.0f}", fontsize="small", padding=2)
    ax.set_xticks(days, counts["weekday"].tolist())
    ax.margins(y=0.12)
    style.count_axis(ax)
    style.remove_frame(ax)
    return ax


def read(
    conversations: pd.DataFrame, *columns: str, tz: str | None
) -> tuple[pd.DataFrame, str, int]:
    """Give the rows that have a time of creation, in one zone; the zone; how many have none.

    Parameters
    ----------
    conversations : pandas.DataFrame
        Frame of the ``conversations`` table.
    *columns : str
        Names of the columns needed besides ``created_at``.
    tz : str or None
        The zone; the frame's own by default.

    Returns
    -------
    tuple[pandas.DataFrame, str, int]
        The rows with a time, the zone's name, and the number of rows without a time.
    """
    needs(conversations, "created_at", *columns, of="ws.conversations()")
    zone = check_tz_or(tz, milliseconds(conversations, "created_at")[1])
    frame = conversations[["created_at", *columns]]
    there = frame[frame["created_at"].notna()]
    # As pandas' own times, whatever holds them: Arrow's ask the system for its zones.
    there = there.assign(created_at=times(milliseconds(there, "created_at")[0], zone))
    return there.reset_index(drop=True), zone, len(frame) - len(there)


def _counts(created: pd.DataFrame, by: str) -> pd.DataFrame:
    """Count by the start of the period and the state, in the order of the colours.

    Starts are on the clock of the zone, but those of hours in UTC: the clock shows one of them
    twice in autumn. Periods in which nothing began have no bar.
    """
    states = created["state"].astype("str").where(created["state"].isin(list(_STATES)), "no state")
    rows = created.assign(state=states)
    if by == "hour":
        # The hours of the metrics are those of the day; these are hours of the calendar.
        rows["start"] = _hours(rows["created_at"], str(rows["created_at"].dt.tz))
        found = metrics.volume(rows, by=["start", "state"], at="created_at")
    else:
        found = metrics.volume(rows, by=[by, "state"], at="created_at")
        found["start"] = style.wall_clock(found[by]).floor("D")
    counts = found.pivot(index="start", columns="state", values="count").astype(int)
    return counts.loc[counts.sum(axis=1) > 0, [name for name in _STATES if name in counts]]


def _hours(created: pd.Series[Any], zone: str) -> pd.DatetimeIndex:
    """Give the hour of the calendar in which each began, each pass of a repeated one by itself."""
    moments = pd.DatetimeIndex(created)
    clock = moments.tz_localize(None)
    first = localize_index(clock, zone) == moments
    hours = localize_index(clock.floor("h"), zone, first=first)
    return hours.tz_convert("UTC").tz_localize(None)


def _draw_bars(ax: Axes, counts: pd.DataFrame, by: str) -> dict[str, Any]:
    length = _SHORTEST_DAYS[by]
    below = np.zeros(len(counts), dtype=int)
    drawn = {}
    for name, heights in counts.items():
        colour, hatch = _STATES[str(name)]
        drawn[str(name)] = ax.bar(
            pd.DatetimeIndex(counts.index),
            heights,
            0.9 * length,
            bottom=below,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            linewidth=0,
            label=str(name),
        )
        below = below + heights.to_numpy()
    # A lone bar is a bar, not a wall.
    ax.margins(x=max(0.02, (4 - len(counts)) / (2 * len(counts))))
    style.count_axis(ax)
    style.remove_frame(ax, grid=True)
    return drawn


def _shade_weekends(ax: Axes, days: pd.DatetimeIndex) -> Any:
    """Shade the Saturdays and Sundays between the first and the last day."""
    from matplotlib.dates import date2num

    if (days[-1] - days[0]).days > _MOST_WEEKENDS_DAYS:
        return None
    every = pd.date_range(days[0], days[-1])
    left, right = ax.get_xlim()
    shade = None
    for day in every[every.day_of_week >= 5]:
        noon = float(date2num(day))  # type: ignore[no-untyped-call]  # bars stand in the middle of their date
        shade = ax.axvspan(noon - 0.5, noon + 0.5, color=_WEEKEND, linewidth=0, zorder=0)
    ax.set_xlim(left, right)
    return shade
