"""``demo`` and ``sandbox``: the commands that need no key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

import crisp_data as crisp
from crisp_data.cli.output import echo
from crisp_data.errors import CrispError
from crisp_data.plurals import count


@click.command(short_help="Run the main job on the sandbox, without a key.")
@click.option("-o", "--output", type=click.Path(path_type=Path), default=Path("crisp-demo"),
              show_default=True, help="The folder to write to.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="Seed of the made-up workspace.")
@click.option("--conversations", type=click.IntRange(min=1), default=300, show_default=True,
              help="Number of conversations.")  # fmt: skip
def demo(output: Path, seed: int, conversations: int) -> None:
    """Run the main job on the sandbox: no key needed, nothing leaves this machine.

    Pulls conversations and messages, prints a summary with the requests spent, and writes
    CSV, Parquet and a chart.

    \f

    Parameters
    ----------
    output : Path
        The folder to write to.
    seed : int
        The seed of the sandbox's data.
    conversations : int
        How many conversations the sandbox holds.
    """
    from crisp_data.sandbox import Sandbox

    output.mkdir(parents=True, exist_ok=True)
    with Sandbox(seed=seed, conversations=conversations) as sandbox:
        ws = crisp.connect(sandbox=sandbox)
        echo(repr(ws))
        pulled = ws.conversations()
        messages = ws.messages(pulled)
        echo(_summary(pulled, messages))
        echo(f"{ws.quota}\n")
        for name, frame in {"conversations": pulled, "messages": messages}.items():
            for ending in (".csv", ".parquet"):
                echo(f"wrote {ws.to(output / f'{name}{ending}', frame)}")
        echo(f"wrote {_chart(output / 'chart.png', pulled)}")


def _chart(path: Path, conversations: Any) -> Path:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 8), layout="constrained")
    above, below = figure.subplots(2, 1)
    crisp.plots.volume(conversations, above, by="week")
    crisp.plots.by_hour(conversations, below)
    figure.savefig(path, dpi=150)
    return path


def _summary(conversations: Any, messages: Any) -> str:
    states = conversations["state"].value_counts()
    answering = messages.loc[messages["from"] == "operator", "user_id"].nunique()
    lines = [
        "",
        f"{count(len(conversations), 'conversation')}, {count(len(messages), 'message')}, "
        f"{conversations['created_at'].min():%Y-%m-%d} to "
        f"{conversations['updated_at'].max():%Y-%m-%d}",
        ", ".join(f"{number:,} {state}" for state, number in states.items()),
        f"{count(conversations['country'].nunique(), 'country', 'countries')}, "
        f"{count(answering, 'person', 'people')} answering, "
        f"{(messages['automated'].fillna(False)).mean():.0%} of the messages by a bot",
        "",
    ]
    return "\n".join(lines)


@click.command()
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same data.")
@click.option("--conversations", type=click.IntRange(min=0), default=300, show_default=True,
              help="Number of conversations.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port; 0 picks a free one.")
@click.option("--batch-size", type=click.IntRange(min=1), default=40, show_default=True,
              help="Messages per answer.")  # fmt: skip
@click.option("--quota", type=click.IntRange(min=0),
              help="Requests per day; no limit by default.")  # fmt: skip
@click.option("--tier", type=click.Choice(["plugin", "website", "user"]), default="plugin",
              show_default=True, help="The tier of its token.")  # fmt: skip
@click.option("--tls", is_flag=True, help="Serve HTTPS with its own certificate.")
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
    echo(json.dumps(box.card()))
    sys.stdout.flush()
    box.serve_forever()
