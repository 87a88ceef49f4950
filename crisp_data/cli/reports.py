"""``report``: a period of the workspace on one page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import crisp_data as crisp
from crisp_data.cli.options import pseudonymiser, reading, source
from crisp_data.cli.output import echo
from crisp_data.errors import BadParameter
from crisp_data.plurals import count

if TYPE_CHECKING:
    from crisp_data.metrics import BusinessHours


@click.command("report", short_help="Write a report on a period: figures, charts and tables.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path),
              help="The page, such as report.html.")  # fmt: skip
@click.option("--since", help="2026-10-01, '7 days ago', ...; the last whole month by default.")
@click.option("--until", help="Same format; a date includes the whole day. Now by default.")
@click.option("--tz", default="UTC", show_default=True, help="Time zone of all days and times.")
@click.option("--within", multiple=True, default=["1 hour", "1 day"], show_default=True,
              help="Service levels; the first is a key figure.")  # fmt: skip
@click.option("--hours", multiple=True, help="Count open time only: 'mon-fri 09:00-18:00'.")
@click.option("--bot", multiple=True, help="Nickname or user_id of a bot that is not marked.")
@click.option("--title", help="Title of the page; the website's name by default.")
@click.option("--private", is_flag=True, help="Replace people, operators too, with tokens.")
@reading
def report(
    output: Path, tz: str, within: tuple[str, ...], hours: tuple[str, ...], bot: tuple[str, ...],
    private: bool, wait: bool, archive: str | None, website: str | None, sandbox: bool,
    quota: int | None, **options: Any,
) -> None:  # fmt: skip
    """Write one page of figures, charts and tables of a period, compared with the one before.

    The page is one file that needs nothing else. The report reads the conversations updated
    since the start of the earlier period, and their threads. Crisp has no time zone for a
    website: set it with --tz.

    \b
    crisp-data report --tz Europe/Paris -o october.html
    crisp-data report --archive acme --since 2026-10-19 --until 2026-10-25 -o week.html
    crisp-data report --hours "mon-fri 09:00-18:00" --within "30 minutes" -o report.html

    \f

    Parameters
    ----------
    output : Path
        The file to write; ends in ``.html``.
    tz : str
        The zone of the times.
    within : tuple[str, ...]
        Times of service levels.
    hours : tuple[str, ...]
        Opening hours, as ``mon-fri 09:00-18:00``.
    bot : tuple[str, ...]
        ``user_id`` or ``nickname`` of bots.
    private : bool
        Whether to write tokens in the place of people.
    wait : bool
        Whether to wait for the quota's reset.
    archive : str or None
        The archive to read from instead of Crisp.
    website : str or None
        Id, name or domain of the website.
    sandbox : bool
        Whether to use a sandbox instead of Crisp.
    quota : int or None
        Requests a day.
    **options : object
        ``since``, ``until``, ``title`` and ``refresh``, as in :func:`crisp_data.report.write`.
    """
    from crisp_data import dates

    crisp.report.check(output)
    zone, opening = dates.check_tz(tz), _hours(hours, tz)
    maker = pseudonymiser() if private else None
    opened = source(archive, tz, wait, website=website, sandbox=sandbox, quota=quota)
    with opened as (read, spent):
        crisp.report.write(
            output, read, tz=zone, within=list(within), hours=opening, bots=bot, private=maker,
            **options,
        )  # fmt: skip
        echo(f"{output}: {count(spent(), 'request')} spent", err=True)


def _hours(options: tuple[str, ...], tz: str) -> BusinessHours | None:
    """Read opening hours such as "mon-fri 09:00-12:30, 14:00-18:00"."""
    week: dict[str, str] = {}
    for one in options:
        days, _, spans = one.strip().partition(" ")
        if days in week:
            raise BadParameter(f"{days} is given twice.", "Separate spans of a day with commas.")
        week[days] = spans
    return crisp.metrics.BusinessHours(week, tz=tz) if week else None
