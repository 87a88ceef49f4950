"""One look at the place where most analysts meet the forms: JupyterLab."""

import pytest

from . import acts, seen
from .conftest import connecting, notebook
from .servers import served
from .stage import Stage


@pytest.fixture
def lab(needed, tmp_path):
    """A folder that JupyterLab serves, and its address."""
    folder = tmp_path / "lab"
    folder.mkdir()
    options = ["--no-browser", "--allow-root", "--expose-app-in-browser", "--port={port}"]
    loopback = ["--ServerApp.ip=127.0.0.1", "--IdentityProvider.token="]
    with served(folder, "jupyterlab", *options, *loopback) as address:
        yield folder, address


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


def test_a_customer_is_answered_from_jupyterlab(lab, browser, sandbox, tmp_path, shot):
    folder, address = lab
    notebook(folder / "answer.ipynb", connecting(sandbox, tmp_path), "ws.compose()")
    row = sandbox.truth("conversations")[0]
    with Stage(browser, f"{address}/lab/tree/answer.ipynb") as stage:
        page = stage.page
        page.locator(".jp-NotebookPanel").wait_for(timeout=60_000)
        page.evaluate(RUN)
        stage.form = page.locator(".crisp-form").first
        stage.form.wait_for(timeout=60_000)
        acts.choose(stage, row["meta"]["nickname"])
        stage.form.get_by_label("Message", exact=True).fill("From JupyterLab")
        acts.press(stage, "Send …")
        acts.press(stage, "Send now")
        assert "Sent to" in acts.notice(stage)
        assert acts.newest(sandbox, row["session_id"])["content"] == "From JupyterLab"
        assert seen.violations(page, ".crisp-form") == []
        assert seen.cut(stage.form) == []
        shot(stage)
        assert stage.said == []
