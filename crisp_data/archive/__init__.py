"""A workspace kept on disk, or in an object store, and brought up to date.

Three Delta Lake tables: ``conversations``, ``messages``, and ``sync``, which says how far
they are complete. DuckDB, Polars, Spark and Dask read them as well.

============  =====================================================================
module        what lives there
============  =====================================================================
``shelf``     the class :class:`Archive`: what an analyst holds
``sync``      which part of the listing is read, and what may be claimed after
``batch``     one page of the listing with its threads, committed
``reading``   kept rows as frames
``forget``    removing a person
``kept``      one table: rows in by key, rows out by filter
``state``     how far the archive is complete, and who writes
``coverage``  arithmetic on spans of time
``place``     a folder or an object store
============  =====================================================================
"""

from crisp_data.archive.batch import Synced
from crisp_data.archive.shelf import Archive

__all__ = ["Archive", "Synced"]
