"""What the commands share: their group, the options of a connection, and the connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

import crisp_data as crisp
from crisp_data.errors import BadParameter, CrispError, Offline, QuotaExceeded

EPILOG = """
Exit codes: 0 done; 1 refused by Crisp or failed; 2 bad usage; 3 the day's quota is spent;
4 no answer from the service; 130 interrupted.
"""


class Group(click.Group):
    """Turns our own errors into one message and an exit code that a script can use."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except CrispError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(_exit_code(error))


def _exit_code(error: CrispError) -> int:
    if isinstance(error, BadParameter):
        return 2
    if isinstance(error, QuotaExceeded):
        return 3
    return 4 if isinstance(error, Offline) else 1


def connection(command: Any) -> Any:
    """Add the options that every command with a connection takes."""
    options = [
        click.option("--website", help="Id, name or domain of the website."),
        click.option("--sandbox", is_flag=True, help="Use a sandbox started for this command."),
        click.option("--quota", type=int, help="Requests a day, where not the tier's own limit."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@contextmanager
def workspace(
    website: str | None, sandbox: bool, quota: int | None, tz: str = "UTC", wait: bool = False
) -> Iterator[crisp.Workspace]:
    """Open the workspace that the options name, and close it after."""
    on_quota = "wait" if wait else "raise"
    ws = crisp.connect(website, sandbox=sandbox, quota=quota, tz=tz, on_quota=on_quota)
    try:
        yield ws
    finally:
        ws.close()
