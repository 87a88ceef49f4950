"""The key in tracebacks that print variables: every frame of every error, and what hangs on it."""

import base64
import contextlib
import copy
import http.client
import io
import logging
import pickle
import socket
import ssl
import traceback

import keyring.errors
import pytest
import requests
from IPython.core.ultratb import VerboseTB
from urllib3 import Timeout
from urllib3.exceptions import HTTPError

import crisp_data as crisp
from crisp_data import config
from crisp_data.forms import login
from crisp_data.rest import transport
from crisp_data.rest.retry import RetryPolicy
from crisp_data.sandbox import Sandbox
from crisp_data.secret import Secret, hide, reveal

READ = "count_visitors"
IDENTIFIER = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def served():
    """A sandbox that most tests only read from."""
    with Sandbox(seed=1, conversations=3) as box:
        yield box


def connect(box, **options):
    """Open a workspace by address and key, as on the live service; it never waits."""
    token = {"identifier": box.identifier, "key": box.key} | options
    return crisp.connect(box.website_id, base_url=box.url, **{"sleep": lambda s: None} | token)


def secrets_of(identifier, key):
    pair = base64.b64encode(f"{identifier}:{key}".encode()).decode()
    # Also the beginnings: what is cut is shown in part.
    return [key, key[:16], pair, pair[-24:]]


def family(error, found=None):
    """The error and all that it came of, hidden or not."""
    found = [] if found is None else found
    if error is not None and not any(error is one for one in found):
        found.append(error)
        family(error.__cause__, found)
        family(error.__context__, found)
    return found


def frames_of(error):
    """The frames of product and libraries; the test's own hold the key by their nature."""
    for one in family(error):
        for frame, line in traceback.walk_tb(one.__traceback__):
            if frame.f_code.co_filename != __file__:
                yield one, frame, line


def shown(error):
    """What each tool prints of an error, by its name."""
    steps = [(frame, line) for _, frame, line in frames_of(error)]
    summary = traceback.StackSummary.extract(iter(steps), capture_locals=True)
    yield "capture_locals", "".join(summary.format())
    # Also what a debugger looks up in them.
    values = [value for frame, _ in steps for value in frame.f_locals.values()]
    for value in values:
        yield "locals", f"{value} {value!r}"
        with contextlib.suppress(TypeError):
            yield "vars", repr(vars(value))
    for one in family(error):
        yield "error", "".join(traceback.format_exception(one)) + repr(one) + repr(vars(one))
        assert not hasattr(one, "request")
        assert not hasattr(one, "response")
        assert not isinstance(one, (requests.RequestException, HTTPError))
    tb = error.__traceback__
    while tb is not None and tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    if tb is not None:
        yield "IPython", VerboseTB(include_vars=True).text(type(error), error, tb)
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.handle(
        logging.LogRecord("n", 40, "p", 1, "m", None, (type(error), error, error.__traceback__))
    )
    yield "logging", log.getvalue()


def check(error, identifier, key):
    tools = set()
    for tool, text in shown(error):
        tools.add(tool)
        for secret in secrets_of(identifier, key):
            assert secret not in text, (tool, text)
    assert {"capture_locals", "locals", "IPython", "error"} <= tools


def test_rich_shows_no_key(served):
    console, tracebacks = pytest.importorskip("rich.console"), pytest.importorskip("rich.traceback")
    with pytest.raises(crisp.Unauthorized) as caught:
        connect(served, identifier=IDENTIFIER)
    error, tb = caught.value, caught.value.__traceback__
    while tb.tb_frame.f_code.co_filename == __file__:
        tb = tb.tb_next
    text = io.StringIO()
    made = tracebacks.Traceback.from_exception(
        type(error), error, tb, show_locals=True, locals_max_string=200, locals_max_length=100
    )
    console.Console(file=text, width=250).print(made)
    assert "locals" in text.getvalue()
    for secret in secrets_of(IDENTIFIER, served.key):
        assert secret not in text.getvalue()


FAULTS = {
    "400": {"status": 400, "reason": "invalid_data"},
    "404": {"status": 404, "reason": "not_found"},
    "429": {"status": 429},
    "a spent day": {"status": 429, "retry_after": 9_999},
    "503": {"status": 503},
    "no JSON": {"malformed": True},
    "half of it": {"truncate": True},
    "no answer": {"drop": "before"},
}


@pytest.mark.parametrize("what", FAULTS)
@pytest.mark.parametrize("operation", [READ, "create_new_conversation"])
def test_no_frame_shows_the_key_of_an_answer_that_fails(served, what, operation):
    ws = connect(served, writes=True, retry=RetryPolicy(tries=2))
    served.faults(operation=operation, **FAULTS[what])
    try:
        with pytest.raises(crisp.CrispError) as caught:
            ws.client.call(operation, website_id=ws.website_id)
    finally:
        served.faults()
    check(caught.value, served.identifier, served.key)


def test_nor_of_threads_that_are_read_side_by_side(served):
    ws = connect(served, workers=2)
    conversations = ws.conversations()
    served.faults(operation="get_messages_in_conversation", status=403, reason="not_allowed")
    try:
        with pytest.raises(crisp.Forbidden) as caught:
            ws.messages(conversations)
    finally:
        served.faults()
    check(caught.value, served.identifier, served.key)


def test_nor_of_a_token_that_is_refused(served):
    with pytest.raises(crisp.Unauthorized) as caught:
        connect(served, identifier=IDENTIFIER, key="0f" * 32)
    check(caught.value, IDENTIFIER, "0f" * 32)


def test_nor_of_a_website_that_there_is_not(served):
    token = {"identifier": served.identifier, "key": served.key}
    with pytest.raises(crisp.BadParameter) as caught:
        crisp.connect("Nobody", base_url=served.url, **token)
    check(caught.value, *token.values())


def test_nor_where_nobody_listens():
    with socket.socket() as taken:  # bound and not listening: every connection is refused
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(crisp.Unreachable) as caught:
            crisp.connect(
                IDENTIFIER,
                identifier=IDENTIFIER,
                key="0f" * 32,
                base_url=f"http://127.0.0.1:{taken.getsockname()[1]}",
                sleep=lambda seconds: None,
            )
    check(caught.value, IDENTIFIER, "0f" * 32)


def test_nor_is_the_password_of_a_proxy_shown(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pa55word@{address}")
        with pytest.raises(crisp.ProxyFailed) as caught:
            crisp.connect(
                IDENTIFIER,
                identifier=IDENTIFIER,
                key="0f" * 32,
                base_url="https://crisp.example/v1",
                sleep=lambda seconds: None,
            )
    check(caught.value, IDENTIFIER, "0f" * 32)
    # (urllib3's pools know it, which no tool prints.)
    assert not any("pa55word" in text for tool, text in shown(caught.value) if tool != "vars")


def test_nor_of_a_certificate_that_is_not_trusted():
    with Sandbox(seed=1, conversations=3, tls=True) as box:
        with pytest.raises(crisp.Offline) as caught:
            connect(box)
        check(caught.value, box.identifier, box.key)


def test_nor_of_an_answer_that_takes_too_long(served, monkeypatch):
    ws = connect(served, retry=RetryPolicy(tries=1))
    monkeypatch.setattr(transport, "_TIMEOUT", Timeout(connect=5.0, read=0.05))
    served.faults(operation=READ, latency_ms=400, next=1)
    with pytest.raises(crisp.Offline, match="lost") as caught:
        ws.client.call(READ, website_id=ws.website_id)
    check(caught.value, served.identifier, served.key)


ENDS = [KeyboardInterrupt(), MemoryError(), ssl.SSLError("broken"), RuntimeError("a bug")]


@pytest.mark.parametrize("place", ["send", "getresponse"])
@pytest.mark.parametrize("raised", ENDS, ids=lambda one: type(one).__name__)
def test_nor_of_what_ends_a_request_within_the_library(served, monkeypatch, place, raised):
    """There the request stands as plain bytes, so the frames from there on are cut off."""
    ws = connect(served, retry=RetryPolicy(tries=1))

    def ends(connection, *arguments, **options):
        raise raised

    monkeypatch.setattr(http.client.HTTPConnection, place, ends)
    with pytest.raises((crisp.Offline, type(raised))) as caught:
        ws.client.call(READ, website_id=ws.website_id)
    check(caught.value, served.identifier, served.key)
    files = [frame.f_code.co_filename for _, frame, _ in frames_of(caught.value)]
    assert files
    assert not any("urllib3" in path for path in files)


def test_a_tool_that_walks_the_frames_would_find_a_key(served):
    """The check of these tests can fail: with a plain text in a frame it does."""

    code = compile("def run(held): raise error", "elsewhere.py", "exec")
    space = {"error": crisp.BadAnswer("Something.")}
    exec(code, space)
    with pytest.raises(crisp.BadAnswer) as caught:
        space["run"]({"Authorization": served.key})
    with pytest.raises(AssertionError, match="capture_locals"):
        check(caught.value, served.identifier, served.key)


BAD = {
    "tier": {"tier": "nonsense"},
    "base_url": {"base_url": "http://crisp.example/v1"},
    "ca": {"ca": "/no/such/file"},
    "zone": {"tz": "Nowhere/Nowhere"},
    "workers": {"workers": 0},
    "on_quota": {"on_quota": "hope"},
    "no identifier": {"identifier": None},
    "bytes": {"key": b"0f" * 32},
    "half a character": {"key": "0f" * 32 + "\ud83d"},
    "unknown": {"no_such_option": 1},
}


@pytest.mark.parametrize("where", ["argument", "environment"])
@pytest.mark.parametrize("what", BAD)
def test_a_refused_argument_shows_no_key(monkeypatch, what, where):
    key = "0f" * 32
    options = {"identifier": IDENTIFIER, "key": key, "base_url": "http://127.0.0.1:9"} | BAD[what]
    if where == "environment":
        if isinstance(options["key"], bytes) or "\ud83d" in options["key"]:
            pytest.skip("no variable of the environment holds such a thing")
        monkeypatch.setenv("CRISP_KEY", options.pop("key"))
    with pytest.raises((crisp.CrispError, TypeError)) as caught:
        crisp.connect("11111111-2222-4333-8444-666666666666", **options)
    if what in ("bytes", "half a character"):
        assert isinstance(caught.value, crisp.BadParameter)
    check(caught.value, IDENTIFIER, key)


def test_nor_does_the_form_that_asks_for_it(served):
    errors = []
    form = login.Login(crisp.connect, base_url=served.url)
    form.fail = errors.append
    form.identifier.value, form.key.value = IDENTIFIER, "0f" * 32
    form.open.click()
    assert form.runner.join(20)
    (error,) = errors
    assert isinstance(error, crisp.Unauthorized)
    check(error, IDENTIFIER, "0f" * 32)
    form.close()


@pytest.mark.parametrize("kind", [keyring.errors.PasswordSetError, OSError])
def test_a_keyring_that_fails_shows_no_key(monkeypatch, kind):
    """Its own frames hold what it was to store."""

    def refuse(service, name, password):
        raise kind(f"no {password}")

    monkeypatch.setattr("keyring.set_password", refuse)
    with pytest.raises(crisp.CrispError, match="no keyring") as caught:
        config.store(config.resolve(IDENTIFIER, "0f" * 32))
    check(caught.value, IDENTIFIER, "0f" * 32)


# What holds it


def test_what_sends_shows_no_secret(served):
    ws = connect(served)
    ws.operators()
    wire = ws.client._transport
    for thing in (wire, wire._headers, vars(wire), vars(ws.client), vars(ws.client._cache)):
        text = f"{thing!r} {thing}"
        assert len(text) < 20_000
        for secret in secrets_of(served.identifier, served.key):
            assert secret not in text


def test_a_secret_shows_nothing_whatever_prints_it():
    key = Secret("0f" * 32)
    for text in (
        str(key), repr(key), f"{key}", f"{key!r:>90}", f"{key:>90}",
        f"{key}", str([key]), repr(key[:20]), str({"a": key}), repr(copy.copy(key)),
        repr(copy.deepcopy([key])),
    ):  # fmt: skip
        assert "0f0f" not in text
    printed = io.StringIO()
    print(key, file=printed)
    assert "0f0f" not in printed.getvalue()
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="cannot be pickled"):
            pickle.dumps(key, protocol)


def test_but_it_is_the_text_that_is_sent_and_compared():
    key = Secret("0f" * 32)
    assert key == "0f" * 32
    assert key.encode() == b"0f" * 32
    assert type(reveal(key)) is str
    assert reveal(key) == "0f" * 32
    assert hide(None) is None
    assert hide(key) is key
    assert not hide(b"0f").is_text
    assert not hide("\ud83d").is_text


@pytest.mark.parametrize("status", [200, 400, 403, 404, 502])
def test_what_a_proxy_repeats_of_the_request_is_in_no_error(status):
    with Sandbox(seed=1, conversations=1) as box:
        ws = connect(box)
        pair = base64.b64encode(f"{box.identifier}:{box.key}".encode()).decode()
        words = f"not for {box.key}, Basic {pair}, jo@acme.example"
        box.faults(status=status, reason=words)
        with pytest.raises(crisp.ApiError) as caught:
            ws.client.call(READ, website_id=ws.website_id)
    assert caught.value.reason == "not for (hidden), Basic (hidden), (an e-mail address)"
    for name, text in [("error", repr(caught.value) + str(caught.value)), *shown(caught.value)]:
        for secret in [*secrets_of(box.identifier, box.key), "jo@acme"]:
            assert secret not in text, name
