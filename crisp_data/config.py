"""Settings and credentials: arguments over environment over keyring; where files live."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import platformdirs

from crisp_data import keyring_store
from crisp_data.errors import BadParameter, CredentialsMissing, FileTrouble
from crisp_data.secret import Secret, hide

#: Where Crisp's REST API lives (*documented*).
BASE_URL = "https://api.crisp.chat/v1/"

#: Requests a day by tier (*documented*; a plugin's may be raised by Crisp on request).
#: What a user token may do is not stated; it gets the lower figure.
DAILY_LIMITS = {"website": 10_000, "plugin": 5_000, "user": 5_000}

_SERVICE = "crisp_data"

_HALF = re.compile(r"[\ud800-\udfff]")  # of a character: an emoji was cut in two
_NOT_IN_AN_ADDRESS = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Credentials:
    """A token: who asks, its secret, and its tier. The secret never shows and never travels."""

    identifier: str
    key: str = field(repr=False)
    tier: str = "plugin"

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", hide(self.key))
        object.__setattr__(self, "tier", self.tier.strip().lower())  # Crisp's pages write "Plugin"
        if self.tier not in DAILY_LIMITS:
            raise BadParameter(
                f"There is no tier {self.tier!r}.",
                "A token's tier is plugin, website or user; most are plugin.",
            )

    def __repr__(self) -> str:
        return f"<Credentials tier={self.tier}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Credentials cannot be pickled: call connect() again where you need them.")


@dataclass(frozen=True)
class Settings:
    """Everything a connection needs to know before its first request."""

    credentials: Credentials
    base_url: str = BASE_URL
    website: str | None = None
    ca: str | None = None
    quota: int | None = None

    @property
    def daily_limit(self) -> int:
        """Requests a day: as set by the user, else the tier's documented limit."""
        return DAILY_LIMITS[self.credentials.tier] if self.quota is None else self.quota

    @property
    def live(self) -> bool:
        """Whether this is the real service rather than something on this machine."""
        return not is_loopback(self.base_url)

    @property
    def account(self) -> str:
        """A name for (base URL, tier, identifier) that gives none of them away."""
        who = f"{self.base_url}\n{self.credentials.tier}\n{self.credentials.identifier}"
        return hashlib.blake2b(who.encode(), digest_size=16).hexdigest()


def resolve(
    identifier: str | None = None,
    key: str | None = None,
    tier: str | None = None,
    website: str | None = None,
    base_url: str | None = None,
    ca: str | os.PathLike[str] | None = None,
    quota: int | None = None,
) -> Settings:
    """Find the settings: each from the arguments, else the environment, else the keyring.

    Halves of two tokens are never put together: the environment completes an argument only
    where it does not hold another token, and the keyring is asked only where neither an
    identifier nor a key was found, and then answers whole. The day's quota, which a
    development token's owner has set, belongs to a token too. What stands around a text, such as
    the line break of a copied key, is left out.

    Parameters
    ----------
    identifier : str, optional
        The token's identifier.
    key : str, optional
        The token's key.
    tier : str, optional
        "plugin", "website" or "user"; "plugin" where nothing names one.
    website : str, optional
        Id, name or domain of the website.
    base_url : str, optional
        The service's address; Crisp's own by default.
    ca : str or Path, optional
        A certificate authority's file.
    quota : int, optional
        Requests a day.

    Returns
    -------
    Settings
        The settings, complete.

    Raises
    ------
    CredentialsMissing
        Nothing usable was found anywhere.
    BadParameter
        An unknown tier, a quota that is no number, a ``ca`` that does not exist, or an address
        that would send the key over the network unencrypted.
    """
    key = hide(key)
    check_texts(tier=tier, website=website, base_url=base_url)
    _check_text(identifier, key)
    identifier, key = identifier and identifier.strip(), key and key.strip()
    base_url = default_base_url(base_url)
    if ca is not None and not isinstance(ca, (str, os.PathLike)):
        raise BadParameter(f"ca must be the path of one file, not a {type(ca).__name__}.")
    ca = os.fspath(ca) if ca else None
    if ca and not os.path.exists(ca):
        raise BadParameter("ca names a file that does not exist; nothing was sent.")
    given, found = (identifier, key), (_env("CRISP_IDENTIFIER"), hide(_env("CRISP_KEY")))
    if any(a and b and a != b for a, b in zip(given, found, strict=True)):
        found = (None, None)  # the environment holds another token
    elif quota is None and (text := _env("CRISP_QUOTA")):
        if not text.isdecimal():
            raise BadParameter("CRISP_QUOTA is not a whole number of requests.")
        quota = int(text)
    identifier, key = identifier or found[0], key or found[1]
    tier = tier or _env("CRISP_TIER")
    website = (website and website.strip()) or _env("CRISP_WEBSITE_ID")
    unreadable = ""
    if not identifier and not key:
        stored, unreadable = keyring_store.read(base_url)
        identifier, key = stored.get("identifier"), stored.get("key")
        tier, website = tier or stored.get("tier"), website or stored.get("website")
        quota = stored.get("quota") if quota is None else quota
    if not identifier or not key:
        names = {"identifier": identifier, "key": key}
        missing = [name for name, value in names.items() if not value]
        raise CredentialsMissing(
            f"No {' and '.join(missing)} found in the arguments, in CRISP_IDENTIFIER and "
            f"CRISP_KEY, or in the system's keyring{unreadable}."
        )
    _check_text(identifier, key)
    # Nearly every token that is handed out is a plugin token; a wrong guess is a 401 whose
    # hint names the tier.
    token = Credentials(identifier, key, tier or "plugin")
    return Settings(token, base_url, website, ca, quota)


def _env(name: str) -> str | None:
    # Not os.environ.get in a variable: shown in a traceback, it shows the whole environment.
    return (os.environ.get(name) or "").strip() or None


def check_texts(**given: Any) -> None:
    """Refuse settings that are no text, by their names; None is not given."""
    for name, value in given.items():
        if value is not None and not isinstance(value, str):
            raise BadParameter(f"{name} must be one text, not a {type(value).__name__}.")
        if value is not None and _HALF.search(value):
            raise BadParameter(f"{name} is not text that can be sent; nothing was sent.")


def _check_text(identifier: Any, key: Secret | None) -> None:
    """Refuse a token that no header can carry: no text, or half of a character."""
    for name, value in (("identifier", hide(identifier)), ("key", key)):
        if value is not None and not value.is_text:
            raise BadParameter(
                f"{name} is not text that can be sent; nothing was sent.",
                "Copy it once more from the Crisp Marketplace: Plugins, Tokens.",
            )


def default_base_url(given: str | None = None) -> str:
    """Find the base URL: as given, else CRISP_BASE_URL, else Crisp's own."""
    return check_base_url(given or _env("CRISP_BASE_URL") or BASE_URL)


def check_base_url(url: str) -> str:
    """Bring a base URL into its one form; refuse plain HTTP except on loopback.

    One without a path gets that of Crisp's own: a service that answers nowhere else is not known.
    """
    url = url.strip()
    try:
        parts = urlsplit("" if _NOT_IN_AN_ADDRESS.search(url) else url)
        parts.port  # noqa: B018  # raises where it is no number
    except ValueError:  # a bracket that is not closed, say
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise BadParameter("The base URL is not an http(s) address.", f"Crisp's own is {BASE_URL}.")
    if parts.username or parts.password:
        raise BadParameter(
            "The base URL contains a user name or password.", "Pass identifier= and key= instead."
        )
    if parts.scheme == "http" and not is_loopback(url):
        raise BadParameter(
            "Plain HTTP would send the key unencrypted.",
            "Use https://. Plain HTTP is allowed only for the sandbox on 127.0.0.1.",
        )
    # One service, one ledger: however its host is written, and with or without its own port.
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = parts.netloc.lower().removesuffix(f":{usual}")
    known = urlsplit(BASE_URL)
    path = parts.path.rstrip("/") + "/"
    if path == "/":
        path = known.path
    elif host == known.netloc and path != known.path:
        raise BadParameter(
            "Crisp's API is not at that path.", f"Leave base_url out, or write {BASE_URL}."
        )
    return f"{parts.scheme}://{host}{path}"


def is_loopback(url: str) -> bool:
    """Tell whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def store(settings: Settings) -> None:
    """Store a token in the system's keyring, one for each base URL."""
    token = settings.credentials
    entry = {
        "identifier": token.identifier,
        "key": token.key,
        "tier": token.tier,
        "website": settings.website,
        "quota": settings.quota,
    }
    keyring_store.store(settings.base_url, {name: value for name, value in entry.items() if value})


def privacy_key() -> str | None:
    """Find the key of private exports: CRISP_PRIVACY_KEY, never an argument of a command."""
    return os.environ.get("CRISP_PRIVACY_KEY") or None


def cache_dir() -> Path:
    """Name the folder of cached answers; whoever opens a file there makes it private."""
    return _folder("CRISP_CACHE_DIR", platformdirs.user_cache_path)


def state_dir() -> Path:
    """Name the folder of ledger and outbox, which must outlive the cache."""
    return _folder("CRISP_STATE_DIR", platformdirs.user_state_path)


def _folder(variable: str, default: Callable[[str], Path]) -> Path:
    try:
        return Path(os.environ.get(variable) or default(_SERVICE)).expanduser()
    except RuntimeError:  # no HOME, and no user of this number, as in many a container
        raise FileTrouble(
            f"No home folder is known for this user, and {variable} names no other.",
            "Set CRISP_CACHE_DIR and CRISP_STATE_DIR in the environment to folders that this user "
            "can write, or pass cache_dir= and state_dir= to connect().",
        ) from None
