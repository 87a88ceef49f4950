"""Pieces of HTML of the form to answer a customer."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crisp_data.forms.html import escape, soft
from crisp_data.forms.inbox import customer, facts
from crisp_data.transcripts.entries import clean


def head(row: pd.Series[Any] | None) -> str:
    """Draw whom the open conversation is with; or that none is open."""
    if row is None:
        hint = placeholder("Choose one from the list to see its messages here.")
        return f"<h3>No conversation is open</h3>{hint}"
    email = clean(row["email"])
    lines = [email if email != customer(row) else "", facts(row)]
    return f"<h3>{escape(customer(row))}</h3>{''.join(map(soft, lines))}"


def placeholder(words: str) -> str:
    """Say what will stand here."""
    return f"<div class='crisp-waiting'>{escape(words)}</div>"
