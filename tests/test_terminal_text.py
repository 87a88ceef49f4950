"""Foreign text on its way to a terminal: through names, reasons, errors, reprs and commands."""

import dataclasses
import json
import pickle
import re
import warnings
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import crisp_data as crisp
from crisp_data import errors
from crisp_data.cli import main
from crisp_data.outbox import Outbox
from crisp_data.outbox.message_record import Entry
from crisp_data.outgoing import Text
from crisp_data.quota.ledger_file import LedgerFile
from crisp_data.terminal_text import printable, printable_lines

# A colour, a window's title, the C1 form of both, an override, line breaks, and half an emoji.
EVIL = "Ac\x1b[31mme\x1b]0;owned\x07 \x9b2J\u202e\u2067\r\nError: all lost\u2028\x00\x7f\ud83d"
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text, lines=None):
    found = UNSAFE.search(text)
    assert not found, ascii(text)
    assert "\nError: all lost" not in text
    if lines is not None:
        assert text.count("\n") == lines - 1


@given(st.text(st.characters()))
def test_nothing_stays_that_a_terminal_obeys(text):
    harmless(printable(text), lines=1)
    assert not UNSAFE.search(printable_lines(text).replace("\t", ""))
    assert printable(printable(text)) == printable(text)
    assert printable_lines(text).count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "Acme",
        "Łódź – Çağrı",
        "日本語のサイト",
        "עברית\u200f",
        "می\u200cخواهم",
        "👩\u200d👩\u200d👧 🏴",
        "a\u00a0b",
    ],
)
def test_what_people_write_stays_as_it_is(text):
    assert printable(text) == text


def renamed(sandbox, name):
    """Let the website be called by another name."""
    real = sandbox._server.respond

    def respond(request):
        reply = real(request)
        if request.method != "GET" or reply.status != 200:
            return reply
        body = json.loads(reply.body)
        if isinstance(body["data"], dict) and "domain" in body["data"]:
            body["data"]["name"] = name
        return dataclasses.replace(reply, body=json.dumps(body).encode())

    sandbox._server.respond = respond


def refusing(sandbox, reason, status=404, message="", method="GET"):
    """Let the sandbox refuse with any reason."""
    body = {"error": True, "reason": reason, "data": {"message": message}}
    real = sandbox._server.respond

    def respond(request):
        reply = real(request)
        if request.method != method:
            return reply
        return dataclasses.replace(reply, status=status, body=json.dumps(body).encode())

    sandbox._server.respond = respond


def test_a_websites_name(sandbox):
    renamed(sandbox, EVIL)
    ws = crisp.connect(sandbox=sandbox, sleep=lambda seconds: None)
    session_id = sandbox.truth("conversations")[0]["session_id"]
    harmless(ws.name, lines=1)
    assert "Ac" in ws.name
    receipt = ws.send(session_id, "Hello")
    for one in (ws, ws.outbox, receipt, ws.quota, ws.client, ws.compose(), ws.explore()):
        harmless(repr(one))
    harmless(repr(ws.outbox), lines=1)
    harmless(repr(receipt), lines=1)
    harmless(repr(ws), lines=6)
    harmless(repr(Outbox(ws.client, ws.website_id, EVIL)), lines=1)
    ws.close()


def test_a_websites_name_in_the_choice_of_websites(sandbox):
    renamed(sandbox, EVIL)
    token = {"identifier": sandbox.identifier, "key": sandbox.key, "base_url": sandbox.url}
    with pytest.raises(crisp.BadParameter, match="Choose one") as caught:
        crisp.connect("Nobody", **token)
    harmless(str(caught.value), lines=2)


def test_crisps_reason_in_errors(sandbox, ws):
    refusing(sandbox, EVIL)
    with pytest.raises(crisp.NotFound) as caught:
        ws.client.call("count_visitors", website_id=ws.website_id)
    error = caught.value
    harmless(str(error), lines=2)
    for text in (error.reason, error.what, repr(error), str(pickle.loads(pickle.dumps(error)))):
        harmless(text)
    assert error.reason.startswith(r"Ac\x1b[31mme")


@pytest.mark.parametrize("status", [400, 403])
def test_crisps_detail_in_errors(sandbox, ws, status):
    refusing(sandbox, "invalid_data", status, EVIL)
    with pytest.raises(crisp.ApiError) as caught:
        ws.client.call("count_visitors", website_id=ws.website_id)
    harmless(str(caught.value), lines=2)
    assert r"\x9b2J" in caught.value.detail


def test_a_reason_without_end_is_cut(sandbox, ws):
    refusing(sandbox, "no" * 100_000)
    with pytest.raises(crisp.NotFound) as caught:
        ws.client.call("count_visitors", website_id=ws.website_id)
    assert len(str(caught.value)) < 3_000


def test_crisps_reason_in_the_outbox(sandbox, ws):
    refusing(sandbox, EVIL, status=400, method="POST")
    with pytest.raises(crisp.InvalidData) as caught:
        ws.send(sandbox.truth("conversations")[0]["session_id"], "Hello")
    harmless(str(caught.value), lines=2)
    (reason,) = ws.outbox.frame()["reason"]
    harmless(reason, lines=1)


def test_crisps_reason_in_the_ledger(sandbox, ws):
    refusing(sandbox, EVIL, status=429, method="POST")
    real = sandbox._server.respond
    sandbox._server.respond = lambda request: dataclasses.replace(
        real(request), headers=(("Retry-After", "9999"),)
    )
    with pytest.raises(crisp.QuotaExceeded) as caught:
        ws.client.call("create_new_conversation", website_id=ws.website_id)
    for text in (str(caught.value), repr(ws.quota), ws.quota.refusal):
        harmless(text)


def test_also_one_that_an_earlier_version_wrote_down(folder):
    file = LedgerFile(folder / "quota.sqlite", "account")
    file.close("2026-11-02", EVIL.rstrip("\ud83d"))
    harmless(file.closed("2026-11-02"), lines=1)


@pytest.mark.parametrize("kind", [errors.CrispError, errors.Offline, errors.BadParameter])
def test_every_error_is_safe_whatever_was_put_into_it(kind):
    error = kind(f"The website {EVIL} is gone.", f"Choose {EVIL}.")
    harmless(str(error), lines=2)
    harmless(error.what, lines=1)
    error.hint = EVIL
    harmless(str(error), lines=2)


def test_so_is_every_warning():
    with pytest.warns(crisp.CrispWarning) as caught:
        warnings.warn(f"The batch {EVIL} has been sent.", crisp.CrispWarning, stacklevel=1)
    harmless(warnings.formatwarning(caught[0].message, crisp.CrispWarning, "f", 1, ""), lines=2)


@pytest.fixture
def token(sandbox, monkeypatch):
    for name in ("identifier", "key", "tier", "website_id"):
        monkeypatch.setenv(f"CRISP_{name.upper()}", getattr(sandbox, name))
    monkeypatch.setenv("CRISP_BASE_URL", sandbox.url)


def run(*arguments, **options):
    done = CliRunner().invoke(main, arguments, **options)
    return done, done.output + done.stderr


@pytest.mark.parametrize(
    "command", [["whoami"], ["outbox", "resume"], ["outbox", "cancel"], ["outbox", "list"]]
)
def test_commands_show_a_name_and_obey_none(sandbox, token, command):
    renamed(sandbox, EVIL)
    ws = crisp.connect(writes=True)
    entry = Entry.of(Text("Hello"), sandbox.truth("conversations")[0]["session_id"])
    ws.outbox._journal.queue(EVIL.rstrip("\ud83d"), [entry], ws.client.now())
    done, text = run(*command, input="n\n")
    assert done.exit_code in (0, 1), text
    assert r"Ac\x1b[31mme" in text
    harmless(text)


def test_commands_show_a_reason_and_obey_none(sandbox, token, folder):
    refusing(sandbox, EVIL)
    done, text = run("export", "operators", "-o", str(folder / "a.csv"))
    assert done.exit_code == 1
    assert text.startswith("Error: get_website was refused")
    harmless(text)


def test_commands_write_to_the_terminal_in_one_place_only():
    for path in Path(main.callback.__code__.co_filename).parent.glob("*.py"):
        if path.name != "output.py":
            text = path.read_text("utf-8")
            assert not re.search(r"click\.(echo|secho|confirm|echo_via_pager)\(", text), path
            assert not re.search(r"\bprint\(", text), path
