"""The report in a real browser: it asks nobody for anything, fits, prints, and reads aloud."""

import json
import os
import shutil

import pytest

from crisp_data import report, tables
from crisp_data.sandbox import Sandbox

if os.environ.get("CRISP_BROWSER_REQUIRED") == "1":  # then what is missing is a failure
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright
else:
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    Axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe

ADDRESS = "http://127.0.0.1:9/picture.png"
STYLE = "getComputedStyle(document.body).backgroundColor"


def frame_of(table, records, **constants):
    builder = tables.Builder(table, tz="Europe/Paris")
    builder.add(json.dumps({"error": False, "data": records}).encode(), **constants)
    return builder.frame()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A report of the sandbox's truth."""
    box = Sandbox(seed=1, conversations=200)
    website = {"website_id": box.website_id}
    frames = [frame_of(name, box.truth(name), **website) for name in ("conversations", "messages")]
    path = tmp_path_factory.mktemp("report") / "report.html"
    return report.write(path, *frames, now=box.now, tz="Europe/Paris", title="Acme")


@pytest.fixture(scope="module")
def chrome():
    with sync_playwright() as playwright:
        found = shutil.which("chromium") or shutil.which("google-chrome")
        try:
            browser = playwright.chromium.launch(
                executable_path=found, args=["--no-sandbox"] if os.geteuid() == 0 else []
            )
        except Exception as error:
            if os.environ.get("CRISP_BROWSER_REQUIRED") == "1":
                raise
            pytest.skip(f"there is no browser: {type(error).__name__}")
        yield browser
        browser.close()


@pytest.fixture
def opened(chrome, path):
    """Open a page, of some width and colours, that remembers every request and complaint."""
    contexts = []

    def opening(file=path, *, width=1200, scheme="light", **options):
        context = chrome.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(file.as_uri(), wait_until="networkidle")
        return page

    yield opening
    for context in contexts:
        context.close()


def elsewhere(page, path):
    return [url for url in page.asked if not url.startswith(("data:", path.as_uri()))]


def test_no_request_to_anywhere(opened, path):
    page = opened()
    assert path.as_uri() in page.asked, "requests are seen"
    assert elsewhere(page, path) == []
    assert page.said == []
    sizes = page.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth])")
    assert len(sizes) == 6
    assert all(complete and width > 300 for complete, width in sizes)
    page.pdf()
    assert elsewhere(page, path) == []


def test_its_own_policy_holds(opened, path, tmp_path):
    """Had an escape been forgotten, the browser would refuse what it let in."""
    markup = f"<img src='{ADDRESS}'><script>document.title = 'ran'</script></main>"
    html = path.read_text("utf-8")
    evil, bare = tmp_path / "evil.html", tmp_path / "bare.html"
    evil.write_text(html.replace("</main>", markup), "utf-8")
    policy = html[html.index('<meta http-equiv="Content-Security') :].partition(">")[0] + ">"
    bare.write_text(evil.read_text("utf-8").replace(policy, ""), "utf-8")
    page = opened(bare)
    assert elsewhere(page, bare) == [ADDRESS], "without the policy it is asked for"
    assert page.title() == "ran"
    page = opened(evil)
    assert page.title() == "Acme: October 2026"
    assert page.evaluate("document.images[6].naturalWidth") == 0
    assert sum("Content Security Policy" in text for text in page.said) >= 2


@pytest.mark.parametrize("width", [400, 800, 1200])
def test_fits_its_width(opened, width):
    page = opened(width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # Tables scroll in themselves where they must; no word in them is torn apart.
    widths = page.evaluate("[...document.querySelectorAll('tbody th')].map(t => t.offsetWidth)")
    assert min(widths) > 60


def test_light_and_dark_and_paper(opened):
    assert opened(scheme="light").evaluate(STYLE) == "rgb(255, 255, 255)"
    dark = opened(scheme="dark")
    assert dark.evaluate(STYLE) == "rgb(20, 24, 30)"
    dark.emulate_media(media="print")
    assert dark.evaluate(STYLE) == "rgb(255, 255, 255)"
    inverted = "getComputedStyle(document.images[0]).filter"
    assert dark.evaluate(inverted) == "none"
    dark.emulate_media(media="screen")
    assert "invert" in dark.evaluate(inverted)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_reads_aloud(opened, width, scheme):
    """Axe finds nothing: names, order of headings, contrast, tables, what the keyboard reaches."""
    page = opened(width=width, scheme=scheme, bypass_csp=True)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
