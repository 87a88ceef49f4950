"""Each DataFrame's columns, dtypes and sources; records to frame.

Every table is declared once (:mod:`crisp_data.tables.schemas`); its decoder, Arrow schema,
dtypes, empty frame and printed schema follow from there.

============  =============================  ==================================================
kind          dtype                          what it holds
============  =============================  ==================================================
text          ``str``                        text and identifiers
time          ``datetime64[ms, tz]``         moments, from Crisp's milliseconds
integer       ``Int64``                      counts, fingerprints, minutes
real          ``Float64``                    real numbers
flag          ``boolean``                    yes, no or missing
category      ``category``                   one of the fixed values that Crisp documents
texts         ``object``                     tuples of text, such as segments
json          ``str``                        free JSON as compact text; :func:`expand` opens it
============  =============================  ==================================================

Null and absent are both missing; an empty list is the empty tuple. What no column can hold is in
``extra``, a JSON object whose keys are dotted paths: unknown fields, values of the wrong type
(their column is missing then) and unknown categories. Only secrets are withheld.

Examples
--------
>>> from crisp_data import tables
>>> builder = tables.Builder("messages")
>>> page = b'{"error":false,"data":[{"fingerprint":1,"type":"poll","content":"Hi"}]}'
>>> builder.add(page, session_id="session_1")
>>> builder.frame()[["session_id", "content", "extra"]]
  session_id content            extra
0  session_1      Hi  {"type":"poll"}
"""

from crisp_data.tables.builder import Builder
from crisp_data.tables.expand import expand
from crisp_data.tables.frames import empty, schema, to_frame
from crisp_data.tables.kinds import Column, Kind, Table
from crisp_data.tables.schemas import TABLES

__all__ = [
    "TABLES",
    "Builder",
    "Column",
    "Kind",
    "Table",
    "empty",
    "expand",
    "schema",
    "to_frame",
]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__
