"""``export``: a table to a file. ``transcripts``: conversations to read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import crisp_data as crisp
from crisp_data.cli.choices import ENDINGS, FORMATS, ROW_NAMES
from crisp_data.cli.options import given, pseudonymiser, pulling, source
from crisp_data.cli.output import echo
from crisp_data.errors import BadParameter
from crisp_data.plurals import count

if TYPE_CHECKING:
    import pandas as pd


@click.command("export")
@click.argument("table", type=click.Choice(list(ROW_NAMES)), metavar="TABLE")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path),
              help=f"The file; its ending sets the format: {' '.join(ENDINGS)}.")  # fmt: skip
@pulling
def export(table: str, output: Path, **options: Any) -> None:
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
    **options : object
        What is read, and from where; see :func:`_pull`.

    Raises
    ------
    BadParameter
        The file cannot be written, or an option does not fit the table.
    """
    from crisp_data import export as files

    files.check(output)
    if options["archive"] is not None and not hasattr(crisp.Archive, table):
        raise BadParameter(f"An archive does not hold {table}.", "Leave out --archive.")
    frames, private, requests = _pull(table, **options)
    files.write(output, private(frames[-1]))
    rows = count(len(frames[-1]), ROW_NAMES[table], table)
    echo(f"{output}: {rows}, {count(requests, 'request')} spent", err=True)


@click.command("transcripts", short_help="Write conversations as readable text.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path),
              help="One file, .md .html .txt .jsonl, or a new folder and --format.")  # fmt: skip
@click.option("--format", type=click.Choice(FORMATS), help="Format, for a folder.")
@click.option("--notes", is_flag=True, help="Include the operators' internal notes.")
@pulling
def transcripts(output: Path, format: Any, notes: bool, **options: Any) -> None:
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
    **options : object
        What is read, and from where; see :func:`_pull`.
    """
    crisp.transcripts.check(output, format)
    frames, private, requests = _pull("messages", **options)
    conversations, messages = map(private, frames)
    crisp.transcripts.write(output, messages, conversations, format=format, notes=notes)
    written = count(messages["session_id"].nunique(), "conversation")
    echo(f"{output}: {written}, {count(requests, 'request')} spent", err=True)


def _pull(
    table: str, *, archive: str | None, tz: str, wait: bool, private: bool, refresh: bool,
    website: str | None, sandbox: bool, quota: int | None, **filters: Any,
) -> tuple[list[pd.DataFrame], Callable[[pd.DataFrame], pd.DataFrame], int]:  # fmt: skip
    """Read a table, last, and what it needs; a workspace and an archive filter alike.

    Parameters
    ----------
    table : str
        The table's name.
    archive : str or None
        The archive to read from instead of Crisp.
    tz : str
        The zone of the times.
    wait : bool
        Whether to wait for the quota's reset.
    private : bool
        Whether people are to be replaced by tokens.
    refresh : bool
        Ask Crisp even where the cache has the answer.
    website : str or None
        Id, name or domain of the website.
    sandbox : bool
        Whether to use a sandbox instead of Crisp.
    quota : int or None
        Requests a day.
    **filters : object
        Filters of the table, those not given as None.

    Returns
    -------
    tuple[list[DataFrame], Callable, int]
        The frames, what makes a frame private where that was asked for, and the requests spent.
    """
    wanted = given(filters, table, tz, archive)
    maker = pseudonymiser() if private else None
    opened = source(archive, tz, wait, website=website, sandbox=sandbox, quota=quota)
    with opened as (read, spent):
        fresh = {} if archive is not None else {"refresh": refresh}
        if table == "messages":
            conversations = read.conversations(**wanted, **fresh)
            frames = [conversations, read.messages(conversations, **fresh)]
        else:
            frames = [getattr(read, table)(**wanted, **fresh)]
        requests = spent()
    return frames, maker.learn(*frames).frame if maker else lambda frame: frame, requests
