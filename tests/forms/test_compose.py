"""The form to answer a customer, used without a browser; the sandbox says what arrived."""

import dataclasses
from dataclasses import dataclass

import ipywidgets as widgets
import pytest

import crisp_data as crisp
from crisp_data.api.paging import NOTHING_NEW
from crisp_data.forms import form as form_module
from crisp_data.forms.compose import Compose
from crisp_data.forms.compose_model import failure
from crisp_data.outgoing import Text
from tests.ignored import ignore

from .conftest import EVIL
from .user import classes, control, fill, press, press_enter, said, shows, texts, walk


@pytest.fixture
def form(ws):
    return ws.compose()


def choose(form, position=0):
    conversations = control(form, "Conversations")
    conversations.value = conversations.options[position][1]
    return conversations.value


def mentions(form):
    """The boxes, one for each colleague, that a note shows."""
    shown = [one for one in walk(form.box, shown=True) if isinstance(one, widgets.Checkbox)]
    return [one for one in shown if one.description.startswith("Mention ")]


def write(form, text):
    fill(form, "Message", text)


def send(form):
    press(form, "Send …")
    press(form, "Send now")
    assert form.runner.join(20)


def arrived(sandbox, text):
    return [row for row in sandbox.truth("messages") if row["content"] == text]


def test_opening_it_spends_one_request_and_shows_the_most_recent(ws, sandbox, spent):
    form = ws.compose()
    assert spent() == 1
    assert len(control(form, "Conversations").options) == 50
    assert control(form, "Conversations").value is None, "nothing is opened that nobody chose"
    assert control(form, "Send …").disabled
    assert "Choose a conversation first." in texts(form, "crisp-writing")
    ws.compose()
    assert spent() == 0


def test_a_text_goes_to_whom_the_question_named_and_once(form, sandbox, spent):
    session_id = choose(form)
    assert spent() == 1
    write(form, "On its way.")
    assert "On its way." in texts(form, "crisp-writing")
    press(form, "Send …")
    assert "Send to Grace Patel at Acme?" in texts(form, "crisp-confirm")
    assert shows(form, "Send now")
    assert not shows(form, "Send …"), "there is one primary button at a time"
    assert spent() == 0, "nothing goes at the first click"
    assert not arrived(sandbox, "On its way.")
    confirm = control(form, "Send now")
    confirm.click()
    confirm.click()  # the second half of a double click
    assert form.runner.join(20)
    (row,) = arrived(sandbox, "On its way.")
    assert row["session_id"] == session_id
    assert row["fingerprint"] == form.receipt.fingerprint
    assert str(row["fingerprint"]) in said(form)
    assert "Sent to Grace Patel." in said(form)
    assert "On its way." in texts(form, "crisp-reading")
    assert spent() == 2, "the message, and the thread read again"
    assert control(form, "Message").value == ""
    assert shows(form, "Send …")
    assert not shows(form, "Send now")
    press(form, "Send now")
    assert len(arrived(sandbox, "On its way.")) == 1


def test_cancelling_or_writing_on_withdraws_the_question(form, sandbox, spent):
    choose(form)
    write(form, "One")
    spent()
    press(form, "Send …")
    press(form, "Cancel")
    assert not shows(form, "Send now")
    press(form, "Send now")
    press(form, "Send …")
    write(form, "Two")
    assert not shows(form, "Send now")
    press(form, "Send now")
    press(form, "Send …")
    choose(form, 1)
    assert not shows(form, "Send now")
    press(form, "Send now")
    assert form.runner.join(20)
    assert spent() == 1, "the other thread"
    assert not arrived(sandbox, "One")
    assert not arrived(sandbox, "Two")


def test_a_conversation_to_begin_with(ws, sandbox, spent):
    session_id = sandbox.truth("conversations")[-1]["session_id"]
    spent()
    form = ws.compose(session_id)
    assert spent() == 3, "the list, the conversation, its newest messages"
    assert form.composer.conversation.session_id == session_id
    form = ws.compose("session_00000000-0000-4000-8000-000000000000")
    assert "404 conversation_not_found" in said(form)
    assert control(form, "Send …").disabled


def test_typing_narrows_for_nothing_and_enter_asks_crisp(form, sandbox, spent):
    spent()
    for text in ("c", "co", "colis"):
        fill(form, "Find", text)
    assert spent() == 0
    assert not control(form, "Conversations").options
    press_enter(form, "Find")
    assert spent() == 1
    assert len(control(form, "Conversations").options) > 0
    fill(form, "State", "resolved")
    assert spent() == 0
    assert {row["state"] for row in sandbox.truth("conversations")} > {"resolved"}
    assert all("resolved" in label for label, _ in control(form, "Conversations").options)
    fill(form, "Find", "")
    assert control(form, "Search all of Crisp").disabled


def test_the_list_keeps_the_open_conversation_marked_and_opens_none_by_itself(form, spent):
    session_id = choose(form, 3)
    spent()
    fill(form, "Find", "zzz")
    assert control(form, "Conversations").value is None
    fill(form, "Find", "")
    assert control(form, "Conversations").value == session_id
    press(form, "Older")
    assert spent() == 1
    assert control(form, "Conversations").value is None
    press(form, "Newer")
    assert control(form, "Conversations").value == session_id
    assert form.composer.conversation.session_id == session_id
    assert spent() == 0


def test_each_type_has_its_own_fields_and_keeps_what_was_written(form, sandbox):
    choose(form)
    write(form, "A text")
    fill(form, "Type", "picker")
    fill(form, "Identifier, returned with the answer", "topic")
    fill(form, "Question", "What about?")
    fill(form, "Choice 1, Value", "a")
    assert "Choice 1, Label must not be empty." in texts(form, "crisp-writing")
    press(form, "Send …")
    assert "Choice 1, Label must not be empty." in said(form)
    assert not shows(form, "Send now")
    fill(form, "Choice 1, Label", "Billing")
    press(form, "Add a choice")
    fill(form, "Choice 2, Value", "b")
    fill(form, "Choice 2, Label", "Delivery")
    press(form, "Remove choice 1")
    assert control(form, "Choice 1, Label").value == "Delivery"
    fill(form, "Answer required", True)
    send(form)
    sent = [
        row for row in sandbox.truth("messages") if row["fingerprint"] == form.receipt.fingerprint
    ]
    assert [row["content"] for row in sent] == [
        {
            "id": "topic",
            "text": "What about?",
            "choices": [{"value": "b", "label": "Delivery", "selected": False}],
            "required": True,
        }
    ]
    fill(form, "Type", "text")
    assert control(form, "Message").value == "A text"


def test_of_two_equal_parts_one_is_taken_away(form):
    fill(form, "Type", "picker")
    for _ in range(2):
        press(form, "Add a choice")
    for number in (1, 2):
        fill(form, f"Choice {number}, Label", "Same")
    press(form, "Remove choice 1")
    assert [choice.get("label") for choice in form.composer.draft.values["choices"]] == [
        "Same",
        None,
    ]


def test_what_is_written_while_a_message_goes_stays(form, sandbox):
    choose(form)
    write(form, "First")
    sandbox.faults(operation="send_message_in_conversation", next=1, latency_ms=300)
    press(form, "Send …")
    confirm = control(form, "Send now")
    confirm.click()
    box = control(form, "Message")
    box.value = "Second"
    assert "Send to" in texts(form, "crisp-confirm"), "the first is still on its way"
    press(form, "Send …")
    confirm.click()
    assert form.runner.join(20)
    assert len(arrived(sandbox, "First")) == 1
    assert not arrived(sandbox, "Second")
    assert control(form, "Message") is box, "nobody takes it from under the writer"
    assert box.value == "Second"
    send(form)
    assert len(arrived(sandbox, "Second")) == 1


@pytest.mark.parametrize("refusal", [{"status": 429}, {"status": 503}, {"drop": "before"}])
def test_a_click_that_reads_keeps_the_kernel_for_no_rate_limit(
    form, sandbox, waits, spent, refusal
):
    first = choose(form)
    sandbox.faults(operation="get_messages_in_conversation", **refusal)
    spent()
    for read in (lambda: choose(form, 1), control(form, "Read again").click):
        waits.clear()
        read()
        assert sum(waits) <= form_module.MAX_WAIT_S
        assert "role='alert'" in said(form)
    assert spent() <= 4
    assert form.composer.conversation.session_id == first == control(form, "Conversations").value
    assert "Grace Patel" in texts(form, "crisp-reading"), "the one that was open is shown again"
    sandbox.faults()
    choose(form, 1)
    assert form.composer.conversation.session_id == control(form, "Conversations").value != first


def test_nor_for_the_days_reset(sandbox, waits):
    options = {"quota": 3, "reserve_for_writes": 0, "on_quota": "wait", "writes": False}
    ws = crisp.connect(sandbox=sandbox, sleep=waits.append, **options)
    form = ws.compose()
    choose(form)
    choose(form, 1)
    assert waits == []
    assert "quota is used up" in said(form)


def test_who_answers_reads_with_the_reserve_for_writes(sandbox, waits):
    ws = crisp.connect(sandbox=sandbox, sleep=waits.append, quota=20, reserve_for_writes=0.5)
    reader = crisp.connect(sandbox=sandbox, quota=20, reserve_for_writes=0.5, writes=False)
    session_id = sandbox.truth("conversations")[0]["session_id"]
    while ws.quota.left_for_reads:
        ws.operators(refresh=True)
    form = ws.compose()
    assert "quota is used up" in said(form)  # the list: to look through it is no answer
    form = ws.compose(session_id)
    write(form, "In spite of the export")
    send(form)
    assert len(arrived(sandbox, "In spite of the export")) == 1
    assert "quota is used up" in said(reader.compose(session_id))


def test_the_question_says_where_it_goes_for_the_banner_is_far_above(form):
    choose(form)
    write(form, "Hello")
    press(form, "Send …")
    assert "SANDBOX: <bdi>Send to Grace Patel at Acme?</bdi>" in texts(form, "crisp-confirm")
    assert "crisp-danger" not in classes(control(form, "Send now"))
    # As on the live service, of which nothing is asked.
    client = form.ws.client
    client.settings = dataclasses.replace(client.settings, base_url=crisp.config.BASE_URL)
    press(form, "Cancel")
    press(form, "Send …")
    assert "LIVE: <bdi>Send to" in texts(form, "crisp-confirm")
    assert "crisp-danger" in classes(control(form, "Send now"))


def test_what_was_sent_is_not_said_below_what_is_written_next(form):
    choose(form)
    write(form, "One")
    send(form)
    assert "Sent to" in said(form)
    write(form, "T")
    assert said(form) == ""


def test_a_note_is_said_to_be_one(form, sandbox):
    choose(form)
    fill(form, "Type", "note")
    fill(form, "Note to colleagues", "Look at this")
    assert "The customer does not see this." in texts(form, "crisp-writing")
    press(form, "Send …")
    assert "Add this note to the conversation with Grace Patel at Acme?" in texts(
        form, "crisp-confirm"
    )
    press(form, "Send now")
    assert form.runner.join(20)
    assert [row["type"] for row in arrived(sandbox, "Look at this")] == ["note"]
    assert "Note added for Grace Patel." in said(form)


def test_a_note_may_mention_colleagues_whose_names_cost_one_request(form, sandbox, ws, spent):
    choose(form)
    assert not shows(form, "Mention colleagues")
    fill(form, "Type", "note")
    spent()
    assert shows(form, "Mention colleagues")
    press(form, "Mention colleagues")
    assert spent() == 1
    names = dict(zip(ws.operators()["user_id"], ws.operators()["first_name"], strict=True))
    boxes = mentions(form)
    assert len(boxes) == len(names)
    user_id, name = next(iter(names.items()))
    fill(form, "Note to colleagues", "Have a look")
    (box,) = [box for box in boxes if name in box.description]
    for box.value in (True, False, True):
        pass
    assert "notifies 1 colleague" in texts(form, "crisp-writing")
    fill(form, "Type", "text")
    assert not mentions(form)
    assert "mentions" not in form.composer.draft.options
    fill(form, "Type", "note")
    send(form)
    (row,) = arrived(sandbox, "Have a look")
    assert row["mentions"] == [user_id]
    assert not form.composer.draft.mentions
    assert len(mentions(form)) == len(names)
    assert not any(box.value for box in mentions(form))
    assert all(one.comm is None for one in boxes)


def test_who_writes_is_an_option_folded_away(form, sandbox):
    choose(form)
    write(form, "Hello")
    name, automated = (
        "Your name, as the customer sees it",
        "Automated: marked as written by a program",
    )
    assert not shows(form, name)
    press(form, "Sender and options")
    assert shows(form, name)
    fill(form, name, "Ana")
    fill(form, automated, True)
    assert "Ana · automated" in texts(form, "crisp-writing")
    send(form)
    (row,) = arrived(sandbox, "Hello")
    assert (row["user"]["nickname"], row["automated"]) == ("Ana", True)
    press(form, "Hide sender and options")
    assert not shows(form, name)


def test_a_connection_that_only_reads_says_so(sandbox, spent):
    ws = crisp.connect(sandbox=sandbox, writes=False)
    form = ws.compose()
    choose(form)
    write(form, "Hello")
    spent()
    assert control(form, "Send …").disabled
    assert "connect(writes=True)" in texts(form, "crisp-writing")
    press(form, "Send …")  # however it is pressed
    assert "This connection only reads." in said(form)
    assert spent() == 0
    assert not arrived(sandbox, "Hello")


def test_without_quota_nothing_is_sent_and_nothing_waits(sandbox, waits, spent):
    ws = crisp.connect(sandbox=sandbox, sleep=waits.append, quota=3, reserve_for_writes=0)
    form = ws.compose()
    choose(form)
    write(form, "Hello")
    assert ws.quota.left == 0
    spent()
    send(form)
    # The clock of the sandbox says when.
    assert "Today&#x27;s requests are used up, so nothing was sent." in said(form)
    assert "The quota resets at 2026-11-03 00:00 UTC." in said(form)
    assert spent() == 0
    assert control(form, "Message").value == "Hello", "what was written stays"
    assert ws.outbox.counts["queued"] == 0, "nothing goes out later by accident"
    sandbox.clock(advance_s=24 * 3600)
    send(form)
    assert len(arrived(sandbox, "Hello")) == 1


def test_without_quota_it_opens_all_the_same(sandbox, waits):
    ws = crisp.connect(sandbox=sandbox, sleep=waits.append, quota=1, reserve_for_writes=0)
    form = ws.compose()
    assert "Today&#x27;s quota is used up" in said(form)
    assert not control(form, "Conversations").options


def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(form, sandbox):
    choose(form)
    for drop in ("before", "after"):
        write(form, drop)
        sandbox.faults(operation="send_message_in_conversation", next=1, drop=drop)
        send(form)
        assert "Sent to Grace Patel." in said(form)
        assert len(arrived(sandbox, drop)) == 1


def test_an_unknown_outcome_is_an_alert_and_sending_again_looks_it_up(form, ws, sandbox):
    choose(form)
    write(form, "Hello")
    sandbox.faults(operation="send_message_in_conversation", next=1, drop="after")
    sandbox.faults(operation="get_message_in_conversation", status=403)
    send(form)
    assert "It is not known whether the customer has this message." in said(form)
    assert "role='alert'" in said(form)
    assert "1 unknown" in texts(form, "crisp-writing")
    assert control(form, "Message").value == "Hello"
    sandbox.faults()
    send(form)
    assert "Sent to Grace Patel." in said(form)
    assert len(arrived(sandbox, "Hello")) == 1
    assert "The outbox holds" not in texts(form, "crisp-writing")


@dataclass(frozen=True, repr=False)
class Bare(Text):
    """A message that passes here and that Crisp refuses."""

    def body(self, fingerprint=None):
        body = super().body(fingerprint)
        del body["origin"]
        return body


def test_crisps_own_words_for_invalid_data_appear(form, sandbox, monkeypatch):
    choose(form)
    write(form, "Hello")
    monkeypatch.setattr(type(form.composer.draft), "message", lambda self: Bare("Hello"))
    send(form)
    assert "data should have required property &#x27;.origin&#x27;" in said(form)
    assert not arrived(sandbox, "Hello")


def test_a_thread_that_cannot_be_read_again_does_not_unsend(form, sandbox):
    choose(form)
    write(form, "Hello")
    sandbox.faults(operation="get_messages_in_conversation", status=403)
    send(form)
    assert "Sent to Grace Patel." in said(form)
    assert "The thread could not be read again" in said(form)
    assert len(arrived(sandbox, "Hello")) == 1


def test_above_a_thread_that_may_lack_messages_stands_why(ws, sandbox, monkeypatch):
    sessions = [row["session_id"] for row in sandbox.truth("messages")]
    form = ws.compose(max(set(sessions), key=sessions.count))
    assert shows(form, "Earlier messages")
    assert NOTHING_NEW not in texts(form, "crisp-reading")
    ignore(monkeypatch, "timestamp_before")  # now the newest batch comes, whatever is asked
    while shows(form, "Earlier messages") and not form.composer.conversation.incomplete:
        press(form, "Earlier messages")
    assert NOTHING_NEW in texts(form, "crisp-reading")


def test_what_customers_wrote_is_text(ws, sandbox):
    session_id = sandbox.truth("conversations")[0]["session_id"]
    where = {"website_id": ws.website_id, "session_id": session_id}
    ws.client.call("update_conversation_metas", json={"nickname": EVIL, "subject": EVIL}, **where)
    body = {"type": "text", "from": "user", "origin": "chat", "content": EVIL}
    ws.client.call("send_message_in_conversation", json=body, **where)
    form = ws.compose(session_id)
    write(form, EVIL)
    press(form, "Send …")
    assert "&lt;script&gt;" in texts(form, "crisp-confirm")
    for one in walk(form.box):
        if isinstance(one, widgets.HTML) and "alert(" in one.value:
            assert "<script" not in one.value
            assert "<img" not in one.value
    # What is no HTML widget is escaped by ipywidgets itself: the browser tests look.
    assert any(EVIL in label for label, _ in control(form, "Conversations").options)


def test_every_control_has_a_label_and_the_form_words_for_a_page_without_a_kernel(form):
    choose(form)
    for name in ("picker", "carousel", "audio"):
        fill(form, "Type", name)
        for one in walk(form.box):
            if isinstance(one, widgets.DOMWidget) and hasattr(one, "description"):
                assert one.description or isinstance(one, widgets.HTML)
    bundle = form._repr_mimebundle_()
    assert "one open" in bundle["text/plain"]
    assert "one open" in bundle["text/html"]
    assert "Grace" not in bundle["text/plain"] + bundle["text/html"]


def test_closing_it_closes_every_widget_it_ever_showed(ws):
    form = Compose(ws)
    ever = [*walk(form.box)]
    for name in ("picker", "carousel", "text"):
        fill(form, "Type", name)
        ever += walk(form.box)
    assert all(one.comm is not None for one in walk(form.box))
    form.close()
    assert all(one.comm is None for one in ever)


def test_why_an_outcome_is_unknown_is_what_the_error_says():
    """Another form may be sending the same text: then nothing was lost, nor looked up."""
    words = "The same message is being sent to this conversation by process 7 on desk."
    outcome = failure(crisp.UnknownOutcome(words))
    assert outcome.what == "It is not known whether the customer has this message."
    assert outcome.hint.startswith(words)
    assert "lost" not in outcome.hint
