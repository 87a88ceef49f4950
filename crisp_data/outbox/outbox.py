"""The outbox of a website: what was written, what has gone, and what is still to go."""

from __future__ import annotations

import html
import threading
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict

import pandas as pd
from tqdm.auto import tqdm

from crisp_data import arguments, outgoing
from crisp_data.errors import CrispError, CrispWarning
from crisp_data.outbox.delivery import Delivery
from crisp_data.outbox.drafts import Draft, draft, name_of
from crisp_data.outbox.journal import Journal
from crisp_data.outbox.journal_rows import STATES, Entry, Row
from crisp_data.outbox.rate import Pace, Progress, run
from crisp_data.outbox.receipt import Receipt
from crisp_data.outbox.recipient_checks import Checks, Rules
from crisp_data.outbox.template import check_template
from crisp_data.quota.estimate import Plan
from crisp_data.rest.client import Client
from crisp_data.rest.cost_estimator import CostEstimator
from crisp_data.rest.pull_checks import PullChecks

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
        self._client, self.website, self._tz = client, name or website_id, tz
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
        return self._frame(self._journal.rows(batch))

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
        numbers = [row.fingerprint for row in rows]

        def taken() -> pd.DataFrame:
            found = map(self._journal.row, numbers)
            return self._frame(row for row in found if row is not None)  # else it was cancelled

        self._client.quota.check_affordable(len(rows), write=True)
        self._run(rows, pace, progress, taken)
        return taken()

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
        at = None if sent.sent_at is None else self._times([sent.sent_at])[0]
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
        if confirm:
            self._client.check_writes("send_many")
        pace = Pace(self._client, per_minute, stop)
        check_template(frame, template)
        batch = name_of(batch, template)
        drafts = draft(frame, template, self._journal.rows(batch), self._checks, rules)
        self._warn_of_others(batch, drafts)
        told = [self._told(one) for one in drafts]
        columns = {"session_id": frame["session_id"], "text": [one.text for one in drafts]}
        drafted = pd.DataFrame({**columns, "reason": told}, index=frame.index).astype("str")
        if not confirm:
            return drafted
        entries = {one.key: one.entry for one in drafts if one.entry and not one.reason}
        self._client.quota.check_affordable(len(entries), write=True)
        self._journal.queue(batch, entries.values(), self._client.now())

        def taken() -> pd.DataFrame:
            known = {row.key: row for row in self._journal.rows(batch)}
            return self._result(drafted, [known.get(one.key) for one in drafts])

        known = {row.key: row for row in self._journal.rows(batch)}
        self._run([known[key] for key in entries], pace, progress, taken)
        return taken()

    def _run(
        self,
        rows: Sequence[Row],
        pace: Pace,
        progress: Progress | None,
        taken: Callable[[], pd.DataFrame],
    ) -> None:
        steps: Iterable[int] = run(self._delivery, self._journal, rows, pace)
        if self._progress:  # a bar that is not shown leaves locks behind where it is killed
            name = f"to {self.website}"
            steps = tqdm(steps, desc=name, total=len(rows), unit=" messages", leave=False)
        try:
            for done in steps:
                if progress is not None:
                    progress(done, len(rows))
        except BaseException as error:
            error.add_note(_KEPT)
            if isinstance(error, CrispError):
                error.partial = taken()
            raise
        finally:
            self._journal.forget()

    def _warn_of_others(self, batch: str, drafts: Sequence[Draft]) -> None:
        """Tell of messages under other names: a text that was mended, a batch that was renamed."""
        entries = [one.entry for one in drafts if one.entry and not one.reason]
        ids, texts = ({entry.session_id for entry in entries}, {entry.digest for entry in entries})
        others = [
            row for row in self._journal.rows() if row.batch != batch and row.session_id in ids
        ]
        waiting = [row for row in others if row.state not in ("sent", "failed")]
        had = [row for row in others if row.state == "sent" and row.digest in texts]
        for rows, words in ((waiting, _WAITING), (had, _HAD)):
            if rows:
                names = sorted({repr(row.batch) if row.batch else "ws.send" for row in rows})
                number = len({row.session_id for row in rows})
                told = f"For {number:,} of these conversations, {words}: {', '.join(names)}."
                warnings.warn(told, CrispWarning, stacklevel=4)

    def _told(self, one: Draft) -> str:
        """Why a row is left out, with the moment where an earlier call sent it."""
        if one.row is None or one.row.sent_at is None:
            return one.reason
        return f"{one.reason} {self._times([one.row.sent_at])[0]:%Y-%m-%d %H:%M}"

    def _result(self, drafted: pd.DataFrame, rows: Sequence[Row | None]) -> pd.DataFrame:
        """What became of each row."""
        refused = ["cancelled" if row is None else row.refused for row in rows]
        reasons = [told or why for told, why in zip(drafted["reason"], refused, strict=True)]
        states = [row.state if row else None for row in rows]
        return drafted.assign(
            reason=pd.Series(reasons, index=drafted.index, dtype="str"),
            fingerprint=pd.array([row.fingerprint if row else None for row in rows], "Int64"),
            state=pd.Categorical(states, categories=list(STATES)),
            sent_at=self._times([row.sent_at if row else None for row in rows]),
        )

    def _frame(self, rows: Iterable[Row]) -> pd.DataFrame:
        table = pd.DataFrame([asdict(row) for row in rows], columns=[*Row.__slots__])
        texts = {"session_id": table["session_id"], "batch": table["batch"]}
        return pd.DataFrame(
            {
                "fingerprint": table["fingerprint"].astype("Int64"),
                **{name: values.astype("str") for name, values in texts.items()},
                "state": pd.Categorical(table["state"], categories=list(STATES)),
                "tries": table["tries"].astype("Int64"),
                "reason": table["refusal"].astype("str"),
                "queued_at": self._times(table["added_at"]),
                "tried_at": self._times(table["tried_at"]),
                "sent_at": self._times(table["sent_at"]),
            }
        )

    def _times(self, seconds: Iterable[float | None]) -> pd.DatetimeIndex:
        found = [None if pd.isna(at) else round(at * 1000) for at in seconds]
        times = pd.DatetimeIndex(
            pd.to_datetime(pd.array(found, dtype="Int64"), unit="ms", utc=True)
        )
        return times.as_unit("ms").tz_convert(self._tz)

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


_WAITING = (
    "another message is still in the outbox. The next resume() sends it, unless "
    "ws.outbox.cancel(batch) drops it"
)
_HAD = "the same text was sent before under another name"
_KEPT = (
    "Unsent messages stay in the outbox: ws.outbox shows them, ws.outbox.resume() "
    "continues, and ws.outbox.cancel() drops those that are queued."
)
_QUEUED = (
    "It was not sent and stays in the outbox: ws.outbox.resume() or the same line sends "
    "it, ws.outbox.cancel() drops it."
)
