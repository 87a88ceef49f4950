"""How plots look: colours, words, fonts, dates, and the text where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours.
BLUE, VERMILION, ORANGE, GREEN, PINK, SKY, GREY = (
    "#0072B2",
    "#D55E00",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#56B4E9",
    "#999999",
)
#: Colour and dashes of one line after another.
LINES = [(BLUE, "-"), (VERMILION, "--"), (GREEN, "-."), (PINK, ":"), (ORANGE, "-"), (SKY, "--")]

WIDE, HIGH = 9, 4
_NARROW, _ROW = 5.5, 0.22  # inches
# What systems bring along for the scripts that DejaVu Sans, matplotlib's own font, lacks.
_FALLBACKS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Hiragino Sans",
    "PingFang SC",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "Arial Unicode MS",
)
_BOX = "□"
_STEPS = {"hour": "h", "day": "D", "week": "W-SUN", "month": "M"}
_DATES = {"hour": "%H:%M\n%d %b", "day": "%d %b\n%Y", "week": "%d %b\n%Y", "month": "%b\n%Y"}


def new_axes(rows: int = 0) -> Axes:
    """Make axes on a figure as wide as a notebook, higher where many named rows are below."""
    from crisp_data.plots.chart_page import Page, chart

    return chart(Page(WIDE, max(HIGH, 1 + rows * _ROW)))


def is_narrow(ax: Axes) -> bool:
    """Say whether axes are too narrow for all that a notebook's width holds."""
    return float(ax.get_window_extent().width) / float(ax.figure.dpi) < _NARROW


def title(ax: Axes, words: str, lines_below: int = 0) -> None:
    """Write a title, with room for the lines of a legend below it.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    words : str
        The title.
    lines_below : int, default 0
        How many lines the legend takes.
    """
    size = "medium" if is_narrow(ax) else "large"
    ax.set_title(words, loc="left", fontsize=size, pad=6 + 12.5 * lines_below)
    ax.tick_params(labelsize=font_size(ax))


def x_label(ax: Axes, words: str, *more: str) -> None:
    """Name the x axis, with further remarks.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    words : str
        The axis's name.
    *more : str
        Further remarks; empty ones are left out.
    """
    words = (";\n" if is_narrow(ax) else "; ").join([words, *filter(None, more)])
    ax.set_xlabel(words, fontsize=font_size(ax))


def y_label(ax: Axes, words: str) -> None:
    """Name the y axis."""
    ax.set_ylabel(words, fontsize=font_size(ax))


def font_size(ax: Axes) -> str:
    """Give the size of letters beside the title."""
    return "small" if is_narrow(ax) else "medium"


def count_axis(ax: Axes) -> None:
    """Begin the y axis at zero and label it with whole numbers."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10], integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))


def note_without_time(rows: int) -> str:
    """Say how many rows have no time; empty where all have one."""
    return f"{rows:,} without a time left out" if rows else ""


def legend(ax: Axes, handles: Sequence[Any], names: Iterable[str], columns: int) -> None:
    """Explain what is drawn between title and axes, where nothing else is.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    handles : Sequence[object]
        What is drawn, as matplotlib's artists.
    names : Iterable[str]
        A name for each.
    columns : int
        How many names stand side by side.
    """
    # Names that begin with an underscore would be left out, so they come in afterwards.
    places = [str(number) for number in range(len(handles))]
    made = ax.legend(
        handles,
        places,
        loc="lower left",
        bbox_to_anchor=(0, 1),
        borderaxespad=0.1,
        borderpad=0.1,
        labelspacing=0.2,
        columnspacing=1.2,
        handlelength=1.8,
        ncols=columns,
        frameon=False,
        fontsize="small",
    )
    for text, name in zip(made.get_texts(), names, strict=True):
        text.update({"text": name, "parse_math": False, "fontfamily": font_families()})


def remove_frame(ax: Axes, *, grid: bool = False) -> None:
    """Remove the lines at the top and the right, which show no data."""
    ax.spines[["top", "right"]].set_visible(False)
    if grid:
        ax.grid(axis="y", color="#dddddd", linewidth=0.6)
        ax.set_axisbelow(True)


def explain_empty(ax: Axes, words: str) -> Axes:
    """Say why nothing is drawn, instead of showing axes of nothing."""
    ax.text(0.5, 0.5, words, ha="center", va="center", transform=ax.transAxes)
    ax.set_xticks([])
    ax.set_yticks([])
    remove_frame(ax)
    return ax


def shown(text: Any, most: int) -> str:
    """Give what someone wrote as one line that can be drawn, cut where it is long."""
    line = " ".join(str(text).split())
    line = line if len(line) <= most else line[: most - 1].rstrip() + "…"
    return "".join(letter if ord(letter) in _letters() else _BOX for letter in line)


def drawable(text: Any) -> bool:
    """Say whether the fonts have the letters of a text."""
    return all(letter.isspace() or ord(letter) in _letters() for letter in str(text))


@cache
def font_families() -> list[str]:
    """List the fonts that draw names, the next where one lacks a letter."""
    from matplotlib.font_manager import fontManager

    there = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in _FALLBACKS if name in there)]


@cache
def _letters() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font

    return frozenset(
        letter for name in font_families() for letter in get_font(findfont(name)).get_charmap()
    )


def wall_clock(moments: Any) -> pd.DatetimeIndex:
    """Give moments as the clock of their zone shows them: matplotlib knows no zones' periods."""
    return pd.DatetimeIndex(moments).tz_localize(None)


def end_of(start: pd.Timestamp, by: str) -> pd.Timestamp:
    """Give the end of the period that begins at a time on the clock."""
    return start.to_period(_STEPS[by]).end_time.ceil("s")


def date_axis(ax: Axes, starts: pd.DatetimeIndex, by: str, clock: str = "UTC") -> None:
    """Put a date at every period, or at every n-th where they are many.

    Parameters
    ----------
    ax : Axes
        Where to draw.
    starts : pandas.DatetimeIndex
        The first moment of each period.
    by : str
        "day", "week" or "month".
    clock : str, default "UTC"
        The zone of the dates.
    """
    from matplotlib.dates import DateFormatter

    periods = pd.period_range(starts[0], starts[-1], freq=_STEPS[by])
    most = 5 if is_narrow(ax) else 9
    ax.set_xticks(periods[:: -(-len(periods) // most)].start_time)
    # A zone, not its name: matplotlib would look the name up in a database of its own.
    zone = pd.DatetimeTZDtype("ns", clock).tz
    ax.xaxis.set_major_formatter(DateFormatter(_DATES[by], tz=zone))  # type: ignore[no-untyped-call]


def duration(length: Any) -> str:
    """Write a duration in its largest unit, to a tenth: 35 min, 1.5 h, 2 days."""
    seconds = pd.Timedelta(length).total_seconds()
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            number = f"{seconds / size:.1f}".removesuffix(".0")
            return "1 day" if (number, unit) == ("1", "days") else f"{number} {unit}"
    return f"{seconds:.0f} s"
