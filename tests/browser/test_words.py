"""The words beside each form: seen where the form does not live, and nowhere else."""

import os
import subprocess
import sys

from . import acts
from .conftest import connecting, notebook

SEVERAL = """
from IPython.display import display
first, second = ws.compose(), ws.explore()
class Several:
    def _ipython_display_(self):
        for form in (first, second, first):
            display(form)
several = Several()
several
"""


def shown(page):
    """How many forms and how many words of forms a page shows."""
    words, forms = page.locator(".crisp-words"), page.locator(".crisp-form")
    forms.nth(0).or_(words.nth(0)).first.wait_for(state="attached")
    return (
        sum(one.is_visible() for one in forms.all()),
        sum(one.is_visible() for one in words.all()),
    )


def test_forms_beside_each_other_live_and_are_closed_alone(show, sandbox):
    stage = show(SEVERAL)
    stage.page.locator(".crisp-form").nth(2).wait_for()
    assert shown(stage.page) == (3, 0), "one of them twice"
    stage.form.get_by_label("Find").fill("colis")
    twin = stage.page.locator(".crisp-form").nth(2).get_by_label("Find")
    stage.page.wait_for_function("one => one.value === 'colis'", arg=twin.element_handle())
    stage.ask("first.close()")
    stage.page.locator(".crisp-form").nth(1).wait_for(state="detached")
    assert shown(stage.page) == (1, 2), "a closed form leaves its words"
    stage.form = stage.page.locator(".crisp-form")
    acts.press(stage, "Show count and cost")
    stage.form.locator(".crisp-price").wait_for()


def test_a_page_made_of_a_notebook_is_not_empty(browser, sandbox, folder, tmp_path):
    cells = [connecting(sandbox, tmp_path), *acts.BY_CODE.values()]
    notebook(folder / "forms.ipynb", *cells)
    convert = ["nbconvert", "--to", "html", "--execute", str(folder / "forms.ipynb")]
    own = {name: str(folder / name) for name in ("JUPYTER_CONFIG_DIR", "IPYTHONDIR")}
    subprocess.run(
        [sys.executable, "-m", *convert], env={**os.environ, **own}, check=True, capture_output=True
    )
    context = browser.new_context()
    context.set_offline(True)
    page = context.new_page()
    page.goto((folder / "forms.html").as_uri())
    assert shown(page) == (0, len(acts.BY_CODE))
    said = page.locator(".crisp-words").all_inner_texts()
    assert all("sandbox, Acme, may write" in words for words in said[:3])
    context.close()
