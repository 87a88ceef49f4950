"""Answering a customer in the browser; what was sent is read in the sandbox's truth."""

import re

import pytest

from . import acts, seen

WORDS = "Your order left us today & arrives <soon>."


@pytest.fixture
def customer(sandbox):
    """The conversation at the top of the list: its id and its customer's name."""
    row = sandbox.truth("conversations")[0]
    return row["session_id"], row["meta"]["nickname"]


def opened(show, customer, **options):
    stage = show("ws.compose()", **options)
    acts.choose(stage, customer[1])
    return stage


def write(stage, words=WORDS):
    stage.form.get_by_label("Message", exact=True).fill(words)
    acts.press(stage, "Send …")
    stage.form.get_by_role("button", name="Send now").wait_for()


def test_a_customer_is_found_read_and_answered(show, sandbox, customer, shot):
    session_id, name = customer
    stage = show("ws.compose()")
    stage.form.get_by_label("Find").press_sequentially(name, delay=5)
    acts.choose(stage, name)
    thread = stage.form.get_by_role("region", name="Messages")
    before = sandbox.truth("messages")
    write(stage)
    question = stage.form.get_by_role("alert").inner_text()
    assert name in question
    assert "Acme" in question
    assert sandbox.truth("messages") == before, "nothing goes before the second click"
    acts.press(stage, "Send now")
    told = acts.notice(stage)
    row = acts.newest(sandbox, session_id)
    assert row["content"] == WORDS
    assert str(row["fingerprint"]) in told
    assert len(sandbox.truth("messages")) == len(before) + 1
    thread.get_by_text(WORDS, exact=True).wait_for()
    assert stage.form.get_by_label("Message", exact=True).input_value() == ""
    assert stage.ask("form.receipt.fingerprint") == str(row["fingerprint"])
    shot(stage)


def test_a_question_can_be_withdrawn(show, sandbox, customer):
    stage = opened(show, customer)
    before = sandbox.truth("messages")
    write(stage)
    acts.press(stage, "Cancel")
    stage.form.get_by_role("button", name="Send …").wait_for()
    assert stage.form.get_by_label("Message", exact=True).input_value() == WORDS
    write(stage)
    stage.form.get_by_label("Message", exact=True).fill("Other words")
    stage.form.get_by_role("button", name="Send now").wait_for(state="hidden")
    assert sandbox.truth("messages") == before


def test_two_clicks_at_once_send_one_message(show, sandbox, customer):
    stage = opened(show, customer)
    before = len(sandbox.truth("messages"))
    sandbox.faults(operation="send_message_in_conversation", latency_ms=300)
    write(stage)
    stage.form.get_by_role("button", name="Send now").dblclick()
    acts.notice(stage)
    assert len(sandbox.truth("messages")) == before + 1


def test_while_one_is_opened_nobody_sees_the_thread_of_another(show, sandbox, customer, shot):
    stage = opened(show, customer)
    sandbox.faults(operation="get_messages_in_conversation", latency_ms=1500)
    other = stage.form.locator(".crisp-list").get_by_role("button").nth(1)
    name = other.inner_text().splitlines()[0]
    other.click()
    stage.form.get_by_text("Reading its messages …").wait_for()
    assert stage.form.locator(".crisp-reading h3").inner_text() in name
    assert not stage.form.get_by_role("region", name="Messages").is_visible()
    shot(stage)
    stage.form.get_by_role("region", name="Messages").wait_for()


@pytest.mark.parametrize("width", [1200, 400])
def test_clicks_and_keys_that_come_too_often_send_nothing(show, sandbox, customer, width):
    stage = opened(show, customer)
    stage.page.set_viewport_size({"width": width, "height": 1000})
    before = sandbox.truth("messages")
    stage.form.get_by_label("Message", exact=True).fill(WORDS)
    acts.settle(stage)
    send = stage.form.get_by_role("button", name="Send …")
    send.click(click_count=3, delay=60)
    stage.form.get_by_role("button", name="Cancel").wait_for()
    acts.press(stage, "Cancel")
    send.focus()
    for _ in range(10):  # as a key that is held down
        stage.page.keyboard.down("Enter")
        stage.page.wait_for_timeout(60)
    stage.page.keyboard.up("Enter")
    assert stage.ask("form.runner.running") == "False"
    assert sandbox.truth("messages") == before


def test_the_button_is_busy_while_a_message_is_sent(show, sandbox, customer):
    stage = opened(show, customer)
    sandbox.faults(operation="send_message_in_conversation", latency_ms=1500)
    write(stage)
    acts.press(stage, "Send now")
    busy = stage.form.get_by_role("button", name="Sending …")
    busy.wait_for()
    assert busy.is_disabled()
    assert stage.ask("1 + 1") == "2", "the kernel is free meanwhile"
    assert busy.is_visible()
    acts.notice(stage)


def test_what_is_missing_is_said_in_the_words_of_the_labels(show, sandbox, customer):
    stage = opened(show, customer)
    stage.form.get_by_label("Type").select_option("Picker")
    stage.form.get_by_label("Question").fill("Which plan?")
    acts.press(stage, "Send …")
    assert "Identifier" in acts.notice(stage)
    assert "Dear" not in acts.notice(stage)


def test_crisps_own_refusal_appears(show, sandbox, customer):
    stage = opened(show, customer)
    sandbox.faults(operation="send_message_in_conversation", status=400, reason="invalid_data")
    before = sandbox.truth("messages")
    write(stage)
    acts.press(stage, "Send now")
    assert "invalid_data" in acts.notice(stage)
    assert sandbox.truth("messages") == before
    assert stage.form.get_by_label("Message", exact=True).input_value() == WORDS
    assert seen.violations(stage.page, ".crisp-form") == []


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_lost_answer_is_looked_up_and_nothing_goes_twice(show, sandbox, customer, drop):
    stage = opened(show, customer)
    before = len(sandbox.truth("messages"))
    sandbox.faults(operation="send_message_in_conversation", next=1, drop=drop)
    write(stage)
    acts.press(stage, "Send now")
    assert "Sent to" in acts.notice(stage)
    assert len(sandbox.truth("messages")) == before + 1


def test_where_the_look_up_fails_too_it_is_unknown_and_said(show, sandbox, customer, shot):
    stage = opened(show, customer)
    before = len(sandbox.truth("messages"))
    sandbox.faults(operation="send_message_in_conversation", next=1, drop="after")
    sandbox.faults(operation="get_message_in_conversation", drop="before")
    write(stage)
    acts.press(stage, "Send now")
    assert "It is not known" in acts.notice(stage)
    shot(stage)
    sandbox.faults()
    write(stage)
    acts.press(stage, "Send now")
    stage.form.get_by_text(re.compile("^Sent to")).wait_for()
    assert len(sandbox.truth("messages")) == before + 1


def test_a_spent_quota_sends_nothing(show, sandbox, customer, shot):
    stage = opened(show, customer, quota=3, reserve_for_writes=0)
    before = sandbox.truth("messages")
    asked = sandbox.stats()["requests"]
    write(stage)
    acts.press(stage, "Send now")
    assert "Today's requests are used up" in acts.notice(stage)
    assert sandbox.truth("messages") == before
    assert sandbox.stats()["requests"] == asked
    shot(stage)


def test_a_connection_that_only_reads_says_so(show, sandbox, customer, shot):
    stage = opened(show, customer, writes=False)
    assert "read-only" in stage.form.locator(".crisp-banner").inner_text()
    stage.form.get_by_label("Message", exact=True).fill(WORDS)
    stage.form.get_by_text("connect(writes=True)").wait_for()
    assert stage.form.get_by_role("button", name="Send …").is_disabled()
    shot(stage)


def test_a_carousel_by_the_keyboard_alone(show, sandbox, customer):
    session_id, name = customer
    stage = show("ws.compose()")
    page, keys = stage.page, stage.page.keyboard
    stage.form.get_by_label("Find").focus()
    keys.type(name)
    acts.settle(stage)
    rows = stage.form.locator(".crisp-list").get_by_role("button")
    rows.filter(has_not_text=name).first.wait_for(state="detached")  # found, and drawn anew
    acts.tab_to(page, name)
    keys.press("Enter")
    stage.form.get_by_role("region", name="Messages").wait_for()
    acts.has_focus(page, "Message")
    keys.press("Shift+Tab")
    keys.type("Carousel")
    stage.form.get_by_label("Text above the cards").wait_for()
    acts.tab_to(page, "Text above the cards")
    keys.type("Our plans")
    acts.tab_to(page, "Card 1, Title")
    keys.type("Basic")
    acts.tab_to(page, "Card 1, Description")
    keys.type("For one")
    acts.tab_to(page, "Add a button")
    keys.press("Enter")
    acts.has_focus(page, "Card 1, Button 1, Label")
    keys.type("See")
    acts.tab_to(page, "Card 1, Button 1, Address")
    keys.type("https://acme.example/basic")
    acts.settle(stage)
    acts.tab_to(page, "Send …")
    keys.press("Enter")
    acts.has_focus(page, "Cancel")
    acts.tab_to(page, "Send now")
    keys.press("Enter")
    acts.notice(stage)
    row = acts.newest(sandbox, session_id)
    assert row["type"] == "carousel"
    assert row["content"] == {
        "text": "Our plans",
        "targets": [
            {
                "title": "Basic",
                "description": "For one",
                "actions": [{"label": "See", "url": "https://acme.example/basic"}],
            }
        ],
    }


def test_a_note_mentions_a_colleague(show, sandbox, customer):
    stage = opened(show, customer)
    stage.page.set_viewport_size({"width": 400, "height": 1000})
    stage.form.get_by_label("Type").select_option("Note")
    acts.press(stage, "Mention colleagues · 1 request")
    stage.form.get_by_label("Mention ").first.check()
    stage.form.get_by_label("Note to colleagues").fill("Please look")
    stage.form.get_by_text("notifies 1 colleague").wait_for()
    assert seen.cut(stage.form) == []
    assert seen.violations(stage.page, ".crisp-form") == []
    acts.press(stage, "Send …")
    acts.press(stage, "Send now")
    acts.notice(stage)
    assert len(acts.newest(sandbox, customer[0])["mentions"]) == 1
