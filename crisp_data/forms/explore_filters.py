"""The filters of ``ws.explore()``: widgets that make a query."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from crisp_data.errors import BadParameter
from crisp_data.filters import STATES
from crisp_data.forms.explore_model import Query
from crisp_data.forms.widget_parts import row, show

_TIMES = ["today", "yesterday", "7 days ago", "30 days ago", "3 months ago", "1 year ago"]
# "" is any: a dropdown takes None for nothing chosen, and shows nothing.
_ANY: list[tuple[str, Any]] = [("any", "")]
_ANY_OPERATOR: list[tuple[str, Any]] = [("anybody", ""), ("nobody", False)]


class ExploreFilters:
    """Makes a :class:`~crisp_data.forms.explore_model.Query`.

    Parameters
    ----------
    changed : callable
        Called after each change.

    Attributes
    ----------
    rows : list of ipywidgets.Box
        The widgets, a row of those for every table and one of those for conversations.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        late = {"continuous_update": False}  # a filter that is half typed is not one
        moment = {"options": _TIMES, "ensure_option": False, **late}
        tables = [("Conversations", "conversations"), ("People", "people")]
        states = [*_ANY, *((state, state) for state in STATES)]
        every = {
            "table": widgets.Dropdown(description="Table", options=tables),
            "since": widgets.Combobox(description="Since", placeholder="any time", **moment),
            "until": widgets.Combobox(description="Until", placeholder="now", **moment),
            "limit": widgets.Text("500", description="Limit", placeholder="all rows", **late),
            "search": widgets.Text(description="Search", placeholder="words", **late),
        }
        conversations = {
            "state": widgets.Dropdown(description="State", options=states),
            "segment": widgets.Text(description="Segment", placeholder="any", **late),
            "assigned": widgets.Dropdown(description="Assigned to", options=_ANY_OPERATOR),
            "inbox": widgets.Dropdown(description="Inbox", options=_ANY),
        }
        self._fields = {**every, **conversations}
        self.rows = [row(*every.values()), row(*conversations.values())]
        for field in self._fields.values():
            field.observe(lambda _: changed(), "value")

    def query(self) -> Query:
        """Read the filters.

        Raises
        ------
        BadParameter
            The limit is no whole number.
        """
        values = {name: _stripped(field.value) for name, field in self._fields.items()}
        if values["limit"]:
            if not values["limit"].isdecimal():
                raise BadParameter("limit must be a whole number.", "Leave it empty for all rows.")
            values["limit"] = int(values["limit"])
        return Query(**{name: value for name, value in values.items() if value != ""})

    def show_those_of_the_table(self) -> None:
        """Show the filters that the chosen table has."""
        conversations = self._fields["table"].value == "conversations"
        show(self.rows[1], conversations)
        self._fields["since"].description = "Updated since" if conversations else "Created since"

    def fill_names(self, operators: dict[str, str], inboxes: dict[str, str]) -> None:
        """Offer operators and inboxes, given by id, under their names."""
        for name, first, found in (
            ("assigned", _ANY_OPERATOR, operators),
            ("inbox", _ANY, inboxes),
        ):
            dropdown = self._fields[name]
            chosen = dropdown.value
            dropdown.options = [*first, *((label or key, key) for key, label in found.items())]
            dropdown.value = chosen


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value
