"""Charts of conversations: frames in, matplotlib axes out.

Every chart counts in one time zone and names it. Colours are those of Okabe and Ito, or of a
map that grows darker evenly, so that they differ for colour-blind readers and in grey.

matplotlib is imported by the call that draws: ``pyplot`` alone takes longer to import than
pandas, and most sessions that pull data draw nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from crisp_data.errors import BadParameter
from crisp_data.moments import check_tz

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["by_hour", "volume"]

_COLOURS = {
    "resolved": "#0072B2",
    "unresolved": "#D55E00",
    "pending": "#E69F00",
    "no state": "#999999",
}
_PERIODS = {"hour": "h", "day": "D", "week": "W-SUN", "month": "M"}
_SHORTEST_DAYS = {"hour": 1 / 24, "day": 1, "week": 7, "month": 28}
_TICKS = {"hour": "%H:%M\n%d %b", "day": "%d %b\n%Y", "week": "%d %b\n%Y", "month": "%b\n%Y"}
_WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MOST_TICKS = 9


def volume(
    conversations: pd.DataFrame, ax: Axes | None = None, by: str = "day", tz: str | None = None
) -> Axes:
    """Draw how many conversations began in each period, stacked by the state they are in now.

    Parameters
    ----------
    conversations : pandas.DataFrame
        Frame of the ``conversations`` table; ``created_at`` and ``state`` are read.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure as wide as a notebook where none is given.
    by : {"day", "hour", "week", "month"}
        Calendar period in the time zone. Weeks begin on Monday. The hour that autumn repeats
        is two bars, a day of 23 or 25 hours is one.
    tz : str, optional
        Time zone to count in, such as ``"Europe/Paris"``; the frame's own where none is given.

    Returns
    -------
    matplotlib.axes.Axes
        One container of bars for each state, each bar in the middle of its period.

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
    if by not in _PERIODS:
        raise BadParameter(f"by={by!r} is no period.", f"Use one of: {', '.join(_PERIODS)}.")
    created, zone = _created(conversations, "state", tz=tz)
    ax = ax or _new_axes()
    across = f"{by.capitalize()} of creation ({zone})"
    _label(ax, f"Conversations created per {by}", across, len(conversations) - len(created))
    ax.set_ylabel("Conversations")
    if created.empty:
        return _explain_empty(ax)
    state = conversations["state"][conversations["created_at"].notna()]
    counts = _counts(created, state, by)
    _draw_bars(ax, counts, by, zone)
    return ax


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
        One mesh of 7 by 24 counts, Monday on top, and beside it a bar that explains colours.

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
    from matplotlib.ticker import MaxNLocator

    created, zone = _created(conversations, tz=tz)
    ax = ax or _new_axes()
    across = f"Hour of the day ({zone})"
    _label(
        ax, "Conversations created by weekday and hour", across, len(conversations) - len(created)
    )
    if created.empty:
        return _explain_empty(ax)
    counts = np.zeros((7, 24), dtype=int)
    np.add.at(counts, (created.dt.day_of_week, created.dt.hour), 1)
    mesh = ax.pcolormesh(counts, cmap="YlGnBu", vmin=0, edgecolors="white", linewidth=0.5)
    ax.set_xticks(np.arange(0, 24, 2) + 0.5, [f"{hour:02}" for hour in range(0, 24, 2)])
    ax.set_yticks(np.arange(7) + 0.5, _WEEKDAYS)
    ax.tick_params(length=0)
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(mesh, ax=ax, ticks=MaxNLocator(6, integer=True))
    bar.set_label("Conversations")
    bar.outline.set_visible(False)
    return ax


def _created(conversations: pd.DataFrame, *others: str, tz: str | None) -> tuple[pd.Series, str]:
    """Return the times of creation in one zone, missing ones left out, and the zone's name."""
    for name in ("created_at", *others):
        if name not in conversations:
            raise BadParameter(
                f"The frame has no column {name!r}.", "Pass a frame of ws.conversations()."
            )
    created = conversations["created_at"]
    if not isinstance(created.dtype, pd.DatetimeTZDtype):
        raise BadParameter(
            "The times of 'created_at' name no time zone.",
            "Say which one they are in: frame['created_at'].dt.tz_localize('UTC').",
        )
    if tz is not None:
        created = created.dt.tz_convert(check_tz(tz))
    return created.dropna(), tz or str(created.dt.tz)


def _counts(created: pd.Series, state: pd.Series, by: str) -> pd.DataFrame:
    """Count rows by the start of their period and their state, in the order of the colours."""
    names = state.astype("str").where(state.isin(list(_COLOURS)), "no state")
    counts = pd.crosstab(_starts(created, by).to_numpy(), names.to_numpy())
    return counts[[name for name in _COLOURS if name in counts]]


def _starts(created: pd.Series, by: str) -> pd.Series:
    """Return the start of each time's period, on the clock of the zone; for hours, in UTC.

    Only hours need the instant: the clock shows one of them twice in autumn.
    """
    clock = created.dt.tz_localize(None)
    if by == "hour":
        past_the_hour = clock - clock.dt.floor("h")
        hours: pd.Series = (created - past_the_hour).dt.tz_convert("UTC").dt.tz_localize(None)
        return hours
    starts: pd.Series = clock.dt.to_period(_PERIODS[by]).dt.start_time
    return starts


def _draw_bars(ax: Axes, counts: pd.DataFrame, by: str, zone: str) -> None:
    from matplotlib.ticker import MaxNLocator

    starts = pd.DatetimeIndex(counts.index)
    length = _SHORTEST_DAYS[by]
    below = np.zeros(len(counts), dtype=int)
    for name, heights in counts.items():
        colour = _COLOURS[str(name)]
        ax.bar(starts, heights, 0.9 * length, bottom=below, color=colour, label=str(name))
        below = below + heights.to_numpy()
    _date_axis(ax, starts, by, zone if by == "hour" else "UTC")
    # A lone bar is a bar, not a wall.
    ax.margins(x=max(0.02, (4 - len(counts)) / (2 * len(counts))))
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    # Head room, so that the legend lies on no bar.
    ax.set_ylim(0, below.max() * 1.2)
    ax.legend(loc="upper left", ncols=len(counts.columns), frameon=False)
    ax.spines[["top", "right"]].set_visible(False)


def _date_axis(ax: Axes, starts: pd.DatetimeIndex, by: str, clock: str) -> None:
    """Put a date under every bar, or under every n-th where they are many."""
    from matplotlib.dates import DateFormatter

    periods = pd.period_range(starts[0], starts[-1], freq=_PERIODS[by])
    ax.set_xticks(periods[:: -(-len(periods) // _MOST_TICKS)].start_time)
    ax.xaxis.set_major_formatter(DateFormatter(_TICKS[by], tz=clock))  # type: ignore[no-untyped-call]


def _new_axes() -> Axes:
    from matplotlib import pyplot

    _, ax = pyplot.subplots(figsize=(9, 4), layout="constrained")
    return ax


def _label(ax: Axes, title: str, across: str, left_out: int) -> None:
    ax.set_title(title, loc="left")
    ax.set_xlabel(f"{across}; {left_out:,} without a time left out" if left_out else across)


def _explain_empty(ax: Axes) -> Axes:
    """Say why nothing is drawn, instead of showing axes of nothing."""
    ax.text(0.5, 0.5, "No conversations to show.", ha="center", va="center", transform=ax.transAxes)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[["top", "right"]].set_visible(False)
    return ax
