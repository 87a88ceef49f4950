"""Which records of a list were met before: by identifier where they have one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# So many records do not come with the same people, say, in the same order by chance.
_MANY = 10


class SeenRecords:
    """The records met so far.

    A record is known by its identifier: its fields ``id``, ``fingerprint`` and those that end
    in ``_id``. On a page where several share one, such as the changes made by one operator,
    these name something else, and a record is known by all of its fields; so is a record that
    has none, and a plain text.

    A record without an identifier that changes one field at each request would always be new.
    So a page is known as well where it equals an earlier one but for one field of its records,
    the same in each; unless that is a number that got smaller: such a list goes back in time.
    Where records have several identifiers, so is a page of many on which all but one of these are
    those of an earlier page.

    Several fields may change, or the identifier itself. A page of such records is not taken for
    an earlier one, but many in a row count as `repeated` where they look like earlier ones: in all
    fields but identifiers that tell their records apart, numbers aside; or in one such field,
    where they hold many records or nothing but numbers.

    Attributes
    ----------
    repeated : int
        How many pages in a row brought fewer new records than known ones.

    Examples
    --------
    >>> from crisp_data.api.seen_records import SeenRecords
    >>> seen = SeenRecords()
    >>> seen.add([{"people_id": "a", "score": 1}, {"people_id": "b", "score": 1}])
    2
    >>> seen.add([{"people_id": "a", "score": 2}])
    0
    """

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pages: dict[tuple[str, str], list[Any]] = {}
        self._id_pages: set[tuple[str, str]] = set()
        self._looks: set[int] = set()  # hashes, for the fields are most of a page
        self.repeated = 0

    def add(self, values: Sequence[Any]) -> int:
        """Take in the records of a page, and say how many of them are new."""
        ids = record_ids(values)
        named = len(ids) == len(values)
        repeats = self._repeats_ids(values) if named else self._repeats(values)
        similar = self._looks_known(values, named)
        different = set(ids if named else map(repr, values))
        fresh = 0 if repeats else len(different - self._known)
        self.repeated = self.repeated + 1 if similar or 2 * fresh < len(different) else 0
        self._known.update(different)
        return fresh

    def _repeats_ids(self, values: Sequence[Any]) -> bool:
        """Whether the page has the identifiers of an earlier one but for one field."""
        names = {name for value in values for name in _id_names(value)}
        if len(names) < 2 or len(values) < _MANY:
            return False
        repeats = False
        for name in sorted(names):
            others = [repr([(k, value.get(k)) for k in sorted(names - {name})]) for value in values]
            if len(set(others)) < len(others):
                continue  # this field is what tells the records apart
            rest = "\n".join(others)
            repeats = repeats or (name, rest) in self._id_pages
            self._id_pages.add((name, rest))
        return repeats

    def _repeats(self, values: Sequence[Any]) -> bool:
        """Whether the page equals an earlier one but for one field."""
        if not all(isinstance(value, dict) and len(value) > 1 for value in values):
            return False
        repeats = False
        for name in set[str]().union(*values):
            others = [repr({k: value[k] for k in value if k != name}) for value in values]
            if len(set(others)) < len(others):
                continue  # this field is what tells the records apart
            rest = "\n".join(others)
            now = [value.get(name) for value in values]
            before = self._pages.get((name, rest))
            self._pages[name, rest] = now
            repeats = repeats or (before is not None and not _all_smaller(now, before))
        return repeats

    def _looks_known(self, values: Sequence[Any], named: bool) -> bool:
        """Whether the page looks like an earlier one in what tells its records apart."""
        if not all(isinstance(value, dict) for value in values):
            return False
        columns = _telling(values, named)
        texts = [name for name in columns if not _is_number(values[0].get(name))]
        if named and not texts:
            return False  # little but identifiers, and those are new
        looks = {hash(tuple((name, columns[name]) for name in texts or columns))}
        if len(values) >= _MANY or not texts:
            looks |= {hash(column) for column in columns.items()}
        known = bool(looks & self._looks)
        self._looks |= looks
        return known


def record_ids(values: Sequence[Any]) -> list[str]:
    """Name the records of a page by their identifiers; empty where these do not tell them apart.

    >>> record_ids([{"people_id": "a"}]), record_ids([{"user_id": "one"}, {"user_id": "one"}])
    (["[('people_id', 'a')]"], [])
    """
    ids = [_identifier(value) for value in values]
    return ids if all(ids) and len(set(ids)) == len(ids) else []


def _telling(values: Sequence[dict[str, Any]], named: bool) -> dict[str, str]:
    """Write the fields that differ from record to record; no identifiers of ``named`` records."""
    names = set[str]().union(*values)
    if named:
        names.difference_update(*map(_id_names, values))
    columns = {name: [repr(value.get(name)) for value in values] for name in sorted(names)}
    return {
        name: "\n".join(column)
        for name, column in columns.items()
        if len(set(column)) == len(column)
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _identifier(value: Any) -> str:
    """Write the fields that identify a record; empty where it has none."""
    if not isinstance(value, dict):
        return ""
    names = _id_names(value)
    return repr([(name, value[name]) for name in names]) if names else ""


def _id_names(value: dict[str, Any]) -> list[str]:
    """Name the fields that identify a record: those that hold something."""
    names = [one for one in value if one in ("id", "fingerprint") or one.endswith("_id")]
    return sorted(one for one in names if value[one] not in (None, "", [], {}))


def _all_smaller(now: list[Any], before: list[Any]) -> bool:
    """Whether every value is a number below the one before."""
    pairs = list(zip(now, before, strict=True))
    numbers = all(_is_number(one) for pair in pairs for one in pair)
    return numbers and all(one < other for one, other in pairs)
