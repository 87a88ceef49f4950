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
    every conversation and the words of its messages; it is asked where that is wanted.

    Parameters
    ----------
    ws : Workspace
        Whose conversations.

    Attributes
    ----------
    text, state : str
        What is looked for; empty is everything.

    Examples
    --------
    >>> from crisp_data.forms.inbox import Inbox
    >>> inbox = Inbox(ws)
    >>> inbox.load()  # one request
    >>> inbox.narrow("billing", "resolved")  # none
    >>> inbox.shown["state"].unique().tolist()
    ['resolved']
    """

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self.text, self.state = "", ""
        self._recent = self._walked()
        self._found: PagedList | None = None
        self._place = 0
        self._matched: tuple[Any, pd.DataFrame] | None = None  # five ask for it at a keystroke

    def load(self, *, refresh: bool = False) -> None:
        """Read the most recent conversations: one request, none where the cache has them."""
        if refresh:
            self._recent = self._walked(refresh=True)
        self._found, self._place = None, 0
        if not self._recent.pages:
            self._recent.more()

    def narrow(self, text: str = "", state: str = "") -> None:
        """Look among what was read; spends nothing.

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
            self._found = None
        self.text, self.state, self._place = text, state, 0

    def search(self) -> None:
        """Ask Crisp's own search for the text: one request.

        It also looks into subjects and the words of messages (*documented* as text search).
        Without a text there is nothing to ask.
        """
        text = self.text.strip()
        if not text:
            return
        found = self._walked(search_query=text, search_type="text")
        found.more()
        self._found, self._place = found, 0

    def older(self) -> None:
        """Show the next ones; where :attr:`older_costs`, one request brings them."""
        end = min(self._place + PAGE, len(self.matches))
        if self.older_costs:
            self._walk.more()
        if end < len(self.matches):
            self._place = end

    def newer(self) -> None:
        """Show the page before."""
        self._place = max(0, self._place - PAGE)

    @property
    def searched(self) -> bool:
        """Whether Crisp's own search found what is shown."""
        return self._found is not None

    @property
    def matches(self) -> pd.DataFrame:
        """What was read and fits, the most recent first; columns as ``ws.conversations()``."""
        asked = (self._walk, self._walk.pages, self.text, self.state)
        if self._matched is None or self._matched[0] != asked:
            self._matched = asked, self._fitting()
        return self._matched[1]

    def _fitting(self) -> pd.DataFrame:
        frame = self._walk.frame
        checks: list[Any] = [frame["state"] == self.state if self.state else None]
        if not self.searched:
            words = _words(frame)
            checks += [words.str.contains(w, regex=False) for w in self.text.casefold().split()]
        return filters.where(frame, checks)

    @property
    def shown(self) -> pd.DataFrame:
        """The page of them that is shown."""
        return self.matches.iloc[self._place : self._place + PAGE].reset_index(drop=True)

    @property
    def older_costs(self) -> bool:
        """Whether the next page has to be read first: one request."""
        return not self._walk.whole and self._place + PAGE >= len(self.matches)

    @property
    def has_older(self) -> bool:
        """Whether there may be a next page."""
        return not self._walk.whole or self._place + PAGE < len(self.matches)

    @property
    def has_newer(self) -> bool:
        """Whether there is a page before."""
        return self._place > 0

    @property
    def summary(self) -> str:
        """What is shown of what was read, in words, and why that may not be all."""
        return f"{self._shown_of_read} {self._walk.incomplete}".strip()

    @property
    def _shown_of_read(self) -> str:
        count, read = len(self.matches), len(self._walk.frame)
        last = min(self._place + PAGE, count)
        part = self._place > 0 or count > last
        page = f" Shown: {self._place + 1}–{last}." if part else ""
        so_far = "" if self._walk.whole else " so far"
        if self.searched:
            of_them = f", {count} of them {self.state}" if self.state else ""
            return f"Crisp's search found {read}{so_far}{of_them}.{page}"
        if count < read:
            return f"{count} of the {read} read{so_far} {'fits' if count == 1 else 'fit'}.{page}"
        return f"{read} read{so_far}, the most recently updated first.{page}"

    def row(self, session_id: str) -> pd.Series[Any] | None:
        """Give what was read of a conversation; None where it was not."""
        for walked in (self._recent, self._found):
            if walked is not None:
                found = walked.frame[walked.frame["session_id"] == session_id]
                if len(found):
                    return found.iloc[0]
        return None

    @property
    def _walk(self) -> PagedList:
        return self._found or self._recent

    def _walked(self, **asked: Any) -> PagedList:
        # Nobody waits for a second look at what moved up while the list was read.
        options = {"one_pass": True, **asked}
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

    Customers' words are kept from reordering the line that they stand in.
    """
    when = "" if pd.isna(row["updated_at"]) else f"{row['updated_at']:%Y-%m-%d %H:%M}"
    last = " ".join(clean(row["preview_excerpt"]).split())
    last = last if len(last) <= _EXCERPT else last[: _EXCERPT - 1] + "…"
    lines = (customer(row), " · ".join(filter(None, [when, facts(row)])), last)
    return "\n".join(f"\u2068{line}\u2069" for line in lines if line)


def labels(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Give the label and the ``session_id`` of each conversation; no two labels are equal.

    A list marks what is chosen by its label, so what looks the same is told apart by its id.
    """
    made = [(label(row), str(row["session_id"])) for _, row in frame.iterrows()]
    often = Counter(words for words, _ in made)
    return [(f"{words}\n{key}" if often[words] > 1 else words, key) for words, key in made]


def _words(frame: pd.DataFrame) -> pd.Series[Any]:
    """Put what a text is looked for in into one string a conversation."""
    segments = frame["segments"].map(" ".join, na_action="ignore")
    parts = [frame["nickname"], frame["email"], segments]
    words = pd.Series("", index=frame.index, dtype="str")
    for part in parts:
        words = words + "\n" + part.fillna("").astype("str")
    return words.str.casefold()
