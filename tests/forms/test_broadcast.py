"""One message to many: who gets it, what confirms it, and that each gets it once."""

import threading

import ipywidgets as widgets
import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data.errors import BadParameter
from crisp_data.forms import row_picker
from crisp_data.forms.broadcast_model import BroadcastModel

from .conftest import EVIL
from .user import classes, control, fill, part, press, said, shows, texts, walk

DAYS = "Leave out people who have not written for (days)"
INCLUDE = (
    "Include resolved conversations",
    "Include blocked people",
    "Allow a second message to one conversation",
)
TEXT = "Hello {{ nickname }}, your plan is {{ plan }}."


@pytest.fixture
def frame(ws):
    """Twelve conversations; three of them without a plan."""
    frame = ws.conversations(state="unresolved", limit=12)
    frame["plan"] = ["Pro", "Free", None, "Pro"] * 3
    frame["nickname"] = [f"Customer no{number:02d}" for number in range(12)]
    return frame


@pytest.fixture
def broadcaster(ws, frame):
    made = BroadcastModel(ws, frame)
    made.template, made.quiet_days = TEXT, None
    return made


@pytest.fixture
def form(ws, frame):
    form = ws.broadcast(frame)
    fill(form, "Message", TEXT)
    fill(form, DAYS, "")
    return form


@pytest.fixture
def arrived(sandbox):
    """The messages that reached customers, by conversation."""
    before = {one["fingerprint"] for one in sandbox.truth("messages")}

    def since():
        found = {}
        for one in sandbox.truth("messages"):
            if one["fingerprint"] not in before:
                found.setdefault(one["session_id"], []).append(one["content"])
        return found

    return since


def expected(frame, rows):
    part = frame.iloc[rows]
    return {
        row.session_id: [f"Hello {row.nickname}, your plan is {row.plan}."]
        for row in part.itertuples()
    }


# Without a widget


def test_search_finds_rows_by_all_words(broadcaster, frame):
    assert broadcaster.find() == list(range(12))
    assert broadcaster.find("customer no11") == [11]
    assert broadcaster.find("CUSTOMER unresolved") == list(range(12))
    assert broadcaster.find("customer nobody") == []
    assert broadcaster.find("[") == [], "words, not patterns"


def test_ones_own_columns_come_first_and_only_what_a_template_can_name(ws, frame):
    frame["order id"], frame["order_id"] = 1, 2
    columns = BroadcastModel(ws, frame).columns
    assert columns[:2] == ["plan", "order_id"]
    assert "nickname" in columns
    assert "order id" not in columns


def test_only_the_picked_rows_get_the_message(broadcaster, frame, arrived, spent):
    broadcaster.select([0, 2, 5])
    dry = broadcaster.dry_run()
    assert dry["reason"].tolist() == ["", "missing: plan", ""]
    assert (broadcaster.recipients, arrived(), spent()) == (2, {}, 0)
    result = broadcaster.send("2")
    assert arrived() == expected(frame, [0, 5])
    assert result["state"].tolist()[::2] == ["sent", "sent"]
    assert spent() == 2


@pytest.mark.parametrize("typed", ["", "1", "3", "two", "2.0", "-2"])
def test_another_number_sends_nothing(broadcaster, arrived, spent, typed):
    broadcaster.select([0, 1])
    broadcaster.dry_run()
    with pytest.raises(BadParameter, match="type 2 to send"):
        broadcaster.send(typed)
    assert (arrived(), spent()) == ({}, 0)
    assert broadcaster.recipients == 2, "and may be typed again"


CHANGES = {
    "template": lambda of: setattr(of, "template", "Another text"),
    "nickname": lambda of: setattr(of, "nickname", "Ada"),
    "batch": lambda of: setattr(of, "batch", "november"),
    "include": lambda of: setattr(of, "include", ("resolved",)),
    "days": lambda of: setattr(of, "quiet_days", 30),
    "select": lambda of: of.select([2]),
    "unpick": lambda of: of.select([1], False),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_is_changed_after_the_dry_run_needs_another(broadcaster, arrived, change):
    broadcaster.select([0, 1])
    broadcaster.dry_run()
    change(broadcaster)
    assert broadcaster.recipients is None
    with pytest.raises(BadParameter, match="dry run first"):
        broadcaster.send("2")
    assert arrived() == {}


def test_what_has_changed_by_itself_sends_nothing(broadcaster, frame, ws, arrived):
    broadcaster.select([0, 1])
    broadcaster.dry_run()
    elsewhere = frame.iloc[[0]]
    ws.send_many(elsewhere, template=TEXT, quiet_days=None, confirm=True)
    with pytest.raises(BadParameter, match="changed since the dry run"):
        broadcaster.send("2")
    assert arrived() == expected(frame, [0])
    assert broadcaster.dry_run()["reason"].str.startswith("sent").tolist() == [True, False]


def test_the_frame_is_a_copy(broadcaster, frame, arrived):
    before = expected(frame, [0])
    broadcaster.select([0])
    broadcaster.dry_run()
    frame.loc[:, "nickname"] = "Somebody else"
    broadcaster.send("1")
    assert arrived() == before


def test_sending_twice_needs_a_second_dry_run_which_finds_nobody(broadcaster, frame, arrived):
    broadcaster.select([0, 1])
    broadcaster.dry_run()
    broadcaster.send("2")
    with pytest.raises(BadParameter, match="dry run first"):
        broadcaster.send("2")
    broadcaster.dry_run()
    with pytest.raises(BadParameter, match="nobody"):
        broadcaster.send("0")
    assert arrived() == expected(frame, [0, 1])


def test_a_stop_leaves_the_rest_for_another_time(broadcaster, frame, arrived, monkeypatch):
    progress = broadcaster._on_progress
    monkeypatch.setattr(
        broadcaster, "_on_progress", lambda *at: (progress(*at), broadcaster.stop())
    )
    broadcaster.select([0, 1, 3])
    broadcaster.dry_run()
    result = broadcaster.send("3")
    assert result["state"].tolist() == ["sent", "queued", "queued"]
    assert (len(arrived()), broadcaster.done) == (1, 1)
    monkeypatch.undo()
    assert broadcaster.dry_run()["reason"].str.startswith("sent").tolist() == [True, False, False]
    broadcaster.send("2")
    assert arrived() == expected(frame, [0, 1, 3])


def test_a_sending_that_breaks_off_keeps_what_went(broadcaster, frame, arrived, sandbox):
    broadcaster.select([0, 1, 3])
    broadcaster.dry_run()
    sandbox.faults(operation="send_message_in_conversation", next=1)  # met, and harmless
    sandbox.faults(operation="send_message_in_conversation", status=403)
    with pytest.raises(crisp.Forbidden):
        broadcaster.send("3")
    assert broadcaster.result["state"].tolist()[1:] == ["failed", "queued"]
    assert set(arrived()) == {frame["session_id"][0]}


def test_a_lost_answer_is_not_a_second_message(broadcaster, frame, arrived, sandbox):
    sandbox.faults(operation="send_message_in_conversation", next=1, drop="after")
    broadcaster.select([0, 1])
    broadcaster.dry_run()
    assert broadcaster.send("2")["state"].tolist() == ["sent", "sent"]
    assert arrived() == expected(frame, [0, 1])


def test_a_signed_message_carries_the_name(broadcaster, frame, sandbox):
    broadcaster.nickname = "Ada from Acme"
    broadcaster.select([0])
    broadcaster.dry_run()
    (number,) = broadcaster.send("1")["fingerprint"]
    (message,) = [one for one in sandbox.truth("messages") if one["fingerprint"] == number]
    assert message["user"]["nickname"] == "Ada from Acme"


def test_nobody_or_nothing_is_refused_before_it_costs(broadcaster, spent):
    with pytest.raises(BadParameter, match="Nobody is selected"):
        broadcaster.dry_run()
    broadcaster.select([0])
    broadcaster.template = "  "
    with pytest.raises(BadParameter, match="empty"):
        broadcaster.dry_run()
    assert spent() == 0


def test_a_frame_without_sessions_is_refused(ws):
    with pytest.raises(BadParameter, match="session_id"):
        ws.broadcast(pd.DataFrame({"nickname": ["Ada"]}))


# With widgets


def shown_rows(form):
    page = walk(part(form, "crisp-picks"), shown=True)
    return [one for one in page if isinstance(one, widgets.Checkbox)]


def tick(form, row):
    fill(form, f"Customer no{row:02}", True)


def send_button(form):
    """Its label is the number of messages."""
    (found,) = [one for one in walk(part(form, "crisp-confirm")) if isinstance(one, widgets.Button)]
    return found


def dry_run(form, rows):
    for number in rows:
        tick(form, number)
    press(form, "Dry run")
    assert form.join(60)


def test_the_way_from_a_tick_to_a_result(form, frame, arrived, sandbox):
    assert not shows(form, "Number of recipients")
    dry_run(form, [0, 2, 3])
    assert "2 messages to send, 1 left out." in said(form)
    assert "missing: plan" in texts(form)
    assert shows(form, "Number of recipients")
    assert "SANDBOX, <bdi>Acme</bdi>" in texts(form, "crisp-confirm")
    assert send_button(form).disabled
    fill(form, "Number of recipients", "3")
    assert send_button(form).disabled
    fill(form, "Number of recipients", "2")
    assert not send_button(form).disabled
    assert send_button(form).description == "Send 2 messages"
    assert arrived() == {}
    send_button(form).click()
    assert form.join(60)
    assert arrived() == expected(frame, [0, 3])
    assert form.result["state"].tolist()[::2] == ["sent", "sent"]
    assert "2 sent, 1 left out." in said(form)
    assert str(form.result["fingerprint"].iloc[0]) in texts(form)
    left = 5000 - sandbox.stats()["requests"]
    assert f"{left:,} of 5,000 requests left" in texts(form)
    assert "form.result: 2 sent, 1 left out" in repr(form)


def test_rows_picked_during_a_dry_run_need_another(form, monkeypatch):
    begun, gate = threading.Event(), threading.Event()
    send_many = form.broadcaster.ws.send_many

    def held(*args, **options):
        begun.set()
        assert gate.wait(30)
        return send_many(*args, **options)

    monkeypatch.setattr(form.broadcaster.ws, "send_many", held, raising=False)
    tick(form, 0)
    press(form, "Dry run")
    assert begun.wait(30)
    tick(form, 1)
    gate.set()
    assert form.join(60)
    assert "1 message to send, 0 left out." in said(form)
    assert not shows(form, "Number of recipients"), "the dry run was without the second"


def test_a_double_click_sends_once(form, frame, arrived):
    dry_run(form, [0, 1])
    fill(form, "Number of recipients", "2")
    send_button(form).click()
    send_button(form).click()
    assert form.join(60)
    send_button(form).click()
    assert form.join(60)
    assert arrived() == expected(frame, [0, 1])


FIELDS = {"Message": "Bye.", "Signed": "Ada", "Batch name": "two", DAYS: "9"}


@pytest.mark.parametrize(("field", "text"), [*FIELDS.items(), (DAYS, "soon")])
def test_a_change_takes_the_confirmation_away(form, field, text):
    dry_run(form, [0, 1])
    fill(form, "Number of recipients", "2")
    assert not send_button(form).disabled
    fill(form, field, text)
    assert send_button(form).disabled
    assert not shows(form, "Number of recipients")
    assert "To send" not in texts(form)


def test_one_button_is_primary_at_each_step(form):
    def primary():
        return [one.description for one in walk(form.box) if "crisp-primary" in classes(one)]

    assert primary() == ["Dry run"]
    dry_run(form, [0])
    assert primary() == ["Send 1 message"]
    press(form, "Select none")
    assert primary() == ["Dry run"]


def test_a_connection_that_only_reads_ends_after_the_dry_run_and_says_why(
    sandbox, frame, waits, arrived
):
    ws = crisp.connect(sandbox=sandbox, writes=False, sleep=waits.append)
    form = ws.broadcast(frame)
    fill(form, "Message", TEXT)
    fill(form, DAYS, "")
    dry_run(form, [0, 1])
    fill(form, "Number of recipients", "2")
    assert send_button(form).disabled
    assert "connect(writes=True)" in texts(form, "crisp-confirm")
    assert "read-only" in texts(form)
    with pytest.raises(crisp.ReadOnly):
        form.broadcaster.send("2")
    assert arrived() == {}


def test_crisps_refusal_of_one_message_is_shown_beside_it(form, sandbox, frame, arrived):
    dry_run(form, [0, 1])
    fill(form, "Number of recipients", "2")
    sandbox.faults(
        operation="send_message_in_conversation", next=1, status=400, reason="invalid_data"
    )
    send_button(form).click()
    assert form.join(60)
    assert sorted(form.result["state"]) == ["failed", "sent"]
    assert "invalid_data" in texts(form)
    assert "1 sent, 1 failed" in said(form)
    assert "crisp-done" not in said(form)


def test_what_ends_the_sending_is_shown_with_what_went(form, sandbox, arrived):
    dry_run(form, [0, 1, 3])
    fill(form, "Number of recipients", "3")
    sandbox.faults(operation="send_message_in_conversation", status=403)
    send_button(form).click()
    assert form.join(60)
    assert "role='alert'" in said(form)
    assert "403" in said(form)
    assert "1 failed" in said(form)
    assert "ws.outbox" in said(form)
    assert arrived() == {}


def test_the_stop_button_ends_a_dry_run(form, frame, spent, ws, monkeypatch):
    fill(form, DAYS, "3000")
    reserve = ws.client.quota.reserve
    calls = []

    def stop_at_the_first(*args, **options):
        calls.append(1)
        press(form, "Stop")
        return reserve(*args, **options)

    monkeypatch.setattr(ws.client.quota, "reserve", stop_at_the_first)
    press(form, "Select all matches")
    form.broadcaster.frame["waiting_since"] = pd.NaT
    press(form, "Dry run")
    assert form.join(60)
    assert calls
    assert spent() == 0
    assert "Stopped" in said(form)
    assert form.dry is None


def test_previews_are_paged(form):
    assert "Select a conversation" in texts(form)
    tick(form, 0)
    tick(form, 2)
    assert "Preview 1 of 2: to Customer no00" in texts(form)
    assert "Hello Customer no00, your plan is Pro." in texts(form)
    assert control(form, "Previous preview").disabled
    press(form, "Next preview")
    assert "Preview 2 of 2: to Customer no02" in texts(form)
    assert "Left out: missing: plan" in texts(form)
    assert control(form, "Next preview").disabled
    fill(form, "Message", "Hello {{ nicknam }}")
    assert "Did you mean &#x27;nickname&#x27;" in texts(form)
    press(form, "Select none")
    assert "Select a conversation" in texts(form)


def test_columns_are_inserted(form):
    fill(form, "Message", "Dear ")
    press(form, "nickname")
    assert control(form, "Message").value == "Dear {{ nickname }}"


def test_days_that_are_no_number_are_refused(form, spent):
    fill(form, DAYS, "soon")
    dry_run(form, [0])
    assert "whole number" in said(form)
    assert not shows(form, "Number of recipients")
    assert spent() == 0


def test_rows_are_picked_by_page_search_and_all(form):
    selected = form.broadcaster.selected
    tick(form, 1)
    form.say("A result.")
    press(form, "Next page")
    assert "A result." in said(form), "turning a page picks nothing"
    first = row_picker.PAGE
    assert not shows(form, "Customer no01"), "its box stands for another row now"
    assert not control(form, f"Customer no{first + 1:02}").value
    assert len(shown_rows(form)) == 12 - first
    tick(form, first)
    press(form, "Previous page")
    assert control(form, "Customer no01").value
    assert list(selected.nonzero()[0]) == [1, first]
    fill(form, "Search", "customer no1")
    press(form, "Select all matches")
    assert list(selected.nonzero()[0]) == [1, first, 10, 11]
    fill(form, "Search", "nobody at all")
    assert "none found" in texts(form)
    press(form, "Select none")
    assert not selected.any()


def test_a_long_list_makes_no_more_widgets_than_a_page(ws, frame):
    long = pd.concat([frame] * 2000, ignore_index=True)
    form = ws.broadcast(long)
    boxes = [one for one in walk(form.box) if isinstance(one, widgets.Checkbox)]
    assert len(boxes) == row_picker.PAGE + len(INCLUDE)
    assert len(shown_rows(form)) == row_picker.PAGE
    assert "of 24,000 found" in texts(form)
    fill(form, "Search", "no11")
    assert "of 2,000 found" in texts(form)


def test_customers_words_are_text(ws, evil):
    form = ws.broadcast(evil)
    fill(form, "Message", "Hello {{ nickname }}")
    fill(form, DAYS, "")
    fill(form, "Search", "script")
    press(form, "Select all matches")
    for label in INCLUDE:
        fill(form, label, True)
    press(form, "Dry run")
    assert form.join(60)
    assert f"Hello {EVIL}" in set(form.dry["text"])
    assert "&lt;script&gt;" in texts(form)
    assert "<script" not in texts(form)
    assert "<img" not in texts(form)
    assert "script" not in repr(form)
    described = [one for one in walk(form.box) if hasattr(one, "description")]
    assert not any(getattr(one, "description_allow_html", False) for one in described)
    assert not any(one.description.count("$") > 1 for one in described)


@pytest.mark.parametrize("make", ["explore", "broadcast", "login"])
def test_every_control_has_a_name(ws, frame, make):
    forms = {"explore": ws.explore, "broadcast": lambda: ws.broadcast(frame), "login": crisp.login}
    form = forms[make]()
    controls = [
        one
        for one in walk(form.box, shown=True)
        if not isinstance(one, (widgets.Box, widgets.HTML))
    ]
    assert len(controls) > 4
    assert all(one.description for one in controls)
    assert "crisp-form" in classes(form.box)
