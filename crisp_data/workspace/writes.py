"""What an analyst may change: messages, and a few things about a conversation."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import pandas as pd

from crisp_data import arguments, outgoing
from crisp_data.errors import BadParameter, CrispError
from crisp_data.filters import STATES, State
from crisp_data.outbox import Outbox, Receipt, Rules
from crisp_data.quota.estimate import Plan
from crisp_data.rest.client import Client
from crisp_data.rest.pull_checks import PullChecks

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Writing:
    """The methods of a workspace that write.

    All of them raise :class:`crisp_data.ReadOnly` before anything else where the connection
    only reads. A write is sent once: only messages can be told apart, and so are sent again.
    """

    client: Client
    website_id: str
    name: str
    tz: str
    _checks: PullChecks
    _progress: bool
    _show: Callable[[Plan | None], None]

    @cached_property
    def outbox(self) -> Outbox:
        """The messages of this website, sent and to be sent: ``ws.outbox`` prints it."""
        return Outbox(
            self.client,
            self.website_id,
            self.name,
            tz=self.tz,
            progress=self._progress,
            show=self._show,
            checks=self._checks,
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
            what is kept for writes.
        UnknownOutcome, Offline, RateLimited, Unauthorized, ...
            What ended the sending; ``partial`` is the result so far, and the outbox keeps what
            was not sent. A message that Crisp refuses for what it is does not end it.

        Notes
        -----
        Spends a request for each message, and one for each look-up after a lost answer.
        Before, it reads what the frame does not tell: a request for each conversation without
        ``state`` and ``is_blocked``, and one at least for each thread of a conversation that
        changed within ``quiet_days`` without ``waiting_since`` or ``messages`` telling who
        wrote. All of it is kept for an hour: sending after looking reads nothing anew.

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
        content = outgoing.as_message(message).body()["content"]
        self._write(
            "update_message_in_conversation",
            session_id,
            {"content": content},
            fingerprint=_number(fingerprint),
        )

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
        number = _number(fingerprint)
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
            if isinstance(fingerprints, str) or not isinstance(fingerprints, Iterable):
                raise BadParameter(
                    "fingerprints must be a list, even for a single one: [fingerprint]."
                )
            body["fingerprints"] = [_number(one) for one in fingerprints]
            if not body["fingerprints"]:  # Crisp would read it as all of them (*assumed*)
                raise BadParameter("No fingerprints were given.", "Leave them out to mean all.")
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
        if state not in STATES:
            raise BadParameter(f"state={state!r} is not known.", f"Use one of: {', '.join(STATES)}")
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
            ``user_id`` is neither a text nor None; nothing was sent.

        Examples
        --------
        >>> ada = ws.operators()["user_id"][0]
        >>> ws.assign(ws.conversations(limit=1)["session_id"][0], ada)
        """
        if user_id is not None and not (isinstance(user_id, str) and user_id):
            raise BadParameter(
                "user_id must be an operator's, or None.", "ws.operators() lists them."
            )
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
        session_id = arguments.session_id(session_id)
        added = _words(segments)
        if not added:
            raise BadParameter("There is no segment to add.")
        where = {"website_id": self.website_id, "session_id": session_id}
        metas = self.client.call("get_conversation_metas", refresh=True, **where)
        known = list(metas.get("segments") or [])
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
            The conversation was made, and what is said of the person was refused; ``partial`` is
            its
            ``session_id``.

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
        if nickname is not None and not isinstance(nickname, str):
            raise BadParameter("nickname must be text or None.")
        if email is not None and not (isinstance(email, str) and _EMAIL.fullmatch(email)):
            raise BadParameter(
                "That is not an e-mail address.", "Write it like name@domain.example."
            )
        found = {"nickname": nickname, "email": email, "segments": _words(segments)}
        metas = {name: value for name, value in found.items() if value}
        made = self.client.call("create_new_conversation", website_id=self.website_id)
        session_id = str(made["session_id"])
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

    def _write(self, operation: str, session_id: str, json: Any = None, **rest: Any) -> None:
        self.client.check_writes(operation)
        session_id = arguments.session_id(session_id)
        where = {"website_id": self.website_id, "session_id": session_id, **rest}
        self.client.call(operation, json=json, **where)


def _message(message: str | outgoing.Message, options: dict[str, Any]) -> outgoing.Message:
    common = {field.name for field in dataclasses.fields(outgoing.Message)}
    for name in options:
        if name not in common:
            raise BadParameter(
                f"A message has no {name!r}.",
                f"All messages have: {', '.join(sorted(common))}.",
            )
    return dataclasses.replace(outgoing.as_message(message), **options)


def _words(segments: str | Iterable[str]) -> list[str]:
    """Check segments; a single one is no list of letters."""
    words = [segments] if isinstance(segments, str) else list(segments)
    if not all(isinstance(one, str) and one.strip() for one in words):
        raise BadParameter("Segments must be words that are not empty.")
    return words


def _number(fingerprint: Any) -> int:
    """Check a fingerprint: a whole number, of Python, numpy or pandas."""
    try:
        number = int(fingerprint)
    except (TypeError, ValueError):
        number = -1
    if isinstance(fingerprint, bool) or number < 0 or number != fingerprint:
        raise BadParameter("A fingerprint must be a whole number, as in the column fingerprint.")
    return number
