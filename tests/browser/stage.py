"""A page on a warm kernel, on which one form after the other is shown."""

import itertools
import json
import re


class Stage:
    """A window of Chromium; of one on the notebook that runs `kernel.py` more can be asked.

    Attributes
    ----------
    page, form
        Playwright's page, and the node of the form that is shown.
    said, elsewhere : list of str
        What the browser complained of, and the addresses that were asked for besides 127.0.0.1
        and refused, since the form was shown.
    """

    def __init__(self, browser, address, theme="light"):
        self.said, self.elsewhere = [], []
        self._context = browser.new_context(color_scheme=theme)
        self.page = self._context.new_page()
        self.page.set_default_timeout(30_000)
        self.page.route(re.compile(r"^(?!http://127\.0\.0\.1[:/])"), self._refuse)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("console", self._hear)
        self._numbers = itertools.count(1)
        self.form = None
        self.page.goto(address)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def show(self, code, width, selector=".crisp-form"):
        """Run code that makes a form, and wait until it stands."""
        self.page.set_viewport_size({"width": width, "height": 1000})
        self.page.get_by_label("Ask said").wait_for(timeout=60_000)  # a kernel that begins
        self.said.clear()
        self.elsewhere.clear()
        self._order("Show", code)
        self.form = self.page.locator(selector).first
        self.form.wait_for()

    def ask(self, code):
        """What an expression is in the kernel, written out; the form is called `form`."""
        return self._order("Ask", code)

    def picture(self, path):
        """Draw the form whole, in a window as long as it is: Voila scrolls inside its page."""
        size = self.page.viewport_size
        box = self.form.bounding_box()
        self.page.set_viewport_size({**size, "height": int(box["height"]) + 200})
        self.form.screenshot(path=path, animations="disabled")
        self.page.set_viewport_size(size)

    def close(self):
        """End the page and its kernel, which its page ends when one leaves it."""
        self.page.goto("about:blank")
        self._context.close()

    def _order(self, label, code):
        number = next(self._numbers)
        order = json.dumps({"number": number, "code": code})
        self.page.get_by_label(label, exact=True).fill(order)
        answer = self.page.wait_for_function(
            """([label, number]) => {
                const names = [...document.querySelectorAll("label")];
                const name = names.find(one => one.textContent === label);
                const said = JSON.parse(document.getElementById(name.htmlFor).value || "{}");
                return said.number === number && said;
            }""",
            arg=[f"{label} said", number],
        ).json_value()
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def _refuse(self, route):
        # Voila's own page asks for its icons there.
        if "//cdn.jsdelivr.net/" not in route.request.url:
            self.elsewhere.append(route.request.url)
        route.abort()

    def _hear(self, line):
        # What was refused just above is no complaint of a form.
        if line.type == "error" and "net::ERR_FAILED" not in line.text:
            self.said.append(line.text)
