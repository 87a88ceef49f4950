"""The trees of a helpdesk: an entry is found by its path; those under it begin with that path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from .api_helpdesk import HELPDESK, SECTION, address, is_group, section
from .filters import dates
from .helpdesk import new_page
from .records import Record
from .request import Answer, Call, Refusal, found, operation
from .resources import Resource, merge
from .rng import uuid4


def _new(call: Call, path: str, now: int) -> Record:
    """Make an entry whose title is that of its address."""
    title = path.rpartition("/")[2].replace("-", " ").capitalize()
    return new_page(path, title) | {"entity_id": uuid4(call.website.rng)}


TREE = Resource(
    table="helpdesk tree",
    within=SECTION,
    gate=section,
    key="path",
    identify=lambda call: call.path["path"],
    not_found="path_not_found",
    new=_new,
    exists="path_exists",
)


def _parent(rows: dict[str, Record], path: str) -> str:
    """Return the path of the entry that another stands under; empty at the top of the tree."""
    while path:
        path = path.rpartition("/")[0]
        if path in rows:
            break
    return path


def _entries(rows: dict[str, Record], parent: str) -> list[Record]:
    """Return what stands directly under a path; under an empty one, the top of the tree."""
    inside = [row for path, row in rows.items() if _parent(rows, path) == parent]
    ordered = sorted(inside, key=lambda row: (row["position"], row["path"]))
    return [_entry(rows, row) for row in ordered]


def _entry(rows: dict[str, Record], row: Record) -> Record:
    metadata = row["metadata"]
    return {
        "type": "group" if is_group(rows, row["path"]) else "entry",
        "slug": row["path"].rpartition("/")[2],
        "title": metadata["title"],
        "state": metadata["state"],
        "children": _entries(rows, row["path"]),
    }


def _page(call: Call, row: Record) -> Record:
    where = (call.path["locale"], call.path["content_type"], row["path"])
    shown = {"entity_id": row["entity_id"], "title": row["metadata"]["title"]}
    return shown | {"tree_path": row["path"], "url": address(call, *where)}


@operation("list_helpdesk_tree")
def list_helpdesk_tree(call: Call) -> Answer:
    """List the top of a tree, or what stands under a path, with all below it."""
    within = dates(call.query, call.world.options)
    words = call.query.get("search_title", "").casefold()
    rows = {
        path: row
        for path, row in TREE.rows(call).items()
        if within(row["updated_at"]) and words in row["metadata"]["title"].casefold()
    }
    return call.page(_entries(rows, call.query.get("sub_path", "").strip("/")))


def _read(name: str, take: Callable[[Call, Record], Record]) -> None:
    operation(name)(lambda call: Answer("resolved", take(call, TREE.find(call))))


_read("resolve_helpdesk_tree_path", lambda call, row: _entry(TREE.rows(call), row))
_read("resolve_helpdesk_tree_content", lambda call, row: {"content": row["content"]})
_read("resolve_helpdesk_tree_metadata", lambda call, row: row["metadata"])
_read("resolve_helpdesk_tree_page", _page)


@operation("list_helpdesk_pages")
def list_helpdesk_pages(call: Call) -> Answer:
    """List the pages of a tree."""
    return call.page([_page(call, row) for row in TREE.rows(call).values()])


@operation("resolve_helpdesk_page_entity")
def resolve_helpdesk_page_entity(call: Call) -> Answer:
    """Answer the page of an entity."""
    pages = {row["entity_id"]: _page(call, row) for row in TREE.rows(call).values()}
    return Answer("resolved", found(pages, call.path["entity_id"]))


# Writing to the tree, which leaves a change in its history


def _move(call: Call) -> None:
    """Move an entry to another path, with all below it, or to another place among its like."""
    rows, row, body = TREE.rows(call), TREE.find(call), call.body
    row["position"] = body.get("position", row["position"])
    old, new = row["path"], body.get("path", {}).get("to", "").strip("/")
    if not new or new == old:
        return
    if new in rows or new.startswith(f"{old}/"):
        raise Refusal(409, TREE.exists)
    for path in [path for path in rows if path == old or path.startswith(f"{old}/")]:
        moved = new + path.removeprefix(old)
        rows[moved] = rows.pop(path) | {"path": moved}


def _delete(call: Call) -> None:
    rows, old = TREE.rows(call), TREE.find(call)["path"]
    for path in [path for path in rows if path == old or path.startswith(f"{old}/")]:
        del rows[path]


@contextmanager
def _noted(call: Call, message: str) -> Iterator[None]:
    """Note in the history what changes in the tree."""
    rows = TREE.rows(call)
    before = deepcopy(rows)
    yield
    now, change_id = call.website.clock.tick(), uuid4(call.website.rng)
    changed = sorted(path for path in before | rows if before.get(path) != rows.get(path))
    for path in rows.keys() & set(changed):
        rows[path]["updated_at"] = now
    author: Record = next((one["details"] for one in call.website.operators), {})
    call.website.table("helpdesk history")[change_id] = {
        "change_id": change_id,
        "message": message,
        "author": {"email": author.get("email"), "name": author.get("first_name")},
        "files": [_file(path, before.get(path), rows.get(path)) for path in changed],
        "created_at": now,
        "section": [call.path[name] for name in SECTION],
        "before": {path: before.get(path) for path in changed},
    }


def _file(path: str, before: Record | None, after: Record | None) -> Record:
    change = "created" if before is None else "deleted" if after is None else "updated"
    lines = [Counter(str((row or {}).get("content", "")).splitlines()) for row in (before, after)]
    shown = {name: (after or before or {})[name] for name in ("metadata", "content")}
    edits = {"insertions": lines[1] - lines[0], "deletions": lines[0] - lines[1]}
    counts = {name: edit.total() for name, edit in edits.items()}
    return deepcopy({"change": change, "path": path, **shown, "edits": counts})


def _write(name: str, answer: Answer, act: Callable[[Call], Any]) -> None:
    @operation(name)
    def write(call: Call) -> Answer:
        with _noted(call, f"{name.partition('_')[0]} {call.path['path']}"):
            act(call)
        return answer


_UPDATED = Answer("updated")
_write("create_helpdesk_tree_path", Answer("added", status=201), TREE.add)
_write("update_helpdesk_tree_path", _UPDATED, _move)
_write("delete_helpdesk_tree_path", Answer("deleted"), _delete)
_write(
    "save_helpdesk_tree_content",
    _UPDATED,
    lambda call: TREE.find(call).update(content=call.body["content"]),
)
_write(
    "update_helpdesk_tree_metadata",
    _UPDATED,
    lambda call: merge(TREE.find(call)["metadata"], call.body),
)


def _fits(call: Call, row: Record) -> bool:
    asked = [call.query.get(f"filter_{name}") for name in ("locale", "type")]
    paths = {file["path"] for file in row["files"]}
    path = call.query.get("filter_tree_path", "").strip("/")
    sections = zip(asked, row["section"], strict=True)
    return all(one in (None, "", own) for one, own in sections) and (not path or path in paths)


def _change(call: Call, row: Record) -> Record:
    """Show a change: what it was before is needed to cancel it, and no one's to read."""
    names = ("change_id", "message", "author", "created_at", "files")
    edits = {
        name: sum(file["edits"][name] for file in row["files"])
        for name in ("insertions", "deletions")
    }
    return {name: row[name] for name in names} | {"edits": edits}


def _restore(call: Call, change_id: str, at: int) -> None:
    """Give the tree back what a change took."""
    change = found(HISTORY.rows(call), change_id)
    rows = call.website.table("helpdesk tree", *change["section"])
    for path, before in change["before"].items():
        rows.pop(path, None)
        if before is not None:
            rows[path] = deepcopy(before)


HISTORY = Resource(
    table="helpdesk history",
    gate=HELPDESK.find,
    key="change_id",
    not_found="change_not_found",
    list=("list_helpdesk_history_changes",),
    read=("resolve_helpdesk_history_change",),
    remove=("cancel_helpdesk_history_change",),
    chosen=_fits,
    shown=_change,
    listed=lambda row: {name: row[name] for name in row if name != "files"},
    release=_restore,
)
