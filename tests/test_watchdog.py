"""What hangs is ended and named, however it hangs, and nothing stays that holds the output open."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.marks import slow

# The limits of a run of its own, in seconds; a worker that does not exit is pytest-xdist's to end.
CONFTEST = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from tests import watchdog
watchdog.GRACE, watchdog.ENDING = 0.5, 60
def pytest_configure(config):
    config.pluginmanager.register(watchdog.Watchdog(config))
"""

TESTS = """
import atexit, ctypes, multiprocessing, os, signal, sys, threading, time
from concurrent.futures import ThreadPoolExecutor
import pytest

@pytest.fixture
def left():
    yield
    threading.Event().wait()

def test_c():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    ctypes.PyDLL(None).pause()  # which keeps the interpreter's lock

def test_way_out():
    with ThreadPoolExecutor(1) as pool:
        pool.submit(threading.Event().wait).result()

def test_teardown(left):
    raise ValueError("after which pytest-timeout's alarm is off")

def test_fork():
    if not os.fork():
        time.sleep(3600)

def test_fork_of_a_worker_that_is_ended():
    if not os.fork():
        time.sleep(3600)
    test_c()

def test_process():
    multiprocessing.get_context("spawn").Process(target=time.sleep, args=(3600,)).start()

def test_astray():
    if not os.fork():
        raise ValueError("in the child, which is no test")
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 70

def test_exit():
    threading.Thread(target=time.sleep, args=(3600,)).start()

def test_told():
    os.killpg(0, signal.SIGTERM)
    threading.Event().wait()

def test_fine():
    pass
"""


def ran(folder, *tests, limit=1):
    """Run some of the tests, in two workers, and read the output to its end; it and the status."""
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "test_hangs.py").write_text(TESTS, encoding="utf-8")
    (folder / "pytest.ini").write_text(f"[pytest]\ntimeout = {limit}\n", encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "pytest_timeout", "-n", "2"]
    command += ["--max-worker-restart=0", *(f"test_hangs.py::{one}" for one in tests)]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL, text=True, timeout=100, check=False, start_new_session=True,
    )  # fmt: skip
    return done.stdout, done.returncode


@pytest.mark.needs("posix")
@pytest.mark.parametrize(
    "test",
    ["test_c", *slow("test_way_out", "test_teardown", "test_fork_of_a_worker_that_is_ended")],
)
def test_what_no_alarm_ends_is_ended_by_name(tmp_path, test):
    """The worker ends, with the stacks of its threads; whatever it forked holds no pipe of its."""
    output, status = ran(tmp_path, test, "test_fine")
    assert status == 1
    assert f"crashed while running 'test_hangs.py::{test}'" in output
    assert "Timeout (0:00:01" in output
    assert 'test_hangs.py", line' in output


@pytest.mark.needs("posix")
@pytest.mark.slow
def test_children_that_are_left_are_ended_by_name(tmp_path):
    output, status = ran(tmp_path, "test_fork", "test_process", "test_astray", limit=30)
    assert status == 1
    for name in ("test_process", *(["test_fork"] if sys.platform == "linux" else [])):
        assert f"ERROR test_hangs.py::{name} - Failed: child processes were left ru" in output
    assert "3 passed" in output  # which they had; and a child that strays reports nothing


@pytest.mark.needs("posix")
@pytest.mark.slow
def test_a_worker_that_does_not_exit_is_ended(tmp_path):
    output, status = ran(tmp_path, "test_exit", "test_fine", limit=30)
    assert status == 0
    assert "2 passed" in output


@pytest.mark.needs("posix")
@pytest.mark.slow
def test_a_run_that_is_told_to_end_says_where_it_stands(tmp_path):
    """As CI tells the whole group, after its own limit: the failures until then are shown too."""
    output, status = ran(tmp_path, "test_told", limit=30)
    assert status == pytest.ExitCode.INTERRUPTED
    assert 'test_hangs.py", line' in output
    assert "in test_told" in output
    assert "KeyboardInterrupt" in output
