"""What becomes of one message, whatever the service does; the truth says how often it is there."""

import dataclasses
import os
import re
import sqlite3
import time

import msgspec
import pytest

import crisp_data as crisp
from crisp_data.errors import Offline, Untrusted
from crisp_data.local.process_lease import ProcessLease
from crisp_data.outbox.journal import Journal
from crisp_data.outbox.message_record import Entry
from crisp_data.rest.retry import RetryPolicy
from crisp_data.sandbox import Sandbox
from crisp_data.sandbox.server import Connection
from tests.rewritten import rewrite

from .conftest import LOOK, SEND, asked, contents, journal_of

TEXT = "Your parcel left this morning."

# What happens to the first answer, and whether the message is there after it.
LOST = {
    "drop before": ({"drop": "before"}, False),
    "drop after": ({"drop": "after"}, True),
    "truncate": ({"truncate": True}, True),
    "malformed": ({"malformed": True}, True),
    "500": ({"status": 500}, False),
    "503": ({"status": 503}, False),
    "504": ({"status": 504, "reason": "gateway_timeout"}, False),
    "408": ({"status": 408, "reason": "timeout"}, False),
    "409": ({"status": 409, "reason": "conflict"}, False),
    "420": ({"status": 420}, False),
    "423": ({"status": 423}, False),
    "429": ({"status": 429}, False),
    "429 with a time": ({"status": 429, "retry_after": 7}, False),
    "an error under 202": ({"status": 202, "reason": "oops"}, False),
}


@pytest.mark.parametrize("what", LOST)
def test_a_message_in_doubt_is_looked_up_and_sent_once(ws, sandbox, session_id, what):
    fault, done = LOST[what]
    sandbox.faults(operation=SEND, next=1, **fault)
    receipt = ws.send(session_id, TEXT)
    assert receipt.state == "sent"
    assert contents(sandbox)[TEXT] == 1
    assert asked(sandbox, LOOK) == 1
    assert asked(sandbox, SEND) == (1 if done else 2)
    (row,) = [row for row in sandbox.truth("messages") if row["content"] == TEXT]
    assert row["fingerprint"] == receipt.fingerprint
    assert ws.outbox.counts == dict.fromkeys(ws.outbox.counts, 0) | {"sent": 1}


def test_each_attempt_is_on_the_disk_before_it_is_made(ws, sandbox, session_id):
    """SQLite tells how it writes, at that moment: at NORMAL a crash of the machine undoes rows."""
    full = 2
    with journal_of(ws).connection() as db:  # the same one is given while the block lasts
        db.execute("CREATE TEMP TABLE attempt (tries, synchronous)")
        db.execute(
            "CREATE TEMP TRIGGER watch AFTER UPDATE OF tries ON main.message BEGIN "
            "INSERT INTO attempt SELECT NEW.tries, synchronous FROM pragma_synchronous "
            "WHERE schema = 'main'; END"
        )
        sandbox.faults(operation=SEND, next=2, drop="before")
        ws.send(session_id, TEXT)
        assert db.execute("SELECT * FROM attempt").fetchall() == [(1, full), (2, full), (3, full)]


def test_what_goes_well_costs_one_request(ws, sandbox, session_id):
    spent = sandbox.stats()["requests"]
    ws.send(session_id, TEXT)
    assert sandbox.stats()["requests"] == spent + 1


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "invalid_data", crisp.InvalidData),
        (401, "invalid_session", crisp.Unauthorized),
        (403, "not_allowed", crisp.Forbidden),
        (404, "not_subscribed", crisp.NotSubscribed),
        (404, "conversation_not_found", crisp.NotFound),
        (405, "method_not_allowed", crisp.MethodNotAllowed),
        (406, "domain_restricted", crisp.DomainRestricted),
        (422, "invalid_data", crisp.InvalidData),
    ],
)
def test_a_refusal_is_final_and_in_crisps_words(ws, sandbox, session_id, status, reason, kind):
    sandbox.faults(operation=SEND, next=1, status=status, reason=reason)
    with pytest.raises(kind):
        ws.send(session_id, TEXT)
    (row,) = journal_of(ws).rows()
    assert (row.state, row.body) == ("failed", None)
    assert row.refusal.startswith(f"{status} {reason}")
    ws.outbox.resume()
    assert asked(sandbox, SEND) == 1
    assert asked(sandbox, LOOK) == 0
    assert contents(sandbox)[TEXT] == 0


def test_what_never_left_is_queued_and_the_same_line_sends_it(ws, sandbox, session_id):
    sandbox.stop()
    with pytest.raises(crisp.Offline) as caught:
        ws.send(session_id, TEXT)
    assert "stays in the outbox" in caught.value.hint
    assert TEXT not in str(caught.value)
    (row,) = journal_of(ws).rows()
    assert (row.state, row.tried_at) == ("queued", None)


def test_a_message_that_went_is_never_queued_for_want_of_room_to_say_so(
    ws, sandbox, session_id, monkeypatch
):
    """The disk is full when the answer comes: it has gone all the same."""
    confirm, failed = Journal.confirm, []

    def once(*arguments, **options):
        if not failed:
            failed.append(True)
            raise crisp.CrispError("The disk is full.")
        confirm(*arguments, **options)

    monkeypatch.setattr(Journal, "confirm", once)
    with pytest.raises(crisp.CrispError, match="disk is full"):
        ws.send(session_id, TEXT)
    assert ws.outbox.counts["unknown"] == 1
    assert ws.outbox.resume()["state"].tolist() == ["sent"]
    assert (asked(sandbox, SEND), contents(sandbox)[TEXT]) == (1, 1)


@pytest.mark.parametrize("again", ["resume", "send"])
def test_a_queued_message_goes_later_without_a_look_up(ws, sandbox, session_id, again, monkeypatch):
    monkeypatch.setattr(
        ws.client._transport, "send", _raise(Untrusted("send: nobody proves who it is."))
    )
    with pytest.raises(Untrusted):
        ws.send(session_id, TEXT)
    assert ws.outbox.counts["queued"] == 1
    monkeypatch.undo()
    if again == "resume":
        assert ws.outbox.resume()["state"].tolist() == ["sent"]
    else:
        assert ws.send(session_id, TEXT).state == "sent"
    assert contents(sandbox)[TEXT] == 1
    assert asked(sandbox, LOOK) == 0
    assert sum(ws.outbox.counts.values()) == 1


def test_a_failing_look_up_leaves_it_unknown_and_nothing_is_sent_again(few, sandbox, session_id):
    sandbox.faults(operation=SEND, next=1, drop="after")
    sandbox.faults(operation=LOOK, drop="before")
    with pytest.raises(crisp.UnknownOutcome) as caught:
        few.send(session_id, TEXT)
    assert isinstance(caught.value.__cause__, Offline)
    assert "resume()" in str(caught.value)
    assert TEXT not in str(caught.value)
    assert few.outbox.counts["unknown"] == 1
    assert "1 unknown" in repr(few.outbox)
    with pytest.raises(crisp.UnknownOutcome):
        few.outbox.resume()
    assert asked(sandbox, SEND) == 1
    sandbox.faults()
    assert few.outbox.resume()["state"].tolist() == ["sent"]
    assert asked(sandbox, SEND) == 1
    assert contents(sandbox)[TEXT] == 1


@pytest.mark.parametrize("again", ["resume", "send"])
def test_an_unknown_message_that_crisp_does_not_have_goes_when_asked(
    few, sandbox, session_id, again
):
    sandbox.faults(operation=SEND, next=1, drop="before")
    sandbox.faults(operation=LOOK, status=403)
    with pytest.raises(crisp.UnknownOutcome):
        few.send(session_id, TEXT)
    sandbox.faults()
    if again == "resume":
        few.outbox.resume()
    else:
        few.send(session_id, TEXT)
    assert contents(sandbox)[TEXT] == 1
    assert sum(few.outbox.counts.values()) == 1


@pytest.mark.parametrize("reason", ["no such page", "not_subscribed"])
def test_a_404_that_is_not_about_the_message_says_nothing(few, sandbox, session_id, reason):
    sandbox.faults(operation=SEND, next=1, drop="after")
    sandbox.faults(operation=LOOK, next=1, status=404, reason=reason)
    with pytest.raises(crisp.UnknownOutcome):
        few.send(session_id, TEXT)
    assert contents(sandbox)[TEXT] == 1


def test_tries_come_to_an_end_and_it_is_queued_for_crisp_does_not_have_it(few, sandbox, session_id):
    sandbox.faults(operation=SEND, status=429)
    with pytest.raises(crisp.RateLimited) as caught:
        few.send(session_id, TEXT)
    assert "stays in the outbox" in caught.value.hint
    assert asked(sandbox, SEND) == few.client.retry.tries
    assert asked(sandbox, LOOK) == few.client.retry.tries
    assert few.outbox.counts["queued"] == 1
    sandbox.faults()
    few.outbox.resume()
    assert contents(sandbox)[TEXT] == 1


def test_a_lost_answer_is_given_time_and_a_limit_its_pause(sandbox, session_id):
    waits = []
    ws = crisp.connect(sandbox=sandbox, sleep=waits.append, retry=RetryPolicy(confirm_after=11.0))
    sandbox.faults(operation=SEND, next=1, drop="before")
    ws.send(session_id, TEXT)
    assert waits == [11.0]
    waits.clear()
    sandbox.faults(operation=SEND, next=1, status=429, retry_after=7)
    ws.send(session_id, "Another")
    assert waits == [7.0]


def test_what_arrives_while_one_waits_is_not_sent_again(sandbox, session_id):
    """A request may still be in the server's hands when its sender has given up or died."""
    late = []

    def sleep(_seconds):
        while late:
            late.pop()()

    ws = crisp.connect(sandbox=sandbox, sleep=sleep)
    entry = Entry.of(crisp.outgoing.Text(TEXT), session_id)
    row = journal_of(ws).trying(journal_of(ws).take(entry, 0.0))
    body = crisp.outgoing.Text(TEXT).body(row.fingerprint)
    late.append(
        lambda: ws.client.call(SEND, website_id=ws.website_id, session_id=session_id, json=body)
    )
    _die(ws, row)
    assert ws.outbox.resume()["state"].tolist() == ["sent"]
    assert not late
    assert contents(sandbox)[TEXT] == 1


@pytest.mark.reliability("clocks")
@pytest.mark.parametrize("ago", [0.0, 4.0, 1e6, -1e6])
def test_the_time_since_a_kill_counts(sandbox, session_id, ago):
    """Whatever the clock did meanwhile, nobody waits for longer than it takes to settle."""
    waits = []
    ws = crisp.connect(sandbox=sandbox, sleep=waits.append, retry=RetryPolicy(confirm_after=10.0))
    row = journal_of(ws).trying(journal_of(ws).take(_entry(session_id), 0.0))
    with journal_of(ws).connection() as db:
        db.execute("UPDATE message SET tried_at = ?", (time.time() - ago,))
    _die(ws, row)
    ws.outbox.resume()
    (wait,) = waits
    assert 0 <= wait <= 10.0
    assert abs(wait - min(10.0, max(0.0, 10.0 - ago))) < 2.0


def test_what_a_living_process_holds_is_left_to_it(ws, sandbox, session_id):
    row = journal_of(ws).take(_entry(session_id), 0.0)
    assert ws.outbox.resume().empty
    assert journal_of(ws).claim(row) is None
    assert asked(sandbox, SEND) == 0


def test_who_was_killed_before_the_first_byte_costs_no_look_up(ws, sandbox, session_id):
    _die(ws, journal_of(ws).take(_entry(session_id), 0.0))
    ws.outbox.resume()
    assert asked(sandbox, LOOK) == 0
    assert contents(sandbox)[TEXT] == 1


def test_one_of_two_claims_wins(ws, session_id):
    row = journal_of(ws).take(_entry(session_id), 0.0)
    _die(ws, row)
    (row,) = journal_of(ws).rows()
    assert row.free
    assert journal_of(ws).claim(row) is not None
    assert journal_of(ws).claim(row) is None


@pytest.mark.reliability("interrupts")
def test_an_interrupt_on_the_wire_is_looked_up_later(ws, sandbox, session_id, monkeypatch):
    attempt = ws.client._transport.send

    def interrupted(*arguments, **options):
        attempt(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(ws.client._transport, "send", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ws.send(session_id, TEXT)
    monkeypatch.undo()
    assert ws.outbox.counts["unknown"] == 1
    assert ws.outbox.resume()["state"].tolist() == ["sent"]
    assert contents(sandbox)[TEXT] == 1
    assert asked(sandbox, SEND) == 1


def test_a_spent_day_leaves_it_queued_and_its_hint_says_both(sandbox, session_id):
    ws = crisp.connect(sandbox=sandbox, quota=1, reserve_for_writes=0, sleep=lambda s: None)
    with pytest.raises(crisp.QuotaExceeded) as caught:
        ws.send(session_id, TEXT)
    assert "resets at" in caught.value.hint
    assert "ws.outbox.resume()" in caught.value.hint
    assert ws.outbox.counts["queued"] == 1
    assert asked(sandbox, SEND) == 0


def test_the_look_up_may_spend_what_is_kept_for_writes(sandbox, session_id):
    def sleep(seconds):
        assert seconds < 20, "it waits for the reset"

    ws = crisp.connect(
        sandbox=sandbox, quota=10, reserve_for_writes=0.5, sleep=sleep, on_quota="wait"
    )
    while ws.quota.left_for_reads:
        ws.client.call("count_visitors", website_id=ws.website_id, refresh=True)
    sandbox.faults(operation=SEND, next=1, drop="after")
    assert ws.send(session_id, TEXT).state == "sent"
    assert contents(sandbox)[TEXT] == 1


def test_a_day_that_crisp_closes_leaves_it_unknown(ws, sandbox, session_id):
    """429 with hours to wait: it is not known for sure, and nothing more may be asked today."""
    sandbox.faults(operation=SEND, next=1, status=429, retry_after=20_000)
    with pytest.raises(crisp.UnknownOutcome):
        ws.send(session_id, TEXT)
    ws.quota.reopen()
    assert ws.outbox.resume()["state"].tolist() == ["sent"]
    assert contents(sandbox)[TEXT] == 1


def test_what_a_killed_sender_made_stale_is_dropped(ws, sandbox, session_id, monkeypatch):
    before = len(ws.messages(session_id))
    row = journal_of(ws).trying(journal_of(ws).take(_entry(session_id), 0.0))
    monkeypatch.setattr(ws.client._cache, "drop", lambda path: None)  # the killed process did not
    ws.client.call(
        SEND,
        website_id=ws.website_id,
        session_id=session_id,
        json=crisp.outgoing.Text(TEXT).body(row.fingerprint),
    )
    monkeypatch.undo()
    assert len(ws.messages(session_id)) == before
    _die(ws, row)
    ws.outbox.resume()
    assert len(ws.messages(session_id)) == before + 1


def renumber(sandbox):
    """That a fingerprint of ours is kept is *stated* and not documented: the other reading."""
    answer = sandbox.respond

    def renumbered(request):
        numbered = re.sub(rb'"fingerprint": \d+', b'"fingerprint": 7', request.body or b"")
        return answer(dataclasses.replace(request, body=numbered))

    sandbox._server.respond = renumbered


def test_where_crisp_numbers_messages_itself_nothing_is_sent_on_a_guess(ws, sandbox, session_id):
    renumber(sandbox)
    with pytest.warns(crisp.CrispWarning, match="Crisp numbered it 7"):
        assert ws.send(session_id, TEXT).state == "sent"
    sandbox.faults(operation=SEND, next=1, drop="after")
    with pytest.raises(crisp.UnknownOutcome):
        ws.send(session_id, "Another")
    # Nor does a kernel that was started again, and has not seen the other number.
    with pytest.raises(crisp.UnknownOutcome):
        crisp.connect(sandbox=sandbox, sleep=lambda seconds: None).outbox.resume()
    assert contents(sandbox)["Another"] == 1


@pytest.mark.parametrize(
    "message", [TEXT, crisp.outgoing.File("a.pdf", "https://x.example/a.pdf", "application/pdf")]
)
def test_not_even_the_first_message_of_all(ws, sandbox, session_id, message):
    """No answer ever told whether Crisp keeps our numbers: the thread tells, for a request."""
    renumber(sandbox)
    before = len(sandbox.truth("messages"))
    sandbox.faults(operation=SEND, next=1, drop="after")
    with pytest.raises(crisp.UnknownOutcome):
        ws.send(session_id, message)
    assert len(sandbox.truth("messages")) == before + 1


@pytest.mark.reliability("clocks")
@pytest.mark.parametrize("hours", [0.2, 14, -14])
def test_nor_where_the_clock_is_hours_off(sandbox, session_id, hours):
    """As one is that was set by another time zone: what was sent seems older than its sending."""
    renumber(sandbox)
    ws = crisp.connect(
        sandbox=sandbox,
        now=lambda: sandbox.now.timestamp() + hours * 3600,
        sleep=lambda seconds: None,
        writes=True,
    )
    sandbox.faults(operation=SEND, next=1, drop="after")
    with pytest.raises(crisp.UnknownOutcome):
        ws.send(session_id, TEXT)
    assert contents(sandbox)[TEXT] == 1


ODD_TIMES = [None, "yesterday", {}, 10**30, 10**16, -1]


@pytest.mark.parametrize("timestamp", ODD_TIMES)
def test_nor_where_messages_have_no_time(ws, sandbox, session_id, timestamp):
    renumber(sandbox)
    numbered = sandbox._server.respond
    sandbox.respond = numbered
    rewrite(sandbox, "/messages", lambda all: [one | {"timestamp": timestamp} for one in all])
    sandbox.faults(operation=SEND, next=1, drop="after")
    with pytest.raises(crisp.UnknownOutcome):
        ws.send(session_id, TEXT)
    assert contents(sandbox)[TEXT] == 1


@pytest.mark.parametrize("timestamp", ODD_TIMES)
def test_a_time_that_is_none_never_enters_the_outbox(ws, sandbox, session_id, timestamp):
    """In it, it would have ended each look at the outbox from then on."""
    rewrite(sandbox, "/message/", lambda found: found | {"timestamp": timestamp})
    sandbox.faults(operation=SEND, next=1, drop="after")
    receipt = ws.send(session_id, TEXT)
    assert abs(receipt.sent_at.timestamp() - sandbox.now.timestamp()) < 60
    assert ws.outbox.frame()["sent_at"].tolist() == [receipt.sent_at]


def test_the_thread_is_read_until_one_answer_has_told(ws, sandbox, session_id):
    for text, reads in (("One", 1), ("Two", 1)):
        sandbox.faults(operation=SEND, next=1, drop="before")
        assert ws.send(session_id, text).state == "sent"
        assert asked(sandbox, "get_messages_in_conversation") == reads
        assert contents(sandbox)[text] == 1


def test_a_broken_encryption_may_hide_an_answer(monkeypatch):
    """Only a certificate is refused before the request is; other TLS errors may come after it."""
    with Sandbox(seed=1, conversations=20, tls=True) as sandbox:
        ws = crisp.connect(sandbox=sandbox, sleep=lambda seconds: None)
        session_id, spent = sandbox.truth("conversations")[0]["session_id"], ws.quota.used

        def broken(connection):
            """Do the work, and write on the socket what is no TLS."""
            write = connection.wfile.write
            connection.wfile.write = lambda data: os.write(connection.connection.fileno(), data)
            Connection._respond(connection)
            connection.wfile.write, connection.close_connection = write, True
            monkeypatch.undo()

        monkeypatch.setattr(Connection, "do_POST", broken)
        assert ws.send(session_id, TEXT).state == "sent"
        assert contents(sandbox)[TEXT] == 1
        assert (asked(sandbox, SEND), asked(sandbox, LOOK)) == (1, 1)
        assert ws.quota.used == spent + 2


@pytest.mark.reliability("disks")
@pytest.mark.parametrize("again", ["resume", "send"])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize(
    "error",
    [sqlite3.OperationalError("database or disk is full"), crisp.FileTrouble("The disk is full.")],
)
def test_a_full_disk_sends_nothing_twice(ws, sandbox, session_id, again, times, error):
    """What went when it filled up is held by this very process, which has nothing in hand."""
    journal, left = journal_of(ws), times
    confirm = journal.confirm

    def full(*arguments, **options):
        nonlocal left
        left -= 1
        if left >= 0:
            raise error
        confirm(*arguments, **options)

    journal.confirm = full
    with pytest.raises(crisp.UnknownOutcome, match="disk is full"):
        ws.send(session_id, TEXT)
    journal.confirm = confirm
    assert ws.outbox.left() == 1
    if again == "resume":
        assert ws.outbox.resume()["state"].tolist() == ["sent"]
    else:
        assert ws.send(session_id, TEXT).state == "sent"
    assert contents(sandbox)[TEXT] == 1
    assert (asked(sandbox, SEND), asked(sandbox, LOOK)) == (1, 1)


@pytest.mark.parametrize("where", ["here", "on another machine"])
def test_the_same_line_beside_a_living_sender_sends_nothing(ws, sandbox, session_id, where):
    """A container that was killed has another name when it comes again: it may live."""
    row = journal_of(ws).take(_entry(session_id), 0.0)
    if where != "here":
        other = msgspec.structs.replace(ProcessLease.this(time.time()), host="another")
        _hold(ws, row, other)
    with pytest.raises(crisp.UnknownOutcome, match="is being sent"):
        ws.send(session_id, TEXT)
    assert asked(sandbox, SEND) == 0
    assert sum(ws.outbox.counts.values()) == 1
    ws.send(session_id, "Another text")
    if where != "here":
        _hold(ws, row, msgspec.structs.replace(other, until=time.time() - 1))
        ws.send(session_id, TEXT)
        ws.outbox.resume()
        assert contents(sandbox)[TEXT] == 1


@pytest.mark.reliability("clocks")
def test_a_clock_that_is_set_right_kills_nobody():
    """Where only the clock tells, moments of birth are reckoned from it, in whole seconds."""
    writer = msgspec.structs.replace(ProcessLease.this(time.time()), ticks=None)
    assert msgspec.structs.replace(writer, born=writer.born - 1).alive(time.time())
    assert not msgspec.structs.replace(writer, born=writer.born - 5).alive(time.time())


def test_what_was_in_doubt_before_does_not_hold_up_the_others(few, sandbox):
    first, second, third = (row["session_id"] for row in sandbox.truth("conversations")[:3])
    sandbox.faults(operation=SEND, next=1, drop="after")
    sandbox.faults(operation=LOOK, status=403)
    with pytest.raises(crisp.UnknownOutcome):
        few.send(first, TEXT)
    sandbox.faults()
    journal_of(few).queue("b", [_entry(one) for one in (second, first, third)], 2e9)
    sandbox.faults(operation=LOOK, status=403)
    with pytest.raises(crisp.UnknownOutcome) as caught:
        few.outbox.resume()
    states = caught.value.partial["state"].tolist()
    assert states == ["unknown", "sent", "queued", "sent"], "its own conversation waits"
    assert contents(sandbox)[TEXT] == 3


def test_what_comes_after_all_tries_is_found(few, sandbox, session_id):
    sandbox.faults(operation=SEND, status=504, reason="gateway_timeout")
    with pytest.raises(crisp.ServerError):
        few.send(session_id, TEXT)
    (row,) = journal_of(few).rows()
    assert row.state == "queued"
    sandbox.faults()
    body = crisp.outgoing.Text(TEXT).body(row.fingerprint)
    few.client.call(SEND, website_id=few.website_id, session_id=session_id, json=body)  # late
    assert few.send(session_id, TEXT).state == "sent"
    assert contents(sandbox)[TEXT] == 1


def test_what_was_cancelled_meanwhile_is_no_error(ws, sandbox):
    ids = [row["session_id"] for row in sandbox.truth("conversations")[:4]]
    journal_of(ws).queue("b", [_entry(one) for one in ids], 0.0)
    other = crisp.connect(sandbox=sandbox)
    resumed = ws.outbox.resume(progress=lambda done, of: done == 2 and other.outbox.cancel())
    assert resumed["state"].tolist() == ["sent", "sent"]
    assert contents(sandbox)[TEXT] == 2


def test_half_a_character_is_written_down_as_it_is_sent(ws, session_id):
    assert ws.send(session_id, "Cut: \ud83d").state == "sent"


@pytest.mark.parametrize("before", [True, False])
def test_an_error_that_nobody_knows_is_looked_up(ws, sandbox, session_id, monkeypatch, before):
    """The cache may be what fails, after the message has gone."""
    call = ws.client.call

    def failing(operation, **arguments):
        if not before:
            call(operation, **arguments)
        monkeypatch.undo()
        raise crisp.CrispError("The file of the cache cannot be written.")

    monkeypatch.setattr(ws.client, "call", failing)
    assert ws.send(session_id, TEXT).state == "sent"
    assert contents(sandbox)[TEXT] == 1
    assert asked(sandbox, LOOK) == 1


def _entry(session_id, text=TEXT):
    return Entry.of(crisp.outgoing.Text(text), session_id)


def _die(ws, row):
    """Let the holder of a message be a process that is gone."""
    _hold(ws, row, msgspec.structs.replace(ProcessLease.this(time.time()), pid=2**22 + 1))


def _hold(ws, row, writer):
    with journal_of(ws).connection() as db:
        db.execute(
            "UPDATE message SET owner = ? WHERE fingerprint = ?",
            (msgspec.json.encode(writer).decode(), row.fingerprint),
        )


def _raise(error):
    def fail(*_, **__):
        raise error

    return fail
