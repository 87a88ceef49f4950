"""The package and its command start light, and end quietly when interrupted meanwhile."""

import ast
import json
import os
import pickle
import rlcompleter
import signal
import subprocess
import sys
import textwrap
from importlib import import_module
from pathlib import Path

import pytest

import crisp_data as crisp
from crisp_data import errors, export, filters, tables, transcripts
from crisp_data.archive.reader import SNAPSHOTS
from crisp_data.cli import choices

ROOT = Path(__file__).parents[2]
HEAVY = (
    "pandas", "pyarrow", "numpy", "ipywidgets", "matplotlib", "deltalake", "requests",
    "requests_cache", "msgspec", "jinja2", "asyncio", "openpyxl", "xlsxwriter",
)  # fmt: skip
COMPLETE = {
    "_CRISP_DATA_COMPLETE": "bash_complete",
    "COMP_WORDS": "crisp-data export messages --sta",
    "COMP_CWORD": "3",
}


def python(code, *arguments, **environment):
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def loaded_after(code, *arguments, **environment):
    """The heavy libraries that code has loaded; what it prints itself is let go."""
    code = f"{textwrap.dedent(code)}\nimport sys, json; print(json.dumps([*sys.modules]))"
    modules = json.loads(python(code, *arguments, **environment).splitlines()[-1])
    assert "crisp_data.errors" in modules
    return {name for name in HEAVY if name in modules}


RUN = """
from crisp_data.__main__ import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
"""


def test_the_package_loads_nothing_heavy():
    assert loaded_after("import crisp_data") == set()


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), ("export", "--help"), ("sync", "--help"), ("cache", "--help")],
    ids=" ".join,
)
def test_help_and_version_load_nothing_heavy(arguments):
    assert loaded_after(RUN, *arguments) == set()


def test_completion_loads_nothing_heavy():
    assert loaded_after(RUN, **COMPLETE) == set()
    assert "--state" in python(RUN, **COMPLETE)


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (("logout",), {"pandas", "pyarrow", "requests"}),
        (("cache", "info"), {"pandas", "pyarrow", "deltalake", "jinja2"}),
        (("outbox", "list"), {"deltalake", "matplotlib", "ipywidgets", "xlsxwriter"}),
        (("schema", "messages"), {"deltalake", "matplotlib", "requests", "jinja2"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_loads_what_it_uses(arguments, spared):
    assert not loaded_after(RUN, *arguments) & spared


def test_a_frame_loads_neither_archive_outbox_nor_writers(sandbox, tmp_path):
    card = json.dumps({**sandbox.card(), "folder": str(tmp_path)})
    found = loaded_after(
        """
        import sys, json
        import crisp_data as crisp
        card = json.loads(sys.argv[1])
        token = {name: card[name] for name in ("identifier", "key", "tier")}
        where = {"base_url": card["url"], "cache_dir": card["folder"], "state_dir": card["folder"]}
        ws = crisp.connect(card["website_id"], **token, **where, progress=False)
        assert len(ws.conversations(limit=50)) == 50
        """,
        card,
    )
    assert {"pandas", "pyarrow", "requests_cache"} <= found
    assert not found & {"deltalake", "jinja2", "xlsxwriter", "asyncio", "ipywidgets", "matplotlib"}


def test_every_public_name_is_there():
    assert all(getattr(crisp, name) is not None for name in crisp.__all__)
    for name, module in crisp._MODULES.items():
        home = import_module(module)
        assert getattr(crisp, name) is (
            home if module == f"crisp_data.{name}" else vars(home)[name]
        )
    eager = {name for name in crisp.__all__ if name not in crisp._MODULES}
    assert all(getattr(crisp, name) is getattr(errors, name) for name in eager)


def test_an_unknown_name_is_none():
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        crisp.conect  # noqa: B018
    assert not hasattr(crisp, "__wrapped__")


def test_type_checkers_see_the_same_names_from_the_same_modules():
    tree = ast.parse(Path(crisp.__file__).read_text("utf-8"))
    block = next(
        node for node in tree.body if isinstance(node, ast.If) and "TYPE" in ast.unparse(node.test)
    )
    seen = {}
    for node in block.body:
        for alias in node.names:
            whole = f"{node.module}.{alias.name}"
            seen[alias.name] = whole if node.module == "crisp_data" else node.module
    assert seen == crisp._MODULES


def test_a_star_brings_every_name():
    code = """
        from crisp_data import *
        import crisp_data
        print([name for name in crisp_data.__all__ if name not in globals()])
    """
    assert python(code).strip() == "[]"


def test_completion_in_a_shell_of_python_lists_the_names():
    found = rlcompleter.Completer({"crisp": crisp}).attr_matches("crisp.")
    words = {name.removeprefix("crisp.").rstrip("()") for name in found}
    assert {*crisp.__all__} <= words
    code = """
        from IPython.core.completer import IPCompleter
        import crisp_data as crisp
        completer = IPCompleter(namespace={"crisp": crisp}, use_jedi=False)
        print(*completer.complete(line_buffer="crisp.", cursor_pos=6)[1])
    """
    assert {f".{name}" for name in crisp.__all__} <= {
        name.removeprefix("crisp") for name in python(code).split()
    }


def test_what_is_loaded_late_can_be_pickled():
    for name in ("connect", "read", "Archive", "Workspace", "NotFound"):
        assert pickle.loads(pickle.dumps(getattr(crisp, name))) is getattr(crisp, name)


@pytest.mark.needs("fork")
def test_a_fork_of_a_light_process_loads_for_itself():
    code = """
        import os, sys
        import crisp_data as crisp
        pid = os.fork()
        if not pid:
            frame = crisp.schema("conversations")
            os._exit(0 if len(frame) else 1)
        status = os.waitpid(pid, 0)[1]
        assert "pandas" not in sys.modules
        print(os.waitstatus_to_exitcode(status), len(crisp.schema("messages")) > 0)
    """
    assert python(code).split() == ["0", "True"]


@pytest.mark.slow
def test_mypy_sees_types_from_outside(tmp_path):
    snippet = tmp_path / "snippet.py"
    snippet.write_text(
        "import crisp_data as crisp\n"
        "ws = crisp.connect(sandbox=True)\n"
        "reveal_type(ws)\n"
        "reveal_type(ws.archive('a'))\n"
        "reveal_type(crisp.metrics.BusinessHours)\n"
        "crisp.conect()\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", ".mypy_cache/linux",
         "--platform", "linux", str(snippet)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert 'Revealed type is "crisp_data.workspace.workspace.Workspace"' in done.stdout
    assert 'Revealed type is "crisp_data.archive.archive.Archive"' in done.stdout
    assert "crisp_data.metrics.hours.BusinessHours" in done.stdout
    assert 'has no attribute "conect"' in done.stdout
    assert done.stdout.count("error:") == 1


def test_the_words_of_options_are_those_of_the_rooms():
    assert choices.STATES == filters.STATES
    assert set(choices.TABLES) == set(tables.TABLES)
    assert tuple(SNAPSHOTS) == choices.SNAPSHOTS
    assert choices.ENDINGS == export.ENDINGS
    assert tuple(transcripts.FORMATS) == choices.FORMATS


# Stands in for a module; says that it is being loaded, and then is loaded for ever.
HELD = """
import sys, threading
print("loading", flush=True)
threading.Event().wait()
"""


@pytest.mark.reliability("interrupts")
@pytest.mark.needs("interrupts")
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("click", ["--help"]),
        ("crisp_data.cli.exports", ["--help"]),
        ("pandas", ["schema", "files"]),
    ],
    ids=["a library", "a module of ours", "what a command loads"],
)
def test_an_interrupt_while_modules_load_ends_without_a_traceback(tmp_path, module, arguments):
    held = tmp_path / "held.py"
    held.write_text(HELD, encoding="utf-8")
    code = f"""
        import importlib.abc, importlib.util, sys
        class Finder(importlib.abc.MetaPathFinder):
            def find_spec(self, name, path, target=None):
                if name == {module!r}:
                    return importlib.util.spec_from_file_location(name, {str(held)!r})
        sys.meta_path.insert(0, Finder())
        from crisp_data.__main__ import main
        main()
    """
    assert interrupted(code, *arguments) == (130, "Interrupted.\n")


@pytest.mark.reliability("interrupts")
@pytest.mark.needs("interrupts")
def test_an_interrupt_while_help_is_written_is_no_abort():
    code = """
        import threading
        from crisp_data import cli
        def hold(*_):
            print("loading", flush=True)
            threading.Event().wait()
        cli.main.format_help = hold
        from crisp_data.__main__ import main
        main()
    """
    assert interrupted(code, "--help") == (130, "Interrupted.\n")


# A shell's background ignores interrupts, and its children inherit that.
HEARD = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"


def interrupted(code, *arguments):
    """The exit code and the errors of code that is interrupted once it says "loading"."""
    command = [sys.executable, "-c", HEARD + textwrap.dedent(code), *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout.readline() == "loading\n"
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()  # where the test failed, it would load for ever
    return process.returncode, errors


def test_the_installed_command_is_the_guarded_one():
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    assert 'crisp-data = "crisp_data.__main__:main"' in text
    tree = ast.parse((ROOT / "crisp_data" / "__main__.py").read_text("utf-8"))
    first = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in first] == ["import sys"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["schema", "messages"]], ids=str)
def test_output_that_cannot_be_written_is_one_line(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "crisp_data", *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, check=False, cwd=ROOT,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "Error: the output cannot be written: No space left on device.\n"
