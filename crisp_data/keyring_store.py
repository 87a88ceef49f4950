"""Tokens in the system's keyring, one for each base URL.

The package `keyring` is imported when it is used: it looks for every back end, which costs a tenth
of a second. Back ends also raise errors of their own kinds.
"""

from __future__ import annotations

import json
from typing import Any

from crisp_data.errors import CrispError
from crisp_data.secret import hide, reveal

_SERVICE = "crisp_data"
_NO_KEYRING = "Set CRISP_IDENTIFIER, CRISP_KEY and CRISP_TIER in the environment instead."


def store(base_url: str, token: dict[str, Any]) -> None:
    """Store a token, and read it back.

    Parameters
    ----------
    base_url : str
        Where the token is valid.
    token : dict[str, Any]
        Its parts by name; ``key`` is hidden in them.

    Raises
    ------
    CrispError
        The keyring cannot be used, or did not store the token.
    """
    failed = False
    stored: dict[str, Any] = {}
    try:
        import keyring

        keyring.set_password(  # no name of this frame ever holds the key
            _SERVICE, base_url, json.dumps(token | {"key": reveal(token["key"])})
        )
        stored = read(base_url)[0]
    except Exception:
        failed = True
    if failed:  # raised out here, without the keyring's own error: its frames hold the key
        raise CrispError("This system has no keyring that can store a key.", _NO_KEYRING)
    if (stored.get("identifier"), stored.get("key")) != (token["identifier"], token["key"]):
        # One that is switched off, or a chain of none, takes everything and keeps nothing.
        raise CrispError("The system's keyring did not store the key.", _NO_KEYRING)


def read(base_url: str) -> tuple[dict[str, Any], str]:
    """Read the token of a base URL.

    Parameters
    ----------
    base_url : str
        Where the token is valid.

    Returns
    -------
    dict[str, Any]
        Its parts by name; empty where there is none, no keyring, or an entry of another program.
    str
        Why the keyring cannot be read; empty where it can, or where there is none.
    """
    try:
        import keyring.errors
    except ImportError:  # an installation without dependencies
        return {}, ""
    try:
        text = keyring.get_password(_SERVICE, base_url)
    except keyring.errors.NoKeyringError:
        return {}, ""
    except Exception as error:  # a back end that cannot be imported, or one that is locked
        return {}, f", which cannot be read ({type(error).__name__})"
    try:
        entry: Any = json.loads(text) if text else {}
    except ValueError:
        entry = None
    if not isinstance(entry, dict):  # another program's
        return {}, ""
    return {name: hide(value) if name == "key" else value for name, value in entry.items()}, ""


def remove(base_url: str) -> bool:
    """Remove the token of a base URL.

    Parameters
    ----------
    base_url : str
        Where the token is valid.

    Returns
    -------
    bool
        Whether there was one.

    Raises
    ------
    CrispError
        The keyring cannot be used, or still has it.
    """
    try:
        import keyring.errors
    except ImportError:
        return False
    try:
        if keyring.get_password(_SERVICE, base_url) is None:
            return False
        keyring.delete_password(_SERVICE, base_url)
        left = keyring.get_password(_SERVICE, base_url) is not None
    except keyring.errors.NoKeyringError:
        return False
    except Exception as error:  # a back end that cannot be imported, or one that is locked
        raise CrispError(
            f"The system's keyring cannot be used ({type(error).__name__}).",
            "Open it if it is locked. If PYTHON_KEYRING_BACKEND is set, correct or unset it.",
        ) from None
    if left:
        raise CrispError(
            "The system's keyring did not remove the token.",
            f"Remove its entry {_SERVICE} with the keyring's own program.",
        )
    return True
