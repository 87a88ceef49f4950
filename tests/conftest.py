"""What every test may ask for: a sandbox, a workspace on it, and folders of their own."""

import os
import sys
import time
from pathlib import Path

import matplotlib
import pandas as pd
import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

import crisp_data as crisp
from crisp_data import config
from crisp_data.sandbox import Sandbox

pytest_plugins = ["tests.reliability.record"]  # what counts to which row of docs/reliability.md
matplotlib.use("agg")
PANDAS = tuple(int(part) for part in pd.__version__.split(".")[:2])
# How many examples a property is tried with: a few in the quick run, many with --slow. A busy
# machine is slow, and a folder shared by the examples harmless: neither says anything.
for name, examples in {"quick": 20, "slow": 150}.items():
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def pytest_addoption(parser):
    """Offer the whole suite; without it the quick one runs."""
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Run the whole suite in two processes; a part of it in one, where it can be debugged.

    A module's tests and a notebook's cells stay together: they share worlds, and a kernel.
    """
    if hasattr(config, "workerinput"):  # one of the two, which comes by here too
        return
    options = config.option
    # A worker that hangs is ended, which is a crash. After one, pytest-xdist 3.8 may give the next
    # worker a scope of one test, which then waits for ever for another.
    if getattr(options, "maxworkerrestart", "") is None:
        options.maxworkerrestart = "0"
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    chosen = options.usepdb or options.capture == "no" or options.collectonly
    if whole and not chosen and getattr(options, "numprocesses", 0) is None:
        options.numprocesses, options.dist = 2, "loadscope"


def is_wine():
    """Whether this is Wine, where Windows is tested without one."""
    if sys.platform != "win32":
        return False
    import ctypes

    return hasattr(ctypes.windll.ntdll, "wine_get_version")


# What a test may ask of the system: @pytest.mark.needs("fork").
NEEDS = {
    "fork": (hasattr(os, "fork"), "this system does not fork"),
    "modes": (os.name == "posix", "this system has no permissions for owner, group and others"),
    "kills": (not is_wine(), "Wine's server keeps the connections of a killed program open"),
    "symlinks": (os.name == "posix", "this system lets administrators alone make symbolic links"),
    "interrupts": (os.name == "posix", "an interrupt would reach the tests' own console too"),
    "TZ": (hasattr(time, "tzset"), "this system has one time zone for all of its programs"),
    "posix": (os.name == "posix", "this is about a POSIX system's own ways"),
}


def pytest_configure(config):
    """Know the markers also where pyproject.toml is not read."""
    config.addinivalue_line("markers", "slow: costs seconds and more; run with --slow")
    config.addinivalue_line("markers", "needs(what): skipped where the system lacks it")
    settings.load_profile("slow" if config.getoption("--slow") else "quick")


def pytest_runtest_setup(item):
    """Skip what this system cannot do, with the reason."""
    for marker in item.iter_markers("needs"):
        there, reason = NEEDS[marker.args[0]]
        if not there:
            pytest.skip(reason)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Leave the slow tests out, unless --slow asks for them: properties are among them then."""
    for item in items:  # a kernel for each notebook; the quick run has the first
        if item.path.suffix == ".ipynb" and not item.path.name.startswith("01_"):
            item.add_marker("slow")
        if item.path.suffix == ".ipynb" and PANDAS < (3, 1):
            reason = "the outputs are of pandas 3.1, which writes times in milliseconds"
            item.add_marker(pytest.mark.skip(reason=reason))
    if config.getoption("--slow"):
        for item in items:
            if is_hypothesis_test(getattr(item, "obj", None)):
                item.add_marker("slow")
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("slow")]


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """Nothing of the user's is read or written: no token, no cache, no ledger, no keyring."""
    for name in [name for name in os.environ if name.startswith("CRISP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CRISP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("CRISP_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture
def ring(monkeypatch):
    """An empty keyring and an environment that knows no token."""
    import keyring

    from .memory_keyring import MemoryKeyring

    for name in [name for name in os.environ if name.startswith("CRISP_")]:
        monkeypatch.delenv(name)
    before, memory = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(memory)
    yield memory
    keyring.set_keyring(before)


@pytest.fixture
def store(ring):
    """Stores a token that is named after where it came from."""

    def store(name, base_url=config.BASE_URL, website=None):
        token = config.Credentials(f"{name}-id", f"{name}-key", "website")
        config.store(config.Settings(token, base_url, website))

    return store


@pytest.fixture
def sandbox():
    """A small sandbox, fresh for each test."""
    with Sandbox(seed=1, conversations=120) as box:
        yield box


@pytest.fixture
def waits():
    """The seconds that the wire would have slept."""
    return []


@pytest.fixture
def ws(sandbox, waits):
    """A workspace on the small sandbox that waits for nothing."""
    return crisp.connect(sandbox=sandbox, sleep=waits.append)


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder for files."""
    return tmp_path
