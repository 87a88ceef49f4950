"""Logging in: which website opens, and where the key does not stay."""

import ipywidgets as widgets
import pytest

import crisp_data as crisp
from crisp_data.errors import CrispError
from crisp_data.forms.login import Login

from .user import control, fill, press, said, texts, walk


@pytest.fixture
def stored():
    return []


@pytest.fixture
def form(sandbox, stored):
    return Login(crisp.connect, stored.append, base_url=sandbox.url)


def log_in(form, sandbox, **changed):
    values = {"identifier": sandbox.identifier, "key": sandbox.key, "tier": sandbox.tier, **changed}
    for name, value in values.items():
        fill(form, name.capitalize(), value)
    press(form, "Open the workspace")
    assert form.join(60)


def states(form):
    return str([one.get_state() for one in walk(form.box)]) + repr(form) + str(vars(form))


def test_it_opens_the_website_and_says_which(form, sandbox):
    log_in(form, sandbox, website="acme.example")
    assert "Opened Acme" in said(form)
    assert sandbox.website_id in said(form)
    assert form.ws.website_id == sandbox.website_id
    assert "Acme" in texts(form)
    assert "read-only" in texts(form)
    assert len(form.ws.conversations(limit=3)) == 3, "opened in a thread, used in another"


def test_the_key_is_masked_and_stays_nowhere(form, sandbox, stored):
    assert isinstance(control(form, "Key"), widgets.Password)
    log_in(form, sandbox, website=sandbox.website_id)
    assert form.ws is not None
    assert sandbox.key not in states(form)
    assert stored == []
    assert "The key was not stored" in said(form)


def test_the_key_is_stored_where_that_is_asked_for(form, sandbox, stored):
    fill(form, "Store the key in this system's keyring", True)
    log_in(form, sandbox, website=sandbox.website_id)
    (settings,) = stored
    assert settings.credentials.key == sandbox.key
    assert settings.base_url == form.ws.client.settings.base_url
    assert settings.website == sandbox.website_id


def test_a_wrong_key_is_refused_and_not_stored(form, sandbox, stored):
    fill(form, "Store the key in this system's keyring", True)
    log_in(form, sandbox, key="not-the-key", website=sandbox.website_id)
    assert "role='alert'" in said(form)
    assert "tier" in said(form)
    assert "not-the-key" not in states(form)
    assert form.ws is None
    assert stored == []
    log_in(form, sandbox, website=sandbox.website_id)
    assert form.ws is not None, "and then the right one opens it"


def test_without_a_key_nothing_is_asked(form, sandbox):
    before = sandbox.stats()["requests"]
    log_in(form, sandbox, key="")
    assert "both the identifier and the key" in said(form)
    assert sandbox.stats()["requests"] == before


def test_a_system_without_a_keyring_still_opens(sandbox):
    def no_keyring(settings):
        raise CrispError("This system has no keyring.", "Use the environment.")

    form = Login(crisp.connect, no_keyring, base_url=sandbox.url)
    fill(form, "Store the key in this system's keyring", True)
    log_in(form, sandbox, website=sandbox.website_id)
    assert form.ws.name == "Acme"
    assert "no keyring" in said(form)


def test_login_hands_its_options_to_connect(sandbox):
    form = crisp.login(base_url=sandbox.url, writes=True, tz="Europe/Paris")
    log_in(form, sandbox, website=sandbox.website_id)
    assert form.ws.client.writes
    assert form.ws.tz == "Europe/Paris"
    assert "may write" in texts(form)


def test_before_it_is_used_it_says_that_nothing_is_open(form):
    assert "not connected" in repr(form)
    assert "NOT CONNECTED" in texts(form)
