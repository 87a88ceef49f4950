"""How large, how slow and how deep one answer may be."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any

from crisp_data.errors import BadParameter

# Readers of JSON give up near 1,000 levels, less those of the program that calls them.
_DEEPEST = 500


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
