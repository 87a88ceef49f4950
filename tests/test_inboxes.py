"""Four inboxes, and what the automation holds: all is pulled, archived, measured and reported."""

import math
from collections import Counter

import pandas as pd
import pytest

import crisp_data as crisp
from crisp_data import metrics, report
from crisp_data.report.inputs import of_source
from tests.archive.conftest import assert_equals_truth, truth
from tests.inboxes import READINGS, four_inboxes
from tests.metrics.test_oracle import HOLIDAYS, SLOW_HOURS, WEEKS, agree_on_everything
from tests.report.conftest import PARIS

# The large one under the reading that differs most; the others cost the same time and show less.
SIZES = [(60, "partitioned")]
SIZES += [
    pytest.param(2_000 if reading == "partitioned" else 400, reading, marks=pytest.mark.slow)
    for reading in READINGS
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("size", "reading"), SIZES)
def test_each_reading_gives_the_same_at_the_same_price(size, reading, tmp_path):
    with four_inboxes(reading, size) as sandbox:
        records = sandbox.truth("messages")
        batches = Counter(row["session_id"] for row in records)
        threads = sum(math.ceil(count / 40) for count in batches.values())
        least = math.ceil(size / 50) + 1 + threads

        def costs(work):
            before = sandbox.stats()["requests"]
            result = work()
            spent = sandbox.stats()["requests"] - before
            # A look at what moved meanwhile, one whether the plan is long, one for a refusal.
            assert least - 1 <= spent <= max(1.03 * least, least + 3)
            return result

        ws = crisp.connect(sandbox=sandbox, progress=False)
        archive = ws.archive(tmp_path / "shelf")
        costs(archive.sync)
        assert_equals_truth(archive, sandbox)

        def pull():
            conversations = ws.conversations()
            return conversations, ws.messages(conversations)

        conversations, messages = costs(pull)
        pd.testing.assert_frame_equal(conversations, truth(sandbox, "conversations"))
        order = list(conversations["session_id"])
        pd.testing.assert_frame_equal(messages, truth(sandbox, "messages", order))

        if size <= 60:  # metrics and a report of so many take their time, whatever the reading
            return
        agree_on_everything(
            messages.assign(timestamp=messages["timestamp"].dt.tz_convert(PARIS)),
            records,
            {"per": "ticket", "bots": (), "bots_answer": False},
            PARIS,
            metrics.BusinessHours(WEEKS[0], tz=PARIS, holidays=HOLIDAYS),
            SLOW_HOURS[PARIS, 0],
            now=None,
            longer_than=48 * 60 * 60_000,
        )
        expected = report.figures(
            truth(sandbox, "conversations"), truth(sandbox, "messages", order), now=ws.now, tz="UTC"
        )
        for source in (ws, archive):
            pd.testing.assert_frame_equal(report.figures(source), expected)


@pytest.mark.parametrize("reading", READINGS)
def test_a_report_costs_at_most_one_request_more(reading):
    costs = {}
    for name in dict.fromkeys(("open", reading)):
        with four_inboxes(name, 24) as sandbox:
            ws = crisp.connect(sandbox=sandbox, cache=False, progress=False)
            before = sandbox.stats()["requests"]
            read = of_source(ws, None, None, tz=None, refresh=False)
            costs[name] = read.requests
            assert sandbox.stats()["requests"] - before == read.requests
            rows = truth(sandbox, "conversations")
            pd.testing.assert_frame_equal(
                read.conversations,
                rows[rows["updated_at"] >= read.conversations["updated_at"].min()],
            )
            assert len(read.conversations) > 5
    assert costs[reading] == costs["open"] + (reading == "refused")
