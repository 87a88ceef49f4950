"""Settings and credentials: arguments over environment over keyring; where files live."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import platformdirs

from crisp_data.errors import BadParameter, CredentialsMissing, CrispError

#: Where Crisp's REST API lives (*documented*).
BASE_URL = "https://api.crisp.chat/v1/"

#: Requests a day by tier (*documented*; a plugin's may be raised by Crisp on request).
#: What a user token may do is not stated; it gets the lower figure.
DAILY_LIMITS = {"website": 10_000, "plugin": 5_000, "user": 5_000}

_SERVICE = "crisp_data"


@dataclass(frozen=True)
class Credentials:
    """A token: who asks, its secret, and its tier. The secret never shows and never travels."""

    identifier: str
    key: str = field(repr=False)
    tier: str = "plugin"

    def __post_init__(self) -> None:
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
class AnswerBounds:
    """What one answer may be; beyond a bound it is given up, with an error that names it.

    The defaults are far above anything real: a page of Crisp's has some 100 kB, comes within a
    second, and is nested in less than ten levels.

    Attributes
    ----------
    max_bytes : int
        Bytes of one answer, as they come over the wire (headers too) and unpacked.
    max_seconds : float
        Seconds from the end of the request to the end of the answer.
    max_depth : int
        Levels of lists and objects in the answer's JSON, at most 500.
    """

    max_bytes: int = 32_000_000
    max_seconds: float = 60.0
    max_depth: int = 100

    def __post_init__(self) -> None:
        for name, kinds, most in (
            ("max_bytes", int, math.inf),
            ("max_seconds", (int, float), math.inf),
            ("max_depth", int, _DEEPEST),
        ):
            value: Any = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value <= most:
                number = "number" if name == "max_seconds" else "whole number"
                bound = f" of at most {most:,}" if name == "max_depth" else ""
                raise BadParameter(f"{name} must be a {number} above 0{bound}.")

    @classmethod
    def resolve(cls, **given: float | None) -> AnswerBounds:
        """Find the bounds: each from the arguments, else the environment, else its default.

        Parameters
        ----------
        **given : float or None
            ``max_bytes``, ``max_seconds`` and ``max_depth``.

        Returns
        -------
        AnswerBounds
            The bounds, complete.

        Raises
        ------
        BadParameter
            One of them is no number above 0, or too high.
        """
        found: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        for name, kind in (("max_bytes", int), ("max_seconds", float), ("max_depth", int)):
            variable = f"CRISP_{name.upper()}"
            if name not in found and (text := os.environ.get(variable)):
                try:
                    found[name] = kind(text)
                except ValueError:
                    raise BadParameter(f"{variable} is not a number.") from None
        return cls(**found)


# Readers of JSON give up near 1,000 levels, less those of the program that calls them.
_DEEPEST = 500


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
    ca: str | None = None,
    quota: int | None = None,
) -> Settings:
    """Find the settings: each from the arguments, else the environment, else the keyring.

    Halves of two tokens are never put together: the environment completes an argument only
    where it does not hold another token, and the keyring is asked only where neither an
    identifier nor a key was found, and then answers whole. The day's quota, which a
    development token's owner has set, belongs to a token too.

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
    ca : str, optional
        Path of a certificate authority's file.
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
    env = os.environ.get
    base_url = check_base_url(base_url or env("CRISP_BASE_URL") or BASE_URL)
    if ca and not Path(ca).exists():
        raise BadParameter("ca names a file that does not exist; nothing was sent.")
    given, found = (identifier, key), (env("CRISP_IDENTIFIER"), env("CRISP_KEY"))
    if any(a and b and a != b for a, b in zip(given, found, strict=True)):
        found = (None, None)  # the environment holds another token
    elif quota is None and (text := env("CRISP_QUOTA")):
        if not text.isdecimal():
            raise BadParameter("CRISP_QUOTA is not a whole number of requests.")
        quota = int(text)
    identifier, key = identifier or found[0], key or found[1]
    tier = tier or env("CRISP_TIER")
    website = website or env("CRISP_WEBSITE_ID")
    if not identifier and not key:
        stored = load(base_url)
        identifier, key = stored.get("identifier"), stored.get("key")
        tier, website = tier or stored.get("tier"), website or stored.get("website")
        quota = stored.get("quota") if quota is None else quota
    if not identifier or not key:
        names = {"identifier": identifier, "key": key}
        missing = [name for name, value in names.items() if not value]
        raise CredentialsMissing(
            f"No {' and '.join(missing)} found in the arguments, in CRISP_IDENTIFIER and "
            "CRISP_KEY, or in the system's keyring."
        )
    # Nearly every token that is handed out is a plugin token; a wrong guess is a 401 whose
    # hint names the tier.
    token = Credentials(identifier, key, tier or "plugin")
    return Settings(token, base_url, website, ca, quota)


def check_base_url(url: str) -> str:
    """Bring a base URL into its one form; refuse plain HTTP except on loopback."""
    try:
        parts = urlsplit(url)
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
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}/"


def is_loopback(url: str) -> bool:
    """Tell whether an address is on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def store(settings: Settings) -> None:
    """Store a token in the system's keyring, one for each base URL."""
    import keyring.errors  # it looks for every backend, which costs a tenth of a second

    token = settings.credentials
    entry = {
        "identifier": token.identifier,
        "key": token.key,
        "tier": token.tier,
        "website": settings.website,
        "quota": settings.quota,
    }
    stored = json.dumps({name: value for name, value in entry.items() if value})
    try:
        keyring.set_password(_SERVICE, settings.base_url, stored)
    except keyring.errors.KeyringError:
        raise CrispError(
            "This system has no keyring that can store a key.",
            "Set CRISP_IDENTIFIER, CRISP_KEY and CRISP_TIER in the environment instead.",
        ) from None


def load(base_url: str) -> dict[str, Any]:
    """Read the token stored for a base URL; empty where there is none or no keyring."""
    import keyring.errors

    try:
        text = keyring.get_password(_SERVICE, base_url)
        entry: Any = json.loads(text) if text else {}
    except (keyring.errors.KeyringError, ValueError):
        return {}
    return entry if isinstance(entry, dict) else {}


def forget(base_url: str) -> bool:
    """Remove the token stored for a base URL; say whether there was one."""
    import keyring.errors

    try:
        keyring.delete_password(_SERVICE, base_url)
    except keyring.errors.KeyringError:
        return False
    return True


def privacy_key() -> str | None:
    """Find the key of private exports: CRISP_PRIVACY_KEY, never an argument of a command."""
    return os.environ.get("CRISP_PRIVACY_KEY") or None


def cache_dir() -> Path:
    """Name the folder of cached answers; whoever opens a file there makes it private."""
    return _folder("CRISP_CACHE_DIR", platformdirs.user_cache_path(_SERVICE))


def state_dir() -> Path:
    """Name the folder of ledger and outbox, which must outlive the cache."""
    return _folder("CRISP_STATE_DIR", platformdirs.user_state_path(_SERVICE))


def _folder(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default).expanduser()
