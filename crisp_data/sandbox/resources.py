"""Resources of one shape: read, created, saved and removed by their identifier.

A `Resource` names the table and its operations; what differs is in its two functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .records import Record
from .request import Answer, Call, found, operation
from .rng import uuid4


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A table of records and the official names of its operations.

    Attributes
    ----------
    table : str
        The attribute of `Website` that holds the records by identifier.
    key : str
        The identifier's name, in records and in paths.
    not_found : str
        The reason of a 404.
    read, create, save, remove : tuple of str
        Operations.
    new : callable
        Makes the record of a request, an identifier and a time (ms).
    release : callable
        Frees other records of the one with this identifier before it is removed at a time (ms).
    """

    table: str
    key: str
    not_found: str
    read: tuple[str, ...]
    create: tuple[str, ...]
    save: tuple[str, ...]
    remove: tuple[str, ...]
    new: Callable[[Call, str, int], Record]
    release: Callable[[Call, str, int], None] = lambda call, identifier, at: None

    def __post_init__(self) -> None:
        """Register the operations."""
        operation(*self.read)(lambda call: Answer("resolved", self.find(call)))
        operation(*self.create)(self._create)
        operation(*self.save)(self._save)
        operation(*self.remove)(self._remove)

    def rows(self, call: Call) -> dict[str, Record]:
        """Return the records of the website in the path."""
        rows: dict[str, Record] = getattr(call.website, self.table)
        return rows

    def find(self, call: Call) -> Record:
        """Return the record in the path; 404 where there is none."""
        return found(self.rows(call), call.path[self.key], self.not_found)

    def _create(self, call: Call) -> Answer:
        now, identifier = call.website.clock.tick(), uuid4(call.website.rng)
        self.rows(call)[identifier] = self.new(call, identifier, now)
        return Answer("added", {self.key: identifier}, 201)

    def _save(self, call: Call) -> Answer:
        """Take over what the body names."""
        row = self.find(call)
        fixed = {self.key: row[self.key], "updated_at": call.website.clock.tick()}
        row.update(call.body | fixed)
        return Answer("updated")

    def _remove(self, call: Call) -> Answer:
        identifier = self.find(call)[self.key]
        self.release(call, identifier, call.website.clock.tick())
        del self.rows(call)[identifier]
        return Answer("deleted")
