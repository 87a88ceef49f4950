"""Misbehaviour on demand: latency, refusals, answers lost, cut or garbled."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

#: What Crisp, or a proxy before it, says with a status where a fault names no reason.
REASONS = {
    403: "restricted_route_tier",
    406: "domain_restricted",
    420: "rate_limited",
    423: "quota_limit_exceeded",
    429: "rate_limited",
    500: "internal_error",
    502: "bad_gateway",
    503: "service_unavailable",
}
_DROPS = (None, "before", "after")


@dataclass(slots=True)
class Fault:
    """One rule: which requests it meets, and what happens to them.

    Attributes
    ----------
    operation : str or None
        Official name of the operation; None meets all.
    next : int or None
        How many requests it still meets; None means no end.
    share : float
        The part of the requests that it meets, 0 to 1, drawn from the sandbox's seed.
    latency_ms : int
        Waiting before the answer.
    status : int or None
        Refuse with this status, nothing done. A refusal under 200 is one that only the
        envelope's ``error`` tells.
    reason : str or None
        The reason of the refusal; needed with a status that is not in `REASONS`.
    retry_after : int or None
        Seconds, sent as ``Retry-After`` with that status.
    drop : {None, "before", "after"}
        Break the connection off without an answer, before or after the work was done.
    truncate : bool
        Do the work, announce the whole answer, send half of it and break off.
    malformed : bool
        Do the work and answer something that is no JSON.
    """

    operation: str | None = None
    next: int | None = None
    share: float = 1.0
    latency_ms: int = 0
    status: int | None = None
    reason: str | None = None
    retry_after: int | None = None
    drop: str | None = None
    truncate: bool = False
    malformed: bool = False

    def __post_init__(self) -> None:
        """Refuse rules that could not be followed."""
        if self.status is not None and not (self.reason or self.status in REASONS):
            raise ValueError(f"a status other than {', '.join(map(str, REASONS))} needs a reason")
        if self.drop not in _DROPS:
            raise ValueError("drop is 'before' or 'after'")
        if not 0 <= self.share <= 1:
            raise ValueError("share is between 0 and 1")


@dataclass(slots=True)
class Faults:
    """The rules in force, in the order in which they were set."""

    rng: Random
    rules: list[Fault] = field(default_factory=list)

    def first_match(self, operation: str) -> Fault | None:
        """Return the first rule that meets this request, and count it."""
        for rule in self.rules:
            if rule.operation not in (None, operation) or rule.next == 0:
                continue
            if rule.share < 1 and self.rng.random() >= rule.share:
                continue
            if rule.next is not None:
                rule.next -= 1
            return rule
        return None

    def as_list(self) -> list[dict[str, Any]]:
        """Return the rules that can still meet a request."""
        return [asdict(rule) for rule in self.rules if rule.next != 0]
