"""Foreign text made safe for a terminal: what a website, a customer or a server named itself.

A terminal obeys escape sequences: they colour, move the cursor, set the window's title, and some
write into the clipboard. A line break makes one answer look like two, and a bidirectional
override turns letters round. Python's own ``repr`` shows all of them by their codes, but also
quotes the text and shows the joiners of emoji and of Persian; so the rule stands here, once.
"""

from __future__ import annotations

import re

# Control characters of C0 and C1 with DEL; line and paragraph separators; bidirectional
# embeddings, overrides and isolates; halves of surrogate pairs, which no terminal can encode.
_UNSAFE = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f\ud800-\udfff"
_IN_A_LINE = re.compile(f"[{_UNSAFE}]")
_IN_LINES = re.compile(f"(?![\n\t])[{_UNSAFE}]")


def printable(text: str) -> str:
    r"""Make foreign text safe to stand within a line of a terminal.

    Parameters
    ----------
    text : str
        The text, from whomever.

    Returns
    -------
    str
        The text, with the code of each character that a terminal would obey in its place.

    Examples
    --------
    >>> from crisp_data.terminal_text import printable
    >>> print(printable("Acme\x1b[2J\nLtd \u202eevil"))
    Acme\x1b[2J\nLtd \u202eevil
    """
    return _IN_A_LINE.sub(_code, text)


def printable_lines(text: str) -> str:
    r"""Make text of several lines safe for a terminal; line feeds and tabs stay.

    Parameters
    ----------
    text : str
        The text.

    Returns
    -------
    str
        As :func:`printable` gives it, line by line.

    Examples
    --------
    >>> from crisp_data.terminal_text import printable_lines
    >>> print(printable_lines("Crisp workspace\n  website  Acme\x07"))
    Crisp workspace
      website  Acme\x07
    """
    return _IN_LINES.sub(_code, text)


def _code(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
