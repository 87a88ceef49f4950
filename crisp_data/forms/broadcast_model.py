"""One message to many: recipients, message, dry run and sending, without a widget."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from crisp_data import outbox, outgoing, tables
from crisp_data.errors import BadParameter, CrispError
from crisp_data.forms import html
from crisp_data.forms.protocol import Workspace
from crisp_data.forms.request_counter import RequestCounter
from crisp_data.plurals import count

#: The columns that describe a conversation in the list, and that are searched.
DESCRIBING = ("nickname", "email", "state", "segments", "last_message", "updated_at")
# Columns of Crisp that a customer may be written to about, after those of one's own.
_CRISP_COLUMNS = ("nickname", "email", "subject", "city", "country", "phone")


class BroadcastModel:
    """A message to a part of a frame's conversations.

    Parameters
    ----------
    ws : Workspace
    conversations : DataFrame
        With ``session_id`` and whatever the template names. It is copied: what is confirmed
        is what is sent, whatever another cell does to the frame meanwhile.

    Attributes
    ----------
    selected : ndarray of bool
        Which rows are written to; at first none.
    template, nickname : str
        Jinja2 with the frame's columns, and whom the customer sees as the sender.
    batch : str
        The name under which each conversation gets its message once; by default the template.
    include, quiet_days
        As in :meth:`crisp_data.Workspace.send_many`.
    dry : DataFrame or None
        The last dry run: ``session_id``, ``text``, ``reason``.
    result : DataFrame or None
        What became of the last sending, also of one that did not come to its end.
    done : int
        How many messages of the running sending are done.

    Examples
    --------
    >>> broadcaster = BroadcastModel(ws, ws.conversations(state="unresolved", limit=5))
    >>> broadcaster.select(range(3))
    >>> broadcaster.template, broadcaster.quiet_days = "Hello {{ nickname }}!", None
    >>> broadcaster.dry_run()["reason"].tolist()
    ['', '', '']
    >>> broadcaster.send("3")["state"].tolist()
    ['sent', 'sent', 'sent']
    """

    def __init__(self, ws: Workspace, conversations: pd.DataFrame) -> None:
        outbox.check_template(conversations, "")
        self.ws, self.frame = ws, conversations.copy()
        self.selected = np.zeros(len(self.frame), dtype=bool)
        self.template = self.nickname = self.batch = ""
        self.include: tuple[str, ...] = ()
        self.quiet_days: int | None = 30
        self.dry = self.result = None
        self.done, self._stop = 0, threading.Event()
        self.spending = RequestCounter(ws)

    dry: pd.DataFrame | None
    result: pd.DataFrame | None

    @cached_property
    def names(self) -> pd.Series[str]:
        """What each row's customer is called: nickname, else e-mail, else the session."""
        names = self.frame["session_id"].astype("str")
        for column in ("email", "nickname"):
            if column in self.frame:
                known = self.frame[column].astype("str")
                names = known.where(known.notna() & (known.str.strip() != ""), names)
        return names.str.slice(0, 60)

    @cached_property
    def _search_text(self) -> pd.Series[str]:
        """What is searched: a column at a time, for a list may be long."""
        words = self.names
        for column in DESCRIBING:
            if column in self.frame:
                cells = self.frame[column]
                lists = column == "segments"
                texts = cells.map(html.cell_text) if lists else cells.astype("str").fillna("")
                words = words + " " + texts.astype("str")
        return words.str.casefold()

    @property
    def columns(self) -> list[str]:
        """The columns that a template is likely to name, one's own first."""
        declared = set(tables.schema("conversations")["column"])
        own = [name for name in map(str, self.frame.columns) if name not in declared]
        named = [*own, *(name for name in _CRISP_COLUMNS if name in self.frame)]
        return [name for name in named if name.isidentifier()]  # as Jinja wants them

    @property
    def selected_rows(self) -> pd.DataFrame:
        """The rows that are selected."""
        return self.frame[self.selected]

    @property
    def recipients(self) -> int | None:
        """How many messages would go; None without a dry run since the last change."""
        if self.dry is None or self._dry_run_inputs != self._inputs():
            return None
        return int((self.dry["reason"] == "").sum())

    def names_of(self, session_ids: pd.Series[str]) -> pd.Series[str]:
        """Give what the customers of some conversations are called."""
        return session_ids.map(dict(zip(self.frame["session_id"], self.names, strict=True)))

    def find(self, words: str = "") -> list[int]:
        """Give the positions of the rows in which all the words stand."""
        matches = np.ones(len(self.frame), dtype=bool)
        for part in words.casefold().split():
            matches &= self._search_text.str.contains(part, regex=False).to_numpy(dtype=bool)
        return [int(position) for position in np.flatnonzero(matches)]

    def select(self, positions: Iterable[int], selected: bool = True) -> None:
        """Select rows by their positions, or leave them out again."""
        self.selected[list(positions)] = selected

    def preview(self, number: int) -> tuple[str, str, str]:
        """Render the template for one of the selected rows; spends nothing.

        Returns
        -------
        tuple
            The customer's name, the text, and the reason where there is none.

        Raises
        ------
        BadParameter
            The template cannot be read, or names what is no column.
        """
        position = int(np.flatnonzero(self.selected)[number])
        drafted = outbox.render(self.frame.iloc[[position]], self._message()).iloc[0]
        return self.names.iloc[position], drafted["text"], drafted["reason"]

    def dry_run(self) -> pd.DataFrame:
        """Find out what would be sent, and who is left out and why; sends nothing.

        Spends as :meth:`crisp_data.Workspace.send_many` says: up to a thread for each
        conversation, where neither the frame nor the cache knows who wrote last.
        """
        if not self.selected.any():
            raise BadParameter("Nobody is selected.", "Select the conversations to write to.")
        if not self.template.strip():
            raise BadParameter("The message is empty.", "Write the message to send.")
        inputs, self.dry = self._inputs(), None
        with self.spending.counted():
            dry = self.ws.send_many(self.selected_rows, **self._options())
        self.dry, self._dry_run_inputs = dry, inputs
        return dry

    def send(self, typed: str) -> pd.DataFrame:
        """Send what the dry run showed, confirmed by the number of recipients.

        Raises
        ------
        BadParameter
            Not the number; or there was no dry run since the last change; or what would be sent
            has changed by itself. Nothing was sent.
        ReadOnly, QuotaExceeded, UnknownOutcome, Offline, ...
            What did not go is in ``ws.outbox``; the same batch sends the rest.
        """
        expected = self.recipients
        if expected is None or self.dry is None:
            raise BadParameter("The dry run does not cover this.", "Do the dry run first.")
        if not expected:
            raise BadParameter("There is nobody to send to.", "The dry run says why.")
        if typed.strip() != str(expected):
            raise BadParameter(
                "The number is not the number of recipients: nothing was sent.",
                f"{count(expected, 'message')} will be sent; type {expected} to send.",
            )
        self.ws.client.check_writes("send_many")
        self._stop.clear()
        self.done, self.result = 0, None
        # Taken once: a form's fields may change while this runs in its thread.
        frame, options, dry = self.selected_rows, self._options(), self.dry
        self.dry = None  # to send once more takes another dry run
        # From the cache, so at no cost, unless an hour has passed since.
        if not self.ws.send_many(frame, **options).equals(dry):
            raise BadParameter(
                "The messages have changed since the dry run: nothing was sent.",
                "Do the dry run again.",
            )
        try:
            self.result = self.ws.send_many(
                frame, **options, confirm=True, progress=self._on_progress, stop=self._stop
            )
        except CrispError as error:
            self.result = error.partial
            raise
        return self.result

    def stop(self) -> None:
        """End a dry run at its next request, and a sending after the message under way."""
        self._stop.set()
        self.spending.stop()

    def _on_progress(self, done: int, _: int) -> None:
        self.done = done

    def _message(self) -> str | outgoing.Message:
        """Make the template a message where it is signed."""
        name = self.nickname.strip()
        return outgoing.Text(self.template, nickname=name) if name else self.template

    def _options(self) -> dict[str, Any]:
        return {
            "template": self._message(),
            "batch": self.batch.strip() or None,
            "include": self.include,
            "quiet_days": self.quiet_days,
        }

    def _inputs(self) -> tuple[Any, ...]:
        """All that a dry run depends on: it does not hold for other inputs."""
        words = (self.template, self.nickname, self.batch, self.include, self.quiet_days)
        return (*words, self.selected.tobytes())
