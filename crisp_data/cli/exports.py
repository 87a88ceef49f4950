"""``export``: a table to a file. ``transcripts``: conversations to read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pandas as pd

import crisp_data as crisp
from crisp_data import export as files
from crisp_data import transcripts as texts
from crisp_data.cli.options import connection, given, pseudonymiser, pulling, source
from crisp_data.counts import count
from crisp_data.errors import BadParameter

_TABLES = ("conversations", "messages", "people", "operators", "visitors", "inboxes",
               "campaigns", "websites")  # fmt: skip


@click.command("export")
@click.argument("table", type=click.Choice(_TABLES), metavar="TABLE")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path),
              help=f"The file; its ending sets the format: {' '.join(files.ENDINGS)}.")  # fmt: skip
@pulling
@connection
def export(
    table: str, output: Path, tz: str, private: bool, refresh: bool, wait: bool,
    archive: str | None, website: str | None, sandbox: bool, quota: int | None, **filters: Any,
) -> None:  # fmt: skip
    """Write a table to a file.

    TABLE is one of conversations, messages, people, operators, visitors, inboxes, campaigns,
    websites. For 'messages' the filters choose the conversations whose whole threads are written.
    --since and --until compare the last update of 'conversations' and 'messages', and the
    creation of 'people'.

    --private replaces people with tokens and removes e-mail addresses, phone numbers and
    the like from texts. Files written with the same key in CRISP_PRIVACY_KEY can be joined.

    \b
    crisp-data export conversations --since "30 days ago" -o october.xlsx
    crisp-data export messages --state resolved --tz Europe/Paris -o threads.parquet

    \f

    Parameters
    ----------
    table : str
        The table's name.
    output : Path
        The file to write.
    tz : str
        The zone of the times.
    private : bool
        Whether to write tokens in the place of people.
    refresh : bool
        Ask Crisp even where the cache has the answer.
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
    **filters : object
        Filters of the table, those not given as None.

    Raises
    ------
    BadParameter
        The file cannot be written, or an option does not fit the table.
    """
    wanted = given(filters, table, tz, archive)
    files.check(output)
    maker = pseudonymiser() if private else None
    if archive is not None and not hasattr(crisp.Archive, table):
        raise BadParameter(f"An archive does not hold {table}.", "Leave out --archive.")
    with source(archive, website, sandbox, quota, tz, wait) as (read, spent):
        frames = _frames(read, table, wanted, refresh)
        requests = spent()
    frame = maker.learn(*frames).frame(frames[-1]) if maker else frames[-1]
    files.write(output, frame)
    click.echo(f"{output}: {len(frame):,} {table}, {count(requests, 'request')} spent", err=True)


@click.command("transcripts", short_help="Write conversations as readable text.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path),
              help="One file, .md .html .txt .jsonl, or a new folder and --format.")  # fmt: skip
@click.option("--format", type=click.Choice(list(texts.FORMATS)), help="Format, for a folder.")
@click.option("--notes", is_flag=True, help="Include the operators' internal notes.")
@pulling
@connection
def transcripts(
    output: Path, format: Any, notes: bool, tz: str, private: bool, refresh: bool, wait: bool,
    archive: str | None, website: str | None, sandbox: bool, quota: int | None, **filters: Any,
) -> None:  # fmt: skip
    """Write whole conversations to read, to send, or for a language model.

    Markdown, HTML that loads nothing, plain text, or JSON lines in pieces of bounded length.
    The filters and --private work as in 'crisp-data export'.

    \b
    crisp-data transcripts --segment vip --since "7 days ago" --tz Europe/Paris -o vip.html
    crisp-data transcripts --state resolved --private --format jsonl -o pieces

    \f

    Parameters
    ----------
    output : Path
        The file or folder to write.
    format : object
        "markdown", "html", "text" or "jsonl"; None reads it off the file's ending.
    notes : bool
        Whether to write internal notes too.
    tz : str
        The zone of the times.
    private : bool
        Whether to write tokens in the place of people.
    refresh : bool
        Ask Crisp even where the cache has the answer.
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
    **filters : object
        Filters of conversations, those not given as None.
    """
    wanted = given(filters, "messages", tz, archive)
    texts.check(output, format)
    maker = pseudonymiser() if private else None
    with source(archive, website, sandbox, quota, tz, wait) as (read, spent):
        frames = _frames(read, "messages", wanted, refresh)
        requests = spent()
    if maker:
        maker.learn(*frames)
        frames = [maker.frame(frame) for frame in frames]
    conversations, messages = frames
    texts.write(output, messages, conversations, format=format, notes=notes)
    written = count(messages["session_id"].nunique(), "conversation")
    click.echo(f"{output}: {written}, {count(requests, 'request')} spent", err=True)


def _frames(source: Any, table: str, wanted: dict[str, Any], refresh: bool) -> list[pd.DataFrame]:
    """Read a table, last, and what it needs, from a workspace or an archive: both filter alike."""
    rest = {"refresh": refresh} if isinstance(source, crisp.Workspace) else {}
    if table != "messages":
        return [getattr(source, table)(**wanted, **rest)]
    conversations = source.conversations(**wanted, **rest)
    return [conversations, source.messages(conversations, **rest)]
