"""How the commands write to the terminal: whatever stands in a text, no terminal obeys it."""

from __future__ import annotations

import click

from crisp_data.terminal_text import printable, printable_lines


def echo(text: str, *, err: bool = False) -> None:
    """Print lines of text.

    Parameters
    ----------
    text : str
        The text; names in it may be anybody's.
    err : bool, default False
        Whether it goes to standard error.
    """
    click.echo(printable_lines(text), err=err)


def confirm(question: str) -> None:
    """Ask a question of one line, and end the command unless the answer is yes.

    Parameters
    ----------
    question : str
        The question.
    """
    click.confirm(printable(question), abort=True)
