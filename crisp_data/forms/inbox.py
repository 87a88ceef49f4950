"""Finding the conversation to answer: what was read is filtered here, for nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from crisp_data import arguments, filters
from crisp_data.forms.paged_list import PagedList
from crisp_data.forms.protocol import Workspace
from crisp_data.transcripts.entries import clean

#: Conversations shown at a time, and read at a time: the most that Crisp puts on a page.
PAGE = 50

_EXCERPT = 60


class Inbox:
    """Conversations to choose from, the most recently updated first.

    What was read is narrowed as one types, and that spends nothing. Crisp's own search knows
    every conversation and the words of its messages; it is used only on demand.

    Parameters
    ----------
    ws : Workspace
        Whose conversations.

    Attributes
    ----------
    text, state : str
        What is looked for; empty is everything.
    matches : DataFrame
        What was read and matches, the most recent first; columns as ``ws.conversations()``.

    Examples
    --------
    >>> from crisp_data.forms.inbox import Inbox
    >>> inbox = Inbox(ws)
    >>> inbox.load()  # one request
    >>> inbox.filter("billing", "resolved")  # none
    >>> inbox.shown["state"].unique().tolist()
    ['resolved']
    """

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self.text, self.state = "", ""
        self._recent = self._new_list()
        self._search_result: PagedList | None = None
        self._offset = 0  # of the page shown, in the matches
        self._match()

    def load(self, *, refresh: bool = False) -> None:
        """Read the most recent conversations: one request, none where the cache has them."""
        if refresh:
            self._recent = self._new_list(refresh=True)
        self._search_result, self._offset = None, 0
        try:
            if not self._recent.pages:
                self._recent.read_next()
        finally:
            self._match()

    def filter(self, text: str = "", state: str = "") -> None:
        """Filter what was read; spends nothing.

        Parameters
        ----------
        text : str
            Words; each must be in the name, the e-mail address or a segment.
        state : str
            "pending", "unresolved", "resolved", or empty for any.

        Raises
        ------
        BadParameter
            An unknown state.
        """
        arguments.check_word("state", state or None, filters.STATES)
        if text != self.text:
            self._search_result = None
        self.text, self.state, self._offset = text, state, 0
        self._match()

    def search(self) -> None:
        """Ask Crisp's own search for the text: one request.

        It also looks into subjects and the words of messages (*documented* as text search).
        Without a text there is nothing to ask.
        """
        text = self.text.strip()
        if not text:
            return
        result = self._new_list(search_query=text, search_type="text")
        result.read_next()
        self._search_result, self._offset = result, 0
        self._match()

    def older(self) -> None:
        """Show the next page; where :attr:`older_costs`, one request reads it."""
        end = min(self._offset + PAGE, len(self.matches))
        if self.older_costs:
            self._list.read_next()
            self._match()
        if end < len(self.matches):
            self._offset = end

    def newer(self) -> None:
        """Show the page before."""
        self._offset = max(0, self._offset - PAGE)

    @property
    def searched(self) -> bool:
        """Whether Crisp's own search found what is shown."""
        return self._search_result is not None

    def _match(self) -> None:
        """Filter what was read, once after each change: a form asks for it five times."""
        frame = self._list.frame
        checks: list[Any] = [frame["state"] == self.state if self.state else None]
        if not self.searched:
            texts = _searchable_text(frame)
            checks += [texts.str.contains(w, regex=False) for w in self.text.casefold().split()]
        self.matches = filters.where(frame, checks)

    @property
    def shown(self) -> pd.DataFrame:
        """The page of them that is shown."""
        return self.matches.iloc[self._offset : self._offset + PAGE].reset_index(drop=True)

    @property
    def older_costs(self) -> bool:
        """Whether the next page has to be read first: one request."""
        return not self._list.at_end and self._offset + PAGE >= len(self.matches)

    @property
    def has_older(self) -> bool:
        """Whether there may be a next page."""
        return not self._list.at_end or self._offset + PAGE < len(self.matches)

    @property
    def has_newer(self) -> bool:
        """Whether there is a page before."""
        return self._offset > 0

    @property
    def summary(self) -> str:
        """What is shown of what was read, in words, and why that may not be all."""
        return f"{self._shown_of_read} {self._list.incomplete}".strip()

    @property
    def _shown_of_read(self) -> str:
        count, read = len(self.matches), len(self._list.frame)
        last = min(self._offset + PAGE, count)
        part = self._offset > 0 or count > last
        page = f" Shown: {self._offset + 1}–{last}." if part else ""
        so_far = "" if self._list.at_end else " so far"
        if self.searched:
            of_them = f", {count} of them {self.state}" if self.state else ""
            return f"Crisp's search found {read}{so_far}{of_them}.{page}"
        if count < read:
            return f"{count} of the {read} read{so_far} {'fits' if count == 1 else 'fit'}.{page}"
        return f"{read} read{so_far}, the most recently updated first.{page}"

    def row(self, session_id: str) -> pd.Series[Any] | None:
        """Give what was read of a conversation; None where it was not."""
        for known in (self._recent, self._search_result):
            if known is not None:
                found = known.frame[known.frame["session_id"] == session_id]
                if len(found):
                    return found.iloc[0]
        return None

    @property
    def _list(self) -> PagedList:
        return self._search_result or self._recent

    def _new_list(self, **query: Any) -> PagedList:
        # Nobody waits for a second look at what moved up while the list was read.
        options = {"one_pass": True, "filter_inbox_id": filters.ALL_INBOXES, **query}
        return PagedList(self._ws, "conversations", "list_conversations", **options)


def customer(row: pd.Series[Any]) -> str:
    """Name the person of a conversation in one line: nickname, else e-mail address.

    Examples
    --------
    >>> customer(pd.Series({"nickname": "Jane\\nDoe", "email": None}))
    'Jane Doe'
    """
    named = (" ".join(clean(row.get(name)).split()) for name in ("nickname", "email"))
    return next(filter(None, named), "a visitor without a name")


def facts(row: pd.Series[Any]) -> str:
    """Say where a conversation stands, in one line: its state and its segments.

    Examples
    --------
    >>> facts(ws.conversations(limit=1).iloc[0])
    'unresolved · billing'
    """
    segments = row["segments"] if pd.api.types.is_list_like(row["segments"]) else []
    words = [clean(row["state"]), *(" ".join(clean(one).split()) for one in segments)]
    return " · ".join(filter(None, words))


def label(row: pd.Series[Any]) -> str:
    """Put a conversation into a few short lines for a list: who, where it stands, the last words.

    Customers' words cannot reorder the line that they stand in.
    """
    when = "" if pd.isna(row["updated_at"]) else f"{row['updated_at']:%Y-%m-%d %H:%M}"
    last = " ".join(clean(row["preview_excerpt"]).split())
    last = last if len(last) <= _EXCERPT else last[: _EXCERPT - 1] + "…"
    lines = (customer(row), " · ".join(filter(None, [when, facts(row)])), last)
    return "\n".join(f"\u2068{line}\u2069" for line in lines if line)


def labels(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Give the label and the ``session_id`` of each conversation; no two labels are equal.

    A list marks the choice by its label, so equal labels get the id added.
    """
    made = [(label(row), str(row["session_id"])) for _, row in frame.iterrows()]
    often = Counter(words for words, _ in made)
    return [(f"{words}\n{key}" if often[words] > 1 else words, key) for words, key in made]


def _searchable_text(frame: pd.DataFrame) -> pd.Series[Any]:
    """Put what a text is looked for in into one string a conversation."""
    segments = frame["segments"].map(" ".join, na_action="ignore")
    parts = [frame["nickname"], frame["email"], segments]
    words = pd.Series("", index=frame.index, dtype="str")
    for part in parts:
        words = words + "\n" + part.fillna("").astype("str")
    return words.str.casefold()
