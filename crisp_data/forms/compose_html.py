"""Pieces of HTML of the form to answer a customer."""

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
