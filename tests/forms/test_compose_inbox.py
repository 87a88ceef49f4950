"""Finding a conversation and reading its thread, held against what the sandbox knows."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crisp_data as crisp
from crisp_data.api import list_pass, paging
from crisp_data.api.routes import PER_PAGE_MAX
from crisp_data.forms.conversation import Conversation, thread_html
from crisp_data.forms.inbox import PAGE, Inbox, customer, label, labels
from crisp_data.sandbox import Sandbox
from tests.ignored import ignore
from tests.rewritten import rewrite

from .conftest import EVIL


@pytest.fixture
def inbox(ws):
    inbox = Inbox(ws)
    inbox.load()
    return inbox


def listed(sandbox):
    """What a list of conversations may show, the most recent first."""
    known = {row["session_id"] for row in sandbox.truth("messages")}
    return [row for row in sandbox.truth("conversations") if row["session_id"] in known]


def ids(frame):
    return frame["session_id"].tolist()


def longest(sandbox):
    return pd.Series([row["session_id"] for row in sandbox.truth("messages")]).mode()[0]


def test_the_most_recent_come_first_for_one_request(ws, sandbox, spent):
    inbox = Inbox(ws)
    assert (spent(), inbox.shown.empty) in {(0, True), (1, True)}  # the connection's own
    inbox.load()
    assert spent() == 1
    assert ids(inbox.shown) == [row["session_id"] for row in listed(sandbox)[:PAGE]]
    Inbox(ws).load()
    assert spent() == 0, "the cache knows"
    inbox.load(refresh=True)
    assert spent() == 1


def test_page_by_page_it_is_every_conversation_once(inbox, sandbox, spent):
    seen = [*ids(inbox.shown)]
    total = spent()
    while inbox.has_older:
        costs = inbox.older_costs
        inbox.older()
        asked = spent()
        assert asked <= costs, "what the button says is the most that it spends"
        total += asked
        seen += [one for one in ids(inbox.shown) if one not in seen]
        assert len(inbox.shown) <= PAGE
    assert seen == [row["session_id"] for row in listed(sandbox)]
    assert total == -(-len(seen) // PER_PAGE_MAX), "each page once"
    while inbox.has_newer:
        inbox.newer()
    assert ids(inbox.shown) == seen[:PAGE]
    assert spent() == 0


@pytest.fixture
def first_page(sandbox):
    return listed(sandbox)[:PAGE]


def words_of(row):
    meta = row["meta"]
    parts = [meta.get("nickname"), meta.get("email"), *(meta.get("segments") or [])]
    return "\n".join(filter(None, parts)).casefold()


@given(
    st.lists(
        st.sampled_from(["garc", "JOSÉ", "vip", "billing", "@example.net", ".", "(%"]), max_size=2
    ),
    st.sampled_from(["", "pending", "unresolved", "resolved"]),
)
def test_filtering_is_free_and_finds_by_name_email_segment_and_state(
    inbox, sandbox, first_page, words, state
):
    before = sandbox.stats()["requests"]
    inbox.filter(" ".join(words), state)
    fitting = [
        row["session_id"]
        for row in first_page
        if all(word.casefold() in words_of(row) for word in words) and state in ("", row["state"])
    ]
    assert ids(inbox.matches) == fitting
    assert sandbox.stats()["requests"] == before


def test_a_state_that_is_none_is_refused(inbox):
    with pytest.raises(crisp.BadParameter, match="closed"):
        inbox.filter("", "closed")


def test_crisps_own_search_knows_messages_and_costs_one_request(inbox, sandbox, spent):
    spent()
    inbox.filter("colis")
    assert inbox.matches.empty
    inbox.search()
    assert spent() == 1
    said = {
        row["session_id"] for row in sandbox.truth("messages") if "colis" in str(row["content"])
    }
    assert said
    assert set(ids(inbox.matches)) == said
    inbox.filter("colis", "resolved")
    assert set(inbox.matches["state"]) == {"resolved"}
    assert inbox.searched, "another state is looked for among what was found"
    inbox.filter("colis ")
    assert not inbox.searched, "another text is looked for among what was read"
    inbox.filter("  ")
    inbox.search()
    assert spent() == 0, "without a text there is nothing to ask"


def test_an_error_on_the_way_loses_nothing(inbox, sandbox, spent):
    sandbox.faults(operation="list_conversations", status=403)
    with pytest.raises(crisp.Forbidden):
        inbox.older()
    assert len(inbox.shown) == PAGE
    sandbox.faults()
    spent()
    inbox.older()
    assert spent() == 1, "what was read before comes from the cache"
    assert ids(inbox.shown)[0] == listed(sandbox)[PAGE]["session_id"]


def test_names_cannot_reorder_or_break_the_line_they_stand_in(inbox):
    row = inbox.shown.iloc[0].copy()
    row["nickname"] = "Jane\n\n\u202eDoe\x1b"
    assert customer(row) == "Jane \u202eDoe\ufffd"
    lines = label(row).split("\n")
    assert all(line[0] == "\u2068" and line[-1] == "\u2069" for line in lines)
    row["nickname"] = row["email"] = None
    assert customer(row) == "a visitor without a name"


def test_what_looks_the_same_is_distinguished(inbox):
    frame = inbox.shown.head(3).copy()
    twin = frame.iloc[[0]].assign(session_id="session_of_the_twin")
    made = labels(pd.concat([frame, twin]))
    assert [session_id for _, session_id in made] == [*ids(frame), "session_of_the_twin"]
    assert len({words for words, _ in made}) == len(made)
    assert made[1][0] == label(frame.iloc[1])


def test_a_thread_is_read_batch_by_batch_to_its_beginning(ws, inbox, sandbox, spent):
    session_id = longest(sandbox)
    whole = [row for row in sandbox.truth("messages") if row["session_id"] == session_id]
    conversation = Conversation(ws, session_id, inbox.row(session_id))
    spent()
    conversation.read()
    assert spent() == 1 + (inbox.row(session_id) is None)
    assert conversation.has_earlier
    assert conversation.has(whole[-1]["fingerprint"])
    while conversation.has_earlier:
        conversation.earlier()
        assert spent() == 1
    assert conversation.frame["fingerprint"].tolist() == [row["fingerprint"] for row in whole]
    assert [entry.position for entry in conversation.entries] == list(range(1, len(whole) + 1))
    kinds = {(entry.kind == "note", entry.role == "bot") for entry in conversation.entries}
    assert {(row["type"] == "note", row["automated"]) for row in whole} == kinds


def test_a_thread_is_never_read_from_the_cache(ws, inbox, sandbox, folder):
    session_id = ids(inbox.shown)[0]
    conversation = Conversation(ws, session_id, inbox.row(session_id))
    conversation.read()
    # A write of another connection, which drops nothing of what this one keeps.
    other = crisp.connect(sandbox=sandbox, cache=False, cache_dir=folder)
    other.client.call(
        "send_message_in_conversation",
        website_id=other.website_id,
        session_id=session_id,
        json={"type": "text", "from": "user", "origin": "chat", "content": "Hello?"},
    )
    conversation.read()
    assert conversation.entries[-1].lines[0].text == "Hello?"


def test_an_unknown_conversation_is_named_or_refused(ws, sandbox, spent):
    row = listed(sandbox)[-1]
    conversation = Conversation(ws, row["session_id"])
    spent()
    conversation.read()
    assert spent() == 2
    assert conversation.who == row["meta"]["nickname"]
    with pytest.raises(crisp.NotFound):
        Conversation(ws, "session_00000000-0000-4000-8000-000000000000").read()
    with pytest.raises(crisp.BadParameter):
        Conversation(ws, "someone@acme.example")


@pytest.mark.parametrize("data", [None, [], {}])
def test_an_answer_without_a_conversation_is_refused(ws, sandbox, data):
    session_id = sandbox.truth("conversations")[0]["session_id"]
    rewrite(sandbox, "/conversation/", lambda found: data)
    with pytest.raises(crisp.BadAnswer, match="no conversation"):
        Conversation(ws, session_id).read()


def test_what_was_said_is_text_and_never_html(ws, inbox):
    session_id = ids(inbox.shown)[0]
    ws.client.call(
        "send_message_in_conversation",
        website_id=ws.website_id,
        session_id=session_id,
        json={
            "type": "text",
            "from": "user",
            "origin": "chat",
            "content": EVIL,
            "user": {"nickname": EVIL},
        },
    )
    conversation = Conversation(ws, session_id, inbox.row(session_id))
    conversation.read()
    drawn = thread_html(conversation.entries)
    assert drawn.count("&lt;script&gt;") == 2
    assert "<script" not in drawn
    assert "<img" not in drawn


def test_a_list_that_may_lack_rows_says_so():
    with Sandbox(seed=1, conversations=120, date_filter=False) as sandbox:
        inbox = Inbox(crisp.connect(sandbox=sandbox))
        inbox.load()
        assert list_pass.BY_NUMBER not in inbox.summary
        while inbox.has_older:
            inbox.older()
        assert set(ids(inbox.matches)) == {row["session_id"] for row in listed(sandbox)}
        assert inbox.summary.endswith(list_pass.BY_NUMBER)


def test_a_thread_that_may_lack_messages_says_so(ws, inbox, sandbox, monkeypatch):
    conversation = Conversation(ws, longest(sandbox), inbox.row(longest(sandbox)))
    conversation.read()
    assert (conversation.has_earlier, conversation.incomplete) == (True, "")
    ignore(monkeypatch, "timestamp_before")  # now the newest batch comes, whatever is asked
    while conversation.has_earlier and not conversation.incomplete:
        conversation.earlier()
    assert conversation.incomplete == paging.NOTHING_NEW
