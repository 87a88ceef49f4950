"""``outbox``: messages that were written and have not gone, from whichever notebook."""

from __future__ import annotations

from typing import Any

import click

from crisp_data import config
from crisp_data.cli.options import connection, workspace
from crisp_data.cli.output import confirm, echo
from crisp_data.plurals import count


@click.group(short_help="Manage messages that were not sent.")
def outbox() -> None:
    """List messages that were not sent, send the rest, or drop queued ones."""


@outbox.command(name="list", short_help="Count the messages of every website.")
def listed() -> None:
    """Count the messages of every website, by batch and state; costs nothing.

    Texts are not shown. Single messages have no batch.
    """
    from crisp_data.outbox import FILE, everything

    found = everything(config.state_dir() / FILE)
    echo("There are no messages." if found.empty else found.to_string(index=False))


@outbox.command()
@click.option("--batch", help="Only the messages of this batch.")
@click.option("--per-minute", type=float, help="Messages per minute; 60 by default.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@connection
def resume(batch: str | None, per_minute: float | None, yes: bool, **options: Any) -> None:
    """Send the messages that are left, each once.

    Messages that may have been sent are looked up first. Messages that another process is
    sending are left alone.

    \f

    Parameters
    ----------
    batch : str or None
        Only the messages of this batch.
    per_minute : float or None
        How many messages go in a minute.
    yes : bool
        Whether to send without asking.
    **options : object
        Passed to :func:`crisp_data.cli.options.workspace`.
    """
    with workspace(writes=True, **options) as ws:
        left = ws.outbox.left(batch)
        if not left:
            echo(f"No messages are left to send to {ws.outbox.website}.")
            return
        if not yes:
            confirm(f"Send {count(left, 'message')} to customers of {ws.outbox.website}?")
        done = ws.outbox.resume(batch, per_minute=per_minute)
        states = done["state"].value_counts()
        echo(", ".join(f"{number:,} {state}" for state, number in states.items() if number))


@outbox.command(short_help="Drop queued messages.")
@click.option("--batch", help="Only the messages of this batch.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@connection
def cancel(batch: str | None, yes: bool, **options: Any) -> None:
    """Drop queued messages; those that were or may have been sent stay.

    \f

    Parameters
    ----------
    batch : str or None
        Only the messages of this batch.
    yes : bool
        Whether to drop without asking.
    **options : object
        Passed to :func:`crisp_data.cli.options.workspace`.
    """
    with workspace(**options) as ws:
        queued = int((ws.outbox.frame(batch)["state"] == "queued").sum())
        if not yes and queued:
            confirm(f"Drop {count(queued, 'message')} to {ws.outbox.website}?")
        echo(f"{count(ws.outbox.cancel(batch), 'message')} dropped")
