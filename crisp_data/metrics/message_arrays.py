"""Messages as sorted arrays: whose each is, and where a conversation is cut.

Everything that measures a million messages works on these arrays, by the arithmetic of
positions: groupby with a function of ours calls Python once for each conversation, and takes
hundreds of times as long.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crisp_data.metrics.frame_checks import (
    MISSING,
    Flags,
    Ints,
    check_per,
    counts,
    milliseconds,
    moment,
    names,
    needs,
    times,
    values,
)
from crisp_data.metrics.message_roles import BOT, CUSTOMER, PERSON, RESOLVED, roles

_ALL = slice(None)
COLUMNS = (
    *("session_id", "fingerprint", "timestamp", "type", "from"),
    *("content_json", "user_id", "nickname", "automated"),
)


@dataclass(frozen=True)
class TicketBounds:
    """Sorted rows in groups, tickets or whole conversations.

    Attributes
    ----------
    of : array
        The group of each row, from 0.
    first : array
        The first row of each group.
    ticket : array
        The number of each group in its conversation, from 1.
    resolved : array
        The row that resolved each group, -1 where none did.
    reopenings : array
        How often each group was opened again.
    """

    of: Ints
    first: Ints
    ticket: Ints
    resolved: Ints
    reopenings: Ints

    def __len__(self) -> int:
        return len(self.first)

    def count(self, rows: Flags | Ints) -> Ints:
        """Count the rows of each group that are chosen."""
        return np.bincount(self.of[rows], minlength=len(self)).astype(np.int64)


@dataclass(frozen=True)
class MessageArrays:
    """Messages in order, one array a fact.

    Attributes
    ----------
    frame : DataFrame
        Where they come from.
    row : array
        The position of each in ``frame``.
    session : array
        The conversation of each, as its number in ``sessions``.
    sessions : Index
        ``session_id`` of the conversations, in the order in which the frame first names them.
    at : array
        Milliseconds since 1970.
    role : array
        ``CUSTOMER``, ``PERSON``, ``BOT``, ``NOTE``, ``RESOLVED`` (the event) or ``OTHER``.
    now : int
        The moment at which one looks, in milliseconds.
    tz : str
        The zone of the frame.
    """

    frame: pd.DataFrame
    row: Ints
    session: Ints
    sessions: pd.Index[Any]
    at: Ints
    role: npt.NDArray[np.int8]
    now: int
    tz: str

    def text(self, column: str, rows: Ints) -> Any:
        """Take a column of the frame for sorted rows; -1 is missing."""
        positions = np.where(rows < 0, -1, self.row[rows])
        return self.frame[column].astype("str").array.take(positions, allow_fill=True)

    def time(self, rows: Ints) -> Ints:
        """Take the times of sorted rows; -1 is missing."""
        return np.where(rows < 0, MISSING, self.at[rows])

    def when(self, rows: Ints) -> pd.DatetimeIndex:
        """Take the times of sorted rows in the frame's zone; -1 is missing."""
        return times(self.time(rows), self.tz)

    def who(self, rows: Ints) -> dict[str, Any]:
        """Tell who wrote sorted rows: the columns ``user_id`` and ``nickname``; -1 is missing."""
        return {column: self.text(column, rows) for column in ("user_id", "nickname")}

    def name(self, cuts: TicketBounds, groups: Ints | slice = _ALL) -> dict[str, Any]:
        """Name groups: the columns ``session_id`` and ``ticket``."""
        sessions = self.session[cuts.first[groups]]
        return {
            "session_id": self.sessions.array.take(sessions),
            "ticket": counts(cuts.ticket[groups]),
        }

    def cut(self, per: str) -> TicketBounds:
        """Cut conversations into tickets, or take each whole."""
        check_per(per)
        starts = begins(self.session)
        tickets = self._cuts(starts | self._reopened())
        if per == "ticket":
            return tickets
        last = np.flatnonzero(tickets.reopenings == 0)
        reopenings = tickets.ticket[last] - 1
        of = np.cumsum(starts) - 1
        ones = np.ones(len(last), np.int64)
        return TicketBounds(of, np.flatnonzero(starts), ones, tickets.resolved[last], reopenings)

    def asked(self, cuts: TicketBounds) -> Ints:
        """Find the customer's first message of each group; -1 where there is none."""
        return _firsts(np.flatnonzero(self.role == CUSTOMER), cuts.of, len(cuts))

    def answering(self, bots_answer: bool) -> Flags:
        """Tell which rows can answer."""
        people: Flags = self.role == PERSON
        return people | (self.role == BOT) if bots_answer else people

    def _reopened(self) -> Flags:
        """Find the customer's messages that open another ticket: the first after a resolution."""
        rows = np.flatnonzero((self.role == CUSTOMER) | (self.role == RESOLVED))
        session, resolved = self.session[rows], self.role[rows] == RESOLVED
        again = ~resolved[1:] & resolved[:-1] & (session[1:] == session[:-1])
        opens = np.zeros(len(self.at), bool)
        opens[rows[1:][again]] = True
        return opens

    def _cuts(self, starts: Flags) -> TicketBounds:
        of, first = np.cumsum(starts) - 1, np.flatnonzero(starts)
        session, group = self.session[first], np.arange(len(first))
        ticket = group - np.maximum.accumulate(np.where(begins(session), group, 0)) + 1
        again = np.zeros(len(first), np.int64)
        again[:-1] = session[1:] == session[:-1]
        resolved = _firsts(np.flatnonzero(self.role == RESOLVED), of, len(first))
        return TicketBounds(of, first, ticket, resolved, again)


def read(
    messages: pd.DataFrame, *, bots: str | Iterable[str] = (), now: Any = None
) -> MessageArrays:
    """Sort the messages of a frame and find who wrote each.

    Parameters
    ----------
    messages : pandas.DataFrame
        Frame of the ``messages`` table.
    bots : str or Iterable[str], optional
        ``user_id`` or ``nickname`` of bots, besides what is ``automated``.
    now : object, optional
        The moment at which one looks; the latest time in the frame by default.

    Returns
    -------
    MessageArrays
        The messages as arrays, by conversation and time.
    """
    needs(messages, *COLUMNS)
    at, tz = milliseconds(messages, "timestamp")
    session, sessions = pd.factorize(messages["session_id"].astype("str"))
    now_ms = moment(now, at[session >= 0], tz)
    known = (session >= 0) & (at != MISSING) & (at <= now_ms)
    row = np.flatnonzero(known)
    fingerprint = values(messages, "fingerprint", "Int64", np.int64(np.iinfo(np.int64).max))
    row = row[_order(session[row], at[row], fingerprint[row])]
    role = roles(messages, set(names(bots)))[row]
    return MessageArrays(messages, row, session[row], sessions, at[row], role, now_ms, tz)


def begins(*keys: npt.NDArray[Any]) -> Flags:
    """Tell which rows differ from the row before them."""
    new = np.zeros(len(keys[0]), bool)
    new[:1] = True
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return new


def _order(session: Ints, at: Ints, fingerprint: Ints) -> Ints:
    """Sort by session, time and fingerprint.

    Session and time as one number sort several times as fast as three keys; the few rows that
    tie are sorted again with all of them.
    """
    if not len(at):
        return np.zeros(0, np.int64)
    span = int(at.max()) - int(at.min()) + 1
    if (int(session.max()) + 1) * span > np.iinfo(np.int64).max:
        return np.lexsort((fingerprint, at, session))
    key = session * span + (at - at.min())
    order = np.argsort(key)
    new = begins(key[order])
    tied = ~new
    tied[:-1] |= ~new[1:]
    rows = order[tied]
    order[tied] = rows[np.lexsort((rows, fingerprint[rows], key[rows]))]
    return order


def _firsts(rows: Ints, of: Ints, groups: int) -> Ints:
    """Find the first of the rows in each group; -1 where there is none."""
    found = np.full(groups, -1, np.int64)
    group = of[rows]
    first = begins(group)
    found[group[first]] = rows[first]
    return found
