"""Your Crisp workspace as pandas DataFrames, inside a day's request quota.

>>> import crisp_data as crisp
>>> ws = crisp.connect(sandbox=True)
>>> conversations = ws.conversations(since="7 days ago")
>>> messages = ws.messages(conversations)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from crisp_data import metrics, outgoing, plots, privacy, report, transcripts
    from crisp_data.archive import Archive
    from crisp_data.connection import connect, login
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

# Where each public name comes from when it is first used: pandas, pyarrow and what else stands
# behind them take a second to load, which ``crisp-data --help`` and a script's ``--help`` need not
# pay. The errors need nothing, and are here already. Type checkers read the imports above.
_MODULES = {
    "Archive": "crisp_data.archive",
    "Workspace": "crisp_data.workspace.workspace",
    "connect": "crisp_data.connection",
    "expand": "crisp_data.tables",
    "login": "crisp_data.connection",
    "metrics": "crisp_data.metrics",
    "outgoing": "crisp_data.outgoing",
    "plots": "crisp_data.plots",
    "privacy": "crisp_data.privacy",
    "read": "crisp_data.export",
    "report": "crisp_data.report",
    "schema": "crisp_data.tables",
    "transcripts": "crisp_data.transcripts",
    "write": "crisp_data.export",
}

if not TYPE_CHECKING:  # a type checker would take any name for one that is here

    def __getattr__(name: str) -> Any:
        """Load the module of a public name, once."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(_MODULES[name])
        found = module if _MODULES[name] == f"{__name__}.{name}" else getattr(module, name)
        return globals().setdefault(name, found)


def __dir__() -> list[str]:
    """Show what is meant for use, and none of the rooms behind it, where a name is completed."""
    return [*__all__, "__version__"]
