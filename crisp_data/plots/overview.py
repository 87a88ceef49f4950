"""A workspace on one page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pandas as pd

from crisp_data import metrics
from crisp_data.errors import BadParameter
from crisp_data.metrics.frame_checks import NO_MESSAGES, check_tz_or, milliseconds, needs, times
from crisp_data.plots import style
from crisp_data.plots.about import about
from crisp_data.plots.backlog import backlog
from crisp_data.plots.curve import WITHIN, curve
from crisp_data.plots.grid import by_hour, load
from crisp_data.plots.volume import volume, weekdays

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 9, 12.7  # the shape of a sheet of A4
_DAYS_BY_DAY = 62
_LONGEST_NUMBER = 8  # characters that have room in the head at full size


def overview(
    conversations: Any,
    messages: pd.DataFrame | None = None,
    *,
    title: str | None = None,
    within: Any = WITHIN,
    tz: str | None = None,
    bots: str | Iterable[str] = (),
    now: Any = None,
) -> Figure:
    """Draw a workspace on one page: how much, when, how fast, what is open, who, about what.

    Parameters
    ----------
    conversations : pandas.DataFrame, or a workspace or archive
        Frame of the ``conversations`` table. Or what has ``conversations()`` and
        ``messages(conversations)``, whose frames are then taken: of a workspace that costs
        what pulling all of them costs, of an archive nothing.
    messages : pandas.DataFrame, optional
        Frame of the ``messages`` table, where ``conversations`` is a frame.
    title : str, optional
        What stands on top; "Conversations" and their period where none is given.
    within : str, Timedelta, or several
        Times of service levels, as in :func:`curve`; the head shows the first too.
    tz : str, optional
        Time zone to count in; the frames' own where none is given.
    bots : str or Iterable[str], optional
        As in :func:`crisp_data.metrics.responses`.
    now : object, optional
        As in :func:`crisp_data.metrics.responses`.

    Returns
    -------
    matplotlib.figure.Figure
        A sheet with the shape of A4, which a notebook shows. ``figure.savefig("page.pdf")``
        writes it. Conversations are counted by day up to two months, then by week.

    Raises
    ------
    BadParameter
        As from the metrics; or messages are missing.

    Examples
    --------
    >>> from crisp_data import plots
    >>> conversations = ws.conversations()
    >>> figure = plots.overview(conversations, ws.messages(conversations), tz="Europe/Paris")
    >>> len([ax for ax in figure.axes if ax.get_title(loc="left")])
    8
    """
    from crisp_data.plots.chart_page import Page, chart

    conversations, messages = _frames(conversations, messages)
    at, own = milliseconds(conversations, "created_at")
    zone = check_tz_or(tz, own)
    answers = metrics.first_response(messages, bots=bots, now=now)
    created = pd.Series(times(at, zone))
    by = "day" if created.empty or (created.max() - created.min()).days <= _DAYS_BY_DAY else "week"

    page = Page(_WIDTH, _HEIGHT)
    page.suptitle(title or _heading(created, zone), x=0.01, ha="left", parse_math=False)
    # Rows are laid out each by itself, so that long names in one narrow no other.
    parts = page.subfigures(5, 1, squeeze=False, height_ratios=[0.4, 1, 1, 1, 1])
    head, *rows = parts.flat
    numbers = _numbers(conversations, messages, answers, within, bots=bots, now=now)
    _write_numbers(chart(head), numbers)
    pairs = [(chart(row, 1, 2, 1), chart(row, 1, 2, 2)) for row in rows]
    volume(conversations, pairs[0][0], by=by, tz=zone)
    weekdays(conversations, pairs[0][1], tz=zone)
    by_hour(conversations, pairs[1][0], tz=zone)
    curve(answers, pairs[1][1], within=within)
    backlog(messages, pairs[2][0], by=by, tz=zone, bots=bots, now=now)
    load(messages, pairs[2][1], most=8, tz=zone, bots=bots, now=now)
    about(conversations, pairs[3][0], on="topic", most=9)
    about(conversations, pairs[3][1], on="segment", most=9)
    return page


def _frames(conversations: Any, messages: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take the frames of whatever has them."""
    if not isinstance(conversations, pd.DataFrame) and hasattr(conversations, "conversations"):
        source = conversations
        conversations = source.conversations()
        messages = source.messages(conversations) if messages is None else messages
    needs(conversations, "created_at", of="ws.conversations()")
    if messages is None:
        raise BadParameter(
            "An overview needs messages too.",
            "Pass them: plots.overview(conversations, ws.messages(conversations)).",
        )
    return conversations, messages


def _heading(created: Any, zone: str) -> str:
    if created.notna().sum() == 0:
        return "Conversations"
    first, last = f"{created.min():%d %b %Y}", f"{created.max():%d %b %Y}"
    days = first if first == last else f"{first} to {last}"
    return f"Conversations, {days} ({zone})"


def _numbers(
    conversations: pd.DataFrame,
    messages: pd.DataFrame,
    answers: pd.DataFrame,
    within: Any,
    **options: Any,
) -> dict[str, str]:
    """Give the numbers of the head by what they are."""
    level = metrics.service_level(answers, within=within).iloc[0]
    one_touch = metrics.one_touch(messages, **options)["one_touch"].mean()
    median = metrics.median(answers)
    waiting = len(metrics.waiting(messages, **options))
    written = messages[~messages["type"].isin(NO_MESSAGES)]
    return {
        "conversations\ncreated": f"{len(conversations):,}",
        "messages\nin them": f"{len(written):,}",
        "median\nfirst response": "–" if pd.isna(median) else style.duration(median),
        f"first responses\nwithin {style.duration(level['within'])}": _share(level["share"]),
        "tickets done\nwith one touch": _share(one_touch),
        "questions without\nan answer now": f"{waiting:,}",
    }


def _share(share: Any) -> str:
    return "–" if pd.isna(share) else f"{share:.0%}"


def _write_numbers(ax: Axes, numbers: dict[str, str]) -> None:
    ax.set_axis_off()
    for n, (name, number) in enumerate(numbers.items()):
        place = (n + 0.02) / len(numbers)
        # Long ones are written smaller, or they would run into the next.
        size = 20 * min(1, _LONGEST_NUMBER / len(number))
        ax.text(place, 0.55, number, fontsize=size, color=style.BLUE, transform=ax.transAxes)
        ax.text(place, 0.42, name, va="top", fontsize="small", transform=ax.transAxes)
