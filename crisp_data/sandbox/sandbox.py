"""The class `Sandbox`: where a world is served, and the card that leads there."""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Self

from .control import Controls
from .server import Server
from .tls import Certificate
from .world import Options


class Sandbox(Controls):
    """A Crisp REST API over HTTP on 127.0.0.1, with seeded data and no key.

    The same seed and the same calls give the same bytes, identifiers and times, in every
    process. The sandbox's clock starts at 2026-11-02T09:00:00Z and moves by one millisecond
    with every write, and by `clock`.

    Parameters
    ----------
    seed : int
        Which data, and how many conversations on the main website (a fifth on the second).
    conversations : int
        Which data, and how many conversations on the main website (a fifth on the second).
    weeks : int
        How far back the data reaches.
    batch_size : int
        Messages in one batch of a thread.
    quota : int or None
        Requests that a token may spend a day; then 429 ``rate_limited``.
    tier : {"plugin", "website", "user"}
        Tier of the default token.
    tls : bool
        Serve HTTPS with a certificate of the sandbox's own; `ca` is its file.
    port : int
        0 takes a free one.
    inclusive_before : bool
        Whether ``timestamp_before`` includes that instant. Unknown at Crisp.
    inclusive_dates : bool
        Whether ``filter_date_start`` and ``filter_date_end`` include theirs. Unknown at Crisp.
    date_filter : bool
        False ignores both, as Crisp ignores what it does not understand.
    lists_206 : bool
        Answer list pages that are not the last with 206 instead of 200.
    page_sizes : tuple of int
        Rows that a page of a list holds at most, whatever ``per_page`` says: of several, one
        is drawn for each page from the seed. Empty gives what was asked for.
    ignore_page_number : bool
        Answer every page of a list with its first.
    inboxes : {"open", "partitioned", "refused"}
        Which conversations a list shows without ``filter_inbox_id``. Unknown at Crisp. "open":
        all. "partitioned": those of no sub-inbox, without those that `hold` has given to the
        automation; ``filter_inbox_id=all`` shows all. "refused": all, and ``all`` is refused.

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
        weeks: int = 13,
        batch_size: int = 40,
        quota: int | None = None,
        tier: str = "plugin",
        tls: bool = False,
        port: int = 0,
        inclusive_before: bool = False,
        inclusive_dates: bool = True,
        date_filter: bool = True,
        lists_206: bool = False,
        page_sizes: tuple[int, ...] = (),
        ignore_page_number: bool = False,
        inboxes: str = "open",
    ) -> None:
        super().__init__(
            Options(
                seed=seed,
                conversations=conversations,
                weeks=weeks,
                batch_size=batch_size,
                quota=quota,
                tier=tier,
                inclusive_before=inclusive_before,
                inclusive_dates=inclusive_dates,
                date_filter=date_filter,
                lists_206=lists_206,
                page_sizes=tuple(page_sizes),
                ignore_page_number=ignore_page_number,
                inboxes=inboxes,
            )
        )
        self._port = port
        self._certificate = Certificate() if tls else None
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._pid = 0  # of the process that serves

    # Life

    def start(self) -> Self:
        """Bind the port, in this thread so that failing is an error here, and serve.

        Returns
        -------
        Self
            This sandbox.

        Examples
        --------
        >>> box = Sandbox(conversations=10).start()
        >>> box.host.startswith("http://127.0.0.1:")
        True
        >>> box.stop()
        """
        if self._server is None:
            context = self._certificate.context if self._certificate else None
            self._server = Server(self._port, self.respond, context)
            self._pid = os.getpid()
            self._thread = threading.Thread(
                target=self._server.serve_until_stopped, daemon=True, name="sandbox"
            )
            self._thread.start()
        return self

    def stop(self) -> None:
        """Close the socket; stopping twice does nothing, nor does a forked child's stopping."""
        if self._server is not None and self._thread is not None and self._pid == os.getpid():
            self._server.stop(self._thread)
            self._server = self._thread = None

    def serve_forever(self) -> None:
        """Serve until interrupted, or stopped from another thread."""
        try:
            self.start()
            # In short waits: an endless one misses a signal that comes just before it begins,
            # and every signal on Windows.
            while self._server is not None:
                time.sleep(0.2)
        except KeyboardInterrupt:
            pass
        finally:
            self.stop()

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(self, *exception: object) -> None:
        """Stop."""
        self.stop()

    def __repr__(self) -> str:
        """Say where it is and how large."""
        where = self.host if self._server else "stopped"
        size = f"seed {self.options.seed}, {self.options.conversations} conversations"
        return f"<Sandbox {where}, {size}>"

    # Where and who

    @property
    def host(self) -> str:
        """Scheme, address and port.

        Raises
        ------
        RuntimeError
            The sandbox does not run.
        """
        if self._server is None:
            raise RuntimeError("The sandbox does not run: call start(), or use it in a with block.")
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://127.0.0.1:{self._server.port}"

    @property
    def url(self) -> str:
        """The base address of the API."""
        return f"{self.host}/v1/"

    @property
    def ca(self) -> str | None:
        """The file of the certificate authority to trust, with TLS."""
        return self._certificate.ca if self._certificate else None

    @property
    def identifier(self) -> str:
        """The first half of the default keypair."""
        return self._world.default.identifier

    @property
    def key(self) -> str:
        """The second half of the default keypair."""
        return self._world.default.key

    @property
    def tier(self) -> str:
        """The tier of the default token."""
        return self._world.default.tier

    @property
    def website_ids(self) -> list[str]:
        """The websites that the default token reaches, the main one first."""
        return list(self._world.default.websites)

    @property
    def website_id(self) -> str:
        """The main website."""
        return self.website_ids[0]

    @property
    def foreign_website_id(self) -> str:
        """A website that the plugin is not installed on."""
        return self._world.foreign_website_id

    def card(self) -> dict[str, Any]:
        """Return what a program needs to connect, ready to be written as JSON.

        Returns
        -------
        dict[str, object]
            Address, keypair, tier, website and, over HTTPS, the certificate's file.

        Examples
        --------
        >>> sorted(sandbox.card())
        ['host', 'identifier', 'key', 'tier', 'url', 'website_id']
        """
        names = ("url", "host", "identifier", "key", "tier", "website_id")
        card = {name: getattr(self, name) for name in names}
        return card | {"ca": self.ca} if self.ca else card
