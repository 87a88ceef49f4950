"""Every error: one tree, a way to mend each, whole after a journey to another process."""

from __future__ import annotations

import inspect
import pickle
import re
from datetime import UTC, datetime

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data import errors
from crisp_data.errors import ApiError, CrispError, Forbidden, QuotaExceeded, api_error

WHEN = datetime(2026, 11, 3, tzinfo=UTC)
TREE = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, CrispError) and kind.__module__ == errors.__name__
]

# Branches of the tree, and what says in each place anew what may be written.
GENERAL = {CrispError, ApiError, errors.BadParameter}


def make(kind: type[CrispError]) -> CrispError:
    if kind is QuotaExceeded:
        return QuotaExceeded(3, 1, 5_000, WHEN)
    if issubclass(kind, ApiError):
        error = kind(403, "token_scope_forbidden", "list_conversations", "website:operators (read)")
        error.retry_after = 7.5
        return error
    return kind("Something happened.")


@pytest.mark.parametrize("kind", TREE)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_errors_come_whole_out_of_another_process(kind: type[CrispError], protocol: int) -> None:
    error = make(kind)
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.args == error.args
    assert vars(again) == vars(error)
    assert again.hint == error.hint


def test_a_hint_of_its_own_and_a_partial_pull_travel_too() -> None:
    error = CrispError("What.", "Mend it so.")
    assert str(pickle.loads(pickle.dumps(error))) == "What.\nMend it so."
    spent = make(QuotaExceeded)
    spent.partial = pd.DataFrame({"a": [1]})
    again = pickle.loads(pickle.dumps(spent))
    pd.testing.assert_frame_equal(again.partial, spent.partial)
    assert (again.needed, again.left, again.limit, again.resets_at) == (3, 1, 5_000, WHEN)


@pytest.mark.parametrize("kind", sorted(set(TREE) - GENERAL, key=str))
def test_each_error_says_what_to_do(kind: type[CrispError]) -> None:
    assert make(kind).hint.endswith(".")
    assert str(make(kind)).endswith(make(kind).hint)


def test_every_error_that_a_method_names_can_be_caught_by_its_name() -> None:
    """What ``Raises`` promises is found in ``crisp``, where ``except`` looks for it."""
    promised = re.compile(r"^Raises\n-+\n(.*?)(?:^\w+\n---|\Z)", re.DOTALL | re.MULTILINE)
    for owner in (crisp.Workspace, crisp.Archive, type(crisp.connect(sandbox=True).outbox), crisp):
        for _, method in inspect.getmembers(owner, callable):
            for block in promised.findall(inspect.getdoc(method) or ""):
                for name in re.findall(r"\b[A-Z][A-Za-z]+\b", block):
                    assert not hasattr(errors, name) or hasattr(crisp, name), (method, name)


def test_a_refused_argument_is_a_value_error() -> None:
    assert issubclass(errors.BadParameter, ValueError)


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "invalid_data", "InvalidData"),
        (401, "invalid_session", "Unauthorized"),
        (401, "unauthorized", "Unauthorized"),
        (403, "not_allowed", "Forbidden"),
        (403, "token_scope_forbidden", "Forbidden"),
        (403, "restricted_route_tier", "Forbidden"),
        (404, "not_subscribed", "NotSubscribed"),
        (403, "not_subscribed", "NotSubscribed"),
        (404, "not_found", "NotFound"),
        (404, "conversation_not_found", "NotFound"),
        (404, "people_not_found", "NotFound"),
        (405, "method_not_allowed", "MethodNotAllowed"),
        (406, "domain_restricted", "DomainRestricted"),
        (409, "people_exists", "Conflict"),
        (420, "rate_limited", "RateLimited"),
        (422, "invalid_data", "InvalidData"),
        (423, "quota_limit_exceeded", "PlanLimit"),
        (429, "rate_limited", "RateLimited"),
        (500, "internal", "ServerError"),
        (502, "no_reason", "ServerError"),
        (599, "no_reason", "ServerError"),
        (418, "teapot", "ApiError"),
    ],
)
def test_each_refusal_has_its_class(status: int, reason: str, kind: str) -> None:
    error = api_error(status, reason, "list_conversations", "the detail")
    assert type(error).__name__ == kind
    assert (error.status, error.reason) == (status, reason)
    assert (error.operation, error.detail) == ("list_conversations", "the detail")
    first = str(error).splitlines()[0]
    assert first == f"list_conversations was refused with {status} {reason}: the detail."


def test_403_names_the_scope_to_ask_for() -> None:
    scope = "website:operators (read)"
    assert scope in Forbidden(403, "token_scope_forbidden", "o", scope).hint
    assert "operation's page" in Forbidden(403, "not_allowed", "o").hint
    assert "user tokens only" in Forbidden(403, "restricted_route_tier", "o").hint
