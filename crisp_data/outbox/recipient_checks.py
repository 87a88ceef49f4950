"""Checks each recipient before anything is sent: who should get no message, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pandas as pd

from crisp_data import arguments, tables
from crisp_data.errors import BadParameter, NotFound
from crisp_data.quota.estimate import Plan
from crisp_data.rest import message_threads
from crisp_data.rest.client import Client
from crisp_data.rest.pull_checks import PullChecks

#: What is left out unless it is asked for.
INCLUDE = ("duplicate", "blocked", "resolved", "quiet")

_FACTS = ("state", "is_blocked", "updated_at", "waiting_since")


@dataclass(frozen=True)
class Rules:
    """What an analyst decided about whom not to write to.

    Attributes
    ----------
    include : Sequence[str]
        Who is written to all the same: of "duplicate", "blocked", "resolved" and "quiet".
    quiet_days : int or None
        Leave out customers who have not written for so many days; None leaves out nobody.
    messages : pandas.DataFrame or None
        Whole threads that were read already.
    refresh : bool
        Ask Crisp even where the frame or the cache has the answer.

    Raises
    ------
    BadParameter
        A word of ``include`` is unknown, or the days are not a number.
    """

    include: Sequence[str] = ()
    quiet_days: int | None = 30
    messages: pd.DataFrame | None = None
    refresh: bool = False

    def __post_init__(self) -> None:
        include = [self.include] if isinstance(self.include, str) else self.include
        object.__setattr__(self, "include", tuple(include))
        for word in self.include:
            arguments.check_word("include", word, INCLUDE)
        arguments.check_count("quiet_days", self.quiet_days)
        wanted = {"session_id", "from", "type", "timestamp"}
        if self.messages is not None and not wanted <= set(self.messages.columns):
            raise BadParameter("messages= must be a frame from ws.messages().")


class Checks:
    """Looks at the conversations that are to be written to.

    What a frame of conversations says itself costs nothing; see :meth:`reasons`.

    Parameters
    ----------
    client : Client
        The client that reads.
    website_id : str
        The website.
    checks : PullChecks
        Estimates what reading costs.
    show : callable, optional
        Called with the plan before reading.
    """

    def __init__(
        self,
        client: Client,
        website_id: str,
        checks: PullChecks,
        show: Callable[[Plan | None], None] = lambda plan: None,
    ) -> None:
        self._client, self._website_id = client, website_id
        self._checks, self._show = checks, show

    def reasons(self, frame: pd.DataFrame, rules: Rules) -> dict[str, str]:
        """Say by session_id who is left out, and why.

        Spends a request for each conversation of which the frame does not have ``state`` and
        ``is_blocked``, and one or more for each thread that must be read to see when the
        person wrote last. That is not needed where the frame says so itself: where nothing
        has happened since (``updated_at``), or the person waits since then
        (``waiting_since``); nor for threads that are in ``rules.messages``. All is cached.

        Parameters
        ----------
        frame : pandas.DataFrame
            Who is to be written to; has ``session_id``.
        rules : Rules
            Whom not to write to.

        Returns
        -------
        dict[str, str]
            The reason by ``session_id``, of those who are left out only.
        """
        facts = self._facts(frame.drop_duplicates("session_id"), rules.refresh)
        found: dict[str, list[str]] = {}
        for session_id in dict.fromkeys(frame["session_id"]):
            fact = facts.get(session_id)
            if fact is None:
                found[session_id] = ["not found"]
                continue
            met = {
                # What Crisp does not say may be either, and not to write is what can be mended.
                "blocked: not stated by Crisp": pd.isna(fact["is_blocked"]),
                "blocked": pd.notna(fact["is_blocked"]) and fact["is_blocked"],
                "resolved": fact["state"] == "resolved",
            }
            found[session_id] = [
                reason
                for reason, holds in met.items()
                if holds and reason.split(":")[0] not in rules.include
            ]
        if rules.quiet_days is not None and "quiet" not in rules.include:
            asked = {one: facts[one] for one, reasons in found.items() if not reasons}
            found |= {one: [reason] for one, reason in self._quiet(asked, rules).items()}
        return {one: "; ".join(reasons) for one, reasons in found.items() if reasons}

    def _facts(self, frame: pd.DataFrame, refresh: bool) -> dict[str, dict[str, Any]]:
        """Take what is needed from the frame, else from Crisp; who is not found has none."""
        rows = frame.set_index("session_id").reindex(columns=list(_FACTS))
        unknown = rows["state"].isna() | rows["is_blocked"].isna() | refresh
        facts: dict[Any, Any] = {}
        for part in [rows[~unknown], *self._fetch(list(rows.index[unknown]), refresh)]:
            for name in ("updated_at", "waiting_since"):
                part[name] = pd.to_datetime(part[name], utc=True, errors="coerce")
            facts |= part.to_dict("index")
        return facts

    def _fetch(self, ids: list[str], refresh: bool) -> list[pd.DataFrame]:
        if not ids:
            return []
        where: dict[str, Any] = {"website_id": self._website_id}

        def missing(one: str) -> bool:
            return not self._client.is_cached("get_conversation", session_id=one, **where)

        why = (
            "Each conversation costs a request of its own: state and is_blocked are not in "
            "the frame."
        )
        self._show(self._checks.before_each(sum(refresh or missing(one) for one in ids), why))
        builder = tables.Builder("conversations")
        for session_id in ids:
            pages = self._client.pages(
                "get_conversation", session_id=session_id, refresh=refresh, **where
            )
            try:
                builder.add(next(pages).body, session_id=session_id, **where)
            except NotFound:
                continue
        return [builder.frame().set_index("session_id")[list(_FACTS)]]

    def _quiet(self, facts: dict[str, dict[str, Any]], rules: Rules) -> dict[str, str]:
        """Tell who did not write for so long."""
        days = pd.Timedelta(days=rules.quiet_days or 0)
        since = pd.Timestamp(self._client.now(), unit="s", tz="UTC") - days
        quiet: dict[str, str] = {}
        wrote = _last_of(rules.messages)
        unread = []
        for session_id, fact in facts.items():
            if session_id in wrote or fact["waiting_since"] >= since:
                continue
            if fact["updated_at"] < since:
                quiet[session_id] = f"quiet: nothing since {fact['updated_at']:%Y-%m-%d}"
            else:
                unread.append(session_id)
        read, gone = self._read(unread, rules.refresh)
        wrote |= read
        for session_id in facts:
            last = wrote.get(session_id, since)
            if session_id in gone:
                quiet[session_id] = "not found"
            elif pd.isna(last):
                quiet[session_id] = "quiet: never wrote"
            elif last < since:
                quiet[session_id] = f"quiet: last wrote on {last}"
        return quiet

    def _read(self, ids: list[str], refresh: bool) -> tuple[dict[str, Any], set[str]]:
        """Read when each person wrote last, NaT where they never did; and who is there no more.

        By the table of messages, which takes whatever stands in a message.
        """
        self._show(self._checks.before_messages(ids, refresh))
        builder, gone = tables.Builder("messages"), set[str]()
        reading = message_threads.read(self._client, self._website_id, ids, refresh=refresh)
        with closing(reading):
            for thread in reading:
                if thread.error is not None:
                    raise thread.error
                if not thread.found:
                    gone.add(thread.session_id)
                for body in thread.bodies:
                    builder.add(body, website_id=self._website_id, session_id=thread.session_id)
        return dict.fromkeys(ids, pd.NaT) | _last_of(builder.frame()), gone


def _last_of(messages: pd.DataFrame | None) -> dict[str, Any]:
    """The last word of each person in a frame of messages; NaT for threads without any."""
    if messages is None:
        return {}
    times = pd.to_datetime(messages["timestamp"], utc=True)
    times = times.where((messages["from"] == "user") & (messages["type"] != "event"))
    last: dict[Any, Any] = times.groupby(messages["session_id"]).max().to_dict()
    return last
