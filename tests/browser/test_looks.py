"""Every form, filled, at two widths and in two themes: whole, labelled, and looked at."""

import pytest

from . import acts, seen


def fill_compose(stage):
    acts.choose(stage, "")
    stage.form.get_by_label("Message", exact=True).fill("Your order is on its way.\n\nAna")
    acts.press(stage, "Sender and options")
    acts.press(stage, "Send …")
    stage.form.get_by_role("button", name="Send now").wait_for()


def fill_broadcast(stage):
    acts.press(stage, "Select all matches")
    stage.form.get_by_label("Message", exact=True).fill("Hello {{ nickname }}, we are open again.")
    stage.form.get_by_label("Leave out people who have not written for (days)").fill("")
    acts.press(stage, "Dry run")
    stage.form.get_by_label("Number of recipients").wait_for()


def fill_explore(stage):
    acts.press(stage, "Show count and cost")
    acts.press(stage, "Pull")
    stage.form.get_by_role("button", name="Pull their messages").wait_for()


def fill_login(stage):
    acts.press(stage, "Open the workspace")
    acts.notice(stage)


FILL = {
    "compose": fill_compose,
    "broadcast": fill_broadcast,
    "explore": fill_explore,
    "login": fill_login,
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", FILL)
def test_a_form_is_whole_and_everybody_can_use_it(show, shot, name, theme):
    stage = show(acts.BY_CODE[name], theme=theme)
    assert list(look_at(stage, "empty", shot)) == [1200, 400]
    FILL[name](stage)
    for width in look_at(stage, "filled", shot):
        assert seen.violations(stage.page, ".crisp-form") == [], width
    assert stage.elsewhere == []


def look_at(stage, state, shot):
    """Draw a form at two widths, of which neither cuts anything off."""
    for width in (1200, 400):
        stage.page.set_viewport_size({"width": width, "height": 1000})
        assert seen.cut(stage.form) == []
        assert seen.nameless(stage.form) == []
        shot(stage, f"{width}-{state}")
        yield width
    stage.page.set_viewport_size({"width": 1200, "height": 1000})


LABELS = {
    "compose": ["Find", "State", "Type", "Message"],
    "broadcast": [
        "Search",
        "Message",
        "Signed",
        "Batch name",
        "Leave out people who have not written for (days)",
    ],
    "explore": ["Table", "Updated since", "Until", "Limit", "State", "Segment", "Assigned to"],
    "login": ["Identifier", "Key", "Tier", "Website", "Store the key in this system's keyring"],
}


@pytest.mark.parametrize("name", LABELS)
def test_every_control_is_found_by_its_label(show, name):
    stage = show(acts.BY_CODE[name])
    for label in LABELS[name]:
        assert stage.form.get_by_label(label, exact=True).is_visible(), label


# As on the live service, of which nothing is asked for: these forms open without a request.
LIVE = """
import dataclasses
live = dataclasses.replace(ws.client.settings, base_url=crisp.config.BASE_URL)
rows = ws.conversations(limit=3)
ws.client.settings = live
"""


@pytest.mark.parametrize("name", ["broadcast", "explore"])
def test_live_and_sandbox_cannot_be_mistaken(show, shot, name):
    code = {"broadcast": "ws.broadcast(rows)", "explore": "ws.explore()"}[name]
    seen_there = {}
    for word, before in (("SANDBOX", "rows = ws.conversations(limit=3)"), ("LIVE", LIVE)):
        stage = show(f"{before}\n{code}")
        banner = stage.form.locator(".crisp-banner")
        assert banner.locator(".crisp-where").inner_text().split()[1] == word
        style = "one => [getComputedStyle(one).backgroundColor, getComputedStyle(one).borderStyle]"
        seen_there[word] = banner.evaluate(style)
        assert seen.violations(stage.page, ".crisp-form") == []
        shot(stage, word)
    for one, other in zip(*seen_there.values(), strict=True):
        assert one != other, "told apart by colour and by shape"
