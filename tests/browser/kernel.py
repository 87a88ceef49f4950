"""What runs in the notebook of the browser tests: it takes code from the page and shows a form.

A kernel for each test would do the same; starting one takes as long as ten tests on a warm one.
"""

import ast
import json
import traceback

import ipywidgets as widgets
from IPython.display import display

names: dict[str, object] = {}


def control(label, work):
    """A box for code, which the test fills, and one for what became of it, which it reads."""
    code, said = widgets.Textarea(description=label), widgets.Textarea(description=f"{label} said")

    def run(change):
        if not change["new"]:
            return
        order = json.loads(change["new"])
        try:
            answer = {"value": work(order["code"])}
        except BaseException:
            answer = {"error": traceback.format_exc()}
        said.value = json.dumps({"number": order["number"], **answer})

    code.observe(run, "value")
    return widgets.HBox([code, said])


def show(code):
    """Run code in names of its own, and put what its last line gives on the stage."""
    stage.clear_output()
    names.clear()
    body = ast.parse(code).body
    exec(compile(ast.Module(body[:-1], []), "test", "exec"), names)
    names["form"] = eval(compile(ast.Expression(body[-1].value), "test", "eval"), names)
    with stage:
        display(names["form"])


def ask(code):
    """Evaluate an expression among the names of what is shown; the form is called `form`."""
    return repr(eval(code, names))


stage = widgets.Output()
page = widgets.VBox([stage, control("Show", show), control("Ask", ask)])
