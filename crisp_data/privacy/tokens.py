"""Keyed tokens: the same value and key give the same token, and without the key none leads back."""

from __future__ import annotations

import hashlib
import ipaddress
import math
import numbers
import re
import secrets
from decimal import Decimal
from typing import Any

import numpy as np

from crisp_data.errors import BadParameter, warn
from crisp_data.privacy.domains import readable
from crisp_data.privacy.folding import fold
from crisp_data.privacy.normalise import digits, folded

_HINT = (
    "Create one with: python -c 'import secrets; print(secrets.token_urlsafe())'. Store "
    "it with the originals: anyone who has the key can test a guess."
)
_SHORTEST = 16
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


class Tokens:
    """Makes tokens of one key.

    A token is the kind of the value, an underscore and 16 hexadecimal digits, which depend on
    the key and the value alone: two of a million different values share them once in forty
    million keys. Case, what is folded (:mod:`crisp_data.privacy.folding`) and surrounding
    blanks make no difference; in phone and card numbers only digits count.
    """

    def __init__(self, key: str | bytes | None) -> None:
        if key is None:
            key = secrets.token_bytes(32)
            warn(
                "No key was given, so a random one was made and is not stored: the "
                "tokens join only within this run. Pass key= to join with other runs.",
            )
        if not isinstance(key, (str, bytes)) or len(key) < _SHORTEST:
            raise BadParameter(f"The key must be text of at least {_SHORTEST} characters.", _HINT)
        secret = key.encode() if isinstance(key, str) else key
        self._key = hashlib.blake2b(secret, digest_size=32).digest()

    def __call__(self, kind: str, value: str) -> str:
        """Return the token of a value."""
        plain = canonical(kind, value).encode("utf-8", "surrogatepass")
        return f"{kind}_{hashlib.blake2b(plain, key=self._key, digest_size=8).hexdigest()}"

    def number(self, value: object) -> int:
        """Return a number in the place of a number, for columns that hold nothing else."""
        plain = whole_number(value) or str(value)
        digest = hashlib.blake2b(plain.encode(), key=self._key, digest_size=8).digest()
        return int.from_bytes(digest) >> 12  # 52 bits, which a float holds exactly

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(
            "A key cannot be pickled: create the Pseudonymiser again where you need it."
        )


def whole_number(value: Any) -> str | None:
    """Write a whole number, of whatever type; None for any other value.

    The ids of one frame are floats where some are missing, and whole numbers in another.
    """
    if isinstance(value, (numbers.Integral, float, np.floating, Decimal)) and math.isfinite(value):
        return str(int(value)) if value == int(value) else None
    return None


def canonical(kind: str, value: str) -> str:
    """Return the form in which two spellings of a value are equal."""
    text = fold(value)
    if kind in ("phone", "card", "number") and (found := digits(text.replace("(0)", ""))):
        return found.removeprefix("00")
    if kind == "ip":
        return _address(text.strip())
    if kind == "iban":
        text = "".join(filter(str.isalnum, text))
    if kind == "email":
        local, at, domain = text.rpartition("@")
        text = local + at + readable(domain.lower())
    return " ".join(folded(text).split())


def _address(text: str) -> str:
    """Write the address of a machine in its shortest form."""
    try:
        found = ipaddress.ip_address(_LEADING_ZEROS.sub("", text) if ":" not in text else text)
    except ValueError:
        return folded(text)
    return str(getattr(found, "ipv4_mapped", None) or found)
