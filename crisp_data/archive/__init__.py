"""A workspace on disk, or in an object store, and brought up to date.

Three Delta Lake tables: ``conversations``, ``messages``, and ``sync``, which says how far
they are complete. DuckDB, Polars, Spark and Dask read them as well.

==================  ==================================================================
module              what lives there
==================  ==================================================================
``archive``         the class :class:`Archive`, what an analyst holds: sync, forget
``reader``          the part of it that reads, and needs no key
``sync``            which part of the listing is read, and what may be claimed after
``page_writer``     one page of the listing with its threads, committed
``listed``          one row of the listing, held against what is archived
``rows_to_frames``  archived rows as frames
``forget``          removing a person
``address``         one e-mail address, found however it is written
``consistency``     whether state and tables belong together
``table``           one table: rows in by conversation, rows out by filter
``state``           how far the archive is complete, and who writes
``coverage``        arithmetic on spans of time
``storage``         a folder or an object store
==================  ==================================================================
"""

from crisp_data.archive.archive import Archive
from crisp_data.archive.page_writer import Synced

__all__ = ["Archive", "Synced"]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__
