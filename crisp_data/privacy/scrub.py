"""One value made private: a text, or JSON of any depth."""

from __future__ import annotations

import numbers
import re
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date, time, timedelta
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from crisp_data.api.json_repair import written
from crisp_data.privacy.column_roles import role_of, roles_of
from crisp_data.privacy.folding import fold, readings
from crisp_data.privacy.known_values import Known
from crisp_data.privacy.patterns import look, spans
from crisp_data.privacy.span import Span, merged, uncut
from crisp_data.privacy.tokens import Tokens, whole_number

# What says when or how much it is, and never who.
_PLAIN = (bool, np.bool_, date, time, timedelta, np.datetime64, np.timedelta64, pd.Period)
_SEVERAL = (list, tuple, set, frozenset, np.ndarray, pd.Series, pd.Index)
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")
Found = Counter[str]


class Scrubber:
    """Makes values private by their role; says what it found in a counter of kinds."""

    def __init__(self, tokens: Tokens, known: Known, allow: Collection[str]) -> None:
        self.tokens, self.known, self.allow = tokens, known, frozenset(allow)

    def value(self, role: str, value: Any, found: Found) -> Any:
        """Make a cell private; what says nothing but when or how much stays.

        Parameters
        ----------
        role : str
            The column's role, as in :mod:`crisp_data.privacy.column_roles`.
        value : object
            The cell.
        found : Found
            Counts by kind what was replaced.

        Returns
        -------
        object
            The private cell.
        """
        if isinstance(value, str):
            return self._string(role, value, found)
        if isinstance(value, dict):
            return self._free(value, found) if role == "free" else self._object(value, found)
        if isinstance(value, _SEVERAL):
            several = [self.value(role, item, found) for item in value]
            return tuple(several) if isinstance(value, tuple) else several
        return self._single(role, value, found)

    def _single(self, role: str, value: Any, found: Found) -> Any:
        """Make private what is neither text nor holds several."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            found["drop"] += 1
            return None
        if value is None or value is pd.NA or isinstance(value, _PLAIN):
            return value
        if isinstance(value, numbers.Number):
            return self._number(role, value, found)
        # Anything else shows what it holds as text: a UUID, an address, a path.
        private = self._string(role, str(value), found)
        return value if private == str(value) else private

    def text(self, text: str, found: Found) -> str:
        """Put a token in the place of all that is personal in a text; the rest stays."""
        return self._replaced(text, self._spans(text), found)

    def label(self, text: str, found: Found) -> str:
        """Make the name of a column private, where it shows its value or is a known one.

        Words within a name stay, or a customer called "First" would rename ``first_response``.
        """
        name = fold(text)
        whole = any((s.start, s.end) == (0, len(name)) for s in self.known.spans(name))
        return self._replaced(text, self._spans(text, names=whole), found)

    def _spans(self, text: str, *, names: bool = True) -> list[Span]:
        """Find in each form of a text what shows by its form, and what is known."""
        forms, found = readings(text), []
        for form in forms:
            known = self.known.spans(form.text) if names else ()
            for span in chain(map(self.known.narrowed, spans(form.text)), known):
                start, end = form.original(span.start, span.end)
                found.append(Span(start, end, span.kind, span.value))
        if not found or len(forms) == 1:
            return found
        return uncut(found, {p for form in forms for p in form.places or () if p[1] - p[0] > 1})

    def _replaced(self, text: str, spans_: Iterable[Span], found: Found) -> str:
        pieces, at = [], 0
        for span in merged(spans_):
            found[span.kind] += 1
            pieces += [text[at : span.start], self.tokens(span.kind, span.value)]
            at = span.end
        return "".join([*pieces, text[at:]]) if pieces else text

    def token(self, kind: str, value: str, found: Found) -> str:
        """Return the token of a whole value: what it looks like counts more than its column.

        Parameters
        ----------
        kind : str
            The kind of value that the column holds.
        value : str
            The value.
        found : Found
            Counts by kind what was replaced.

        Returns
        -------
        str
            The token; a blank value stays.
        """
        if not value.strip():
            return value
        if (pattern := look(value)) is not None:
            kind, value = pattern.kind, pattern.value
        found[kind] += 1
        return self.tokens(kind, value)

    def json(self, text: str, found: Found, role: str = "json") -> str | None:
        """Make JSON private; what cannot be read as JSON is text.

        Parameters
        ----------
        text : str
            JSON.
        found : Found
            Counts by kind what was replaced.
        role : str, default "json"
            The role of the values; of "free" only allowed keys stay.

        Returns
        -------
        str or None
            The private JSON; None where free JSON is no object or nothing of it stays.
        """
        try:
            value = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return None if role == "free" else self.text(text, found)
        if role == "free" and not isinstance(value, dict):
            return None
        private = self.value(role, value, found)
        return None if private is None else text if private == value else written(private)

    def _string(self, role: str, value: str, found: Found) -> str | None:
        if role in ("json", "free") or (role == "text" and value.lstrip()[:1] in ("{", "[")):
            return self.json(value, found, role)
        if role in ("text", "place"):
            return self.text(value, found)
        if role == "drop":
            found["drop"] += 1
            return None
        if role == "file":
            ending = _ENDING.search(value.strip())
            return self.token("file", value, found) + (ending[0].lower() if ending else "")
        return value if role == "keep" else self.token(role, value, found)

    def _free(self, value: dict[str, Any], found: Found) -> dict[str, Any] | None:
        allowed = {key: item for key, item in value.items() if key in self.allow}
        found["drop"] += len(value) - len(allowed)
        return self._object(allowed, found) or None

    def _object(self, value: dict[str, Any], found: Found) -> dict[str, Any]:
        private = {}
        roles = roles_of(list(value))
        for (key, item), role in zip(value.items(), roles, strict=True):
            if key == "value" and isinstance(value.get("id"), str):
                role = role_of(value["id"])  # noqa: PLW2901  # a form's field says what it asks
            if role in ("free", "keep"):  # these are names of columns, not of keys
                role = "text"  # noqa: PLW2901
            private[self.text(str(key), found)] = self.value(role, item, found)
        return private

    def _number(self, role: str, value: Any, found: Found) -> Any:
        """Judge a number: by its key, or where it is a card's or a known phone's."""
        if value != value or role in ("place", "drop"):  # noqa: PLR0124  # the way to know NaN
            found[role] += role in ("place", "drop")
            return None if role == "drop" else round(value, 1) if role == "place" else value
        if role in ("text", "keep", "json", "free"):
            plain = whole_number(value) or str(value)
            if any(span.kind == "card" for span in spans(plain)):
                role = "card"
            elif plain in self.known.phones.whole:
                role = "phone"
            else:
                return value
        return self.token(role, whole_number(value) or str(value), found)
