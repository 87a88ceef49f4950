"""Operators by name: whom a note may mention, and to whom conversations are assigned."""

from __future__ import annotations

from crisp_data.forms.protocol import Workspace


def operator_names(ws: Workspace, load: bool = False) -> dict[str, str]:
    """Give the operators' names by ``user_id``; without ``load`` only what the cache knows.

    Spends one request at most, cached for an hour.

    Examples
    --------
    >>> from crisp_data.forms.operator_names import operator_names
    >>> operator_names(ws)
    {}
    >>> len(operator_names(ws, load=True)) == len(operator_names(ws)) > 0
    True
    """
    pages = ws.client.pages("list_website_operators", website_id=ws.website_id)
    if not load and not pages.cached()[1]:
        return {}
    rows = ws.operators()[["user_id", "first_name", "last_name"]].fillna("").astype("str")
    return {key: f"{first} {last}".strip() for key, first, last in rows.to_numpy()}
