"""How the form to answer a customer looks: its style sheet, on top of that of every form."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crisp_data.forms.html import escape
from crisp_data.forms.inbox import customer, facts
from crisp_data.transcripts.entries import clean


def head(row: pd.Series[Any] | None) -> str:
    """Draw whom the open conversation is with; or that none is open."""
    if row is None:
        choose = place("Choose one from the list to see its messages here.")
        return f"<h3>No conversation is open</h3>{choose}"
    email = clean(row["email"])
    lines = [email if email != customer(row) else "", facts(row)]
    words = "".join(f"<p class='crisp-soft'>{escape(line)}</p>" for line in lines if line)
    return f"<h3>{escape(customer(row))}</h3>{words}"


def place(words: str) -> str:
    """Draw the place of something that is not there yet."""
    return f"<div class='crisp-waiting'>{escape(words)}</div>"


#: Goes into the form beside the style of all forms.
CSS = """
.crisp-form .crisp-frame { container-type: inline-size; width: 100%; }
.crisp-form .crisp-compose {
  display: grid; flex: 1 1 auto; width: 100%; gap: 20px 24px; margin: 8px 0 0;
  align-items: start;
  grid-template-columns: minmax(220px, 270px) minmax(0, 1fr) minmax(280px, 350px);
}
.crisp-form .crisp-compose > .crisp-pane { width: auto; gap: 8px; margin: 0; }
.crisp-form .crisp-compose .jupyter-button { align-self: flex-start; }
.crisp-form .crisp-compose .crisp-row .jupyter-button { flex: 0 0 auto; }
.crisp-form .crisp-list > label { display: none; }
.crisp-form .crisp-list > div {
  display: flex; flex-direction: column; align-items: stretch; width: 100%;
  max-height: 430px; overflow-y: auto; border: 1px solid var(--crisp-line); border-radius: 5px;
}
.crisp-form .crisp-list .widget-toggle-button {
  display: block; flex: none; width: 100%; margin: 0; padding: 7px 10px 7px 14px; min-height: 0;
  border: 0; border-bottom: 1px solid var(--crisp-line);
  border-radius: 0; text-align: left; font-weight: 400; font-size: 13px;
  white-space: pre-line; overflow-wrap: anywhere; color: var(--crisp-soft);
}
.crisp-form .crisp-list .widget-toggle-button::first-line {
  font-weight: 600; color: var(--crisp-ink); font-size: 14px;
}
.crisp-form .crisp-list .widget-toggle-button.mod-active {
  background: var(--crisp-tint); box-shadow: inset 4px 0 0 var(--crisp-focus);
}
.crisp-form .crisp-list .widget-toggle-button:focus-visible { outline-offset: -3px; }
.crisp-form .crisp-list .widget-toggle-button > i { display: none; }

.crisp-form .crisp-thread {
  --customer: color-mix(in srgb, var(--crisp-ink) 7%, transparent);
  --operator: color-mix(in srgb, var(--crisp-focus) 17%, transparent);
  --bot: color-mix(in srgb, #8250df 15%, transparent);
  --note: color-mix(in srgb, #d9a400 22%, transparent);
  display: flex; flex-direction: column-reverse; max-height: 560px; overflow-y: auto;
  padding: 4px 10px; border: 1px solid var(--crisp-line); border-radius: 5px;
}
.crisp-form .crisp-thread ol { list-style: none; margin: 0; padding: 0; }
.crisp-form .crisp-thread li {
  width: fit-content; max-width: 92%; margin: 8px 0; padding: 6px 11px; border-radius: 10px;
  background: var(--customer); overflow-wrap: anywhere;
}
.crisp-form .crisp-thread li.operator { background: var(--operator); margin-left: auto; }
.crisp-form .crisp-thread li.bot { background: var(--bot); margin-left: auto; }
.crisp-form .crisp-thread li.note {
  background: var(--note); margin-left: auto; border: 1px dashed currentColor;
}
.crisp-form .crisp-thread li.event {
  max-width: 100%; margin: 12px auto; padding: 0; background: none; text-align: center;
  font-size: 13px;
}
.crisp-form .crisp-thread .head {
  display: flex; flex-wrap: wrap; gap: 0 8px; font-size: 12.5px; color: var(--crisp-soft);
}
.crisp-form .crisp-thread .head b { color: var(--crisp-ink); font-weight: 600; }
.crisp-form .crisp-thread .event .head { justify-content: center; }
.crisp-form .crisp-thread .text, .crisp-form .crisp-words { white-space: pre-wrap; }
.crisp-form .crisp-thread a { color: inherit; text-decoration: underline; }
.crisp-form .crisp-thread:focus-visible {
  outline: 3px solid var(--crisp-focus); outline-offset: 1px;
}

.crisp-form .crisp-writing > .crisp-heading:not(:first-child) { margin-top: 8px; }
.crisp-form .crisp-writing > .crisp-pane { width: auto; gap: 8px; flex: none; }
.crisp-form .crisp-writing .crisp-notice { margin: 0; }
.crisp-form .crisp-writing .widget-label-basic { line-height: 1.4; }
.crisp-form .crisp-writing textarea { resize: vertical; }
.crisp-form .crisp-mentions.crisp-pane { max-height: 190px; gap: 0; overflow-y: auto; }
.crisp-form .crisp-several { gap: 8px; width: auto; margin: 0; }
.crisp-form .crisp-part {
  gap: 8px; width: auto; margin: 0; padding: 8px 10px 10px; border-radius: 5px;
  border: 1px solid var(--crisp-line);
}
.crisp-form .crisp-confirm {
  padding: 12px; border: 1px solid var(--crisp-blue); border-radius: 5px;
  background: var(--crisp-tint);
}
.crisp-form .crisp-confirm p { font-weight: 600; font-size: 15px; overflow-wrap: anywhere; }

.crisp-form .crisp-waiting {
  padding: 14px 12px; border: 1px dashed var(--crisp-line); border-radius: 5px;
  color: var(--crisp-soft);
}
.crisp-form .crisp-preview {
  display: flex; gap: 8px; padding: 12px; border: 1px solid var(--crisp-line);
  border-radius: 5px; overflow-wrap: anywhere;
}
.crisp-form .crisp-preview > div { min-width: 0; flex: 1 1 auto; }
.crisp-form .crisp-face {
  flex: 0 0 28px; height: 28px; border-radius: 99px; line-height: 28px; text-align: center;
  font-weight: 600; color: #fff; background: var(--crisp-blue);
}
.crisp-form .crisp-who { font-size: 12.5px; color: var(--crisp-soft); }
.crisp-form .crisp-said {
  width: fit-content; max-width: 100%; padding: 7px 12px; border-radius: 2px 12px 12px 12px;
  background: var(--crisp-blue); color: #fff;
}
.crisp-form .crisp-said small { display: block; font-size: 12.5px; }
.crisp-form .crisp-of-note .crisp-said {
  background: color-mix(in srgb, #d9a400 22%, transparent); color: var(--crisp-ink);
}
.crisp-form .crisp-of-event .crisp-said {
  background: none; border: 1px solid var(--crisp-line); color: var(--crisp-ink);
}
.crisp-form .crisp-unseen { font-size: 13px; }
.crisp-form .crisp-thing { display: flex; gap: 10px; }
.crisp-form .crisp-choices { display: flex; flex-wrap: wrap; gap: 6px; margin-top: 7px; }
.crisp-form .crisp-choice {
  padding: 3px 11px; border: 1px solid currentColor; border-radius: 99px; font-weight: 600;
}
.crisp-form .crisp-line {
  margin-top: 7px; padding: 5px 9px; border-radius: 5px; background: #fff; color: #1c2430;
}
.crisp-form .crisp-line.crisp-empty { color: #5b6675; }
.crisp-form .crisp-targets { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 7px; }
.crisp-form .crisp-target {
  flex: 1 1 130px; min-width: 0; padding: 9px 11px; border-radius: 7px;
  background: #fff; color: #1c2430;
}
.crisp-form .crisp-picture {
  margin-bottom: 7px; padding: 12px 8px; border-radius: 5px; background: #e6eaf0;
  font-size: 12px;
}
@container (max-width: 900px) {
  .crisp-form .crisp-compose { grid-template-columns: minmax(200px, 250px) minmax(0, 1fr); }
  .crisp-form .crisp-compose > .crisp-finding { grid-row: span 2; }
}
@container (max-width: 620px) {
  .crisp-form .crisp-compose { grid-template-columns: minmax(0, 1fr); }
  .crisp-form .crisp-list > div { max-height: 260px; }
}
"""
