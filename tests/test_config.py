"""Where a token comes from, where it may be sent, and where files live."""

from __future__ import annotations

import copy
import os
import pickle
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import crisp_data as crisp
from crisp_data import config
from crisp_data.errors import BadParameter, CredentialsMissing, CrispError
from crisp_data.local.private import private_file
from crisp_data.sandbox import Sandbox

Store = Callable[..., None]
SECRET = "never-to-be-shown"


pytestmark = pytest.mark.usefixtures("ring")


def environment(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    for name, value in values.items():
        monkeypatch.setenv(f"CRISP_{name.upper()}", value)


def pair(settings: config.Settings) -> tuple[str, str, str]:
    token = settings.credentials
    return token.identifier, token.key, token.tier


def test_arguments_come_before_the_environment_and_that_before_the_keyring(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    store("ring")
    assert pair(config.resolve()) == ("ring-id", "ring-key", "website")
    environment(monkeypatch, identifier="env-id", key="env-key", tier="user")
    assert pair(config.resolve()) == ("env-id", "env-key", "user")
    assert pair(config.resolve("arg-id", "arg-key", "plugin")) == ("arg-id", "arg-key", "plugin")


def test_website_and_address_have_the_same_order(
    monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    store("ring", website="ring-site")
    assert config.resolve().website == "ring-site"
    environment(monkeypatch, website_id="env-site", base_url="http://127.0.0.1:9/v1")
    store("other", "http://127.0.0.1:9/v1/", "other-site")
    found = config.resolve()
    assert (found.website, found.base_url) == ("env-site", "http://127.0.0.1:9/v1/")
    found = config.resolve("i", "k", website="arg-site", base_url="https://crisp.example/v1")
    assert (found.website, found.base_url) == ("arg-site", "https://crisp.example/v1/")


def test_a_tier_that_nobody_said_is_plugin() -> None:
    assert config.resolve("i", "k").credentials.tier == "plugin"


@pytest.mark.parametrize("half", ["identifier", "key"])
def test_the_keyring_never_completes_half_a_token(
    half: str, monkeypatch: pytest.MonkeyPatch, store: Store
) -> None:
    store("ring")
    other = {"identifier": "key", "key": "identifier"}[half]
    with pytest.raises(CredentialsMissing, match=f"No {other} found"):
        config.resolve(**{half: "x"})
    environment(monkeypatch, **{half: "x"})
    with pytest.raises(CredentialsMissing, match=f"No {other} found"):
        config.resolve()


def test_the_environment_never_completes_another_token(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, identifier="env-id", key="env-key")
    with pytest.raises(CredentialsMissing, match="No key found"):
        config.resolve(identifier="arg-id")
    with pytest.raises(CredentialsMissing, match="No identifier found"):
        config.resolve(key="arg-key")
    assert pair(config.resolve(identifier="env-id"))[:2] == ("env-id", "env-key")


def test_a_key_that_was_typed_goes_with_the_identifier_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment(monkeypatch, identifier="env-id")
    assert pair(config.resolve(key="typed"))[:2] == ("env-id", "typed")


def test_empty_variables_are_as_good_as_none(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    store("ring")
    environment(monkeypatch, identifier="", key="", tier="", website_id="", base_url="")
    assert pair(config.resolve()) == ("ring-id", "ring-key", "website")


def test_nothing_found_says_every_way_to_mend_it() -> None:
    with pytest.raises(CredentialsMissing) as caught:
        config.resolve()
    text = str(caught.value)
    for way in ("identifier=", "CRISP_IDENTIFIER", "crisp-data login", "keyring", "sandbox=True"):
        assert way in text


@pytest.mark.parametrize("tier", ["operator", "plug in", "plugins"])
def test_a_tier_that_does_not_exist_is_refused(tier: str) -> None:
    with pytest.raises(BadParameter, match="no tier"):
        config.resolve("i", SECRET, tier)


@pytest.mark.parametrize("tier", ["Plugin", "WEBSITE", " user\n"])
def test_a_tier_in_capitals_is_that_tier(tier: str) -> None:
    assert config.resolve("i", SECRET, tier).credentials.tier == tier.strip().lower()


@pytest.mark.parametrize("around", ["{}\n", "{}\r\n", " {} ", "\t{}\N{NO-BREAK SPACE}"])
def test_what_stands_around_a_copied_token_is_left_out(
    around: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = config.resolve(around.format("i"), around.format(SECRET), website=around.format("w"))
    assert (*pair(found)[:2], found.website) == ("i", SECRET, "w")
    assert SECRET not in repr(found.credentials.key)
    names = ("identifier", "key", "tier", "website_id", "quota")
    values = ("i", SECRET, "user", "w", "7")
    environment(monkeypatch, **{n: around.format(v) for n, v in zip(names, values, strict=True)})
    found = config.resolve()
    assert (*pair(found), found.website, found.quota) == ("i", SECRET, "user", "w", 7)
    assert pair(config.resolve("i"))[:2] == ("i", SECRET), "the same token, however it was copied"


@pytest.mark.parametrize("name", ["tier", "website", "base_url"])
def test_a_setting_that_is_no_text_is_named(name: str) -> None:
    with pytest.raises(BadParameter, match=f"{name} must be one text, not a list"):
        config.resolve("i", SECRET, **{name: ["a", "b"]})


@pytest.mark.parametrize("name", ["identifier", "key", "tier", "website", "base_url"])
def test_a_setting_with_half_a_character_is_named(name: str) -> None:
    given = {"identifier": "i", "key": SECRET, name: "text\ud83d"}
    with pytest.raises(BadParameter, match=f"{name} is not text that can be sent"):
        config.resolve(**given)


@pytest.mark.parametrize("ca", [["a.pem"], 7, b"a.pem"])
def test_a_certificate_file_that_is_no_path_is_named(ca: Any) -> None:
    with pytest.raises(BadParameter, match="ca must be the path of one file, not a"):
        config.resolve("i", SECRET, ca=ca)


def test_a_certificate_file_may_be_a_path(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.touch()
    assert config.resolve("i", SECRET, ca=path).ca == str(path)
    with pytest.raises(BadParameter, match="does not exist"):
        config.resolve("i", SECRET, ca=tmp_path / "none.pem")


# The address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.crisp.chat/v1/", "https://api.crisp.chat/v1/"),
        ("https://api.crisp.chat/v1", "https://api.crisp.chat/v1/"),
        ("https://api.crisp.chat/v1///", "https://api.crisp.chat/v1/"),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1/"),
        ("http://localhost:8000/v1", "http://localhost:8000/v1/"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1/"),
        ("http://127.8.9.1", "http://127.8.9.1/v1/"),
        ("https://api.crisp.chat", "https://api.crisp.chat/v1/"),
        ("https://API.crisp.chat:443/", "https://api.crisp.chat/v1/"),
        (" https://api.crisp.chat/v1/\r\n", "https://api.crisp.chat/v1/"),
        ("https://gateway.example/crisp", "https://gateway.example/crisp/"),
    ],
)
def test_an_address_has_one_form(url: str, expected: str) -> None:
    assert config.check_base_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://api.crisp.chat/v1/",
        "http://127.0.0.1.evil.example/v1/",
        "http://localhost.evil.example/v1/",
        "http://10.0.0.1/v1/",
        "http://0.0.0.0/v1/",
        "HTTP://api.crisp.chat/v1/",
        "http://api.crisp.chat\\@127.0.0.1.evil.example/",
        "https://user:pass@api.crisp.chat/v1/",
        "https://user@api.crisp.chat/v1/",
        "https://:pass@api.crisp.chat/v1/",
        "http://127.0.0.1@evil.example/v1/",
        "ftp://api.crisp.chat/v1/",
        "file:///etc/passwd",
        "api.crisp.chat/v1/",
        "https://",
        "https:///v1/",
        "https://[::1/v1/",
        "https://api.crisp.chat/v1/?key=1",
        "https://api.crisp.chat/v1/#key",
        "https://api.crisp.chat/v1/website",
        "https://api.crisp.chat/v2/",
        "https://api.crisp.chat:https/v1/",
        "https://api.crisp. chat/v1/",
        "https://api.crisp.chat/v1/\ud83d",
        "",
    ],
)
def test_an_address_that_would_give_the_key_away_or_means_nothing_is_refused(url: str) -> None:
    with pytest.raises(BadParameter) as caught:
        config.check_base_url(url)
    assert "pass" not in str(caught.value).replace("password", "").replace("Pass", "")


def test_live_is_what_is_not_on_this_machine() -> None:
    token = config.Credentials("i", "k")
    assert config.Settings(token).live
    assert not config.Settings(token, "http://127.0.0.1:1/v1/").live
    assert not config.Settings(token, "https://localhost/v1/").live


# The secret


def test_a_key_is_never_shown() -> None:
    settings = config.resolve("some-identifier", SECRET, website="w")
    for thing in (settings, settings.credentials, [settings], {"a": settings}):
        for text in (repr(thing), str(thing), f"{thing}", f"{thing!r:>200}"):
            assert SECRET not in text
            assert "some-identifier" not in text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_key_does_not_travel(protocol: int) -> None:
    settings = config.resolve("i", SECRET)
    for thing in (settings, settings.credentials):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(thing, protocol)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(settings)


def test_errors_do_not_tell_the_key() -> None:
    with pytest.raises(BadParameter) as caught:
        config.resolve("i", SECRET, "nonsense")
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value)


def test_the_name_of_an_account_tells_tokens_apart_and_nothing_else() -> None:
    def account(identifier: str, tier: str, base_url: str) -> str:
        token = config.Credentials(identifier, SECRET, tier)
        return config.Settings(token, base_url).account

    live = account("i", "plugin", config.BASE_URL)
    names = {
        live,
        account("j", "plugin", config.BASE_URL),
        account("i", "website", config.BASE_URL),
        account("i", "plugin", "http://127.0.0.1:1/v1/"),
    }
    assert len(names) == 4
    assert config.Settings(config.Credentials("i", "another key")).account == live
    assert all(set(name) <= set("0123456789abcdef") for name in names)


# Files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("kind", ["cache", "state"])
def test_folders_are_where_the_environment_says_and_private(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CRISP_{kind.upper()}_DIR", str(tmp_path / "deep" / kind))
    folder = {"cache": config.cache_dir, "state": config.state_dir}[kind]()
    assert folder == tmp_path / "deep" / kind
    assert not folder.exists()  # whoever opens a file there makes it
    private_file(folder / "a.sqlite")
    if os.name == "posix":
        assert mode(folder) == 0o700


@pytest.mark.needs("posix")  # elsewhere no variable says where they are
def test_folders_are_the_users_own_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"HOME": "", "XDG_CACHE_HOME": "c", "XDG_STATE_HOME": "s"}.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    assert config.cache_dir() != config.state_dir()
    assert all(tmp_path in folder.parents for folder in (config.cache_dir(), config.state_dir()))


@pytest.mark.needs("posix")
def test_a_user_without_a_home_is_told_which_variables_help(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import pwd

    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", nobody)  # as in a container that runs under any number
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for folder in (config.cache_dir, config.state_dir):
        with pytest.raises(CrispError, match="No home folder") as caught:
            folder()
        assert "CRISP_CACHE_DIR and CRISP_STATE_DIR" in caught.value.hint
    environment(monkeypatch, cache_dir=str(tmp_path), state_dir=str(tmp_path))
    assert config.cache_dir() == config.state_dir() == tmp_path


@pytest.mark.needs("posix")
@pytest.mark.parametrize("kind", ["cache", "state"])
def test_a_home_that_cannot_be_written_is_told_which_variable_helps(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, sandbox: Sandbox
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file"))  # no folder can be made in it, even by root
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for other in {"cache", "state"} - {kind}:
        monkeypatch.setenv(f"CRISP_{other.upper()}_DIR", str(tmp_path))
    with pytest.raises(CrispError) as caught:
        crisp.connect(
            sandbox.website_id,
            identifier=sandbox.identifier,
            key=sandbox.key,
            base_url=sandbox.url,
        )
    assert f"CRISP_{kind.upper()}_DIR" in caught.value.hint
    assert sandbox.stats()["requests"] == 0


def test_a_folder_may_be_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME" if os.name == "posix" else "USERPROFILE", str(tmp_path))
    monkeypatch.setenv("CRISP_CACHE_DIR", "~/mine")
    assert config.cache_dir() == tmp_path / "mine"


@pytest.mark.usefixtures("umask")
def test_files_are_private_and_keep_what_they_hold(tmp_path: Path) -> None:
    path = private_file(tmp_path / "new" / "file.sqlite")
    if os.name == "posix":
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    path.write_text("kept")
    assert private_file(path).read_text() == "kept"


# The day's quota of a token


def test_a_quota_comes_from_the_arguments_then_the_environment_then_the_keyring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = config.Credentials("kept-id", "kept-key", "plugin")
    config.store(config.Settings(token, quota=300))
    assert config.resolve().daily_limit == 300
    monkeypatch.setenv("CRISP_QUOTA", "400")
    assert config.resolve().daily_limit == 400
    assert config.resolve(quota=500).daily_limit == 500


def test_without_a_quota_the_tier_decides(store: Store) -> None:
    store("kept")
    assert config.resolve().daily_limit == config.DAILY_LIMITS["website"]


def test_the_quota_of_another_token_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRISP_IDENTIFIER", "other-id")
    monkeypatch.setenv("CRISP_KEY", "other-key")
    monkeypatch.setenv("CRISP_QUOTA", "400")
    assert config.resolve("given-id", "given-key").daily_limit == 5_000
    assert config.resolve().daily_limit == 400


@pytest.mark.parametrize("text", ["many", "-5", "1.5", "5e2"])
def test_a_quota_in_the_environment_is_a_number(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRISP_QUOTA", text)
    with pytest.raises(BadParameter, match="CRISP_QUOTA"):
        config.resolve("an-id", "a-key")


def test_a_certificate_file_that_is_missing_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="does not exist"):
        config.resolve("id", "key", "plugin", ca=str(tmp_path / "none.pem"))
