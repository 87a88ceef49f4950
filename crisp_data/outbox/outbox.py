"""The outbox of a website: what was written, what has gone, and what is still to go."""

from __future__ import annotations

import html
import threading
from collections.abc import Callable, Sequence

import pandas as pd

from crisp_data import arguments, outgoing
from crisp_data.errors import CrispError, warn
from crisp_data.outbox.delivery import Delivery
from crisp_data.outbox.drafts import draft, name_of, same_conversations
from crisp_data.outbox.journal import Journal
from crisp_data.outbox.message_frames import journal_frame, moments, outcomes
from crisp_data.outbox.message_record import Entry, Row
from crisp_data.outbox.rate import Pace
from crisp_data.outbox.receipt import Receipt
from crisp_data.outbox.recipient_checks import Checks, Rules
from crisp_data.outbox.sending import Progress, send_rows
from crisp_data.outbox.template import as_frame, check_template
from crisp_data.quota.estimate import Plan
from crisp_data.rest.client import Client
from crisp_data.rest.cost_estimator import CostEstimator
from crisp_data.rest.pull_checks import PullChecks
from crisp_data.terminal_text import printable

FILE = "outbox.sqlite"


class Outbox:
    """Messages to a website's customers, each sent exactly once; ``ws.outbox``.

    A row is in a journal on this machine before a message goes, with the message's own
    fingerprint. Whatever happens then (a killed kernel, a lost answer, a refusal), the
    journal and a look-up at Crisp tell what has gone. Texts are deleted from it as soon as
    they are sent; what is left tells that they were.

    Parameters
    ----------
    client : Client
        The client that sends.
    website_id : str
        The website.
    name : str, optional
        The website's name, to be shown.
    tz : str, default "UTC"
        The zone of the frames' times.
    progress : bool, default False
        Whether sending shows a bar.
    show : callable, optional
        Called with the plan of what must be read before sending.
    checks : PullChecks, optional
        Estimates what reading costs; a new one by default.

    Examples
    --------
    >>> ws.outbox
    Outbox of Acme: empty
    """

    def __init__(
        self,
        client: Client,
        website_id: str,
        name: str = "",
        *,
        tz: str = "UTC",
        progress: bool = False,
        show: Callable[[Plan | None], None] = lambda plan: None,
        checks: PullChecks | None = None,
    ) -> None:
        self._client, self.website, self._tz = client, printable(name) or website_id, tz
        self._progress = progress
        settings = client.settings
        path = client.state_dir / FILE
        self._journal = Journal(path, settings.base_url, settings.account, website_id)
        self._delivery = Delivery(client, website_id, self._journal)
        checks = checks or PullChecks(CostEstimator(client, website_id))
        self._checks = Checks(client, website_id, checks, show)

    @property
    def counts(self) -> dict[str, int]:
        """How many messages are in each state.

        Examples
        --------
        >>> ws.outbox.counts["unknown"]
        0
        """
        return self._journal.counts()

    def left(self, batch: str | None = None) -> int:
        """How many messages :meth:`resume` would take up.

        Parameters
        ----------
        batch : str, optional
            Only the messages of this batch.

        Returns
        -------
        int
            How many messages are queued, or of unknown outcome.

        Examples
        --------
        >>> ws.outbox.left()
        0
        """
        return len(self._journal.left(batch))

    def frame(self, batch: str | None = None) -> pd.DataFrame:
        """Give one row a message, the oldest first, without texts; spends nothing.

        Parameters
        ----------
        batch : str, optional
            Only the messages of this batch.

        Returns
        -------
        DataFrame
            ``fingerprint`` (Int64), ``session_id``, ``batch`` (missing for single messages),
            ``state`` (category: queued, sending, sent, failed, unknown), ``tries`` (Int64),
            ``reason`` (Crisp's words where it failed) and ``queued_at``, ``tried_at``,
            ``sent_at`` (datetime64[ms, tz]).

        Examples
        --------
        >>> ws.outbox.frame().columns.tolist()[:4]
        ['fingerprint', 'session_id', 'batch', 'state']
        """
        return journal_frame(self._journal.rows(batch), self._tz)

    def resume(
        self,
        batch: str | None = None,
        *,
        per_minute: float | None = None,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> pd.DataFrame:
        """Send what was left: interrupted, killed, refused for a while, or of unknown outcome.

        What may have gone is looked up first, and sent only where Crisp does not have it. What
        another process is sending is left to it. What has failed is not tried again: send it
        anew, under the same batch name.

        Parameters
        ----------
        batch : str, optional
            Only the messages of this batch.
        per_minute : float, optional
            As in :meth:`crisp_data.Workspace.send_many`.
        progress : Progress, optional
            As in :meth:`crisp_data.Workspace.send_many`.
        stop : threading.Event, optional
            As in :meth:`crisp_data.Workspace.send_many`.

        Returns
        -------
        DataFrame
            The messages that were taken up, as :meth:`frame` gives them.

        Raises
        ------
        ReadOnly
        QuotaExceeded
            Before anything is sent, where the day cannot pay for it.
        UnknownOutcome, Offline, RateLimited, ...
            What ended it; the rest is still there, and ``partial`` is what was taken up.

        Notes
        -----
        Spends a request for each message, and one for each look-up.

        Examples
        --------
        >>> len(ws.outbox.resume())
        0
        """
        self._client.check_writes("resume")
        pace = Pace(self._client, per_minute, stop)
        rows = self._journal.left(batch)
        numbers = {row.fingerprint for row in rows}

        def taken() -> pd.DataFrame:
            found = self._journal.rows(batch)
            return journal_frame((row for row in found if row.fingerprint in numbers), self._tz)

        self._client.quota.check_affordable(len(rows), write=True)
        return self._run(rows, pace, progress, taken)

    def cancel(self, batch: str | None = None) -> int:
        """Delete messages that are queued, with their texts; returns how many; spends nothing.

        What may have been sent cannot be taken back by deleting its row, and stays.

        Parameters
        ----------
        batch : str, optional
            Only the messages of this batch.

        Returns
        -------
        int
            How many messages were deleted.

        Examples
        --------
        >>> ws.outbox.cancel()
        0
        """
        return self._journal.cancel(batch)

    def send(self, session_id: str, message: outgoing.Message) -> Receipt:
        """Send one message; :meth:`crisp_data.Workspace.send` says how.

        Parameters
        ----------
        session_id : str
            The conversation.
        message : outgoing.Message
            The message.

        Returns
        -------
        Receipt
            What was sent, or may have been.

        Raises
        ------
        CrispError
            Crisp refused the message, could not be reached, or did not say what became of it.

        Examples
        --------
        >>> from crisp_data.outgoing import Text
        >>> ws.outbox.send(ws.conversations(limit=1)["session_id"][0], Text("Hello")).state
        'sent'
        """
        self._client.check_writes("send")
        session_id = arguments.session_id(session_id)
        entry = Entry.of(message, session_id)
        row = self._journal.take(entry, self._client.now())
        try:
            self._delivery.confirm(row)
        except CrispError as error:
            now = self._journal.row(row.fingerprint)
            if now is not None and now.state == "queued":
                error.hint = f"{error.hint} {_QUEUED}".strip()
            raise
        sent = self._journal.row(row.fingerprint)
        assert sent is not None  # nobody cancels what may have gone
        self._journal.forget()
        at = None if sent.sent_at is None else moments([sent.sent_at], self._tz)[0]
        return Receipt(sent.fingerprint, session_id, sent.state, at, self.website)

    def send_many(
        self,
        frame: pd.DataFrame,
        template: str | outgoing.Message,
        *,
        batch: str | None = None,
        confirm: bool = False,
        rules: Rules,
        per_minute: float | None = None,
        progress: Progress | None = None,
        stop: threading.Event | None = None,
    ) -> pd.DataFrame:
        """Send one message a row; :meth:`crisp_data.Workspace.send_many` says how.

        Parameters
        ----------
        frame : pandas.DataFrame
            As in :meth:`crisp_data.Workspace.send_many`.
        template : str or outgoing.Message
            As in :meth:`crisp_data.Workspace.send_many`.
        batch : str, optional
            As in :meth:`crisp_data.Workspace.send_many`.
        confirm : bool, default False
            Whether to send; otherwise the messages are only shown.
        rules : Rules
            Whom not to write to.
        per_minute : float, optional
            How many messages go in a minute; 60 on the live service by default.
        progress : Progress, optional
            Called after each message with how many are done, and of how many.
        stop : threading.Event, optional
            Ends the sending after the message that is under way, once it is set.

        Returns
        -------
        pandas.DataFrame
            As from :meth:`crisp_data.Workspace.send_many`.

        Examples
        --------
        >>> from crisp_data.outbox import Rules
        >>> frame = ws.conversations(limit=2)
        >>> len(ws.outbox.send_many(frame, "We are back.", rules=Rules(quiet_days=None)))
        2
        """
        arguments.check_flag("confirm", confirm)
        if confirm:
            self._client.check_writes("send_many")
        pace = Pace(self._client, per_minute, stop)
        check_template(frame, template)
        batch = name_of(batch, template)
        rows = self._journal.rows(batch)
        drafts = draft(frame, template, rows, self._checks, rules, self._tz)
        for words in same_conversations(batch, drafts, self._journal.rows()):
            warn(words)
        texts, reasons = [one.text for one in drafts], [one.reason for one in drafts]
        drafted = as_frame(frame, texts, reasons)
        if not confirm:
            return drafted
        entries = {one.key: one.entry for one in drafts if one.entry and not one.reason}
        self._client.quota.check_affordable(len(entries), write=True)
        self._journal.queue(batch, entries.values(), self._client.now())

        def taken() -> pd.DataFrame:
            known = {row.key: row for row in self._journal.rows(batch)}
            return outcomes(drafted, [known.get(one.key) for one in drafts], self._tz)

        known = {row.key: row for row in self._journal.rows(batch)}
        return self._run([known[key] for key in entries], pace, progress, taken)

    def _run(
        self,
        rows: Sequence[Row],
        pace: Pace,
        progress: Progress | None,
        taken: Callable[[], pd.DataFrame],
    ) -> pd.DataFrame:
        """Send, and give what became of it; of what was sent before an error, too."""
        bar = f"to {self.website}" if self._progress else ""
        try:
            send_rows(self._delivery, self._journal, rows, pace, progress=progress, bar=bar)
        except BaseException as error:
            error.add_note(_UNSENT)
            if isinstance(error, CrispError):
                error.partial = taken()
            raise
        finally:
            self._journal.forget()
        return taken()

    def close(self) -> None:
        """Close the journal's file; the next use opens it again.

        Examples
        --------
        >>> ws.outbox.close()
        """
        self._journal.disconnect()

    def __repr__(self) -> str:
        found = [f"{number:,} {state}" for state, number in self.counts.items() if number]
        return f"Outbox of {self.website}: {', '.join(found) or 'empty'}"

    def _repr_html_(self) -> str:
        return f"<div>{html.escape(repr(self))}</div>"


_UNSENT = (
    "Unsent messages stay in the outbox: ws.outbox shows them, ws.outbox.resume() "
    "continues, and ws.outbox.cancel() drops those that are queued."
)
_QUEUED = (
    "It was not sent and stays in the outbox: ws.outbox.resume() or the same line sends "
    "it, ws.outbox.cancel() drops it."
)
