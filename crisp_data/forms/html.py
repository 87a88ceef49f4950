"""How every form looks: one style sheet, and the pieces of HTML that carry other people's words.

Colours are the theme's own where JupyterLab, Notebook, VS Code and Voila name them
(``--jp-...``), so that light and dark both read well. Live and sandbox differ in word, in
colour (Okabe and Ito's vermilion and blue, darkened until white reads well on them), in shape
and in filling: one of the four is always seen.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import pandas as pd

from crisp_data.counts import count
from crisp_data.quota import meter
from crisp_data.quota.ledger import Ledger
from crisp_data.rest.client import Client


class Opened(Protocol):
    """What a form needs to know of the workspace that it stands on."""

    client: Client
    website_id: str
    name: str

    @property
    def quota(self) -> Ledger:
        """The day's ledger."""


def escape(text: Any) -> str:
    """Make text safe to stand in HTML, whoever wrote it; None is empty.

    Customers' words come into a form through here only. Not through Label or description:
    these are typeset as LaTeX between two dollars. The element keeps words that run from
    right to left from turning round what stands beside them.

    Examples
    --------
    >>> escape("<script>")
    '<bdi>&lt;script&gt;</bdi>'
    """
    return "" if text is None else f"<bdi>{html.escape(str(text))}</bdi>"


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


def service(ws: Opened | None) -> str:
    """Name what a workspace stands on: "live", "sandbox", or "" where none is open."""
    return "" if ws is None else "live" if ws.client.settings.live else "sandbox"


_SHAPES = {"live": "▲", "sandbox": "◇", "": "○"}
_WORDS = {"live": "LIVE", "sandbox": "SANDBOX", "": "NOT CONNECTED"}
_MEANING = {
    ("live", True): "Real customers receive what you send.",
    ("live", False): "Real customers. This connection only reads.",
    ("sandbox", True): "Nothing leaves this machine.",
    ("sandbox", False): "Nothing leaves this machine.",
    ("", False): "No workspace is open yet.",
}


def banner(ws: Opened | None) -> str:
    """Draw what nobody may mistake: live or sandbox, which website, whether it may write."""
    where, writes = service(ws), ws is not None and ws.client.writes
    name = "" if ws is None else f"<strong>{escape(ws.name or ws.website_id)}</strong>"
    right = ("may write" if writes else "read-only") if ws is not None else ""
    return (
        f"<div class='crisp-banner crisp-{where or 'closed'}'>"
        f"<span class='crisp-where'><span aria-hidden='true'>{_SHAPES[where]}</span> "
        f"{_WORDS[where]}</span>{name}"
        f"{f'<span class=crisp-right>{right}</span>' if right else ''}"
        f"<span class='crisp-meaning'>{_MEANING[where, writes]}</span></div>"
    )


def quota(ws: Opened | None) -> str:
    """Draw what is left of the day."""
    if ws is None:
        return ""
    ledger = ws.quota
    parts = {"used": ledger.used, "left": ledger.left_for_reads, "kept": ledger.kept_for_writes}
    return (
        f"<div class='crisp-quota'><div>{meter.bar(parts, ledger.limit)}</div>"
        f"<span>{quota_line(ws)}</span></div>"
    )


def quota_line(ws: Opened) -> str:
    """Say what is left of the day, in one line without a clock."""
    ledger = ws.quota
    line = f"{ledger.left:,} of {count(ledger.limit, 'request')} left today"
    kept = ledger.kept_for_writes
    return f"{line}, {kept:,} of them reserved for writes" if kept else line


_MARKS = {"done": "✓", "error": "✕", "info": "i"}
_CALLED = {"done": "Done", "error": "Error", "info": "Note"}


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
        f"<span class='crisp-mark' role='img' aria-label='{_CALLED[kind]}'>{_MARKS[kind]}</span>"
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
        f"<tr>{''.join(f'<td>{escape(word(cell))}</td>' for cell in cells)}</tr>"
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


def word(cell: Any, most: int = 160) -> str:
    """Write one cell in a few words.

    Examples
    --------
    >>> word(["vip", "trial"]), word(None), word("a" * 9, most=5)
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


#: Goes into every form: a page may show several, or one alone. Its first rule takes away the
#: words that stand above a form for pages on which there is none.
CSS = """
.jp-OutputArea-child:has(> .jp-OutputArea-output > .crisp-words):has(
  + .jp-OutputArea-child .crisp-form
) { display: none; }
.crisp-form {
  --crisp-ink: var(--jp-ui-font-color0, CanvasText);
  --crisp-soft: var(--jp-ui-font-color1, CanvasText);
  --crisp-ground: var(--jp-layout-color1, Canvas);
  --crisp-line: color-mix(in srgb, var(--crisp-ink) 22%, transparent);
  --crisp-edge: color-mix(in srgb, var(--crisp-ink) 55%, var(--crisp-ground));
  --crisp-tint: color-mix(in srgb, var(--crisp-ink) 5%, transparent);
  --crisp-blue: #0a5c94; --crisp-red: #a4300a; --crisp-green: #0a6b4d;
  --crisp-focus: #2f7ed8;
  width: 100%; max-width: 1080px; min-width: 0; margin: 8px 0; padding: 0 0 16px;
  color: var(--crisp-ink); background: var(--crisp-ground);
  border: 1px solid var(--crisp-line); border-radius: 8px;
  font-family: var(--jp-ui-font-family, system-ui, sans-serif); font-size: 14px; line-height: 1.5;
}
:is([data-jp-theme-light=false], .jp-mod-dark, .theme-dark, .vscode-dark, .vscode-high-contrast)
  .crisp-form { color-scheme: dark; }
/* VS Code gives widgets the colours of Jupyter's light theme and white ground, whatever its own. */
:is(.vscode-light, .vscode-dark, .vscode-high-contrast, .vscode-high-contrast-light) .crisp-form {
  --jp-ui-font-color0: var(--vscode-editor-foreground);
  --jp-ui-font-color1: var(--vscode-editor-foreground);
  --jp-layout-color1: var(--vscode-editor-background);
  --jp-widgets-color: var(--vscode-editor-foreground);
}
.cell-output-ipywidget-background:has(.crisp-form) { background: transparent !important; }
.crisp-form, .crisp-form * { box-sizing: border-box; }
.crisp-form .widget-box { overflow: visible; min-width: 0; }
.crisp-form > .widget-html, .crisp-form .crisp-body { width: auto; margin: 0; }
.crisp-form .widget-html { width: auto; height: auto; min-width: 0; margin: 0; }
.crisp-form .widget-html-content {
  width: 100%; min-width: 0; font-size: 14px; line-height: 1.5; align-self: auto;
}
.crisp-form .crisp-body { padding: 0 16px; gap: 12px; }
.crisp-form > .crisp-body ~ .crisp-body { padding-top: 12px; }
.crisp-form .widget-html:has(> .widget-html-content:empty) { display: none; }
.crisp-form p { margin: 0; }
.crisp-form h2, .crisp-form h3 { margin: 0; color: var(--crisp-ink); font-weight: 600; }
.crisp-form h2 { font-size: 18px; }
.crisp-form h3 { font-size: 15px; margin-bottom: 4px; }
.crisp-form .crisp-scroll ~ h3 { margin-top: 16px; }
.crisp-form .crisp-body > .crisp-heading { margin-top: 10px; }
.crisp-form h3 .crisp-soft { font-weight: 400; font-size: 13px; }
.crisp-form .crisp-soft { color: var(--crisp-soft); }
.crisp-form .crisp-head { padding: 14px 16px 12px; }

.crisp-form .crisp-banner {
  display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; padding: 10px 16px;
  border-radius: 7px 7px 0 0; overflow-wrap: anywhere;
}
.crisp-form .crisp-where { font-weight: 700; letter-spacing: .06em; padding: 1px 10px; }
.crisp-form .crisp-meaning { margin-left: auto; }
.crisp-form .widget-html-content:has(> .crisp-banner) { container-type: inline-size; }
@container (max-width: 500px) {
  .crisp-form .crisp-meaning { margin-left: 0; flex-basis: 100%; }
}
.crisp-form .crisp-right { border: 1px solid currentColor; border-radius: 99px; padding: 0 10px; }
.crisp-form .crisp-live { background: var(--crisp-red); color: #fff; }
.crisp-form .crisp-live .crisp-where { background: #fff; color: var(--crisp-red); }
.crisp-form .crisp-sandbox { border: 3px dashed var(--crisp-focus); padding: 7px 13px; }
.crisp-form .crisp-sandbox .crisp-where {
  background: var(--crisp-blue); color: #fff; border-radius: 99px;
}
.crisp-form .crisp-closed { border-bottom: 1px solid var(--crisp-line); }
.crisp-form .crisp-closed .crisp-where { border: 1px solid currentColor; }
.crisp-form .crisp-quota {
  display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; padding: 8px 16px 0;
  color: var(--crisp-soft); font-size: 13px;
}
.crisp-form .crisp-quota > div { flex: 0 1 180px; min-width: 90px; }

.crisp-form .crisp-row { display: flex; flex-flow: row wrap; gap: 12px; align-items: flex-end; }
.crisp-form .crisp-row > * { min-width: 0; }
.crisp-form .crisp-row > .widget-inline-hbox { flex: 1 1 150px; }
.crisp-form .crisp-row > .widget-html { flex: 0 1 auto; }
.crisp-form .crisp-pane { min-width: 0; gap: 12px; }
.crisp-form .crisp-row > .crisp-pane { flex: 1 1 300px; }
.crisp-form .crisp-row:has(> .crisp-pane) { align-items: flex-start; gap: 16px; }
.crisp-form .widget-inline-hbox, .crisp-form .widget-inline-vbox {
  flex-flow: column nowrap; align-items: stretch; width: auto; max-width: 100%; height: auto;
  margin: 0; gap: 3px;
}
.crisp-form .widget-label {
  width: auto; max-width: 100%; height: auto; margin: 0; padding: 0; text-align: left;
  white-space: normal; overflow: visible; color: var(--crisp-soft);
  font-size: 13px; line-height: 1.4; font-weight: 600;
}
.crisp-form .widget-inline-hbox > :is(input, select, textarea) { flex: 0 0 auto; max-width: 100%; }
.crisp-form .widget-checkbox, .crisp-form .crisp-row > .widget-checkbox {
  flex: 0 0 auto; min-height: 34px; justify-content: center;
}
.crisp-form .widget-checkbox > .widget-label { display: none; }
.crisp-form .widget-label-basic {
  display: flex; align-items: center; justify-content: flex-start; gap: 8px; width: auto;
  height: auto; white-space: normal; color: var(--crisp-ink); font-size: 14px; overflow: visible;
}
.crisp-form .widget-label-basic > span { flex: 0 1 auto; }
.crisp-form input:not([type=checkbox], [type=radio]), .crisp-form select, .crisp-form textarea {
  width: 100%; min-width: 0; min-height: 34px; padding: 5px 8px; font-size: 14px;
  font-family: inherit; line-height: 1.4; color: var(--crisp-ink);
  background-color: var(--crisp-ground); border: 1px solid var(--crisp-edge); border-radius: 5px;
}
.crisp-form .widget-dropdown > select {
  appearance: auto; background-image: none; text-overflow: ellipsis;
}
.crisp-form .crisp-code textarea {
  font-family: var(--jp-code-font-family, monospace); font-size: 13px; field-sizing: content;
}
.crisp-form input::placeholder, .crisp-form textarea::placeholder {
  color: var(--crisp-ink); opacity: .68;
}
.crisp-form input[type=checkbox], .crisp-form input[type=radio] {
  flex: 0 0 auto; width: 17px; height: 17px; min-height: 0; margin: 0;
  accent-color: var(--crisp-blue);
}
.crisp-form :is(input, select, textarea, button, summary, a):focus-visible {
  outline: 3px solid var(--crisp-focus) !important; outline-offset: 2px !important;
}
.crisp-form .jupyter-button {
  width: auto; height: auto; min-height: 34px; margin: 0; padding: 4px 16px; border-radius: 5px;
  border: 1px solid var(--crisp-edge); background: var(--crisp-ground); color: var(--crisp-ink);
  font-family: inherit; font-size: 14px; font-weight: 600; line-height: 1.4; white-space: normal;
  box-shadow: none; overflow: visible;
}
.crisp-form .jupyter-button:is(:hover, :focus) { box-shadow: none; }
.crisp-form .jupyter-button:hover:enabled { background: var(--crisp-tint); }
.crisp-form .jupyter-button.crisp-primary {
  background: var(--crisp-blue); border-color: var(--crisp-blue); color: #fff;
}
.crisp-form .jupyter-button.crisp-primary:hover:enabled { background: #084a78; }
.crisp-form .jupyter-button.crisp-danger {
  background: var(--crisp-red); border-color: var(--crisp-red); color: #fff;
}
.crisp-form .jupyter-button.crisp-danger:hover:enabled { background: #842607; }
.crisp-form .jupyter-button:disabled { opacity: .55; cursor: not-allowed; }
.crisp-form .crisp-confirm .widget-text { flex: 0 1 220px; }
.crisp-form .crisp-small { min-height: 28px; padding: 2px 10px; font-size: 13px; }

.crisp-form .crisp-notice {
  display: flex; gap: 10px; margin: 12px 16px 0; padding: 10px 12px; border-radius: 5px;
  border: 1px solid var(--crisp-line); border-left: 5px solid var(--crisp-blue);
  background: var(--crisp-tint); overflow-wrap: anywhere;
}
.crisp-form .crisp-notice.crisp-error { border-left-color: var(--crisp-red); }
.crisp-form .crisp-notice.crisp-done { border-left-color: var(--crisp-green); }
.crisp-form .crisp-mark {
  flex: 0 0 22px; height: 22px; border-radius: 99px; text-align: center; line-height: 22px;
  font-weight: 700; color: #fff; background: var(--crisp-blue);
}
.crisp-form .crisp-error .crisp-mark { background: var(--crisp-red); border-radius: 3px; }
.crisp-form .crisp-done .crisp-mark { background: var(--crisp-green); }

.crisp-form .crisp-price {
  padding: 10px 12px; border-radius: 5px; background: var(--crisp-tint); overflow-wrap: anywhere;
}
.crisp-form .crisp-card {
  padding: 12px; border: 1px solid var(--crisp-line); border-radius: 5px; overflow-wrap: anywhere;
}
.crisp-form .crisp-bubble {
  width: fit-content; max-width: 100%; max-height: 260px; overflow: auto; margin-top: 8px;
  padding: 8px 12px; border-radius: 12px 12px 12px 2px; color: #fff; background: var(--crisp-blue);
  white-space: pre-wrap;
}
.crisp-form .crisp-picks { border: 1px solid var(--crisp-line); border-radius: 5px; }
.crisp-form .crisp-picks + .crisp-row { align-items: center; }
.crisp-form .crisp-confirm > .crisp-heading { margin-top: 10px; }
.crisp-form .crisp-pick { gap: 0 12px; padding: 2px 10px; align-items: center; }
.crisp-form .crisp-pick + .crisp-pick { border-top: 1px solid var(--crisp-line); }
.crisp-form .crisp-row.crisp-pick > .widget-checkbox { flex: 1 1 180px; }
.crisp-form .crisp-pick > .widget-html { flex: 3 1 280px; }
.crisp-form .crisp-facts {
  display: flex; flex-wrap: wrap; gap: 0 14px; color: var(--crisp-soft); font-size: 13px;
  padding: 2px 0; overflow-wrap: anywhere;
}
.crisp-form .crisp-progress { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 12px; }
.crisp-form progress {
  width: 220px; max-width: 100%; height: 14px; accent-color: var(--crisp-blue);
}

.crisp-form .crisp-scroll {
  max-width: 100%; max-height: 380px; overflow: auto; border: 1px solid var(--crisp-line);
  border-radius: 5px;
}
.crisp-form table { width: 100%; margin: 0; border-collapse: collapse; font-size: 13px; }
.crisp-form th, .crisp-form td {
  min-width: 96px; max-width: 280px; padding: 5px 10px; text-align: left; vertical-align: top;
  overflow-wrap: break-word; color: var(--crisp-ink); background: var(--crisp-ground);
  border-bottom: 1px solid var(--crisp-line);
}
.crisp-form th { position: sticky; top: 0; font-weight: 600; white-space: nowrap; }
.crisp-form pre {
  margin: 0; padding: 10px 12px; overflow-x: auto; border: 1px solid var(--crisp-line);
  border-radius: 5px; background: var(--crisp-tint); color: var(--crisp-ink);
  font-family: var(--jp-code-font-family, monospace); font-size: 13px; white-space: pre-wrap;
}
"""
