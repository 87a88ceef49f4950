"""A Crisp REST API on loopback, with seeded data and no key.

Independent of the rest of the package, so that it cannot share the client's misreadings.
"""

from __future__ import annotations

import threading
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Self

from .calls import Answer, Refusal
from .routes import Match, Request, answer, match
from .server import Reply, Server
from .world import Options, Token, World

__all__ = ["Sandbox"]


class Sandbox:
    """A Crisp REST API over HTTP on 127.0.0.1.

    Examples
    --------
    >>> with Sandbox(seed=1, conversations=30) as sandbox:
    ...     len(sandbox.truth("conversations"))
    30
    """

    def __init__(
        self,
        seed: int = 1,
        conversations: int = 300,
        *,
        batch_size: int = 40,
        quota: int | None = None,
        tier: str = "plugin",
        tls: bool = False,
        port: int = 0,
        weeks: int = 13,
        inclusive_before: bool = False,
        inclusive_dates: bool = True,
        date_filter: bool = True,
        lists_206: bool = False,
    ) -> None:
        self._options = Options(
            seed,
            conversations,
            weeks,
            batch_size,
            quota,
            tier,
            inclusive_before,
            inclusive_dates,
            date_filter,
            lists_206,
        )
        self._tls, self._port = tls, port
        self._lock = threading.RLock()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self.ca: str | None = None
        self.reset()

    # Life

    def start(self) -> Self:
        """Bind the port, in this thread, and serve in another."""
        if self._server is None:
            self._server = Server(self._port, self._respond, None)
            self._thread = threading.Thread(
                target=self._server.serve_forever, args=(0.05,), daemon=True, name="sandbox"
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """Close the socket; a sandbox that does not run stays stopped."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
            self._server = self._thread = None

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *exception: object) -> None:
        """Stop."""
        self.stop()

    def __repr__(self) -> str:
        """Say where it is and how large."""
        where = self.host if self._server else "stopped"
        return f"<Sandbox {where}, seed {self._options.seed}>"

    # Where and who

    @property
    def host(self) -> str:
        """Scheme, address and port."""
        if self._server is None:
            raise RuntimeError("The sandbox does not run: call start() or use it in a with block")
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        """The base address of the API."""
        return f"{self.host}/v1/"

    @property
    def identifier(self) -> str:
        """The first half of the keypair."""
        return self._world.default.identifier

    @property
    def key(self) -> str:
        """The second half of the keypair."""
        return self._world.default.key

    @property
    def tier(self) -> str:
        """The token's tier."""
        return self._world.default.tier

    @property
    def website_ids(self) -> list[str]:
        """The websites that the token reaches."""
        return list(self._world.default.websites)

    @property
    def website_id(self) -> str:
        """The main website."""
        return self.website_ids[0]

    @property
    def foreign_website_id(self) -> str:
        """A website that the plugin is not installed on."""
        return self._world.foreign_website_id

    @property
    def now(self) -> datetime:
        """The sandbox's own time (UTC)."""
        return self._world.now

    # Control

    def reset(self) -> None:
        """Begin anew: data, clock, counts, tokens."""
        with self._lock:
            self._world = World(self._options)

    def stats(self) -> dict[str, Any]:
        """Count what reached the socket."""
        with self._lock:
            return self._world.stats.as_dict()

    def token(
        self,
        tier: str = "plugin",
        websites: list[str] | None = None,
        scopes: list[str] | None = None,
    ) -> Token:
        """Issue another keypair."""
        with self._lock:
            return self._world.token(
                tier,
                None if websites is None else tuple(websites),
                None if scopes is None else frozenset(scopes),
            )

    def truth(self, table: str, website_id: str | None = None) -> list[dict[str, Any]]:
        """Return every record of a website, whole."""
        with self._lock:
            website = self._world.website(website_id)
            if table == "conversations":
                ids = (session_id for _, session_id in website.order)
                return [website.record(website.conversations[i]) for i in ids]
            if table == "messages":
                return [
                    row
                    for _, conversation in sorted(website.conversations.items())
                    for row in website.messages(conversation)
                ]
            if table == "people":
                return list(website.people.values())
            if table == "operators":
                return list(website.operators)
            raise ValueError(f"no such table: {table}")

    # Serving

    def _respond(self, request: Request) -> Reply:
        with self._lock:
            world = self._world
            matched = match(request.method, request.target)
            name = matched.route.name if isinstance(matched, Match) else "unknown"
            outcome: Answer | Refusal
            try:
                outcome = answer(world, request, matched)
            except Refusal as refusal:
                outcome = refusal
            world.stats.requests += 1
            world.stats.by_operation[name] += 1
            world.stats.by_status[str(outcome.status)] += 1
            return Reply(outcome.status, outcome.body(), format_datetime(world.now, usegmt=True))
