"""What an analyst holds: a Crisp workspace whose lists are DataFrames."""

from __future__ import annotations

import dataclasses
import html
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import tzinfo
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from crisp_data import arguments, forms
from crisp_data.errors import BadAnswer, BadParameter, CrispError, FileTrouble
from crisp_data.filters import STATES, State
from crisp_data.local import fork_pickling
from crisp_data.plurals import count
from crisp_data.quota.budget import Budget
from crisp_data.quota.ledger import Ledger
from crisp_data.rest import answer_checks, write_errors
from crisp_data.rest.client import Client
from crisp_data.rest.cost_estimator import CostEstimator
from crisp_data.terminal_text import printable
from crisp_data.workspace import write_checks
from crisp_data.workspace.conversation_lists import ConversationLists

# Reading lists needs none of these: each loads in the methods that use it first. Delta Lake, the
# templates, the messages, private texts and the writers of files take a quarter of a second.
if TYPE_CHECKING:
    from crisp_data import outgoing
    from crisp_data.archive import Archive
    from crisp_data.outbox import Outbox, Receipt
    from crisp_data.privacy import Pseudonymiser


class Workspace(ConversationLists):
    """A website of Crisp, read as frames.

    Made by :func:`crisp_data.connect`. Every method that reads says what it spends; asked
    again within the lifetime of its answers it spends nothing, and ``refresh=True`` asks
    anew. Times are ``datetime64[ms, tz]`` in the zone of the workspace unless ``tz`` says
    another. The columns of each table are printed by :func:`crisp_data.schema`.

    Every method that writes raises :class:`crisp_data.ReadOnly` where the connection only reads,
    before anything is sent. A write is sent once: only a message has a number of its own, by
    which it is found, and so is sent again.

    Parameters
    ----------
    client : Client
        The client that reads and writes.
    website_id : str
        The website.
    name : str, optional
        Its name; empty where the token may not read it.
    tz : str or tzinfo, default "UTC"
        The zone of the frames' times, and of moments without one.
    progress : bool, optional
        Whether long pulls show a bar and their plan; on the live service only by default.
    sandbox : object, optional
        The sandbox that ends with this workspace.
    estimator : CostEstimator, optional
        Estimates what pulls cost; a new one by default.

    Attributes
    ----------
    client : Client
        The thin client below, for what has no frame.
    website_id, name : str
        Which website; ``name`` is empty where the token may not read it.
    quota : Ledger
        What today's requests were spent on, and what is left.
    plan : CostPlans
        What a pull would spend: ``ws.plan.conversations(...)``, ``ws.plan.messages(...)``.
    tz : str
        The zone in which naive moments are read and times are given.

    Examples
    --------
    >>> ws.name
    'Acme'
    """

    def __init__(
        self,
        client: Client,
        website_id: str,
        name: str = "",
        *,
        tz: str | tzinfo = "UTC",
        progress: bool | None = None,
        sandbox: Any = None,
        estimator: CostEstimator | None = None,
    ) -> None:
        estimator = estimator or CostEstimator(client, website_id)
        super().__init__(client, website_id, tz, estimator, progress)
        self.name, self.sandbox = printable(name), sandbox
        self._pseudonymiser: Pseudonymiser | None = None
        fork_pickling.register(self, client.quota.budgets.check_unbounded)

    @property
    def quota(self) -> Ledger:
        """The day's ledger: ``ws.quota`` prints it."""
        return self.client.quota

    def budget(self, requests: int) -> AbstractContextManager[Budget]:
        """Bound what this workspace spends while a block is open, all its threads included.

        Parameters
        ----------
        requests : int
            How many at most. 0 lives on what the cache holds.

        Returns
        -------
        context manager
            Gives a :class:`~crisp_data.quota.budget.Budget` with ``used``, ``left`` and ``limit``.

        Raises
        ------
        QuotaExceeded
            Inside the block, by whatever would spend more than is left, at no cost; its
            ``needed``, ``left`` and ``limit`` are the budget's, its ``resets_at`` is None. No
            waiting fills a budget again, so ``on_quota="wait"`` does not wait for one.
        ForkedProcess
            In a process that was forked inside the block, by the first request, at no cost;
            and where a pool is handed the workspace inside the block.

        Notes
        -----
        What comes from the cache spends nothing. Where budgets are nested, all must allow a
        request, and each is charged.

        A budget belongs to the process that opens it. What other processes spend is not in its
        ``used``, though the day's ledger counts it. Open one in each worker, in the function
        that it runs: only what was opened in a process bounds that process.

        Examples
        --------
        >>> with ws.budget(200) as budget:
        ...     conversations = ws.conversations(limit=20)
        >>> budget.used, budget.left
        (1, 199)
        """
        return self.client.quota.budgets.open(arguments.plain_int(requests))

    def archive(
        self, path: str | Path, *, storage_options: Mapping[str, str] | None = None
    ) -> Archive:
        """Open an archive of this website: conversations and messages that cost nothing to read.

        Parameters
        ----------
        path : str or Path
            A folder, made by the first sync, or an address such as ``s3://bucket/acme``.
        storage_options : dict, optional
            For an object store, as Delta Lake takes them; also read from the environment.

        Returns
        -------
        Archive
            Its :meth:`~crisp_data.archive.Archive.sync` brings it up to date.

        Examples
        --------
        >>> archive = ws.archive(folder / "acme")
        >>> archive.sync().messages == len(archive.messages())
        True
        """
        from crisp_data.archive import Archive

        return Archive(
            path,
            storage_options=storage_options,
            tz=self.tz,
            client=self.client,
            website_id=self.website_id,
            checks=self._pulls.checks if self._pulls.plans_shown else None,
            progress=self._pulls.progress,
        )

    def to(
        self, path: str | Path, frame: pd.DataFrame, *, private: bool | Pseudonymiser = False
    ) -> Path:
        """Write a frame to a file: ``.csv .csv.gz .jsonl .jsonl.gz .parquet .xlsx``.

        See :func:`crisp_data.write`, which does it, for what each format holds.

        Parameters
        ----------
        path : str or Path
            The file to write; its ending names the format.
        frame : pandas.DataFrame
            A table's frame or any other.
        private : bool or Pseudonymiser, default False
            Write tokens in the place of people, and scrubbed texts
            (:mod:`crisp_data.privacy`). True takes the key from CRISP_PRIVACY_KEY, or a random
            one with a warning; all that this workspace writes so joins, and the names of each
            frame are found in the texts of those written after it.

        Returns
        -------
        Path
            The file.

        Examples
        --------
        >>> ws.to(folder / "operators.csv", ws.operators()).name
        'operators.csv'
        >>> from crisp_data.privacy import Pseudonymiser
        >>> maker = Pseudonymiser("not-for-production", allow=["plan"])
        >>> ws.to(folder / "people.csv", ws.people(), private=maker).name
        'people.csv'
        """
        from crisp_data import export

        if private is not False:
            from crisp_data.privacy.pseudonymiser import pseudonymiser

            path = export.check(path)
            known = self._pseudonymiser if private is True else None
            maker = known or pseudonymiser(private)
            if private is True:
                self._pseudonymiser = maker
            frame = frame if maker is None else maker.frame(frame)
        return export.write(path, frame)

    @cached_property
    def outbox(self) -> Outbox:
        """The messages of this website, sent and to be sent: ``ws.outbox`` prints it."""
        from crisp_data.outbox import Outbox

        return Outbox(
            self.client,
            self.website_id,
            self.name,
            tz=self.tz,
            progress=self._pulls.progress,
            show=self._pulls.show,
            checks=self._pulls.checks,
        )

    def send(self, session_id: str, message: str | outgoing.Message, **options: Any) -> Receipt:
        """Send one message to a customer, exactly once.

        Parameters
        ----------
        session_id : str
            The conversation.
        message : str or Message
            A text, or one of :mod:`crisp_data.outgoing`, such as a ``Note``.
        **options
            What every message has: ``nickname``, ``avatar``, ``origin``, ``stealth``,
            ``automated``, ``mentions``, ``timestamp``, ``properties``.

        Returns
        -------
        Receipt
            With the fingerprint, the moment, and the website's name.

        Raises
        ------
        ReadOnly, BadParameter
            Before anything is written down or sent.
        ApiError
            Crisp refused it.
        Unreachable, QuotaExceeded, RateLimited
            It was not sent, and waits in ``ws.outbox``.
        UnknownOutcome
            Nobody knows whether it was sent.

        Notes
        -----
        Spends one request. Where an answer is lost the message is looked up, which spends one
        more, and sent again only where Crisp does not have it. After an error the same line
        takes the message up where it was left, instead of sending a second one.

        Examples
        --------
        >>> session_id = ws.conversations(limit=1)["session_id"][0]
        >>> ws.send(session_id, "Your parcel is on its way.", nickname="Ada").state
        'sent'
        >>> from crisp_data.outgoing import Note
        >>> ws.send(session_id, Note("Called them on Monday.")).website
        'Acme'
        """
        self.client.check_writes("send")
        return self.outbox.send(session_id, _message(message, options))

    def send_many(
        self,
        frame: pd.DataFrame,
        *,
        template: str | outgoing.Message,
        batch: str | None = None,
        confirm: bool = False,
        include: Sequence[str] = (),
        quiet_days: int | None = 30,
        messages: pd.DataFrame | None = None,
        refresh: bool = False,
        per_minute: float | None = None,
        progress: Callable[[int, int], None] | None = None,
        stop: threading.Event | None = None,
    ) -> pd.DataFrame:
        """Send one message for each row of a frame; without ``confirm=True`` only show them.

        Parameters
        ----------
        frame : DataFrame
            With ``session_id`` and the columns that the template names; such as a part of
            ``ws.conversations()``, with columns of your own.
        template : str or Message
            Jinja2, in its sandbox: ``"Hello {{ nickname }}!"``. A row in which a value is
            missing is left out, unless the template says what else:
            ``{{ nickname | default("you") }}``. A message's texts are templates, too.
        batch : str, optional
            The name under which each conversation gets its message once, however often this
            is called. By default the template is the name: a cell that is run twice sends
            nothing twice.
        confirm : bool, default False
            Whether to send.
        include : sequence of str, optional
            Who is written to although better not: ``"resolved"``, ``"blocked"`` (as the frame
            says, or Crisp where it does not), ``"quiet"``, ``"duplicate"`` (rows with a
            conversation that had one before).
        quiet_days : int or None, default 30
            Who did not write for so many days is quiet. None asks for no such thing.
        messages : DataFrame, optional
            Whole threads, as ``ws.messages()`` returned them or an archive has them: they say
            who is quiet at no cost.
        refresh : bool, default False
            Ask Crisp for each conversation and thread even where the frame or cache knows.
        per_minute : float, optional
            How many messages go in a minute; by default 60 on the live service.
        progress : callable, optional
            Called after each message with how many are done, and of how many.
        stop : threading.Event, optional
            Ends the sending after the message that is under way, once it is set.

        Returns
        -------
        DataFrame
            With the frame's index and rows: ``session_id``, ``text`` and ``reason``, empty for
            what is to be sent, else why it is not. After sending also ``fingerprint`` (Int64),
            ``state`` (category: queued, sending, sent, failed, unknown; missing for what was
            left out) and ``sent_at`` (datetime64[ms, tz]); ``reason`` then has Crisp's words
            for what failed.

        Raises
        ------
        ReadOnly, BadParameter
            Before anything is spent.
        QuotaExceeded
            Before anything is sent, where the day cannot pay for all of it. Messages may spend
            what is reserved for writes.
        UnknownOutcome, Offline, RateLimited, Unauthorized, ...
            What ended the sending; ``partial`` is the result so far, and the outbox has what
            was not sent. A message that Crisp refuses for what it is does not end it.

        Notes
        -----
        Spends a request for each message, and one for each look-up after a lost answer.
        Before, it reads what the frame does not tell: a request for each conversation without
        ``state`` and ``is_blocked``, and one at least for each thread of a conversation that
        changed within ``quiet_days`` without ``waiting_since`` or ``messages`` telling who
        wrote. All of it is cached for an hour: sending after looking reads nothing anew.

        Interrupted, by Ctrl-C or a crash, the rest stays in ``ws.outbox``: the same call, or
        ``ws.outbox.resume()``, sends only what has not gone.

        Examples
        --------
        >>> frame = ws.conversations(state="unresolved", limit=4)
        >>> frame["plan"] = ["Pro", "Free", None, "Pro"]
        >>> text = "Your plan {{ plan }} has a new home."
        >>> shown = ws.send_many(frame, template=text, quiet_days=None)
        >>> shown["reason"].tolist()
        ['', '', 'missing: plan', '']
        >>> sent = ws.send_many(frame, template=text, quiet_days=None, confirm=True)
        >>> sent["state"].tolist()
        ['sent', 'sent', nan, 'sent']
        >>> ws.send_many(frame, template=text, quiet_days=None)["reason"][0]
        'sent: 2026-11-02 09:00'
        """
        from crisp_data.outbox import Rules

        return self.outbox.send_many(
            frame,
            template,
            batch=batch,
            confirm=confirm,
            rules=Rules(include, quiet_days, messages, refresh),
            per_minute=per_minute,
            progress=progress,
            stop=stop,
        )

    def edit(self, session_id: str, fingerprint: int, message: str | outgoing.Message) -> None:
        """Replace what a message says; one request.

        Parameters
        ----------
        session_id : str
        fingerprint : int
            Of the receipt, or of ``ws.messages()``.
        message : str or Message
            Its content is taken; the type stays.

        Examples
        --------
        >>> session_id = ws.conversations(limit=1)["session_id"][0]
        >>> receipt = ws.send(session_id, "See you on Mondya.")
        >>> ws.edit(session_id, receipt.fingerprint, "See you on Monday.")
        """
        from crisp_data import outgoing

        body = {"content": outgoing.as_message(message).body()["content"]}
        number = write_checks.fingerprint(fingerprint)
        self._write("update_message_in_conversation", session_id, body, fingerprint=number)

    def delete(self, session_id: str, fingerprint: int) -> None:
        """Remove a message for good; one request.

        Parameters
        ----------
        session_id : str
            The conversation.
        fingerprint : int
            The message.

        Examples
        --------
        >>> session_id = ws.conversations(limit=1)["session_id"][0]
        >>> receipt = ws.send(session_id, "To the wrong person.")
        >>> ws.delete(session_id, receipt.fingerprint)
        """
        number = write_checks.fingerprint(fingerprint)
        self._write("remove_message_in_conversation", session_id, fingerprint=number)

    def mark_read(self, session_id: str, fingerprints: Iterable[int] | None = None) -> None:
        """Mark a customer's messages as read by the operators; one request.

        Parameters
        ----------
        session_id : str
            The conversation.
        fingerprints : iterable of int, optional
            Which; by default all of them.

        Raises
        ------
        BadParameter
            ``fingerprints`` is not a list of whole numbers, or is empty; nothing was sent.

        Examples
        --------
        >>> ws.mark_read(ws.conversations(limit=1)["session_id"][0])
        """
        body: dict[str, Any] = {"from": "user", "origin": "chat"}
        if fingerprints is not None:
            body["fingerprints"] = write_checks.fingerprints(fingerprints)
        self._write("mark_messages_read_in_conversation", session_id, body)

    def set_state(self, session_id: str, state: State) -> None:
        """Set where a conversation stands: pending, unresolved or resolved; one request.

        Parameters
        ----------
        session_id : str
            The conversation.
        state : State
            "pending", "unresolved" or "resolved".

        Raises
        ------
        BadParameter
            The state is unknown; nothing was sent.

        Examples
        --------
        >>> ws.set_state(ws.conversations(limit=1)["session_id"][0], "resolved")
        """
        arguments.check_word("state", "" if state is None else state, STATES)
        self._write("change_conversation_state", session_id, {"state": state})

    def assign(self, session_id: str, user_id: str | None) -> None:
        """Assign a conversation to an operator, or with None to nobody; one request.

        Parameters
        ----------
        session_id : str
            The conversation.
        user_id : str or None
            As in ``ws.operators()``.

        Raises
        ------
        BadParameter
            ``user_id`` is neither an id nor None; nothing was sent.

        Examples
        --------
        >>> ada = ws.operators()["user_id"][0]
        >>> ws.assign(ws.conversations(limit=1)["session_id"][0], ada)
        """
        arguments.check_id("user_id", user_id, "Pass one from ws.operators(), or None for nobody.")
        assigned = None if user_id is None else {"user_id": user_id}
        self._write("assign_conversation_routing", session_id, {"assigned": assigned})

    def add_segments(self, session_id: str, segments: str | Iterable[str]) -> list[str]:
        """Add segments to those that a conversation has; returns all of them.

        Parameters
        ----------
        session_id : str
            The conversation.
        segments : str or Iterable[str]
            One segment, or several.

        Returns
        -------
        list[str]
            All segments of the conversation.

        Raises
        ------
        BadParameter
            There is no segment to add; nothing was sent.
        BadAnswer
            The conversation's answer is no record; nothing was written.

        Notes
        -----
        Crisp replaces the whole list (*observed*), so it is read first, from Crisp itself: two
        requests, or one where it has them all. What another adds between the two is lost.

        Examples
        --------
        >>> session_id = ws.conversations(limit=1)["session_id"][0]
        >>> "vip" in ws.add_segments(session_id, "vip")
        True
        """
        self.client.check_writes("add_segments")
        where = {"website_id": self.website_id, "session_id": arguments.session_id(session_id)}
        added = write_checks.segments(segments)
        if not added:
            raise BadParameter("There is no segment to add.")
        metas = self.client.call("get_conversation_metas", refresh=True, **where)
        known = answer_checks.texts(metas, "segments", "get_conversation_metas")
        merged = list(dict.fromkeys([*known, *added]))
        if merged != known:
            self._write("update_conversation_metas", session_id, {"segments": merged})
        return merged

    def start_conversation(
        self,
        *,
        nickname: str | None = None,
        email: str | None = None,
        segments: str | Iterable[str] = (),
    ) -> str:
        """Begin a new, empty conversation and return its ``session_id``.

        Parameters
        ----------
        nickname : str, optional
            The person's name.
        email : str, optional
            The person's e-mail address.
        segments : str or Iterable[str], optional
            One segment, or several.

        Returns
        -------
        str
            The ``session_id``.

        Raises
        ------
        BadParameter
            Something given cannot be used; nothing was sent.
        CrispError
            Where a note on it has a ``session_id``, the conversation was made, and what is said of
            the person was refused.

        Notes
        -----
        Spends one request, and one more where something is said about the person. Lists leave
        it out until somebody writes, and operators see it once the person does (*observed*).

        Examples
        --------
        >>> session_id = ws.start_conversation(nickname="Ada", email="ada@acme.example")
        >>> ws.send(session_id, "Hello Ada!").state
        'sent'
        """
        self.client.check_writes("start_conversation")
        metas = write_checks.metas(nickname, email, segments)
        made = self.client.call("create_new_conversation", website_id=self.website_id)
        try:
            session_id = answer_checks.text(made, "session_id", "create_new_conversation")
        except BadAnswer as error:
            raise write_errors.explained(error) from None
        if metas:
            try:
                self._write("update_conversation_metas", session_id, metas)
            except CrispError as error:
                error.add_note(
                    "The conversation was created, but without its name, e-mail and other "
                    f"details: {session_id}"
                )
                raise
        return session_id

    def broadcast(self, conversations: pd.DataFrame) -> forms.Broadcast:
        """Open a form that writes one message to many conversations.

        Parameters
        ----------
        conversations : DataFrame
            Those to choose from, as ``ws.conversations()`` returned them; with columns of
            your own, which the message may name. It is copied.

        Returns
        -------
        Broadcast
            Its ``result`` is what became of each message, as :meth:`send_many` returns it.

        Notes
        -----
        Opening it spends nothing. The dry run and the sending spend as :meth:`send_many` does;
        nothing is sent without a dry run and the typed number of recipients.

        Examples
        --------
        >>> form = ws.broadcast(ws.conversations(state="unresolved", limit=20))
        >>> form
        Send to many (a form)
          sandbox, Acme, may write
          4,... of 5,000 requests left today, 100 of them reserved for writes
          0 of 20 conversations selected
        >>> form.close()
        """
        return forms.Broadcast(self._without_bars(), conversations)

    def compose(self, session_id: str | None = None) -> forms.Compose:
        """Open a form to answer a customer: find, read, write, confirm, send.

        Parameters
        ----------
        session_id : str, optional
            A conversation to begin with.

        Returns
        -------
        Compose
            The form; ``form.composer`` is the plain object that does its work, and
            ``form.receipt`` tells of the message that was sent last.

        Notes
        -----
        Spends one request for the 50 conversations updated last, none where they are in the
        cache; then one for each conversation opened, and what each button says. Nothing is sent
        without a second click that names website and customer.

        Examples
        --------
        >>> form = ws.compose()
        >>> form
        Write to a customer (a form)
          sandbox, Acme, may write
          ...
          50 conversations to choose from
          none open
        >>> form.close()
        """
        one = None if session_id is None else arguments.session_id(session_id)
        return forms.Compose(self, one)

    def explore(self) -> forms.Explore:
        """Open a form that filters, counts, prices and pulls conversations, messages, people.

        Returns
        -------
        Explore
            Its ``result`` is the frame that was pulled last, its ``code`` the lines of Python
            that pull the same.

        Notes
        -----
        Opening it spends nothing; each button says what it spends.

        Examples
        --------
        >>> form = ws.explore()
        >>> form
        Explore (a form)
          sandbox, Acme, may write
          4,... of 5,000 requests left today, 100 of them reserved for writes
          nothing pulled yet
        >>> form.close()
        """
        return forms.Explore(self._without_bars())

    def close(self) -> None:
        """Close sockets and files, and stop the sandbox where the connection started one."""
        self.client.close()
        self.outbox.close()
        if self.sandbox is not None:
            self.sandbox.stop()

    def _without_bars(self) -> Workspace:
        """Give another without bars and plans on stderr: a form shows them itself."""
        return Workspace(
            self.client,
            self.website_id,
            self.name,
            tz=self.tz,
            progress=False,
            estimator=self._pulls.estimator,
        )

    def _write(self, operation: str, session_id: str, json: Any = None, **rest: Any) -> None:
        self.client.check_writes(operation)
        session_id = arguments.session_id(session_id)
        where = {"website_id": self.website_id, "session_id": session_id, **rest}
        self.client.call(operation, json=json, **where)

    def _facts(self) -> dict[str, str]:
        """What both representations show; no secret, no address that changes by the run."""
        settings, quota = self.client.settings, self.quota
        return {
            "website": f"{self.name or 'website'} ({self.website_id})",
            "service": "live" if settings.live else "sandbox",
            "token": f"{settings.credentials.tier}, "
            + ("may write" if self.client.writes else "read-only"),
            "today": f"{quota.used:,} of {count(quota.limit, 'request')} used, {quota.left:,} left",
            "cache": self._cached(),
        }

    def _cached(self) -> str:
        try:
            return f"{count(self.client.cached(), 'answer')}"
        except FileTrouble as error:
            return error.what

    def __repr__(self) -> str:
        facts = "\n".join(f"  {name:<8} {value}" for name, value in self._facts().items())
        return f"Crisp workspace\n{facts}"

    def _repr_html_(self) -> str:
        facts = self._facts()
        colour = "#b42318" if facts["service"] == "live" else "#1b6e53"
        rows = "".join(
            f"<tr><th style='text-align:left'>{name}</th>"
            f"<td style='text-align:left'>{html.escape(value)}</td></tr>"
            for name, value in facts.items()
        )
        return f"<table style='border-left:4px solid {colour}'>{rows}</table>"


def _message(message: str | outgoing.Message, options: dict[str, Any]) -> outgoing.Message:
    from crisp_data import outgoing

    common = {field.name for field in dataclasses.fields(outgoing.Message)}
    for name in options:
        if name not in common:
            raise BadParameter(
                f"A message has no {name!r}.",
                f"All messages have: {', '.join(sorted(common))}.",
            )
    return dataclasses.replace(outgoing.as_message(message), **options)
