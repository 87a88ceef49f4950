"""A call: made once, with the address that requests would make."""

import dataclasses

import hypothesis.strategies as st
import pytest
import requests
from hypothesis import given

from crisp_data.api import path_and_query, routes
from crisp_data.rest import call

BASE = "https://api.crisp.chat/v1/"
TEXT = st.text(min_size=1, max_size=12).filter(lambda text: text not in (".", "..") and _fits(text))


def _fits(text):
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


@given(website=TEXT, search=TEXT)
def test_the_address_is_the_one_that_requests_makes(website, search):
    """It is part of the cache's keys, and an earlier version's were made of that one."""
    route = routes.lookup("list_people_profiles")
    asked = {"website_id": website, "page_number": 2, "search_text": search}
    path, query = path_and_query.fill(route, asked)
    path = path.lstrip("/")
    made = call.make(BASE, "GET", path, query, route=route)
    theirs = requests.Request("GET", BASE + path, params=query).prepare()
    assert made.url == theirs.url
    assert made.url.startswith(BASE + made.path)


def test_a_call_is_frozen_and_shows_nothing_of_what_is_written():
    made = call.make(BASE, "POST", "website/w", {}, json={"content": "Dear Ana"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.method = "GET"
    assert repr(made) == "<Call POST unknown>"
    answer = call.Answer(200, b"Dear Ana", 0.0)
    assert "Ana" not in repr(answer)
