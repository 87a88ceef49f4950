"""What an answer means, told from its bytes."""

from __future__ import annotations

import base64
import json
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisp_data import errors, tables
from crisp_data.api import envelope
from crisp_data.api.envelope import Page
from crisp_data.api.routes import lookup
from crisp_data.errors import ApiError, BadAnswer

OPERATORS = lookup("list_website_operators")
SECRET = "jane@example.com said hello"


def body(reason: str = "listed", data: object = None, error: bool = False) -> bytes:
    return json.dumps({"error": error, "reason": reason, "data": data}).encode()


def refusal(status: int, content: bytes, method: str = "GET") -> ApiError | None:
    return envelope.refusal(status, content, OPERATORS, method)


def test_the_two_headers_that_crisp_needs() -> None:
    found = envelope.headers("identifier", "kéy", "plugin")
    assert found["X-Crisp-Tier"] == "plugin"
    kind, pair = found["Authorization"].split(" ")
    assert kind == "Basic"
    assert base64.b64decode(pair).decode() == "identifier:kéy"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (200, "listed"),
        (206, "listed"),
        (200, "resolved"),
        (200, "updated"),
        (201, "added"),
        (201, "created"),
        (202, "dispatched"),
        (200, "deleted"),
    ],
)
def test_successes(status: int, reason: str) -> None:
    assert refusal(status, body(reason, {})) is None


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "invalid_data", errors.InvalidData),
        (401, "invalid_session", errors.Unauthorized),
        (401, "unauthorized", errors.Unauthorized),
        (403, "not_allowed", errors.Forbidden),
        (403, "token_scope_forbidden", errors.Forbidden),
        (403, "restricted_route_tier", errors.Forbidden),
        (404, "not_subscribed", errors.NotSubscribed),
        (404, "not_found", errors.NotFound),
        (404, "conversation_not_found", errors.NotFound),
        (404, "people_not_found", errors.NotFound),
        (405, "method_not_allowed", errors.MethodNotAllowed),
        (406, "domain_restricted", errors.DomainRestricted),
        (409, "people_exists", errors.Conflict),
        (420, "rate_limited", errors.RateLimited),
        (422, "invalid_data", errors.InvalidData),
        (423, "quota_limit_exceeded", errors.PlanLimit),
        (429, "rate_limited", errors.RateLimited),
        (500, "internal_error", errors.ServerError),
        (503, "unavailable", errors.ServerError),
    ],
)
def test_refusals(status: int, reason: str, kind: type[ApiError]) -> None:
    found = refusal(status, body(reason, {}, error=True))
    assert type(found) is kind
    assert (found.status, found.reason) == (status, reason)
    assert found.operation == "list_website_operators"
    # The status decides even where the envelope forgot to.
    assert type(refusal(status, body(reason, {}))) is kind


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_an_error_is_one_even_under_success(status: int) -> None:
    found = refusal(status, body("not_allowed", {}, error=True))
    assert isinstance(found, ApiError)
    assert (found.status, found.reason) == (status, "not_allowed")


def test_a_head_is_answered_by_its_status_alone() -> None:
    assert refusal(200, b"", "HEAD") is None
    assert isinstance(refusal(404, b"", "HEAD"), errors.NotFound)
    assert isinstance(refusal(503, b"", "HEAD"), errors.ServerError)
    assert refusal(404, b"", "HEAD").reason == "no_reason"


def test_an_empty_answer_is_none_unless_its_status_says_so() -> None:
    assert refusal(204, b"") is None
    for status in (200, 201, 206, 302):
        with pytest.raises(BadAnswer):
            refusal(status, b"")
    assert isinstance(refusal(502, b""), errors.ServerError)
    assert isinstance(refusal(429, b""), errors.RateLimited)


BROKEN = {
    "html": b"<html><body>Bad gateway: jane@example.com said hello</body></html>",
    "truncated": body("listed", [{"content": SECRET}] * 9)[:-20],
    "one byte short": body()[:-1],
    "list": b"[]",
    "null": b"null",
    "other object": b'{"message": "jane@example.com said hello"}',
    "empty object": b"{}",
    "blank": b" \n",
    "wrong types": b'{"error": "no", "reason": 5, "data": null}',
    "trailing": body() + b"garbage",
    "deep": b'{"error": false, "reason": "listed", "data": ' + b"[" * 100_000,
    "bytes": b"\xff\xfe\x00\x01",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_not_crisps_json_is_no_success(content: bytes) -> None:
    for status in (200, 206, 201):
        with pytest.raises(BadAnswer) as caught:
            refusal(status, content)
        assert "jane" not in str(caught.value)
    with pytest.raises(BadAnswer):
        envelope.data(content)


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
@pytest.mark.parametrize(
    ("status", "kind"),
    [(502, errors.ServerError), (429, errors.RateLimited), (404, errors.NotFound)],
)
def test_a_failure_is_one_whatever_its_page(
    status: int, kind: type[ApiError], content: bytes
) -> None:
    found = refusal(status, content)
    assert type(found) is kind
    assert found.reason == "no_reason"
    assert "jane" not in str(found)


def test_data_that_cannot_be_read_is_a_bad_answer() -> None:
    raw = b"[" * 5000 + b"]" * 5000
    with pytest.raises(BadAnswer):
        envelope.data(b'{"error": false, "reason": "listed", "data": ' + raw + b"}")


@pytest.mark.parametrize(
    ("raw", "read"), [(b'"\xff"', "\ufffd"), (b"1e999", "1e999"), (b"NaN", None)], ids=repr
)
def test_an_odd_value_costs_no_page_and_reads_as_in_a_table(raw: bytes, read: object) -> None:
    content = b'{"error": false, "reason": "listed", "data": [{"content": ' + raw + b"}]}"
    assert refusal(200, content) is None
    assert envelope.data(content) == [{"content": read}]
    builder = tables.Builder("messages")
    builder.add(content)
    assert read in builder.frame().iloc[0].to_dict().values()


def test_data_comes_as_plain_objects() -> None:
    records = [{"a": 1, "b": None, "c": [1.5, "é"], "n": 163239623329114}]
    assert envelope.data(body("listed", records)) == records
    assert envelope.data(b'{"error": false, "reason": "updated"}') is None
    assert envelope.data(b'\xef\xbb\xbf{"error": false, "reason": "r", "data": 1}') == 1


@pytest.mark.parametrize(
    ("cut", "mended"),
    [
        (r'"\ud83d"', "\ufffd"),
        (r'"\ude00"', "\ufffd"),
        (r'"a\ud83db"', "a\ufffdb"),
        (r'"\ude00\ud83d"', "\ufffd\ufffd"),
        (r'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"\ud83d\\ude00"', "\ufffd\\ude00"),
    ],
)
def test_a_text_cut_inside_an_emoji_is_mended(cut: str, mended: str) -> None:
    content = f'{{"error": false, "reason": "listed", "data": [{cut}, "kept"]}}'.encode()
    assert refusal(200, content) is None
    assert envelope.data(content) == [mended, "kept"]
    assert Page(content, 200).records == [mended, "kept"]


def test_half_a_character_in_raw_bytes_is_mended_too() -> None:
    content = b'{"error": false, "reason": "listed", "data": ["\xed\xa0\xbd", "kept"]}'
    assert envelope.data(content) == ["\ufffd" * 3, "kept"]  # one for each byte


surrogates = st.characters(categories=["Cs"])
texts = st.text(surrogates | st.characters(), max_size=20)


@given(st.recursive(texts | st.integers() | st.none() | st.booleans(), st.lists, max_leaves=8))
def test_mending_changes_halves_of_characters_only(value: object) -> None:
    content = json.dumps({"error": False, "reason": "r", "data": value}).encode()

    def whole(text: str) -> str:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def expected(thing: object) -> object:
        if isinstance(thing, list):
            return [expected(one) for one in thing]
        return whole(thing) if isinstance(thing, str) else thing

    assert envelope.data(content) == expected(value)


# What errors tell


def test_invalid_data_says_the_validators_words() -> None:
    words = "data should have required property '.origin'"
    found = refusal(400, body("invalid_data", {"message": words, "value": SECRET}, error=True))
    assert found.detail == words
    assert words in str(found)
    assert "jane" not in str(found)


@pytest.mark.parametrize("data", [None, [], "text", 5, {}, {"message": 5}, {"message": None}])
def test_invalid_data_without_words_is_told_without(data: object) -> None:
    assert refusal(400, body("invalid_data", data, error=True)).detail == ""


def test_a_missing_scope_is_the_operations_own() -> None:
    found = refusal(403, body("token_scope_forbidden", {"message": SECRET}, error=True))
    assert found.detail == "website:operators (read)"
    assert "website:operators (read)" in found.hint
    assert "jane" not in str(found)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 420, 423, 429, 500, 418])
def test_no_value_of_an_answer_is_told(status: int) -> None:
    data = {"message": SECRET, "email": SECRET, "list": [SECRET]}
    for reason in ("not_allowed", "people_exists", "rate_limited"):
        found = refusal(status, body(reason, data, error=True))
        for text in (str(found), repr(found), found.hint, str(found.args)):
            assert "jane" not in text


def test_an_unknown_path_is_told_by_its_verb() -> None:
    found = envelope.refusal(404, body("not_found", {}, error=True), None, "GET")
    assert found.operation == "GET on an unknown path"


# Retry-After


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 120 ", 120.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("Mon, 99 Foo 99999 99:99:99 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 60.0),
        ("Wed, 21 Oct 2015 07:28:00", 60.0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 60.0),
        ("Wed, 21 Oct 2015 07:26:00 GMT", 0.0),
    ],
)
@pytest.mark.parametrize(
    "zone",
    [None, *(pytest.param(one, marks=pytest.mark.needs("TZ")) for one in ("UTC", "Asia/Tokyo"))],
)
def test_retry_after(
    value: str, seconds: float | None, zone: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if zone is None:  # the machine's own
        assert envelope.retry_after({"Retry-After": value}, 1445412420.0) == seconds
        return
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert envelope.retry_after({"Retry-After": value}, 1445412420.0) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()


def test_retry_after_that_did_not_come() -> None:
    assert envelope.retry_after({}, 0.0) is None
    assert envelope.retry_after({"Retry-After": formatdate(90, usegmt=True)}, 30.0) == 60.0


@pytest.mark.parametrize("wrong", [-86_400.0, -3600.0, 3600.0, 86_400.0])
def test_a_retry_date_is_held_against_the_date_of_its_answer(wrong: float) -> None:
    """And not against a clock that is wrong: behind, it would look like the end of the day."""
    now = 1445412420.0
    headers = {"Retry-After": formatdate(now + 7, usegmt=True), "Date": formatdate(now)}
    assert envelope.retry_after(headers, now + wrong) == 7.0
    undated = {**headers, "Date": "soon"}
    assert envelope.retry_after(undated, now) == 7.0


@given(st.text(max_size=40) | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ ([+-]\d+|GMT)"))
def test_no_retry_after_is_an_error(value: str) -> None:
    found = envelope.retry_after({"Retry-After": value}, 0.0)
    assert found is None or found >= 0


def test_a_page_shows_no_content() -> None:
    page = Page(body("listed", [{"content": SECRET}]), 206)
    assert "jane" not in repr(page)
    assert page.records == [{"content": SECRET}]
    assert Page(body("resolved", {"a": 1}), 200).records == [{"a": 1}]
