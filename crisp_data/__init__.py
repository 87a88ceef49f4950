"""Your Crisp workspace as pandas DataFrames, inside a day's request quota.

>>> import crisp_data as crisp
>>> ws = crisp.connect(sandbox=True)
>>> conversations = ws.conversations(since="7 days ago")
>>> messages = ws.messages(conversations)
"""

from crisp_data import metrics, outgoing, plots, privacy, report, transcripts
from crisp_data.archive import Archive
from crisp_data.connection import connect, login
from crisp_data.errors import (
    ApiError,
    ArchiveBusy,
    BadAnswer,
    BadParameter,
    Conflict,
    CredentialsMissing,
    CrispError,
    CrispWarning,
    DomainRestricted,
    FileTrouble,
    Forbidden,
    ForkedProcess,
    InvalidData,
    InvalidMessage,
    MethodNotAllowed,
    NotFound,
    NotSubscribed,
    Offline,
    PlanLimit,
    ProxyFailed,
    QuotaExceeded,
    RateLimited,
    ReadOnly,
    ServerError,
    Unauthorized,
    UnknownOutcome,
    Unreachable,
)
from crisp_data.export import read, write
from crisp_data.tables import expand, schema
from crisp_data.workspace.workspace import Workspace

__version__ = "0.1.0"

__all__ = [
    "ApiError",
    "Archive",
    "ArchiveBusy",
    "BadAnswer",
    "BadParameter",
    "Conflict",
    "CredentialsMissing",
    "CrispError",
    "CrispWarning",
    "DomainRestricted",
    "FileTrouble",
    "Forbidden",
    "ForkedProcess",
    "InvalidData",
    "InvalidMessage",
    "MethodNotAllowed",
    "NotFound",
    "NotSubscribed",
    "Offline",
    "PlanLimit",
    "ProxyFailed",
    "QuotaExceeded",
    "RateLimited",
    "ReadOnly",
    "ServerError",
    "Unauthorized",
    "UnknownOutcome",
    "Unreachable",
    "Workspace",
    "connect",
    "expand",
    "login",
    "metrics",
    "outgoing",
    "plots",
    "privacy",
    "read",
    "report",
    "schema",
    "transcripts",
    "write",
]


def __dir__() -> list[str]:
    """Show what is meant for use, and none of the rooms behind it, where a name is completed."""
    return [*__all__, "__version__"]
