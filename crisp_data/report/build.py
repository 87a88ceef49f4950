"""What stands on the page, and what a reader has to know about it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crisp_data.metrics import BusinessHours
from crisp_data.plurals import count
from crisp_data.report import tables, wording
from crisp_data.report.charts import charts
from crisp_data.report.figures import figures
from crisp_data.report.inputs import ReportInputs
from crisp_data.report.page import Report
from crisp_data.report.period_view import PeriodView


def period_views(
    inputs: ReportInputs, hours: BusinessHours | None, bots: list[str]
) -> tuple[PeriodView, PeriodView | None]:
    """Look at the period, and at the one before where it is complete.

    Parameters
    ----------
    inputs : ReportInputs
        The frames and the period.
    hours : BusinessHours or None
        Count open time only.
    bots : list of str
        ``user_id`` or ``nickname`` of bots.

    Returns
    -------
    tuple[PeriodView, PeriodView or None]
        The period, and the one before; None where that is not complete.
    """

    def view(period: Any) -> PeriodView:
        return PeriodView(period, inputs.conversations, inputs.messages, hours, bots)

    before = view(inputs.period.before()) if inputs.comparable else None
    return view(inputs.period), before


def compose(
    inputs: ReportInputs,
    title: str | None,
    within: list[pd.Timedelta],
    hours: BusinessHours | None,
    bots: list[str],
    *,
    private: bool,
) -> Report:
    """Measure and draw what the page shows.

    Parameters
    ----------
    inputs : ReportInputs
        The frames and the period.
    title : str or None
        The page's title; None takes the website's name.
    within : list[pd.Timedelta]
        Times of service levels, the first as a key figure.
    hours : BusinessHours or None
        Count open time only.
    bots : list of str
        ``user_id`` or ``nickname`` of bots.
    private : bool
        Whether to leave out the addresses of conversations.

    Returns
    -------
    Report
        What the page shows.
    """
    now, before = period_views(inputs, hours, bots)
    inboxes = inputs.inboxes
    inbox_names = (
        {} if inboxes is None else dict(zip(inboxes["inbox_id"], inboxes["name"], strict=True))
    )
    groups = {"topic": {}, "segment": {}, "inbox": inbox_names, "country": {}}
    return Report(
        title=title or inputs.name or "Conversations",
        period=now.period.name,
        before=before.period.name if before is not None else "",
        facts=_facts(inputs),
        warnings=_warnings(inputs, now),
        figures=figures(now, before, within),
        charts=charts(now, before, within),
        tables=[
            tables.longest(now, inputs.now, links=not private),
            tables.operators(now),
            *(
                tables.by_group(now, before, on, within=within[0], names=labels)
                for on, labels in groups.items()
            ),
        ],
        notes=_notes(inputs, now, hours, private),
    )


def _facts(inputs: ReportInputs) -> list[str]:
    compared = f"Compared with {inputs.period.before().name}" if inputs.comparable else ""
    spent = "" if inputs.requests is None else f"{count(inputs.requests, 'request')} spent"
    made = f"As of {wording.moment(inputs.now)}"
    return [fact for fact in (compared, f"Times in {inputs.period.tz}", made, spent) if fact]


def _warnings(inputs: ReportInputs, now: PeriodView) -> list[str]:
    lines = []
    if inputs.complete is not None:
        first, last = (wording.moment(end) for end in inputs.complete)
        span = f"The data are complete from {first} to {last} only"
        if not inputs.whole:
            lines.append(f"{span}: {now.period.name} lacks the rest, and so do its figures.")
        if not inputs.comparable:
            lines.append(f"{span}, so {now.period.before().name} is not compared.")
    if not len(now.rows):
        lines.append(f"Nobody wrote in {now.period.name}.")
    if pd.notna(now.masked) and now.masked > 0:
        lines.append(
            f"Crisp has masked {now.masked:.0%} of the texts (“xxxx xx”), as it does with "
            "old texts of free workspaces. Times and counts remain correct."
        )
    return lines


def _notes(
    inputs: ReportInputs, now: PeriodView, hours: BusinessHours | None, private: bool
) -> list[str]:
    since = inputs.since or inputs.conversations["updated_at"].min()
    if inputs.complete is not None:
        since = max(since, inputs.complete[0])
    back = "" if pd.isna(since) else f", updated since {wording.moment(since, time=False)},"
    waits = int(now.answers["censored"].sum())
    lines = [
        "Figures count what happened by the end of each period. Later answers do not count, so the "
        "two periods compare fairly.",
        "Resolving a conversation ends a ticket. The customer’s next message opens a new one.",
        f"Of {count(len(now.answers), 'first question')}, {waits:,} had no answer when the period "
        "ended. Medians and curves include their waiting time so far (Kaplan-Meier estimate).",
        f"The report covers {count(len(inputs.conversations), 'conversation')}{back} with "
        f"{count(len(inputs.messages), 'message or event', 'messages and events')}. The backlog "
        "and the waiting customers leave out conversations without a later update.",
        f"Days, months and hours are in {inputs.period.tz}, the time zone set for this report. "
        "Crisp stores no time zone for a website.",
    ]
    without = int(now.conversations["created_at"].isna().sum())
    if without:
        lines.append(f"Conversations without a creation time, not counted: {without:,}.")
    if hours is not None:
        lines.append(f"Durations count opening hours only: {hours!r}.")
    if private:
        lines.append("Names are replaced by tokens, and personal data are removed from texts.")
    return lines
