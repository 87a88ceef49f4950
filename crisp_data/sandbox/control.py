"""Controlling a sandbox: what it counted, what is true, and how it shall misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .churn import KINDS, Churn
from .control_http import PREFIX, run_command
from .faults import Fault, Faults
from .records import encode
from .replies import dated, reply
from .routes import OPERATIONS, Match, Request, match
from .server import Reply
from .truth import truth
from .world import Options, Token, World


class Controls:
    """A world that answers requests, and the methods that control it.

    Parameters
    ----------
    options : Options
        How the world behaves.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self._lock = threading.RLock()
        self.reset()

    @property
    def now(self) -> datetime:
        """The sandbox's own time (UTC)."""
        return self._world.now

    def reset(self) -> None:
        """Begin anew: data, clock, counts, tokens, faults and churn.

        Examples
        --------
        >>> sandbox.reset()
        """
        with self._lock:
            self._world = World(self.options)
            self._faults = Faults(self._world.rng)
            self._churn: tuple[Churn, str | None] | None = None

    def stats(self) -> dict[str, Any]:
        """Count what reached the socket: refused requests too, the control plane not.

        Returns
        -------
        dict
            ``requests``, and how many ``by_operation`` (official names, or ``unknown``) and
            ``by_status`` (or ``dropped``, where no answer was given).

        Examples
        --------
        >>> sandbox.stats()
        {'requests': 0, 'by_operation': {}, 'by_status': {}}
        """
        with self._lock:
            return self._world.stats.as_dict()

    def truth(
        self, table: str, website_id: str | None = None, *, history: bool = False
    ) -> list[dict[str, Any]]:
        """Return every record of a website's table, whole.

        Parameters
        ----------
        table : str
            ``conversations`` (newest update first), ``messages`` (by session, then
            timestamp and fingerprint), ``people``, ``operators``, ``inboxes``, ``campaigns``,
            ``visitors`` (the token that each one's browser holds), ``dispatched`` (the requests
            whose effect is outside the API, such as an e-mail).
        website_id : str, optional
            The main website by default.
        history : bool
            Add every former version, and what was removed: a row pulled while things
            changed is right when it is one of these.

        Returns
        -------
        list[dict[str, object]]
            The records, as copies.

        Examples
        --------
        >>> sorted(sandbox.truth("messages")[0])[:4]
        ['automated', 'content', 'delivered', 'edited']
        """
        with self._lock:
            return truth(self._world.website(website_id), table, history=history)

    def token(
        self,
        tier: str = "plugin",
        websites: list[str] | None = None,
        scopes: list[str] | None = None,
    ) -> Token:
        """Issue another keypair.

        Parameters
        ----------
        tier : {"plugin", "website", "user"}
            What ``X-Crisp-Tier`` must say with it.
        websites : list of str, optional
            The websites it reaches: all, or the main one for a website token.
        scopes : list of str, optional
            What it may do, such as ``website:conversation:messages`` or, for one mode only,
            ``website:conversation:messages:read``. Everything by default.

        Returns
        -------
        Token
            The token's ``identifier`` and ``key``, and what it may do.

        Examples
        --------
        >>> sandbox.token(scopes=["website:operators:read"]).tier
        'plugin'
        """
        with self._lock:
            return self._world.token(
                tier,
                None if websites is None else tuple(websites),
                None if scopes is None else frozenset(scopes),
            )

    def clock(self, advance_s: float) -> datetime:
        """Let time pass on the sandbox's own clock; a new day of UTC gives the quota anew.

        Parameters
        ----------
        advance_s : float
            How many seconds pass.

        Returns
        -------
        datetime
            The sandbox's new time, UTC.

        Examples
        --------
        >>> sandbox.clock(advance_s=24 * 3600).isoformat()
        '2026-11-03T09:00:00+00:00'
        """
        with self._lock:
            self._world.clock.now += round(advance_s * 1000)
            return self._world.now

    def faults(self, **rule: Any) -> list[dict[str, Any]]:
        """Add a rule of misbehaviour, or drop all rules where no argument is given.

        Parameters
        ----------
        **rule : object

        Returns
        -------
        list of dict
            The rules in force; the first that fits a request meets it.

        Raises
        ------
        ValueError
            A field is unknown, or its value is out of range.

        Examples
        --------
        >>> rules = sandbox.faults(operation="list_conversations", next=2, status=429)
        >>> sandbox.faults()
        []
        """
        if rule.get("operation") not in (None, "unknown", *OPERATIONS):
            raise ValueError(f"no operation is called {rule['operation']!r}")
        with self._lock:
            if rule:
                self._faults.rules.append(Fault(**rule))
            else:
                self._faults.rules.clear()
            return self._faults.as_list()

    def churn(
        self,
        every: int = 0,
        *,
        changes: int = 1,
        kinds: tuple[str, ...] = KINDS,
        website_id: str | None = None,
    ) -> None:
        """Let a website change after every `every`-th counted request.

        Parameters
        ----------
        every : int
            0 stops it.
        changes : int
            How many changes come at a time.
        kinds : tuple of str
            Drawn from the seed: ``message``, ``conversation`` and ``state``, and where it is
            named ``removal``, which deletes a conversation.
        website_id : str, optional
            The main website by default.

        Examples
        --------
        >>> sandbox.churn(every=3, kinds=("message",))
        >>> sandbox.churn()
        """
        with self._lock:
            churn = Churn(self._world.rng, every, changes, tuple(kinds)) if every else None
            self._churn = None if churn is None else (churn, website_id)

    def hold(self, session_ids: Sequence[str], website_id: str | None = None) -> None:
        """Give conversations to Crisp's automation, until an operator answers.

        ``filter_inbox_id=_internal:agent`` lists them. No record changes, nor the order of lists.

        Parameters
        ----------
        session_ids : list of str
            The conversations.
        website_id : str, optional
            The main website by default.

        Raises
        ------
        KeyError
            There is no such conversation.

        Examples
        --------
        >>> sandbox.hold([sandbox.truth("conversations")[0]["session_id"]])
        """
        with self._lock:
            website = self._world.website(website_id)
            for one in [website.conversations[session_id] for session_id in session_ids]:
                website.hold(one)

    def respond(self, request: Request) -> Reply:
        """Answer one request; the lock makes every request one step of the world.

        Parameters
        ----------
        request : Request
            The request.

        Returns
        -------
        Reply
            The answer, with status and headers.
        """
        if request.target.startswith(PREFIX):
            status, result = run_command(self, request)
            return dated(self._world, status, encode(result))
        matched = match(request.method, request.target)
        name = matched.route.name if isinstance(matched, Match) else "unknown"
        with self._lock:
            fault = self._faults.first_match(name) or Fault()
            made = reply(self._world, request, matched, fault)
            self._world.stats.count(name, "dropped" if made.cut == 0 else str(made.status))
            if self._churn is not None:
                churn, website_id = self._churn
                churn.after_request(self._world.website(website_id))
        if fault.latency_ms:
            time.sleep(fault.latency_ms / 1000)
        return made
