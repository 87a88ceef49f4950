"""The command line, run as a user runs it."""

import json
import signal
import subprocess
import sys

import keyring
import keyring.backend
import pandas as pd
import pytest
import requests
from click.testing import CliRunner
from keyring.backends import null

import crisp_data as crisp
from crisp_data.cli import main
from crisp_data.sandbox import Sandbox


@pytest.fixture
def run():
    return lambda *arguments, **options: CliRunner().invoke(main, arguments, **options)


@pytest.fixture
def token(sandbox, monkeypatch):
    for name in ("identifier", "key", "tier", "website_id"):
        monkeypatch.setenv(f"CRISP_{name.upper()}", getattr(sandbox, name))
    monkeypatch.setenv("CRISP_BASE_URL", sandbox.url)


def test_demo(run, tmp_path):
    done = run("demo", "-o", str(tmp_path / "demo"), "--conversations", "80")
    assert done.exit_code == 0, done.output
    assert "80 conversations" in done.output
    assert "requests used today" in done.output
    conversations = crisp.read(tmp_path / "demo" / "conversations.parquet")
    with Sandbox(seed=1, conversations=80) as sandbox:
        assert set(conversations["session_id"]) == {
            row["session_id"] for row in sandbox.truth("conversations")
        }
        assert len(crisp.read(tmp_path / "demo" / "messages.parquet")) == len(
            sandbox.truth("messages")
        )
    names = {path.name for path in (tmp_path / "demo").iterdir()}
    assert names == {
        "conversations.csv",
        "conversations.parquet",
        "messages.csv",
        "messages.parquet",
        "chart.png",
    }


@pytest.mark.needs("interrupts")
def test_sandbox_prints_one_line_and_serves_until_interrupted():
    command = [sys.executable, "-m", "crisp_data", "sandbox", "--conversations", "25"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            card = json.loads(process.stdout.readline())
            assert set(card) == {"url", "host", "identifier", "key", "tier", "website_id"}
            answer = requests.get(
                f"{card['url']}website/{card['website_id']}",
                auth=(card["identifier"], card["key"]),
                headers={"X-Crisp-Tier": card["tier"]},
                timeout=60,
            )
            assert answer.json()["error"] is False
            process.send_signal(signal.SIGINT)
            assert process.wait(60) in (0, 130)
            assert process.stdout.read() == ""
        finally:
            process.kill()  # where the test failed, it would serve for ever


def test_a_port_in_use_is_said(run, sandbox):
    port = sandbox.host.rpartition(":")[2]
    done = run("sandbox", "--port", port)
    assert done.exit_code == 1
    assert "--port 0" in done.output


def test_export(run, token, sandbox, tmp_path):
    path = tmp_path / "resolved.csv"
    done = run(
        "export", "conversations", "--state", "resolved", "--tz", "Europe/Paris", "-o", str(path)
    )
    assert done.exit_code == 0, done.output
    assert "requests spent" in done.output
    frame = crisp.read(path, "conversations")
    wanted = [r["session_id"] for r in sandbox.truth("conversations") if r["state"] == "resolved"]
    assert list(frame["session_id"]) == wanted
    assert "+02:00" in path.read_text("utf-8")


def test_one_row_has_the_right_ending(run, token, tmp_path):
    done = run("export", "conversations", "--limit", "1", "-o", str(tmp_path / "one.csv"))
    assert "one.csv: 1 conversation, " in done.output


@pytest.mark.parametrize(
    "table", ["people", "operators", "visitors", "inboxes", "campaigns", "websites", "messages"]
)
def test_export_tables(run, token, table, tmp_path):
    path = tmp_path / f"{table}.parquet"
    done = run("export", table, "-o", str(path))
    assert done.exit_code == 0, done.output
    assert isinstance(crisp.read(path), pd.DataFrame)


@pytest.mark.parametrize("key", [None, "a key of the tests"])
def test_export_private(run, token, sandbox, tmp_path, monkeypatch, key):
    if key:
        monkeypatch.setenv("CRISP_PRIVACY_KEY", key)
    frames = {}
    for table in ("conversations", "messages"):
        path = tmp_path / f"{table}.parquet"
        done = run("export", table, "--private", "-o", str(path))
        assert done.exit_code == 0, done.output
        assert ("CRISP_PRIVACY_KEY" if key else "random") in done.output
        frames[table] = crisp.read(path)
        text = frames[table].to_csv()
        for row in sandbox.truth("conversations"):
            assert row["session_id"] not in text
            assert not row["meta"].get("email") or row["meta"]["email"] not in text
    joined = set(frames["messages"]["session_id"]) == set(frames["conversations"]["session_id"])
    assert joined == bool(key)


def test_transcripts(run, token, sandbox, tmp_path):
    page, pieces = tmp_path / "all.html", tmp_path / "pieces"
    done = run("transcripts", "--state", "resolved", "--limit", "5", "-o", str(page))
    assert done.exit_code == 0, done.output
    assert "5 conversations, " in done.output
    names = {row["meta"].get("nickname") for row in sandbox.truth("conversations")}
    assert sum(name in page.read_text("utf-8") for name in names if name) > 0
    arguments = ("--limit", "5", "--private", "--format", "jsonl", "-o", str(pieces))
    assert run("transcripts", *arguments).exit_code == 0
    assert len(list(pieces.iterdir())) == 5
    written = "".join(path.read_text("utf-8") for path in pieces.iterdir())
    assert not [name for name in names if name and name.strip() in written]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("export", "people", "--state", "resolved", "-o", "x.csv"), 2, "does not take --state"),
        (("export", "people", "-o", "x.docx"), 2, ".parquet"),
        (("export", "people", "-o", "nowhere/x.csv"), 2, "folder"),
        (("export", "people", "--since", "soon", "-o", "x.csv"), 2, "7 days ago"),
        (("export", "people", "--quota", "1", "-o", "x.csv"), 3, "resets at"),
        (("export", "nothing", "-o", "x.csv"), 2, "conversations"),
        (("transcripts", "-o", "x.docx"), 2, ".jsonl"),
        (("transcripts", "-o", "x.md", "--format", "html"), 2, "does not fit the format"),
    ],
)
def test_exit_codes(run, token, sandbox, arguments, code, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert done.exit_code == code
    assert words in done.output
    assert not list(tmp_path.glob("x.*"))
    assert sandbox.stats()["requests"] == (code == 3)  # bad usage is found before any request


def test_no_token_teaches(run):
    done = run("whoami")
    assert done.exit_code == 1
    assert "crisp-data login" in done.output


def test_no_answer(run, token, sandbox, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    sandbox.stop()
    assert run("whoami").exit_code == 4


def test_whoami_quota_and_cache(run, token, sandbox):
    shown = run("whoami").output
    assert "Acme" in shown
    assert sandbox.key not in shown
    used = sandbox.stats()["requests"]
    assert f"{used} of 5,000 requests used" in run("quota").output
    assert sandbox.stats()["requests"] == used
    assert ".sqlite" in run("cache", "info").output
    assert "1 cache emptied" in run("cache", "clear", "--yes").output
    assert f"{used} of 5,000" in run("quota").output
    run("whoami")
    assert sandbox.stats()["requests"] == used + 1


def test_quota_is_reopened(run, token, sandbox, tmp_path):
    run("whoami")
    sandbox.faults(operation="list_website_operators", status=429, retry_after=9_999, next=1)
    export = ("export", "operators", "-o", str(tmp_path / "operators.csv"))
    refused = run(*export)
    assert refused.exit_code == 3
    assert "--reopen" in refused.output
    assert "429 rate_limited" in run("quota").output
    assert run(*export).exit_code == 3
    assert "429" not in run("quota", "--reopen").output
    assert run(*export).exit_code == 0


def test_export_waits_for_the_reset(run, token, sandbox, tmp_path, monkeypatch):
    """The command's own ledger follows the clock of this machine; so the wait is watched."""
    waited = []
    monkeypatch.setattr(
        "crisp_data.quota.wait_for_reset.Reset.wait", lambda self: waited.append(stop(self))
    )

    def stop(reset):
        reset.ledger.limit = 1_000  # a day on which there is more
        return reset.ledger.opens_in()

    done = run("export", "conversations", "--quota", "2", "--wait", "-o", str(tmp_path / "all.csv"))
    assert done.exit_code == 0, done.output
    assert len(crisp.read(tmp_path / "all.csv", "conversations")) == 120
    assert waited == [0]


def test_login_and_logout(run, sandbox, monkeypatch):
    entries: dict[tuple[str, str], str] = {}
    monkeypatch.setattr("keyring.set_password", lambda s, u, p: entries.__setitem__((s, u), p))
    monkeypatch.setattr("keyring.get_password", lambda s, u: entries.get((s, u)))
    monkeypatch.setattr("keyring.delete_password", lambda s, u: entries.pop((s, u)))
    login = (
        "login",
        "--identifier",
        sandbox.identifier,
        "--tier",
        "plugin",
        "--website",
        sandbox.website_id,
        "--base-url",
        sandbox.url,
        "--key-stdin",
    )
    refused = run(*login, input="wrong\n")
    assert refused.exit_code == 1
    assert not entries
    done = run(*login, "--quota", "500", input=f"{sandbox.key}\n")
    assert done.exit_code == 0, done.output
    assert sandbox.key not in done.output
    monkeypatch.setenv("CRISP_BASE_URL", sandbox.url)
    assert "of 500 requests" in run("whoami").output
    assert "of 600 requests" in run("whoami", "--quota", "600").output
    assert "Removed" in run("logout", "--base-url", sandbox.url).output
    assert not entries


def test_login_without_a_keyring(run, sandbox):
    done = run(
        "login",
        "--identifier",
        sandbox.identifier,
        "--tier",
        "plugin",
        "--website",
        sandbox.website_id,
        "--base-url",
        sandbox.url,
        "--key-stdin",
        input=f"{sandbox.key}\n",
    )
    assert done.exit_code in (0, 1)
    if done.exit_code:
        assert "CRISP_KEY" in done.output


def test_schema(run):
    shown = run("schema", "messages").output
    for name in ("fingerprint", "content", "timestamp", "datetime64[ms, UTC]"):
        assert name in shown


def test_help_teaches(run):
    for command in ((), ("export",), ("sandbox",), ("login",), ("cache", "clear")):
        done = run(*command, "--help")
        assert done.exit_code == 0
        assert len(done.output.splitlines()) > 4


def test_sync_and_what_an_archive_holds(run, token, sandbox, tmp_path):
    shelf = str(tmp_path / "acme")
    done = run("sync", shelf, "--since", "2026-10-20", "--also", "people")
    assert done.exit_code == 0, done.output
    requests_spent = sandbox.stats()["requests"]
    assert f"{requests_spent - 1:,} requests spent" in done.output  # but for the website's name
    again = run("sync", shelf)
    assert "0 conversations and 0 messages new or changed, 0 gone, 1 request spent" in again.output
    info = run("archive", "info", shelf)
    assert "2026-10-20" in info.output
    assert "people" in info.output
    before = sandbox.stats()["requests"]
    for table in ("conversations", "messages", "people"):
        path = tmp_path / f"{table}.parquet"
        done = run("export", table, "--archive", shelf, "-o", str(path), "--tz", "Asia/Tokyo")
        assert done.exit_code == 0, done.output
        expected = getattr(crisp.Archive(shelf, tz="Asia/Tokyo"), table)()
        pd.testing.assert_frame_equal(crisp.read(path), expected)
    assert sandbox.stats()["requests"] == before
    for wrong in (["websites"], ["conversations", "--search", "x"], ["people", "--limit", "3"]):
        refused = run("export", *wrong, "--archive", shelf, "-o", str(tmp_path / "x.csv"))
        assert refused.exit_code == 2


def test_forget_asks_first(run, token, tmp_path):
    shelf = str(tmp_path / "acme")
    run("sync", shelf)
    email = crisp.Archive(shelf).conversations()["email"].dropna().iloc[0]
    assert run("archive", "forget", shelf, "--email", email, input="n\n").exit_code == 1
    assert email in set(crisp.Archive(shelf).conversations()["email"])
    done = run("archive", "forget", shelf, "--email", email, "--yes")
    assert done.exit_code == 0, done.output
    assert email not in done.output
    assert email not in set(crisp.Archive(shelf).conversations()["email"])


def test_a_sync_until_done_outlasts_what_passes(run, token, sandbox, tmp_path, monkeypatch):
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    sandbox.faults(operation="list_conversations", status=503, next=20)
    shelf = str(tmp_path / "acme")
    assert run("sync", shelf, "--since", "2026-10-30").exit_code == 1
    done = run("sync", shelf, "--since", "2026-10-30", "--until-done")
    assert done.exit_code == 0, done.output
    assert pauses.count(15.0) == 1
    assert "Trying again in 15 s." in done.output


def test_ctrl_c_has_an_exit_code_of_its_own(run, token, tmp_path, monkeypatch):
    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(crisp.Archive, "sync", interrupted)
    assert run("sync", str(tmp_path / "acme")).exit_code == 130


def test_help_is_said_whole(run):
    """Click cuts what is longer than a line of a list."""
    groups = [[], *([name] for name, one in main.commands.items() if hasattr(one, "commands"))]
    for group in groups:
        assert "..." not in run(*group, "--help").output.partition("Commands:")[2], group


@pytest.mark.parametrize(
    "command",
    [
        ["demo", "-o", "{file}"],
        ["sync", "{file}", "--sandbox"],
        ["archive", "info", "{file}"],
        ["archive", "info", "{nothing}"],
        ["sandbox", "--conversations", "-1"],
        ["sandbox", "--batch-size", "0"],
        ["sandbox", "--port", "99999"],
        ["demo", "--conversations", "0"],
    ],
)
def test_a_mistake_is_one_message(run, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    places = {"file": tmp_path / "file", "nothing": tmp_path / "nothing"}
    places["file"].write_text("something else")
    done = run(*(word.format(**places) for word in command))
    assert done.exit_code in (1, 2)
    assert isinstance(done.exception, SystemExit)
    assert "Error: " in done.output
    assert places["file"].read_text() == "something else"


@pytest.mark.reliability("disks")
def test_a_disk_that_fails_is_one_message(run, token, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device", str(tmp_path / "x.csv"))

    monkeypatch.setattr("crisp_data.export.write", full)
    done = run("export", "operators", "-o", str(tmp_path / "x.csv"))
    assert done.exit_code == 1
    assert done.output == f"Error: {tmp_path / 'x.csv'}: No space left on device.\n"


class Forgets(keyring.backend.KeyringBackend):
    """A keyring for one test."""

    priority = 1

    def __init__(self):
        self.stored = {}

    def get_password(self, service, username):
        return self.stored.get((service, username))

    def set_password(self, service, username, password):
        self.stored[service, username] = password

    def delete_password(self, service, username):
        del self.stored[service, username]


@pytest.fixture
def ring():
    before, memory = keyring.get_keyring(), Forgets()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


def log_in(run, sandbox, **options):
    arguments = ["--identifier", sandbox.identifier, "--tier", sandbox.tier.capitalize()]
    arguments += ["--website", sandbox.website_id, "--base-url", sandbox.url, "--key-stdin"]
    return run("login", *arguments, input=f"{sandbox.key}\r\n", **options)


def test_what_login_stores_logout_removes(run, sandbox, ring, monkeypatch):
    done = log_in(run, sandbox)
    assert (done.exit_code, done.output) == (0, "Stored. The token reads Acme.\n")
    monkeypatch.setenv("CRISP_BASE_URL", sandbox.url)
    assert "Acme" in run("whoami").output
    assert run("logout").output == "Removed.\n"
    assert ring.stored == {}
    assert run("logout").output == "No token was stored.\n"


def test_login_and_logout_do_not_believe_a_keyring_that_is_switched_off(run, sandbox):
    keyring.set_keyring(null.Keyring())
    done = log_in(run, sandbox)
    assert done.exit_code == 1
    assert "did not store the key" in done.output
    assert "CRISP_KEY" in done.output
    assert run("logout", "--base-url", sandbox.url).output == "No token was stored.\n"


def test_a_keyring_that_cannot_be_imported_is_no_traceback(run, monkeypatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no_such_module.Keyring")
    monkeypatch.setattr("keyring.core._keyring_backend", None)
    for command in ("whoami", "logout"):
        done = run(command)
        assert isinstance(done.exception, SystemExit), done.exception
        assert "keyring" in done.output
