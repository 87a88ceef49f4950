"""Lists of conversations in every inbox, whatever Crisp makes of the word for that.

``filter_inbox_id=all`` is *observed* in integrations of 2026. What a service does that does not
know the word is unknown: it may refuse it, or take it for an inbox that holds nothing. Both look
like an answer that it may also give for another reason. So the list is asked for without the word
then, unless it is known that this website takes it: that a list under it held rows is the only
proof, for an inbox may be empty today.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from crisp_data.api.envelope import Page
from crisp_data.errors import FileTrouble, Forbidden, InvalidData, NotFound
from crisp_data.local.private import private_file
from crisp_data.rest.page_iterator import Pages
from crisp_data.rest.page_requests import to_page

# As an unknown value, one that is not allowed, and an inbox that is not found.
_REFUSALS = (InvalidData, Forbidden, NotFound)


class AllInboxes:
    """What is known of the word, website by website.

    Parameters
    ----------
    folder : Path
        Holds an empty file for each website that is known to take the word.
    base_url : str
        The service.
    """

    def __init__(self, folder: Path, base_url: str) -> None:
        self._folder, self._base_url = folder, base_url
        self._websites: dict[str, WebsiteInboxes] = {}

    def of(self, website_id: str) -> WebsiteInboxes:
        """Say what is known of a website."""
        name = hashlib.blake2b(f"{self._base_url}\n{website_id}".encode(), digest_size=16)
        path = self._folder / name.hexdigest()
        return self._websites.setdefault(website_id, WebsiteInboxes(path))


class WebsiteInboxes:
    """What is known of the word at one website.

    Parameters
    ----------
    path : Path
        The file that is there where the website takes the word. Where it cannot be written, or
        gets lost, an empty list costs a request more.

    Attributes
    ----------
    refused : bool
        Whether this process was refused the word, and not the list without it.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._accepted, self.refused = path, False, False

    @property
    def accepted(self) -> bool:
        """Whether a list under the word ever held rows."""
        if not self._accepted:
            with suppress(OSError):
                self._accepted = self._path.exists()
        return self._accepted

    def accept(self) -> None:
        """Note that a list under the word held rows."""
        if not self.accepted:
            self._accepted = True
            with suppress(OSError, FileTrouble):
                private_file(self._path)


class AllInboxesPages(Pages):
    """The pages of a list that is asked for with the word, and else without it.

    Parameters
    ----------
    begin_without : callable
        Begins the list without the word.
    website : WebsiteInboxes
        What is known of the website.
    *list_of_all : object
        What :class:`Pages` takes, for the list with the word.
    """

    def __init__(
        self, begin_without: Callable[[], Pages], website: WebsiteInboxes, *list_of_all: Any
    ) -> None:
        self._begin_without, self._website = begin_without, website
        self._without: Pages | None = None  # once it was begun
        super().__init__(*list_of_all)

    def cached(self) -> tuple[int, bool]:
        """How many pages the cache holds, and whether they are the list; no request.

        Returns
        -------
        tuple[int, bool]
            The number of pages, and whether they are the whole list.
        """
        if self._without is not None:
            return self._without.cached()
        pages, whole = super().cached()
        if whole and pages == 1 and not self._website.accepted and self._is_empty():
            return self._begin_without().cached()
        return pages, whole

    def _is_empty(self) -> bool:
        """Whether the cached page 1 holds nothing."""
        first = self._requests.first
        with suppress(LookupError):
            if self._cache is not None:
                found = self._cache.find(first, lambda answer: None)
                return to_page(found, {}).count == 0
        return False

    def _pull(self) -> Generator[Page, None, None]:
        with closing(super()._pull()) as pages:
            refused = False
            try:
                first = next(pages)
            except _REFUSALS:
                refused = True
            else:
                if first.count:
                    self._website.accept()
                if first.count or self._website.accepted:
                    yield first
                    yield from pages
                    return
                next(pages, None)  # it ends there, and notes so
        yield from self._pull_without(refused)

    def _pull_without(self, refused: bool) -> Generator[Page, None, None]:
        """Read the list without the word, which may have been refused for itself alone."""
        self._without = pages = self._begin_without()
        try:
            for page in pages:
                self._website.refused |= refused
                self.incomplete = pages.incomplete
                yield page
            self.incomplete = pages.incomplete
        finally:
            if self._closing:
                pages.close()
