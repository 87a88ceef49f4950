"""``outbox``: messages that were written and have not gone, from whichever notebook."""

from __future__ import annotations

from typing import Any

import click

from crisp_data import config
from crisp_data.cli.options import connection, workspace
from crisp_data.outbox import FILE, everything


@click.group(short_help="Messages that have not gone.")
def outbox() -> None:
    """See messages that have not gone, send what was left, or drop what is queued."""


@outbox.command(name="list", short_help="Count the messages of every website.")
def listed() -> None:
    """Count the messages of every website, by batch and state; spends nothing.

    No text is shown. Single messages have no batch.
    """
    found = everything(config.state_dir() / FILE)
    click.echo("There are no messages." if found.empty else found.to_string(index=False))


@outbox.command()
@click.option("--batch", help="Only the messages of this batch.")
@click.option("--per-minute", type=float, help="How many go in a minute; 60 by default.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@connection
def resume(batch: str | None, per_minute: float | None, yes: bool, **options: Any) -> None:
    """Send what was left, each message once.

    What may have gone is looked up first. What another process is sending is left to it.

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
            click.echo(f"Nothing is left to be sent to {ws.outbox.website}.")
            return
        if not yes:
            click.confirm(
                f"Send {left:,} messages to customers of {ws.outbox.website}?", abort=True
            )
        done = ws.outbox.resume(batch, per_minute=per_minute)
        states = done["state"].value_counts()
        click.echo(", ".join(f"{count:,} {state}" for state, count in states.items() if count))


@outbox.command(short_help="Drop messages that are queued.")
@click.option("--batch", help="Only the messages of this batch.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@connection
def cancel(batch: str | None, yes: bool, **options: Any) -> None:
    """Drop messages that are queued; what was or may have been sent stays.

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
            click.confirm(f"Drop {queued:,} messages to {ws.outbox.website}?", abort=True)
        click.echo(f"{ws.outbox.cancel(batch):,} messages dropped")
