"""A report as one HTML page.

The page is a Jinja2 template that escapes whatever it is given, so that no text of a customer
can become markup because somebody forgot about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from crisp_data import html_page
from crisp_data.report import wording
from crisp_data.report.charts import Chart
from crisp_data.report.figures import Figure
from crisp_data.report.tables import Table


@dataclass(frozen=True)
class Report:
    """What stands on the page, from top to bottom."""

    title: str
    period: str
    before: str
    facts: list[str]
    warnings: list[str]
    figures: list[Figure]
    charts: list[Chart]
    tables: list[Table]
    notes: list[str]


def render(report: Report) -> str:
    """Write the page."""
    template, style = _templates()
    name = f"{report.title}: {report.period}"
    head = Markup(html_page.head(name, style, pictures=True))  # it escapes the name
    foot = Markup(html_page.FOOT)
    return str(template.render(r=report, head=head, foot=foot, as_text=wording.as_text))


@cache
def _templates() -> tuple[Any, str]:
    loader = jinja2.PackageLoader("crisp_data.report", ".")
    found = jinja2.Environment(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = loader.get_source(found, "page.css")[0]
    return found.get_template("page.html.j2"), style
