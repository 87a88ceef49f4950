"""One look at the places where most analysts meet the forms: JupyterLab and Notebook."""

import pytest

from . import acts, seen
from .conftest import connecting, notebook
from .servers import jupyter
from .stage import Stage


@pytest.fixture(params=["jupyterlab", "notebook"])
def place(request, needed, tmp_path):
    """A folder that JupyterLab or Notebook serves, and the address of what is in it."""
    folder = tmp_path / "served"
    folder.mkdir()
    with jupyter(request.param, folder) as address:
        yield folder, f"{address}/{'lab/tree' if request.param == 'jupyterlab' else 'notebooks'}"


# Cells that are run before the kernel is there are lost.
RUN = """async () => {
    const app = window.jupyterapp;
    await app.restored;
    const {context} = app.shell.currentWidget;
    await context.ready;
    await context.sessionContext.ready;
    await context.sessionContext.session.kernel.info;
    await app.commands.execute("notebook:run-all-cells");
}"""


def test_a_customer_is_answered(place, browser, sandbox, tmp_path, shot):
    folder, address = place
    notebook(folder / "answer.ipynb", connecting(sandbox, tmp_path), "ws.compose()")
    row = sandbox.truth("conversations")[0]
    with Stage(browser, f"{address}/answer.ipynb") as stage:
        page = stage.page
        page.locator(".jp-NotebookPanel").wait_for(timeout=60_000)
        its_own = list(stage.said)  # Notebook misses a setting of its own, form or not
        page.evaluate(RUN)
        stage.form = page.locator(".crisp-form").first
        stage.form.wait_for(timeout=60_000)
        acts.answer(stage, row["meta"]["nickname"], "From here")
        assert acts.newest(sandbox, row["session_id"])["content"] == "From here"
        assert seen.violations(page, ".crisp-form") == []
        assert seen.cut(stage.form) == []
        shot(stage)
        assert stage.said == its_own
