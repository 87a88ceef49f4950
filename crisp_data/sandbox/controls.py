"""Steering a sandbox: what it counted, what is true, and how it shall misbehave.

The same by method and by HTTP: under ``/_sandbox/`` each method of `Controls` is a path,
its arguments a JSON object (a query where it only reads). These requests are never counted.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .calls import Answer, Refusal
from .churn import KINDS, Churn
from .faults import REASONS, Fault, Faults
from .records import encode
from .routes import OPERATIONS, Match, Request, answer, match, read_json
from .server import Reply
from .truth import truth
from .world import Options, Token, World

PREFIX = "/_sandbox/"


class Controls:
    """A world that answers requests, and the methods that steer it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._lock = threading.RLock()
        self.reset()

    @property
    def now(self) -> datetime:
        """The sandbox's own time (UTC)."""
        return self._world.now

    def reset(self) -> None:
        """Begin anew: data, clock, counts, tokens, faults and churn."""
        with self._lock:
            self._world = World(self.options)
            self._faults = Faults(self._world.rng)
            self._churn: tuple[Churn, str | None] | None = None

    def stats(self) -> dict[str, Any]:
        """Count what reached the socket, refused requests included, control left out."""
        with self._lock:
            return self._world.stats.as_dict()

    def truth(
        self, table: str, website_id: str | None = None, *, history: bool = False
    ) -> list[dict[str, Any]]:
        """Return every record of a table, whole; with `history` every version it ever had."""
        with self._lock:
            return truth(self._world.website(website_id), table, history=history)

    def token(
        self,
        tier: str = "plugin",
        websites: list[str] | None = None,
        scopes: list[str] | None = None,
    ) -> Token:
        """Issue another keypair; `scopes` such as ``website:conversation:messages:read``."""
        with self._lock:
            return self._world.token(
                tier,
                None if websites is None else tuple(websites),
                None if scopes is None else frozenset(scopes),
            )

    def clock(self, advance_s: float) -> datetime:
        """Let time pass; a new day of UTC gives the quota anew."""
        with self._lock:
            self._world.clock.now += round(advance_s * 1000)
            return self._world.now

    def faults(self, **rule: Any) -> list[dict[str, Any]]:
        """Add a rule of misbehaviour (see `Fault`); without arguments, drop all rules."""
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
        """Change a website after every `every`-th request; 0 stops."""
        with self._lock:
            churn = Churn(self._world.rng, every, changes, tuple(kinds)) if every else None
            self._churn = None if churn is None else (churn, website_id)

    # Answering

    def respond(self, request: Request) -> Reply:
        """Answer one request; the lock makes every request one step of the world."""
        if request.target.startswith(PREFIX):
            return self._steer(request)
        matched = match(request.method, request.target)
        name = matched.route.name if isinstance(matched, Match) else "unknown"
        with self._lock:
            fault = self._faults.meet(name) or Fault()
            reply = self._work(request, matched, fault)
            self._world.stats.count(name, "dropped" if reply.cut == 0 else str(reply.status))
            if self._churn is not None:
                churn, website_id = self._churn
                churn.after_request(self._world.website(website_id))
        if fault.latency_ms:
            time.sleep(fault.latency_ms / 1000)
        return reply

    def _work(self, request: Request, matched: Match | Refusal, fault: Fault) -> Reply:
        """Do what is asked as far as the fault lets it through."""
        headers: tuple[tuple[str, str], ...] = ()
        outcome: Answer | Refusal
        if fault.drop == "before":
            return self._reply(200, b"", headers, cut=0)
        if fault.status is not None:
            outcome = Refusal(fault.status, fault.reason or REASONS[fault.status])
            if fault.retry_after is not None:
                headers = (("Retry-After", str(fault.retry_after)),)
        else:
            try:
                outcome = answer(self._world, request, matched)
            except Refusal as refusal:
                outcome = refusal
        body = outcome.body()
        if fault.malformed:
            body = b"<html>" + body[:-1]
        if request.method in ("GET", "HEAD"):
            headers += (("Bloom-Status", "MISS"),)
        cut = 0 if fault.drop == "after" else len(body) // 2 if fault.truncate else None
        return self._reply(outcome.status, body, headers, cut)

    def _reply(
        self,
        status: int,
        body: bytes,
        headers: tuple[tuple[str, str], ...] = (),
        cut: int | None = None,
    ) -> Reply:
        return Reply(status, body, format_datetime(self._world.now, usegmt=True), headers, cut)

    # Steering over HTTP

    def _steer(self, request: Request) -> Reply:
        parts = urlsplit(request.target)
        command, _, table = parts.path.removeprefix(PREFIX).partition("/")
        try:
            if request.method == "GET" and command == "stats":
                result: Any = self.stats()
            elif request.method == "GET" and command == "truth":
                query = dict(parse_qsl(parts.query))
                result = self.truth(table, query.get("website_id"), history="history" in query)
            elif request.method == "POST":
                result = self._command(command, read_json(request))
            else:
                return self._reply(404, encode({"error": "no such command"}))
        except (KeyError, TypeError, ValueError) as error:
            return self._reply(400, encode({"error": str(error)}))
        return self._reply(200, encode(result))

    def _command(self, command: str, arguments: Any) -> Any:
        if command == "reset":
            self.reset()
            return {}
        if command == "faults":
            return self.faults(**arguments)
        if command == "churn":
            self.churn(**arguments)
            return {}
        if command == "clock":
            return {"now": self.clock(**arguments).isoformat()}
        if command == "token":
            token = self.token(**arguments)
            return {"identifier": token.identifier, "key": token.key, "tier": token.tier}
        raise ValueError(f"no such command: {command}")
