"""Run work in a forked child and hear of it, without ever waiting for a child that hangs."""

import multiprocessing
import os
import pickle
import signal
import sys

import pytest

#: For a module whose tests fork; Python 3.12 warns wherever a process with threads does.
MARKS = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


class Child:
    """A child that runs work at once; :meth:`result` is what came of it, :meth:`kill` ends it."""

    def __init__(self, work):
        self._end, end = multiprocessing.Pipe(duplex=False)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                told = pickle.dumps((True, work()))
            except BaseException as error:
                told = pickle.dumps((False, error))
            try:
                end.send_bytes(told)
            finally:
                sys.stdout.flush()
                os._exit(0)
        end.close()

    def result(self, seconds=60):
        """Give what the work returned or raise what it raised; a child that hangs is killed."""
        try:
            if not self._end.poll(seconds):
                pytest.fail("the forked child never came back")
            done, value = pickle.loads(self._end.recv_bytes())
        finally:
            self.kill()
        if done:
            return value
        raise value

    def kill(self):
        """End it as nothing else does for certain."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._end.close()
