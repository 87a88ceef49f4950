"""One ``requests`` session: a cache over the transport.

A cache hit costs nothing and never reaches the ledger. The cache is requests-cache over one
private SQLite file a token; what is set here is what its defaults would get wrong for Crisp:
keys that know who asks, answers that never hold a secret, and writes that drop what they
made stale.
"""

from __future__ import annotations

import hashlib
import inspect
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from requests_cache import DO_NOT_CACHE, CachedSession, get_url_expiration
from requests_cache.policy.directives import CacheDirectives

from crisp_data import config
from crisp_data.api import routes
from crisp_data.rest import cache_file, network, single_flight
from crisp_data.rest.token_auth import TokenAuth
from crisp_data.rest.transport import OPERATION, PULL, Transport

# requests-cache looks up which directives there are anew for each request and each answer, by
# inspecting this signature: a fourteenth of what a request costs. Here it is found at once.
CacheDirectives.__init__.__signature__ = inspect.signature(CacheDirectives.__init__)  # type: ignore[attr-defined]

#: Seconds that an answer stays fresh; the first pattern that fits decides. What an analyst
#: looks at again in one sitting stays for an hour, what hardly changes for a day, and
#: what is about this very moment not at all.
LIFETIMES: dict[str, int] = {
    "*/visitors/*": 0,
    "*/availability/*": 0,
    "*/operators/active": 0,
    "*/website/*/conversation*": 3600,
    "*/website/*/people/*": 3600,
    "*": 86_400,
}

#: A header that never leaves this machine: only an answer that came after this moment, in
#: seconds since 1970, will do. It is the one word for fresh: whoever asks anew takes what
#: another brought meanwhile, and nothing older.
SINCE = "X-Crisp-Data-Since"

# Answers about this very moment stay so long, for those who asked at the same moment only.
_MOMENT = 10


class Session(CachedSession):
    """A session for one thread; all threads share one transport.

    (One session for several threads loses writes now and then; a session each does not.)
    """

    def __init__(
        self,
        settings: config.Settings,
        transport: Transport,
        file: cache_file.CacheFile,
        *,
        lifetimes: dict[str, int] | None = None,
        cache: bool = True,
    ) -> None:
        own = lifetimes or {}
        self._lifetimes = own | {p: s for p, s in LIFETIMES.items() if p not in own}
        expiry: dict[Any, Any] = {p: s or _MOMENT for p, s in self._lifetimes.items()}
        self._base = urlsplit(settings.base_url).path
        # Who asks is part of every key. The secret goes in keyed and hashed: a wrong key
        # must not be served what the right one was answered.
        token = settings.credentials
        self._identity = hashlib.blake2b(
            f"{settings.base_url}\n{token.tier}\n{token.identifier}".encode(),
            key=hashlib.blake2b(token.key.encode()).digest(),
            digest_size=8,
        ).hexdigest()
        self.store = cache_file.Cache(file)
        self._asked_at = 0.0
        self._locks = file.path.with_suffix(".flights")
        super().__init__(
            backend=self.store,
            filter_fn=self._still_holds,
            key_fn=self._key,
            allowable_codes=(200, 206),
            allowable_methods=("GET", "HEAD"),
            urls_expire_after=expiry,
        )
        self.settings.disabled = not cache
        self.headers["User-Agent"] = "crisp_data"
        # No other host can be reached, and no .netrc can replace the credential.
        self.adapters.clear()
        self.mount(settings.base_url, transport)
        self.auth = TokenAuth(token)
        # The environment's proxies and certificates are looked up here, once: requests would
        # go through the whole of it for every request, at a tenth of what a request costs.
        self.proxies = network.proxies(settings.base_url)
        self.verify = network.certificates(settings)
        self.trust_env = False

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        """Send through the cache; whatever becomes of a write, drop what it may have changed.

        Parameters
        ----------
        request : requests.PreparedRequest
            The request.
        *args : object
            Passed to requests-cache.
        **kwargs : object
            Passed to requests-cache.

        Returns
        -------
        object
            The answer, from the cache or from Crisp.
        """
        since, self._asked_at = float(request.headers.pop(SINCE, 0)), time.time()
        if request.method in ("GET", "HEAD"):
            return self._read(request, since, **kwargs)
        name = request.headers.get(OPERATION)
        if name and routes.lookup(name).reads:
            return super().send(request, *args, **kwargs)
        try:
            return super().send(request, *args, **kwargs)
        finally:
            self.drop(self._path(request))

    def _read(self, request: requests.PreparedRequest, since: float, **kwargs: Any) -> Any:
        """Read from the cache, also what another asked for meanwhile, or over the transport.

        The cache is asked before the lock is, so that a hit waits for nobody. After an error
        whoever waited tries for itself. What is not to be cached cannot be shared either.
        """
        lifetime = get_url_expiration(request.url, self._lifetimes)  # type: ignore[arg-type]
        if lifetime == 0 and PULL not in request.headers:
            since = since or time.time()
        asked, fresh = request.headers.get("Cache-Control", ""), since > 0
        uncached = self.settings.disabled or lifetime == DO_NOT_CACHE
        if uncached or "no-store" in asked or "only-if-cached" in asked:
            # What is about this moment is in no cache: asked for anew, nothing is found there.
            return super().send(request, force_refresh=fresh, **kwargs)
        key = self._key(request)
        if not fresh and (found := self._cached(key, since)) is not None:
            return found
        with single_flight.lock(self._locks, key):
            if (found := self._cached(key, since)) is not None:
                return found
            if lifetime == 0:  # a day of looking at visitors must not pile up on the disk
                self.store.delete_expired()
            self._asked_at = time.time()
            return super().send(request, force_refresh=fresh, **kwargs)

    def _cached(self, key: str, since: float) -> Any:
        """Return the cached answer if it is fresh and came since then, else None."""
        found = self.store.get_response(key)
        if found is None or found.is_expired or found.created_at.timestamp() < since:
            return None
        return found

    def _still_holds(self, response: Any) -> bool:
        """Whether nothing was written or purged since it was asked for: else it is not cached."""
        if self._asked_at > time.time():  # the clock was set back since: nobody can tell
            return False
        start = self._prefix(self._path(response.request))
        return not single_flight.written_since(
            self._locks, (_ALL, start[:_SITE], start), self._asked_at
        )

    def is_cached(self, request: requests.PreparedRequest) -> bool:
        """Whether a fresh answer to a request is cached, without unpacking it."""
        return not self.settings.disabled and self.store.holds(self._key(request))

    def __repr__(self) -> str:
        # The library's shows its settings, and these the methods of this very session.
        return f"<Session of {self._base}>"

    def _path(self, request: Any) -> str:
        return urlsplit(request.url or "").path.removeprefix(self._base.rstrip("/"))

    def _key(self, request: Any, **_: Any) -> str:
        """Make a key: who, website, conversation, rest; hex, for it goes into SQL unescaped."""
        url = urlsplit(request.url or "")
        rest = f"{request.method}\n{url.path}?{url.query}\n{request.headers.get(PULL, '')}"
        return self._prefix(self._path(request)) + _hash(rest, 16)

    def _prefix(self, path: str) -> str:
        parts = [*path.strip("/").split("/"), "", "", "", ""]
        website = _hash(parts[1], 8) if parts[0] == "website" and parts[1] else _NONE
        conversation = _hash(parts[3], 8) if parts[2] == "conversation" and parts[3] else _NONE
        return self._identity + website + conversation

    def drop(self, path: str) -> None:
        """Delete the answers about a conversation and its website's lists; else the website's."""
        prefix = self._prefix(path)
        site = prefix[:_SITE]
        starts = [site] if prefix.endswith(_NONE) else [prefix, site + _NONE]
        single_flight.mark_written(self._locks, starts)
        self.store.delete_between((start, start + "g") for start in starts)


_ALL, _SITE = "", 32  # how all keys, and those of a website, begin: with nothing; so far alike
_NONE = "0" * 16  # the place of a website or conversation in the key of an answer without one


def _hash(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
