"""Text that a spreadsheet would run is made to be read instead, and back again.

A cell beginning with ``=``, ``+``, ``-`` or ``@`` is a formula to a spreadsheet, whoever
wrote it, and a chat message is written by a stranger. Such a cell gets one apostrophe in
front. A cell that already has apostrophes before such a beginning gets one more, so taking
one away is always right and no text is ambiguous:

========================  =========================
text                      in the file
========================  =========================
``=HYPERLINK(...)``       ``'=HYPERLINK(...)``
``'=HYPERLINK(...)``      ``''=HYPERLINK(...)``
``'tis fine``             ``'tis fine``
``+33 6 12 34 56 78``     ``+33 6 12 34 56 78``
``-12.50``                ``-12.50``
========================  =========================

Signs followed by digits and their separators alone stay as they are: a phone or a number
holds no letter, so it can name neither a function nor a cell nor a program.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# White space, control and invisible characters hide a sign from a reader, not from every
# spreadsheet; a leading tab or line break can itself begin a new cell on pasting. The last
# alternative is what xlsxwriter would take for ready-made XML and copy unescaped.
_RUNS = (
    r"^'*(?:[\x00-\x20\x7f-\xa0\p{Z}\p{Cf}]*[=+\-@＝＋－＠]"
    r"|[\t\r\n]"
    r"|<r>(?s:.*)</r>$)"
)
_NUMBER = r"^'* *[+-] ?\(?\d[\d ().,/\x{a0}\x{202f}-]*(?:[eE][+-]?\d+)? ?%?$"


def guard(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Put an apostrophe before every text that a spreadsheet would run."""
    runs = _would_run(text)
    if not pc.any(runs).as_py():
        return text
    apostrophe, nothing = (pa.scalar(mark, text.type) for mark in ("'", ""))
    return pc.if_else(runs, pc.binary_join_element_wise(apostrophe, text, nothing), text)


def unguard(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Take away the apostrophe that :func:`guard` put there; any other text is kept."""
    guarded = pc.and_(_would_run(text), pc.starts_with(text, "'"))
    if not pc.any(guarded).as_py():
        return text
    return pc.if_else(guarded, pc.utf8_slice_codeunits(text, 1), text)


def guard_names(names: list[str]) -> list[str]:
    """Guard the names of columns, which may be as hostile as the cells."""
    return list(guard(_column(names)).to_pylist())


def unguard_names(names: list[str]) -> list[str]:
    """Give the names of columns back as they were before :func:`guard_names`."""
    return list(unguard(_column(names)).to_pylist())


def _would_run(text: pa.ChunkedArray) -> pa.ChunkedArray:
    runs = pc.match_substring_regex(text, _RUNS)
    # Most columns hold nothing of the kind, and are looked at once.
    if not pc.any(runs).as_py():
        return runs
    return pc.and_not(runs, pc.match_substring_regex(text, _NUMBER))


def _column(names: list[str]) -> pa.ChunkedArray:
    return pa.chunked_array([names], pa.string())
