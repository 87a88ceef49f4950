"""The route table: Crisp's 229 operations.

Operation names are those of Crisp's official clients in snake_case.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files

from crisp_data.errors import BadParameter

#: Rows a page may hold on lists of conversations and people (*documented*).
PER_PAGE_MIN, PER_PAGE_MAX = 20, 50

#: Times in milliseconds that can be meant, from 1973 to 5138: smaller is a time in seconds,
#: larger one in micro- or nanoseconds, and either would match nothing or everything.
TIMES = range(100_000_000_000, 100_000_000_000_000)


@dataclass(frozen=True)
class Route:
    """One operation of the REST API.

    Attributes
    ----------
    resource, name, method, path : str
        As in Crisp's official clients; ``path`` is a template below ``/v1``.
    """

    resource: str
    name: str
    method: str
    path: str

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of what stands in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What concrete paths of it look like, without the slashes at their ends."""
        return re.compile(re.sub(r"{\w+}", "[^/]*", self.path.strip("/")))

    @property
    def qualified(self) -> str:
        """The name with its resource, unambiguous: ``website_people.get_people_profile``."""
        return f"{re.sub(r'(?<!^)(?=[A-Z][a-z])', '_', self.resource).lower()}.{self.name}"

    @property
    def reads(self) -> bool:
        """Whether the operation changes nothing, whatever its verb."""
        return self.method in ("GET", "HEAD") or self.name == "generate_analytics"

    @property
    def scope(self) -> str:
        """The token scope it needs, as far as Crisp documents it, else empty."""
        read = "read" if self.reads else "write"
        for pattern, scope in _SCOPES:
            if re.search(pattern, self.path):
                return f"{scope} ({read})"
        return ""


# Documented for the four scopes that exporting and sending need; first match wins.
_SCOPES = (
    (r"/(message|messages|original|read|delivered|compose)(/|$)", "website:conversation:messages"),
    (r"/conversation/\{session_id\}/state$", "website:conversation:states"),
    (r"/conversations?(/|$)", "website:conversation:sessions"),
    (r"/operators?(/|$)", "website:operators"),
    (r"/people/", "website:people:profiles"),
)


@cache
def table() -> tuple[Route, ...]:
    """All operations, in the order of the official client."""
    text = files("crisp_data").joinpath("operations.json").read_text("utf-8")
    return tuple(Route(**row) for row in json.loads(text))


@cache
def _by_name() -> dict[str, list[Route]]:
    names: dict[str, list[Route]] = {}
    for route in table():
        names.setdefault(route.name, []).append(route)
        names.setdefault(route.qualified, []).append(route)
    return names


def lookup(operation: str) -> Route:
    """Find an operation by its official name.

    Raises
    ------
    BadParameter
        No such operation, or the name belongs to several resources and needs its prefix.
    """
    found = _by_name().get(operation, [])
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(route.qualified for route in found)
        raise BadParameter(f"{operation!r} names several operations.", f"Use one of: {names}.")
    close = difflib.get_close_matches(operation, _by_name(), n=3)
    raise BadParameter(
        f"Crisp has no operation {operation!r}.",
        f"Did you mean {', '.join(close)}?"
        if close
        else "The names are those of Crisp's official clients, such as list_conversations.",
    )


@lru_cache(1024)  # a program asks for a few paths again and again
def identify(method: str, path: str) -> Route | None:
    """Find the operation behind a concrete path below ``/v1``; None where Crisp has none."""
    # No path fits two templates of one verb, so their order does not matter.
    fitting = (r for r in table() if r.method == method and r.pattern.fullmatch(path.strip("/")))
    return next(fitting, None)
