"""The command ``crisp-data``: parses, calls, prints."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

import crisp_data as crisp
from crisp_data import config, export, moments, tables
from crisp_data.client import Client
from crisp_data.errors import BadParameter, CrispError, Offline, QuotaExceeded

_EXPORTABLE = ("conversations", "messages", "people", "operators", "visitors", "inboxes",
               "campaigns", "websites")  # fmt: skip

_EPILOG = """
Exit codes: 0 done; 1 refused by Crisp or failed; 2 bad usage; 3 the day's quota is spent;
4 no answer from the service; 130 interrupted.
"""


class _Group(click.Group):
    """Turns our own errors into one message and an exit code that a script can use."""

    def invoke(self, ctx: click.Context) -> Any:
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


@click.group(cls=_Group, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(crisp.__version__, prog_name="crisp-data")
def main() -> None:
    """Your Crisp workspace in files, inside a day's request quota.

    The token comes from CRISP_IDENTIFIER, CRISP_KEY and CRISP_TIER, or from the system's
    keyring after 'crisp-data login'. No token yet? 'crisp-data demo' runs on a sandbox.
    """


def _connection(command: Any) -> Any:
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
def _workspace(
    website: str | None, sandbox: bool, quota: int | None, tz: str = "UTC", wait: bool = False
) -> Iterator[crisp.Workspace]:
    on_quota = "wait" if wait else "raise"
    ws = crisp.connect(website, sandbox=sandbox, quota=quota, tz=tz, on_quota=on_quota)
    try:
        yield ws
    finally:
        ws.close()


@main.command(short_help="Run the main job on the sandbox, without a key.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("crisp-demo"),
              show_default=True, help="The folder to write to.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="Which made-up workspace.")
@click.option("--conversations", default=300, show_default=True, help="How large it is.")
def demo(output: Path, seed: int, conversations: int) -> None:
    """Run the main job on the sandbox: no key needed, nothing leaves this machine.

    Pulls conversations and messages, prints a summary with the requests spent, and writes
    CSV, Parquet and a chart.
    """
    from crisp_data.sandbox import Sandbox

    output.mkdir(parents=True, exist_ok=True)
    with Sandbox(seed=seed, conversations=conversations) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        click.echo(repr(ws))
        pulled = ws.conversations()
        messages = ws.messages(pulled)
        click.echo(_summary(pulled, messages))
        click.echo(f"{ws.quota}\n")
        for name, frame in {"conversations": pulled, "messages": messages}.items():
            for ending in (".csv", ".parquet"):
                click.echo(f"wrote {ws.to(output / f'{name}{ending}', frame)}")
        click.echo(f"wrote {_chart(output / 'chart.png', pulled)}")


def _chart(path: Path, conversations: Any) -> Path:
    from matplotlib.figure import Figure  # most of a second, and only here

    from crisp_data import plots

    figure = Figure(figsize=(9, 8), layout="constrained")
    above, below = figure.subplots(2, 1)
    plots.volume(conversations, above, by="week")
    plots.by_hour(conversations, below)
    figure.savefig(path, dpi=150)
    return path


def _summary(conversations: Any, messages: Any) -> str:
    states = conversations["state"].value_counts()
    lines = [
        "",
        f"{len(conversations):,} conversations, {len(messages):,} messages, "
        f"{conversations['created_at'].min():%Y-%m-%d} to "
        f"{conversations['updated_at'].max():%Y-%m-%d}",
        ", ".join(f"{count:,} {state}" for state, count in states.items()),
        f"{conversations['country'].nunique()} countries, "
        f"{messages.loc[messages['from'] == 'operator', 'user_id'].nunique()} people answering, "
        f"{(messages['automated'].fillna(False)).mean():.0%} of the messages by a bot",
        "",
    ]
    return "\n".join(lines)


@main.command()
@click.option("--seed", default=1, show_default=True, help="The same seed, the same data.")
@click.option("--conversations", default=300, show_default=True, help="How many.")
@click.option("--port", default=0, help="0 takes a free one.")
@click.option("--batch-size", default=40, show_default=True, help="Messages in one answer.")
@click.option("--quota", type=int, help="Requests a day; without it there is no limit.")
@click.option("--tier", type=click.Choice(["plugin", "website", "user"]), default="plugin",
              show_default=True, help="The tier of its token.")  # fmt: skip
@click.option("--tls", is_flag=True, help="Serve HTTPS with a certificate of its own.")
def sandbox(**options: Any) -> None:
    """Serve a Crisp API on 127.0.0.1 until interrupted.

    Prints one JSON line with url, host, identifier, key, tier and website_id (and ca, the
    certificate authority's file, with --tls). Any Crisp client can be pointed at it.
    """
    from crisp_data.sandbox import Sandbox

    try:
        box = Sandbox(**options).start()
    except OSError as error:
        raise CrispError(
            f"Port {options['port']} cannot be used: {error.strerror}.", "Use --port 0."
        ) from None
    click.echo(json.dumps(box.card()))
    sys.stdout.flush()
    box.serve_forever()


@main.command()
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
    """
    key = sys.stdin.readline().strip() if key_stdin else click.prompt("Key", hide_input=True)
    ws = crisp.connect(
        website or None, identifier=identifier, key=key, tier=tier, base_url=base_url, quota=quota
    )
    settings = config.resolve(identifier, key, tier, website or None, base_url)
    config.store(replace(settings, quota=quota))
    click.echo(f"Kept. The token reads {ws.name or ws.website_id}.")


@main.command()
@click.option("--base-url", default=None, help="Where the API lives, if not at Crisp.")
def logout(base_url: str | None) -> None:
    """Remove the token from the system's keyring."""
    url = config.check_base_url(base_url or config.BASE_URL)
    click.echo("Removed." if config.forget(url) else "There was none.")


@main.command(short_help="Say what the token opens, and today's quota.")
@_connection
def whoami(**options: Any) -> None:
    """Say which website the token opens, and what today's quota is."""
    with _workspace(**options) as ws:
        click.echo(repr(ws))


@main.command("export")
@click.argument("table", type=click.Choice(_EXPORTABLE), metavar="TABLE")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path),
              help=f"The file; its ending decides: {' '.join(export.ENDINGS)}.")  # fmt: skip
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
@_connection
def export_(
    table: str, output: Path, tz: str, refresh: bool, wait: bool, website: str | None,
    sandbox: bool, quota: int | None, **filters: Any,
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
    if wrong := [f"--{name}" for name in given if name not in takes]:
        known = ", ".join(f"--{name}" for name in takes) or "none"
        raise BadParameter(f"{table} has no {', '.join(wrong)}.", f"Its filters: {known}.")
    export.check(output)
    moments.window(
        given.get("since"), given.get("until"), tz=moments.check_tz(tz), now=datetime.now(UTC)
    )
    with _workspace(website, sandbox, quota, tz, wait) as ws:
        before = ws.quota.used
        if table == "messages":
            frame = ws.messages(ws.conversations(**given, refresh=refresh), refresh=refresh)
        else:
            frame = getattr(ws, table)(**given, refresh=refresh)
        ws.to(output, frame)
        spent = ws.quota.used - before
        click.echo(f"{output}: {len(frame):,} {table}, {spent:,} requests spent", err=True)


_FILTERS = {
    "conversations": ("since", "until", "state", "segment", "assigned", "search", "limit"),
    "messages": ("since", "until", "state", "segment", "assigned", "search", "limit"),
    "people": ("since", "until", "search", "limit"),
}


@main.command(short_help="Show what today's requests were spent on.")
@click.option("--reopen", is_flag=True,
              help="Take away the mark that Crisp itself refused more today.")  # fmt: skip
@_connection
def quota(reopen: bool, **options: Any) -> None:
    """Show what today's requests were spent on, and what is left; spends none."""
    if options.pop("sandbox"):
        raise BadParameter("A sandbox started for this command has spent nothing yet.")
    options.pop("website")
    settings = config.resolve()
    client = Client(settings, **options)
    if reopen:
        client.quota.reopen()
    click.echo(repr(client.quota))


@main.group()
def cache() -> None:
    """Look at the kept answers, or forget them."""


@cache.command()
def info() -> None:
    """Say where the cache is and how large; spends nothing."""
    for path in sorted(config.cache_dir().glob("*.sqlite")):
        click.echo(f"{path}  {path.stat().st_size / 1e6:,.1f} MB")
    click.echo(f"folder: {config.cache_dir()}")


@cache.command()
@click.confirmation_option(prompt="Forget every kept answer? Pulling again costs requests.")
def clear() -> None:
    """Delete the cache; the ledger of requests stays."""
    paths = list(config.cache_dir().glob("*.sqlite*"))
    for path in paths:
        path.unlink(missing_ok=True)
    click.echo(f"{sum(path.suffix == '.sqlite' for path in paths)} caches deleted.")


@main.command(short_help="Print a table's columns and where they come from.")
@click.argument("table", type=click.Choice(list(tables.TABLES)), metavar="TABLE")
def schema(table: str) -> None:
    """Print a table's columns: name, dtype, meaning, and the field it comes from."""
    click.echo(tables.schema(table).to_string(index=False))
