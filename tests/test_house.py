"""The house: which room may import which, read off the syntax trees."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "crisp_data"

# Rows from the top down. A room imports from rows below its own only.
ROWS = [
    {"__init__", "__main__"},
    {"cli"},
    {"connection"},
    {"workspace"},
    {"forms"},
    {"writing"},
    {"archive", "outbox"},
    {"planning"},
    {"threads"},
    {"client"},
    {"pages", "session"},
    {"cache_files"},
    {"store"},
    {"wire", "flights"},
    {"waiting", "network"},
    {"quota"},
    {"budget", "ledgerfile"},
    {"database", "writer"},
    {"sqlite_pool"},
    {"report"},
    {"plots", "transcripts"},
    {"metrics"},
    {"export", "privacy"},
    {"tables", "selection"},
    {"moments"},
    {"config"},
    {"plan"},
    {"meter", "document"},
    {"protocol", "outgoing"},
    {"errors", "forks"},
]
ROW = {room: row for row, rooms in enumerate(ROWS) for room in rooms}
# Frames in, frames and files out: these know no client, nor anything that leads to one.
PURE = {
    "report",
    "document",
    "plots",
    "transcripts",
    "metrics",
    "export",
    "privacy",
    "tables",
    "moments",
    "selection",
    "plan",
    "meter",
    "outgoing",
}
WIRE = {
    "wire",
    "flights",
    "store",
    "cache_files",
    "session",
    "pages",
    "client",
    "threads",
    "quota",
    "waiting",
    "network",
    "budget",
    "ledgerfile",
    "database",
    "sqlite_pool",
    "writer",
    "planning",
    "config",
    "archive",
    "outbox",
    "writing",
    "workspace",
    "connection",
}
MAY_START_THE_SANDBOX = {"connection", "cli"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The rooms that a module imports, wherever in it the import stands."""
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = inner if node.module == "crisp_data" else [node.module or ""]
        elif isinstance(node, ast.ImportFrom):
            depth = len(path.relative_to(PACKAGE).parts)
            assert node.level < depth, f"{path} climbs out of its room with a relative import"
            continue
        else:
            continue
        parts = [name.split(".") for name in names if name.split(".")[0] == "crisp_data"]
        rooms |= {part[1] if len(part) > 1 else "__init__" for part in parts}
    return {room if exists(room) else "__init__" for room in rooms}


def exists(room: str) -> bool:
    return (PACKAGE / f"{room}.py").exists() or (PACKAGE / room).is_dir()


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downwards(path):
    room = room_of(path)
    found = imports(path) - {room}
    if room == "sandbox":
        assert not found, "the sandbox must not share the client's misreadings"
        return
    if "sandbox" in found:
        assert room in MAY_START_THE_SANDBOX
    if room in PURE:
        assert not found & WIRE
    for other in found - {"sandbox", "__init__"}:
        assert ROW[other] > ROW[room], f"{room} must not import {other}"
    if "__init__" in found:  # the public face is for the command line, above all rooms
        assert room in ("cli", "__main__")


def test_every_room_has_its_row():
    rooms = {room_of(path) for path in MODULES} - {"sandbox"}
    assert rooms == set(ROW)
