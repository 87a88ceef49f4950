"""Pages of changing sizes, from a server that reads no dates."""

import warnings

import pytest

import crisp_data as crisp
from crisp_data.sandbox import Sandbox


@pytest.mark.parametrize("seed", [10, 11])
def test_no_page_size_is_asked_for_that_none_may_ask_for(seed):
    sizes = (21, 33, 35)
    with Sandbox(
        seed=seed, conversations=60, page_sizes=sizes, lists_206=True, date_filter=False
    ) as box:
        ws = crisp.connect(sandbox=box)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = ws.conversations()
        whole = len(found) == len(box.truth("conversations"))
        assert whole or any(issubclass(one.category, crisp.CrispWarning) for one in told)
