"""Filters, their price, the frame and the code for it; and logging in."""

from . import acts


def test_a_filter_is_priced_pulled_and_shown_as_code(show, sandbox):
    stage = show("ws.explore()")
    stage.form.get_by_label("State").select_option("resolved")
    stage.form.get_by_label("Limit").fill("")
    acts.press(stage, "Show count and cost")
    stage.form.locator(".crisp-price").wait_for()
    assert stage.ask("form.result is None") == "True"
    assert stage.ask("ws.quota.used") == str(sandbox.stats()["requests"])
    acts.press(stage, "Pull")
    acts.notice(stage)
    resolved = [row for row in sandbox.truth("conversations") if row["state"] == "resolved"]
    assert stage.ask("len(form.result)") == str(len(resolved))
    code = stage.form.get_by_label("Code that does the same").input_value()
    assert "state='resolved'" in code.replace('"', "'")
    spent = sandbox.stats()["requests"]
    assert stage.ask(f"exec({code!r}) or True") == "True"
    assert sandbox.stats()["requests"] == spent, "the cache has what the form pulled"


def test_a_spent_quota_is_told_and_nothing_is_asked(show, sandbox, shot):
    stage = show("ws.explore()", quota=4, reserve_for_writes=0)
    stage.form.get_by_label("Limit").fill("")
    acts.press(stage, "Show count and cost")
    stage.form.locator(".crisp-price").wait_for()
    asked = sandbox.stats()["requests"]
    acts.press(stage, "Pull")
    assert "quota is used up" in acts.notice(stage)
    assert sandbox.stats()["requests"] == asked
    shot(stage)


def test_a_pull_can_be_stopped(show, sandbox):
    stage = show("ws.explore()")
    sandbox.faults(operation="list_conversations", latency_ms=700)
    stage.form.get_by_label("Limit").fill("")
    acts.press(stage, "Show count and cost")
    acts.press(stage, "Pull")
    acts.press(stage, "Stop")
    assert "Stopped" in acts.notice(stage)
    assert stage.ask("form.result is None") == "True"


def test_a_token_opens_its_website(show, sandbox, shot):
    stage = show(acts.BY_CODE["login"])
    assert stage.form.get_by_label("Key", exact=True).get_attribute("type") == "password"
    stage.form.get_by_label("Identifier").fill(sandbox.identifier)
    stage.form.get_by_label("Website").fill("Acme")
    stage.form.get_by_label("Key", exact=True).fill("not the key")
    acts.press(stage, "Open the workspace")
    assert "tier" in acts.notice(stage)
    stage.form.get_by_label("Key", exact=True).fill(sandbox.key)
    stage.form.get_by_label("Key", exact=True).press("Tab")
    acts.press(stage, "Open the workspace")
    stage.form.get_by_text("Opened Acme").wait_for()
    stage.form.locator(".crisp-banner", has_text="sandbox").wait_for()
    assert stage.form.get_by_label("Key", exact=True).input_value() == ""
    assert sandbox.key not in stage.page.content()
    assert stage.ask("form.ws.name") == "'Acme'"
    shot(stage)
