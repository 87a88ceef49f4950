"""Operations of one shape: records that are listed, read, created, saved and removed; documents.

A `Resource` names a table and its operations, a `Document` one record; what differs from the
others is in their functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .records import Record
from .request import Answer, Call, Refusal, found, operation
from .rng import uuid4


def merge(row: Record, changes: Record) -> None:
    """Take over what a body names, at every depth; the rest stays.

    Parameters
    ----------
    row : Record
        The record.
    changes : Record
        What changes in it.
    """
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(row.get(name), dict):
            merge(row[name], value)
        else:
            row[name] = value


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A table of records and the official names of its operations.

    Attributes
    ----------
    table : str
        The table of the `Website` that holds the records by identifier.
    within : tuple of str
        Names in the path: each combination of their values has records of its own.
    gate : callable
        Refuses a request before the table is looked at.
    key : str
        The identifier's name, in records and in paths.
    identify : callable
        Gives the identifier of a new record.
    not_found : str
        The reason of a 404.
    list, read, create, save, remove : tuple of str
        Operations.
    new : callable
        Makes the record of a request, an identifier and a time (ms), but for what all have.
    changes : callable
        Takes the fields of a record that a request to save it changes, from record and request.
    chosen : callable
        Whether a list that a request asks for shows a record.
    order : callable
        Gives a record's place in the list.
    shown : callable
        Makes what an answer shows of a record.
    listed : callable
        Makes what a list shows of that.
    release : callable
        Frees other records of the one with this identifier before it is removed at a time (ms).
    unique : str
        A field that no two records share, by which a record is found too; empty for none.
    exists : str
        The reason of a 409 where a record with the same value or identifier is there; empty
        where the new one takes its place.
    """

    table: str
    within: tuple[str, ...] = ()
    gate: Callable[[Call], object] = lambda call: None
    key: str
    identify: Callable[[Call], str] = lambda call: uuid4(call.website.rng)
    not_found: str
    list: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    create: tuple[str, ...] = ()
    save: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    new: Callable[[Call, str, int], Record] = lambda call, identifier, now: call.body
    changes: Callable[[Record, Call], Record] = lambda row, call: call.body
    chosen: Callable[[Call, Record], bool] = lambda call, row: True
    order: Callable[[Record], Any] = lambda row: -row["created_at"]
    shown: Callable[[Call, Record], Record] = lambda call, row: row
    listed: Callable[[Record], Record] = lambda row: row
    release: Callable[[Call, str, int], None] = lambda call, identifier, at: None
    unique: str = ""
    exists: str = ""

    def __post_init__(self) -> None:
        """Register the operations."""
        operation(*self.list)(self._list)
        operation(*self.read)(lambda call: Answer("resolved", self.shown(call, self.find(call))))
        operation(*self.create)(lambda call: Answer("added", {self.key: self.add(call)}, 201))
        operation(*self.save)(self._save)
        operation(*self.remove)(self._remove)

    def rows(self, call: Call) -> dict[str, Record]:
        """Return the records that the path leads to."""
        self.gate(call)
        return call.website.table(self.table, *(call.path[name] for name in self.within))

    def find(self, call: Call) -> Record:
        """Return the record in the path; 404 where there is none."""
        wanted, rows = call.path[self.key], self.rows(call)
        same = None if wanted in rows else self._same(call, wanted)
        return same or found(rows, wanted, self.not_found)

    def add(self, call: Call) -> str:
        """Make a record and return its identifier.

        Parameters
        ----------
        call : Call
            The request.

        Returns
        -------
        str
            The identifier.

        Raises
        ------
        Refusal
            409: it is there already.
        """
        if self.unique and self._same(call, call.body[self.unique]):
            raise Refusal(409, self.exists)
        rows, identifier = self.rows(call), self.identify(call)
        if self.exists and identifier in rows:
            raise Refusal(409, self.exists)
        now = call.website.clock.tick()
        always = {self.key: identifier, "created_at": now, "updated_at": now}
        rows[identifier] = self.new(call, identifier, now) | always
        return identifier

    def _same(self, call: Call, value: str) -> Record | None:
        """Return the record with a value in the unique field."""
        rows = self.rows(call).values() if self.unique else ()
        return next((row for row in rows if row[self.unique] == value), None)

    def _list(self, call: Call) -> Answer:
        rows = [row for row in self.rows(call).values() if self.chosen(call, row)]
        rows = [self.listed(self.shown(call, row)) for row in sorted(rows, key=self.order)]
        return call.page(rows) if "page_number" in call.path else Answer("listed", rows)

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


@dataclass(frozen=True, kw_only=True)
class Document:
    """One record, such as settings, and the official names of its operations.

    Attributes
    ----------
    find : callable
        Gives the record that a request is about.
    read, update, replace : tuple of str
        Operations: `update` merges what it is given, `replace` leaves nothing else.
    """

    find: Callable[[Call], Record]
    read: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Register the operations."""
        operation(*self.read)(lambda call: Answer("resolved", self.find(call)))
        operation(*self.update)(lambda call: self._write(call, whole=False))
        operation(*self.replace)(lambda call: self._write(call, whole=True))

    def _write(self, call: Call, *, whole: bool) -> Answer:
        row = self.find(call)
        call.website.clock.tick()
        if whole:
            row.clear()
        merge(row, call.body)
        return Answer("updated")
