"""What is refused before a request is sent: it costs nothing, and says what to mend."""

import pytest

import crisp_data as crisp
from crisp_data.rest.request_checks import check_path, encode_body


@pytest.mark.parametrize("path", ["website/w/inbox/..", "website/w/inbox/%2e%2E", "./plugin"])
def test_a_path_that_leads_elsewhere_is_not_sent(sandbox, ws, path):
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter, match="must not contain"):
        ws.client.delete(path)
    assert sandbox.stats()["requests"] == before


@pytest.mark.parametrize("path", ["v1/website/w", "/v1/website/w"])
def test_a_path_with_the_version_is_refused(path):
    with pytest.raises(crisp.BadParameter, match="already contains the version"):
        check_path(path)


@pytest.mark.parametrize("path", ["website/w", "/website/w", "//website/w"])
def test_a_path_may_begin_with_a_slash(path):
    assert check_path(path) == "website/w"


def test_a_body_that_is_not_json_is_not_sent(sandbox, ws):
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter, match="not JSON"):
        ws.client.post(f"website/{ws.website_id}/conversation", json={"x": float("nan")})
    assert sandbox.stats()["requests"] == before


@pytest.mark.parametrize("body", [float("inf"), {"x": [float("nan")]}, {"x": {1}}, b"{}"])
def test_what_json_cannot_say_is_refused(body):
    with pytest.raises(crisp.BadParameter, match="nothing was sent"):
        encode_body(body)


@pytest.mark.parametrize(("body", "sent"), [(None, None), ({}, b"{}"), (["é"], b'["\\u00e9"]')])
def test_a_body_is_written_as_json(body, sent):
    assert encode_body(body) == sent
