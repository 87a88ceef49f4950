"""Conversations, their messages, and what else belongs to one conversation, as frames."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import pandas as pd

from crisp_data import arguments, filters
from crisp_data.filters import State
from crisp_data.workspace.website_lists import WebsiteLists


class ConversationLists(WebsiteLists):
    """A website's conversations and threads, beside its other lists."""

    def conversations(
        self,
        since: Any = None,
        until: Any = None,
        *,
        state: State | None = None,
        segment: str | None = None,
        assigned: str | bool | None = None,
        inbox: str | None = None,
        search: str | None = None,
        include_empty: bool = False,
        limit: int | None = None,
        tz: str | tzinfo | None = None,
        refresh: bool = False,
    ) -> pd.DataFrame:
        """Pull conversations, most recently updated first.

        Parameters
        ----------
        since : str, date, datetime or Timestamp, optional
            Only conversations *updated* in this period, both ends included; Crisp compares
            the update date (*documented*), so an old conversation that somebody answered
            yesterday is part of yesterday. Also "7 days ago".
        until : str, date, datetime or Timestamp, optional
            Only conversations *updated* in this period, both ends included; Crisp compares
            the update date (*documented*), so an old conversation that somebody answered
            yesterday is part of yesterday. Also "7 days ago".
        state : {"pending", "unresolved", "resolved"}, optional
            Only conversations in this state.
        segment : str, optional
            Only conversations that carry this segment.
        assigned : str or False, optional
            An operator's ``user_id``; False for conversations assigned to nobody.
        inbox : str, optional
            An ``inbox_id`` or a word. "all": every inbox, as without it. "main": conversations
            of no sub-inbox, by their ``inbox_id``; they are picked from all (no word of Crisp's
            for them is known). "agent": those that Crisp's automation holds (*observed*).
        search : str, optional
            Crisp's text search.
        include_empty : bool, default False
            Also conversations without any message.
        limit : int, optional
            The newest so many, and no request more than they need.
        tz : str or tzinfo, optional
            The zone of the times, such as "Europe/Paris" or a ``ZoneInfo``.
        refresh : bool, default False
            Ask Crisp even where the cache knows.

        Returns
        -------
        DataFrame
            One row a conversation, columns as in ``crisp.schema("conversations")``.

        Raises
        ------
        BadParameter
            Before anything is spent.
        QuotaExceeded, Offline, RateLimited, ServerError
            With the rows pulled so far in ``partial``.

        Notes
        -----
        Spends a request for every 50 conversations, and one to see the end. A pull of more
        than 100 requests shows its plan on stderr first; where page 1 cannot tell, whether
        it is one costs a request more. Crisp filters
        by period, resolved or not, assignment, inbox and one search; the rest is filtered
        here, after the pull.

        Whether Crisp lists sub-inboxes, and what its automation holds, without being asked to
        is unknown. So all inboxes are asked for (*observed*). Where that is refused, or shows
        nothing and never showed anything before, the list is read without it: one request more.

        Examples
        --------
        >>> conversations = ws.conversations(since="7 days ago", state="resolved")
        >>> conversations["state"].unique().tolist()
        ['resolved']
        >>> len(ws.conversations(limit=20))
        20
        """
        zone, start, end = self._period(since, until, tz)
        wanted = filters.ConversationFilter(start, end, state, segment, assigned, inbox)
        asked = filters.ConversationQuery(wanted, search, include_empty, limit)
        return self._pulls.rows(
            "conversations",
            "list_conversations",
            asked.query,
            tz=zone,
            refresh=refresh,
            limit=asked.limit,
            wanted=wanted.of,
            before=lambda first: self._pulls.checks.before_conversations(asked, first, refresh),
        )

    def messages(
        self, conversations: Any, *, tz: str | tzinfo | None = None, refresh: bool = False
    ) -> pd.DataFrame:
        """Pull whole threads: every batch of every conversation.

        Parameters
        ----------
        conversations : DataFrame, Series, list of str, or str
            A frame with ``session_id``, or session ids.
        tz : str or tzinfo, optional
            As in :meth:`conversations`.
        refresh : bool, default False
            As in :meth:`conversations`.

        Returns
        -------
        DataFrame
            One row a message: threads in the order given, each oldest message first;
            columns as in ``crisp.schema("messages")``.

        Raises
        ------
        CrispError
            A thread could not be read; ``partial`` holds the rows pulled so far.
        BadParameter
            Before anything is spent.
        QuotaExceeded, Offline, RateLimited, ServerError
            With the rows pulled so far in ``partial``; the last thread of it may be cut.
            QuotaExceeded also before anything is spent, where there are more threads to be
            read than requests left today, or in a budget.

        Warns
        -----
        CrispWarning
            Where a thread may lack messages, or its conversation was deleted meanwhile.

        Notes
        -----
        Spends a request for every batch of a thread, one for most threads. The size of a
        batch is Crisp's own and not documented (20 and 40 are reported). A pull of more than
        100 requests shows its plan on stderr first.

        Examples
        --------
        >>> conversations = ws.conversations(limit=10)
        >>> messages = ws.messages(conversations)
        >>> set(messages["session_id"]) == set(conversations["session_id"])
        True
        """
        ids = arguments.session_ids(conversations)
        return self._pulls.threads(ids, self._zone(tz), refresh)

    def pages(self, session_id: str, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the pages that a visitor looked at in one conversation.

        Parameters
        ----------
        session_id : str
            The conversation.
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("pages")``.

        Notes
        -----
        Spends a request for each page of the list.

        Examples
        --------
        >>> "page_url" in ws.pages(ws.conversations(limit=1)["session_id"][0])
        True
        """
        return self._of_conversation("pages", session_id, refresh)

    def events(self, session_id: str, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the events of one conversation.

        Parameters
        ----------
        session_id : str
            The conversation.
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("events")``.

        Notes
        -----
        Spends a request for each page of the list.

        Examples
        --------
        >>> "text" in ws.events(ws.conversations(limit=1)["session_id"][0])
        True
        """
        return self._of_conversation("events", session_id, refresh)

    def files(self, session_id: str, *, refresh: bool = False) -> pd.DataFrame:
        """Pull the files that were sent in one conversation.

        Parameters
        ----------
        session_id : str
            The conversation.
        refresh : bool, default False
            Ask Crisp even where the cache has the answer.

        Returns
        -------
        pandas.DataFrame
            Columns as in ``crisp.schema("files")``.

        Notes
        -----
        Spends a request for each page of the list.

        Examples
        --------
        >>> "url" in ws.files(ws.conversations(limit=1)["session_id"][0])
        True
        """
        return self._of_conversation("files", session_id, refresh)

    def segments(self, conversations: pd.DataFrame) -> pd.DataFrame:
        """Give one row for each conversation and segment; spends nothing.

        Parameters
        ----------
        conversations : pandas.DataFrame
            Frame of the ``conversations`` table.

        Returns
        -------
        DataFrame
            ``session_id`` and ``segment``, both str; conversations without segments have
            no row. Joins back on ``session_id``.

        Examples
        --------
        >>> ws.segments(ws.conversations(limit=50)).columns.tolist()
        ['session_id', 'segment']
        """
        from crisp_data import metrics

        return metrics.segments(conversations)

    def _of_conversation(self, table: str, session_id: str, refresh: bool) -> pd.DataFrame:
        where = {"session_id": arguments.session_id(session_id)}
        operation = f"list_conversation_{table}"
        return self._pulls.rows(table, operation, where, tz=self.tz, refresh=refresh)
