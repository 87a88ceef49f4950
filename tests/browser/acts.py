"""What people do on the forms."""

BY_CODE = {
    "compose": "ws.compose()",
    "broadcast": "ws.broadcast(ws.conversations(limit=20))",
    "explore": "ws.explore()",
    "login": "crisp.login(base_url=ws.client.settings.base_url)",
}


def choose(stage, name):
    """Open a conversation in the form to answer a customer, and wait for its thread."""
    stage.form.locator(".crisp-list").get_by_role("button").filter(has_text=name).first.click()
    stage.form.get_by_role("region", name="Messages").wait_for()


def button(stage, name):
    """The button on which a name stands."""
    return stage.form.get_by_role("button", name=name, exact=True)


def press(stage, name):
    """Press a button, once the kernel has what was written before."""
    settle(stage)
    button(stage, name).click()


def settle(stage):
    """Wait until the kernel has what was typed.

    While the kernel is at an earlier letter the browser holds the later ones back, but no click:
    the form would rightly take back the question of a message that lacks them. The browser sends
    what it held back before it shows the answer to what was asked here.
    """
    stage.ask("None")


def notice(stage):
    """The result or error that the form shows, once there is one."""
    found = stage.form.locator(".crisp-notice")
    found.wait_for()
    return found.inner_text()


def answer(stage, name, words):
    """Send a text to a customer, with both clicks, and wait until it has gone."""
    choose(stage, name)
    stage.form.get_by_label("Message", exact=True).fill(words)
    stage.form.locator(".crisp-preview").get_by_text(words).wait_for()  # the kernel has it
    button(stage, "Send …").click()
    button(stage, "Send now").click()
    assert "Sent to" in notice(stage)


def tab_to(page, name, most=150):
    """Press the Tab key until a control has the focus, as those do who use no mouse."""
    seen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
        if name in seen[-1]:
            return
    raise AssertionError(f"the Tab key does not lead to {name}, but to {seen}")


def has_focus(page, name):
    """Wait until the form has moved the focus to a control.

    The kernel asks for it after the control is shown, so a key that is pressed in between would
    go to another one.
    """
    page.wait_for_function(f"name => ({FOCUSED})().includes(name)", arg=name)


FOCUSED = """() => {
    const one = document.activeElement;
    if (one === document.body) return "";  // its text is that of every control
    return one.getAttribute("aria-label") || one.labels?.[0]?.textContent || one.textContent || "";
}"""


def newest(sandbox, session_id):
    """The truth's last message of a conversation."""
    rows = [row for row in sandbox.truth("messages") if row["session_id"] == session_id]
    return max(rows, key=lambda row: row["timestamp"])
