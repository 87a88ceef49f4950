"""What can be said of a page that is shown: is it whole, can everybody use it."""

import time

# Elements of a form that reach out of the window, or hold more than they show. What scrolls and
# can be reached by the Tab key is whole, and what ends in three dots is cut by intent.
CUT = """form => {
    const width = document.documentElement.clientWidth, cut = [];
    const rolls = one => /auto|scroll/.test(getComputedStyle(one).overflowX);
    const scroller = one => one.tabIndex >= 0 && rolls(one);
    const inside = one => {
        const up = one.parentElement;
        return one !== form && (scroller(up) || inside(up));
    };
    for (const one of [form, ...form.querySelectorAll("*")]) {
        const box = one.getBoundingClientRect(), style = getComputedStyle(one);
        if (box.width <= 2 || box.height <= 2 || style.visibility === "hidden") continue;
        if (scroller(one) || inside(one)) continue;
        const name = `${one.tagName.toLowerCase()}.${[...one.classList].join(".")}`;
        if (box.right > width + 1 || box.left < -1)
            cut.push(`${name} from ${Math.round(box.left)} to ${Math.round(box.right)}`);
        const hides = style.overflowX !== "visible" && style.textOverflow !== "ellipsis";
        if (hides && one.scrollWidth > one.clientWidth + 1 && !/INPUT|TEXTAREA/.test(one.tagName))
            cut.push(`${name} holds ${one.scrollWidth} in ${one.clientWidth}`);
    }
    return cut;
}"""

# What a person can act on, with the name that a screen reader says; native names only.
NAMELESS = """form => {
    const named = one => one.labels?.length && one.labels[0].textContent.trim()
        || one.getAttribute("aria-label") || one.getAttribute("aria-labelledby")
        || /BUTTON|A|SUMMARY/.test(one.tagName) && one.textContent.trim();
    const found = form.querySelectorAll("input, select, textarea, button, a[href], summary");
    return [...found].filter(one => one.checkVisibility() && !named(one)).map(one => one.outerHTML);
}"""


def cut(form, retry=5):
    """What of a form is cut off at the page's width, and stays so.

    A page that was made narrower lays itself out anew when it finds the time.
    """
    until = time.monotonic() + retry
    while (found := form.evaluate(CUT)) and time.monotonic() < until:
        form.page.wait_for_timeout(50)
    return found


def nameless(form):
    """The controls of a form that have no name."""
    return form.evaluate(NAMELESS)


def violations(page, selector):
    """What axe finds on one node: rule and elements."""
    from axe_playwright_python.sync_playwright import Axe  # not where there is no browser

    found = Axe().run(page, context=selector).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
