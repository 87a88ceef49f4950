"""How a workspace is opened: which token, which website, live or sandbox."""

from __future__ import annotations

import difflib
import inspect
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from crisp_data import config, dates
from crisp_data.arguments import UUID, check_flag, check_word, plain_int
from crisp_data.errors import BadAnswer, BadParameter, Forbidden
from crisp_data.local.atomic_file import as_path
from crisp_data.plurals import count
from crisp_data.rest import answer_checks
from crisp_data.rest.client import Client
from crisp_data.secret import hide
from crisp_data.workspace.workspace import Workspace

if TYPE_CHECKING:
    from crisp_data.forms.login import Login


def connect(
    website: str | None = None,
    *,
    identifier: str | None = None,
    key: str | None = None,
    tier: str | None = None,
    base_url: str | None = None,
    ca: str | Path | None = None,
    sandbox: Any = False,
    writes: bool | None = None,
    tz: str | tzinfo = "UTC",
    progress: bool | None = None,
    **options: Any,
) -> Workspace:
    """Open a workspace.

    Parameters
    ----------
    website : str, optional
        Id, name or domain. A plugin token that serves one website needs none.
    identifier : str, optional
        The token; else ``CRISP_IDENTIFIER``, ``CRISP_KEY`` and ``CRISP_TIER``, else the
        system's keyring. Without a tier, "plugin".
    key : str, optional
        The token; else ``CRISP_IDENTIFIER``, ``CRISP_KEY`` and ``CRISP_TIER``, else the
        system's keyring. Without a tier, "plugin".
    tier : str, optional
        The token; else ``CRISP_IDENTIFIER``, ``CRISP_KEY`` and ``CRISP_TIER``, else the
        system's keyring. Without a tier, "plugin".
    base_url : str, optional
        Else ``CRISP_BASE_URL``, else Crisp's own. Plain HTTP only on loopback; an address
        without a path gets Crisp's ``/v1/``.
    ca : str or Path, optional
        A certificate authority's file, for the sandbox over HTTPS.
    sandbox : bool or Sandbox, default False
        True starts a Crisp API on this machine with seeded data; nothing leaves it, and no
        key is needed. A running :class:`crisp_data.sandbox.Sandbox` is used as it is.
    writes : bool, default False
        Whether anything but reading is allowed; on the sandbox it is.
    tz : str or tzinfo, default "UTC"
        The zone of the frames' times, and of moments written without one.
    progress : bool, optional
        Whether long pulls show a bar; by default on the live service only. False also hides
        the plan that is otherwise shown before a pull of more than 100 requests.
    **options : object
        Passed to :class:`crisp_data.rest.client.Client`: ``quota`` (requests a day; else
        ``CRISP_QUOTA``, else what the keyring stores with the token, else the tier's limit),
        ``on_quota`` ("wait" lets a read sleep until the day's reset),
        ``reserve_for_writes``, ``reset_hour``, ``cache``, ``lifetimes``, ``cache_dir``,
        ``state_dir``, ``retry``, ``workers`` (threads of messages read side by side), and what
        one answer may be: ``max_bytes``, ``max_seconds``, ``max_depth``.

    Returns
    -------
    Workspace

    Raises
    ------
    CredentialsMissing
        No token was found; the error says where it was looked for.
    BadParameter
        No such website, or several and none was chosen; or an argument is not known.
    Unauthorized, NotSubscribed, Forbidden, Offline, QuotaExceeded

    Notes
    -----
    Spends one request, for the website's name. Without an id a plugin token's websites are
    listed, and looked at one by one for a name or domain. All of it is cached for a day.

    Examples
    --------
    >>> import crisp_data as crisp
    >>> ws = crisp.connect(sandbox=True)
    >>> ws.name
    'Acme'
    >>> ws.close()
    """
    key = hide(key)  # before all else: a traceback may show what variables hold
    if unknown := [name for name in options if name not in _keywords()]:
        options.clear()  # one of them may be a key whose name was mistyped
        _refuse_keyword(unknown[0])
    config.check_texts(website=website, identifier=identifier, tier=tier, base_url=base_url)
    for name, flag in (("writes", writes), ("progress", progress), ("cache", options.get("cache"))):
        check_flag(name, flag)
    check_word("on_quota", options.get("on_quota"), ("raise", "wait"))
    tz = dates.check_tz(tz)
    named = getattr(sandbox, "website_id", None)  # a frame may have a column of that name
    if not isinstance(sandbox, bool | None) and not isinstance(named, str):
        raise BadParameter(
            f"sandbox must be True or a Sandbox, not a {type(sandbox).__name__}.",
            "connect(sandbox=True) starts one.",
        )
    options = {name: plain_int(value) for name, value in options.items()}
    for name in ("cache_dir", "state_dir"):
        if options.get(name) is not None:
            options[name] = as_path(options[name])
    started = None
    if sandbox:
        from crisp_data.sandbox import Sandbox  # no cost to who never needs it

        box = Sandbox().start() if sandbox is True else sandbox
        started = box if sandbox is True else None
        identifier, key = identifier or box.identifier, key or hide(box.key)
        tier = tier or box.tier
        base_url, ca, website = box.url, box.ca, website or box.website_id
        folder = _folder_of(box)
        options = {"cache_dir": folder, "state_dir": folder, "now": _clock_of(box), **options}
        writes = True if writes is None else writes
    try:
        settings = config.resolve(identifier, key, tier, website, base_url, ca)
        client = Client(settings, writes=bool(writes), progress=progress, **options)
        website_id = _choose(client, settings.website)
        name = _name_of(client, website_id)
        return Workspace(client, website_id, name, tz=tz, progress=progress, sandbox=started)
    except BaseException:
        if started is not None:  # nobody holds it who could close it
            started.stop()
        raise


def login(**options: Any) -> Login:
    """Open a form that asks for a token, and opens a workspace with it.

    Parameters
    ----------
    **options : object

    Returns
    -------
    Login
        Its ``ws`` is the workspace, once the token has opened one, and None before.

    Notes
    -----
    Spends what :func:`connect` does, when the button is pressed. The key is masked, leaves
    the form as soon as it is used, and is stored in the system's keyring only where the box
    is ticked and Crisp took it.

    Examples
    --------
    >>> form = crisp.login()
    >>> form
    Log in (a form)
      not connected
    >>> form.close()
    """
    if unknown := [name for name in options if name not in _keywords()]:
        options.clear()
        _refuse_keyword(unknown[0])
    from crisp_data.forms.login import Login  # ipywidgets takes a third of a second

    return Login(connect, **options)


def _keywords() -> list[str]:
    """List what :func:`connect` takes by name, its own arguments and those of the client."""
    own = [*inspect.signature(connect).parameters][:-1]  # the last gathers the others
    more = [name for name in inspect.signature(Client).parameters if name not in (*own, "settings")]
    return own + more


def _refuse_keyword(name: str) -> NoReturn:
    """Name the nearest right one; the value may be a secret and is not known here."""
    near = difflib.get_close_matches(name, _keywords(), 1)
    hint = f"Did you mean {near[0]}=?" if near else f"It takes: {', '.join(_keywords())}."
    raise BadParameter(f"connect() has no argument {name}=.", hint)


# A sandbox's own cache and ledger, shared by all who connect to it, gone when it is.
_folders: weakref.WeakKeyDictionary[Any, Path] = weakref.WeakKeyDictionary()


def _folder_of(box: Any) -> Path:
    if box not in _folders:
        _folders[box] = Path(tempfile.mkdtemp(prefix="crisp-sandbox-"))
        weakref.finalize(box, _remove, _folders[box], os.getpid())
    return _folders[box]


def _remove(folder: Path, pid: int) -> None:
    if os.getpid() == pid:  # not a forked child, which ends before the sandbox does
        shutil.rmtree(folder, ignore_errors=True)


def _clock_of(box: Any) -> Callable[[], float]:
    def now() -> float:
        return float(box.now.timestamp())

    return now


def _name_of(client: Client, website_id: str) -> str:
    try:
        found = _website(client, website_id)
        return answer_checks.optional_text(found, "name", "get_website")
    except Forbidden:  # the token lacks that one scope; everything else may work
        return ""


def _website(client: Client, website_id: str) -> dict[str, Any]:
    """Read a website; an odd answer is not taken from the cache, where it would stay for a day."""
    found = client.call("get_website", website_id=website_id)
    if not isinstance(found, dict):
        found = client.call("get_website", website_id=website_id, refresh=True)
    return answer_checks.record(found, "get_website")


_NAMES = ("name", "domain")  # by which a website may be chosen


def _choose(client: Client, website: str | None) -> str:
    """Find the website's id from an id, a name, a domain, or the only one there is."""
    if website and UUID.fullmatch(website):
        return website.lower()
    if client.settings.credentials.tier != "plugin":
        raise BadParameter(
            "A website or user token cannot list its websites.",
            "Pass the website's id, or set CRISP_WEBSITE_ID. The id is in Crisp under "
            "Settings, Setup & Integrations.",
        )
    names: list[str] = []
    try:
        ids = client.website_ids()
    except BadAnswer:  # not from the cache, where it would stay for a day
        ids = client.website_ids(refresh=True)
    for website_id in ids:
        if website is None and len(ids) == 1:
            return website_id
        found = _website(client, website_id)
        named = (answer_checks.optional_text(found, field, "get_website") for field in _NAMES)
        known = [word for word in named if word]
        if website and website.casefold() in (word.casefold() for word in known):
            return website_id
        names.append(" ".join([*known, website_id]))
    raise BadParameter(
        f"The token reads {count(len(ids), 'website')}, and {website or 'none'!r} was requested.",
        f"Choose one by id, name or domain: {'; '.join(names) or 'there is none'}.",
    )
