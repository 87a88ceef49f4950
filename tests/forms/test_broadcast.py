"""One message to many: who gets it, what confirms it, and that each gets it once."""

import ipywidgets as widgets
import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data.errors import BadParameter
from crisp_data.forms import row_picker
from crisp_data.forms.broadcast_model import BroadcastModel

from .conftest import EVIL, is_shown, said, texts, walk

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
    form.template.value, form.quiet_days.value = TEXT, ""
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
    broadcaster.pick([0, 2, 5])
    dry = broadcaster.look()
    assert dry["reason"].tolist() == ["", "missing: plan", ""]
    assert (broadcaster.recipients, arrived(), spent()) == (2, {}, 0)
    result = broadcaster.send("2")
    assert arrived() == expected(frame, [0, 5])
    assert result["state"].tolist()[::2] == ["sent", "sent"]
    assert spent() == 2


@pytest.mark.parametrize("typed", ["", "1", "3", "two", "2.0", "-2"])
def test_another_number_sends_nothing(broadcaster, arrived, spent, typed):
    broadcaster.pick([0, 1])
    broadcaster.look()
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
    "pick": lambda of: of.pick([2]),
    "unpick": lambda of: of.pick([1], False),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_is_changed_after_the_look_needs_another(broadcaster, arrived, change):
    broadcaster.pick([0, 1])
    broadcaster.look()
    change(broadcaster)
    assert broadcaster.recipients is None
    with pytest.raises(BadParameter, match="dry run first"):
        broadcaster.send("2")
    assert arrived() == {}


def test_what_has_changed_by_itself_sends_nothing(broadcaster, frame, ws, arrived):
    broadcaster.pick([0, 1])
    broadcaster.look()
    elsewhere = frame.iloc[[0]]
    ws.send_many(elsewhere, template=TEXT, quiet_days=None, confirm=True)
    with pytest.raises(BadParameter, match="changed since the dry run"):
        broadcaster.send("2")
    assert arrived() == expected(frame, [0])
    assert broadcaster.look()["reason"].str.startswith("sent").tolist() == [True, False]


def test_the_frame_is_a_copy(broadcaster, frame, arrived):
    kept = expected(frame, [0])
    broadcaster.pick([0])
    broadcaster.look()
    frame.loc[:, "nickname"] = "Somebody else"
    broadcaster.send("1")
    assert arrived() == kept


def test_sending_twice_needs_a_second_look_which_finds_nobody(broadcaster, frame, arrived):
    broadcaster.pick([0, 1])
    broadcaster.look()
    broadcaster.send("2")
    with pytest.raises(BadParameter, match="dry run first"):
        broadcaster.send("2")
    broadcaster.look()
    with pytest.raises(BadParameter, match="nobody"):
        broadcaster.send("0")
    assert arrived() == expected(frame, [0, 1])


def test_a_stop_leaves_the_rest_for_another_time(broadcaster, frame, arrived, monkeypatch):
    went = broadcaster._went
    monkeypatch.setattr(broadcaster, "_went", lambda *of: (went(*of), broadcaster.stop()))
    broadcaster.pick([0, 1, 3])
    broadcaster.look()
    result = broadcaster.send("3")
    assert result["state"].tolist() == ["sent", "queued", "queued"]
    assert (len(arrived()), broadcaster.done) == (1, 1)
    monkeypatch.undo()
    assert broadcaster.look()["reason"].str.startswith("sent").tolist() == [True, False, False]
    broadcaster.send("2")
    assert arrived() == expected(frame, [0, 1, 3])


def test_a_sending_that_breaks_off_keeps_what_went(broadcaster, frame, arrived, sandbox):
    broadcaster.pick([0, 1, 3])
    broadcaster.look()
    sandbox.faults(operation="send_message_in_conversation", next=1)  # met, and harmless
    sandbox.faults(operation="send_message_in_conversation", status=403)
    with pytest.raises(crisp.Forbidden):
        broadcaster.send("3")
    assert broadcaster.result["state"].tolist()[1:] == ["failed", "queued"]
    assert set(arrived()) == {frame["session_id"][0]}


def test_a_lost_answer_is_not_a_second_message(broadcaster, frame, arrived, sandbox):
    sandbox.faults(operation="send_message_in_conversation", next=1, drop="after")
    broadcaster.pick([0, 1])
    broadcaster.look()
    assert broadcaster.send("2")["state"].tolist() == ["sent", "sent"]
    assert arrived() == expected(frame, [0, 1])


def test_a_signed_message_carries_the_name(broadcaster, frame, sandbox):
    broadcaster.nickname = "Ada from Acme"
    broadcaster.pick([0])
    broadcaster.look()
    (number,) = broadcaster.send("1")["fingerprint"]
    (message,) = [one for one in sandbox.truth("messages") if one["fingerprint"] == number]
    assert message["user"]["nickname"] == "Ada from Acme"


def test_nobody_or_nothing_is_told_before_it_costs(broadcaster, spent):
    with pytest.raises(BadParameter, match="Nobody is selected"):
        broadcaster.look()
    broadcaster.pick([0])
    broadcaster.template = "  "
    with pytest.raises(BadParameter, match="empty"):
        broadcaster.look()
    assert spent() == 0


def test_a_frame_without_sessions_is_refused(ws):
    with pytest.raises(BadParameter, match="session_id"):
        ws.broadcast(pd.DataFrame({"nickname": ["Ada"]}))


# With widgets


def looked(form, rows):
    for number in rows:
        form.picker.boxes[number].value = True
    form.look.click()
    assert form.join(60)


def test_the_way_from_a_tick_to_a_result(form, frame, arrived, sandbox):
    assert not is_shown(form._confirm)
    looked(form, [0, 2, 3])
    assert "2 messages to send, 1 left out." in said(form)
    assert "missing: plan" in texts(form)
    assert is_shown(form._confirm)
    assert "SANDBOX, <bdi>Acme</bdi>" in form._question.value
    assert form.send.disabled
    form.typed.value = "3"
    assert form.send.disabled
    form.typed.value = "2"
    assert not form.send.disabled
    assert form.send.description == "Send 2 messages"
    assert arrived() == {}
    form.send.click()
    assert form.join(60)
    assert arrived() == expected(frame, [0, 3])
    assert form.result["state"].tolist()[::2] == ["sent", "sent"]
    assert "2 sent, 1 left out." in said(form)
    assert str(form.result["fingerprint"].iloc[0]) in texts(form)
    left = 5000 - sandbox.stats()["requests"]
    assert f"{left:,} of 5,000 requests left" in texts(form)
    assert "form.result: 2 sent, 1 left out" in repr(form)


def test_a_double_click_sends_once(form, frame, arrived):
    looked(form, [0, 1])
    form.typed.value = "2"
    form.send.click()
    form.send.click()
    assert form.join(60)
    form.send.click()
    assert form.join(60)
    assert arrived() == expected(frame, [0, 1])


FIELDS = {"template": "Bye.", "nickname": "Ada", "batch": "two", "quiet_days": "9"}


@pytest.mark.parametrize(("field", "text"), [*FIELDS.items(), ("quiet_days", "soon")])
def test_a_change_takes_the_confirmation_away(form, field, text):
    looked(form, [0, 1])
    form.typed.value = "2"
    assert not form.send.disabled
    getattr(form, field).value = text
    assert form.send.disabled
    assert not is_shown(form._confirm)
    assert form._tables.value == ""


def test_one_button_is_primary_at_each_step(form):
    def primary():
        return [one for one in walk(form.box) if "crisp-primary" in one._dom_classes]

    assert primary() == [form.look]
    looked(form, [0])
    assert primary() == [form.send]
    form.picker.none.click()
    assert primary() == [form.look]


def test_a_connection_that_only_reads_looks_and_says_why_not_more(sandbox, frame, waits, arrived):
    ws = crisp.connect(sandbox=sandbox, writes=False, sleep=waits.append)
    form = ws.broadcast(frame)
    form.template.value, form.quiet_days.value = TEXT, ""
    looked(form, [0, 1])
    form.typed.value = "2"
    assert form.send.disabled
    assert "connect(writes=True)" in form._question.value
    assert "read-only" in form._banner.value
    with pytest.raises(crisp.ReadOnly):
        form.broadcaster.send("2")
    assert arrived() == {}


def test_crisps_refusal_of_one_message_is_shown_beside_it(form, sandbox, frame, arrived):
    looked(form, [0, 1])
    form.typed.value = "2"
    sandbox.faults(
        operation="send_message_in_conversation", next=1, status=400, reason="invalid_data"
    )
    form.send.click()
    assert form.join(60)
    assert sorted(form.result["state"]) == ["failed", "sent"]
    assert "invalid_data" in texts(form)
    assert "1 sent, 1 failed" in said(form)
    assert "crisp-done" not in said(form)


def test_what_ends_the_sending_is_shown_with_what_went(form, sandbox, arrived):
    looked(form, [0, 1, 3])
    form.typed.value = "3"
    sandbox.faults(operation="send_message_in_conversation", status=403)
    form.send.click()
    assert form.join(60)
    assert "role='alert'" in said(form)
    assert "403" in said(form)
    assert "1 failed" in said(form)
    assert "ws.outbox" in said(form)
    assert arrived() == {}


def test_the_stop_button_ends_a_look(form, frame, spent, ws, monkeypatch):
    form.quiet_days.value = "3000"
    reserve = ws.client.quota.reserve
    calls = []

    def stop_at_the_first(*args, **options):
        calls.append(1)
        form.runner._stop.click()
        return reserve(*args, **options)

    monkeypatch.setattr(ws.client.quota, "reserve", stop_at_the_first)
    form.picker.all.click()
    form.broadcaster.frame["waiting_since"] = pd.NaT
    form.look.click()
    assert form.join(60)
    assert calls
    assert spent() == 0
    assert "Stopped" in said(form)
    assert form.dry is None


def test_previews_are_paged(form):
    assert "Select a conversation" in form._preview.value
    form.picker.boxes[0].value = form.picker.boxes[2].value = True
    assert "Preview 1 of 2: to Customer no00" in form._preview.value
    assert "Hello Customer no00, your plan is Pro." in form._preview.value
    assert form.back.disabled
    form.on.click()
    assert "Preview 2 of 2: to Customer no02" in form._preview.value
    assert "Left out: missing: plan" in form._preview.value
    assert form.on.disabled
    form.template.value = "Hello {{ nicknam }}"
    assert "Did you mean &#x27;nickname&#x27;" in form._preview.value
    form.picker.none.click()
    assert "Select a conversation" in form._preview.value


def test_columns_are_inserted(form):
    form.template.value = "Dear "
    names = [one.description for one in form.inserts]
    form.inserts[names.index("nickname")].click()
    assert form.template.value == "Dear {{ nickname }}"


def test_days_that_are_no_number_are_told(form, spent):
    form.quiet_days.value = "soon"
    looked(form, [0])
    assert "whole number" in said(form)
    assert not is_shown(form._confirm)
    assert spent() == 0


def test_rows_are_picked_by_page_search_and_all(form):
    picker, picked = form.picker, form.broadcaster.picked
    picker.boxes[1].value = True
    form.say("A result.")
    picker.on.click()
    assert "A result." in said(form), "turning a page picks nothing"
    assert not picker.boxes[1].value, "the box stands for another row now"
    assert [is_shown(row) for row in picker._rows].count(True) == 12 - row_picker.PAGE
    picker.boxes[0].value = True
    picker.back.click()
    assert picker.boxes[1].value
    assert list(picked.nonzero()[0]) == [1, row_picker.PAGE]
    picker.search.value = "customer no1"
    picker.all.click()
    assert list(picked.nonzero()[0]) == [1, row_picker.PAGE, 10, 11]
    picker.search.value = "nobody at all"
    assert "none found" in picker._count.value
    picker.none.click()
    assert not picked.any()


def test_a_long_list_makes_no_more_widgets_than_a_page(ws, frame):
    long = pd.concat([frame] * 2000, ignore_index=True)
    form = ws.broadcast(long)
    boxes = [one for one in walk(form.picker.box) if isinstance(one, widgets.Checkbox)]
    assert len(boxes) == row_picker.PAGE
    assert "of 24,000 found" in form.picker._count.value
    form.picker.search.value = "no11"
    assert "of 2,000 found" in form.picker._count.value


def test_customers_words_are_text(ws, evil):
    form = ws.broadcast(evil)
    form.template.value, form.quiet_days.value = "Hello {{ nickname }}", ""
    form.picker.search.value = "script"
    form.picker.all.click()
    for box in form.include.values():
        box.value = True
    form.look.click()
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
    controls = [
        one
        for one in walk(forms[make]().box)
        if not isinstance(one, (widgets.Box, widgets.HTML)) and is_shown(one)
    ]
    assert len(controls) > 4
    named = [one for one in controls if one.description]
    nameless = [one for one in controls if not one.description]
    assert named
    assert all(isinstance(one, widgets.Checkbox) for one in nameless), "rows not shown"
    assert "crisp-form" in forms[make]().box._dom_classes
