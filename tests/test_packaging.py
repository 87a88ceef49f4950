"""Packaging that says the same thing wherever it says it."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest

import crisp_data as crisp
from crisp_data.rest.cost_plans import CostPlans

ROOT = Path(__file__).parents[1]
PROJECT_TEXT = (ROOT / "pyproject.toml").read_text("utf-8")
PROJECT = tomllib.loads(PROJECT_TEXT)["project"]
README = (ROOT / "README.md").read_text("utf-8")


def test_versions_agree():
    assert version("crisp-data") == PROJECT["version"] == crisp.__version__
    newest = re.search(r"^## \[.*", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert newest
    assert crisp.__version__ in newest[0]


def test_conda_gives_the_same():
    text = (ROOT / "environment.yml").read_text("utf-8").replace("- python-tzdata>", "- tzdata>")
    conda = set(re.findall(r"^ +- (\S+)(?: +#.*)?$", text, re.M))
    wanted = {*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]}
    conda -= {"conda-forge", "pip", "pip:", f"python{PROJECT['requires-python']}"}
    assert conda == wanted


def test_every_dependency_has_its_reason():
    extras = PROJECT["optional-dependencies"]
    for requirement in [
        *PROJECT["dependencies"],
        *(one for extra in extras.values() for one in extra),
    ]:
        assert re.search(rf'"{re.escape(requirement)}", +# \S+ \S+', PROJECT_TEXT), requirement


def test_what_is_imported_is_what_is_needed():
    """Neither a dependency that nothing uses, nor a use that only the tests' extra pays for."""
    found = set()
    for path in (ROOT / "crisp_data").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.partition(".")[0])
    names = {re.match(r"[\w-]+", one)[0].replace("-", "_") for one in PROJECT["dependencies"]}
    names = names - {"python_stdnum"} | {"stdnum"}
    names -= {"tzdata"}  # read by zoneinfo
    # By pandas, requests, jinja2 and ipywidgets.
    carried = {"numpy", "urllib3", "markupsafe", "IPython"}
    assert found - set(sys.stdlib_module_names) - {"crisp_data"} == names | carried


def test_an_archive_of_the_sources_can_be_tested():
    """What the tests read of the project comes along."""
    sdist = tomllib.loads(PROJECT_TEXT)["tool"]["hatch"]["build"]["targets"]["sdist"]
    assert {"tests", "notebooks", "benchmarks", "environment.yml"} <= set(sdist["include"])


def test_two_commands_for_a_fresh_machine():
    block = README.split("```sh")[1].split("```")[0]
    commands = [line for line in block.splitlines() if line and not line.startswith("#")]
    assert len(commands) == 2
    assert all(command.startswith("python3 -m venv .venv && ") for command in commands)
    assert "crisp-data demo" in commands[0]
    assert "pytest" in commands[1]


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_lint():
    run("ruff", "check")


def test_format():
    run("ruff", "format", "--check")


@pytest.mark.slow
@pytest.mark.parametrize("system", ["linux", "win32", "darwin"])
def test_types(system):
    """Each system has a cache of its own: with one for all, each run would begin anew."""
    assert "no issues found" in run(
        "mypy", "--platform", system, f"--cache-dir=.mypy_cache/{system}"
    )


# Names of ``os`` that Windows lacks, as Python's documentation lists them.
NOT_ON_WINDOWS = (
    "register_at_fork", "fork", "forkpty", "wait", "waitid", "WNOHANG", "killpg",
    "getuid", "geteuid", "getgid", "getegid", "getgroups", "getpgid", "getpgrp", "setsid", "setuid",
    "uname", "getloadavg", "sysconf", "nice", "sched_getaffinity", "statvfs", "mkfifo", "chown",
    "fchown", "pread", "pwrite", "sendfile", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_SYNC",
)  # fmt: skip

IMPORT_ALL = """
import os, pkgutil, sys, time
from importlib import import_module
for library in {libraries}:
    import_module(library)  # each has its own way with Windows
for name in {names}:
    if hasattr(os, name):
        delattr(os, name)
if hasattr(time, "tzset"):
    del time.tzset
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "readline"):
    sys.modules[name] = None
import crisp_data
for module in pkgutil.walk_packages(crisp_data.__path__, "crisp_data."):
    if not module.name.endswith("__main__"):
        import_module(module.name)
        print(module.name)
"""


@pytest.mark.reliability("windows")
@pytest.mark.slow
def test_every_module_is_imported_where_there_is_no_posix():
    libraries = ("requests_cache", "deltalake", "psutil", "matplotlib.pyplot", "ipywidgets",
                 "tqdm.auto", "click", "keyring", "platformdirs", "xlsxwriter", "openpyxl",
                 "jsonschema", "trustme", "jinja2", "concurrent.futures.process",
                 "pyarrow.parquet", "pyarrow.dataset", "pyarrow.csv", "http.server")  # fmt: skip
    code = IMPORT_ALL.format(libraries=libraries, names=NOT_ON_WINDOWS)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 150


def test_the_face_shows_what_is_meant_for_use():
    """Completion names no room behind it: some are called as an analyst's verbs are."""
    assert dir(crisp) == sorted({*crisp.__all__, "__version__"})
    assert {"plots", "metrics", "transcripts", "privacy", "report"} <= set(crisp.__all__)
    assert not {"archive", "quota", "outbox", "plan"} & set(dir(crisp))


@pytest.mark.parametrize(
    "room",
    ["metrics", "plots", "report", "transcripts", "privacy", "export", "outgoing", "archive",
     "outbox", "tables", "forms"],
)  # fmt: skip
def test_a_room_shows_what_is_meant_for_use(room):
    """Completion names neither its modules nor what it imports."""
    module = import_module(f"crisp_data.{room}")
    assert dir(module) == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)


def test_plans_show_what_an_analyst_may_plan():
    shown = {name for name in dir(CostPlans) if not name.startswith("_")}
    assert shown == {"conversations", "messages", "people"}
