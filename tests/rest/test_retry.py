"""Whether a read is tried again, and when."""

import pytest

import crisp_data as crisp
from crisp_data.rest.retry import RetryPolicy


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (520, 3), (524, 3), (501, 1), (505, 1)])
def test_a_read_is_tried_again_unless_it_never_can_be_done(sandbox, status, tries):
    retry = RetryPolicy(tries=3)
    ws = crisp.connect(sandbox=sandbox, sleep=lambda seconds: None, retry=retry)
    sandbox.faults(operation="list_website_operators", status=status, reason="failed")
    before = sandbox.stats()["requests"]
    with pytest.raises(crisp.ServerError):
        ws.operators()
    assert sandbox.stats()["requests"] - before == tries


def test_no_wait_is_longer_than_the_longest():
    policy = RetryPolicy(first=4.0, longest=10.0)
    waits = [policy.wait(attempt) for attempt in range(1, 9) for _ in range(200)]
    assert max(waits) == 10.0
    assert min(waits) >= 3.0
