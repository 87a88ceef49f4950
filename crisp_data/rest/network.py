"""Proxies and certificates: which setting names them, and what is wrong with one that fails.

requests' own errors say neither which setting is to be mended nor whether a byte was sent, and
some of them quote the address of a proxy with its password.
"""

from __future__ import annotations

import errno
import os
import re
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.utils import get_environ_proxies, select_proxy

from crisp_data import config
from crisp_data.errors import TOO_MANY_FILES, CrispError, ProxyFailed, Unreachable, Untrusted

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


def proxies(base_url: str) -> dict[str, str]:
    """Find the environment's proxies for an address; none for this machine's own, ever.

    A proxy cannot reach the loopback of another machine, and would be given the token in clear.
    """
    return {} if config.is_loopback(base_url) else get_environ_proxies(base_url)


def certificates(settings: config.Settings) -> str | bool:
    """Find the file of authorities to trust; True for those that requests brings along."""
    return settings.ca or next(filter(None, map(os.environ.get, _BUNDLES)), True)


def not_sent(error: Exception, what: str, url: str, verify: Any, proxies: Any) -> CrispError:
    """Make the error for a request of which no byte was sent.

    Parameters
    ----------
    error : Exception
        What requests or urllib3 raised.
    what : str
        The operation that was asked.
    url : str
        Of the request.
    verify : object
        As given to requests.
    proxies : object
        As given to requests.

    Returns
    -------
    CrispError
        Untrusted, ProxyFailed or Unreachable; it names the setting where one is at fault.
    """
    host = urlsplit(url).netloc
    if url.startswith("https:") and isinstance(verify, str) and (wrong := _wrong(Path(verify))):
        setting = _named(verify, _BUNDLES, "connect(ca=...)")
        return Untrusted(
            f"{what}: no certificate can be checked, for the file that {setting} names {wrong}; "
            "nothing was sent.",
            f"Let {setting} name a file of certificates (PEM), or leave it out.",
        )
    proxy = select_proxy(url, proxies)
    setting = _named(proxy, _PROXIES, "the system") if proxy else ""
    causes = _causes(error)
    if any(getattr(cause, "errno", None) in (errno.EMFILE, errno.ENFILE) for cause in causes):
        return Unreachable(f"{what}: no connection to {host} can be opened.", TOO_MANY_FILES)
    if any(isinstance(cause, _REFUSED) for cause in causes):
        of_proxy = proxy and isinstance(error, requests.exceptions.ProxyError)
        who = f"the proxy that {setting} names" if of_proxy else host
        bundle = _named(verify, _BUNDLES, "connect(ca=...)") if isinstance(verify, str) else ""
        trusted = f" by what {bundle} names" if bundle else ""
        unknown = _UNKNOWN.format(bundle) if bundle else None
        return Untrusted(
            f"{what}: {who} cannot prove who it is{trusted}; nothing was sent.",
            _INSPECTED.format(setting) if proxy else unknown,
        )
    if proxy:
        return ProxyFailed(
            f"{what}: no connection to {host} through the proxy that {setting} names"
            f"{_detail(causes)}; nothing was sent.",
            f"Mend or unset {setting}, or name the host in NO_PROXY, then run the same line again.",
        )
    return Unreachable(f"{what}: no connection to {host}.")


_REFUSED = (ssl.SSLCertVerificationError, ssl.CertificateError)
_INSPECTED = (
    "The way there is through the proxy that {} names. Where that looks into what is encrypted, "
    "its owner has a file of certificates: name it in REQUESTS_CA_BUNDLE."
)
_UNKNOWN = (
    "Let {} name a file that holds the authority of this server too, or leave it out: then those "
    "that everybody trusts are."
)


def _named(value: str, names: tuple[str, ...], otherwise: str) -> str:
    """Say which variable of the environment holds a value."""
    return next((name for name in names if os.environ.get(name) == value), otherwise)


def _wrong(bundle: Path) -> str:
    """Say what is wrong with a file of certificates; empty where it can be read."""
    if not bundle.exists():
        return "does not exist"
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not bundle.is_dir():
            context.load_verify_locations(cafile=str(bundle))
        elif not any(bundle.iterdir()):
            return "is an empty folder"
    except ssl.SSLError:
        return "holds no certificate"
    except OSError:
        return "cannot be read"
    return ""


def _causes(error: BaseException) -> list[BaseException]:
    """List what an error is about: urllib3 and requests pass causes on as values."""
    found = [error]
    for one in found:
        inner = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
        found += [two for two in inner if isinstance(two, BaseException) and two not in found]
    return found


def _detail(causes: list[BaseException]) -> str:
    if any("SOCKS support" in str(one) for one in causes):  # requests' own word
        return ", which needs the package PySocks: pip install PySocks"
    if any(isinstance(one, (requests.exceptions.InvalidProxyURL, ValueError)) for one in causes):
        return ", whose address is no proxy's"
    if status := next(filter(None, (_TUNNEL.search(str(one)) for one in causes)), None):
        why = ", which asks for another user name or password" if status[1] == "407" else ""
        return f": it answered {status[1]}{why}"
    return ": it cannot be reached, or broke off"
