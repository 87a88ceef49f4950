"""What an analyst changes beside messages, as the truth has it afterwards."""

from uuid import UUID

import numpy as np
import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data.outgoing import Note, Text
from crisp_data.sandbox import Sandbox
from tests.outbox.conftest import SEND, asked, contents
from tests.rewritten import rewrite


def of(sandbox, session_id):
    return next(r for r in sandbox.truth("conversations") if r["session_id"] == session_id)


def messages(sandbox, session_id):
    return [row for row in sandbox.truth("messages") if row["session_id"] == session_id]


def test_a_receipt_says_what_went_where(ws, sandbox, session_id):
    receipt = ws.send(session_id, "Hello")
    (row,) = [row for row in messages(sandbox, session_id) if row["content"] == "Hello"]
    assert receipt.fingerprint == row["fingerprint"]
    assert (receipt.session_id, receipt.state, receipt.website) == (session_id, "sent", "Acme")
    assert receipt.sent_at.tz is not None
    assert abs(receipt.sent_at.timestamp() * 1000 - row["timestamp"]) < 1000
    assert "Acme" in repr(receipt)
    assert "Hello" not in repr(receipt) + receipt._repr_html_()


def test_options_are_the_messages_own(ws, sandbox, session_id):
    ws.send(session_id, "Hello", nickname="Ada", automated=True, properties={"campaign": 7})
    ws.send(session_id, Note("For us"), nickname="Ada")
    hello, note = [r for r in messages(sandbox, session_id) if r["content"] in ("Hello", "For us")]
    assert hello["user"]["nickname"] == note["user"]["nickname"] == "Ada"
    assert (hello["automated"], hello["properties"]) == (True, {"campaign": 7})
    assert (hello["type"], note["type"]) == ("text", "note")
    assert {hello["from"], note["from"]} == {"operator"}


@pytest.mark.parametrize(
    ("session_id", "message", "options"),
    [
        ("session_a", "", {}),
        ("session_a", "  ", {}),
        ("session_a", "\N{ZERO WIDTH SPACE}\N{VARIATION SELECTOR-16}", {}),
        ("session_a", "\n", {}),
        ("session_a", 7, {}),
        ("session_a", "Hello", {"nikname": "Ada"}),
        ("session_a", "Hello", {"origin": "smoke"}),
        ("nonsense", "Hello", {}),
        (None, "Hello", {}),
    ],
)
def test_what_cannot_be_sent_is_not_even_written_down(ws, sandbox, session_id, message, options):
    spent = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter):
        ws.send(session_id, message, **options)
    assert sandbox.stats()["requests"] == spent
    assert sum(ws.outbox.counts.values()) == 0


def test_the_same_text_twice_is_two_messages_where_both_are_meant(ws, sandbox, session_id):
    ws.send(session_id, "Hello")
    ws.send(session_id, "Hello")
    assert contents(sandbox)["Hello"] == 2


def test_edit_and_delete(ws, sandbox, session_id):
    frame = ws.messages(session_id)  # and the cache forgets it
    receipt = ws.send(session_id, "See you on Mondya")
    ws.edit(session_id, np.int64(receipt.fingerprint), "See you on Monday")
    assert contents(sandbox)["See you on Monday"] == 1
    ws.edit(session_id, receipt.fingerprint, Text("See you"))
    assert ws.messages(session_id)["content"].iloc[-1] == "See you"
    ws.delete(session_id, receipt.fingerprint)
    assert contents(sandbox)["See you"] == 0
    assert len(ws.messages(session_id)) == len(frame)


@pytest.mark.parametrize(
    "number",
    ["abc", "7", None, True, 1.5, pd.NA, float("nan"), float("inf"), [1], pd.Series([1, 2])],
)
def test_a_fingerprint_is_a_number(ws, sandbox, session_id, number):
    spent = sandbox.stats()["requests"]
    for change in (ws.delete, lambda *one: ws.edit(*one, "Hello")):
        with pytest.raises(crisp.BadParameter):
            change(session_id, number)
    assert sandbox.stats()["requests"] == spent


def test_a_negative_fingerprint_is_one(ws, sandbox, session_id):
    """Crisp's own documentation has one in an example."""
    number = -163_408_807
    for sender in ("user", "operator"):
        body = {"type": "text", "from": sender, "origin": "chat", "content": "Hello"}
        where = {"website_id": ws.website_id, "session_id": session_id}
        ws.client.call(SEND, json={**body, "fingerprint": number}, **where)
        ws.mark_read(session_id, [number])
        ws.edit(session_id, np.int64(number), "Good morning")
        (row,) = (r for r in messages(sandbox, session_id) if r["fingerprint"] == number)
        assert (row["content"], bool(row["read"])) == ("Good morning", sender == "user")
        ws.delete(session_id, number)
        assert number not in {r["fingerprint"] for r in messages(sandbox, session_id)}


def test_mark_read(ws, sandbox):
    row = next(row for row in sandbox.truth("conversations") if row["unread"]["operator"])
    ws.mark_read(row["session_id"])
    assert of(sandbox, row["session_id"])["unread"]["operator"] == 0
    assert all(r["read"] for r in messages(sandbox, row["session_id"]) if r["from"] == "user")


def test_mark_one_read(ws, sandbox, session_id):
    def unread(session_id):
        rows = messages(sandbox, session_id)
        return [r["fingerprint"] for r in rows if r["from"] == "user" and not r["read"]]

    for text in ("One", "Two"):
        body = {"type": "text", "from": "user", "origin": "chat", "content": text}
        where = {"website_id": ws.website_id, "session_id": session_id}
        ws.client.call(SEND, json=body, **where)
    first, *rest = unread(session_id)
    assert rest
    ws.mark_read(session_id, [first])
    assert unread(session_id) == rest


@pytest.mark.parametrize("state", ["pending", "unresolved", "resolved"])
def test_set_state(ws, sandbox, session_id, state):
    ws.set_state(session_id, state)
    assert of(sandbox, session_id)["state"] == state


def test_assign(ws, sandbox, session_id):
    user_id = ws.operators()["user_id"][0]
    ws.assign(session_id, user_id)
    assert of(sandbox, session_id)["assigned"]["user_id"] == user_id
    ws.assign(session_id, None)
    assert of(sandbox, session_id)["assigned"] is None


def test_segments_are_added_to_what_crisp_has_now(ws, sandbox, session_id):
    metas = ws.client.call(
        "get_conversation_metas", website_id=ws.website_id, session_id=session_id
    )
    other = crisp.connect(sandbox=sandbox, cache=False)
    other.add_segments(session_id, ["theirs"])
    spent = sandbox.stats()["requests"]
    expected = [*metas["segments"], "theirs", "ours"]
    assert ws.add_segments(session_id, ["ours", "theirs"]) == expected
    assert of(sandbox, session_id)["meta"]["segments"] == expected
    assert sandbox.stats()["requests"] == spent + 2
    assert ws.add_segments(session_id, "ours") == expected
    assert sandbox.stats()["requests"] == spent + 3


@pytest.mark.parametrize("data", [None, [], {"segments": 5}, {"segments": "vip"}])
def test_no_segments_are_added_to_what_cannot_be_read(ws, sandbox, session_id, data):
    """Crisp replaces the whole list: what was not understood would be lost."""
    rewrite(sandbox, "/meta", lambda found: data)
    with pytest.raises(crisp.BadAnswer):
        ws.add_segments(session_id, "new")
    assert asked(sandbox, "update_conversation_metas") == 0


@pytest.mark.parametrize("data", [None, {}, "session_1"])
def test_a_conversation_without_an_id_is_refused(ws, sandbox, data):
    rewrite(sandbox, "/conversation", lambda found: data)
    with pytest.raises(crisp.BadAnswer):
        ws.start_conversation()


def test_start_conversation(ws, sandbox):
    session_id = ws.start_conversation(nickname="Ada", email="ada@acme.example", segments=["vip"])
    meta = of(sandbox, session_id)["meta"]
    assert (meta["nickname"], meta["email"]) == ("Ada", "ada@acme.example")
    assert meta["segments"] == ["vip"]
    spent = sandbox.stats()["requests"]
    ws.start_conversation()
    assert sandbox.stats()["requests"] == spent + 1
    single = ws.start_conversation(segments="vip")
    assert of(sandbox, single)["meta"]["segments"] == ["vip"], "no list of letters"


def test_a_conversation_that_was_begun_by_half_is_named(ws, sandbox):
    known = {row["session_id"] for row in sandbox.truth("conversations")}
    sandbox.faults(operation="update_conversation_metas", next=1, status=403, reason="not_allowed")
    with pytest.raises(crisp.Forbidden) as caught:
        ws.start_conversation(nickname="Ada")
    (made,) = {row["session_id"] for row in sandbox.truth("conversations")} - known
    assert made in caught.value.__notes__[0]


CHANGES = {
    "send": lambda ws, one: ws.send(one, "Hello"),
    "edit": lambda ws, one: ws.edit(one, 7, "Hello"),
    "delete": lambda ws, one: ws.delete(one, 7),
    "mark_read": lambda ws, one: ws.mark_read(one),
    "set_state": lambda ws, one: ws.set_state(one, "resolved"),
    "assign": lambda ws, one: ws.assign(one, str(UUID(int=7))),
    "add_segments": lambda ws, one: ws.add_segments(one, "vip"),
    "start_conversation": lambda ws, one: ws.start_conversation(nickname="Ada"),
    "send_many": lambda ws, one: ws.send_many(
        pd.DataFrame({"session_id": [one]}), template="Hello", confirm=True
    ),
    "resume": lambda ws, one: ws.outbox.resume(),
}


@pytest.fixture(scope="module")
def reader():
    with Sandbox(conversations=20) as sandbox:
        yield sandbox, crisp.connect(sandbox=sandbox, writes=False)


@pytest.mark.parametrize("what", CHANGES)
def test_a_connection_that_only_reads_asks_for_nothing(reader, what):
    sandbox, ws = reader
    one, spent = sandbox.truth("conversations")[0]["session_id"], sandbox.stats()["requests"]
    with pytest.raises(crisp.ReadOnly, match="connect\\(writes=True\\)"):
        CHANGES[what](ws, one)
    assert sandbox.stats()["requests"] == spent
    assert sum(ws.outbox.counts.values()) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda ws, one: ws.set_state(one, "closed"),
        lambda ws, one: ws.set_state(one, None),
        lambda ws, one: ws.assign(one, ""),
        lambda ws, one: ws.assign(one, 7),
        lambda ws, one: ws.assign(one, "Ada"),
        lambda ws, one: ws.assign(one, pd.Series(["Ada", "Ben"])),
        lambda ws, one: ws.set_state(one, pd.Series(["resolved", "pending"])),
        lambda ws, one: ws.edit(one, 7, " \N{WORD JOINER}"),
        lambda ws, one: ws.add_segments(one, 7),
        lambda ws, one: ws.add_segments(one, None),
        lambda ws, one: ws.add_segments(one, "half \ud83d"),
        lambda ws, one: ws.start_conversation(nickname="half \ud83d"),
        lambda ws, one: ws.start_conversation(nickname=" "),
        lambda ws, one: ws.start_conversation(email="half\ud83d@acme.example"),
        lambda ws, one: ws.add_segments(one, []),
        lambda ws, one: ws.add_segments(one, ["vip", " "]),
        lambda ws, one: ws.add_segments("nonsense", "vip"),
        lambda ws, one: ws.mark_read(one, ["a"]),
        lambda ws, one: ws.mark_read(None),
        lambda ws, one: ws.mark_read(one, 7),
        lambda ws, one: ws.mark_read(one, "7"),
        lambda ws, one: ws.mark_read(one, []),
        lambda ws, one: ws.start_conversation(nickname=float("nan")),
        lambda ws, one: ws.start_conversation(email=float("nan")),
        lambda ws, one: ws.start_conversation(segments=[1]),
        lambda ws, one: ws.start_conversation(email="nobody"),
    ],
)
def test_what_is_wrong_costs_nothing(ws, sandbox, session_id, change):
    spent = sandbox.stats()["requests"]
    with pytest.raises(crisp.BadParameter):
        change(ws, session_id)
    assert sandbox.stats()["requests"] == spent


def test_another_write_is_not_sent_again(ws, sandbox, session_id):
    """Only messages can be told apart; for all else the error says that it may have been done."""
    sandbox.faults(operation="change_conversation_state", next=1, drop="after")
    with pytest.raises(crisp.Offline, match="may have been carried out"):
        ws.set_state(session_id, "resolved")
    assert asked(sandbox, "change_conversation_state") == 1
    assert asked(sandbox, SEND) == 0
