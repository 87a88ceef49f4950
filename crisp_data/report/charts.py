"""The pictures of a report: plots as SVG inside the page, each with its finding in words.

SVG is sharp on any screen and on paper. As an image it is shut off from the page: it can ask for
nothing, and its names meet no others. Letters are drawn as shapes, for a reader's machine may
lack the font.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pandas as pd

from crisp_data import metrics, plots
from crisp_data.plurals import count
from crisp_data.report.period_view import PeriodView
from crisp_data.report.wording import as_text

_WIDTH, _HEIGHT = 4.8, 3.1  # inches: what two beside each other, and a telephone, can show
_CSS = 96  # pixels an inch
_DAYS_BY_DAY = 62
_NOTHING = {"Date": None, "Creator": None}


@dataclass(frozen=True)
class Chart:
    """A picture as a ``data:`` address, its words for who does not see it, and its size."""

    source: str
    alt: str
    caption: str = ""
    width: int = round(_WIDTH * _CSS)
    height: int = round(_HEIGHT * _CSS)


def charts(now: PeriodView, before: PeriodView | None, within: list[pd.Timedelta]) -> list[Chart]:
    """Draw a period: how much, how fast, when, what stays open, and who.

    Parameters
    ----------
    now : PeriodView
        The period.
    before : PeriodView or None
        The period before; None where it is not known.
    within : list[pd.Timedelta]
        Times of service levels.

    Returns
    -------
    list[Chart]
        The charts, in the page's order.
    """
    tz = now.period.tz
    by = "day" if now.period.days <= _DAYS_BY_DAY else "week"
    options: dict[str, Any] = {"tz": tz, "bots": now.bots}
    span: dict[str, Any] = {"by": by, "since": now.period.start, "now": now.period.last}
    level: dict[str, Any] = {"within": within, "by": "period" if before is not None else None}
    answers = _answers(now, before)
    return [
        _chart(
            lambda ax: plots.volume(now.created, ax, by=by, tz=tz),
            _volume(now, by),
            "Colours show the states when the data were read.",
        ),
        _chart(lambda ax: plots.curve(answers, ax, **level), _curve(now, before, within)),
        _chart(lambda ax: plots.by_hour(now.created, ax, tz=tz), _hours(now)),
        _chart(lambda ax: plots.weekdays(now.created, ax, tz=tz), _weekdays(now)),
        _chart(
            lambda ax: plots.backlog(now.messages, ax, **options, **span),
            _backlog(now, by),
            "“Now” is the end of the period.",
        ),
        _chart(lambda ax: plots.load(now.rows, ax, most=8, **options), _load(now)),
    ]


def _answers(now: PeriodView, before: PeriodView | None) -> pd.DataFrame:
    """Put first responses of both periods below each other, this one first."""
    both = [view for view in (now, before) if view is not None]
    names = pd.CategoricalDtype([view.period.name for view in both], ordered=True)
    frames = [view.answers.assign(period=view.period.name) for view in both]
    return pd.concat(frames, ignore_index=True).astype({"period": names})


def _chart(draw: Any, alt: str, caption: str = "") -> Chart:
    from matplotlib import rc_context

    from crisp_data.plots.chart_page import Page, chart

    file = BytesIO()
    # The same data make the same bytes: no random names, no date.
    with rc_context({"svg.hashsalt": "crisp_data", "svg.fonttype": "path"}):
        page = Page(_WIDTH, _HEIGHT)
        draw(chart(page))
        page.savefig(file, format="svg", metadata=_NOTHING, transparent=True)
    drawn = file.getvalue()
    # Without its DOCTYPE, which names an address.
    picture = base64.b64encode(drawn[drawn.index(b"<svg") :]).decode()
    return Chart(f"data:image/svg+xml;base64,{picture}", alt, caption)


def _volume(view: PeriodView, by: str) -> str:
    counts = metrics.volume(view.created, by=by, at="created_at", tz=view.period.tz)
    words = f"Conversations created per {by}: {len(view.created):,} in total"
    if not len(view.created):
        return f"{words}."
    most = counts.iloc[counts["count"].argmax()]
    return f"{words}, most in the {by} of {most[by]:%d %B}, {most['count']:,}."


def _curve(now: PeriodView, before: PeriodView | None, within: list[pd.Timedelta]) -> str:
    parts = []
    for view in (now, before):
        if view is not None:
            levels = metrics.service_level(view.answers, within=within)
            shares = [
                f"{as_text('share', level.share)} within {as_text('duration', level.within)}"
                for level in levels.itertuples()
            ]
            parts.append(f"{view.period.name}: {', '.join(shares)}")
    return f"First responses, share answered within a time. {'; '.join(parts)}."


def _hours(view: PeriodView) -> str:
    words = "Conversations created by weekday and hour of the day"
    counts = metrics.volume(
        view.created, by=["weekday", "hour"], at="created_at", tz=view.period.tz
    )
    most = counts.iloc[counts["count"].argmax()]
    if not most["count"]:
        return f"{words}: none."
    busiest = f"{most['weekday']} from {most['hour']:02} to {most['hour'] + 1:02} o’clock"
    return f"{words}: most on {busiest}, {most['count']:,}."


def _weekdays(view: PeriodView) -> str:
    counts = metrics.volume(view.created, by="weekday", at="created_at", tz=view.period.tz)
    days = ", ".join(f"{day} {number:,}" for day, number in counts.itertuples(index=False))
    return f"Conversations created by weekday: {days}."


def _backlog(view: PeriodView, by: str) -> str:
    counts = metrics.backlog(
        view.messages,
        by=by,
        tz=view.period.tz,
        bots=view.bots,
        since=view.period.start,
        now=view.period.last,
    )
    if counts.empty:
        return "Backlog: nothing to show."
    first, last = counts.iloc[0], counts.iloc[-1]
    return (
        f"Backlog: {count(first['open'], 'open ticket')} after the first {by}, {last['open']:,} at "
        f"the end; {count(first['waiting'], 'question')} without an answer after the first {by}, "
        f"{last['waiting']:,} at the end."
    )


def _load(view: PeriodView) -> str:
    found = view.operators[view.operators["messages"] > 0]
    who = ", ".join(
        f"{'no name' if pd.isna(name) else name} {number:,}"
        for name, number in zip(found["nickname"].head(8), found["messages"].head(8), strict=True)
    )
    return f"Messages by operator and hour of the day: {who or 'none'}."
