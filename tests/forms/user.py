"""What a user of a form sees and does: controls are found by their labels, texts where they stand.

Nothing here knows how a form is built, so that a test fails only where a user would notice.
"""

import re

import ipywidgets as widgets

# What a label says besides the name: the price, and whether the field may stay empty.
_REMARK = re.compile(r" · .*| \(optional\)| \(\d requests\)")


def walk(widget, shown=False):
    """All widgets in a widget, or only those that are shown."""
    if shown and widget.layout.display == "none":
        return
    yield widget
    for child in getattr(widget, "children", ()):
        yield from walk(child, shown)


def _box(form):
    return getattr(form, "box", form)


def _labelled(form, label, shown=False):
    for one in walk(_box(form), shown):
        description = getattr(one, "description", "")
        if description and label in (description, _REMARK.sub("", description)):
            yield one


def control(form, label):
    """The one control with a label, whether it is shown or not."""
    (found,) = _labelled(form, label)
    return found


def shows(form, label):
    """Whether a control with a label is on the page."""
    return any(_labelled(form, label, shown=True))


def press(form, label):
    """Press a button, also one that is hidden or grey: a late click may reach it."""
    control(form, label).click()


def fill(form, label, value):
    """Fill in a field, tick a box, or choose from a list."""
    control(form, label).value = value


def press_enter(form, label):
    """Press the Enter key in a field, as the browser reports it."""
    control(form, label)._handle_custom_msg({"event": "submit"}, [])


def part(form, css_class):
    """The one part of a form with a CSS class."""
    (found,) = [one for one in walk(form.box) if css_class in classes(one)]
    return found


def classes(widget):
    return getattr(widget, "_dom_classes", ())


def texts(form, css_class=None):
    """All HTML that a form, or its part with a CSS class, shows; its style sheet left out."""
    return "\n".join(_html(part(form, css_class) if css_class else form))


def said(form):
    """The result or error that a form shows."""
    return "".join(one for one in _html(form) if one.startswith("<div class='crisp-notice"))


def _html(form):
    return [one.value for one in walk(_box(form), shown=True) if isinstance(one, widgets.HTML)]
