"""The ground of the browser tests itself: a page that is right passes, one that is not fails."""

import re

import pytest

from . import seen

FINE = """
import ipywidgets as widgets
name, press = widgets.Text(description="Name"), widgets.Button(description="Count")
said = widgets.HTML()
def count(_):
    said.value = f"{len(ws.conversations(limit=5))} for {name.value}"
press.on_click(count)
box = widgets.VBox([name, press, said])
box.add_class("crisp-form")
box
"""


def test_a_page_is_typed_into_and_pressed(show, sandbox, shot):
    stage = show(FINE)
    page, before = stage.page, sandbox.stats()["requests"]
    page.get_by_label("Name").fill("Ana")
    page.get_by_role("button", name="Count").press("Enter")
    page.get_by_text("5 for Ana").wait_for()
    assert sandbox.stats()["requests"] == before + 1
    assert stage.ask("ws.quota.used") == str(before + 1)
    assert seen.cut(stage.form) == []
    assert seen.nameless(stage.form) == []
    assert seen.violations(page, ".crisp-form") == []
    assert shot(stage).stat().st_size > 2_000


BROKEN = """
import ipywidgets as widgets
wide = widgets.HTML("<div style='width: 900px'>wide</div>")
hidden = widgets.HTML("<div style='overflow: hidden; width: 90px'><b style='white-space: pre'>"
                      "much longer than ninety pixels</b></div>")
unnamed = widgets.HTML("<input><img src='https://elsewhere.example/a.png'>")
pale = widgets.HTML("<p style='color: #ccc; background: #fff'>pale</p>")
box = widgets.VBox([wide, hidden, unnamed, pale])
box.add_class("crisp-form")
box
"""


def test_what_is_wrong_with_a_page_is_seen(show):
    stage = show(BROKEN, width=400)
    stage.page.get_by_text("pale").wait_for()
    cut = "\n".join(seen.cut(stage.form))
    assert re.search(r"from \d+ to 9\d\d", cut)
    assert re.search(r"holds \d{3} in 90", cut)
    assert seen.nameless(stage.form) == ["<input>"]
    found = dict(seen.violations(stage.page, ".crisp-form"))
    assert {"color-contrast", "label", "image-alt"} <= found.keys()
    assert stage.elsewhere == ["https://elsewhere.example/a.png"]


def test_what_fails_in_the_kernel_fails_here(show):
    with pytest.raises(AssertionError, match="division by zero"):
        show("1 / 0")
    stage = show(FINE)
    with pytest.raises(AssertionError, match="NameError"):
        stage.ask("nothing")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_page_has_the_theme_that_was_asked_for(show, theme):
    stage = show(FINE, theme=theme)
    ground = "getComputedStyle(document.body).getPropertyValue('--jp-layout-color0').trim()"
    assert stage.page.evaluate(ground) == {"light": "white", "dark": "#111"}[theme]
