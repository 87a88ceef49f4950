"""How fast frames become files: each format against what pandas itself would do.

Run ``python benchmarks/exports.py --rows 200000``. Ratios of one run on one machine are
comparable; seconds of different machines are not.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from crisp_data import export, tables

WORDS = "hello my order 1234 has not arrived yet could you please check thanks à bientôt 😀"


def messages(rows: int) -> pd.DataFrame:
    """Make a frame of the messages table, most columns filled as a real one has them."""
    chance = random.Random(1)
    texts = [" ".join(chance.choices(WORDS.split(), k=chance.randint(1, 40))) for _ in range(1000)]
    texts += ["=HYPERLINK(1)", "+33 6 12 34 56 78", '"quoted"\nand broken']
    times = pd.to_datetime(
        [1_760_000_000_000 + n * 7919 for n in range(rows)], unit="ms", utc=True
    ).tz_convert("Europe/Paris")
    values = {
        "session_id": [f"session_{n // 10:032x}" for n in range(rows)],
        "website_id": ["00000000-0000-4000-8000-000000000001"] * rows,
        "fingerprint": [1_000_000_000_000 + n for n in range(rows)],
        "timestamp": times,
        "type": ["text"] * rows,
        "from": [("user", "operator")[n % 2] for n in range(rows)],
        "origin": ["chat"] * rows,
        "content": [texts[n % len(texts)] for n in range(rows)],
        "user_id": [f"00000000-0000-4000-8000-{n % 9:012}" for n in range(rows)],
        "nickname": ["Zoé"] * rows,
        "automated": [False] * rows,
        "mentions": [[]] * rows,
        "properties": ['{"plan":"pro"}'] * rows,
    }
    empty = tables.empty("messages", "Europe/Paris")
    return pd.DataFrame(
        {
            name: pd.Series(values.get(name, [None] * rows), dtype=dtype)
            for name, dtype in empty.dtypes.items()
        }
    )


def seconds(work: Callable[[], object], times: int = 3) -> float:
    """Time the best of a few calls."""
    return min(_once(work) for _ in range(times))


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Write one frame in every way and print how they compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="messages in the frame")
    frame = messages(parser.parse_args().rows)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)

        def ours(ending: str, times: int = 3) -> float:
            return seconds(lambda: export.write(path / f"ours{ending}", frame, "messages"), times)

        def pandas_jsonl() -> None:
            frame.to_json(path / "a.jsonl", orient="records", lines=True, date_format="iso")

        export.write(path / "warm.csv", frame.iloc[:10], "messages")
        own = {ending: ours(ending) for ending in (".csv", ".jsonl", ".parquet")}
        extra = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        theirs = {
            ".csv": seconds(lambda: frame.to_csv(path / "a.csv", index=False)),
            ".jsonl": seconds(pandas_jsonl),
            ".parquet": seconds(lambda: frame.to_parquet(path / "a.parquet", compression="zstd")),
        }
        print(f"{len(frame):,} messages; extra memory of ours at most {extra / 1024:.0f} MB")
        print(f"{'ending':10}{'seconds':>10}{'pandas':>10}{'times as fast':>16}")
        for ending, took in own.items():
            print(f"{ending:10}{took:10.2f}{theirs[ending]:10.2f}{theirs[ending] / took:16.1f}")
        print(f"{'.xlsx':10}{ours('.xlsx', 1):10.2f}")


if __name__ == "__main__":
    main()
