"""Features of Delta Lake that another program switched on, and that cannot be read or written here.

Such a table is whole: it is not damaged, and the error must not say so.
"""

from __future__ import annotations

import re

from deltalake import DeltaTable
from deltalake.table import SUPPORTED_READER_FEATURES, SUPPORTED_WRITER_FEATURES

# deltalake's list lacks these, though it writes tables that have them: each was tried, with 1.6.
_ALSO_WRITTEN = {"changeDataFeed", "checkConstraints", "generatedColumns"}
_NEWEST_WRITER = 7  # the version of the protocol from which features have names
_WITH_IDENTITY = 6  # the one before, which has identity columns; deltalake writes none
# Where columns have other names in the files, one that partitions the table is not found.
_MAPPED = re.compile(r"Partition column \w+ not found in schema")
_REFUSED = re.compile(r"Feature '(\w+)' is not supported|minimum (reader version \d+)")


def unreadable(table: DeltaTable) -> list[str]:
    """List the features of a table for which it cannot be read."""
    found = set(table.protocol().reader_features or ()) - SUPPORTED_READER_FEATURES
    # Named by no feature in older versions of the protocol: every column would be read as missing.
    if table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none":
        found.add("columnMapping")
    return sorted(found)


def unwritable(table: DeltaTable) -> list[str]:
    """List the features of a table for which it cannot be written."""
    protocol = table.protocol()
    found = set(protocol.writer_features or ()) - SUPPORTED_WRITER_FEATURES - _ALSO_WRITTEN
    if table.metadata().configuration.get("delta.appendOnly", "").lower() == "true":
        found.add("appendOnly")
    if protocol.min_writer_version > _NEWEST_WRITER:
        found.add(f"writer version {protocol.min_writer_version}")
    if protocol.min_writer_version == _WITH_IDENTITY:
        found.add("identityColumns")
    return sorted(found.union(unreadable(table)))


def named_in(error: Exception) -> list[str]:
    """List what deltalake refused to open a table for; nothing where it failed for another reason.

    >>> named_in(OSError("disk full"))
    []
    """
    words = str(error)
    if _MAPPED.search(words):
        return ["columnMapping"]
    found = _REFUSED.search(words)
    return [found[1] or found[2]] if found else []
