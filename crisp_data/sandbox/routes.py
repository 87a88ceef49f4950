"""From an HTTP request to an operation, and through the gates to its handler.

The gates stand in this order: is there such a path (404), such a method on it (405), a
valid token (401), quota left (429), the right tier (403), the website (404), the scope (403), a
body that fits the schema (400).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from . import (  # noqa: F401 - each registers its operations
    analytics,
    api_batch,
    api_campaigns,
    api_conversations,
    api_dispatched,
    api_helpdesk,
    api_helpdesk_tree,
    api_inboxes,
    api_live_sessions,
    api_messages,
    api_operators,
    api_people,
    api_plans,
    api_plugins,
    api_spam,
    api_suggest,
    api_visitors,
    api_website,
)
from .request import HANDLERS, Answer, Call, Refusal
from .scopes import USER_ONLY, mode, scope
from .validation import validate
from .world import Token, World

PREFIX = "/v1"


@dataclass(frozen=True, slots=True)
class Request:
    """What came over the socket."""

    method: str
    target: str
    #: Names in lower case.
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of Crisp's list."""

    resource: str
    name: str
    method: str
    path: str

    def handler_name(self) -> str:
        """Return the name to look a handler up by: two operations share a name."""
        full = f"{self.resource}.{self.name}"
        return full if full in HANDLERS else self.name


def _load() -> list[Route]:
    # Crisp's own list of operations is a fact, not an interpretation: it may be shared.
    listed = json.loads((files("crisp_data") / "operations.json").read_text("utf-8"))
    return [Route(**entry) for entry in listed]


def _table(routes: list[Route]) -> dict[tuple[str, ...], dict[str, Route]]:
    """Return the routes by the segments of their path and by method.

    A literal segment goes before a parameter; of operations that share method and path the first
    counts.
    """
    table: dict[tuple[str, ...], dict[str, Route]] = {}
    for route in routes:
        table.setdefault(_segments(route.path), {}).setdefault(route.method, route)
    return dict(sorted(table.items(), key=lambda item: [part[:1] == "{" for part in item[0]]))


def _pattern(template: tuple[str, ...]) -> str:
    return "(" + "\0".join(map(_part, template)) + ")"


def _part(part: str) -> str:
    """Return the expression of one segment; a path at the end may be several."""
    return ".+" if part == "{path}" else "[^\0]+" if part[:1] == "{" else re.escape(part)


def _segments(path: str) -> tuple[str, ...]:
    return tuple(path.strip("/").split("/"))


_ROUTES = _load()
#: Where npm's client asks for the real-time API with tokens other than a plugin's; not listed.
_ENDPOINTS = [
    Route("WebsiteConnect", "get_connect_endpoints", "GET", f"/{tier}/connect/endpoints")
    for tier in ("website", "user")
]
_TABLE = _table([*_ROUTES, *_ENDPOINTS])
_METHODS = list(_TABLE.values())
#: All paths as one expression, a group each, with NUL between the segments.
_PATHS = re.compile("|".join(map(_pattern, _TABLE)), re.DOTALL)
#: The official names. Operations that share method and path are counted under the first.
OPERATIONS = frozenset(route.name for route in _ROUTES)


@dataclass(slots=True)
class Match:
    """The operation that a request means."""

    route: Route
    path: dict[str, str]


def match(method: str, target: str) -> Match | Refusal:
    """Return the operation of a method and path, or why there is none."""
    path = urlsplit(target).path
    if not path.startswith(f"{PREFIX}/"):
        return Refusal(404, "not_found")
    segments = [unquote(part) for part in _segments(path[len(PREFIX) :])]
    found = _PATHS.fullmatch("\0".join(segments))
    if found is None or found.lastindex is None:
        return Refusal(404, "not_found")
    methods = _METHODS[found.lastindex - 1]
    if method not in methods:
        return Refusal(405, "method_not_allowed")
    route = methods[method]
    template = _segments(route.path)
    last = len(template) - 1
    parts = [*segments[:last], "/".join(segments[last:]).strip("/")]
    pairs = zip(template, parts, strict=True)
    return Match(route, {name[1:-1]: part for name, part in pairs if name[0] == "{"})


def authenticate(world: World, headers: Mapping[str, str]) -> Token:
    """Return the token of a request; 401 in one and the same word, as Crisp does."""
    refusal = Refusal(401, "invalid_session")
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise refusal
    try:
        identifier, _, key = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise refusal from None
    token = world.tokens.get(identifier)
    if token is None or not compare_digest(token.key.encode(), key.encode()):
        raise refusal
    if headers.get("x-crisp-tier") != token.tier:
        raise refusal
    return token


def answer(world: World, request: Request, matched: Match | Refusal) -> Answer:
    """Answer a request that the faults let through; raises `Refusal` otherwise.

    Parameters
    ----------
    world : World
        The world.
    request : Request
        The request.
    matched : Match or Refusal
        The route of the request, or the refusal where none fits.

    Returns
    -------
    Answer
        The answer.

    Raises
    ------
    Refusal
        No route fits, or the token, the path or the body will not do.
    """
    if isinstance(matched, Refusal):
        raise matched
    token = authenticate(world, request.headers)
    if not world.spend(token):
        raise Refusal(429, "rate_limited")
    _permit(world, matched.route, matched.path.get("website_id"), token)
    try:
        body = read_json(request)
    except ValueError:
        raise Refusal(400, "invalid_data", "body is not valid JSON") from None
    validate(matched.route.name, body)
    query = dict(parse_qsl(urlsplit(request.target).query, keep_blank_values=True))
    handler = HANDLERS[matched.route.handler_name()]
    return handler(Call(matched.route.name, world, token, matched.path, query, body))


def _permit(world: World, route: Route, website_id: str | None, token: Token) -> None:
    """Refuse a token that is of the wrong tier, or does not reach the website or the scope."""
    tier = "plugin" if route.resource == "PluginConnect" else token.tier
    if token.tier != ("user" if route.name in USER_ONLY else tier):
        raise Refusal(403, "restricted_route_tier")
    if website_id is not None:
        website = world.websites.get(website_id)
        if website is None or website_id not in token.websites:
            raise Refusal(404, "not_subscribed")
        if token.tier == "plugin" and not world.installed(website):
            raise Refusal(404, "not_subscribed")
        if website.deleted and route.name != "abort_website_deletion":
            raise Refusal(404, "not_found")
    needed = scope(route.path)
    if needed is not None and not token.allows(needed, mode(route.method)):
        raise Refusal(403, "token_scope_forbidden", needed)


def read_json(request: Request) -> Any:
    """Read a body; none at all, and the null that the npm client sends, are an empty object."""
    value = json.loads(request.body or b"{}")
    return {} if value is None else value
