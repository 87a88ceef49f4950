"""Whether the tables of an archive are those of which its state speaks, and belong together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from crisp_data.archive.state import State
from crisp_data.archive.storage import WAY_ON
from crisp_data.archive.table import (
    DELETED,
    MONTH,
    SYNCED,
    THREADED,
    ArchiveTable,
    chunks,
    having,
    identities,
    session_months,
    with_column,
)
from crisp_data.errors import FileTrouble


def check(state: State | None, tables: Mapping[str, ArchiveTable], where: str) -> None:
    """Hold what the state says of the tables against the tables.

    Parameters
    ----------
    state : State or None
        What the archive says of itself; None for a new archive.
    tables : Mapping[str, ArchiveTable]
        The tables by name.
    where : str
        The archive's place, for the error.

    Raises
    ------
    FileTrouble
        A table is missing, is another one, or is older than what the state says of it.
    """
    for name in THREADED:
        delta = tables[name].reopen()
        if state is None:
            wrong = "" if delta is None else "its table sync is missing"
        elif (known := state.tables.get(name)) is None:
            lost = delta is None and _must_have(state, tables, name)
            wrong = f"its table {name} is missing" if lost else ""
        elif delta is None:
            wrong = f"its table {name} is missing"
        elif str(delta.metadata().id) != known.id:
            wrong = f"its table {name} belongs to another archive"
        elif delta.version() < known.version:
            wrong = f"its table {name} is older than the rest"
        else:
            wrong = ""
        if wrong:
            raise FileTrouble(f"The archive at {where} is not whole: {wrong}.", WAY_ON)


def _must_have(state: State, tables: Mapping[str, ArchiveTable], name: str) -> bool:
    """Whether a state that does not name its tables speaks of one all the same."""
    if name == "conversations":
        return bool(state.covered.spans)
    spoken = pc.is_valid(pc.field("preview_fingerprint")) & pc.is_null(pc.field(DELETED))
    return bool(tables["conversations"].read(["session_id"], spoken).num_rows)


def check_files(tables: Iterable[ArchiveTable], where: str) -> None:
    """See that no file is missing or cut; in an object store that would cost too much.

    Parameters
    ----------
    tables : Iterable[ArchiveTable]
        The tables to look at.
    where : str
        The archive's place, for the error.

    Raises
    ------
    FileTrouble
        One is, now and when looked at again: who was forgotten meanwhile took files along.
    """
    for table in tables:
        if table.damaged_files() and (wrong := table.damaged_files()):
            hint = WAY_ON
            if not table.threaded:
                hint = f"sync(also=[{table.name!r}]) writes this table anew."
            raise FileTrouble(f"The archive at {where} is not whole: {wrong}.", hint)


def merge_months(conversations: ArchiveTable, messages: ArchiveTable) -> dict[str, str]:
    """Bring what is stored of a conversation into one month.

    Archives of format 1 stored it once more where Crisp reported another creation time. Returned
    are the months of threads whose conversations were not written any more.
    """
    listed = conversations.read(["session_id", MONTH, "updated_at", SYNCED])
    newest = listed.sort_by([(SYNCED, "descending"), ("updated_at", "descending")])
    months: dict[str, str] = {}
    for session_id, month in session_months(newest):
        months.setdefault(session_id, month)
    twice = listed.group_by("session_id").aggregate([([], "count_all")])
    ids = set(twice.filter(pc.greater(twice["count_all"], 1))["session_id"].to_pylist())
    threads = messages.read(["session_id", MONTH]).group_by(["session_id", MONTH]).aggregate([])
    alone = {one: month for one, month in session_months(threads) if one not in months}
    months |= alone
    ids |= {one for one, month in session_months(threads) if months[one] != month}
    for some in chunks(sorted(ids)):
        # Messages first: a conversation that stands once has its thread in its month.
        _put(messages, some, months)
        _put(conversations, some, months)
    return alone


def _put(table: ArchiveTable, ids: list[str], months: Mapping[str, str]) -> None:
    """Write rows into the months of their conversations, of equal ones the last that was read."""
    rows = table.read(None, having(ids)).cast(table.schema).sort_by([(SYNCED, "descending")])
    seen: set[tuple[object, ...]] = set()
    first = []
    for identity in identities(rows):
        first.append(identity not in seen)
        seen.add(identity)
    rows = rows.filter(pa.array(first, pa.bool_()))
    of = [months[one] for one in rows["session_id"].to_pylist()]
    table.put(with_column(rows, MONTH, pa.array(of, pa.string())), ids)
