"""A list that is read a request at a time, as far as somebody looks."""

from __future__ import annotations

from typing import Any

import pandas as pd

from crisp_data import tables
from crisp_data.api.envelope import Page
from crisp_data.errors import CrispError
from crisp_data.forms.protocol import Workspace
from crisp_data.rest.page_iterator import Pages


class PagedList:
    """What was read of a list so far, as a frame that grows.

    A workspace's own methods read a list to its end. A form must not: a click costs one
    request, and nobody looks at ten thousand conversations.

    Parameters
    ----------
    ws : Workspace
        Whose list.
    table : str
        Which table its records belong to.
    operation : str
        Which list.
    refresh : bool
        Whether to ask Crisp even where the cache knows.
    where : dict of str to str
        What belongs to each record as well, such as ``session_id``.
    **query
        The query, and ``for_write`` and ``one_pass`` as in
        :meth:`crisp_data.rest.client.Client.pages`.

    Attributes
    ----------
    frame : DataFrame
        What was read, in the table's order.
    pages : int
        In how many pages.
    at_end : bool
        Whether the end was reached.
    incomplete : str
        Why rows may be missing, in a sentence; empty where none is known to be.

    Examples
    --------
    >>> from crisp_data.forms.paged_list import PagedList
    >>> conversations = PagedList(ws, "conversations", "list_conversations")
    >>> page = conversations.read_next()  # one request
    >>> len(conversations.frame), conversations.at_end
    (50, False)
    """

    def __init__(
        self,
        ws: Workspace,
        table: str,
        operation: str,
        *,
        refresh: bool = False,
        where: dict[str, str] | None = None,
        **query: Any,
    ) -> None:
        self._client, self._operation, self._refresh = ws.client, operation, refresh
        self._where = {"website_id": ws.website_id, **(where or {})}
        self._query = query
        self._builder = tables.Builder(table, tz=ws.tz)
        self._iterator: Pages | None = None
        self.frame: pd.DataFrame = self._builder.frame()
        self.pages = 0
        self.at_end = False
        self.incomplete = ""

    def read_next(self) -> Page | None:
        """Read one page further: one request, or none where the cache has it.

        Returns
        -------
        Page or None
            None where there was none.

        Raises
        ------
        CrispError
            The next call goes on where this one was: the cache has what was read before.
        """
        if self.at_end:
            return None
        try:
            if self._iterator is None:
                self._iterator = self._start()
            page = next(self._iterator, None)
        except CrispError:
            self._iterator = None
            raise
        if page is None or not page.records:
            self.at_end, self.incomplete = True, self._iterator.incomplete
            return None
        self.pages += 1
        self._builder.add(page.body, **self._where)
        self.frame = self._builder.frame()
        return page

    def _start(self) -> Pages:
        query: dict[str, Any] = {**self._where, **self._query}
        query["refresh"] = self._refresh and not self.pages
        iterator = self._client.pages(self._operation, **query)
        for _ in range(self.pages):
            next(iterator, None)
        return iterator
