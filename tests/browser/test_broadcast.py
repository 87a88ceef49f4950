"""Writing to many in the browser."""

import pytest

from . import acts

TEMPLATE = "Hello {{ nickname }}, we are open again."


@pytest.fixture
def stage(show):
    stage = show("ws.broadcast(ws.conversations(limit=12))")
    stage.form.get_by_label("Leave out people who have not written for (days)").fill("")
    return stage


def look(stage):
    stage.form.get_by_label("Message", exact=True).fill(TEMPLATE)
    acts.press(stage, "Select all matches")
    acts.press(stage, "Dry run")
    assert " to send" in acts.notice(stage)
    return int(stage.ask("form.broadcaster.recipients"))


def test_each_chosen_customer_gets_one_message(stage, sandbox, shot):
    before = sandbox.truth("messages")
    many = look(stage)
    assert many
    assert sandbox.truth("messages") == before, "a dry run sends nothing"
    send = stage.form.get_by_role("button", name=f"Send {many} messages")
    assert send.is_disabled()
    stage.form.get_by_label("Number of recipients").fill(str(many + 1))
    assert send.is_disabled()
    stage.form.get_by_label("Number of recipients").fill(str(many))
    acts.press(stage, f"Send {many} messages")
    stage.form.get_by_text(f"{many} sent").first.wait_for()
    known = {row["fingerprint"] for row in before}
    new = [row for row in sandbox.truth("messages") if row["fingerprint"] not in known]
    names = {row["session_id"]: row["meta"]["nickname"] for row in sandbox.truth("conversations")}
    assert len(new) == many == len({row["session_id"] for row in new})
    for row in new:
        assert row["content"] == f"Hello {names[row['session_id']]}, we are open again."
    assert stage.ask("int((form.result['state'] == 'sent').sum())") == str(many)
    shot(stage)


def test_a_sending_can_be_stopped_and_taken_up(stage, sandbox, shot):
    before = len(sandbox.truth("messages"))
    stage.form.get_by_label("Include resolved conversations").check()
    many = look(stage)
    sandbox.faults(operation="send_message_in_conversation", latency_ms=700)
    stage.form.get_by_label("Number of recipients").fill(str(many))
    acts.press(stage, f"Send {many} messages")
    stage.form.get_by_text(f"1 of {many} messages").wait_for()
    stage.form.get_by_text(f"Sending to {many} customers.").wait_for()
    shot(stage, "running")
    acts.press(stage, "Stop")
    told = acts.notice(stage)
    gone = len(sandbox.truth("messages")) - before
    assert 0 < gone < many
    assert f"{gone} sent" in told
    sandbox.faults()
    stage.ask("ws.outbox.resume()")
    assert len(sandbox.truth("messages")) - before == many


def test_a_template_that_names_what_is_not_there_is_refused(stage, sandbox):
    stage.form.get_by_label("Message", exact=True).fill("Hello {{ nickname }} {{ surname }}")
    acts.press(stage, "Select all matches")
    stage.form.get_by_text("surname").first.wait_for()
    acts.press(stage, "Dry run")
    assert "surname" in acts.notice(stage)


def test_previews_are_paged(stage):
    stage.form.get_by_label("Message", exact=True).fill(TEMPLATE)
    acts.press(stage, "Select all matches")
    stage.form.get_by_text("Preview 1 of 12").first.wait_for()
    acts.press(stage, "Next preview")
    stage.form.get_by_text("Preview 2 of 12").first.wait_for()
    acts.press(stage, "Previous preview")
    stage.form.get_by_text("Preview 1 of 12").first.wait_for()


def test_a_connection_that_only_reads_sends_nothing(show, sandbox):
    stage = show("ws.broadcast(ws.conversations(limit=12))", writes=False)
    stage.form.get_by_label("Leave out people who have not written for (days)").fill("")
    before = sandbox.truth("messages")
    stage.form.get_by_label("Message", exact=True).fill(TEMPLATE)
    acts.press(stage, "Select all matches")
    acts.press(stage, "Dry run")
    acts.notice(stage)
    stage.form.get_by_text("connect(writes=True)").wait_for()
    stage.form.get_by_label("Number of recipients").fill(stage.ask("form.broadcaster.recipients"))
    assert stage.form.get_by_role("button", name="Send ").last.is_disabled()
    assert sandbox.truth("messages") == before
