"""Messages to be sent, each exactly once: a journal, and a look-up where nobody knows.

The parts of a sending are plain functions and objects, for whoever shows it in a form:
:func:`render` gives the texts, :class:`Checks` says who is left out and why.
"""

from crisp_data.outbox.journal import everything
from crisp_data.outbox.message_record import STATES
from crisp_data.outbox.outbox import FILE, Outbox
from crisp_data.outbox.rate import PER_MINUTE
from crisp_data.outbox.receipt import Receipt
from crisp_data.outbox.recipient_checks import INCLUDE, Checks, Rules
from crisp_data.outbox.template import check_template, render

__all__ = [
    "FILE",
    "INCLUDE",
    "PER_MINUTE",
    "STATES",
    "Checks",
    "Outbox",
    "Receipt",
    "Rules",
    "check_template",
    "everything",
    "render",
]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__
