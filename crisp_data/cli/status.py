"""``quota``, ``cache`` and ``schema``: what is known without asking Crisp."""

from __future__ import annotations

import time
from typing import Any

import click

import crisp_data as crisp
from crisp_data import config
from crisp_data.cli.choices import TABLES
from crisp_data.cli.options import connection
from crisp_data.cli.output import echo
from crisp_data.errors import BadParameter, FileTrouble
from crisp_data.plurals import count

_CLEAR_WAIT = 10.0  # seconds to wait for programs that use the files, for all files together


@click.command(short_help="Show what today's requests were spent on.")
@click.option("--reopen", is_flag=True,
              help="Clear the mark that Crisp itself refused further requests today.")  # fmt: skip
@connection
def quota(reopen: bool, **options: Any) -> None:
    """Show what today's requests were spent on, and how many are left; costs none."""
    from crisp_data.rest.client import Client

    if options.pop("sandbox"):
        raise BadParameter("A sandbox started for this command has spent nothing yet.")
    options.pop("website")  # the day's requests are a token's, whichever website they read
    settings = config.resolve()
    client = Client(settings, **options)
    if reopen:
        client.quota.reopen()
    echo(repr(client.quota))


@click.group()
def cache() -> None:
    """Show or empty the cache of answers."""


@cache.command()
def info() -> None:
    """Show where the cache is and how large it is; costs nothing."""
    from crisp_data.rest import cache_purge

    for path in cache_purge.files(config.cache_dir()):
        echo(f"{path}  {path.stat().st_size / 1e6:,.1f} MB")
    echo(f"folder: {config.cache_dir()}")


@cache.command()
@click.confirmation_option(prompt="Delete all cached answers? Pulling again costs requests.")
def clear() -> None:
    """Empty the cache; the ledger of requests stays.

    Other files in its folder stay too. Notebooks that use the cache can continue. A damaged
    file is deleted.
    """
    from crisp_data.rest import cache_purge

    paths, troubles = cache_purge.files(config.cache_dir()), []
    deadline = time.monotonic() + _CLEAR_WAIT
    for path in paths:
        try:
            cache_purge.clear(path, max(0.0, deadline - time.monotonic()))
        except FileTrouble as error:
            troubles.append(error)
    echo(f"{count(len(paths) - len(troubles), 'cache')} emptied.")
    if troubles:
        raise troubles[0]


@click.command(short_help="Print a table's columns and where they come from.")
@click.argument("table", type=click.Choice(TABLES), metavar="TABLE")
def schema(table: str) -> None:
    """Print a table's columns: name, dtype, meaning, and the field it comes from."""
    echo(crisp.schema(table).to_string(index=False))
