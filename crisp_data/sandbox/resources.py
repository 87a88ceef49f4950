"""Resources of one shape: listed, read, created, saved and removed by their identifier.

A `Resource` names the table and its operations; what differs is in its functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .records import Record
from .request import Answer, Call, Refusal, found, operation
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
    list, read, create, save, remove : tuple of str
        Operations.
    new : callable
        Makes the record of a request, an identifier and a time (ms).
    changes : callable
        Takes the fields of a record that a request to save it changes, from record and request.
    order : callable
        Gives a record's place in the list.
    listed : callable
        Makes what the list shows of a record.
    release : callable
        Frees other records of the one with this identifier before it is removed at a time (ms).
    unique : str
        A field that no two records share, by which a record is found too; empty for none.
    exists : str
        The reason of a 409 where another record has the same value in it.
    """

    table: str
    key: str
    not_found: str
    list: tuple[str, ...] = ()
    read: tuple[str, ...]
    create: tuple[str, ...]
    save: tuple[str, ...]
    remove: tuple[str, ...]
    new: Callable[[Call, str, int], Record]
    changes: Callable[[Record, Call], Record] = lambda row, call: call.body
    order: Callable[[Record], Any] = lambda row: -row["created_at"]
    listed: Callable[[Record], Record] = lambda row: row
    release: Callable[[Call, str, int], None] = lambda call, identifier, at: None
    unique: str = ""
    exists: str = ""

    def __post_init__(self) -> None:
        """Register the operations."""
        operation(*self.list)(self._list)
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
        wanted, rows = call.path[self.key], self.rows(call)
        same = None if wanted in rows else self._same(call, wanted)
        return same or found(rows, wanted, self.not_found)

    def _same(self, call: Call, value: str) -> Record | None:
        """Return the record with a value in the unique field."""
        rows = self.rows(call).values() if self.unique else ()
        return next((row for row in rows if row[self.unique] == value), None)

    def _list(self, call: Call) -> Answer:
        rows = sorted(self.rows(call).values(), key=self.order)
        return call.page([self.listed(row) for row in rows])

    def _create(self, call: Call) -> Answer:
        if self.unique and self._same(call, call.body[self.unique]):
            raise Refusal(409, self.exists)
        now, identifier = call.website.clock.tick(), uuid4(call.website.rng)
        self.rows(call)[identifier] = self.new(call, identifier, now)
        return Answer("added", {self.key: identifier}, 201)

    def _save(self, call: Call) -> Answer:
        row = self.find(call)
        fixed = {self.key: row[self.key], "updated_at": call.website.clock.tick()}
        row.update(self.changes(row, call) | fixed)
        return Answer("updated")

    def _remove(self, call: Call) -> Answer:
        identifier = self.find(call)[self.key]
        self.release(call, identifier, call.website.clock.tick())
        del self.rows(call)[identifier]
        return Answer("deleted")
