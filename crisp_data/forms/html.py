"""The pieces of HTML that all forms share, and those that carry other people's words.

Live and sandbox differ in word, colour, shape and filling: one of the four is always seen.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from crisp_data.forms.protocol import Workspace
from crisp_data.plurals import count
from crisp_data.quota import usage


def escape(text: Any) -> str:
    """Make text safe to stand in HTML, whoever wrote it; None is empty.

    Customers' words come into a form through here only. Not through Label or description:
    these are typeset as LaTeX between two dollars. The element stops words that run from
    right to left turning round what stands beside them.

    Examples
    --------
    >>> escape("<script>")
    '<bdi>&lt;script&gt;</bdi>'
    """
    return "" if text is None else f"<bdi>{html.escape(str(text))}</bdi>"


def soft(words: str) -> str:
    """Draw a remark in a softer colour; the words are escaped here. Nothing where there are none.

    Examples
    --------
    >>> soft("No <messages>."), soft("")
    ("<p class='crisp-soft'><bdi>No &lt;messages&gt;.</bdi></p>", '')
    """
    return f"<p class='crisp-soft'>{escape(words)}</p>" if words else ""


def plain(text: Any) -> str:
    """Make text safe to stand in a widget's description or option, which is never HTML.

    But it is typeset as LaTeX between two dollars, or after a backslash: these are written in
    their wide forms then.

    Examples
    --------
    >>> plain("$5"), plain("$5 or $6")
    ('$5', '＄5 or ＄6')
    """
    words = str(text).replace("\\", "＼")
    return words.replace("$", "＄") if words.count("$") > 1 else words


def service(ws: Workspace | None) -> str:
    """Name what a workspace stands on: "live", "sandbox", or "" where none is open."""
    return "" if ws is None else "live" if ws.client.settings.live else "sandbox"


_SHAPES = {"live": "▲", "sandbox": "◇", "": "○"}
_SERVICE_NAMES = {"live": "LIVE", "sandbox": "SANDBOX", "": "NOT CONNECTED"}
_MEANING = {
    ("live", True): "Real customers receive what you send.",
    ("live", False): "Real customers. This connection only reads.",
    ("sandbox", True): "Nothing leaves this machine.",
    ("sandbox", False): "Nothing leaves this machine.",
    ("", False): "No workspace is open yet.",
}


def banner(ws: Workspace | None) -> str:
    """Draw what nobody may mistake: live or sandbox, which website, whether it may write."""
    where, writes = service(ws), ws is not None and ws.client.writes
    name = "" if ws is None else f"<strong>{escape(ws.name or ws.website_id)}</strong>"
    right = ("may write" if writes else "read-only") if ws is not None else ""
    return (
        f"<div class='crisp-banner crisp-{where or 'closed'}'>"
        f"<span class='crisp-where'><span aria-hidden='true'>{_SHAPES[where]}</span> "
        f"{_SERVICE_NAMES[where]}</span>{name}"
        f"{f'<span class=crisp-right>{right}</span>' if right else ''}"
        f"<span class='crisp-meaning'>{_MEANING[where, writes]}</span></div>"
    )


def quota(ws: Workspace | None) -> str:
    """Draw what is left of the day."""
    if ws is None:
        return ""
    ledger = ws.quota
    return (
        f"<div class='crisp-quota'><div>{usage.bar(ledger)}</div>"
        f"<span>{quota_line(ws)}</span></div>"
    )


def quota_line(ws: Workspace) -> str:
    """Say what is left of the day, in one line without a clock."""
    ledger = ws.quota
    line = f"{ledger.left:,} of {count(ledger.limit, 'request')} left today"
    reserved = ledger.reserved_for_writes
    return f"{line}, {reserved:,} of them reserved for writes" if reserved else line


_MARKS = {"done": "✓", "error": "✕", "info": "i"}
_NAMES = {"done": "Done", "error": "Error", "info": "Note"}


def notice(kind: str, what: str, hint: str = "") -> str:
    """Draw a result or an error so that a screen reader says it at once.

    ``kind`` is "done", "error" or "info"; the words are escaped here.

    Parameters
    ----------
    kind : str
        "done", "error" or "info".
    what : str
        What happened.
    hint : str, optional
        What to do next; each line becomes a paragraph.

    Returns
    -------
    str
        HTML.
    """
    role = "alert" if kind == "error" else "status"
    live = "assertive" if kind == "error" else "polite"
    lines = "".join(f"<p>{escape(line)}</p>" for line in hint.splitlines() if line)
    return (
        f"<div class='crisp-notice crisp-{kind}' role='{role}' aria-live='{live}'>"
        f"<span class='crisp-mark' role='img' aria-label='{_NAMES[kind]}'>{_MARKS[kind]}</span>"
        f"<div><p><strong>{escape(what)}</strong></p>{lines}</div></div>"
    )


def table(title: str, frame: pd.DataFrame, columns: Sequence[str], rows: int = 50) -> str:
    """Draw the first rows of a frame below a title, everything escaped and long words cut.

    The box scrolls, so that it can be reached by the Tab key and has a name.

    Parameters
    ----------
    title : str
        The title, which is also the box's name for screen readers.
    frame : pandas.DataFrame
        The frame.
    columns : Sequence[str]
        Which of its columns to show.
    rows : int, default 50
        How many rows to show.

    Returns
    -------
    str
        HTML.
    """
    shown = frame.loc[:, [name for name in columns if name in frame]].head(rows)
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in shown)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell_text(cell))}</td>' for cell in cells)}</tr>"
        for cells in shown.itertuples(index=False, name=None)
    )
    what = count(len(frame), "row")
    if len(shown) < len(frame):
        what = f"the first {len(shown):,} of {what}"
    return (
        f"<h3>{html.escape(title)} <span class='crisp-soft'>({what})</span></h3>"
        f"<div class='crisp-scroll' tabindex='0' role='region' aria-label='{html.escape(title)}'>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cell_text(cell: Any, most: int = 160) -> str:
    """Write one cell in a few words.

    Examples
    --------
    >>> cell_text(["vip", "trial"]), cell_text(None), cell_text("a" * 9, most=5)
    ('vip, trial', '', 'aaaa…')
    """
    if isinstance(cell, (list, tuple, np.ndarray)):
        text = ", ".join(str(one) for one in cell)
    elif cell is None or pd.isna(cell):
        text = ""
    elif isinstance(cell, datetime):
        text = f"{cell:%Y-%m-%d %H:%M}"
    else:
        text = str(cell)
    return text if len(text) <= most else f"{text[: most - 1]}…"
