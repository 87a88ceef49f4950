"""What the commands share: their group, the options of a connection, and the connection."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any, NoReturn

import click

import crisp_data as crisp
from crisp_data import config
from crisp_data.cli.choices import STATES
from crisp_data.cli.output import echo
from crisp_data.errors import BadParameter, CrispError, Offline, QuotaExceeded

if TYPE_CHECKING:
    from crisp_data.privacy import Pseudonymiser

EPILOG = """
Exit codes: 0 done; 1 refused by Crisp or failed; 2 bad usage; 3 today's quota is used up;
4 no answer from the service; 130 interrupted.
"""


class Group(click.Group):
    """Turns our own errors, and the system's about files, into one message and an exit code."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Read the command line and print help; click takes an interrupt there for an abort."""
        try:
            return super().make_context(*arguments, **options)
        except KeyboardInterrupt:
            _end_interrupted()

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except CrispError as error:
            echo(f"Error: {error}", err=True)
            ctx.exit(_exit_code(error))
        except KeyboardInterrupt:
            _end_interrupted()
        except OSError as error:
            if error.filename is None:  # no file's: a pipe that closed is click's to see
                raise
            echo(f"Error: {error.filename}: {error.strerror}.", err=True)
            ctx.exit(1)


def _end_interrupted() -> NoReturn:
    echo("Interrupted.", err=True)
    raise click.exceptions.Exit(130)


def _exit_code(error: CrispError) -> int:
    if isinstance(error, BadParameter):
        return 2
    if isinstance(error, QuotaExceeded):
        return 3
    return 4 if isinstance(error, Offline) else 1


def _together(*options: Any) -> Callable[[Any], Any]:
    """Make one decorator of several, in the order in which help lists them."""
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


#: The options that every command with a connection takes.
connection = _together(
    click.option("--website", help="Id, name or domain of the website."),
    click.option("--sandbox", is_flag=True, help="Use a sandbox started for this command."),
    click.option("--quota", type=int, help="Requests per day, if not the tier's own limit."),
)

#: The options that choose where data come from; see :func:`source`.
reading = _together(
    click.option("--refresh", is_flag=True, help="Ask Crisp again instead of the cache."),
    click.option(
        "--wait", is_flag=True, help="If the quota is used up, wait for its reset and continue."
    ),
    click.option("--archive", help="Read from this archive instead; costs nothing."),
    connection,
)

#: The options that choose which data are pulled, and from where.
pulling = _together(
    click.option("--since", help="2026-10-01, '7 days ago', ..."),
    click.option("--until", help="Same format as --since; a date includes the whole day."),
    click.option("--state", type=click.Choice(STATES)),
    click.option("--segment", help="Only conversations with this segment."),
    click.option("--assigned", help="Only conversations assigned to this operator's user_id."),
    click.option("--search", help="Crisp's text search."),
    click.option("--limit", type=int, help="Only this many, newest first."),
    click.option("--tz", default="UTC", show_default=True, help="Time zone of all times."),
    click.option("--private", is_flag=True, help="Replace people with tokens and scrub texts."),
    reading,
)

_ALL = ("since", "until", "state", "segment", "assigned", "search", "limit")
_FILTERS = {
    "conversations": _ALL,
    "messages": _ALL,
    "people": ("since", "until", "search", "limit"),
}


def given(filters: dict[str, Any], table: str, tz: str, archive: str | None) -> dict[str, Any]:
    """Return the filters that were given; refuse, before anything is spent, what cannot be.

    Parameters
    ----------
    filters : dict[str, object]
        Filters by name, those not given as None.
    table : str
        The table to read.
    tz : str
        The zone of the period.
    archive : str or None
        The archive to read from; None for Crisp.

    Returns
    -------
    dict[str, object]
        The filters to pass on, by name.

    Raises
    ------
    BadParameter
        The table or the archive does not take a filter that was given.
    """
    from crisp_data import dates

    found = {name: value for name, value in filters.items() if value is not None}
    takes = _FILTERS.get(table, ())
    if archive is not None:
        takes = tuple(name for name in takes if table != "people" and name != "search")
    if wrong := [f"--{name}" for name in found if name not in takes]:
        known = ", ".join(f"--{name}" for name in takes) or "none"
        raise BadParameter(f"{table} does not take {', '.join(wrong)}.", f"Its filters: {known}.")
    dates.window(
        found.get("since"), found.get("until"), tz=dates.check_tz(tz), now=datetime.now(UTC)
    )
    return found


def pseudonymiser() -> Pseudonymiser:
    """Make what makes frames private, and say whose key it uses."""
    key = config.privacy_key()
    where = "CRISP_PRIVACY_KEY" if key else "a random key; they join only within this run"
    echo(f"private: tokens made with {where}", err=True)
    return crisp.privacy.Pseudonymiser(key or secrets.token_bytes(32))


@contextmanager
def workspace(
    website: str | None,
    sandbox: bool,
    quota: int | None,
    tz: str = "UTC",
    wait: bool = False,
    writes: bool | None = None,
) -> Iterator[crisp.Workspace]:
    """Open the workspace that the options name, and close it after.

    Parameters
    ----------
    website : str or None
        Id, name or domain of the website.
    sandbox : bool
        Whether to use a sandbox instead of Crisp.
    quota : int or None
        Requests a day.
    tz : str, default "UTC"
        The zone of the times.
    wait : bool, default False
        Whether to wait for the quota's reset.
    writes : bool, optional
        Whether anything but reading is allowed; only on the sandbox by default.

    Yields
    ------
    crisp.Workspace
        The workspace, open until the block ends.
    """
    on_quota = "wait" if wait else "raise"
    ws = crisp.connect(
        website, sandbox=sandbox, quota=quota, tz=tz, on_quota=on_quota, writes=writes
    )
    try:
        yield ws
    finally:
        ws.close()


@contextmanager
def source(
    archive: str | None, tz: str, wait: bool, **options: Any
) -> Iterator[tuple[Any, Callable[[], int]]]:
    """Open what is read, an archive or else a workspace, and count the requests of reading.

    Parameters
    ----------
    archive : str or None
        The archive to read from instead of Crisp.
    tz : str
        The zone of the times.
    wait : bool
        Whether to wait for the quota's reset.
    **options : object
        Passed to :func:`workspace`.

    Yields
    ------
    tuple[object, Callable[[], int]]
        What is read, and a function that returns the requests spent on it.
    """
    if archive is not None:
        yield crisp.Archive(archive, tz=tz), lambda: 0
        return
    with workspace(tz=tz, wait=wait, **options) as ws:
        before = ws.quota.used
        yield ws, lambda: ws.quota.used - before
