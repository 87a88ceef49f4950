"""A test that hangs is ended and named, also where no alarm reaches it."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.marks import slow

OPTIONS = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text("utf-8"))
HANGS = """
import ctypes, signal, threading
from concurrent.futures import ThreadPoolExecutor

def test_in_c():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    ctypes.PyDLL(None).pause()  # which keeps the interpreter's lock

def test_on_its_way_out():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(threading.Event().wait).result()

def test_fine():
    pass
"""


@pytest.mark.needs("posix")
@pytest.mark.parametrize("test", slow("test_in_c", "test_on_its_way_out"))
def test_what_hangs_is_ended_by_name(tmp_path, test):
    options = OPTIONS["tool"]["pytest"]["ini_options"]
    assert options["faulthandler_timeout"] > options["timeout"]
    ini = {name: options[name] for name in options if name.startswith("faulthandler")}
    ini |= {"timeout": 1, "faulthandler_timeout": 3}
    lines = ["[pytest]", *(f"{name} = {value}" for name, value in ini.items())]
    (tmp_path / "pytest.ini").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "test_hangs.py").write_text(HANGS, encoding="utf-8")
    # Only what is looked at here is loaded: each of three processes would load all plugins.
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "pytest_timeout"]
    command += ["-n", "2", "--max-worker-restart=0"]
    command += [f"test_hangs.py::{test}", "test_hangs.py::test_fine"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 1
    assert f"crashed while running 'test_hangs.py::{test}'" in done.stdout
    assert "1 passed" in done.stdout
    assert 'test_hangs.py", line' in done.stderr
