"""The conversation that is answered: whom it is with, and its thread as far as it was read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from crisp_data import arguments
from crisp_data.errors import BadAnswer
from crisp_data.forms.inbox import customer
from crisp_data.forms.paged_list import PagedList
from crisp_data.forms.protocol import Workspace
from crisp_data.transcripts import html_document
from crisp_data.transcripts.entries import Entry, threads


class Conversation:
    """One conversation, opened to be read and answered.

    Parameters
    ----------
    ws : Workspace
        Whose conversation.
    session_id : str
        Which.
    row : Series, optional
        What was read of it already; without it, :meth:`read` asks, for one request.

    Attributes
    ----------
    who : str
        The customer's name, once it was read.

    Examples
    --------
    >>> from crisp_data.forms.conversation import Conversation
    >>> row = ws.conversations(limit=1).iloc[0]
    >>> conversation = Conversation(ws, row["session_id"], row)
    >>> conversation.read()  # one request
    >>> conversation.who, conversation.entries[-1].kind, conversation.has_earlier
    ('Grace Patel', 'file', False)
    """

    def __init__(self, ws: Workspace, session_id: str, row: pd.Series[Any] | None = None) -> None:
        self.session_id = arguments.session_id(session_id)
        self._ws, self.row = ws, row
        self._thread = self._list("messages", "get_messages_in_conversation")
        self._last_status = 200

    def read(self) -> None:
        """Read its newest messages anew: one request, and one more where it is not known.

        Never from the cache: nobody is to answer a thread as it stood an hour ago.

        Raises
        ------
        NotFound
            There is no such conversation (any more).
        """
        if self.row is None:
            self.row = self._look_up()
        thread = self._list("messages", "get_messages_in_conversation")
        self._last_status = _status(thread.read_next())
        self._thread = thread
        self._check_end()

    def earlier(self) -> None:
        """Read the batch of messages before: one request."""
        self._last_status = _status(self._thread.read_next())
        self._check_end()

    def _check_end(self) -> None:
        """After the last batch, find out for no request whether messages may be missing."""
        if not self.has_earlier:
            self._thread.read_next()

    @property
    def has_earlier(self) -> bool:
        """Whether there are older messages than those read: 206 says so (*documented*)."""
        return self._last_status == 206

    @property
    def incomplete(self) -> str:
        """Why messages may be missing, in a sentence; empty where none is known to be."""
        return self._thread.incomplete

    @property
    def who(self) -> str:
        """The customer's name."""
        return "" if self.row is None else customer(self.row)

    @property
    def frame(self) -> pd.DataFrame:
        """The messages read, newest last; columns as ``ws.messages()``."""
        return self._thread.frame

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The same messages as entries of a transcript, with notes and events."""
        found = next(threads(self.frame, None, notes=True, tz=None), None)
        return () if found is None else found.entries

    def has(self, fingerprint: int) -> bool:
        """Whether a message is among those read."""
        return bool((self.frame["fingerprint"] == fingerprint).any())

    def _look_up(self) -> pd.Series[Any]:
        found = self._list("conversations", "get_conversation")
        found.read_next()
        if found.frame.empty:
            raise BadAnswer("The answer holds no conversation.")
        return found.frame.iloc[0]

    def _list(self, table: str, operation: str) -> PagedList:
        # Reading in order to answer may spend the reserve for writes: an export that spent the
        # day's reads must not prevent it. Looking through the list is not answering.
        options = {"refresh": True, "for_write": self._ws.client.writes}
        return PagedList(
            self._ws, table, operation, where={"session_id": self.session_id}, **options
        )


def thread_html(entries: Iterable[Entry]) -> str:
    """Draw the entries, newest last, scrolled to the end; all of it is escaped.

    Examples
    --------
    >>> thread_html([])
    "<p class='crisp-soft'>No messages yet.</p>"
    """
    items = "\n".join(map(html_document.entry, entries))
    if not items:
        return "<p class='crisp-soft'>No messages yet.</p>"
    return (
        "<div class='crisp-thread' role='region' aria-label='Messages' tabindex='0'>"
        f"<ol>{items}</ol></div>"
    )


def _status(found: Any) -> int:
    return 200 if found is None else int(found.status)
