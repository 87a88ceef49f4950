"""The key figures: what each is, what it means in a line, and how it changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crisp_data import metrics
from crisp_data.errors import BadParameter
from crisp_data.metrics.frame_checks import length
from crisp_data.plots import style
from crisp_data.report import wording
from crisp_data.report.period_view import PeriodView
from crisp_data.report.wording import Kind


@dataclass(frozen=True)
class Figure:
    """One figure of a period, beside that of the period before.

    Attributes
    ----------
    name, meaning : str
    kind : {"count", "duration", "share"}
    now, before
        Its values; ``before`` is None where there is nothing to compare with.
    better : int
        1 where more is better, -1 where less is, 0 where it is neither.
    """

    name: str
    kind: Kind
    meaning: str
    now: Any
    before: Any = None
    better: int = 0

    @property
    def change(self) -> str:
        """How it differs from the one before, in words."""
        return wording.change(self.kind, self.now, self.before)[0]

    @property
    def verdict(self) -> str:
        """``better``, ``worse``, or nothing."""
        direction = wording.change(self.kind, self.now, self.before)[1] * self.better
        return {1: "better", -1: "worse"}.get(direction, "")


def limits(within: Any) -> list[pd.Timedelta]:
    """Read the times of service levels: one, or several of which the first is a key figure."""
    several = isinstance(within, Iterable) and not isinstance(within, str)
    read = [length(one, "within") for one in (within if several else [within])]
    if not read:
        raise BadParameter("within must list at least one duration.", "For example '1 hour'.")
    return [pd.Timedelta(milliseconds=one) for one in read]


def figures(now: PeriodView, before: PeriodView | None, within: list[pd.Timedelta]) -> list[Figure]:
    """Measure the key figures of a period, and of the one before where that is known.

    Parameters
    ----------
    now : PeriodView
        The period.
    before : PeriodView or None
        The period before; None where it is not known.
    within : list[pd.Timedelta]
        Times of service levels; the first is taken.

    Returns
    -------
    list[Figure]
        The key figures, in the page's order.
    """
    limit = style.duration(within[0])
    these = _measure(now, within[0])
    those = [None] * len(these) if before is None else _measure(before, within[0])
    return [
        Figure(name.format(limit=limit), kind, meaning.format(limit=limit), value, was, better)
        for (name, kind, better, meaning), value, was in zip(_FIGURES, these, those, strict=True)
    ]


def frame(found: list[Figure]) -> pd.DataFrame:
    """Give figures as rows."""
    rows = [(one.name, one.now, one.before, one.change) for one in found]
    columns = ["figure", "now", "before", "change"]
    return pd.DataFrame(rows, columns=columns, dtype=object).astype(
        {"figure": "str", "change": "str"}
    )


_FIGURES: list[tuple[str, Kind, int, str]] = [
    ("Conversations", "count", 0, "Conversations created in the period."),
    ("Customers", "count", 0, "Different people who wrote at least one message in the period."),
    (
        "Messages",
        "count",
        0,
        "Messages that customers, operators and bots wrote in the period, without internal notes "
        "and events.",
    ),
    ("Resolved", "count", 0, "Tickets resolved in the period, whenever they were opened."),
    (
        "Waiting at the end",
        "count",
        -1,
        "Questions of the period in open tickets that nobody had answered when it ended. A last "
        "message such as “Thanks!” also counts, because the data do not mark it.",
    ),
    (
        "Median first response",
        "duration",
        -1,
        "An operator answered half of the first questions of tickets within this time. Questions "
        "still open at the end count with their waiting time so far. Answers of bots and "
        "internal notes do not count.",
    ),
    (
        "Answered within {limit}",
        "share",
        1,
        "The share of first questions that an operator answered within {limit}. It leaves out "
        "questions asked less than {limit} before the end and still open, and questions resolved "
        "sooner without an answer.",
    ),
    (
        "Median resolution",
        "duration",
        -1,
        "Half of the tickets opened in the period were resolved within this time after the "
        "customer’s first message. Open tickets count with their time so far.",
    ),
    (
        "Solved in one touch",
        "share",
        1,
        "The share of tickets resolved in the period for which operators wrote once and the "
        "customer did not write again by its end.",
    ),
    (
        "Reopened",
        "count",
        -1,
        "How often a customer wrote again after a resolution, which opens a new ticket.",
    ),
]


def _measure(view: PeriodView, within: Any) -> list[Any]:
    """Give the values in the order of their descriptions."""
    return [
        len(view.created),
        view.customers,
        len(view.written),
        len(view.resolved),
        len(view.waiting),
        metrics.median(view.answers),
        metrics.service_level(view.answers, within=within)["share"][0],
        metrics.median(view.resolutions),
        view.touches["one_touch"].mean(),
        len(view.reopenings),
    ]
