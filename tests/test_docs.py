"""Everything public is documented, with an example that runs against the sandbox."""

import ast
import dataclasses
import doctest
import importlib
import inspect
import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path

import pandas as pd
import pytest
from pydoclint.utils.return_yield_raise import getRaisedExceptions
from pydoclint.visitor import Visitor

import crisp_data as crisp
from crisp_data.forms.broadcast import Broadcast
from crisp_data.forms.compose import Compose
from crisp_data.forms.explore import Explore
from crisp_data.forms.login import Login
from crisp_data.outbox import Outbox, Receipt
from crisp_data.quota.budget import Budget
from crisp_data.quota.ledger import Ledger
from crisp_data.rest.client import Client
from crisp_data.rest.cost_plans import CostPlans
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
# The rooms whose ``__all__`` is for use, and the classes whose objects one gets without importing
# them. Functions, methods and constructors of both name every parameter, return and error; so does
# every function without a leading underscore, wherever it is, that takes three parameters or more.
ROOMS = (
    "metrics", "plots", "report", "transcripts", "privacy", "export", "outgoing", "archive",
    "outbox", "tables", "forms",
)  # fmt: skip
HANDED_OUT = (Client, CostPlans, Ledger, Budget, Pages, Sandbox, Broadcast, Compose, Explore, Login)
# Of pydoclint's findings, those not held: that a type is spelled as in the signature. It is written
# as analysts know it, such as ``pandas.DataFrame``.
NOT_HELD = {"DOC105", "DOC605"}

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


def public_names() -> dict[str, set[str]]:
    """The qualified names of what is public, by module."""
    modules = [crisp, *(importlib.import_module(f"crisp_data.{room}") for room in ROOMS)]
    things = {getattr(module, name) for module in modules for name in module.__all__
              if callable(getattr(module, name))} | {*HANDED_OUT}  # fmt: skip
    found = defaultdict(set)
    for thing in things:
        if inspect.isfunction(thing):
            found[thing.__module__].add(thing.__qualname__)
            continue
        if dataclasses.is_dataclass(thing):
            found[thing.__module__].add(thing.__qualname__)
        for base in thing.__mro__:  # what is inherited is public, too
            for name, member in vars(base).items():
                shown = name == "__init__" or not name.startswith("_")
                if shown and not isinstance(member, cached_property):  # read, not called
                    found[base.__module__].add(f"{base.__qualname__}.{name}")
    return found


PUBLIC_NAMES = public_names()
FILES = sorted((ROOT / "crisp_data").rglob("*.py"))


def module_of(path: Path) -> str:
    name = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    return name.removesuffix(".__init__")


def documented(tree: ast.AST, public: set[str], inside: str = "") -> dict[int, ast.AST]:
    """What must be documented, by its line."""
    found = {}
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs,
                     node.args.vararg, node.args.kwarg]  # fmt: skip
            taken = [one for one in every if one is not None and one.arg not in ("self", "cls")]
            wide = len(taken) >= 3 and not node.name.startswith("_")
            if wide or inside + node.name in public:
                found[node.lineno] = node
        elif isinstance(node, ast.ClassDef):
            if inside + node.name in public:
                found[node.lineno] = node
            found |= documented(node, public, f"{inside}{node.name}.")
        elif isinstance(node, ast.stmt):  # such as ``if``; not what a function keeps to itself
            found |= documented(node, public, inside)
    return found


class Docstrings(Visitor):
    """pydoclint, but for raises: what callees raise may be documented, what the body raises must.

    Its own rule wants both to be the same. A ``raise`` of something that was made elsewhere names
    no class, and ``BaseException`` is caught only to be handed on.
    """

    def __init__(self) -> None:
        super().__init__(
            skipCheckingShortDocstrings=False, checkReturnTypes=False, checkYieldTypes=False
        )
        self.unnamed: list[tuple[int, str]] = []

    def checkRaises(self, node, parent, doc):
        named = {one.strip() for entry in doc.parsed.raises
                 for one in (entry.type_name or "").split(",")}  # fmt: skip
        for error in getRaisedExceptions(node):
            is_class = error.rpartition(".")[2][0].isupper() and error != "BaseException"
            if is_class and error not in named:
                self.unnamed.append(
                    (node.lineno, f"raises {error}, and the docstring does not say")
                )
        return []


def gaps(source: str, public: set[str]) -> list[str]:
    tree = ast.parse(source)
    wanted = documented(tree, public)
    visitor = Docstrings()
    visitor.visit(tree)
    found = [
        (line, f"{node.name} has no docstring")
        for line, node in wanted.items()
        if node.name != "__init__" and not ast.get_docstring(node)
    ]
    found += [(one.line, str(one)) for one in visitor.violations
              if one.fullErrorCode not in NOT_HELD] + visitor.unnamed  # fmt: skip
    return [f"{line}: {said}" for line, said in sorted(found) if line in wanted]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_parameters_returns_and_errors_are_documented(path):
    """Every parameter with its type, what comes back, and every error that is raised."""
    found = gaps(path.read_text("utf-8"), PUBLIC_NAMES[module_of(path)])
    assert not found, "\n".join(found)


def test_what_must_be_documented_is_found():
    count = sum(len(documented(ast.parse(path.read_text("utf-8")), PUBLIC_NAMES[module_of(path)]))
                for path in FILES)  # fmt: skip
    assert count > 300


WHOLE = '''
def shorten(text: str, most: int, *, end: str = "...") -> str:
    """Cut a text.

    Parameters
    ----------
    text : str
        Any.
    most : int
        Letters.
    end : str
        What shows the cut.

    Returns
    -------
    str
        The text.

    Raises
    ------
    ValueError
        Nothing fits.
    """
    if most < len(end):
        raise ValueError
    return text[:most]
'''


@pytest.mark.parametrize(
    "missing",
    [
        "    end : str\n        What shows the cut.\n",
        "    Returns\n    -------\n    str\n        The text.\n",
        "    Raises\n    ------\n    ValueError\n        Nothing fits.\n",
        WHOLE[WHOLE.index("    Parameters") : WHOLE.index('    """\n    if')],
        WHOLE[WHOLE.index('    """') : WHOLE.index("    if")],
    ],
)
def test_what_is_missing_is_found(missing):
    assert missing in WHOLE
    assert not gaps(WHOLE, set())
    assert gaps(WHOLE.replace(missing, ""), set())
    assert gaps(WHOLE.replace("end : str", "tail : str"), set())
