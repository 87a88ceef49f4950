"""``login``, ``logout`` and ``whoami``: which token is used."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import click

import crisp_data as crisp
from crisp_data import config
from crisp_data.cli.options import connection, workspace


@click.command()
@click.option("--identifier", prompt=True, help="The token's identifier.")
@click.option("--tier", type=click.Choice(["plugin", "website", "user"]), default="plugin",
              show_default=True, prompt=True)  # fmt: skip
@click.option("--website", default="", prompt="Website id (empty: choose later)")
@click.option("--base-url", default=None, help="Where the API lives, if not at Crisp.")
@click.option("--quota", type=click.IntRange(min=1),
              help="Requests a day, kept with the token; for a development token.")  # fmt: skip
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
def login(
    identifier: str, tier: str, website: str, base_url: str | None, quota: int | None,
    key_stdin: bool,
) -> None:  # fmt: skip
    """Check a token and keep it in the system's keyring.

    The key is asked for without showing it, and is never an argument, where the shell's
    history and other users would see it. It is stored only if Crisp accepts it.

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
    key = sys.stdin.readline().strip() if key_stdin else click.prompt("Key", hide_input=True)
    ws = crisp.connect(
        website or None, identifier=identifier, key=key, tier=tier, base_url=base_url, quota=quota
    )
    config.store(replace(ws.client.settings, quota=quota))
    click.echo(f"Kept. The token reads {ws.name or ws.website_id}.")


@click.command()
@click.option("--base-url", default=None, help="Where the API lives, if not at Crisp.")
def logout(base_url: str | None) -> None:
    """Remove the token from the system's keyring."""
    url = config.check_base_url(base_url or config.BASE_URL)
    click.echo("Removed." if config.forget(url) else "There was none.")


@click.command(short_help="Say what the token opens, and today's quota.")
@connection
def whoami(**options: Any) -> None:
    """Say which website the token opens, and what today's quota is."""
    with workspace(**options) as ws:
        click.echo(repr(ws))
