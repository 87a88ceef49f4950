"""Frames that the plots draw: a little workspace whose answers are known."""

import pandas as pd
import pytest

from crisp_data import metrics, tables

NAMES = ["$ALL$ of_it ^2", "_hidden", "billing", "a name that goes on and on " * 3]


@pytest.fixture(scope="package")
def conversations() -> pd.DataFrame:
    """Sixty conversations over six weeks, with topics and segments that are hard to draw."""
    empty = tables.empty("conversations")
    rows = range(60)
    values = {
        "session_id": [f"session_{n}" for n in rows],
        "created_at": [
            pd.Timestamp("2026-09-14 07:10", tz="UTC") + pd.Timedelta(hours=17 * n) for n in rows
        ],
        "state": [["resolved", "unresolved", "pending"][n % 3] for n in rows],
        "topic": [None if n % 7 == 0 else NAMES[n % 4 if n % 5 else 2] for n in rows],
        "segments": [NAMES[: n % 5] for n in rows],
    }
    return pd.DataFrame(
        {name: pd.Series(values.get(name, [None] * 60), dtype=empty[name].dtype) for name in empty}
    )


@pytest.fixture(scope="package")
def messages(conversations) -> pd.DataFrame:
    """A thread for each: answered after a while, some resolved, some never answered."""
    threads = []
    for n, began in enumerate(conversations["created_at"]):
        who = ["Ana", "Ben", "$Cy$_2"][n % 3]
        minutes = 1 + n * n % 400
        lines = [f"{began:%Y-%m-%d %H:%M} customer"]
        if n % 5 != 3:
            lines.append(f"{began + pd.Timedelta(minutes=minutes):%Y-%m-%d %H:%M} {who}")
        if n % 3 == 0:
            lines.append(f"{began + pd.Timedelta(days=2):%Y-%m-%d %H:%M} {who} resolved")
        threads.append(metrics.thread(*lines, session_id=f"session_{n}"))
    return pd.concat(threads, ignore_index=True)
