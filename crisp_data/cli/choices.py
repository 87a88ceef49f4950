"""The words that options take, written out: help and completion load none of the rooms they name.

A test holds each against the room that it comes from.
"""

#: The states of a conversation, of :mod:`crisp_data.filters`.
STATES = ("pending", "unresolved", "resolved")

#: The tables that can be exported, and the name of one row.
ROW_NAMES = {
    "conversations": "conversation", "messages": "message", "people": "person",
    "operators": "operator", "visitors": "visitor", "inboxes": "inbox",
    "campaigns": "campaign", "websites": "website",
}  # fmt: skip

#: All tables, of :mod:`crisp_data.tables`.
TABLES = (*ROW_NAMES, "pages", "events", "files")

#: The small tables that an archive keeps, of :mod:`crisp_data.archive`.
SNAPSHOTS = ("people", "operators", "inboxes", "campaigns")

#: The endings of files, of :mod:`crisp_data.export`.
ENDINGS = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet", ".xlsx")

#: The formats of transcripts, of :mod:`crisp_data.transcripts`.
FORMATS = ("markdown", "html", "text", "jsonl")
