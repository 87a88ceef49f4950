"""Ends what hangs: no test, no collection and no end of a run waits for ever.

pytest-timeout raises in the main thread once, where that runs Python. A wait in C does not end by
it, nor does a ``with`` block that waits again on its way out, nor a join at the interpreter's end;
and after a failure it is off, so that a teardown may take for ever. So faulthandler's timer stands
behind it, which needs neither the main thread nor the interpreter's lock: it writes all stacks and
ends the process. pytest-xdist names the test that its worker ended in, and starts another worker.
"""

import faulthandler
import multiprocessing
import os
import signal
import stat
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pytest_timeout import is_debugging

#: Seconds after a test's own limit, within which pytest-timeout should have ended it.
GRACE = 60

#: Seconds that collecting may take, and the end of a run: both take some on a busy machine.
COLLECTING, ENDING = 300, 120

#: Seconds that the longest test may be given by its mark.
LONGEST = 600


class Watchdog:
    """A plugin of pytest's, in each of its processes: workers, their controller, or the one."""

    def __init__(self, config: pytest.Config) -> None:
        self.pid = os.getpid()
        self._pipes: list[int] = []
        # pytest-xdist replaces sys.stderr; nothing is captured yet.
        self.stderr = os.dup(sys.__stderr__.fileno())
        self.works = hasattr(config, "workerinput")
        self.controls = not self.works and bool(getattr(config.option, "numprocesses", None))
        if os.name == "posix":
            self._tell_when_ended()
            os.register_at_fork(after_in_child=self._in_a_fork)

    def arm(self, seconds: float) -> None:
        """End this process unless it is armed anew, or disarmed, within so many seconds."""
        if not is_debugging():  # whose user may think for as long as they like
            faulthandler.dump_traceback_later(seconds, exit=True, file=self.stderr)

    # Before and after the tests

    def pytest_sessionstart(self) -> None:
        if os.name == "posix":
            self._pipes = _open_pipes()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        self.arm(LONGEST + GRACE + COLLECTING if self.controls else COLLECTING)

    def pytest_collection_finish(self) -> None:
        if not self.controls:
            faulthandler.cancel_dump_traceback_later()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        self.arm(ENDING)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        if self.works:  # it may have to wait for others, and its controller ends it
            faulthandler.cancel_dump_traceback_later()

    # The tests: here, or in the workers of this controller

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item):
        with self._bounded(item):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item):
        with self._bounded(item):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item):
        with self._bounded(item):
            try:
                return (yield)
            finally:
                if left := ", ".join(_end_children()):
                    pytest.fail(f"child processes were left running: {left}", pytrace=False)

    def pytest_runtest_logstart(self) -> None:
        if self.controls:
            self.arm(LONGEST + GRACE + ENDING)

    @contextmanager
    def _bounded(self, item: pytest.Item):
        """Bound a phase of a test; a fork of this process that comes by its end has lost its way.

        Each phase by itself: a failure disarms the timer.
        """
        if limit := _limit(item):
            self.arm(limit + GRACE)
        try:
            yield
        finally:
            if os.getpid() != self.pid:
                os._exit(70)
            faulthandler.cancel_dump_traceback_later()

    # Processes

    def _tell_when_ended(self) -> None:
        """Let SIGTERM, which CI sends after its own limit, write where each process stands.

        A worker ends by it, and its controller as by Ctrl-C: with the failures there were.
        """
        if not self.works:
            signal.signal(signal.SIGTERM, _interrupt)
        faulthandler.register(signal.SIGTERM, file=self.stderr, chain=True)

    def _in_a_fork(self) -> None:
        """Hold no pipe that another process reads to its end: a child may outlive this one."""
        if os.getppid() != self.pid:  # a fork of a fork, which holds none any more
            return
        faulthandler.unregister(signal.SIGTERM)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for pipe in self._pipes:
            os.dup2(nowhere, pipe)
        os.close(nowhere)


def _limit(item: pytest.Item) -> float:
    """Give the seconds after which pytest-timeout raises in a test; 0 where it does not."""
    if marker := item.get_closest_marker("timeout"):
        assert marker.args[0] <= LONGEST, f"{item.nodeid}: its mark is above {LONGEST} seconds"
        return float(marker.args[0])
    given = item.config.getoption("timeout")
    return float(item.config.getini("timeout") if given is None else given)


def _interrupt(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a group is sent it, and its first one more
    raise KeyboardInterrupt


def _open_pipes() -> list[int]:
    """List the pipes that this process has open, beside the three of every program.

    Before a test they are pytest-xdist's, and the output that capturing has put aside.
    """
    pipes = []
    for name in os.listdir("/dev/fd"):
        with suppress(OSError):
            if int(name) > 2 and stat.S_ISFIFO(os.fstat(int(name)).st_mode):
                pipes.append(int(name))
    return pipes


def _end_children() -> list[str]:
    """Kill what a test has left: processes of multiprocessing, and forks where Linux lists them."""
    left = []
    for child in multiprocessing.active_children():
        child.kill()
        child.join(10)
        left.append(child.name)
    with suppress(OSError):
        own = Path("/proc/self/cmdline").read_bytes()
        for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            # Neither a program that was started, such as a kernel, nor a child that has ended.
            if Path(f"/proc/{pid}/cmdline").read_bytes() == own:
                os.kill(int(pid), signal.SIGKILL)
                os.waitpid(int(pid), 0)
                left.append(f"process {pid}")
    return left
