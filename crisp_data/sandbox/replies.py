"""One request done and answered, as far as a fault lets it through."""

from __future__ import annotations

from email.utils import format_datetime

from .faults import REASONS, Fault
from .request import Answer, Refusal
from .routes import Match, Request, answer
from .server import Reply
from .world import World


def reply(world: World, request: Request, matched: Match | Refusal, fault: Fault) -> Reply:
    """Do what a request asks, and answer it.

    Parameters
    ----------
    world : World
        What the request reads or changes.
    request : Request
        The request.
    matched : Match or Refusal
        Its route, or why there is none.
    fault : Fault
        The fault that it meets; one without any field set lets everything through.

    Returns
    -------
    Reply
        The answer, with status and headers.
    """
    if fault.drop == "before":
        return dated(world, 200, b"", cut=0)
    headers = (("Bloom-Status", "MISS"),) if request.method in ("GET", "HEAD") else ()
    outcome: Answer | Refusal
    if fault.status is None:
        try:
            outcome = answer(world, request, matched)
        except Refusal as refusal:
            outcome = refusal
    else:
        outcome = Refusal(fault.status, fault.reason or REASONS[fault.status])
        if fault.retry_after is not None:
            headers = (("Retry-After", str(fault.retry_after)), *headers)
    body = outcome.body()
    if fault.malformed:
        body = b"<html>" + body[:-1]
    cut = 0 if fault.drop == "after" else len(body) // 2 if fault.truncate else None
    return dated(world, outcome.status, body, headers, cut)


def dated(
    world: World,
    status: int,
    body: bytes,
    headers: tuple[tuple[str, str], ...] = (),
    cut: int | None = None,
) -> Reply:
    """Make a reply of the world's time.

    Parameters
    ----------
    world : World
        Whose time it is.
    status : int
        The HTTP status.
    body : bytes
        The body.
    headers : tuple of (str, str), optional
        Further headers.
    cut : int, optional
        Bytes of the body to send before breaking off.

    Returns
    -------
    Reply
        The reply.
    """
    return Reply(status, body, format_datetime(world.now, usegmt=True), headers, cut)
