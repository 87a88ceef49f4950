"""From the bytes of pages to a frame: time and memory, as ratios from one run.

    python benchmarks/frames.py                                   # a minute on a laptop
    python benchmarks/frames.py --conversations 100000 --messages 1000000

Targets: 8 times as fast as ``json_normalize`` over messages and 10 times over conversations, with
a fifth of its memory. What no change to this package can save is shown beside them: ``decoded`` is
typed decoding alone, and ``arrayed`` also has Arrow read each plain value once.

Pages come from the sandbox, with its wrong types and unknown fields; only broken emoji are
mended before, because ``json_normalize`` refuses them. Each way runs in processes of its own,
the pages in memory before the clock starts. Time is the processor's, of all threads, for others
may use the machine; memory is the peak of the process beyond what it held before. Medians count.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PAGE = {"conversations": 50, "messages": 40}
FASTER = {"conversations": 10, "messages": 8}  # the targets
SEEDED = 4_000  # conversations of one sandbox; more rows come from further seeds
UNIT = 2**20 if sys.platform == "darwin" else 2**10  # of ru_maxrss, to MB


def records(table: str, rows: int) -> list[dict[str, Any]]:
    """Draw records from one sandbox after the other, in the order in which Crisp lists them."""
    from crisp_data.sandbox import Sandbox

    drawn: list[dict[str, Any]] = []
    for seed in itertools.count(1):
        if len(drawn) >= rows:
            break
        drawn += Sandbox(seed=seed, conversations=SEEDED).truth(table)
    if table == "conversations":
        drawn.sort(key=lambda record: -record["updated_at"])
    return drawn[:rows]


def batched(drawn: list[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Cut records into pages."""
    return (drawn[start : start + size] for start in range(0, len(drawn), size))


def write_pages(path: str, table: str, rows: int) -> None:
    """Write answers as Crisp sends them, each on a line of its own."""
    with Path(path).open("wb") as file:
        for page in batched(records(table, rows), PAGE[table]):
            answer = {"error": False, "reason": "listed", "data": page}
            text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
            file.write(text.encode("utf-8", "replace") + b"\n")


def normalized(table: str, pages: list[bytes]) -> Callable[[], object]:
    """The usual way: dicts of everything, then pandas."""
    import pandas as pd

    return lambda: pd.json_normalize([row for page in pages for row in json.loads(page)["data"]])


def decoded(table: str, pages: list[bytes]) -> Callable[[], object]:
    """Typed decoding alone, the records thrown away, by the plan that a first look has made."""
    from crisp_data.tables import Builder

    first = Builder(table)
    for page in pages:
        first.add(page)
    plan = first._plan
    return lambda: [len(plan.page(page)) for page in pages]


def arrayed(table: str, pages: list[bytes]) -> Callable[[], object]:
    """Typed decoding, and Arrow's reading of each text, number, moment and flag; no frame."""
    import pyarrow as pa

    from crisp_data.tables import TABLES, Builder
    from crisp_data.tables.decode import Unfolded, path_of
    from crisp_data.tables.kinds import POOL

    first = Builder(table)
    for page in pages:
        first.add(page)
    plan = first._plan
    plain = [
        column
        for column in TABLES[table].declared
        if not (column.read or column.kind.categories or column.kind.name == "json")
    ]

    def read() -> object:
        for start in range(0, len(pages), 10):
            found = Unfolded()
            plan.root.unfold([r for p in pages[start : start + 10] for r in plan.page(p)], found)
            for column in plain:
                values = found.values[path_of(column.sources[0])]
                pa.array(values, column.kind.arrow, memory_pool=POOL)
        return None

    return read


def framed(table: str, pages: list[bytes]) -> Callable[[], object]:
    """What this package does, from the first page to the frame."""
    from crisp_data.tables import Builder

    def build() -> object:
        builder = Builder(table)
        for page in pages:
            builder.add(page)
        return builder.frame()

    return build


WAYS = {way.__name__: way for way in (normalized, decoded, arrayed, framed)}


def measure(way: str, table: str, path: str) -> tuple[float, float]:
    """Run one way once; seconds, and MB beyond what the process held before."""
    with Path(path).open("rb") as file:
        pages = list(file)
    run = WAYS[way](table, pages)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    held = run()
    seconds = time.process_time() - start
    del held
    return seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / UNIT


def alone(function: Callable[..., Any], *arguments: object) -> Any:
    """Call a function in a fresh process, whose memory starts small."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def compare(table: str, rows: int, runs: int) -> bool:
    """Print the ratios of one table and whether each meets its target."""
    found: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/pages"
        alone(write_pages, path, table, rows)
        size = Path(path).stat().st_size / 1e6
        for _ in range(runs):  # in turn, so that a busy moment hits all ways alike
            for way in WAYS:
                found[way].append(alone(measure, way, table, path))
    seconds = {way: statistics.median(s for s, _ in runs) for way, runs in found.items()}
    memory = {way: statistics.median(m for _, m in runs) for way, runs in found.items()}
    print(f"\n{rows:,} {table}, {size:,.0f} MB of pages")
    for way in WAYS:
        print(f"  {way:<12}{seconds[way]:>8.2f} s{memory[way]:>8,.0f} MB")
    faster = seconds["normalized"] / seconds["framed"]
    smaller = memory["framed"] / memory["normalized"]
    slower = seconds["framed"] / seconds["decoded"]
    least = FASTER[table]
    checks = [
        (f"{faster:.1f} x as fast as json_normalize (at least {least})", faster >= least),
        (f"{smaller:.2f} x its peak memory (at most 0.2)", smaller <= 0.2),
        (f"{slower:.1f} x the time of typed decoding alone (at most 4)", slower <= 4),
    ]
    for line, met in checks:
        print(f"  {'pass' if met else 'FAIL'}  {line}")
    return all(met for _, met in checks)


def main() -> int:
    """Compare both tables; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conversations", type=int, default=30_000)
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3, help="of each way; the median counts")
    asked = parser.parse_args()
    met = [compare(table, getattr(asked, table), asked.runs) for table in PAGE]
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
