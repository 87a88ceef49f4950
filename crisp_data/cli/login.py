"""``login``, ``logout`` and ``whoami``: which token is used."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import click

import crisp_data as crisp
from crisp_data import config, keyring_store
from crisp_data.cli.options import connection, workspace
from crisp_data.cli.output import echo
from crisp_data.secret import hide


@click.command()
@click.option("--identifier", prompt=True, help="The token's identifier.")
@click.option("--tier", type=click.Choice(list(config.DAILY_LIMITS), case_sensitive=False),
              default="plugin", show_default=True, prompt=True)  # fmt: skip
@click.option("--website", default="", prompt="Website id (empty: choose later)")
@click.option("--base-url", default=None, help="Address of the API, if it is not Crisp's own.")
@click.option("--quota", type=click.IntRange(min=1),
              help="Requests per day of a development token; stored with the token.")  # fmt: skip
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
def login(
    identifier: str, tier: str, website: str, base_url: str | None, quota: int | None,
    key_stdin: bool,
) -> None:  # fmt: skip
    """Check a token and store it in the system's keyring.

    The prompt does not show the key. The key is never an argument, because the shell's history
    and other users would show it. It is stored only if Crisp accepts it.

    \f

    Parameters
    ----------
    identifier : str
        The token's identifier.
    tier : str
        The token's tier.
    website : str
        Id, name or domain of the website.
    base_url : str or None
        The service's address; Crisp's own by default.
    quota : int or None
        The requests a day that the token's owner has set.
    key_stdin : bool
        Whether to read the key from standard input.
    """
    key = hide(sys.stdin.readline().strip() if key_stdin else click.prompt("Key", hide_input=True))
    ws = crisp.connect(
        website or None, identifier=identifier, key=key, tier=tier, base_url=base_url, quota=quota
    )
    config.store(replace(ws.client.settings, quota=quota))
    echo(f"Stored. The token reads {ws.name or ws.website_id}.")


@click.command()
@click.option("--base-url", default=None, help="Address of the API, if it is not Crisp's own.")
def logout(base_url: str | None) -> None:
    """Remove the token from the system's keyring."""
    removed = keyring_store.remove(config.default_base_url(base_url))
    echo("Removed." if removed else "No token was stored.")


@click.command(short_help="Show what the token reads, and today's quota.")
@connection
def whoami(**options: Any) -> None:
    """Show which website the token reads, and today's quota."""
    with workspace(**options) as ws:
        echo(repr(ws))
