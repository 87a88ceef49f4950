"""The forms in VS Code: the widget manager of its Jupyter extension, in a page like its own.

The extension itself is on no package index. Its widget manager is, as @vscode/jupyter-ipywidgets8
on npm, and CRISP_VSCODE names that archive. The page around it is made here: VS Code's class
names and colours, the white that it lays under widgets, and a kernel from JupyterLab.
"""

import os
import tarfile
from pathlib import Path

import pytest

from . import acts, seen
from .conftest import REQUIRED, connecting
from .servers import jupyter
from .stage import Stage
from .test_looks import FILL, look_at

jupyter_path = pytest.importorskip("jupyter_core.paths").jupyter_path

ARCHIVE = os.environ.get("CRISP_VSCODE")
THEMES = {
    "vscode-dark": {"editor-background": "#1f1f1f", "editor-foreground": "#cccccc"},
    "vscode-light": {"editor-background": "#ffffff", "editor-foreground": "#3b3b3b"},
}

# JupyterLab lends its connection to the kernel; nothing of its page or its styles stays.
WEBVIEW = """async (code) => {
    await window.jupyterapp.restored;
    const kernel = await window.jupyterapp.serviceManager.kernels.startNew({name: "python3"});
    await kernel.info;
    document.querySelectorAll("style, link[rel=stylesheet]").forEach(one => one.remove());
    const body = document.createElement("body");
    document.documentElement.replaceChild(body, document.body);
    document.documentElement.removeAttribute("style");
    const style = document.createElement("style");
    style.textContent = "body { margin: 0; background: var(--vscode-editor-background); }"
        + ".cell-output-ipywidget-background { background: white !important; }";
    document.head.append(style);
    const output = document.createElement("div");
    output.className = "cell-output-ipywidget-background";
    body.append(output);

    await new Promise(done => {
        const script = document.createElement("script");
        Object.assign(script, {src: "/webview/require.js", onload: done});
        document.head.append(script);
    });
    (await import(`${location.origin}/webview/ipywidgets.js`)).activate();
    window.vscIPyWidgets8.load();
    const failed = (...what) => console.error(what.join(" "));
    const loader = {widgetsRegisteredInRequireJs: new Set(), loadWidgetScript: failed,
                    successHandler() {}, errorHandler: failed};
    const manager = new window.vscIPyWidgets.WidgetManager(kernel, output, loader, () => {});
    const run = kernel.requestExecute({code});
    const shown = new Promise(done => run.onIOPub = message => {
        const data = message.content.data?.["application/vnd.jupyter.widget-view+json"];
        if (data) done([message, data.model_id]);
        if (message.content.traceback) failed(message.content.traceback);
    });
    const [message, model] = await shown;
    const view = await manager.create_view(await manager.get_model(model));
    await manager.display_view(message, view, {node: output});
}"""

DRESS = """([theme, colours]) => {
    document.body.className = theme;
    for (const [name, colour] of Object.entries(colours))
        document.documentElement.style.setProperty(`--vscode-${name}`, colour);
}"""


@pytest.fixture(scope="module")
def archive(needed):
    """Skip without the widget manager, or fail where it must be there."""
    if not ARCHIVE:
        words = "needs CRISP_VSCODE, what `npm pack @vscode/jupyter-ipywidgets8` makes"
        (pytest.fail if REQUIRED else pytest.skip)(words)
    with tarfile.open(ARCHIVE) as packed:
        return packed.extractfile("package/dist/ipywidgets.js").read()


@pytest.fixture(scope="module")
def webview(archive, browser, tmp_path_factory):
    """A page as in VS Code, on a kernel that shows one form after the other."""
    folders = [Path(folder) for folder in jupyter_path("voila", "templates", "base", "static")]
    require = next(folder for folder in folders if folder.is_dir()) / "require.min.js"
    script, here = "text/javascript", str(Path(__file__).parent)
    code = f"import sys; sys.path.append({here!r})\nimport kernel\ndisplay(kernel.page)"
    with (
        jupyter("jupyterlab", tmp_path_factory.mktemp("vscode")) as address,
        Stage(browser, f"{address}/lab") as stage,
    ):
        answers = {"require.js": require.read_bytes(), "ipywidgets.js": archive}
        stage.page.route(
            "**/webview/*",
            lambda route: route.fulfill(
                body=answers[route.request.url.rpartition("/")[2]], content_type=script
            ),
        )
        stage.page.wait_for_function("window.jupyterapp", timeout=60_000)
        stage.page.evaluate(WEBVIEW, code)
        yield stage


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", FILL)
def test_a_form_is_whole_in_vs_code(webview, sandbox, tmp_path, shot, name, theme):
    webview.page.emulate_media(color_scheme=theme.removeprefix("vscode-"))
    webview.page.evaluate(DRESS, [theme, THEMES[theme]])
    webview.show(f"{connecting(sandbox, tmp_path)}\n{acts.BY_CODE[name]}", width=1200)
    ground = "node => getComputedStyle(node).backgroundColor"
    assert webview.form.evaluate(ground) == webview.page.locator("body").evaluate(ground)
    FILL[name](webview)
    for width in look_at(webview, "filled", shot):
        assert seen.violations(webview.page, ".crisp-form") == [], width
    assert webview.said == webview.elsewhere == []


def test_a_customer_is_answered_in_vs_code(webview, sandbox, tmp_path):
    row = sandbox.truth("conversations")[0]
    webview.show(f"{connecting(sandbox, tmp_path)}\nws.compose()", width=1200)
    acts.answer(webview, row["meta"]["nickname"], "From here")
    assert acts.newest(sandbox, row["session_id"])["content"] == "From here"
