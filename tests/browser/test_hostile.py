"""Customers' words are never HTML: neither in a form, nor in a repr, nor in a transcript."""

import pytest

from . import acts

SCRIPT = "<script>window.taken = 1</script>"
IMAGE = "<img src=x onerror='window.taken = 1'>"
TAKEN = "window.taken || document.querySelectorAll('script:not([src]), img[onerror]').length"


@pytest.fixture
def hostile(api):
    """A conversation in which everything that a customer writes is HTML."""
    session_id = api("post", "conversation")["session_id"]
    path = f"conversation/{session_id}"
    meta = {"nickname": f"Eve {SCRIPT}{IMAGE}", "segments": [f"vip{IMAGE}"], "subject": IMAGE}
    api("patch", f"{path}/meta", **meta, data={"plan": SCRIPT})
    told = {"from": "user", "origin": "chat", "user": {"nickname": f"Eve {SCRIPT}{IMAGE}"}}
    picture = {"name": f"{IMAGE}.png", "url": f"javascript:{IMAGE}", "type": "image/png"}
    for kind, content in [
        ("text", f"First {SCRIPT} {IMAGE} $x^2$ [a](javascript:alert(1))"),
        ("file", picture),
        ("event", {"namespace": IMAGE, "text": SCRIPT}),
        ("field", {"id": "a", "text": IMAGE, "explain": SCRIPT, "value": IMAGE}),
        ("text", f"Last {SCRIPT}{IMAGE}"),
    ]:
        api("post", f"{path}/message", type=kind, content=content, **told)
    return session_id


@pytest.fixture
def quiet(show):
    """Show something of which nothing may run; give the stage."""

    def shown(code, **options):
        stage = show(code, **options)
        stage.page.evaluate("window.taken = 0")
        return stage

    return shown


def taken(stage):
    """Whether anything that a customer wrote became an element of the page."""
    return stage.page.evaluate("window.taken") or stage.form.evaluate(
        "form => form.querySelectorAll('script, img, [onerror], a[href^=javascript]').length"
    )


def test_in_the_form_to_answer_a_customer(quiet, hostile, sandbox, shot):
    stage = quiet("ws.compose()")
    acts.choose(stage, "Eve")
    thread = stage.form.get_by_role("region", name="Messages")
    assert f"First {SCRIPT} {IMAGE} $x^2$" in thread.inner_text()
    stage.form.get_by_label("Message", exact=True).fill(f"Hi {IMAGE}{SCRIPT}")
    stage.form.locator(".crisp-preview").get_by_text(IMAGE).wait_for()
    acts.press(stage, "Send …")
    assert SCRIPT in stage.form.get_by_role("alert").inner_text()
    acts.press(stage, "Send now")
    assert SCRIPT in acts.notice(stage)
    stage.page.wait_for_timeout(200)
    assert not taken(stage)
    assert acts.newest(sandbox, hostile)["content"] == f"Hi {IMAGE}{SCRIPT}"
    shot(stage)


def test_in_the_form_to_write_to_many(quiet, hostile, shot):
    stage = quiet("ws.broadcast(ws.conversations(limit=3))")
    stage.form.get_by_label("Leave out people who have not written for (days)").fill("")
    stage.form.get_by_label("Message", exact=True).fill(f"{{{{ nickname }}}} {IMAGE}")
    acts.press(stage, "Select all matches")
    stage.form.locator(".crisp-bubble").get_by_text(SCRIPT).wait_for()
    acts.press(stage, "Dry run")
    acts.notice(stage)
    assert SCRIPT in stage.form.inner_text()
    assert not taken(stage)
    shot(stage)


def test_in_the_form_to_explore(quiet, hostile, shot):
    stage = quiet("ws.explore()")
    stage.form.get_by_label("Limit").fill("5")
    acts.press(stage, "Show count and cost")
    acts.press(stage, "Pull")
    stage.form.get_by_role("region").get_by_text(SCRIPT).first.wait_for()
    acts.press(stage, "Pull their messages")
    stage.form.get_by_text(f"Last {SCRIPT}").first.wait_for()
    assert not taken(stage)
    shot(stage)


@pytest.mark.parametrize(
    "thing",
    [
        "ws",
        "ws.quota",
        "ws.conversations(limit=3)",
        "ws.messages(ws.conversations(limit=1))",
        "ws.plan.conversations(limit=3)",
    ],
)
def test_in_what_a_notebook_shows_of_things(quiet, hostile, thing):
    stage = quiet(thing, selector=".jp-OutputArea-output .jp-OutputArea-output")
    stage.page.wait_for_timeout(200)
    assert not taken(stage)


def test_in_an_exported_transcript(browser, quiet, hostile, folder):
    stage = quiet("ws.compose()")
    path = folder / "threads.html"
    stage.ask(
        "__import__('crisp_data.transcripts').transcripts.write("
        f"{str(path)!r}, ws.messages({hostile!r}), ws.conversations(limit=3), notes=True)"
    )
    context = browser.new_context(java_script_enabled=True)
    page = context.new_page()
    page.goto(path.as_uri())
    assert f"First {SCRIPT}" in page.inner_text("body")
    assert not page.evaluate("window.taken || document.querySelectorAll('img, script').length")
    assert not page.evaluate("document.querySelectorAll('a[href^=javascript]').length")
    context.close()
