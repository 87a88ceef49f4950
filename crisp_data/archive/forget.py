"""Removing a person from an archive, and what that takes.

A deleted row lives on: in the files of older versions, in files that a killed writer left
behind, in the log of transactions, and as a mention in somebody else's row. All of them go.

Each step can be taken again. Messages go before their conversations, and whose they are is
looked up once and written into the state before the first step: whoever completes what was
interrupted knows it from there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from crisp_data import arguments
from crisp_data.archive.address import MAY_HOLD, Address
from crisp_data.archive.state import Forgetting
from crisp_data.archive.table import MONTH, ArchiveTable, chunks, having
from crisp_data.errors import BadParameter, FileTrouble
from crisp_data.tables.kinds import JSON

#: What stands in the place of a forgotten address in somebody else's words.
FORGOTTEN = "[forgotten]"

# Each sync that asks for a small table reads it whole: deleting it loses nothing.
_SMALL_TABLE = (
    "If it stays so, delete the folder {name} in {where} and run the same line again. "
    "sync(also=['{name}']) reads the table anew."
)

# Half an id, or one with a blank in it, stands in no archive: nothing would be removed. Crisp
# writes UUIDs, and promises none.
_SESSION_ID = re.compile(r"session_[0-9A-Za-z][0-9A-Za-z_-]*")

# Lists of ids. Like every column that ends in _id they are no text: only a whole one is changed.
_IDS = ("mentions", "operators", "teams", "team_operators")


def check_session_id(value: object) -> str:
    """Return one session id without the blanks around it, as they come with a copied one.

    Parameters
    ----------
    value : object
        What was given.

    Returns
    -------
    str
        The id.

    Raises
    ------
    BadParameter
        It cannot be one.
    """
    found = arguments.session_id(value.strip() if isinstance(value, str) else value)
    if not _SESSION_ID.fullmatch(found):
        raise BadParameter(
            "session_id is not a session_id: nothing was changed.",
            "Pass one complete id, such as those in archive.conversations()['session_id'].",
        )
    return found


def intent(
    tables: Mapping[str, ArchiveTable], email: str | None, session_id: str | None
) -> Forgetting:
    """Say who is to be removed: by e-mail also which conversations are theirs.

    Parameters
    ----------
    tables : Mapping[str, ArchiveTable]
        The archive's tables by name.
    email : str or None
        The person's e-mail address.
    session_id : str or None
        One of the person's conversations.

    Returns
    -------
    Forgetting
        What to remove, ready to be carried out.

    Raises
    ------
    BadParameter
        What is given is no address.
    """
    if email is None:
        return Forgetting(session_id=session_id, session_ids=(session_id or "",))
    address = Address(email)
    rows = tables["conversations"].read(["session_id", "email", "people_id"])
    theirs = rows.filter(_theirs(rows, address))["session_id"].to_pylist()
    return Forgetting(email=address.text, session_ids=tuple(dict.fromkeys(theirs)))


def forget(tables: Mapping[str, ArchiveTable], given: Forgetting, where: str) -> dict[str, int]:
    """Remove a person from every table; say in how many rows of each they were.

    Parameters
    ----------
    tables : Mapping[str, ArchiveTable]
        The archive's tables by name.
    given : Forgetting
        What to remove.
    where : str
        The archive's place, for the error.

    Returns
    -------
    dict[str, int]
        The number of rows by table.

    Raises
    ------
    FileTrouble
        A table cannot be read or written: which, and what to do.
    """
    address = None if given.email is None else Address(given.email)
    counts = {}
    for name in sorted(tables, key=lambda name: name != "messages"):
        table = tables[name]
        try:
            if table.reopen() is None:  # it may have been deleted, as this says below
                continue
            table.check_writable()
            counts[name] = _forget_in(table, given.session_ids, address)
        except FileTrouble as error:
            hint = error.hint if table.threaded else _SMALL_TABLE.format(name=name, where=where)
            what = f"The person is not yet removed from the table {name}. {error.what}"
            raise FileTrouble(what, hint) from None
    return counts


def _forget_in(table: ArchiveTable, session_ids: tuple[str, ...], address: Address | None) -> int:
    count = _drop_conversations(table, session_ids) if table.threaded else 0
    if address is not None:
        count += (_clean_threads if table.threaded else _clean_profiles)(table, address)
    table.purge()
    return count


def drop_threads(tables: Mapping[str, ArchiveTable], session_ids: list[str]) -> None:
    """Remove threads of which no conversation tells yet, for nobody knows whose they are.

    The others stay: their page was committed before the sync that wrote it ended, and is not read
    again.
    """
    told = tables["conversations"].read(["session_id"], having(session_ids))
    unknown = sorted(set(session_ids).difference(told["session_id"].to_pylist()))
    if unknown:
        _drop_conversations(tables["messages"], unknown)


def _drop_conversations(table: ArchiveTable, session_ids: tuple[str, ...] | list[str]) -> int:
    rows = table.read(["session_id"], having(session_ids))
    if rows.num_rows:
        table.put(table.schema.empty_table(), session_ids)
    return int(rows.num_rows)


def _clean_threads(table: ArchiveTable, address: Address) -> int:
    """Take an address out of the rows of others; say how many it stood in."""
    clean, count, ids = _cleaner(table, address), 0, set[str]()
    months = pc.unique(table.read([MONTH])[MONTH]).to_pylist()
    for month in sorted(months):  # as much as there is of one month is held at a time
        rows = table.read(None, pc.field(MONTH) == month)
        _, found = _cleaned(rows, clean)
        count += int(pc.sum(found).as_py() or 0)
        ids.update(rows.filter(found)["session_id"].to_pylist())
    for some in chunks(sorted(ids)):
        rows, _ = _cleaned(table.read(None, having(some)).cast(table.schema), clean)
        table.put(rows, some)
    return count


def _clean_profiles(table: ArchiveTable, address: Address) -> int:
    """Delete a person's own rows from a small table, and the address from the others."""
    rows = table.read().cast(table.schema)
    theirs = _theirs(rows, address)
    left, found = _cleaned(rows, _cleaner(table, address))
    found = pc.or_(theirs, found)
    if pc.any(found).as_py():
        table.replace(left.filter(pc.invert(theirs)))
    return int(pc.sum(found).as_py() or 0)


def _theirs(rows: pa.Table, address: Address) -> pa.Array:
    """Tell which rows are a person's own."""
    tests = {"email": address.is_in, "people_id": address.is_whole}
    theirs = pa.array([False] * len(rows), pa.bool_())
    for name in tests.keys() & set(rows.schema.names):
        cells = rows[name].to_pylist()
        hits = [cell is not None and tests[name](cell) for cell in cells]
        theirs = pc.or_(theirs, pa.array(hits, pa.bool_()))
    return theirs


#: Gives, for the name of a column, what is left of a text of it.
Cleaner = Callable[[str, str], str]


def _cleaner(table: ArchiveTable, address: Address) -> Cleaner:
    written_as_json = {column.name for column in table.declared.columns if column.kind is JSON}

    def clean(name: str, text: str) -> str:
        if name.endswith("_id") or name in _IDS:
            return FORGOTTEN if address.is_whole(text) else text
        return address.replaced(text, FORGOTTEN, name in written_as_json)

    return clean


def _cleaned(rows: pa.Table, clean: Cleaner) -> tuple[pa.Table, pa.Array]:
    """Replace the address in any text or list of texts; tell in which rows it stood."""
    found = [False] * len(rows)
    left: object
    for column, field in enumerate(rows.schema):
        texts = rows[field.name]
        listed = _is_list(field.type)
        if not listed and not _is_text(field.type):
            continue
        joined = _joined(texts) if listed else texts
        may = pc.fill_null(pc.match_substring_regex(joined, MAY_HOLD), False)
        changed: dict[int, object] = {}
        for place in pc.indices_nonzero(may).to_pylist():
            cell = texts[place].as_py()
            left = [clean(field.name, one) for one in cell] if listed else clean(field.name, cell)
            if left != cell:
                changed[place] = left
        if changed:
            cells = texts.to_pylist()
            for place, left in changed.items():
                cells[place], found[place] = left, True
            rows = rows.set_column(column, field, pa.array(cells, field.type))
    return rows, pa.array(found, pa.bool_())


def _joined(lists: pa.ChunkedArray) -> pa.Array:
    cells = [None if one is None else "\n".join(filter(None, one)) for one in lists.to_pylist()]
    return pa.array(cells, pa.large_string())


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
