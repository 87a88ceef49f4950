"""What a report is made of: frames, the period, and how far back they are complete.

From a workspace or an archive only what the two periods need is read: the conversations that
were updated since the earlier one began, and their threads. Whatever happened in either period
updated its conversation then or later, so nothing of them is missing.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from crisp_data import dates
from crisp_data.errors import BadParameter, CrispError
from crisp_data.metrics.frame_checks import check_tz_or, milliseconds, needs
from crisp_data.metrics.message_arrays import COLUMNS
from crisp_data.privacy import Pseudonymiser
from crisp_data.report import wording
from crisp_data.report.periods import Period, period

# What the page reads of a frame of conversations; of messages it is what the metrics read.
_CONVERSATIONS = (
    *("session_id", "website_id", "inbox_id", "people_id", "nickname", "state", "topic"),
    *("segments", "country", "assigned_user_id", "created_at", "updated_at"),
)


@dataclass(frozen=True)
class ReportInputs:
    """What was read, and about what time.

    Attributes
    ----------
    conversations, messages : DataFrame
    period : Period
    now : Timestamp
        The moment at which this was the workspace, in the period's zone.
    inboxes : DataFrame or None
        Their names.
    complete : tuple of Timestamp, or None
        Between which update times the frames are complete; None where they surely suffice.
    since : Timestamp or None
        Which update time it was read back to, where that is known.
    requests : int or None
        What reading cost, where that is known.
    name : str
        The website's.
    """

    conversations: pd.DataFrame
    messages: pd.DataFrame
    period: Period
    now: pd.Timestamp
    inboxes: pd.DataFrame | None = None
    complete: tuple[Any, Any] | None = None
    since: pd.Timestamp | None = None
    requests: int | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if self.complete is None:
            return
        first, last = self.complete
        if not (first < self.period.end and last >= self.period.start):
            span = f"{wording.moment(first)} to {wording.moment(last)}"
            raise BadParameter(
                f"The data holds nothing of {self.period.name}: it is complete from {span}.",
                "Choose another period, or extend the archive: archive.sync(since=...).",
            )

    @property
    def whole(self) -> bool:
        """Whether the period is complete."""
        return self._has(self.period)

    @property
    def comparable(self) -> bool:
        """Whether the period before is complete."""
        return self._has(self.period.before())

    def _has(self, wanted: Period) -> bool:
        if self.complete is None:
            return True
        first, last = self.complete
        return bool(first <= wanted.start and last >= wanted.last)

    def private(self, maker: Pseudonymiser) -> ReportInputs:
        """Put tokens in the place of people."""
        maker.learn(self.conversations, self.messages)
        return replace(
            self,
            conversations=maker.frame(self.conversations),
            messages=maker.frame(self.messages),
        )


def read_inputs(
    source: Any,
    messages: pd.DataFrame | None,
    *,
    since: Any,
    until: Any,
    tz: str | None,
    now: Any,
    complete: tuple[Any, Any] | None,
    refresh: bool,
    inboxes: pd.DataFrame | None = None,
) -> ReportInputs:
    """Take frames, or read them from a workspace or an archive.

    Parameters
    ----------
    source : object
        A workspace or an archive; or a frame of the ``conversations`` table.
    messages : pandas.DataFrame or None
        Frame of their ``messages``.
    since : object
        The period's beginning.
    until : object
        The period's end.
    tz : str or None
        The zone of the page; that of the source by default.
    now : object
        When the frames were read.
    complete : tuple[object, object] or None
        From when to when, by last update, the frames are complete.
    refresh : bool
        Ask Crisp even where the cache has the answer.
    inboxes : pandas.DataFrame, optional
        Names for the inboxes.

    Returns
    -------
    ReportInputs
        The frames and the period.

    Raises
    ------
    BadParameter
        The frames or the period cannot be used.
    """
    if not isinstance(source, pd.DataFrame) and hasattr(source, "conversations"):
        return of_source(source, since, until, tz=tz, refresh=refresh)
    conversations = source
    needs(conversations, *_CONVERSATIONS, of="ws.conversations()")
    if messages is None:
        raise BadParameter(
            "A report needs messages too.",
            "Pass them: report.write(path, conversations, ws.messages(conversations)).",
        )
    needs(messages, *COLUMNS)
    zone = check_tz_or(tz, milliseconds(conversations, "updated_at")[1])
    if now is None:
        # Not max(): a missing one of the two, as of an empty frame, compares as neither.
        latest = [conversations["updated_at"].max(), messages["timestamp"].max()]
        now = max((at for at in latest if pd.notna(at)), default=None)
        if now is None:
            raise BadParameter(
                "The frames are empty, so the current time is not known.",
                "Pass now=..., or the workspace.",
            )
    read_at = _moment(now, "now", zone)
    wanted = period(since, until, tz=zone, now=read_at)
    if complete is not None:
        first, last = complete
        complete = _moment(first, "complete", zone), _moment(last, "complete", zone)
    return ReportInputs(conversations, messages, wanted, read_at, inboxes, complete)


def _moment(given: Any, name: str, zone: str) -> pd.Timestamp:
    read = dates.moment(given, name, tz=zone, now=pd.Timestamp.now("UTC").to_pydatetime())
    if read is None:
        raise BadParameter(f"{name} is missing.")
    return read.tz_convert(zone)


def of_source(
    source: Any, since: Any, until: Any, *, tz: str | None, refresh: bool
) -> ReportInputs:
    """Read what the two periods need from a workspace, or from an archive.

    Parameters
    ----------
    source : object
        A workspace or an archive.
    since : object
        The period's beginning.
    until : object
        The period's end.
    tz : str or None
        The zone of the page; the source's own by default.
    refresh : bool
        Ask Crisp even where the cache has the answer.

    Returns
    -------
    ReportInputs
        The frames and the period.
    """
    zone = check_tz_or(tz, source.tz)
    now = source.now.tz_convert(zone)
    archived = hasattr(source, "info")  # an archive, as it was when it was brought up to date
    complete = (_complete_from(source, zone), now) if archived else None
    wanted = period(since, until, tz=zone, now=now)
    fresh = {} if archived else {"refresh": refresh}
    with nullcontext(None) if archived else source.budget(sys.maxsize) as spent:
        start = wanted.before().start
        if complete is not None:  # no further back than that: the page says so
            start = max(start, complete[0])
        conversations = source.conversations(since=start, tz=zone, **fresh)
        messages = source.messages(conversations, tz=zone, **fresh)
        inboxes = None
        if conversations["inbox_id"].notna().any():
            with suppress(CrispError):  # their ids do, where the names cannot be had
                inboxes = source.inboxes(**fresh)
        requests = spent.used if spent else 0
    name = getattr(source, "name", "")
    return ReportInputs(
        conversations, messages, wanted, now, inboxes, complete, start, requests, name
    )


def _complete_from(archive: Any, zone: str) -> pd.Timestamp:
    """Tell how far back an archive is complete; not at all, where nothing is."""
    info = archive.info().set_index("table")["complete_from"]
    first = pd.Timestamp(info.get("conversations", pd.NaT))
    return pd.Timestamp(archive.now) if pd.isna(first) else first.tz_convert(zone)
