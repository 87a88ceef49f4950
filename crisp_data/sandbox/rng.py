"""Random numbers that repeat: the same seed gives the same numbers in every process.

Two kinds are enough. `stream` is a generator for drawing a plan from start to end. `mix` is
random access: the k-th number of a salt, without the numbers before it, so that message
300 of a thread costs as little as message 1. Neither depends on ``PYTHONHASHSEED``.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

_MASK = (1 << 64) - 1


def stream(*parts: object) -> Random:
    """Return a generator seeded by the text of its parts."""
    return Random("/".join(map(str, parts)))


def mix(salt: int, k: int) -> int:
    """Return the k-th 64-bit number of a salt (splitmix64)."""
    z = (salt + (k + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def pick(options: Sequence[T], number: int) -> T:
    """Choose from options by a number of any size."""
    return options[number % len(options)]


def uuid4(rng: Random) -> str:
    """Draw the next identifier as Crisp writes them."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def uuid_at(salt: int, k: int) -> str:
    """Return the k-th identifier of a salt."""
    return str(uuid.UUID(int=mix(salt, 2 * k) << 64 | mix(salt, 2 * k + 1), version=4))


def salt_of(identifier: str) -> int:
    """Return a salt from an identifier, for what hangs on it."""
    return uuid.UUID(identifier.removeprefix("session_")).int & _MASK
