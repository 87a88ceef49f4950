"""The house: which room may import which, read off the syntax trees."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "crisp_data"

# Rows from the ground up; a room imports only from rows above its own in this table.
ROWS = [
    {"secret", "terminal_text"},
    {"errors"},
    {"keyring_store"},
    {"config"},
    {"dates", "arguments", "plurals", "html_page"},
    {"api"},
    {"outgoing"},
    {"filters"},
    {"tables"},
    {"local"},
    {"export", "privacy", "metrics", "plots", "transcripts", "report"},
    {"quota"},
    {"rest"},
    {"archive"},
    {"outbox"},
    {"forms"},
    {"workspace"},
    {"connection", "cli", "__init__", "__main__"},
]
ROW = {room: number for number, rooms in enumerate(ROWS) for room in rooms}
WITHIN_A_ROW = {
    "plots": {"metrics"},
    "report": {"metrics", "plots", "privacy"},
    "__init__": {"connection"},
    "cli": {"__init__", "connection"},
    "__main__": {"cli"},
}
MAY_START_THE_SANDBOX = {"connection", "cli"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    """The rooms that a module imports, wherever in it the import stands.

    A module that is named in a text, and nothing else in it, is one to be imported later.
    """
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.Constant) and is_module(node.value):
            names = [node.value]
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


def is_module(value: object) -> bool:
    named = isinstance(value, str) and re.fullmatch(r"crisp_data(\.[a-z_]+)+", value)
    return bool(named) and exists(value.split(".")[1])


def exists(room: str) -> bool:
    return (PACKAGE / f"{room}.py").exists() or (PACKAGE / room).is_dir()


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_from_the_rows_above_it(path):
    room = room_of(path)
    found = imports(path) - {room}
    if room == "sandbox":
        assert not found, "the sandbox must not share the client's misreadings"
        return
    if "sandbox" in found:
        assert room in MAY_START_THE_SANDBOX
    for other in found - {"sandbox"} - WITHIN_A_ROW.get(room, set()):
        assert ROW[other] < ROW[room], f"{room} must not import {other}"


def test_an_import_that_waits_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.test_house.PACKAGE", tmp_path)
    for room in ("tables", "archive", "outbox", "forms"):
        (tmp_path / f"{room}.py").touch()
    path = tmp_path / "lazy.py"
    path.write_text(
        "MODULES = {'Archive': 'crisp_data.archive.archive', 'x': 'crisp_data.nothing'}\n"
        "if TYPE_CHECKING:\n    from crisp_data.outbox import Outbox\n"
        "def later():\n    'See crisp_data.forms.'\n    from crisp_data import tables\n",
        encoding="utf-8",
    )
    assert imports(path) == {"archive", "outbox", "tables"}


def test_every_room_has_its_row():
    rooms = {room_of(path) for path in MODULES} - {"sandbox"}
    assert rooms == set(ROW)


def test_a_file_name_means_one_thing():
    """Two rooms share a name only where they mean the same: the form and the command to log in."""
    names = Counter(p.stem for p in MODULES if room_of(p) != "sandbox" and p.stem != "__init__")
    assert {name for name, count in names.items() if count > 1} == {"login", "volume"}
