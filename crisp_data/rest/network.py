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
from urllib3.exceptions import ProxyError

from crisp_data import config
from crisp_data.errors import TOO_MANY_FILES, CrispError, ProxyFailed, Unreachable, Untrusted
from crisp_data.secret import Secret

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


def proxies(base_url: str) -> dict[str, str]:
    """Find the environment's proxies for an address; none for this machine's own, ever.

    A proxy cannot reach the loopback of another machine, and would be given the token in clear.
    """
    found = {} if config.is_loopback(base_url) else get_environ_proxies(base_url)
    return {scheme: Secret(proxy) for scheme, proxy in found.items()}  # it may hold a password


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
            f"{what}: no certificate can be checked, because the file named by "
            f"{setting} {wrong}; nothing was sent.",
            f"Set {setting} to a file of certificates (PEM), or unset it.",
        )
    proxy = select_proxy(url, proxies)
    setting = _named(proxy, _PROXIES, "the system") if proxy else ""
    causes = _causes(error)
    if any(getattr(cause, "errno", None) in (errno.EMFILE, errno.ENFILE) for cause in causes):
        return Unreachable(f"{what}: no connection to {host} can be opened.", TOO_MANY_FILES)
    if any(isinstance(cause, _REFUSED) for cause in causes):
        of_proxy = proxy and isinstance(error, ProxyError)
        who = f"the proxy set by {setting}" if of_proxy else host
        bundle = _named(verify, _BUNDLES, "connect(ca=...)") if isinstance(verify, str) else ""
        trusted = f" by the certificates in {bundle}" if bundle else ""
        unknown = _UNKNOWN.format(bundle) if bundle else None
        return Untrusted(
            f"{what}: {who} cannot prove its identity{trusted}; nothing was sent.",
            _INSPECTED.format(setting) if proxy else unknown,
        )
    if proxy:
        return ProxyFailed(
            f"{what}: no connection to {host} through the proxy set by "
            f"{setting}{_detail(causes)}; nothing was sent.",
            f"Correct or unset {setting}, or add the host to NO_PROXY, then run the "
            "same line again.",
        )
    return Unreachable(f"{what}: no connection to {host}.")


_REFUSED = (ssl.SSLCertVerificationError, ssl.CertificateError)
_INSPECTED = (
    "The connection goes through the proxy set by {}. If that proxy inspects encrypted "
    "traffic, its owner has a file of certificates: set REQUESTS_CA_BUNDLE to that file."
)
_UNKNOWN = (
    "Set {} to a file that also holds the authority of this server, or unset it to use the usual "
    "authorities."
)


def _named(value: str, names: tuple[str, ...], otherwise: str) -> str:
    """Say which variable of the environment holds a value, as it is spelled there.

    Windows finds a variable under any spelling; a dict finds it under its own alone.
    """
    environment = dict(os.environ)
    return next((name for name in names if environment.get(name) == value), otherwise)


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
        return ", whose address is not a proxy's"
    if status := next(filter(None, (_TUNNEL.search(str(one)) for one in causes)), None):
        why = ", which requires another user name or password" if status[1] == "407" else ""
        return f": it answered {status[1]}{why}"
    return ": it cannot be reached, or it closed the connection"
