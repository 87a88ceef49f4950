"""``export``: a table to a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pandas as pd

import crisp_data as crisp
from crisp_data import export as files
from crisp_data import moments
from crisp_data.cli.shared import connection, workspace
from crisp_data.errors import BadParameter

_TABLES = ("conversations", "messages", "people", "operators", "visitors", "inboxes",
               "campaigns", "websites")  # fmt: skip


@click.command("export")
@click.argument("table", type=click.Choice(_TABLES), metavar="TABLE")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path),
              help=f"The file; its ending decides: {' '.join(files.ENDINGS)}.")  # fmt: skip
@click.option("--since", help="2026-10-01, '7 days ago', ...")
@click.option("--until", help="Likewise; a day includes all of it.")
@click.option("--state", type=click.Choice(["pending", "unresolved", "resolved"]))
@click.option("--segment", help="Only conversations with this segment.")
@click.option("--assigned", help="Only conversations assigned to this operator's user_id.")
@click.option("--search", help="Crisp's text search.")
@click.option("--limit", type=int, help="The newest so many.")
@click.option("--tz", default="UTC", show_default=True, help="Zone of all times.")
@click.option("--refresh", is_flag=True, help="Ask Crisp even where the cache knows.")
@click.option("--wait", is_flag=True, help="Where the day is spent, wait for its reset and go on.")
@click.option("--archive", help="Read an archive instead, which costs nothing.")
@connection
def export(
    table: str, output: Path, tz: str, refresh: bool, wait: bool, archive: str | None,
    website: str | None, sandbox: bool, quota: int | None, **filters: Any,
) -> None:  # fmt: skip
    """Write a table to a file.

    TABLE is one of conversations, messages, people, operators, visitors, inboxes, campaigns,
    websites. For 'messages' the filters choose the conversations whose whole threads are written.
    Times of 'conversations' and 'messages' are those of the last update; of 'people', of
    their creation.

    \b
    crisp-data export conversations --since "30 days ago" -o october.xlsx
    crisp-data export messages --state resolved --tz Europe/Paris -o threads.parquet
    """
    given = {name: value for name, value in filters.items() if value is not None}
    takes = _FILTERS.get(table, ())
    if archive is not None:
        takes = tuple(name for name in takes if table != "people" and name != "search")
    if wrong := [f"--{name}" for name in given if name not in takes]:
        known = ", ".join(f"--{name}" for name in takes) or "none"
        raise BadParameter(f"{table} has no {', '.join(wrong)}.", f"Its filters: {known}.")
    files.check(output)
    moments.window(
        given.get("since"), given.get("until"), tz=moments.check_tz(tz), now=datetime.now(UTC)
    )
    if archive is not None:
        if not hasattr(crisp.Archive, table):
            raise BadParameter(f"An archive holds no {table}.", "Leave --archive out.")
        frame, spent = _frame(crisp.Archive(archive, tz=tz), table, given), 0
    else:
        with workspace(website, sandbox, quota, tz, wait) as ws:
            before = ws.quota.used
            frame = _frame(ws, table, given, refresh=refresh)
            spent = ws.quota.used - before
    files.write(output, frame)
    click.echo(f"{output}: {len(frame):,} {table}, {spent:,} requests spent", err=True)


def _frame(source: Any, table: str, given: dict[str, Any], **rest: Any) -> pd.DataFrame:
    """Read a table from a workspace or an archive: they take the same filters."""
    if table == "messages":
        frame: pd.DataFrame = source.messages(source.conversations(**given, **rest), **rest)
    else:
        frame = getattr(source, table)(**given, **rest)
    return frame


_FILTERS = {
    "conversations": ("since", "until", "state", "segment", "assigned", "search", "limit"),
    "messages": ("since", "until", "state", "segment", "assigned", "search", "limit"),
    "people": ("since", "until", "search", "limit"),
}
