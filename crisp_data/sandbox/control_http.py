"""The control plane over HTTP: each method of `Controls` is a path under ``/_sandbox/``.

``GET stats``, ``GET truth/{table}`` with ``website_id`` and ``history`` in the query, and
``POST`` of ``reset``, ``faults``, ``churn``, ``hold``, ``clock`` and ``token`` with the
method's arguments as a JSON object. No credential is asked for, and nothing is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from .routes import Request, read_json

if TYPE_CHECKING:
    from .control import Controls

PREFIX = "/_sandbox/"


def run_command(controls: Controls, request: Request) -> tuple[int, Any]:
    """Do what a control request asks; return the status and what to answer."""
    parts = urlsplit(request.target)
    command, _, table = parts.path.removeprefix(PREFIX).partition("/")
    try:
        if request.method == "GET" and command == "stats":
            return 200, controls.stats()
        if request.method == "GET" and command == "truth":
            query = dict(parse_qsl(parts.query))
            history = query.get("history", "0") not in ("0", "false")
            return 200, controls.truth(table, query.get("website_id"), history=history)
        if request.method == "POST":
            return 200, _command(controls, command, read_json(request))
    except (KeyError, TypeError, ValueError) as error:
        return 400, {"error": str(error)}
    return 404, {"error": "no such command"}


def _command(controls: Controls, command: str, arguments: Any) -> Any:
    if command == "clock":
        return {"now": controls.clock(**arguments).isoformat()}
    if command == "token":
        token = controls.token(**arguments)
        return {"identifier": token.identifier, "key": token.key, "tier": token.tier}
    if command not in ("reset", "faults", "churn", "hold"):
        raise ValueError(f"no such command: {command}")
    done = getattr(controls, command)(**arguments)
    return {} if done is None else done
