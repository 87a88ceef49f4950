"""The tables of a report: cells as text, with the captions that explain them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from crisp_data import metrics
from crisp_data.plots import style
from crisp_data.plots.about import plural
from crisp_data.plurals import count
from crisp_data.report import wording
from crisp_data.report.period_view import PeriodView
from crisp_data.report.wording import NOTHING, as_text, change

_MOST = 10
_LONGEST = 60
# Where an operator reads a conversation (*observed* in many programs, not documented).
_ADDRESS = "https://app.crisp.chat/website/{website_id}/inbox/{session_id}/"


@dataclass(frozen=True)
class Cell:
    """A text, and where it leads if somebody follows it."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Table:
    """Rows whose first cell names them; all columns from ``numbers`` on are figures."""

    title: str
    caption: str
    columns: list[str]
    rows: list[list[Cell]]
    numbers: int = 1
    notes: list[str] = field(default_factory=list)
    nothing: str = "None."


def operators(view: PeriodView) -> Table:
    """Count what each operator did in the period."""
    found = view.operators
    rows = [
        [
            _one_line(_name(row.nickname, row.user_id)),
            *(
                as_text("count", n)
                for n in (row.messages, row.tickets, row.replies, row.resolutions)
            ),
            *(as_text("duration", took) for took in (row.median_response, row.p90_response)),
        ]
        for row in found.itertuples()
    ]
    return Table(
        "Operators",
        "What each operator wrote, answered and resolved in the period, and how fast they "
        "answered customers.",
        ["Operator", "Messages", "Tickets", "Answers", "Resolved", "Median answer", "9 of 10 in"],
        [[Cell(text) for text in row] for row in rows],
        nothing="No operator wrote in the period.",
    )


def by_group(
    now: PeriodView,
    before: PeriodView | None,
    on: str,
    *,
    within: pd.Timedelta,
    names: Mapping[str, str] | None = None,
) -> Table:
    """Count how many conversations each topic has (or segment, ...), and how fast it is answered.

    Parameters
    ----------
    now : PeriodView
        The period.
    before : PeriodView or None
        The period before; None where it is not known.
    on : str
        The column to group by.
    within : pd.Timedelta
        The time of the service level.
    names : Mapping[str, str], optional
        Names to show for the column's values.

    Returns
    -------
    Table
        The table, most conversations first.
    """
    found = _groups(now, before, on, within)
    named, without = found[found[on].notna()], found[found[on].isna()]
    rows = []
    for row in pd.concat([named.head(_MOST), without]).to_dict("records"):
        cells = [_group_name(row[on], on, names), as_text("count", row["now"])]
        if before is not None:
            cells += [
                as_text("count", row["before"]),
                change("count", row["now"], row["before"])[0],
            ]
        cells += [as_text("duration", row["median"]), as_text("share", row["share"])]
        rows.append([Cell(text) for text in cells])
    compared = [before.period.name, "Change"] if before is not None else []
    more = len(named) - _MOST
    several = "A conversation with several segments counts in each."
    smaller = f"{count(more, f'smaller {on}', f'smaller {plural(on)}')} not shown."
    return Table(
        plural(on).capitalize(),
        f"Conversations that began in the period, by {on}, and how soon operators answered the "
        "first questions of their tickets.",
        [
            on.capitalize(),
            now.period.name,
            *compared,
            "Median first response",
            f"Within {style.duration(within)}",
        ],
        rows,
        notes=[*([several] if on == "segment" else []), *([smaller] if more > 0 else [])],
        nothing="No conversation began in the period.",
    )


def longest(view: PeriodView, now: pd.Timestamp, *, links: bool) -> Table:
    """List who waits for an answer at the moment at which the data were read.

    Parameters
    ----------
    view : PeriodView
        The period.
    now : pandas.Timestamp
        When the frames were read.
    links : bool
        Whether to link to the conversations.

    Returns
    -------
    Table
        The table, the longest wait first.
    """
    found = metrics.waiting(view.messages, hours=view.hours, bots=view.bots, now=now)
    known = view.conversations.drop_duplicates("session_id").set_index("session_id")
    facts = known[["website_id", "nickname", "topic", "assigned_user_id"]]
    who = view.messages.dropna(subset=["user_id"]).groupby("user_id")["nickname"].last()
    rows = []
    for row in found.head(_MOST).join(facts, on="session_id").to_dict("records"):
        assigned = row["assigned_user_id"]
        where = {name: row[name] for name in ("website_id", "session_id")}
        link = _ADDRESS.format(**where) if links else ""
        rows.append(
            [
                Cell(_one_line(_name(row["nickname"], None)), link),
                Cell(_one_line(row["topic"])),
                Cell(
                    "nobody" if pd.isna(assigned) else _one_line(_name(who.get(assigned), assigned))
                ),
                Cell(wording.moment(row["waiting_since"].tz_convert(view.period.tz))),
                Cell(as_text("duration", row["duration"])),
            ]
        )
    more = len(found) - len(rows)
    return Table(
        "Who waits longest",
        f"Customers in open tickets whose question had no answer by {wording.moment(now)}, the "
        "longest wait first.",
        ["Customer", "About", "Assigned to", "Since", "For"],
        rows,
        numbers=3,
        notes=[f"{count(more, 'more customer')} not shown."] if more > 0 else [],
        nothing="Nobody waits.",
    )


def _groups(
    now: PeriodView, before: PeriodView | None, on: str, within: pd.Timedelta
) -> pd.DataFrame:
    """Measure each group: conversations ``now`` and ``before``, ``median`` and ``share``."""
    found = _counts(now, on, "now")
    if before is not None:
        found = found.merge(_counts(before, on, "before"), how="outer", on=on)
        found = found.fillna({"now": 0, "before": 0})
    answers = metrics.join(now.answers, now.conversations, on=on)
    level = metrics.service_level(answers, within=within, by=on)
    half = metrics.median(answers, by=on).reset_index()
    for measured in (half, level[[on, "share"]]):
        found = found.merge(measured.astype({on: "str"}), how="left", on=on)
    sizes = [name for name in ("now", "before") if name in found]
    return found.sort_values([*sizes, on], ascending=[*[False] * len(sizes), True])


def _counts(view: PeriodView, on: str, name: str) -> pd.DataFrame:
    """Count the conversations that began."""
    rows = metrics.join(view.created[["session_id"]], view.conversations, on=on)
    counts = rows.groupby(on, dropna=False).size()
    return counts.astype("Int64").rename(name).reset_index().astype({on: "str"})


def _group_name(name: Any, on: str, names: Mapping[str, str] | None) -> str:
    if pd.isna(name):
        return "main inbox" if on == "inbox" else f"no {on}"
    return _one_line((names or {}).get(name, name))


def _name(nickname: Any, user_id: Any) -> str:
    if pd.notna(nickname) and str(nickname).strip():
        return str(nickname)
    return "no name" if user_id is None or pd.isna(user_id) else str(user_id)[:8]


def _one_line(text: Any) -> str:
    """Give what somebody wrote as one line, cut where it is long."""
    line = NOTHING if text is None or pd.isna(text) else " ".join(str(text).split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"
