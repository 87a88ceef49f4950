"""What decides about the cache: keys, lifetimes, freshness. Without I/O, and without a clock."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from requests_cache import DO_NOT_CACHE, NEVER_EXPIRE, get_url_expiration

from crisp_data import config
from crisp_data.errors import BadParameter
from crisp_data.rest.call import Answer, Call

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

_LONGEST = 100 * 365 * 86_400  # seconds; what never expires stays so long, which dates can hold

# Answers about this very moment stay so long, for those who asked at the same moment only.
_MOMENT = 10

_LIST = "list"  # the place of a list's own record, which is at none of its pages
_SITE = 32  # how far the keys of one website are alike
_NONE = "0" * 16  # the place of a website or conversation in the key of an answer without one


class CachePolicy:
    """Decides what is cached, under which key, and for how long.

    Parameters
    ----------
    settings : Settings
        Which service, and who asks.
    lifetimes : dict of str to int, optional
        Seconds that answers stay fresh by URL pattern; searched before the built-in ones.
    enabled : bool, default True
        False to cache nothing.

    Raises
    ------
    BadParameter
        A lifetime is no number of seconds.
    """

    def __init__(
        self,
        settings: config.Settings,
        lifetimes: Mapping[str, int] | None = None,
        enabled: bool = True,
    ) -> None:
        given = isinstance(lifetimes, Mapping | None)
        own = dict(lifetimes or {}) if given else {}
        if not given or not all(map(_is_lifetime, own.values())):
            raise BadParameter(
                "lifetimes must be seconds, 0 or more.",
                "0 is for this moment only, -1 for ever; cache=False caches nothing at all.",
            )
        patterns: Any = own | {p: s for p, s in LIFETIMES.items() if p not in own}
        # Each is asked for several times in a row, of one call after the other.
        self._lifetime = lru_cache(1024)(lambda url: get_url_expiration(url, patterns))
        self._prefix = lru_cache(1024)(self._prefix_of)
        self._enabled = enabled
        # Who asks is part of every key. The secret goes in keyed and hashed: a wrong key
        # must not be served what the right one was answered.
        token = settings.credentials
        self._identity = hashlib.blake2b(
            f"{settings.base_url}\n{token.tier}\n{token.identifier}".encode(),
            key=hashlib.blake2b(token.key.encode()).digest(),
            digest_size=8,
        ).hexdigest()

    def lifetime(self, call: Call) -> int | None:
        """Seconds that an answer stays fresh, 0 for this moment only; None: it is not cached."""
        if not (self._enabled and call.use_cache and call.repeats):
            return None
        found: Any = self._lifetime(call.url)
        if found == DO_NOT_CACHE:
            return None
        return _LONGEST if found == NEVER_EXPIRE else int(min(found, _LONGEST))

    def stays(self, lifetime: int) -> int:
        """Seconds that an answer is stored."""
        return lifetime or _MOMENT

    def stores(self, answer: Answer) -> bool:
        """Whether an answer is one that is cached: 206 is a batch of a thread."""
        return answer.status in (200, 206)

    def is_fresh(self, came: float, expires: float, since: float, now: float) -> bool:
        """Whether a cached answer will do.

        What came later than now was cached while the clock was ahead: nobody can tell how old
        it is.

        Parameters
        ----------
        came : float
            When it came, as all moments here in seconds since 1970.
        expires : float
            When it expires.
        since : float
            Only what came later will do.
        now : float
            The present moment.

        Returns
        -------
        bool
            Whether it will do.
        """
        return since <= came <= now < expires

    def key(self, call: Call) -> str:
        """Make a key: who, website, conversation, rest; hex, for it goes into SQL unescaped."""
        return self._key(call, call.place)

    def list_key(self, call: Call, rows: int | None) -> str:
        """Make the key of the record of a list whose page 1 is this, read for so many rows."""
        return self._key(call, f"{_LIST} {rows}")

    def _key(self, call: Call, place: str) -> str:
        url = urlsplit(call.url)
        rest = f"{call.method}\n{url.path}?{url.query}\n{place}"
        return self._prefix(call.path) + _hash(rest, 16)

    def stale_after(self, path: str) -> list[str]:
        """List how the keys begin of what a write to a path makes stale.

        The conversation's own and its website's lists; without a conversation all of the website.
        """
        prefix = self._prefix(path)
        site = prefix[:_SITE]
        return [site] if prefix.endswith(_NONE) else [prefix, site + _NONE]

    def marks(self, call: Call) -> tuple[str, str, str]:
        """List what may have been written or purged that concerns a call: all, website, path."""
        start = self._prefix(call.path)
        return "", start[:_SITE], start

    def _prefix_of(self, path: str) -> str:
        parts = [*path.strip("/").split("/"), "", "", "", ""]
        website = _hash(parts[1], 8) if parts[0] == "website" and parts[1] else _NONE
        conversation = _hash(parts[3], 8) if parts[2] == "conversation" and parts[3] else _NONE
        return self._identity + website + conversation


def _is_lifetime(seconds: Any) -> bool:
    number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    return number and (seconds >= 0 or seconds == NEVER_EXPIRE)


def _hash(text: str, size: int) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
