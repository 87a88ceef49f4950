"""Everything public is documented, with an example that runs against the sandbox."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data.outbox import Outbox, Receipt
from crisp_data.quota.ledger import Ledger
from crisp_data.rest.client import Client
from crisp_data.rest.page_iterator import Pages
from crisp_data.sandbox import Sandbox

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
PUBLIC = {
    **{name: getattr(crisp, name) for name in crisp.__all__},
    "Client": Client,
    "Ledger": Ledger,
    "Outbox": Outbox,
    "Pages": Pages,
    "Receipt": Receipt,
    "Sandbox": Sandbox,
}
METHODS = {
    f"{owner.__name__}.{name}": member
    for owner in (crisp.Workspace, crisp.Archive, Outbox, Sandbox)
    for name, member in inspect.getmembers(owner, inspect.isfunction)  # inherited ones, too
    if not name.startswith("_")
}
# An example that cannot stand in a docstring: these run until interrupted, end what runs, or are
# called by the sandbox's own server.
NO_EXAMPLE = {"Sandbox.serve_forever", "Sandbox.stop", "Workspace.close", "Sandbox.respond"}


def shown_in_readme(name: str) -> bool:
    return bool(re.search(rf"```python\n(?:(?!```).)*\b{name}\b", README, re.DOTALL))


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS])
def test_documented_with_an_example(name):
    thing = {**PUBLIC, **METHODS}[name]
    assert (inspect.getdoc(thing) or "").strip(), f"{name} has no docstring"
    if inspect.isclass(thing) and issubclass(thing, crisp.CrispError) and thing.hint:
        return  # provoked one by one against the sandbox in test_errors.py
    if inspect.isclass(thing) and issubclass(thing, (Exception, Warning)):
        return
    if name in NO_EXAMPLE:
        return
    assert ">>>" in thing.__doc__ or shown_in_readme(name.rpartition(".")[2])


MODULES = [
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    for path in sorted((ROOT / "crisp_data").rglob("*.py"))
    if ">>>" in path.read_text("utf-8")
]


@pytest.mark.parametrize("module", MODULES)
def test_docstring_examples_run(module, sandbox, ws, folder, monkeypatch):
    monkeypatch.chdir(folder)
    names = {"crisp": crisp, "ws": ws, "sandbox": sandbox, "pd": pd, "folder": folder}
    finder = doctest.DocTestFinder(exclude_empty=True)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for test in finder.find(importlib.import_module(module), extraglobs=names):
        report: list[str] = []
        runner.run(test, out=report.append)
        assert runner.failures == 0, "".join(report)


def test_readme_examples_run(sandbox, folder, monkeypatch):
    """The README's Python runs from top to bottom as one session, on the sandbox."""
    monkeypatch.chdir(folder)
    for name in ("identifier", "key", "tier", "website_id"):
        monkeypatch.setenv(f"CRISP_{name.upper()}", getattr(sandbox, name))
    monkeypatch.setenv("CRISP_BASE_URL", sandbox.url)
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) >= 2
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert sandbox.stats()["requests"] > 0
