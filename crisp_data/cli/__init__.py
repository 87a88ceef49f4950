"""The command ``crisp-data``: parses, calls, prints.

Its modules import what is light, and each command the rooms that it uses when it runs: through
``crisp``, whose names load when first used, or at its own beginning. So help, the version and a
shell's completion load neither pandas nor pyarrow.
"""

from __future__ import annotations

import click

import crisp_data as crisp
from crisp_data.cli import archives, exports, login, outboxes, reports, sandboxes, status
from crisp_data.cli.options import EPILOG, Group


@click.group(cls=Group, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(crisp.__version__, prog_name="crisp-data")
def main() -> None:
    """Your Crisp workspace in files, inside a day's request quota.

    The token comes from CRISP_IDENTIFIER, CRISP_KEY and CRISP_TIER, or from the system's
    keyring after 'crisp-data login'. No token yet? 'crisp-data demo' runs on a sandbox.
    """


for command in (
    *(sandboxes.demo, sandboxes.sandbox),
    *(login.login, login.logout, login.whoami),
    *(exports.export, exports.transcripts, reports.report),
    *(archives.sync, archives.archive, outboxes.outbox),
    *(status.quota, status.cache, status.schema),
):
    main.add_command(command)
