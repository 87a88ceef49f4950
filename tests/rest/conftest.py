"""What several tests of the wire need."""

import pytest

from crisp_data.sandbox import Sandbox


@pytest.fixture(scope="module")
def small_sandbox():
    """A smaller sandbox, for all tests of a module that are not about data."""
    with Sandbox(seed=1, conversations=3) as box:
        yield box


@pytest.fixture
def shared_sandbox(small_sandbox):
    """The same, answering as it should when a test begins."""
    real = small_sandbox._server.respond
    yield small_sandbox
    small_sandbox._server.respond = real
    small_sandbox.faults()
