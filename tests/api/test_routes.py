"""The route table: every operation, its name, its path and what it may do."""

from __future__ import annotations

import inspect
import itertools
import json
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import pytest
from crisp_api.resources.bucket import BucketResource
from crisp_api.resources.plugin import PluginResource
from crisp_api.resources.website import WebsiteResource

from crisp_data.api import routes
from crisp_data.api.path_and_query import fill
from crisp_data.api.routes import Route, identify, lookup
from crisp_data.errors import BadParameter

ROUTES = routes.table()


def test_the_table_is_that_of_the_official_client() -> None:
    data = json.loads(files("crisp_data").joinpath("operations.json").read_text("utf-8"))
    assert len(ROUTES) == 229
    assert [(r.resource, r.name, r.method, r.path) for r in ROUTES] == [
        (row["resource"], row["name"], row["method"], row["path"]) for row in data
    ]
    assert Counter(route.method for route in ROUTES).keys() == {
        "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE",
    }  # fmt: skip
    assert all(route.path.startswith("/") and "//" not in route.path for route in ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.qualified)
def test_every_operation_is_found_by_name(route: Route) -> None:
    assert lookup(route.qualified) is route
    if [other.name for other in ROUTES].count(route.name) == 1:
        assert lookup(route.name) is route


def test_a_name_of_two_operations_asks_for_its_resource() -> None:
    with pytest.raises(BadParameter, match="several") as caught:
        lookup("get_connect_endpoints")
    assert "plugin_connect.get_connect_endpoints" in caught.value.hint
    assert "website_connect.get_connect_endpoints" in caught.value.hint


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("list_conversation", "list_conversations"),
        ("get_people_profil", "get_people_profile"),
        ("getMessagesInConversation", "get_messages_in_conversation"),
    ],
)
def test_a_misspelt_name_is_answered_with_the_right_one(wrong: str, right: str) -> None:
    with pytest.raises(BadParameter, match="no operation") as caught:
        lookup(wrong)
    assert right in caught.value.hint


def test_a_name_that_is_like_none_is_refused() -> None:
    with pytest.raises(BadParameter, match="no operation") as caught:
        lookup("")
    assert "such as list_conversations" in caught.value.hint
    assert len(caught.value.hint) < 100


# Paths


def test_no_path_fits_two_templates() -> None:
    def alike(one: str, other: str) -> bool:
        return one == other or "{" in one + other

    for one, other in itertools.combinations(ROUTES, 2):
        parts, others = one.path.split("/"), other.path.split("/")
        if (one.method, len(parts)) == (other.method, len(others)) and one.path != other.path:
            assert not all(map(alike, parts, others)), f"{one.path} and {other.path}"


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.qualified)
def test_filling_and_recognising_are_inverse(route: Route) -> None:
    arguments = {name: f"{name}-1" for name in route.parameters}
    if "page_number" in arguments:
        arguments["page_number"] = 1
    path, _ = fill(route, arguments)
    for written in (path, path.strip("/") + "/"):
        found = identify(route.method, written)
        # Four operations share verb and path with another; their bodies tell them apart.
        assert (found.method, found.path) == (route.method, route.path)
    assert identify("TRACE", path) is None


# Names of the official Python client that differ from those of the official npm client, and
# a path that only it knows.
PYTHON_ONLY = {
    "list_people_segments": None,
    "list_subscriptions_website": "list_subscriptions_for_website",
    "subscribe_plugin_to_website": "subscribe_website_to_plugin",
    "search_conversations": "list_conversations",
    "search_people_profiles": "list_people_profiles",
    "batch_data_items": "batch_update_conversations_data",
    "batch_segments_items": "batch_update_conversations_segments",
}


class Recorder:
    """Stands where the official client's transport does and answers with what it was asked."""

    def __getattr__(self, verb: str) -> Callable[..., tuple[str, str]]:
        method = {"remove": "DELETE"}.get(verb, verb.upper())
        return lambda path, *_, **__: (method, path.partition("?")[0])


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        (name, ask)
        for resource in (WebsiteResource, PluginResource, BucketResource)
        for name, ask in inspect.getmembers(resource(Recorder()), inspect.ismethod)
        if not name.startswith("_")
    ],
)
def test_the_official_python_client_means_the_same(name: str, ask: Callable[..., Any]) -> None:
    method, path = ask(*["1"] * len(inspect.signature(ask).parameters))
    found = identify(method, path)
    batch = name.startswith("batch_") and name.endswith("_items")
    expected = name.replace("_items", "_conversations") if batch else name
    assert (found.name if found else None) == PYTHON_ONLY.get(name, expected)


@pytest.mark.parametrize("path", ["", "/", "nothing", "website/w/nothing/at/all/here/and/there"])
def test_what_crisp_does_not_have_is_not_recognised(path: str) -> None:
    assert identify("GET", path) is None


# What an operation may do


@pytest.mark.parametrize(
    ("operation", "reads", "scope"),
    [
        ("list_conversations", True, "website:conversation:sessions (read)"),
        ("get_conversation", True, "website:conversation:sessions (read)"),
        ("create_new_conversation", False, "website:conversation:sessions (write)"),
        ("get_messages_in_conversation", True, "website:conversation:messages (read)"),
        ("send_message_in_conversation", False, "website:conversation:messages (write)"),
        ("change_conversation_state", False, "website:conversation:states (write)"),
        ("list_website_operators", True, "website:operators (read)"),
        ("get_people_profile", True, "website:people:profiles (read)"),
        ("remove_people_profile", False, "website:people:profiles (write)"),
        ("check_conversation_exists", True, "website:conversation:sessions (read)"),
        ("generate_analytics", True, ""),
        ("delete_website", False, ""),
    ],
)
def test_what_an_operation_does_and_which_scope_it_needs(
    operation: str, reads: bool, scope: str
) -> None:
    route = lookup(operation)
    assert (route.reads, route.scope) == (reads, scope)


def test_nothing_that_changes_something_counts_as_reading() -> None:
    for route in ROUTES:
        assert route.reads == (
            route.method in ("GET", "HEAD") or route.name == "generate_analytics"
        )
