"""Pages for the browser tests: a sandbox here, a notebook served by Voila, Chromium upon it.

Without a browser, Playwright or Voila the tests are skipped and say so; with
CRISP_BROWSER_REQUIRED=1 they fail instead. CRISP_BROWSER names the browser's program, and
CRISP_SHOTS a folder that keeps the screenshots.
"""

import importlib.util
import os
import re
from pathlib import Path

import pytest
import requests

from .servers import FLAGS, chromium, served
from .stage import Stage

# Read now: each test takes these out of its environment.
BROWSER, SHOTS = chromium(), os.environ.get("CRISP_SHOTS")
REQUIRED = os.environ.get("CRISP_BROWSER_REQUIRED") == "1"
MODULES = ("playwright", "voila", "jupyterlab", "notebook", "axe_playwright_python")
MISSING = [name for name in MODULES if importlib.util.find_spec(name) is None]
if BROWSER is None:
    MISSING.append("Chromium (chromium or google-chrome on the PATH, or CRISP_BROWSER)")


def pytest_collection_modifyitems(items):
    """A test that loads for minutes on a busy machine is late, not hung."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(120))


@pytest.fixture(scope="package")
def needed():
    """Skip where a browser or a server is missing, or fail where they must be there."""
    if MISSING:
        words = f"the browser tests need {', '.join(MISSING)}"
        (pytest.fail if REQUIRED else pytest.skip)(words)


@pytest.fixture(scope="package")
def browser(needed):
    """Chromium, for as long as the tests of this folder run.

    No longer, for Playwright keeps an event loop running in this thread, and whoever starts one
    of their own while it does is refused.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)


@pytest.fixture(scope="package")
def pages(needed, tmp_path_factory):
    """The folder whose notebooks Voila serves, and its address: one server for all tests."""
    folder = tmp_path_factory.mktemp("voila")
    command = ["voila", str(folder), "--no-browser", "--port={port}", "--show_tracebacks=True"]
    options = ["--VoilaConfiguration.allow_theme_override=YES", "--Voila.ip=127.0.0.1"]
    with served(folder, *command, *options) as address:
        yield folder, address


def notebook(path, *cells):
    """Write a notebook of code cells."""
    import nbformat  # comes with Jupyter, without which no test of this folder runs

    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    made.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(made, path)


def connecting(sandbox, folder, **options):
    """Write the lines that connect to a sandbox as `ws`; options are those of `crisp.connect`."""
    card = {name: getattr(sandbox, name) for name in ("identifier", "key", "tier")}
    given = {"base_url": sandbox.url, "writes": True, "progress": False, **card, **options}
    folders = {f"CRISP_{name}_DIR": str(folder / name) for name in ("CACHE", "STATE")}
    return "\n".join(
        [
            "import os",
            f"os.environ |= {folders!r}",
            "import crisp_data as crisp",
            f"now = {sandbox.now.timestamp()!r}",
            "waits = {'now': lambda: now, 'sleep': lambda seconds: None}",
            f"ws = crisp.connect({sandbox.website_id!r}, **waits, **{given!r})",
        ]
    )


@pytest.fixture(scope="package")
def stages(browser, pages):
    """Open pages on warm kernels, by theme."""
    folder, address = pages
    where = repr(str(Path(__file__).parent))
    notebook(
        folder / "stage.ipynb", f"import sys; sys.path.append({where})\nimport kernel\nkernel.page"
    )
    opened: dict[str, Stage] = {}

    def get(theme):
        if theme not in opened:
            opened[theme] = Stage(
                browser, f"{address}/voila/render/stage.ipynb?theme={theme}", theme
            )
        return opened[theme]

    get.drop = lambda: [opened.popitem()[1].close() for _ in list(opened)]
    yield get
    get.drop()


@pytest.fixture
def show(stages, sandbox, tmp_path, request):
    """Show what the last line of some code makes, with `ws` on the test's sandbox.

    Returns the stage: `page` is Playwright's, `form` the form's node, `ask("form.result")` what
    an expression is in the kernel. What a browser complained of at its console fails the test.
    """
    failed, used = request.session.testsfailed, []

    def show_(code, *, on=None, width=1200, theme="light", selector=".crisp-form", **options):
        stage = stages(theme)
        used.append(stage)
        stage.show(f"{connecting(on or sandbox, tmp_path, **options)}\n{code}", width, selector)
        return stage

    yield show_
    said = [line for stage in used for line in stage.said]
    if said or request.session.testsfailed > failed:
        stages.drop()  # whatever hangs there shall not fail the next
    assert not said


@pytest.fixture
def api(sandbox):
    """Ask the sandbox for anything, as a visitor's browser or a colleague would."""

    def ask(method, path, **body):
        url = f"{sandbox.url}website/{sandbox.website_id}/{path}"
        headers = {"X-Crisp-Tier": sandbox.tier}
        pair = sandbox.identifier, sandbox.key
        answer = requests.request(method, url, json=body, headers=headers, auth=pair, timeout=10)
        assert answer.ok, answer.text
        return answer.json()["data"]

    return ask


@pytest.fixture
def shot(tmp_path, request):
    """Keep a picture of a form, as long as it is: `shot(stage, "sent")`."""
    folder = Path(SHOTS) if SHOTS else tmp_path
    folder.mkdir(parents=True, exist_ok=True)

    def take(stage, name=""):
        test = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
        path = folder / f"{test}{'-' if name else ''}{name}.png"
        stage.picture(path)
        return path

    return take
