"""Tokens in the system's keyring, and keyrings that cannot be used or do nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import keyring
import keyring.backend
import pytest
from keyring.backends import chainer, fail, null

from crisp_data import config, keyring_store
from crisp_data.errors import CredentialsMissing, CrispError

from .memory_keyring import MemoryKeyring

pytestmark = pytest.mark.usefixtures("ring")
Store = Callable[..., None]


def identifier(*given: str, base_url: str | None = None) -> str:
    """Whose token is found."""
    return config.resolve(*given, base_url=base_url).credentials.identifier


def test_a_system_without_a_keyring_is_one_without_a_token(store: Store) -> None:
    keyring.set_keyring(fail.Keyring())
    with pytest.raises(CredentialsMissing):
        config.resolve()
    assert keyring_store.remove(config.BASE_URL) is False
    with pytest.raises(CrispError, match="no keyring"):
        store("ring")


class Nothing(keyring.backend.KeyringBackend):
    """Takes everything and keeps nothing, without an error, as a keyring that is switched off."""

    priority = 1

    def get_password(self, service: str, username: str) -> None:
        pass

    def set_password(self, service: str, username: str, password: str) -> None:
        pass

    def delete_password(self, service: str, username: str) -> None:
        pass


class Empty(chainer.ChainerBackend):
    """A chain of no keyring."""

    backends = ()


@pytest.mark.parametrize("kind", [Nothing, null.Keyring, Empty])
def test_a_keyring_that_keeps_nothing_is_not_believed(
    kind: type[keyring.backend.KeyringBackend], store: Store
) -> None:
    keyring.set_keyring(kind())
    with pytest.raises(CrispError, match="did not store the key") as caught:
        store("ring")
    assert "CRISP_KEY" in caught.value.hint
    assert keyring_store.remove(config.BASE_URL) is False


def test_a_keyring_that_removes_nothing_is_not_believed(
    ring: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    store("ring")
    monkeypatch.setattr(type(ring), "delete_password", lambda *arguments: None)
    with pytest.raises(CrispError, match="did not remove"):
        keyring_store.remove(config.BASE_URL)


@pytest.mark.parametrize(
    "backend", ["no_such_module.Keyring", "keyring.backends.null.Nothing", "Keyring"]
)
def test_a_keyring_that_cannot_be_imported_is_told(
    backend: str, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    monkeypatch.setattr("keyring.core._keyring_backend", None)
    with pytest.raises(CredentialsMissing, match="keyring, which cannot be read"):
        config.resolve()
    with pytest.raises(CrispError, match="no keyring"):
        store("ring")
    with pytest.raises(CrispError, match="PYTHON_KEYRING_BACKEND"):
        keyring_store.remove(config.BASE_URL)
    assert identifier("i", "k") == "i", "nobody needs it who passes a token"


@pytest.mark.parametrize("entry", ["", "not json", "[]", "null", '"text"', '{"identifier": "i"}'])
def test_a_keyring_entry_of_somebody_else_is_no_token(entry: str, ring: MemoryKeyring) -> None:
    ring.kept["crisp_data", config.BASE_URL] = entry
    with pytest.raises(CredentialsMissing):
        config.resolve()


def test_tokens_are_kept_by_address_and_forgotten(store: Store) -> None:
    store("live")
    store("local", "http://127.0.0.1:9/v1/")
    assert identifier(base_url="http://127.0.0.1:9/v1") == "local-id"
    assert keyring_store.remove("http://127.0.0.1:9/v1/") is True
    assert keyring_store.remove("http://127.0.0.1:9/v1/") is False
    assert keyring_store.read("http://127.0.0.1:9/v1/") == ({}, "")
    assert identifier() == "live-id"


def test_what_is_stored_is_json_that_can_be_read_back(ring: MemoryKeyring, store: Store) -> None:
    store("ring", website="w")
    (text,) = ring.kept.values()
    assert json.loads(text) == {
        "identifier": "ring-id",
        "key": "ring-key",
        "tier": "website",
        "website": "w",
    }


def test_an_installation_without_the_package_has_no_token(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    """As pip install --no-deps leaves it."""
    for name in ("keyring", "keyring.errors"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(CredentialsMissing):
        config.resolve()
    assert not keyring_store.remove("https://api.example/v1/")
    with pytest.raises(CrispError, match="no keyring that can store a key"):
        store("ring")
