"""One answer has bounds: bytes as they come and unpacked, seconds, depth; it is not asked twice."""

import gzip
import subprocess
import sys
import time
import tracemalloc
import zlib

import pytest

import crisp_data as crisp
from crisp_data import errors
from crisp_data.errors import AnswerTooDeep, AnswerTooLarge, AnswerTooSlow
from tests.rest.loopback import BODY, WEBSITE, Loopback, whole

pytestmark = pytest.mark.reliability("servers")

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
MEGABYTE = b"10000\r\n" + b" " * 65_536 + b"\r\n"


def first(answer):
    """Let the first request meet an answer, and every later one a whole one."""

    def either(connection, number):
        if number == 1:
            answer(connection)
        connection.sendall(whole())

    return either


def endless(start, again):
    def answer(connection):
        connection.sendall(start)
        while True:  # until the client hangs up
            connection.sendall(again)

    return first(answer)


ENDLESS = {
    "length": (HEAD + b"Content-Length: 99999999999\r\n\r\n", b" " * 65_536),
    "no length": (HEAD + b"\r\n", b" " * 65_536),
    "chunks": (CHUNKED + b"\r\n", MEGABYTE),
    "one chunk": (CHUNKED + b"\r\nfffffffff\r\n", b" " * 65_536),
    "trailers": (CHUNKED + b"\r\n0\r\n", b"X-More: and more\r\n" * 4_000),
    "before the answer": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 4_000),
    "packed nothing": (
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10],
        b"\x00\x00\x00\xff\xff" * 16_000,
    ),
}


@pytest.mark.parametrize(("start", "again"), ENDLESS.values(), ids=ENDLESS)
def test_an_endless_answer_is_given_up_and_not_asked_for_again(start, again):
    with Loopback(endless(start, again)) as server:
        client = server.client(max_bytes=1_000_000)
        with pytest.raises(AnswerTooLarge, match=r"count_visitors: .*1,000,000 bytes") as caught:
            server.read(client)
        assert "max_bytes" in caught.value.hint
        assert isinstance(caught.value, crisp.BadAnswer)
        assert server.closed.wait(60)
        assert len(server.requests) == client.quota.used == 1
        # The connection was not used again: what is still on it is no answer.
        assert server.read(client) == {"count": 7}
        assert (len(server.requests), server.connections) == (2, 2)


def packed(megabytes, wbits):
    """Pack so many megabytes of blanks around JSON, piece by piece."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    pieces = [packer.compress(BODY[:-1])]
    pieces += [packer.compress(b" " * 1_000_000) for _ in range(megabytes)]
    return b"".join([*pieces, packer.compress(b"}"), packer.flush()])


PACKED = {
    "gzip": ("gzip", 31, 1),
    "deflate": ("deflate", 15, 1),
    "raw deflate": ("deflate", -15, 1),
    "twice": ("gzip, gzip", 31, 2),
}


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunks"])
@pytest.mark.parametrize(("encoding", "wbits", "times"), PACKED.values(), ids=PACKED)
def test_what_unpacks_to_too_much_is_given_up_within_little_memory(encoding, wbits, times, chunked):
    body = packed(40, wbits)
    for _ in range(times - 1):
        body = gzip.compress(body)
    header = f"Content-Encoding: {encoding}"
    answer = whole(body, header)
    if chunked:
        answer = CHUNKED + header.encode() + b"\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    with Loopback(first(lambda connection: connection.sendall(answer))) as server:
        client = server.client(max_bytes=1_000_000)
        tracemalloc.start()
        try:
            with pytest.raises(AnswerTooLarge, match="1,000,000 bytes"):
                server.read(client)
            assert tracemalloc.get_traced_memory()[1] < 12_000_000
        finally:
            tracemalloc.stop()
        assert len(server.requests) == 1
        assert server.read(client) == {"count": 7}


@pytest.mark.parametrize(("encoding", "wbits", "times"), PACKED.values(), ids=PACKED)
def test_what_unpacks_to_less_is_read(encoding, wbits, times):
    body = packed(1, wbits)
    for _ in range(times - 1):
        body = gzip.compress(body)
    answer = whole(body, f"Content-Encoding: {encoding}")
    with Loopback(lambda connection, number: connection.sendall(answer)) as server:
        client = server.client(max_bytes=1_100_000)
        assert server.read(client) == server.read(client) == {"count": 7}
        assert (len(server.requests), server.connections) == (2, 1)


BOMB = """
import resource, sys
from tests.rest.loopback import Loopback
from crisp_data.errors import AnswerTooLarge
from pathlib import Path
answer = Path(sys.argv[1]).read_bytes()
with Loopback(lambda connection, number: connection.sendall(answer)) as server:
    client = server.client()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        server.read(client)
    except AnswerTooLarge:
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(len(server.requests), (after - before) // (1 if sys.platform == "linux" else 1024))
"""


@pytest.mark.slow
@pytest.mark.needs("posix")
def test_an_expansion_to_450_megabytes_ends_within_200(tmp_path):
    """With the bounds as they are set, in a process of its own."""
    (tmp_path / "answer").write_bytes(whole(packed(450, 31), "Content-Encoding: gzip"))
    run = subprocess.run(
        [sys.executable, "-c", BOMB, str(tmp_path / "answer")],
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )
    requests, kilobytes = map(int, run.stdout.split())
    assert requests == 1
    assert kilobytes < 200_000


# Seconds


SLOW = {
    "status": (b"", b"H"),
    "header": (HEAD + b"X-Slow: ", b"a"),
    "before the answer": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": (HEAD + b"Content-Length: 99999\r\n\r\n{", b" "),
    "no length": (HEAD + b"\r\n{", b" "),
    "chunk size": (CHUNKED + b"\r\n", b"0"),
    "chunk": (CHUNKED + b"\r\nffff\r\n{", b" "),
    "chunks": (CHUNKED + b"\r\n", b"1\r\n \r\n"),
    "packed": (HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00"),
}


@pytest.mark.parametrize(("start", "again"), SLOW.values(), ids=SLOW)
def test_a_byte_at_a_time_is_given_up_and_not_asked_for_again(start, again):
    """Each byte comes soon enough; the whole of them does not."""

    def answer(connection, number):
        connection.sendall(start)
        while not server.stop.wait(0.02):
            connection.sendall(again)

    with Loopback(answer) as server:
        client = server.client(max_seconds=0.3)
        with pytest.raises(AnswerTooSlow, match=r"count_visitors: .*0\.3 seconds") as caught:
            server.read(client)
        assert "max_seconds" in caught.value.hint
        assert server.closed.wait(60)  # which the client did
        assert len(server.requests) == client.quota.used == 1


@pytest.mark.parametrize("start", [b"", HEAD, HEAD + b"Content-Length: 9\r\n\r\n{"])
def test_silence_is_given_up_too(start):
    def answer(connection, number):
        connection.sendall(start)
        server.stop.wait()

    with Loopback(answer) as server:
        with pytest.raises(AnswerTooSlow):
            server.read(server.client(max_seconds=0.3))
        assert len(server.requests) == 1


def test_the_seconds_are_for_one_answer_and_leave_no_trace_on_its_connection():
    """A bound shorter than the wait for one byte is set on the socket: it must not stay there."""
    timeouts = []
    with Loopback(lambda connection, number: connection.sendall(whole())) as server:
        client = server.client(max_seconds=20)
        for _ in range(3):
            assert server.read(client) == {"count": 7}
            pool = next(
                iter(client._transport._adapter.get().poolmanager.pools._container.values())
            )
            connection = pool._get_conn()
            timeouts.append(connection.sock.gettimeout())
            pool._put_conn(connection)
        assert server.connections == 1
    assert timeouts == [30.0] * 3


# Depth


def nested(levels):
    """An answer of so many levels, its own included."""
    return BODY.replace(b"7", b"[" * (levels - 2) + b"]" * (levels - 2))


@pytest.mark.parametrize("bound", [None, 7, 500])
def test_the_depth_is_exact(bound):
    levels = bound or 100
    answers = [whole(nested(levels)), whole(nested(levels + 1))]
    with Loopback(lambda connection, number: connection.sendall(answers[number - 1])) as server:
        client = server.client(max_depth=bound)
        assert server.read(client)["count"] is not None
        with pytest.raises(AnswerTooDeep, match=f"more than {levels} levels") as caught:
            server.read(client)
        assert "max_depth" in caught.value.hint
        assert len(server.requests) == 2


def test_a_million_levels_are_given_up():
    body = BODY.replace(b"7", b"[" * 1_000_000)
    with Loopback(lambda connection, number: connection.sendall(whole(body))) as server:
        with pytest.raises(AnswerTooDeep):
            server.read(server.client())
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [102, 103])
@pytest.mark.parametrize("pause", [0, 0.1])
def test_a_word_before_the_answer_is_not_the_answer(status, pause):
    """Taken for one, it leaves the answer on its connection, where the next request meets it."""

    def answer(connection, number):
        connection.sendall(f"HTTP/1.1 {status} Wait\r\nLink: </a.css>\r\n\r\n".encode())
        time.sleep(pause)
        connection.sendall(whole(BODY.replace(b"7", str(number).encode())))

    with Loopback(answer) as server:
        client = server.client(writes=True)
        for number in (1, 2):
            written = client.call("create_new_conversation", website_id=WEBSITE)
            assert written == {"count": number}
        assert server.read(client) == {"count": 3}
        assert len(server.requests) == 3
        assert server.connections == 1


def test_an_error_page_of_a_proxy_is_a_failure_of_its_status():
    page = b"<script>" + b'[{"' * 5_000 + b"</script>"
    answer = whole(page).replace(b"200 OK", b"502 Bad Gateway")
    with Loopback(lambda connection, number: connection.sendall(answer)) as server:
        with pytest.raises(crisp.ServerError):
            server.read(server.client())
        assert len(server.requests) == 8


# Writes, cut answers, settings


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (whole(b" " * 2_000_000 + BODY), AnswerTooLarge),
        (whole(nested(101)), AnswerTooDeep),
        (b"", AnswerTooSlow),
    ],
)
def test_a_write_with_such_an_answer_may_have_been_done(answer, kind):
    def answering(connection, number):
        connection.sendall(answer)
        if not answer:
            server.stop.wait()

    with Loopback(answering) as server:
        seconds = 60 if answer else 0.3
        client = server.client(writes=True, max_bytes=1_000_000, max_seconds=seconds)
        with pytest.raises(kind, match="It may have been carried out") as caught:
            client.call("create_new_conversation", website_id=WEBSITE)
        assert "again" not in str(caught.value)
        assert len(server.requests) == 1


def test_a_cut_answer_is_still_asked_for_again():
    def answer(connection, number):
        connection.sendall(whole() if number == 3 else whole()[:-9])
        connection.shutdown(2) if number < 3 else None

    with Loopback(answer) as server:
        assert server.read(server.client()) == {"count": 7}
        assert len(server.requests) == 3


def test_the_environment_sets_the_bounds(monkeypatch):
    monkeypatch.setenv("CRISP_MAX_DEPTH", "5")
    with Loopback(lambda connection, number: connection.sendall(whole(nested(6)))) as server:
        with pytest.raises(AnswerTooDeep, match="more than 5 levels"):
            server.read(server.client())
        assert server.read(server.client(max_depth=6))["count"] is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_bytes", 0),
        ("max_bytes", -1),
        ("max_bytes", 1e6),
        ("max_bytes", True),
        ("max_seconds", 0),
        ("max_seconds", float("nan")),
        ("max_seconds", "9"),
        ("max_depth", 0),
        ("max_depth", 501),
        ("max_depth", 9.0),
    ],
)
def test_a_bound_that_is_none_is_refused_before_anything_is_sent(sandbox, name, value):
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter, match=name):
        crisp.connect(sandbox=sandbox, **{name: value})
    assert sandbox.stats()["requests"] == before


@pytest.mark.parametrize("text", ["many", "1e6", "-1"])
def test_a_bound_of_the_environment_that_is_none_is_refused(sandbox, monkeypatch, text):
    monkeypatch.setenv("CRISP_MAX_BYTES", text)
    with pytest.raises(crisp.BadParameter, match=r"(?i)max_bytes"):
        crisp.connect(sandbox=sandbox)


def test_the_bounds_have_one_error_each_and_one_name_for_all():
    kinds = {AnswerTooLarge, AnswerTooSlow, AnswerTooDeep}
    assert set(errors.AnswerOutOfBounds.__subclasses__()) == kinds
