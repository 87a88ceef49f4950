"""What analysts measure: frames in, frames out, each figure by a definition that is written down.

Every function takes frames of ``ws.messages()`` or ``ws.conversations()`` as its first
argument and leaves them as they are; everything else is given by keyword. The words mean the
same in all of them:

Order
    Rows without ``session_id`` or ``timestamp`` take part in nothing. The others are read
    conversation by conversation in the order of ``timestamp``, then ``fingerprint``, however
    the frame is sorted. Results name conversations in the order in which the frame does.
Message
    Any row that is neither a ``note`` nor an ``event``; a type that Crisp adds tomorrow is a
    message. It is the customer's where ``from`` is ``user``, an operator's where it is
    ``operator``, and nobody's where ``from`` is missing.
Bot
    An operator's message is a bot's where it is ``automated``, or where the argument ``bots``
    holds its ``user_id`` or ``nickname``. All others are people's.
Answer
    A person's message answers the customer's first message that no one has answered yet, and
    with it those that follow. What the same or another person writes on top of it answers
    nothing. Bots answer only with ``bots_answer=True``; notes and events never do.
Ticket
    A conversation is cut at ``state:resolved`` events. The first customer's message after one
    opens the next ticket; tickets count from 1. What else comes after the event, an operator's
    last word say, still belongs to the ticket that was resolved, and answers what it left
    open; a second such event changes nothing. ``per="conversation"`` does not cut: the
    conversation is one ticket, numbered 1, resolved where its last ticket is.
Now
    The moment at which one looks: what is written later is not seen. Without ``now`` it is the
    latest time in the frame, for a frame knows of nothing after that; pass the time of the
    pull where it matters.
Censored
    What has not happened yet is in the result all the same, ``censored``, with the time that
    has passed until ``now`` (or until the ticket was resolved without an answer). Averaging
    it away, or counting it as if it had ended, makes slow teams look fast: use
    :func:`median`, :func:`curve` and :func:`service_level`, which know about it.
Duration
    ``timedelta64[ms]`` of the calendar, or of :class:`BusinessHours` with ``hours``.

Times in results are ``datetime64[ms, tz]`` in the frame's own zone.

Examples
--------
>>> from crisp_data import metrics
>>> messages = ws.messages(ws.conversations(limit=40))
>>> answers = metrics.first_response(messages)
>>> metrics.service_level(answers, within="1 hour").columns.tolist()
['within', 'total', 'in_time', 'late', 'undecided', 'share']
"""

from crisp_data.metrics.contacts import contacts, domains
from crisp_data.metrics.example import thread
from crisp_data.metrics.grouping import join, segments
from crisp_data.metrics.hours import BusinessHours
from crisp_data.metrics.masked_texts import masked
from crisp_data.metrics.operators import by_operator, load
from crisp_data.metrics.resolutions import reopenings, resolution
from crisp_data.metrics.responses import first_response, responses, waiting
from crisp_data.metrics.survival import curve, median, service_level
from crisp_data.metrics.tickets import one_touch, tickets
from crisp_data.metrics.volume import backlog, volume

__all__ = [
    "BusinessHours",
    "backlog",
    "by_operator",
    "contacts",
    "curve",
    "domains",
    "first_response",
    "join",
    "load",
    "masked",
    "median",
    "one_touch",
    "reopenings",
    "resolution",
    "responses",
    "segments",
    "service_level",
    "thread",
    "tickets",
    "volume",
    "waiting",
]


def __dir__() -> list[str]:
    """Show what is meant for use where a name is completed."""
    return __all__
