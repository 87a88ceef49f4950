"""``sync`` and ``archive``: a workspace on disk, which costs no request to read."""

from __future__ import annotations

import time
from typing import Any

import click

import crisp_data as crisp
from crisp_data.cli.choices import ROW_NAMES, SNAPSHOTS
from crisp_data.cli.options import connection, workspace
from crisp_data.cli.output import echo
from crisp_data.errors import BadParameter, Offline, RateLimited, ServerError
from crisp_data.plurals import count

_PASSING = (Offline, RateLimited, ServerError)
_LONGEST = 900.0  # seconds between two tries of a sync that goes on until it is done


@click.command(short_help="Bring an archive up to date.")
@click.argument("path")
@click.option("--since", help="How far back: 2026-10-01, '90 days ago', ...; all of it by default.")
@click.option("--deep", is_flag=True, help="Read every thread again, for edits and deletions.")
@click.option("--also", multiple=True, type=click.Choice(SNAPSHOTS),
              help="A small table to read again in full; repeatable.")  # fmt: skip
@click.option("--until-done", is_flag=True,
              help="Wait for the quota to reset and for the service to recover.")  # fmt: skip
@click.option("--tz", default="UTC", show_default=True, help="Time zone of --since.")
@connection
def sync(
    path: str, since: str | None, deep: bool, also: tuple[str, ...], until_done: bool, tz: str,
    **options: Any,
) -> None:  # fmt: skip
    """Bring the archive at PATH up to date, or create it.

    PATH is a folder, or an address such as s3://bucket/acme. You can interrupt it at any
    time: the next sync continues from there. If nothing is new, it costs one request.

    \b
    crisp-data sync acme --since "90 days ago"
    crisp-data sync s3://bucket/acme --until-done

    \f

    Parameters
    ----------
    path : str
        The archive's folder or address.
    since : str or None
        How far back to read.
    deep : bool
        Whether to read every thread again.
    also : tuple[str, ...]
        Names of the small tables to read anew.
    until_done : bool
        Whether to wait for the quota's reset and go on until nothing is left.
    tz : str
        The zone of ``since``.
    **options : object
        Passed to :func:`crisp_data.cli.options.workspace`.
    """
    with workspace(tz=tz, wait=until_done, **options) as ws:
        archive = ws.archive(path)
        attempt = 0
        while True:
            begun = time.monotonic()
            try:
                done = archive.sync(since, deep=deep, also=also)
                break
            except _PASSING as error:
                if not until_done:
                    raise
                # One that worked for long is no sign that the service is down for good.
                attempt = 1 if time.monotonic() - begun > _LONGEST else attempt + 1
                pause = min(_LONGEST, 7.5 * 2 ** min(attempt, 7))
                echo(f"{error.what} Trying again in {pause:.0f} s.", err=True)
                time.sleep(pause)
        echo(
            f"{path}: {count(done.conversations, 'conversation')} and "
            f"{count(done.messages, 'message')} new or changed, {done.gone:,} gone, "
            f"{count(done.requests, 'request')} spent",
            err=True,
        )


@click.group()
def archive() -> None:
    """Look at an archive, or remove a person from it."""


@archive.command(short_help="Show how far an archive is complete.")
@click.argument("path")
def info(path: str) -> None:
    """Show how far the archive at PATH is complete, table by table; costs nothing."""
    found = crisp.Archive(path).info()
    if found.empty:
        raise BadParameter(
            f"There is no archive at {path}.", "Create one with: crisp-data sync PATH"
        )
    echo(found.to_string(index=False))


@archive.command(short_help="Remove a person from an archive.")
@click.argument("path")
@click.option("--email", help="Remove every conversation and profile of this address.")
@click.option("--session-id", help="Remove one conversation.")
@click.confirmation_option(prompt="Remove it permanently?")
@connection
def forget(path: str, email: str | None, session_id: str | None, **options: Any) -> None:
    """Remove a person from the archive at PATH, its older versions, and the HTTP cache.

    Nothing is changed at Crisp: remove the person there first.

    \f

    Parameters
    ----------
    path : str
        The archive's folder or address.
    email : str or None
        The person's e-mail address.
    session_id : str or None
        One of the person's conversations.
    **options : object
        Passed to :func:`crisp_data.cli.options.workspace`.
    """
    with workspace(**options) as ws:
        removed = ws.archive(path).forget(email=email, session_id=session_id)
    echo(", ".join(count(rows, ROW_NAMES[name], name) for name, rows in removed.items()))
