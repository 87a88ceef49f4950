"""What stands on the page, and what a reader has to know about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from crisp_data.counts import count
from crisp_data.metrics import BusinessHours
from crisp_data.metrics.frame_checks import names
from crisp_data.report import tables, wording
from crisp_data.report.charts import charts
from crisp_data.report.figures import figures
from crisp_data.report.inputs import ReportInputs
from crisp_data.report.page import Report
from crisp_data.report.period_view import PeriodView


def seen(
    material: ReportInputs, hours: BusinessHours | None, bots: str | Iterable[str]
) -> tuple[PeriodView, PeriodView | None]:
    """Look at the period, and at the one before where it is complete.

    Parameters
    ----------
    material : ReportInputs
        The frames and the period.
    hours : BusinessHours or None
        Count open time only.
    bots : str or Iterable[str]
        ``user_id`` or ``nickname`` of bots.

    Returns
    -------
    tuple[PeriodView, PeriodView or None]
        The period, and the one before; None where that is not complete.
    """
    known = names(bots)

    def look(period: Any) -> PeriodView:
        return PeriodView(period, material.conversations, material.messages, hours, known)

    before = look(material.period.before()) if material.comparable else None
    return look(material.period), before


def compose(
    material: ReportInputs,
    title: str | None,
    within: list[pd.Timedelta],
    hours: BusinessHours | None,
    bots: str | Iterable[str],
    *,
    private: bool,
) -> Report:
    """Measure and draw what the page shows.

    Parameters
    ----------
    material : ReportInputs
        The frames and the period.
    title : str or None
        The page's title; None takes the website's name.
    within : list[pd.Timedelta]
        Times of service levels, the first as a key figure.
    hours : BusinessHours or None
        Count open time only.
    bots : str or Iterable[str]
        ``user_id`` or ``nickname`` of bots.
    private : bool
        Whether to leave out the addresses of conversations.

    Returns
    -------
    Report
        What the page shows.
    """
    now, before = seen(material, hours, bots)
    boxes = material.inboxes
    called = {} if boxes is None else dict(zip(boxes["inbox_id"], boxes["name"], strict=True))
    about = {"topic": {}, "segment": {}, "inbox": called, "country": {}}
    return Report(
        title=title or material.name or "Conversations",
        period=now.period.name,
        before=before.period.name if before is not None else "",
        facts=_facts(material),
        warnings=_warnings(material, now),
        figures=figures(now, before, within),
        charts=charts(now, before, within),
        tables=[
            tables.longest(now, material.now, links=not private),
            tables.operators(now),
            *(
                tables.about(now, before, on, within=within[0], names=named)
                for on, named in about.items()
            ),
        ],
        notes=_notes(material, now, hours, private),
    )


def _facts(material: ReportInputs) -> list[str]:
    compared = f"Compared with {material.period.before().name}" if material.comparable else ""
    spent = "" if material.requests is None else f"{count(material.requests, 'request')} spent"
    made = f"As of {wording.moment(material.now)}"
    return [fact for fact in (compared, f"Times in {material.period.tz}", made, spent) if fact]


def _warnings(material: ReportInputs, now: PeriodView) -> list[str]:
    told = []
    if material.complete is not None:
        first, last = (wording.moment(end) for end in material.complete)
        held = f"What was read is complete from {first} to {last} only"
        if not material.whole:
            told.append(f"{held}: {now.period.name} lacks the rest, and so do its figures.")
        if not material.comparable:
            told.append(f"{held}, so {now.period.before().name} is not compared.")
    if not len(now.rows):
        told.append(f"Nobody wrote in {now.period.name}.")
    if pd.notna(now.masked) and now.masked > 0:
        told.append(
            f"Crisp has masked {now.masked:.0%} of the texts (“xxxx xx”), as it does with old ones "
            "of free workspaces. Times and counts stay right."
        )
    return told


def _notes(
    material: ReportInputs, now: PeriodView, hours: BusinessHours | None, private: bool
) -> list[str]:
    since = material.since or material.conversations["updated_at"].min()
    if material.complete is not None:
        since = max(since, material.complete[0])
    back = "" if pd.isna(since) else f", updated since {wording.moment(since, time=False)},"
    waits = int(now.answers["censored"].sum())
    told = [
        "Each period is looked at from its end: what came later, an answer too, is not seen, so "
        "both are compared on equal terms.",
        "A conversation is cut into tickets where it was resolved: the customer’s next message "
        "opens another.",
        f"Of {len(now.answers):,} first questions {waits:,} had no answer when the period ended. "
        "Medians and curves count how long they had waited by then, by Kaplan and Meier, instead "
        "of leaving them out.",
        f"{len(material.conversations):,} conversations{back} were read with their "
        f"{len(material.messages):,} messages and events. Tickets that lay still before are "
        "neither in the backlog nor among those who wait.",
        f"Days, months and hours are in {material.period.tz}, the time zone set for "
        "this report. Crisp stores no time zone for a website.",
    ]
    without = int(now.conversations["created_at"].isna().sum())
    if without:
        told.append(f"{count(without, 'conversation')} without a creation time left out.")
    if hours is not None:
        told.append(f"Durations count opening hours only: {hours!r}.")
    if private:
        told.append("Names are replaced by tokens, and texts are scrubbed.")
    return told
