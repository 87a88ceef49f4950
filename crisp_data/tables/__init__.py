"""Each DataFrame's columns, dtypes and sources; records to frame."""

from crisp_data.tables.builder import Builder
from crisp_data.tables.declared import TABLES
from crisp_data.tables.frames import empty, expand, schema, to_frame
from crisp_data.tables.kinds import Column, Kind, Table
from crisp_data.tables.restore import conform

__all__ = [
    "TABLES",
    "Builder",
    "Column",
    "Kind",
    "Table",
    "conform",
    "empty",
    "expand",
    "schema",
    "to_frame",
]
